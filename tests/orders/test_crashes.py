"""What PostgreSQL says while it recovers, is full, or may only be read from, is an outage.

Its own server for these: what they do to it every other test would notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from orders.database import Database, migrate
from orders.errors import Unavailable
from tests import servers
from tests.orders.outage import kill_backend, no_room, read_only
from tests.orders.world import open_post_box, open_room, opened
from tests.servers import Run


@pytest.fixture
async def crashing(run: Run, tmp_path: Path) -> AsyncIterator[str]:
    server = servers.postgres(run.folder / f"crashing-{tmp_path.name}")
    await asyncio.to_thread(server.start)
    await migrate(server.url)
    yield server.url
    await asyncio.to_thread(server.kill)


async def _write(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("UPDATE meta SET value = value"))


async def test_when_one_of_its_processes_is_killed_people_are_refused_for_a_moment(
    crashing: str,
) -> None:
    async with opened(crashing) as database, open_post_box(database) as box:
        room = await open_room(database)
        kept: dict[str, int] = {}
        refused: list[Unavailable] = []

        async def talk(name: str) -> None:
            number = 0
            while not done.is_set() or number < 3:
                client_id = f"{name}-{number}"
                try:
                    place = await box.post(room.order, room.buyer, client_id, client_id)
                    await _write(database)
                except Unavailable as refusal:
                    refused.append(refusal)
                    await asyncio.sleep(0.002)
                else:
                    kept[client_id] = place.seq
                    number += 1

        done = asyncio.Event()
        async with asyncio.TaskGroup() as talking:
            for name in "abcd":
                talking.create_task(talk(name))
            await asyncio.sleep(0.1)
            await kill_backend(crashing)
            await asyncio.sleep(0.5)
            await _recovered(database)
            done.set()
        assert refused
        assert {refusal.facts["reason"] for refusal in refused} == {"database"}
        assert len(set(kept.values())) == len(kept)


async def _recovered(database: Database) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                return await _write(database)
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_without_room_for_one_more_connection_people_are_told_to_come_again(
    crashing: str,
) -> None:
    database = Database(make_url(crashing), None)  # nothing is connected yet
    try:
        async with no_room(crashing):
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await _write(database)
        await _recovered(database)
    finally:
        await database.close()


async def test_a_server_that_may_only_be_read_from_is_one_to_come_back_to(crashing: str) -> None:
    async with read_only(crashing), opened(crashing) as database:
        with pytest.raises(Unavailable):
            await _write(database)
        async with database.reading() as conn:
            assert await conn.scalar(text("SELECT count(*) FROM meta"))
    async with opened(crashing) as database:
        await _write(database)
