"""The buyer nudges a silent seller: an entry, and a mail at once; rarely, or it would be noise."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil

from sqlalchemy import update

from orders import timeline
from orders.commands import begin, command_digest
from orders.database import Database
from orders.errors import Blocked, NotYours, TooEarly, WrongState
from orders.events import OrderId, PersonId, Role, SellerNudged
from orders.nudges import possible_from
from orders.tables import orders
from orders.timeline import Draft, Position

NUDGE = "order.nudge"


async def nudge(database: Database, order: OrderId, person: PersonId, client_id: str) -> Position:
    """Nudge the seller. Only the buyer may, and only while the seller's turn passes in silence.

    Raises `OrderUnknown`, `NotYours`, `Blocked`, `WrongState` if it is not the seller's turn,
    `TooEarly` with the moment from which it is possible, `IdReused`, `Unavailable`; nothing was
    changed.
    """
    content = command_digest(NUDGE)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        role = locked.role_of(person)
        if role is not Role.BUYER:
            raise NotYours(verb=NUDGE, role=role)
        if locked.facts.apart:
            raise Blocked(verb=NUDGE)
        possible = await possible_from(tx.conn, locked)
        if possible is None:
            raise WrongState(verb=NUDGE, state=locked.facts.state)
        now = max(tx.now, locked.head.at)
        if now < possible:
            raise _too_early(possible, now)
        draft = Draft(person, SellerNudged(), client_id, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        await tx.conn.execute(update(orders).where(orders.c.id == order).values(nudged_at=told.at))
        return Position(told.seq, told.at)


def _too_early(possible: datetime, now: datetime) -> TooEarly:
    shown = possible.astimezone(UTC).isoformat(timespec="seconds")
    left = ceil((possible - now).total_seconds())
    return TooEarly(verb=NUDGE, possible_at=shown.replace("+00:00", "Z"), retry_after=left)
