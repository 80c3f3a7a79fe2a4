"""Uploads that can be resumed: how far each has come, and what became of it.

A row is written before its first byte is taken and moves forward only after bytes are safely on
disk, back only where they are gone, so an upload goes on where it stood, whatever was cut short.
Its own row is its lock: an upload belongs to one person, and only sharing the whole file touches
the order.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Database
from orders.errors import IdReused, Refused, TooManyOpen, UploadUnknown
from orders.events import FileId, OrderId, PersonId
from orders.files import admit
from orders.locking import lock
from orders.tables import uploads


class Pending(msgspec.Struct, frozen=True):
    """An upload. `file` and `seq` are there once it is shared, `code` if it was refused."""

    order: OrderId
    upload: str
    person: PersonId
    client_id: str
    name: str
    length: int
    received: int
    touched: datetime
    file: FileId | None = None
    seq: int | None = None
    code: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there."""
        return self.received == self.length

    @property
    def is_settled(self) -> bool:
        """Whether it is clear what became of it."""
        return self.seq is not None or self.code is not None

    @property
    def refusal(self) -> Refused | None:
        """What it was refused with. The facts were told once, and are not kept."""
        return None if self.code is None else Refused.catalogue.get(self.code, Refused)()


async def begin(
    database: Database,
    order: OrderId,
    person: PersonId,
    client_id: str,
    name: str,
    length: int,
    most: int,
) -> tuple[Pending, bool]:
    """Begin an upload, or find the one begun under this client id; tell whether it is new.

    Raises what `orders.files.admit` raises, `IdReused`, what the upload was refused with, and
    `TooManyOpen` if the person has `most` unfinished ones.
    """
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        locked.role_of(person)
        mine = (uploads.c.order_id == order) & (uploads.c.person_id == person)
        row = (
            await tx.conn.execute(select(uploads).where(mine, uploads.c.client_id == client_id))
        ).first()
        if row is not None:
            known = _pending(row)
            if (known.name, known.length) != (name, length):
                raise IdReused(id=client_id)
            if known.refusal is not None:
                raise known.refusal
            return known, False
        await admit(tx.conn, locked, person, length)
        open_ones = await tx.conn.scalar(
            select(func.count()).where(
                uploads.c.person_id == person, uploads.c.seq.is_(None), uploads.c.code.is_(None)
            )
        )
        if (open_ones or 0) >= most:
            raise TooManyOpen(limit=most, what="uploads")
        new = Pending(order, secrets.token_hex(16), person, client_id, name, length, 0, tx.now)
        await tx.conn.execute(
            insert(uploads).values(
                order_id=order, upload_id=new.upload, person_id=person, client_id=client_id,
                name=name, length=length, received=0, touched=tx.now,
            )
        )  # fmt: skip
        return new, True


async def find(conn: AsyncConnection, order: OrderId, person: PersonId, upload: str) -> Pending:
    """Return the person's upload. Raises `UploadUnknown`."""
    row = (
        await conn.execute(
            select(uploads).where(
                uploads.c.order_id == order,
                uploads.c.upload_id == upload,
                uploads.c.person_id == person,
            )
        )
    ).first()
    if row is None:
        raise UploadUnknown
    return _pending(row)


async def came(database: Database, upload: Pending, received: int) -> None:
    """Note that so many bytes are safely on disk. It never goes back.

    Raises `UploadUnknown` if it was cancelled meanwhile.
    """
    async with database.transaction() as tx:
        moved = await tx.conn.execute(
            update(uploads)
            .where(
                uploads.c.order_id == upload.order,
                uploads.c.upload_id == upload.upload,
                uploads.c.received <= received,
            )
            .values(received=received, touched=tx.now)
        )
        if not moved.rowcount:
            raise UploadUnknown


async def lost(database: Database, upload: Pending, left: int) -> None:
    """Note that only `left` bytes are there after all; the rest has to be sent again."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(uploads)
            .where(
                uploads.c.order_id == upload.order,
                uploads.c.upload_id == upload.upload,
                uploads.c.received > left,
                uploads.c.seq.is_(None),
                uploads.c.code.is_(None),
            )
            .values(received=left, touched=tx.now)
        )


async def settle(
    database: Database,
    upload: Pending,
    *,
    file: FileId | None = None,
    seq: int | None = None,
    code: str | None = None,
) -> None:
    """Note what became of a whole upload."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(uploads)
            .where(uploads.c.order_id == upload.order, uploads.c.upload_id == upload.upload)
            .values(file_id=file, seq=seq, code=code, touched=tx.now)
        )


async def forget(database: Database, upload: Pending) -> None:
    """Drop an upload; what was shared by it stays."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            delete(uploads).where(
                uploads.c.order_id == upload.order, uploads.c.upload_id == upload.upload
            )
        )


async def untouched(conn: AsyncConnection, before: datetime, limit: int) -> list[Pending]:
    """Return uploads to which nothing came since `before`, the oldest first."""
    rows = await conn.execute(
        select(uploads).where(uploads.c.touched < before).order_by(uploads.c.touched).limit(limit)
    )
    return [_pending(row) for row in rows]


async def unfinished(conn: AsyncConnection, before: datetime, limit: int) -> list[Pending]:
    """Return whole uploads that nobody has made a file of since `before`."""
    rows = await conn.execute(
        select(uploads)
        .where(
            uploads.c.received == uploads.c.length,
            uploads.c.seq.is_(None),
            uploads.c.code.is_(None),
            uploads.c.touched < before,
        )
        .order_by(uploads.c.touched)
        .limit(limit)
    )
    return [_pending(row) for row in rows]


async def known(conn: AsyncConnection, names: list[str]) -> set[str]:
    """Return those of the names on disk that are uploads."""
    found = await conn.scalars(select(uploads.c.upload_id).where(uploads.c.upload_id.in_(names)))
    return set(found)


def ends(upload: Pending, life: float) -> datetime:
    """Return when an upload that nothing comes to any more is given up; `life` is in seconds."""
    return upload.touched + timedelta(seconds=life)


def _pending(row: Row[Any]) -> Pending:
    return Pending(
        row.order_id, row.upload_id, row.person_id, row.client_id, row.name, row.length,
        row.received, row.touched, row.file_id, row.seq, row.code,
    )  # fmt: skip
