"""Whose words are awaited, and when a silent seller may be nudged; `nudging` is the command."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.events import Role, State
from orders.locking import LockedOrder
from orders.tables import entries, orders

SPOKEN = ("message_sent", "file_shared")
"""Kinds of entries in which somebody says something to the others."""


async def awaiting_words(conn: AsyncConnection, found: LockedOrder) -> LockedOrder:
    """Say whose turn it is in a question: the other's of who spoke last; first the buyer's."""
    last = (
        await conn.execute(
            select(entries.c.actor, entries.c.at)
            .where(entries.c.order_id == found.id, entries.c.kind.in_(SPOKEN))
            .order_by(entries.c.seq.desc())
            .limit(1)
        )
    ).first()
    sellers = last is not None and found.part_of(last.actor) is Role.BUYER
    facts = msgspec.structs.replace(
        found.facts,
        turn=Role.SELLER if sellers else Role.BUYER,
        turn_since=last.at if last else found.facts.turn_since,
    )
    return msgspec.structs.replace(found, facts=facts)


async def possible_from(conn: AsyncConnection, found: LockedOrder) -> datetime | None:
    """Return from when on the buyer may nudge.

    None while it is not the seller's turn, and where one of the two blocks the other. A seller is
    silent since it became their turn, or since anything they last did or wrote.
    """
    if found.facts.state is State.QUESTION:
        found = await awaiting_words(conn, found)
    facts = found.facts
    if facts.turn is not Role.SELLER or facts.apart:
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
