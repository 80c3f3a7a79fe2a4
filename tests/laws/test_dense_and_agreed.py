"""Law 2: per order 1..n without gaps, times that never go back, the same for every reader.

And law 10 beside it: time is the clock handed in, and no timeline follows it backwards.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import pairwise

from orders import timeline
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Announcement, Database
from orders.events import OrderId
from orders.posting import PostBox
from orders.timeline import GENESIS
from orders.workflow import Verb
from tests.orders.world import (
    MONDAY,
    Room,
    Watch,
    entries_of,
    open_post_box,
    open_room,
    opened,
    verified,
)

SEED = 20261124


async def _write(boxes: list[PostBox], room: Room, name: str, chance: random.Random) -> None:
    for n in range(25):
        person = chance.choice([room.buyer, room.seller])
        await chance.choice(boxes).post(room.order, person, f"{name}-{n}", f"{name}-{n}")


async def _follow(database: Database, order: OrderId, enough: asyncio.Event) -> list[bytes]:
    """Read as a socket does: always what follows the own position, while others write."""
    seen: list[bytes] = []
    while True:
        last_look = enough.is_set()
        async with database.reading() as conn:
            rows = await timeline.read(conn, order, len(seen), 7)
        assert [row.seq for row in rows] == [len(seen) + 1 + n for n in range(len(rows))]
        seen += [timeline.wire(row) for row in rows]
        if last_look and not rows:
            return seen
        await asyncio.sleep(0)


async def test_every_reader_of_every_process_sees_the_same_numbers_in_the_same_order(
    own_database_url: str,
) -> None:
    chance = random.Random(SEED)
    announced: dict[OrderId, list[tuple[int, bytes]]] = {}

    def keep(told: Sequence[Announcement]) -> None:
        for one in told:
            heard = announced.setdefault(one.order, [])
            heard += enumerate(one.entries, start=one.after + 1)

    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(opened(own_database_url)) for _ in range(3)]
        for process in processes:
            process.on_commit(keep)
        boxes = [await stack.enter_async_context(open_post_box(p)) for p in processes]
        rooms = [await open_room(processes[0]) for _ in range(3)]
        enough = asyncio.Event()
        readers = [
            asyncio.create_task(_follow(process, room.order, enough))
            for room in rooms
            for process in processes
        ]
        await asyncio.gather(
            *(_write(boxes, room, f"w{n}", chance) for room in rooms for n in range(4)),
            *(
                take_step(processes[1], room.order, room.seller, Verb.START, "start")
                for room in rooms
            ),
        )
        enough.set()
        seen = await asyncio.gather(*readers)
        for n, room in enumerate(rooms):
            one, *others = seen[3 * n : 3 * n + 3]
            assert others == [one, one]
            assert sorted(announced[room.order]) == list(enumerate(one, start=1))
            assert len(one) == await verified(processes[0], room.order) == 3 + 100 + 3


async def test_a_clock_that_goes_back_takes_no_timeline_with_it(own_database_url: str) -> None:
    watch = Watch()
    chance = random.Random(SEED)
    async with opened(own_database_url, watch) as database, open_post_box(database) as box:
        room = await open_room(database)
        for n in range(20):
            watch.now = MONDAY + timedelta(minutes=chance.randint(-600, 600))
            await box.post(room.order, room.buyer, f"m{n}", "x")
        watch.now = MONDAY - timedelta(days=3)
        await take_step(database, room.order, room.seller, Verb.START, "s1")
        told = await entries_of(database, room.order)
        assert all(a.at <= b.at for a, b in pairwise(told))
        assert await verified(database, room.order) == len(told)


async def test_the_same_moments_lead_to_the_same_entries_whenever_they_are_lived(
    own_database_url: str,
) -> None:
    """The wall clock is years away from the one handed in; it decides nothing."""

    async def live(start: timedelta) -> list[tuple[timedelta, str]]:
        watch = Watch(MONDAY + start)
        async with opened(own_database_url, watch) as database:
            room = await open_room(database)
            sweeper = Sweeper(database)
            for hours in (20, 5, 20, 5):  # zero is after 48
                watch.forward(hours=hours)
                await sweeper.sweep()
            return [
                (entry.at - MONDAY - start, type(entry.event).__name__)
                for entry in await entries_of(database, room.order)
            ]

    long_ago, far_ahead = await live(timedelta(days=-9000)), await live(timedelta(days=9000))
    assert long_ago == far_ahead
    assert [kind for _, kind in far_ahead][-2:] == ["MoneyRefunded", "DeadlineSet"]


async def test_the_chain_begins_at_the_genesis_and_ends_at_the_orders_row(
    own_database_url: str,
) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        async with database.reading() as conn:
            links = await timeline.links_at(conn, [(room.order, 0), (room.order, 3)])
            assert links[room.order, 0] == GENESIS
            assert len(links[room.order, 3]) == 32
