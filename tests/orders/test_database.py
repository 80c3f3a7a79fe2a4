"""An acknowledged commit is on the disk, and an outage is an answer rather than an accident."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool

from orders.commands import create_order
from orders.database import Database
from orders.errors import Unavailable
from tests.orders.outage import cut_connections, outage
from tests.orders.world import Watch, new_order, open_room, opened, verified


async def _ask(database: Database, question: str) -> object:
    async with database.transaction() as tx:
        return await tx.conn.scalar(text(question))


async def test_a_commit_is_on_the_disk_before_it_is_acknowledged(
    database: Database, database_kind: str
) -> None:
    if database_kind == "sqlite":
        assert await _ask(database, "PRAGMA journal_mode") == "wal"
        assert await _ask(database, "PRAGMA synchronous") == 2  # FULL: every commit is synced
    else:
        assert await _ask(database, "SHOW synchronous_commit") == "on"


async def test_the_clock_handed_in_is_the_only_one(database_url: str) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        assert await database.now() == watch.now
        async with database.transaction() as tx:
            assert tx.now == watch.now


async def test_time_is_read_once_in_a_transaction_and_goes_on_between_them(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        first = tx.now
        await asyncio.sleep(0.01)
        assert tx.now == first
    async with database.transaction() as tx:
        assert timedelta(0) < tx.now - first < timedelta(minutes=1)


async def test_what_fails_in_a_transaction_was_never_there(database: Database) -> None:
    new = new_order()

    async def create_and_fail() -> None:
        async with database.transaction() as tx:
            await tx.conn.execute(text("UPDATE meta SET value = 'gone' WHERE key = 'epoch'"))
            raise RuntimeError("cut short")

    epoch = await database.epoch()
    with pytest.raises(RuntimeError, match="cut short"):
        await create_and_fail()
    assert await database.epoch() == epoch
    await create_order(database, "shop", new.reference, new)


async def test_a_wrong_statement_is_a_bug_and_not_an_outage(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await _ask(database, "SELECT nothing FROM nowhere")


async def test_a_database_with_no_connection_left_is_unavailable(database: Database) -> None:
    pool = database._reader.sync_engine.pool
    pool._timeout = 0.05  # type: ignore[attr-defined]

    async def take_all() -> None:
        async with AsyncExitStack() as held:
            while True:
                await held.enter_async_context(database.reading())

    with pytest.raises(Unavailable):
        await take_all()
    async with database.reading() as conn:
        assert await conn.scalar(text("SELECT 1")) == 1


async def test_an_outage_is_told_and_then_everything_goes_on(postgres_copy: str) -> None:
    async with opened(postgres_copy) as database:
        room = await open_room(database)
        async with outage(postgres_copy):
            for call in (database.now(), database.epoch(), open_room(database)):
                with pytest.raises(Unavailable) as refusal:
                    await call
                assert refusal.value.facts == {"reason": "database", "retry_after": 2}
        assert await verified(database, room.order) == 3
        await open_room(database)


async def test_a_connection_cut_in_mid_transaction_is_an_outage_and_nothing_is_half_done(
    postgres_copy: str,
) -> None:
    async with opened(postgres_copy) as database:
        epoch = await database.epoch()

        async def change() -> None:
            async with database.transaction() as tx:
                await tx.conn.execute(text("UPDATE meta SET value = 'gone' WHERE key = 'epoch'"))
                await cut_connections(postgres_copy)
                await tx.conn.execute(text("SELECT 1"))

        with pytest.raises(Unavailable):
            await change()
        assert await database.epoch() == epoch


async def test_who_still_reads_when_the_database_is_closed_gets_an_answer_and_leaves_nothing_open(
    database_url: str, open_connections: list[object]
) -> None:
    reads = asyncio.Event()

    async def linger(database: Database) -> object:
        async with database.reading() as conn:
            reads.set()
            await asyncio.sleep(0.1)
            return await conn.scalar(text("SELECT 42"))

    async with opened(database_url) as database:
        lingering = asyncio.create_task(linger(database))
        await reads.wait()
    assert await lingering == 42
    assert open_connections == []


@pytest.fixture
def open_connections() -> Iterator[list[object]]:
    """The connections to databases that were made since, and not closed."""
    made: list[object] = []
    listeners = (
        (Pool, "connect", lambda connection, _record: made.append(connection)),
        (Pool, "close", lambda connection, _record: made.remove(connection)),
    )
    for listener in listeners:
        event.listen(*listener)
    yield made
    for listener in listeners:
        event.remove(*listener)


async def test_a_new_epoch_is_another_name_for_good(own_database_url: str) -> None:
    async with opened(own_database_url) as database:
        before = await database.epoch()
        named = await database.new_epoch()
    async with opened(own_database_url) as database:
        assert await database.epoch() == named != before
