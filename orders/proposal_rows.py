"""The rows of proposals. Written only under the lock of their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.database import Transaction
from orders.errors import ProposalOpen, ProposalUnknown
from orders.events import OrderId, Timer
from orders.proposals import TALK_GRACE, Outcome, Proposal, ProposalKind
from orders.tables import proposals

_encode = msgspec.json.Encoder().encode
_times = msgspec.json.Decoder(tuple[datetime, ...]).decode


WAITS = or_(
    proposals.c.state.in_((Outcome.OPEN, Outcome.UNPAID)),
    and_(proposals.c.state == Outcome.ACCEPTED, proposals.c.kind == ProposalKind.OPTION),
)
"""Rows of proposals that wait for an answer, or for the payment of what was agreed."""


async def open_ones(conn: AsyncConnection, order: OrderId) -> tuple[Proposal, ...]:
    """Return the proposals that wait for an answer or for their payment, oldest first."""
    return (await open_ones_of(conn, [order])).get(order, ())


async def open_ones_of(
    conn: AsyncConnection, ids: Sequence[OrderId]
) -> dict[OrderId, tuple[Proposal, ...]]:
    """Return the same of several orders; one that has none is left out."""
    rows = await conn.execute(
        select(proposals)
        .where(among(proposals.c.order_id, ids), WAITS)
        .order_by(proposals.c.order_id, proposals.c.seq)
    )
    return {
        OrderId(order): tuple(map(_proposal, group))
        for order, group in groupby(rows, key=attrgetter("order_id"))
    }


async def find(conn: AsyncConnection, order: OrderId, seq: int) -> Proposal:
    """Return a proposal by its seq. Raises `ProposalUnknown`."""
    row = (
        await conn.execute(
            select(proposals).where(proposals.c.order_id == order, proposals.c.seq == seq)
        )
    ).first()
    if row is None:
        raise ProposalUnknown(proposal=seq)
    return _proposal(row)


async def only_one(conn: AsyncConnection, order: OrderId, kind: ProposalKind) -> None:
    """Raise `ProposalOpen` if one of this kind waits for its answer."""
    for proposal in await open_ones(conn, order):
        if proposal.kind is kind and proposal.outcome is Outcome.OPEN:
            raise ProposalOpen(proposal=proposal.seq)


async def times_agreed(conn: AsyncConnection, order: OrderId, timer: Timer) -> int:
    """Count how often a clock was lengthened by agreement."""
    found = await conn.scalar(
        select(func.count()).where(
            proposals.c.order_id == order,
            proposals.c.timer == timer,
            proposals.c.state == Outcome.ACCEPTED,
        )
    )
    return found or 0


async def save(tx: Transaction, order: OrderId, proposal: Proposal) -> None:
    """Keep a new proposal."""
    await tx.conn.execute(
        insert(proposals).values(
            order_id=order,
            seq=proposal.seq,
            kind=proposal.kind,
            person_id=proposal.by,
            state=proposal.outcome,
            timer=proposal.timer,
            amount=proposal.amount,
            note=proposal.note,
            at=proposal.at,
            times=_encode(proposal.times) if proposal.times else None,
            call_id=proposal.call,
            title=proposal.title,
            seconds=proposal.seconds,
        )
    )


async def settle(
    tx: Transaction, order: OrderId, seq: int, outcome: Outcome, agreed_at: datetime | None = None
) -> None:
    """Write what became of a proposal; `agreed_at` is the time to talk that was chosen."""
    await tx.conn.execute(
        update(proposals)
        .where(proposals.c.order_id == order, proposals.c.seq == seq)
        .values(state=outcome, agreed_at=agreed_at)
    )


class Shown(msgspec.Struct, frozen=True):
    """What waits for an answer or its payment, oldest first, and the next time to talk."""

    waiting: tuple[Proposal, ...] = ()
    talk_at: datetime | None = None


async def shown(
    conn: AsyncConnection, ids: Sequence[OrderId], now: datetime
) -> dict[OrderId, Shown]:
    """Return what is shown of proposals in some orders; one without any is left out.

    A time to talk is shown until `TALK_GRACE` after it.
    """
    rows = await conn.execute(
        select(proposals)
        .where(
            among(proposals.c.order_id, ids),
            or_(WAITS, proposals.c.agreed_at > now - TALK_GRACE),
        )
        .order_by(proposals.c.order_id, proposals.c.seq)
    )
    return {
        OrderId(order): _shown(list(group))
        for order, group in groupby(rows, key=attrgetter("order_id"))
    }


def _shown(rows: Sequence[Row[Any]]) -> Shown:
    talks = [row.agreed_at for row in rows if row.agreed_at is not None]
    waiting = tuple(_proposal(row) for row in rows if row.agreed_at is None)
    return Shown(waiting, min(talks, default=None))


async def lapse(tx: Transaction, gone: Sequence[tuple[OrderId, int]]) -> None:
    """Write that proposals lapsed, each given by its order and seq."""
    if gone:
        await tx.conn.execute(_LAPSE, [{"o": order, "p": seq} for order, seq in gone])


_LAPSE = (
    update(proposals)
    .where(proposals.c.order_id == bindparam("o"), proposals.c.seq == bindparam("p"))
    .values(state=Outcome.LAPSED)
)


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        seq=row.seq,
        kind=ProposalKind(row.kind),
        by=row.person_id,
        amount=row.amount,
        at=row.at,
        timer=Timer(row.timer) if row.timer else None,
        note=row.note,
        outcome=Outcome(row.state),
        times=_times(row.times) if row.times else (),
        call=row.call_id,
        title=row.title,
        seconds=row.seconds,
    )
