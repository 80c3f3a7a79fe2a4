"""Calls that are set up and torn down one after the other, in a process that does nothing else.

    python -m tests.realtime.voice.soak CALLS

Prints a line of JSON for what the process holds after the first calls, and one at the end. It is
a process of its own, so that what pytest keeps (logs, warnings, other tests' garbage) is not taken
for ours.
"""

import asyncio
import gc
import itertools
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog

from realtime.voice.adapter import Identity
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import prepare
from tests.fuzz.memory import resident
from tests.realtime.voice.caller import Caller
from tests.realtime.voice.peer import rtp

AT_ONCE = 4
AT_REST = 2
"""Tasks that run for good: this program and the node's pulse."""
WARM = 200, 1_000
"""Calls after which we look as well. Up to the second, caches fill: OpenSSL's, the allocator's, and
`remembered_calls`."""


async def call(node: Node, identity: Identity, name: str) -> None:
    """One whole call: both connect, one speaks, the other hears it, and it ends."""
    buyer, seller = Caller(identity), Caller(identity)
    for person, caller in (("buyer", buyer), ("seller", seller)):
        await caller.accept(await node.join(name, person, caller.offer(), "1"))
    async with asyncio.timeout(60):
        number = 0
        while not seller.heard:  # until the server knows both, what is said is heard by nobody
            buyer.send(rtp(number, payload=b"hello"))
            number += 1
            await asyncio.sleep(0.01)
    await asyncio.gather(buyer.close(), seller.close())
    node.end(name)


async def held(node: Node) -> dict[str, int]:
    """What the process holds once everything of the calls so far is let go."""
    async with asyncio.timeout(60):
        while node.connected or len(asyncio.all_tasks()) > AT_REST:
            await asyncio.sleep(0.05)
    return {
        "kilobytes": resident(os.getpid()) // 1_024,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "calls": len(node.calls),
        "objects": len(gc.get_objects()),
    }


async def main(calls: int) -> None:
    """Set up and tear down."""
    await prepare()
    node = Node(
        limits=VoiceLimits(),
        reach=Reach(bind=(LOOPBACK,)),
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
    )
    identity = Identity()
    async with node:
        for first, last in itertools.pairwise((0, *WARM, calls)):
            numbers = iter(range(first, last))
            await asyncio.gather(*(one_by_one(node, identity, numbers) for _ in range(AT_ONCE)))
            print(json.dumps(await held(node)), flush=True)  # noqa: T201 - what the test reads


async def one_by_one(node: Node, identity: Identity, numbers: Iterator[int]) -> None:
    """Call after call, as long as there are numbers for them."""
    for number in numbers:
        await call(node, identity, f"c{number}")


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(int(sys.argv[1])))
