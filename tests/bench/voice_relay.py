"""What a relayed packet costs: CPU-microseconds, and how many times a bare UDP loop's.

Two processes on two cores, if the machine has them: the server with its node, and this one with
the browsers' ends, which send an Opus-sized packet every 20 ms each way, spread over the 20 ms.
The floor is a plain Python loop of `recvfrom` and `sendto` under the same packets in the same
run: no crypto, no rewriting, nobody to look after. Absolute figures swing with the machine; the
ratio is what to watch.

Prints one line of JSON. With the usual arguments it takes about fifteen seconds.
"""

import argparse
import asyncio
import json
import os
import platform
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack

import uvloop

from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from tests.realtime.voice.peer import Peer, rtp

FRAME = 0.02
GROUPS = 10
"""The packets of one frame go out in so many groups, spread evenly over it."""

PAYLOAD = bytes(80)
WARM_UP = 1.0
REACH = Reach(bind=(LOOPBACK,))


def pin(core: int) -> bool:
    """Stay on one core; False if the machine has no second one."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(0, {core})
    return True


async def serve() -> None:
    """The server's process: a node that does what the lines on standard input ask."""
    pin(0)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    node = Node(
        limits=VoiceLimits(),
        reach=REACH,
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
    )
    async with node:
        while line := await lines.readline():
            asked = json.loads(line)
            if "offer" in asked:
                told: str | float = await node.join(
                    asked["call"], asked["person"], asked["offer"], "1"
                )
            else:
                told = time.process_time()
            print(json.dumps(told), flush=True)


def echo() -> None:
    """The floor's process: whatever comes goes back where it came from."""
    pin(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind((LOOPBACK, 0))
        print(json.dumps(port.getsockname()[1]), flush=True)
        while True:
            data, sender = port.recvfrom(2_048)
            if data == b"cpu":
                port.sendto(json.dumps(time.process_time()).encode(), sender)
            elif data == b"end":
                return
            else:
                port.sendto(data, sender)


async def started(role: str) -> Process:
    """This program again, in another role."""
    return await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--role", role, stdin=PIPE, stdout=PIPE, limit=1 << 20
    )


async def ask(server: Process, question: dict[str, str]) -> str | float:
    """One question to the server's process: CPU-seconds spent, or with an offer, the answer."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(question).encode() + b"\n")
    told: str | float = json.loads(await server.stdout.readline())
    return told


async def cpu(server: Process) -> float:
    """CPU-seconds that the server's process has spent."""
    return float(await ask(server, {}))


async def speak(peers: list[Peer], first: int, seconds: float) -> int:
    """Let every browser send a packet every 20 ms; the next sequence number."""
    groups = [peers[index::GROUPS] for index in range(GROUPS)]
    due = time.perf_counter()
    sequence = first
    end = due + seconds
    while due < end:
        packet = rtp(sequence, payload=PAYLOAD)
        for group in groups:
            for peer in group:
                peer.send(packet)
            due += FRAME / GROUPS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sequence += 1
    return sequence


async def relay(calls: int, seconds: float) -> dict[str, float]:
    """Cost and loss of the node at so many calls, both parties of each talking."""
    server = await started("server")
    async with AsyncExitStack() as stack:
        peers = []
        before = await cpu(server)
        for number in range(2 * calls):
            peer = await stack.enter_async_context(Peer(reach=REACH))
            question = {"call": str(number // 2), "person": str(number % 2)}
            answer = await ask(server, question | {"offer": await peer.offer()})
            await peer.accept(str(answer))
            peers.append(peer)
        set_up = await cpu(server) - before
        sequence = await speak(peers, 0, WARM_UP)
        await asyncio.sleep(5 * FRAME)
        heard = sum(len(peer.heard) for peer in peers)
        before = await cpu(server)
        after_sequence = await speak(peers, sequence, seconds)
        spent = await cpu(server) - before
        sent = (after_sequence - sequence) * len(peers)
        await asyncio.sleep(5 * FRAME)
        heard = sum(len(peer.heard) for peer in peers) - heard
    assert server.stdin is not None
    server.stdin.close()
    await server.wait()
    return {
        "packets": sent,
        "lost": sent - heard,
        "cpu_us_per_packet": 1e6 * spent / heard,
        "setup_cpu_ms_per_call": 1e3 * set_up / calls,
    }


async def floor(calls: int, seconds: float) -> float:
    """Cost of the bare loop for as many packets a second."""
    server = await started("echo")
    assert server.stdout is not None
    port = json.loads(await server.stdout.readline())
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect((LOOPBACK, port))
        came = 0

        async def spent() -> float:
            await loop.sock_sendall(sender, b"cpu")
            while (data := await loop.sock_recv(sender, 2_048))[:1] == b"\x80":
                pass
            return float(json.loads(data))

        async def burst(duration: float) -> None:
            nonlocal came
            packet = rtp(0, payload=PAYLOAD + bytes(16))
            due = time.perf_counter()
            end = due + duration
            while due < end:
                for _ in range(2 * calls // GROUPS):
                    sender.send(packet)
                due += FRAME / GROUPS
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                while True:
                    try:
                        sender.recv(2_048)
                    except BlockingIOError:
                        break
                    came += 1

        await burst(WARM_UP)
        before, came = await spent(), 0
        await burst(seconds)
        cost = await spent() - before
        await loop.sock_sendall(sender, b"end")
    await server.wait()
    return 1e6 * cost / came


async def measure(calls: int, seconds: float) -> None:
    """Both, one after the other, and their ratio."""
    pinned = pin(1)
    bare = await floor(calls, seconds / 2)
    result = await relay(calls, seconds)
    print(
        json.dumps(
            {
                "bench": "voice_relay",
                "calls": calls,
                **{name: round(value, 2) for name, value in result.items()},
                "floor_us_per_packet": round(bare, 2),
                "ratio": round(result["cpu_us_per_packet"] / bare, 2),
                "pinned": pinned,
                "python": platform.python_version(),
            }
        )
    )


def main() -> None:
    """Read the arguments and play the role that they name."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=30)
    arguments.add_argument("--seconds", type=float, default=6.0)
    arguments.add_argument("--role", choices=["client", "server", "echo"], default="client")
    given = arguments.parse_args()
    if given.role == "echo":
        echo()
    else:
        uvloop.run(serve() if given.role == "server" else measure(given.calls, given.seconds))


if __name__ == "__main__":
    main()
