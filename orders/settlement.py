"""The port to the marketplace's payment system: what it has to carry out, and what it did.

Ordering a movement and carrying it out are two things. The order room decides and writes that
money moves; the marketplace's backend reads what is not confirmed yet, carries it out, and
confirms each movement with its own reference. Reading needs no cursor: what is not confirmed
is listed again, so nothing is ever lost, and confirming twice changes nothing. A movement that
was refused stays on the list until it is confirmed. A charge for an added option is on it too,
until it is confirmed or called off.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import options, timeline
from orders.database import Database
from orders.errors import IdReused, MovementUnknown
from orders.events import MARKETPLACE, MoneyConfirmed, MoneyRefused, OrderId
from orders.locking import lock
from orders.money import Account, Means, MovementKind, Settled, kind_named, option_of
from orders.tables import movements, orders, payments, proposals
from orders.timeline import Draft

LISTED_MOST = 1000

SIDES = {
    MovementKind.HOLD: (Account.PAYMENT, Account.ESCROW),
    MovementKind.REFUND: (Account.ESCROW, Account.PAYMENT),
    MovementKind.RELEASE: (Account.ESCROW, Account.SELLER),
    MovementKind.EXPIRE: (Account.ESCROW, Account.PLATFORM),
}
"""From where to where money of each kind goes."""


class Unconfirmed(msgspec.Struct, frozen=True):
    """A movement that the payment system has to carry out. (order, movement) names it."""

    order: OrderId
    movement: str
    kind: MovementKind
    source: Account
    target: Account
    cents: int
    currency: str
    means: Means
    """The buyer's means of payment: where a refund goes, and what an option is charged to."""
    seq: int
    """The entry that tells it."""
    at: datetime
    state: Settled
    reason: str | None = None
    """Why the payment system refused it, if it did."""
    option: str = ""
    """What the buyer is charged for: the added option's title; empty for any other movement."""


async def unconfirmed(conn: AsyncConnection, limit: int = LISTED_MOST) -> list[Unconfirmed]:
    """List what waits to be carried out, the oldest first; what was refused comes after the rest.

    However many cannot be carried out, what can be is not kept from the list by them.
    """
    rows = (
        await conn.execute(
            select(movements, orders.c.currency, payments.c.means)
            .join(orders, orders.c.id == movements.c.order_id)
            .join(payments, payments.c.order_id == movements.c.order_id)
            .where(movements.c.state != Settled.CONFIRMED, movements.c.state != Settled.CALLED_OFF)
            .order_by(
                movements.c.state == Settled.REFUSED,
                movements.c.at,
                movements.c.order_id,
                movements.c.movement,
            )
            .limit(limit)
        )
    ).all()
    charged = [(row.order_id, option_of(row.movement)) for row in rows]
    named = await conn.execute(
        select(proposals.c.order_id, proposals.c.seq, proposals.c.title).where(
            tuple_(proposals.c.order_id, proposals.c.seq).in_([c for c in charged if c[1]])
        )
    )
    titles = {(row.order_id, row.seq): row.title for row in named}
    found: list[Unconfirmed] = []
    for row in rows:
        kind = kind_named(row.movement)
        source, target = SIDES[kind]
        found.append(
            Unconfirmed(
                row.order_id, row.movement, kind, source, target, row.cents, row.currency,
                Means(row.means), row.seq, row.at, Settled(row.state), row.reason,
                titles.get((row.order_id, option_of(row.movement)), ""),
            )
        )  # fmt: skip
    return found


async def confirm(database: Database, order: OrderId, movement: str, reference: str) -> None:
    """Note that a movement was carried out, under the payment system's own reference.

    Repeat-safe: the same reference again changes nothing. Raises `OrderUnknown`,
    `MovementUnknown`, and `IdReused` if it was confirmed under another reference.
    """
    await _settle(database, order, movement, Settled.CONFIRMED, reference)


async def refuse(database: Database, order: OrderId, movement: str, reason: str) -> None:
    """Note that a movement could not be carried out; it stays listed until it is confirmed.

    Repeat-safe. Raises `OrderUnknown`, `MovementUnknown`, `IdReused` if it was confirmed.
    """
    await _settle(database, order, movement, Settled.REFUSED, reason)


async def _settle(
    database: Database, order: OrderId, movement: str, outcome: Settled, words: str
) -> None:
    # what is said again by who did not hear that it was noted, nobody else may have heard of either
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        named = (movements.c.order_id == order) & (movements.c.movement == movement)
        row = (await tx.conn.execute(select(movements).where(named))).first()
        if row is None:
            raise MovementUnknown(movement=movement)
        if row.state == Settled.CONFIRMED:
            if outcome is Settled.CONFIRMED and row.reference in {None, words}:
                tx.announcements.append(timeline.unmoved(locked.head))
                return
            raise IdReused(id=movement)
        if row.state == outcome and row.reason == words:
            tx.announcements.append(timeline.unmoved(locked.head))
            return
        confirmed = outcome is Settled.CONFIRMED
        if row.state == Settled.CALLED_OFF and not confirmed:
            return  # nobody waits for it any more
        option = option_of(movement)
        if option is None:
            told = MoneyConfirmed if confirmed else MoneyRefused
            event = told(row.seq, row.cents, locked.facts.currency)
            await timeline.append(tx, locked.head, locked.owes, [Draft(MARKETPLACE, event)])
        elif confirmed:
            await options.paid(tx, locked, option, row.seq)
        else:
            await options.unpaid(tx, locked, option, row.seq)
        await tx.conn.execute(
            update(movements)
            .where(named)
            .values(
                state=outcome,
                settled_at=tx.now,
                **({"reference": words} if confirmed else {"reason": words}),
            )
        )
