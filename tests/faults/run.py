"""`make faults`: break things for minutes while people write, then look at the ledger.

    PYTHONPATH=. python tests/faults/run.py [--seed N] [--seconds N] [--size embedded|scaled]

Prints one line of JSON a size: the seed, what was injected how often, how many sockets rolling
restarts moved, how long a process stood still in one go and what was acknowledged meanwhile, what
was acknowledged in all, what was lost, doubled, disordered, contradicted or not shown, and how many
processes ended in part. Exits with 1 unless all of these are zero; and, in a run of `MANY` seconds,
unless a process stood still for a whole minute (`SIGSTOP`) while the others went on. In the scaled
size such a run ends with Redis away for two minutes and PostgreSQL for one, on top of `--seconds`;
what is promised meanwhile is looked at all the time, and the slowest of it is printed. It raises
its limit of open files itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults import outages
from tests.faults import world as worlds
from tests.faults.injections import EVERYWHERE, SCALED, Injection, pause_gateway
from tests.faults.ledger import Findings, Writer, audit
from tests.faults.world import World
from tests.orders.world import opened

ROOMS = 8
PAUSE = 0.05
"""Seconds that a writer rests between two messages on the average."""
LONG = 60.0
"""Seconds that something stands still at most, now and then, in a run of `MANY` seconds; and
exactly so long the first process with sockets to be stopped there."""
MANY = 240.0
RARELY = 0.25
SHORT, SHORTER = 5.0, 2.5
"""Seconds that one thing is broken at most: in a run of `MANY` seconds, and in a short one, which
has room for most of them all the same."""


async def run(
    size: str, seed: int, seconds: float, crowd: int, folder: Path, only: str = ""
) -> dict[str, Any]:
    """Break one size for so many seconds, perhaps in one way only; return what is printed."""
    chance = random.Random(f"{seed}-{size}")
    opening = worlds.embedded if size == "embedded" else worlds.scaled
    menu = EVERYWHERE if size == "embedded" else SCALED
    menu = tuple(each for each in menu if only in {"", each.__name__})
    async with opening(folder, chance) as world:
        world.crowd = crowd
        world.rooms = [await world.gateways[0].order() for _ in range(ROOMS)]
        world.writers = [
            Writer(world.doors, room.id, person, random.Random(chance.random()))
            for room in world.rooms
            for person in (room.buyer, room.seller)
        ]
        slowest: dict[str, float] = {}
        injected = await _talk(world, menu, seconds, slowest if only == "" else None)
        async with asyncio.timeout(180), opened(world.database_url) as database:
            found: Findings = await audit(database, world.rooms, world.writers, world.foreign)
        found.ended = await _ended(world)
        for writer in world.writers:
            await writer.leave()
    return {
        "size": size,
        "seed": seed,
        "seconds": round(seconds),
        "injected": dict(sorted(injected.items())),
        "moved": world.moved,
        "stood": round(world.stood, 1),
        "acknowledged_meanwhile": world.meanwhile,
        "away": {name: round(length, 1) for name, length in world.away.items()},
        "slowest": {name: round(length, 2) for name, length in slowest.items()},
        **asdict(found),
    }


async def _ended(world: World) -> int:
    """Count the processes that say of themselves that they have to be started again."""
    ended = 0
    for process in world.processes:
        async with process.http() as http:
            ended += (await http.get("/healthz")).status_code != 200
    return ended


async def _talk(
    world: World,
    menu: tuple[Injection, ...],
    seconds: float,
    slowest: dict[str, float] | None,
) -> Counter[str]:
    enough = asyncio.Event()
    injected: Counter[str] = Counter()
    async with asyncio.TaskGroup() as everybody:
        for writer in world.writers:
            everybody.create_task(writer.write(enough, PAUSE))
        until = time.monotonic() + seconds
        queue: list[Injection] = []
        while time.monotonic() < until:
            if not queue:  # each once, in another order every round
                queue = list(menu)
                world.chance.shuffle(queue)
                if seconds >= MANY and not injected and pause_gateway in queue:
                    queue.append(queue.pop(queue.index(pause_gateway)))
            minute = seconds >= MANY and not injected and queue[-1] is pause_gateway
            injection = queue.pop()
            left = until - time.monotonic()
            standing = injection.__name__.startswith(("pause", "swallow"))
            long = seconds >= MANY and standing and world.chance.random() < RARELY
            longest = LONG if long else SHORT if seconds >= MANY else SHORTER
            length = min(world.chance.uniform(0.5, longest), max(0.5, left))
            if minute:
                length = LONG
            injected[injection.__name__] += 1
            await injection(world, length)
            await asyncio.sleep(world.chance.uniform(0.2, 1.0))
        if world.redis is not None and seconds >= MANY and slowest is not None:
            slowest["told"] = await outages.redis(world, outages.REDIS)
            slowest["refused"] = await outages.postgres(world, outages.POSTGRES)
        enough.set()
    return injected


def main() -> None:
    """Run both sizes, or one, and print what was found."""
    parser = argparse.ArgumentParser(description="Break things and look at the ledger.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=600.0, help="for all sizes together")
    parser.add_argument("--size", choices=["embedded", "scaled"])
    parser.add_argument("--crowd", type=int, default=2000, help="sockets of a rolling restart")
    parser.add_argument("--only", default="", help="the name of one injection")
    told = parser.parse_args()
    more_files(2 * told.crowd)
    sizes = [told.size] if told.size else ["embedded", "scaled"]
    broken = 0
    print(f"seed {told.seed}", file=sys.stderr)
    for size in sizes:
        with worlds.public_folder() as folder:
            seconds = told.seconds / len(sizes)
            found = asyncio.run(run(size, told.seed, seconds, told.crowd, folder, told.only))
        print(json.dumps(found), flush=True)
        broken += Findings(**{name: found[name] for name in asdict(Findings())}).broken
        broken += seconds >= MANY and not told.only and not was_long(found)
    sys.exit(1 if broken else 0)


def was_long(found: dict[str, Any]) -> bool:
    """Say whether all of it happened that takes minutes, and who could go on did."""
    stood, away = found["stood"] >= LONG, found["away"]
    if found["size"] == "embedded":
        return bool(stood)
    gone = away["redis"] >= outages.REDIS and away["postgres"] >= outages.POSTGRES
    return bool(stood and gone and found["acknowledged_meanwhile"] > 0)


def more_files(wanted: int) -> None:
    """Allow as many open sockets as the crowd needs, here and in the servers.

    Ends the program if the machine does not allow as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(soft, 3 * wanted + 1024)
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.exit(
            f"{needed} open files are needed and {hard} allowed: ulimit -Hn, or a smaller crowd"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


if __name__ == "__main__":
    main()
