"""The ledger notices each broken promise: a check that cannot fail would prove nothing."""

import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from orders.database import Database
from orders.tables import entries
from tests.faults.ledger import Findings, Writer, audit
from tests.harness import TestOrder, serving
from tests.orders.world import opened


@dataclass
class Talk:
    """An order in which its buyer wrote three messages and was told where they are."""

    database: Database
    room: TestOrder
    writer: Writer
    last: int

    async def found(self) -> Findings:
        return await audit(self.database, [self.room], [self.writer], set())


@pytest.fixture
async def talk(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Talk]:
    path = tmp_path / "orders.sqlite3"
    shutil.copy(sqlite_template, path)
    url = f"sqlite+aiosqlite:///{path}"
    async with serving(url) as server, opened(url) as database:
        room = await server.order()
        writer = Writer([server], room.id, room.buyer, random.Random(1))
        for client_id in ("0", "1", "2"):
            writer.note(client_id, await writer.insist(client_id))
        try:
            yield Talk(database, room, writer, writer.kept["2"])
        finally:
            await writer.leave()


async def test_of_a_talk_in_which_all_went_well_there_is_nothing_to_say(talk: Talk) -> None:
    assert await talk.found() == Findings(acknowledged=3)


async def test_what_was_acknowledged_and_is_not_there_is_lost(talk: Talk) -> None:
    talk.writer.kept["3"] = talk.last + 1
    assert (await talk.found()).lost == 1


async def test_what_stands_elsewhere_than_was_said_is_lost(talk: Talk) -> None:
    talk.writer.kept["2"] = talk.last + 1
    assert (await talk.found()).lost == 1


async def test_what_is_there_twice_is_doubled(talk: Talk) -> None:
    async with talk.database.transaction() as tx:
        await tx.conn.execute(text("DROP INDEX entries_by_client_id"))
        where = (entries.c.order_id == talk.room.id) & (entries.c.seq == talk.last)
        await tx.conn.execute(update(entries).where(where).values(client_id="1"))
    assert (await talk.found()).doubled == 1


async def test_a_hole_and_a_time_that_goes_back_are_disorder(talk: Talk) -> None:
    where = (entries.c.order_id == talk.room.id) & (entries.c.seq == talk.last)
    async with talk.database.transaction() as tx:
        await tx.conn.execute(
            update(entries).where(where).values(at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    assert (await talk.found()).disordered == 1


async def test_an_entry_that_vanished_is_noticed(talk: Talk) -> None:
    where = (entries.c.order_id == talk.room.id) & (entries.c.seq == talk.last - 1)
    async with talk.database.transaction() as tx:
        await tx.conn.execute(delete(entries).where(where))
    found = await talk.found()
    assert found.lost == 1
    assert found.disordered == 1


async def test_another_answer_to_the_same_message_contradicts(talk: Talk) -> None:
    talk.writer.note("2", talk.last + 5)
    assert (await talk.found()).contradicted == 1


async def test_a_message_that_nobody_was_told_of_is_a_stranger(talk: Talk) -> None:
    await talk.writer.insist("unnoted")
    assert (await talk.found()).strangers == 1


async def test_a_screen_that_lacks_an_entry_is_noticed(talk: Talk) -> None:
    await talk.writer.converge(talk.last)
    del talk.writer.browser.orders[talk.room.id].entries[talk.last - 1]
    assert (await talk.found()).unshown == 1
