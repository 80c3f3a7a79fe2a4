"""What was erased lies nowhere in SQLite's file, whatever else was written before and after."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orders import scrubbing
from orders.database import Database, migrate
from orders.events import OrderId
from orders.messages import edit
from orders.redaction import redact
from orders.search_index import catch_up
from tests.orders.world import Room, open_post_box, open_room, opened

WORD = "xylozonique"
STEM = WORD[3:].encode()
"""The index keeps of a word what sets it apart from the one before."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.sqlite3"


@pytest.fixture
async def alone(path: Path) -> AsyncIterator[Database]:
    """A database of SQLite that no other test writes to."""
    url = f"sqlite+aiosqlite:///{path}"
    await migrate(url)
    async with opened(url) as database:
        yield database


class Chatter:
    """People who say much beside what is erased."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = random.Random(seed)
        self._words = ["".join(self._some(string.ascii_lowercase, 3, 10)) for _ in range(1_000)]

    def _some(self, of: str | list[str], least: int, most: int) -> list[str]:
        return self._chance.choices(of, k=self._chance.randint(least, most))

    def text(self, most: int) -> str:
        return " ".join(self._some(self._words, 2, most))

    async def talk(self, room: Room, key: str, count: int, slips: dict[int, int]) -> list[int]:
        """Say so many things; those of `slips` hold the word, in so many others."""
        said: list[int] = []
        async with open_post_box(self._database) as box:
            for number in range(count):
                text = self.text(60)
                if number in slips:
                    text = f"{text} {WORD} {self.text(slips[number])}"
                place = await box.post(room.order, room.buyer, f"{key}{number}", text)
                said += [place.seq] if number in slips else []
        await self.index(room.order)
        return said

    async def index(self, order: OrderId) -> None:
        async with self._database.transaction() as tx:
            await catch_up(tx, order)


async def lies(database: Database, path: Path) -> bool:
    """Whether the word lies anywhere in the file, once the log is copied into it."""
    assert await database.empty_log()
    assert Path(f"{path}-wal").stat().st_size == 0
    return STEM in path.read_bytes()


@pytest.mark.parametrize("seed", range(3))
async def test_erased_words_lie_nowhere_in_the_file(alone: Database, path: Path, seed: int) -> None:
    chatter = Chatter(alone, seed)
    rooms = [await open_room(alone) for _ in range(2)]
    said: list[tuple[Room, int]] = []
    for part in range(4):
        for room in rooms:
            seqs = await chatter.talk(room, f"{part}-", 30, {5: 20, 17: 600})
            said += [(room, seq) for seq in seqs]
    room, seq = said[-1]
    await edit(alone, room.order, room.buyer, seq, f"Ou bien : {WORD}.", "edit")
    await chatter.index(room.order)
    for room, seq in said:
        await redact(alone, room.order, seq)
    assert await lies(alone, path)
    while await scrubbing.scrub(alone):
        pass
    assert not await lies(alone, path)
    async with alone.reading() as conn:
        await conn.exec_driver_sql("SELECT 1 FROM search_words WHERE search_words MATCH 'x*'")


async def test_the_index_is_merged_in_small_parts_and_whoever_erases_meanwhile_is_heard(
    alone: Database, path: Path
) -> None:
    chatter = Chatter(alone, 4)
    room = await open_room(alone)
    first, second = await chatter.talk(room, "m", 100, {10: 20, 60: 20})
    await redact(alone, room.order, first)
    assert await scrubbing.scrub(alone, pages=1)
    await redact(alone, room.order, second)
    parts = 0
    while await scrubbing.scrub(alone, pages=1):
        parts += 1
    assert parts > 2  # at once it would be one, and one that finds nothing left
    assert not await lies(alone, path)
    assert not await scrubbing.scrub(alone)


async def test_who_still_reads_is_waited_for(alone: Database, path: Path) -> None:
    chatter = Chatter(alone, 5)
    room = await open_room(alone)
    (seq,) = await chatter.talk(room, "m", 3, {1: 20})
    async with alone.reading() as conn:
        await conn.exec_driver_sql("SELECT * FROM entries")
        await redact(alone, room.order, seq)
        while await scrubbing.scrub(alone):
            pass
        assert STEM in path.read_bytes() + Path(f"{path}-wal").read_bytes()
    assert not await scrubbing.scrub(alone)  # that was the rest of it
    assert STEM not in path.read_bytes() + Path(f"{path}-wal").read_bytes()


async def test_where_nothing_was_erased_nothing_is_scrubbed(own_database_url: str) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        assert not await scrubbing.scrub(database)
        (seq,) = await Chatter(database, 6).talk(room, "m", 1, {0: 20})
        await redact(database, room.order, seq)
        assert await scrubbing.scrub(database) is database.is_sqlite
