"""Which media process carries which call, as the database has it.

A process holds a lease as long as it lives. New calls go to the least loaded of those that are
not draining. A process that stops, or one that died, leaves its calls: another one takes them
over, or the same after its restart, and the browsers come after; only if nobody takes them for
`grace` do they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Database
from orders.events import CallId, OrderId
from orders.locking import lock
from orders.tables import calls, media_processes, persons_in_call
from realtime.voice.calls import CallState

Carried = tuple[OrderId, CallId]


async def least_loaded(
    conn: AsyncConnection, database: Database, *, without: str = ""
) -> str | None:
    """The media process with the most room in proportion; None if there is none with any.

    `without` names one that does not count.
    """
    now = await database.now()
    carried = (
        select(calls.c.incarnation, func.count().label("number"))
        .join(
            persons_in_call,
            and_(
                persons_in_call.c.order_id == calls.c.order_id,
                persons_in_call.c.call_id == calls.c.call_id,
                persons_in_call.c.person_id == calls.c.caller,
            ),
        )
        .where(calls.c.state != CallState.ENDED)
        .group_by(calls.c.incarnation)
        .subquery()
    )
    number = func.coalesce(carried.c.number, 0)
    found: str | None = await conn.scalar(
        select(media_processes.c.incarnation)
        .outerjoin(carried, carried.c.incarnation == media_processes.c.incarnation)
        .where(
            media_processes.c.lease_until > now,
            media_processes.c.draining.is_(False),
            media_processes.c.incarnation != without,
            number < media_processes.c.capacity,
        )
        .order_by(number * 1.0 / media_processes.c.capacity, media_processes.c.started_at)
        .limit(1)
    )
    return found


async def leave(database: Database, incarnation: str, grace: float) -> None:
    """A media process stops: it takes nothing new, and its calls have `grace` seconds."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(media_processes)
            .where(media_processes.c.incarnation == incarnation)
            .values(draining=True, lease_until=tx.now + timedelta(seconds=grace))
        )


async def hand_over(database: Database, wanted: Sequence[Carried], to: str) -> list[Carried]:
    """Let a media process carry these calls from now on; those that have not ended."""
    moved = []
    for order, call in wanted:
        async with database.transaction() as tx:
            await lock(tx, order)
            done = await tx.conn.execute(
                update(calls)
                .where(
                    calls.c.order_id == order,
                    calls.c.call_id == call,
                    calls.c.state != CallState.ENDED,
                )
                .values(incarnation=to)
            )
        if done.rowcount:
            moved.append((order, call))
    return moved


async def left_behind(conn: AsyncConnection, database: Database) -> list[Carried]:
    """The open calls of processes that are draining or gone."""
    alive = select(media_processes.c.incarnation).where(
        media_processes.c.incarnation == calls.c.incarnation,
        media_processes.c.lease_until > await database.now(),
        media_processes.c.draining.is_(False),
    )
    rows = await conn.execute(
        select(calls.c.order_id, calls.c.call_id)
        .join(
            persons_in_call,
            and_(
                persons_in_call.c.order_id == calls.c.order_id,
                persons_in_call.c.call_id == calls.c.call_id,
                persons_in_call.c.person_id == calls.c.caller,
            ),
        )
        .where(calls.c.state != CallState.ENDED, ~alive.exists())
    )
    return [(OrderId(row.order_id), CallId(row.call_id)) for row in rows]
