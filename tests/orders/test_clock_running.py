"""The sweeper while it runs: how soon it fires, its chores, and what it outlives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import structlog

from orders.clock import PERIOD, Sweeper
from orders.database import Database
from orders.events import DeadlineFired
from orders.policy import Policy
from tests.orders.outage import outage
from tests.orders.world import Room, entries_of, kinds_of, open_room, opened
from tests.waiting import until


@pytest.fixture(autouse=True)
def _short_log() -> Iterator[None]:
    """Say failures in a line: the traceback for people costs a second a failure."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


async def test_chores_are_done_in_every_pass(own_database_url: str) -> None:
    passes = []

    async def chore() -> None:
        passes.append(1)

    async with opened(own_database_url) as database:
        sweeper = Sweeper(database, chores=[chore])
        await sweeper.sweep()
        await sweeper.sweep()
    assert len(passes) == 2


async def test_after_standing_still_a_running_sweeper_lets_others_speak_before_it_judges_them(
    own_database_url: str,
) -> None:
    looked: list[float] = []

    async def chore() -> None:
        looked.append(time.monotonic())

    async with opened(own_database_url) as database:
        running = asyncio.create_task(Sweeper(database, chores=[chore]).run())
        await until(lambda: bool(looked))
        time.sleep(PERIOD + 2)  # the event loop stands still
        woke, before = time.monotonic(), len(looked)
        await until(lambda: len(looked) > before)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert looked[before] - woke > PERIOD / 2


async def _until_fired(database: Database, room: Room) -> datetime:
    async with asyncio.timeout(60):
        while True:
            for entry in await entries_of(database, room.order):
                if isinstance(entry.event, DeadlineFired):
                    return entry.at
            await asyncio.sleep(0.02)


async def test_a_running_sweeper_fires_soon_after_zero_and_never_before(
    own_database_url: str,
) -> None:
    async with opened(own_database_url) as database:
        running = asyncio.create_task(Sweeper(database).run())
        room = await open_room(database, Policy(brief_window=1))
        fired = await _until_fired(database, room)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        opened_at = (await entries_of(database, room.order))[0].at
    assert timedelta(seconds=1) <= fired - opened_at < timedelta(seconds=30)


async def test_a_running_sweeper_outlives_a_chore_that_fails(own_database_url: str) -> None:
    async def chore() -> None:
        raise RuntimeError("a bug")

    async with opened(own_database_url) as database:
        room = await open_room(database, Policy(brief_window=1))
        running = asyncio.create_task(Sweeper(database, chores=[chore]).run())
        await _until_fired(database, room)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_running_sweeper_waits_for_the_database_and_goes_on(postgres_copy: str) -> None:
    async with opened(postgres_copy) as database:
        room = await open_room(database, Policy(brief_window=1, reminders_percent=()))
        running = asyncio.create_task(Sweeper(database).run())
        async with outage(postgres_copy):
            await asyncio.sleep(1.2)  # zero passes meanwhile
        await _until_fired(database, room)
        assert (await kinds_of(database, room.order)).count("MoneyRefunded") == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
