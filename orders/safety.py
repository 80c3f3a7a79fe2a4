"""Reporting and blocking: what a member does about somebody who behaves badly.

A report goes to the marketplace and to the order's mediator. It is no entry of the timeline: who
was reported must not learn of it from us. It points to a message and copies nothing, so erasing
the message erases it here as well.

On a paid order nobody can be shut out: the work, the steps and the money need both. So blocking
stops what is not needed: calls between the two, nudges, typing and presence, and mails about the
other one's messages. A question that nobody paid for is closed to further messages altogether.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.among import among
from orders.commands import command_digest
from orders.database import Database, Transaction
from orders.errors import (
    IdReused,
    MessageUnknown,
    NotYours,
    ReasonMissing,
    ReportUnknown,
    TextTooLong,
    TooManyOpen,
)
from orders.events import OrderId, PersonId, Role
from orders.locking import LockedOrder, lock
from orders.reacting import ANSWERABLE
from orders.reports import Report, Reported, ReportReason
from orders.tables import entries, orders, participants, reports

REPORTS_MOST = 20
"""Reports of one person on one order."""
LISTED_MOST = 200

Parting = Callable[[Transaction, LockedOrder, PersonId], Awaitable[None]]
"""Ends what the two have going when the person blocks the other, in the same transaction."""


async def report(
    database: Database,
    order: OrderId,
    person: PersonId,
    client_id: str,
    reason: ReportReason,
    message: int | None = None,
    note: str = "",
) -> Reported:
    """Report a message, or the other party. Repeat-safe by the client id.

    Raises `OrderUnknown`, `MessageUnknown`, `ReasonMissing`, `TextTooLong`, `TooManyOpen`,
    `IdReused`, `Unavailable`; nothing was changed.
    """
    note = note.replace("\x00", "").strip()  # a character that PostgreSQL cannot keep
    content = command_digest("report", message, reason, note)
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        other = locked.other(person)
        mine = and_(reports.c.order_id == order, reports.c.person_id == person)
        first = (
            await tx.conn.execute(select(reports).where(mine, reports.c.client_id == client_id))
        ).first()
        if first is not None:
            if first.command_digest != content:
                raise IdReused(id=client_id)
            return Reported(first.report, first.at)
        if len(note) > locked.facts.policy.note_max:
            raise TextTooLong(limit=locked.facts.policy.note_max, length=len(note))
        if reason is ReportReason.OTHER and not note:
            raise ReasonMissing(verb="report")
        about = other if message is None else await _author(tx.conn, order, message)
        if (await tx.conn.scalar(select(func.count()).where(mine)) or 0) >= REPORTS_MOST:
            raise TooManyOpen(limit=REPORTS_MOST, what="reports")
        taken = Reported("r_" + secrets.token_hex(8), tx.now)
        await tx.conn.execute(
            insert(reports).values(
                order_id=order, report=taken.report, person_id=person, client_id=client_id,
                command_digest=content, about=about, message=message, reason=reason, note=note,
                at=taken.at, handled_note="",
            )
        )  # fmt: skip
        return taken


async def reports_of(
    conn: AsyncConnection, order: OrderId | None = None, *, handled: bool = False, limit: int = 100
) -> list[Report]:
    """Return reports that wait, or those that were handled; of one order or of all, by time."""
    wanted = select(reports).order_by(reports.c.at, reports.c.report).limit(limit)
    is_open = reports.c.handled_at.is_(None)
    wanted = wanted.where(~is_open if handled else is_open)
    if order is not None:
        wanted = wanted.where(reports.c.order_id == order)
    return [_report(row) for row in await conn.execute(wanted)]


async def reports_for_mediator(
    conn: AsyncConnection, order: OrderId, role: Role
) -> Sequence[Report]:
    """Return all reports on an order, to its mediator alone. Raises `NotYours`."""
    if role is not Role.MEDIATOR:
        raise NotYours(verb="reports", role=role)
    return [
        *await reports_of(conn, order, limit=LISTED_MOST),
        *await reports_of(conn, order, handled=True, limit=LISTED_MOST),
    ]


async def handle(database: Database, order: OrderId, name: str, note: str) -> Report:
    """Note that a report was looked after. Doing it again changes nothing.

    Raises `ReportUnknown`, `Unavailable`.
    """
    this = and_(reports.c.order_id == order, reports.c.report == name)
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(reports)
            .where(this, reports.c.handled_at.is_(None))
            .values(handled_at=tx.now, handled_note=note)
        )
        row = (await tx.conn.execute(select(reports).where(this))).first()
        if row is None:
            raise ReportUnknown
        return _report(row)


async def block(
    database: Database,
    order: OrderId,
    person: PersonId,
    *,
    on: bool,
    parting: Parting | None = None,
) -> bool:
    """Block the other party, or stop doing so; return whether the two are apart now.

    Doing it again changes nothing. `parting` is done when the person begins to block.

    Raises `OrderUnknown`, `NotYours` for a mediator, who is the one to turn to; `Unavailable`.
    """
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        role = locked.role_of(person)
        if role is Role.MEDIATOR:
            raise NotYours(verb="block", role=role)
        mine = and_(participants.c.order_id == order, participants.c.person_id == person)
        moved = await tx.conn.execute(
            update(participants).where(mine, participants.c.blocking != on).values(blocking=on)
        )
        if not moved.rowcount:
            return locked.facts.apart
        others = await tx.conn.scalar(
            select(func.count()).where(
                participants.c.order_id == order,
                participants.c.person_id != person,
                participants.c.blocking,
            )
        )
        apart = on or bool(others)
        await tx.conn.execute(update(orders).where(orders.c.id == order).values(apart=apart))
        tx.announcements.append(timeline.unmoved(locked.head, situation=True))
        if on and parting is not None:
            await parting(tx, locked, person)
        return apart


async def apart_of(conn: AsyncConnection, ids: Sequence[OrderId]) -> set[OrderId]:
    """Return those of the orders in which one of the two blocks the other."""
    return set(
        await conn.scalars(select(orders.c.id).where(among(orders.c.id, ids), orders.c.apart))
    )


async def _author(conn: AsyncConnection, order: OrderId, message: int) -> PersonId:
    found = await conn.scalar(
        select(entries.c.actor).where(
            entries.c.order_id == order,
            entries.c.seq == message,
            entries.c.kind.in_(ANSWERABLE),
        )
    )
    if found is None:
        raise MessageUnknown(message=message)
    return PersonId(found)


def _report(row: Row[Any]) -> Report:
    return Report(
        row.order_id, row.report, row.person_id, row.about, row.message,
        ReportReason(row.reason), row.note, row.at, row.handled_at, row.handled_note,
    )  # fmt: skip
