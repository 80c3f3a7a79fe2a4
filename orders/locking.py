"""Taking an order: its row under lock, read into what the rules know.

Every change of an order begins here. On PostgreSQL the row is locked to the end of the
transaction; on SQLite the transaction already holds the only write lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import policy
from orders.among import among
from orders.database import Membership, Owes, Transaction
from orders.decisions import OrderFacts, Paused
from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId, Role, State
from orders.tables import orders, participants
from orders.timeline import Head

_paused = msgspec.json.Decoder(tuple[Paused, ...])


class LockedOrder(msgspec.Struct, frozen=True):
    """An order as it is under its lock. `head` is where the next entry goes.

    Whatever it says is still so while the order's row has this head and this revision.
    """

    facts: OrderFacts
    head: Head
    owes: Owes
    revision: int

    @property
    def id(self) -> OrderId:
        """The order."""
        return self.facts.id

    def role_of(self, person: PersonId) -> Role:
        """Return the part of somebody who asks for something.

        Raises `OrderUnknown` if they have none, or their access was taken away.
        """
        return self._member(person, barred=False).role

    def part_of(self, person: PersonId) -> Role:
        """Return the part of somebody who is spoken of. Raises `OrderUnknown` if they have none."""
        return self._member(person, barred=True).role

    def lets_in(self, person: PersonId) -> bool:
        """Whether somebody has a part in it, and it was not taken away."""
        return any(m.person == person and not m.barred for m in self.owes.members)

    def _member(self, person: PersonId, *, barred: bool) -> Membership:
        for member in self.owes.members:
            if member.person == person and (barred or not member.barred):
                return member
        raise OrderUnknown(order=self.id)

    def other(self, person: PersonId) -> PersonId:
        """Return the other party; to a mediator, the buyer. Raises `OrderUnknown`."""
        role = self.part_of(person)
        opposite = Role.SELLER if role is Role.BUYER else Role.BUYER
        return next(m.person for m in self.owes.members if m.role is opposite)


async def lock(tx: Transaction, order: OrderId) -> LockedOrder:
    """Lock one order, waiting for whoever holds it. Raises `OrderUnknown`."""
    found = await _lock_rows(tx, [order], skip_locked=False)
    if order not in found:
        raise OrderUnknown(order=order)
    return found[order]


async def lock_free(tx: Transaction, ids: Sequence[OrderId]) -> dict[OrderId, LockedOrder]:
    """Lock those of the orders that nobody holds; unknown and held ones are left out."""
    return await _lock_rows(tx, ids, skip_locked=True)


async def hold(tx: Transaction, order: OrderId) -> bool:
    """Lock an order's row whatever stands in it; False if it is held elsewhere or unknown."""
    row = select(orders.c.id).where(orders.c.id == order)
    if tx.locks_rows:
        row = row.with_for_update(skip_locked=True)
    return await tx.conn.scalar(row) is not None


async def peek(conn: AsyncConnection, order: OrderId) -> LockedOrder:
    """Read an order without a lock, for showing it. Raises `OrderUnknown`."""
    found = await peek_all(conn, [order])
    if order not in found:
        raise OrderUnknown(order=order)
    return found[order]


async def peek_all(conn: AsyncConnection, ids: Sequence[OrderId]) -> dict[OrderId, LockedOrder]:
    """Do `peek` for several orders; unknown ones are left out."""
    rows = await conn.execute(select(orders).where(among(orders.c.id, ids)))
    return await _with_members(conn, rows.all())


async def _lock_rows(
    tx: Transaction, ids: Sequence[OrderId], *, skip_locked: bool
) -> dict[OrderId, LockedOrder]:
    # sorted, so that two transactions never wait for each other in a circle
    wanted = select(orders).where(among(orders.c.id, sorted(ids))).order_by(orders.c.id)
    if tx.locks_rows:
        wanted = wanted.with_for_update(skip_locked=skip_locked)
    rows = (await tx.conn.execute(wanted)).all()
    return await _with_members(tx.conn, rows)


async def _with_members(
    conn: AsyncConnection, rows: Sequence[Row[Any]]
) -> dict[OrderId, LockedOrder]:
    if not rows:
        return {}
    members: dict[OrderId, list[Membership]] = {row.id: [] for row in rows}
    found = await conn.execute(
        select(
            participants.c.order_id,
            participants.c.person_id,
            participants.c.role,
            participants.c.revoked_at.is_not(None).label("barred"),
        )
        .where(among(participants.c.order_id, list(members)))
        .order_by(participants.c.role)
    )
    for row in found:
        members[row.order_id].append(Membership(row.person_id, Role(row.role), row.barred))
    return {row.id: locked(row, tuple(members[row.id])) for row in rows}


def locked(row: Any, members: tuple[Membership, ...]) -> LockedOrder:  # noqa: ANN401
    """Read a row of `orders`, whose columns are its attributes, into what the rules know."""
    settings = policy.decode(row.policy)
    return LockedOrder(
        facts=OrderFacts(
            id=row.id,
            state=State(row.state),
            state_since=row.state_since,
            turn=Role(row.turn) if row.turn else None,
            turn_since=row.turn_since,
            brief_handed=row.brief_handed,
            price_cents=row.price_cents,
            held_cents=row.held_cents,
            currency=row.currency,
            chat_tail_over=row.chat_tail_over,
            policy=settings,
            resume=State(row.resume) if row.resume else None,
            refusals=row.refusals,
            dispute_right=row.dispute_right,
            delivery_due=row.delivery_due,
            extra_seconds=row.extra_seconds,
            paused=_paused.decode(row.paused),
            apart=row.apart,
            mediated=any(member.role is Role.MEDIATOR for member in members),
        ),
        head=Head(row.id, row.last_seq, row.last_at, bytes(row.last_link)),
        owes=Owes(members, settings),
        revision=row.revision,
    )
