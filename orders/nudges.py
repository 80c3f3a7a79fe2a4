"""When a silent seller may be nudged. What the rows say of it; `nudging` is the command."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.events import Role
from orders.locking import LockedOrder
from orders.tables import entries, orders


async def possible_from(conn: AsyncConnection, found: LockedOrder) -> datetime | None:
    """Return from when on the buyer may nudge; None while it is not the seller's turn.

    A seller is silent since it became their turn, or since anything they last did or wrote.
    """
    facts = found.facts
    if facts.turn is not Role.SELLER:
        return None
    seller = next(m.person for m in found.owes.members if m.role is Role.SELLER)
    heard: datetime | None = await conn.scalar(
        select(entries.c.at)
        .where(entries.c.order_id == found.id, entries.c.actor == seller)
        .order_by(entries.c.seq.desc())
        .limit(1)
    )
    nudged: datetime | None = await conn.scalar(
        select(orders.c.nudged_at).where(orders.c.id == found.id)
    )
    silent = max(facts.turn_since, heard or facts.turn_since)
    first = silent + timedelta(seconds=facts.policy.nudge_after)
    if nudged is None:
        return first
    return max(first, nudged + timedelta(seconds=facts.policy.nudge_every))
