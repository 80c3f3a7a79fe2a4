"""Somebody's orders at a glance: what waits in each, its head, its nearest clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among, some
from orders.deadlines import after_outages
from orders.events import OrderId, PersonId, Role, State, Timer
from orders.nudges import SPOKEN
from orders.outages import outages_after
from orders.tables import calls, entries, orders, participants, persons, timers


class InboxRow(msgspec.Struct, frozen=True):
    """One order in a person's list, with what makes it urgent."""

    order: OrderId
    title: str
    state: State
    role: Role
    other: str
    head: int
    unread: int
    """`UNREAD_MOST` stands for so many or more."""
    due: datetime | None
    my_turn: bool
    rings: bool
    """The other party calls this person now."""


async def heads(conn: AsyncConnection, ids: Sequence[OrderId]) -> dict[OrderId, int]:
    """Return the last seq of each order; one query for all of them."""
    rows = await conn.execute(select(orders.c.id, orders.c.last_seq).where(among(orders.c.id, ids)))
    return {row.id: row.last_seq for row in rows}


async def dues(conn: AsyncConnection, ids: Sequence[OrderId]) -> dict[OrderId, datetime]:
    """Return when the nearest clock of each order is due; orders without one are left out.

    What an outage took is given back already, told or not. The order's longest life is not
    among them: it is far away, and no countdown shows it.
    """
    rows = (
        await conn.execute(
            select(
                timers.c.order_id, timers.c.start, timers.c.due, timers.c.credited
            ).where(
                among(timers.c.order_id, ids),
                timers.c.ref == "",
                timers.c.timer != Timer.ORDER_LIFE,
            )
        )
    ).all()  # fmt: skip
    if not rows:
        return {}
    lost = await outages_after(conn, min(row.credited for row in rows))
    nearest: dict[OrderId, datetime] = {}
    for row in rows:
        due = after_outages(row.start, row.due, row.credited, lost)
        nearest[row.order_id] = min(due, nearest.get(row.order_id, due))
    return nearest


async def opened(
    conn: AsyncConnection, persons: Sequence[PersonId], since: datetime
) -> list[tuple[OrderId, PersonId]]:
    """Return the orders that may be new to these persons since then, each with its member.

    They were opened since; or the person is their mediator, who comes later, and something has
    happened in them since.
    """
    rows = await conn.execute(
        select(participants.c.order_id, participants.c.person_id)
        .join(orders, orders.c.id == participants.c.order_id)
        .where(
            among(participants.c.person_id, persons),
            participants.c.revoked_at.is_(None),
            or_(
                orders.c.created_at >= since,
                and_(participants.c.role == Role.MEDIATOR, orders.c.last_at >= since),
            ),
        )
    )
    return [(row.order_id, row.person_id) for row in rows]


async def mediated(
    conn: AsyncConnection, ids: Sequence[OrderId], since: datetime
) -> list[tuple[OrderId, PersonId]]:
    """Return the mediators of those orders in which something has happened since then."""
    rows = await conn.execute(
        select(participants.c.order_id, participants.c.person_id)
        .join(orders, orders.c.id == participants.c.order_id)
        .where(
            among(participants.c.order_id, ids),
            participants.c.role == Role.MEDIATOR,
            participants.c.revoked_at.is_(None),
            orders.c.last_at >= since,
        )
    )
    return [(row.order_id, row.person_id) for row in rows]


async def inbox(
    conn: AsyncConnection, person: PersonId, order: OrderId | None = None
) -> list[InboxRow]:
    """List the person's orders, the most urgent deadline first; or only one of them.

    Unread counts the others' messages and files beyond the person's read mark, without those
    that were withdrawn or erased.
    """
    return (await _inboxes(conn, [person], order)).get(person, [])


async def inboxes(conn: AsyncConnection, of: Sequence[PersonId]) -> dict[PersonId, list[InboxRow]]:
    """Do `inbox` for several persons; one who has no orders is left out."""
    return await _inboxes(conn, of, None)


async def _inboxes(
    conn: AsyncConnection, of: Sequence[PersonId], order: OrderId | None
) -> dict[PersonId, list[InboxRow]]:
    told = {"persons": list(of), **({} if order is None else {"order": order})}
    rows = list(await conn.execute(_ALL_LINES if order is None else _ONE_LINE, told))
    fair = await dues(conn, list({row.id for row in rows if row.due is not None}))
    # an outage may have put some off that the database still counts as the nearest
    rows.sort(key=lambda row: fair.get(row.id, NEVER))
    found: dict[PersonId, list[InboxRow]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(
            InboxRow(
                row.id, row.title, State(row.state), Role(row.role), row.other, row.last_seq,
                row.unread, fair.get(row.id), my_turn=_my_turn(row, row.person_id),
                rings=row.rings,
            )
        )  # fmt: skip
    return found


def _inbox_lines(*, one: bool) -> Select[Any]:
    """Select lines of inboxes. Built once: to build it takes longer than to ask it."""
    mine, theirs, other = participants.alias("mine"), participants.alias("theirs"), persons
    next_due = (
        select(func.min(timers.c.due))
        .where(
            timers.c.order_id == orders.c.id,
            timers.c.ref == "",
            timers.c.timer != Timer.ORDER_LIFE,
        )
        .scalar_subquery()
    )
    urgency = (next_due.is_(None), next_due, orders.c.created_at.desc())
    chosen = (
        select(
            mine.c.person_id, mine.c.role, mine.c.read_seq, mine.c.order_id,
            next_due.label("due"),
            func.row_number().over(partition_by=mine.c.person_id, order_by=urgency).label("place"),
        )
        .join(orders, orders.c.id == mine.c.order_id)
        .where(
            among(mine.c.person_id, some("persons")),
            mine.c.revoked_at.is_(None),
        )
    )  # fmt: skip
    if one:
        chosen = chosen.where(mine.c.order_id == bindparam("order"))
    me = chosen.subquery("chosen")
    waiting = (
        select(literal(1))
        .where(
            entries.c.order_id == orders.c.id,
            entries.c.seq > me.c.read_seq,
            entries.c.kind.in_(SPOKEN),
            entries.c.payload.is_not(None),
            entries.c.actor != me.c.person_id,
        )
        .limit(UNREAD_MOST)
        .correlate(orders, me)
        .subquery()
    )
    unread = select(func.count()).select_from(waiting).scalar_subquery()
    rings = (
        select(calls.c.call_id)
        .where(
            calls.c.order_id == orders.c.id,
            calls.c.state == "ringing",
            calls.c.callee == me.c.person_id,
        )
        .exists()
    )
    # in a question it is the turn of whoever was spoken to last; first it is the buyer's
    spoke_last = (
        select(entries.c.actor)
        .where(entries.c.order_id == orders.c.id, entries.c.kind.in_(SPOKEN))
        .order_by(entries.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    asked = case((orders.c.state == State.QUESTION, func.coalesce(spoke_last, "")), else_=None)
    opposite = case((me.c.role == Role.BUYER, Role.SELLER.value), else_=Role.BUYER.value)
    return (
        select(
            orders, me.c.person_id, me.c.role, me.c.due, other.c.name.label("other"),
            unread.label("unread"), rings.label("rings"), asked.label("spoke_last"),
        )
        .join(me, me.c.order_id == orders.c.id)
        .join(theirs, and_(theirs.c.order_id == orders.c.id, theirs.c.role == opposite))
        .join(other, other.c.id == theirs.c.person_id)
        .where(me.c.place <= INBOX_MAX)
        .order_by(me.c.person_id, me.c.place)
    )  # fmt: skip


def _my_turn(row: Row[Any], person: PersonId) -> bool:
    if row.role == Role.MEDIATOR:
        return bool(row.state == State.FROZEN)  # both wait for what they decide
    if row.spoke_last is None:
        return bool(row.turn == row.role)
    return bool(row.spoke_last != person if row.spoke_last else row.role == Role.BUYER)


NEVER = datetime.max.replace(tzinfo=UTC)
INBOX_MAX = 500
"""The most orders an inbox lists."""
UNREAD_MOST = 100
"""The most unread messages that are counted in an order: nobody counts further, and whoever was
away for long must not wait for it."""
_ALL_LINES, _ONE_LINE = _inbox_lines(one=False), _inbox_lines(one=True)
