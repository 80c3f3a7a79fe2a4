"""Reading an order for its record: everything a member may know, in one consistent look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId
from orders.record import Bought, Line, Member, Record, SealingKey
from orders.tables import entries, micros, orders, participants, persons
from orders.views import role_of

Story = tuple[Bought, list[Member], list[Line]]
"""What a record says: the order, its members, its entries."""


async def gather(conn: AsyncConnection, order: OrderId, person: PersonId) -> Story:
    """Read what the record of an order says. Raises `OrderUnknown` for a stranger."""
    await role_of(conn, order, person)
    # one statement, so that the state, the entries and what was erased fit each other
    rows = (
        await conn.execute(
            select(
                entries.c.seq, entries.c.at, entries.c.actor, entries.c.kind, entries.c.payload,
                entries.c.salt, entries.c.digest, entries.c.link,
                orders.c.reference, orders.c.title, orders.c.category, orders.c.price_cents,
                orders.c.currency, orders.c.created_at, orders.c.state,
            )
            .join(orders, orders.c.id == entries.c.order_id)
            .where(entries.c.order_id == order)
            .order_by(entries.c.seq)
        )
    ).all()  # fmt: skip
    if not rows:
        raise OrderUnknown(order=order)
    found = await conn.execute(
        select(persons.c.id, participants.c.role, persons.c.name)
        .join(participants, participants.c.person_id == persons.c.id)
        .where(participants.c.order_id == order)
        .order_by(participants.c.role)
    )
    about = rows[-1]
    bought = Bought(
        order, about.reference, about.title, about.category, about.price_cents, about.currency,
        micros(about.created_at), about.state,
    )  # fmt: skip
    lines = [
        Line(
            row.seq, micros(row.at), row.actor, row.kind,
            None if row.payload is None else bytes(row.payload).decode(),
            None if row.salt is None else bytes(row.salt).hex(),
            bytes(row.digest).hex(), bytes(row.link).hex(),
        )
        for row in rows
    ]  # fmt: skip
    return bought, [Member(row.id, row.role, row.name) for row in found], lines


def sealed(story: Story, key: SealingKey, now: datetime) -> Record:
    """Make the record of what was gathered."""
    return key.seal(*story, micros(now))
