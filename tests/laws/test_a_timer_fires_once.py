"""Law 6: a timer fires once, never early, late after an outage but never lost.

Here with the real server, killed and started again; `tests/orders/test_clock.py` has the rest:
several sweepers, failing orders, orders held elsewhere.
"""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from pathlib import Path

import pytest

from orders.database import Database
from orders.events import DeadlineFired, DeadlineSet, Entry, MoneyRefunded, OrderId
from tests.harness import Process, TestOrder
from tests.orders.world import entries_of, opened, verified

SEED = 20261125


def _window(seconds: int) -> dict[str, object]:
    return {"brief_window": seconds, "chat_tail": 3600, "reminders_percent": []}


async def _told(database: Database, room: TestOrder) -> list[Entry]:
    return await entries_of(database, OrderId(room.id))


async def _fired(database: Database, room: TestOrder) -> list[Entry]:
    return [e for e in await _told(database, room) if isinstance(e.event, DeadlineFired)]


async def _due(database: Database, room: TestOrder) -> datetime:
    told = [e.event for e in await _told(database, room)]
    return next(event.due for event in told if isinstance(event, DeadlineSet))


async def _check(database: Database, rooms: list[TestOrder]) -> None:
    """Wait until all have fired; a sweeper has had time to do it twice; it did it once."""
    async with asyncio.timeout(60):
        while not all([await _fired(database, room) for room in rooms]):
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    for room in rooms:
        (fired,) = await _fired(database, room)
        assert fired.at >= await _due(database, room)
        told = await _told(database, room)
        assert sum(isinstance(entry.event, MoneyRefunded) for entry in told) == 1
        assert await verified(database, OrderId(room.id)) == len(told) == 7


@pytest.mark.timeout(400)
async def test_what_came_due_while_the_server_was_dead_happens_once_when_it_is_back(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path) as server, opened(own_database_url) as database:
        rooms = [await server.order(policy=_window(6)) for _ in range(3)]
        server.kill()
        missed = [room for room in rooms if not await _fired(database, room)]
        assert missed
        while await database.now() <= await _due(database, rooms[-1]):
            await asyncio.sleep(0.1)
        assert [await _fired(database, room) for room in missed] == [[] for _ in missed]
        await server.start()
        await _check(database, rooms)


@pytest.mark.timeout(400)
async def test_a_server_killed_around_zero_fires_what_it_missed_and_nothing_twice(
    own_database_url: str, tmp_path: Path
) -> None:
    moments = random.Random(SEED)
    async with Process(own_database_url, tmp_path) as server, opened(own_database_url) as database:
        rooms = [await server.order(policy=_window(2 + n % 5)) for n in range(15)]
        for _ in range(2):
            await asyncio.sleep(moments.uniform(0.2, 1.5))
            server.kill()
            await server.start()
        await _check(database, rooms)
