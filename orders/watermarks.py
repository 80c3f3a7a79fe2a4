"""How far each member has come in an order's timeline: two marks that only move forward.

`delivered` says that one of the person's devices has everything up to there, `read` that it was
on a screen in front of them; what was read was delivered. They are two numbers a member and never
entries: a mark on every message would outgrow the conversation, and nobody misses them later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, case, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId
from orders.tables import orders, participants


class Watermarks(msgspec.Struct, frozen=True):
    """How far a member has come; `read` is never beyond `delivered`."""

    read: int = 0
    delivered: int = 0

    def joined(self, other: Watermarks) -> Watermarks:
        """Return the furthest of both."""
        return Watermarks(max(self.read, other.read), max(self.delivered, other.delivered))


async def mark(
    database: Database,
    order: OrderId,
    person: PersonId,
    *,
    read: int = 0,
    delivered: int = 0,
    doubtful: bool = False,
) -> Watermarks | None:
    """Move a member's marks forward; return where they stand then, or None if neither moved.

    Where it is `doubtful` whether they had been moved before, so that nobody may have been told,
    it is returned in any case. A mark beyond the head is cut to it. Raises `OrderUnknown` for a
    stranger, `Unavailable`.
    """
    async with database.transaction() as tx:
        mine = (participants.c.order_id == order) & (participants.c.person_id == person)
        head = await tx.conn.scalar(
            select(orders.c.last_seq)
            .join(participants, orders.c.id == participants.c.order_id)
            .where(mine)
        )
        if head is None:
            raise OrderUnknown(order=order)
        read = max(0, min(read, head))
        delivered = max(read, min(delivered, head))
        mark_read, mark_delivered = participants.c.read_seq, participants.c.delivered_seq
        behind = or_(mark_read < read, mark_delivered < delivered)
        now = literal(tx.now, participants.c.read_at.type)
        moved = (
            await tx.conn.execute(
                update(participants)
                .where(mine, true() if doubtful else behind)
                .values(
                    read_seq=_furthest(mark_read, read),
                    read_at=case((mark_read < read, now), else_=participants.c.read_at),
                    delivered_seq=_furthest(mark_delivered, delivered),
                )
                .returning(mark_read, mark_delivered)
            )
        ).first()
        return None if moved is None else Watermarks(moved.read_seq, moved.delivered_seq)


Moved = tuple[OrderId, PersonId, Watermarks]


async def moved_in(conn: AsyncConnection, rooms: Sequence[OrderId], since: datetime) -> list[Moved]:
    """Return the marks of the members of these that may have moved since then.

    Those that were read since, and all that has arrived and is not read: when is not stored.
    """
    read, delivered = participants.c.read_seq, participants.c.delivered_seq
    return await _moved(
        conn,
        among(participants.c.order_id, rooms),
        or_(participants.c.read_at >= since, delivered > read),
    )


async def moved_by(
    conn: AsyncConnection, persons: Sequence[PersonId], since: datetime
) -> list[Moved]:
    """Return the marks of these in all their orders, as far as they have read since then."""
    return await _moved(
        conn, among(participants.c.person_id, persons), participants.c.read_at >= since
    )


async def _moved(conn: AsyncConnection, *those: ColumnElement[bool]) -> list[Moved]:
    marks = participants.c
    rows = await conn.execute(
        select(marks.order_id, marks.person_id, marks.read_seq, marks.delivered_seq).where(*those)
    )
    return [
        (
            row.order_id,
            row.person_id,
            Watermarks(row.read_seq, max(row.read_seq, row.delivered_seq)),
        )
        for row in rows
    ]


def _furthest(column: ColumnElement[int], reached: int) -> ColumnElement[int]:
    """Say it in the statement itself: a racing mark may have been stored since ours was read."""
    return case((column < reached, reached), else_=column)
