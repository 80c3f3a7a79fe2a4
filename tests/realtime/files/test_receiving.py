"""An upload is lost at no moment: not at its end, and not where its bytes are gone."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from orders import uploads
from orders.database import Database
from orders.errors import OffsetWrong, TooManyFiles, Unavailable, UploadUnknown
from orders.events import FileShared
from orders.policy import Policy
from orders.tables import uploads as table
from orders.uploads import Pending
from realtime.files.clamd import Away
from realtime.files.finishing import Finisher
from realtime.files.receiving import Receiver
from realtime.files.shelf import TWIN, Shelf
from realtime.files.store import Disk
from realtime.limits import Limits
from tests.orders.world import Room, entries_of, open_room

SAID = b"Bonjour"


class Forgetful(Disk):
    """A store that keeps a file, and whose word of it is lost the first time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._told = False

    async def keep(self, path: Path, name: str) -> None:
        await super().keep(path, name)
        if not self._told:
            self._told = True
            raise Unavailable(reason="files")


def receiver(database: Database, folder: Path, store: Disk | None = None) -> Receiver:
    shelf = Shelf(database, store or Disk(folder / "kept"), folder / "files")
    finisher = Finisher(database, shelf, None, Away.HOLD)
    return Receiver(database, folder / "uploads", finisher, Limits())


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


async def begun(database: Database, room: Room, key: str = "u1") -> Pending:
    upload, _ = await uploads.begin(
        database, room.order, room.buyer, key, "texte.txt", len(SAID), 20
    )
    return upload


async def said(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def again(database: Database, upload: Pending) -> Pending:
    async with database.reading() as conn:
        return await uploads.find(conn, upload.order, upload.person, upload.upload)


async def set_to(database: Database, upload: Pending, *, received: int, age: float) -> None:
    """Let so many bytes have been counted, the last of them `age` seconds ago."""
    touched = await database.now() - timedelta(seconds=age)
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(table)
            .where(table.c.upload_id == upload.upload)
            .values(received=received, touched=touched)
        )


async def shared(database: Database, folder: Path, upload: Pending) -> bytes:
    now = await again(database, upload)
    assert now.file
    return (folder / "kept" / now.file).read_bytes()


async def test_what_fails_while_it_is_shared_is_shared_by_asking_again(
    database: Database, room: Room, tmp_path: Path
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path, Forgetful(tmp_path / "kept"))
    with pytest.raises(Unavailable):
        await takes.take(upload, 0, said(SAID))
    done = await takes.take(upload, len(SAID), said())
    assert (done.is_settled, done.code) == (True, None)
    assert await shared(database, tmp_path, upload) == SAID
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_what_was_shared_and_not_noted_is_shared_once(
    database: Database, room: Room, tmp_path: Path
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path)
    first = await takes.take(upload, 0, said(SAID))
    # the process ended after its commit: the upload is not settled, its bytes are still here
    await uploads.settle(database, upload)
    (tmp_path / "uploads" / upload.upload).write_bytes(SAID)
    repeated = await takes.take(upload, len(SAID), said())
    assert (repeated.seq, repeated.file) == (first.seq, first.file)
    assert await shared(database, tmp_path, upload) == SAID


@pytest.mark.parametrize("offset", [0, len(SAID)])
async def test_what_was_refused_at_its_last_byte_is_refused_again(
    database: Database, tmp_path: Path, offset: int
) -> None:
    room = await open_room(database, Policy(files_max=1))
    upload = await begun(database, room)
    takes = receiver(database, tmp_path)
    await takes.take(await begun(database, room, "u2"), 0, said(SAID))
    with pytest.raises(TooManyFiles):
        await takes.take(upload, 0, said(SAID))
    with pytest.raises(TooManyFiles):  # asked by one who read the upload before it was settled
        await takes.take(upload, offset, said())
    settled = await again(database, upload)
    with pytest.raises(TooManyFiles):
        await takes.take(settled, offset, said())
    with pytest.raises(TooManyFiles):
        await begun(database, room)


async def test_what_was_shared_is_told_again_from_any_offset(
    database: Database, room: Room, tmp_path: Path
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path)
    first = await takes.take(upload, 0, said(SAID))
    for asked in (upload, first):
        repeated = await takes.take(asked, 2, said())
        assert (repeated.seq, repeated.file) == (first.seq, first.file)


@pytest.mark.parametrize("left", [b"", b"Bo"])
async def test_bytes_that_are_gone_are_asked_for_again(
    database: Database, room: Room, tmp_path: Path, left: bytes
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path)
    await takes.take(upload, 0, said(b"Bonj"))
    (tmp_path / "uploads" / upload.upload).write_bytes(left)  # another disk, or one put back
    with pytest.raises(OffsetWrong) as told:
        await takes.take(upload, 4, said(b"our"))
    assert told.value.facts["offset"] == len(left)
    await takes.take(upload, len(left), said(SAID[len(left) :]))
    assert await shared(database, tmp_path, upload) == SAID


async def test_uploads_without_their_bytes_hold_up_no_other(
    database: Database, room: Room, tmp_path: Path
) -> None:
    takes = receiver(database, tmp_path)
    whole = [await begun(database, room, f"u{number}") for number in range(11)]
    for age, upload in zip(range(1000, 0, -10), whole, strict=False):
        await set_to(database, upload, received=len(SAID), age=age)
    last = whole[-1]
    (tmp_path / "uploads" / last.upload).write_bytes(SAID)
    await takes.clear()
    await takes.clear()
    assert await shared(database, tmp_path, last) == SAID
    assert (await again(database, whole[0])).received == 0


async def test_what_was_never_counted_is_not_shared(
    database: Database, room: Room, tmp_path: Path
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path, Forgetful(tmp_path / "kept"))
    with pytest.raises(Unavailable):
        await takes.take(upload, 0, said(SAID))
    with (tmp_path / "uploads" / upload.upload).open("ab") as file:
        file.write(b" never flushed")
    await takes.take(upload, len(SAID), said())
    assert await shared(database, tmp_path, upload) == SAID


async def test_what_is_asked_of_an_upload_leaves_no_file(
    database: Database, room: Room, tmp_path: Path
) -> None:
    takes = receiver(database, tmp_path)
    settled, cancelled = await begun(database, room, "u1"), await begun(database, room, "u2")
    await takes.take(settled, 0, said(SAID))
    await takes.take(settled, len(SAID), said())
    (tmp_path / "uploads" / f"{cancelled.upload}{TWIN}").write_bytes(SAID)  # of a killed process
    await takes.cancel(cancelled)
    with pytest.raises(UploadUnknown):
        await takes.take(cancelled, 0, said(SAID))
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_who_waited_for_a_file_that_was_taken_away_gets_a_new_one(
    database: Database, room: Room, tmp_path: Path
) -> None:
    upload = await begun(database, room)
    takes = receiver(database, tmp_path)
    path = tmp_path / "uploads" / upload.upload
    with path.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as another gateway on the same folder does
        taking = asyncio.create_task(takes.take(upload, 0, said(SAID)))
        await asyncio.sleep(0.05)
        assert not taking.done()
        path.unlink()
    await taking
    assert await shared(database, tmp_path, upload) == SAID


@pytest.mark.parametrize("left", [None, b"", b"Bo"])
async def test_a_whole_upload_without_its_bytes_is_finished_by_nobody(
    database: Database, room: Room, tmp_path: Path, left: bytes | None
) -> None:
    upload = await begun(database, room)
    with pytest.raises(Unavailable):
        await receiver(database, tmp_path, Forgetful(tmp_path / "kept")).take(upload, 0, said(SAID))
    assert (await again(database, upload)).is_whole
    await set_to(database, upload, received=len(SAID), age=1000)
    elsewhere = tmp_path / "elsewhere"
    takes = receiver(database, elsewhere)  # of another machine, or after a disk was lost
    if left is not None:
        (elsewhere / "uploads" / upload.upload).write_bytes(left)
    there = len(left or b"")

    await takes.clear()  # as the chore that finishes what is whole
    assert not (await again(database, upload)).is_settled
    with pytest.raises(OffsetWrong) as told:  # as the browser, which was not told of the end
        await takes.take(upload, len(SAID), said())
    assert told.value.facts["offset"] == there

    now = await again(database, upload)
    assert (now.received, now.is_settled) == (there, False)
    assert list((elsewhere / "kept").iterdir()) == []
    kinds = {type(entry.event) for entry in await entries_of(database, room.order)}
    assert FileShared not in kinds
    await takes.take(upload, there, said(SAID[there:]))
    assert await shared(database, elsewhere, upload) == SAID
