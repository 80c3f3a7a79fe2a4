"""Files of an order: what is known of them, and sharing one. The bytes lie elsewhere.

`share` is called once all bytes are safely on disk under the file's id, and is repeat-safe like
every command: the id names the bytes, so a repeat finds the first one's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import repeats, timeline
from orders.database import Database, Transaction
from orders.errors import ChatClosed, FileEmpty, FileTooLarge, FileUnknown, TooManyFiles
from orders.events import CLOCK, Entry, FileId, FileScanned, FileShared, OrderId, PersonId, Scan
from orders.locking import LockedOrder, lock
from orders.situation import chat_gate
from orders.tables import files, uploads
from orders.timeline import Draft, Position


class Looks(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be shown of a file beside its name; see `FileShared`."""

    width: int = 0
    height: int = 0
    thumb: bool = False
    millis: int = 0
    peaks: tuple[int, ...] = ()
    voice: bool = False


class SharedFile(msgspec.Struct, frozen=True):
    """A file of the order. `type` is what its content was recognised as."""

    file: FileId
    seq: int
    by: PersonId
    name: str
    size: int
    type: str
    at: datetime
    scan: Scan | None = None
    looks: Looks = Looks()


class Upload(msgspec.Struct, frozen=True):
    """A file whose bytes are kept, on its way into an order."""

    file: FileId
    name: str
    size: int
    type: str
    sha256: bytes
    scan: Scan | None = None
    looks: Looks = Looks()


def shared_again(file: SharedFile) -> FileShared:
    """Return the entry that shares a known file in another order."""
    return FileShared(
        file.file, file.name, file.size, file.type, file.scan, **msgspec.structs.asdict(file.looks)
    )


async def files_of(conn: AsyncConnection, order: OrderId) -> dict[FileId, SharedFile]:
    """Return the order's files that were not removed, in the order they were shared."""
    rows = await conn.execute(
        select(files)
        .where(files.c.order_id == order, files.c.redacted.is_(False))
        .order_by(files.c.seq)
    )
    return {row.file_id: _file(row) for row in rows}


async def find_file(conn: AsyncConnection, order: OrderId, file: FileId) -> SharedFile:
    """Return a file of the order. Raises `FileUnknown`, also for one that was removed."""
    row = (
        await conn.execute(
            select(files).where(
                files.c.order_id == order,
                files.c.file_id == file,
                files.c.redacted.is_(False),
            )
        )
    ).first()
    if row is None:
        raise FileUnknown
    return _file(row)


async def admit(conn: AsyncConnection, found: LockedOrder, person: PersonId, size: int) -> None:
    """Let a member share a file of so many bytes now.

    Raises `OrderUnknown` for a stranger, `ChatClosed`, `FileEmpty`, `FileTooLarge`,
    `TooManyFiles`.
    """
    found.role_of(person)
    facts = found.facts
    gate = chat_gate(facts)
    if not gate.open:
        raise ChatClosed(state=facts.state, reason=gate.reason)
    if size == 0:
        raise FileEmpty
    if size > facts.policy.file_max:
        raise FileTooLarge(limit=facts.policy.file_max, size=size)
    shared = await conn.scalar(select(func.count()).where(files.c.order_id == found.id))
    if (shared or 0) >= facts.policy.files_max:
        raise TooManyFiles(limit=facts.policy.files_max)


async def share(
    database: Database,
    order: OrderId,
    person: PersonId,
    upload: Upload,
    client_id: str,
    content: bytes,
) -> tuple[Position, bool]:
    """Share a file; tell whether it was shared before, so that the new bytes are not needed.

    `content` is the command's digest. Raises what `admit` raises, `IdReused`, `Unavailable`;
    nothing was changed then.
    """
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        locked.role_of(person)
        first = await repeats.find(tx, locked.head, person, client_id, content)
        if first is not None:
            return first, True
        await admit(tx.conn, locked, person, upload.size)
        event = FileShared(
            upload.file, upload.name, upload.size, upload.type, upload.scan,
            **msgspec.structs.asdict(upload.looks),
        )  # fmt: skip
        draft = Draft(person, event, client_id, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        await _insert(tx, [(told, upload.sha256)])
        return Position(told.seq, told.at), False


async def keep_files(tx: Transaction, before: OrderId, told: Sequence[Entry]) -> None:
    """Write the rows of files that entries brought along from another order."""
    hashes = await tx.conn.execute(
        select(files.c.file_id, files.c.sha256).where(files.c.order_id == before)
    )
    known = {row.file_id: row.sha256 for row in hashes}
    await _insert(
        tx,
        [(entry, known[entry.event.file]) for entry in told if isinstance(entry.event, FileShared)],
    )


async def keep_voice(
    tx: Transaction, told: Entry, voices: Sequence[tuple[PersonId, str, FileId, int, bytes]]
) -> None:
    """Write the rows of a recording's files: whose voice, name, file, size and hash of each."""
    await tx.conn.execute(
        insert(files),
        [
            {
                "order_id": told.order,
                "file_id": file,
                "seq": told.seq,
                "person_id": person,
                "name": name,
                "size": size,
                "type": "audio/ogg",
                "sha256": sha256,
                "at": told.at,
                "redacted": False,
                "erased": False,
            }
            for person, name, file, size, sha256 in voices
        ],
    )


async def withdraw(tx: Transaction, order: OrderId, seq: int) -> None:
    """Forget the file that entry `seq` shared; its bytes are erased afterwards."""
    await tx.conn.execute(
        update(files)
        .where(files.c.order_id == order, files.c.seq == seq)
        .values(redacted=True, name="", sha256=b"", looks=None)
    )
    await tx.conn.execute(delete(uploads).where(uploads.c.order_id == order, uploads.c.seq == seq))


async def to_erase(conn: AsyncConnection) -> list[tuple[OrderId, FileId, bool]]:
    """Return removed files whose bytes may still lie on disk; True if another order has them."""
    other = files.alias()
    kept = (
        select(other.c.file_id)
        .where(other.c.file_id == files.c.file_id, other.c.redacted.is_(False))
        .exists()
    )
    rows = await conn.execute(
        select(files.c.order_id, files.c.file_id, kept.label("kept"))
        .where(files.c.redacted, files.c.erased.is_(False))
        .limit(100)
    )
    return [(row.order_id, row.file_id, bool(row.kept)) for row in rows]


async def to_scan(conn: AsyncConnection, limit: int) -> list[tuple[OrderId, SharedFile]]:
    """Return files on which the scanner has not yet said its word, the oldest first."""
    rows = await conn.execute(
        select(files)
        .where(files.c.scan.in_([Scan.SCANNING, Scan.UNCHECKED]), files.c.redacted.is_(False))
        .order_by(files.c.at)
        .limit(limit)
    )
    return [(row.order_id, _file(row)) for row in rows]


async def scanned(database: Database, order: OrderId, seq: int, verdict: Scan) -> None:
    """Tell the scanner's verdict on the file of entry `seq`; once, however often it is told."""
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        waiting = await tx.conn.execute(
            update(files)
            .where(
                files.c.order_id == order,
                files.c.seq == seq,
                files.c.redacted.is_(False),
                files.c.scan.in_([Scan.SCANNING, Scan.UNCHECKED]),
            )
            .values(scan=verdict)
        )
        if waiting.rowcount:
            draft = Draft(CLOCK, FileScanned(seq, verdict))
            await timeline.append(tx, locked.head, locked.owes, [draft])


async def known_of(conn: AsyncConnection, names: Sequence[str]) -> set[str]:
    """Return those of the names on disk under which some order has a file."""
    found = await conn.scalars(
        select(files.c.file_id).where(files.c.file_id.in_(names), files.c.erased.is_(False))
    )
    return set(found)


async def erased(tx: Transaction, order: OrderId, file: FileId) -> None:
    """Remember that a removed file's bytes are gone."""
    await tx.conn.execute(
        update(files).where(files.c.order_id == order, files.c.file_id == file).values(erased=True)
    )


async def _insert(tx: Transaction, told: Sequence[tuple[Entry, bytes]]) -> None:
    rows = [
        {
            "order_id": entry.order,
            "file_id": entry.event.file,
            "seq": entry.seq,
            "person_id": entry.actor,
            "name": entry.event.name,
            "size": entry.event.size,
            "type": entry.event.type,
            "sha256": sha256,
            "at": entry.at,
            "scan": entry.event.scan,
            "looks": msgspec.json.encode(_looks_of(entry.event)),
            "redacted": False,
            "erased": False,
        }
        for entry, sha256 in told
        if isinstance(entry.event, FileShared)
    ]
    if rows:
        await tx.conn.execute(insert(files), rows)


def _looks_of(event: FileShared) -> Looks:
    return Looks(
        event.width, event.height, event.thumb, event.millis, event.peaks, event.voice
    )  # fmt: skip


def _file(row: Row[Any]) -> SharedFile:
    return SharedFile(
        row.file_id, row.seq, row.person_id, row.name, row.size, row.type, row.at,
        Scan(row.scan) if row.scan else None,
        msgspec.json.decode(row.looks, type=Looks) if row.looks else Looks(),
    )  # fmt: skip
