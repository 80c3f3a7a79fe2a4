"""Taking a member's access to an order away, and giving it back: the marketplace's to decide.

The member stays in the order's story under their name; what was said and owed stands. They see
nothing of the order from then on, as if they were a stranger.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.database import Database
from orders.events import OrderId, PersonId
from orders.locking import lock
from orders.tables import orders, participants


async def revoke(database: Database, order: OrderId, person: PersonId) -> bool:
    """Take the access away; return whether that changed anything.

    Raises `OrderUnknown` if there is no such order, or the person was never a member of it.
    """
    return await _set(database, order, person, revoked=True)


async def restore(database: Database, order: OrderId, person: PersonId) -> bool:
    """Give the access back; return whether that changed anything. Raises as `revoke`."""
    return await _set(database, order, person, revoked=False)


async def barred(
    conn: AsyncConnection, persons: Collection[PersonId]
) -> dict[PersonId, frozenset[OrderId]]:
    """Return for each of these the orders that they were members of and may not see."""
    found: dict[PersonId, set[OrderId]] = {person: set() for person in persons}
    rows = await conn.execute(
        select(participants.c.person_id, participants.c.order_id).where(
            among(participants.c.person_id, list(found)),
            participants.c.revoked_at.is_not(None),
        )
    )
    for row in rows:
        found[row.person_id].add(row.order_id)
    return {person: frozenset(orders) for person, orders in found.items()}


async def _set(database: Database, order: OrderId, person: PersonId, *, revoked: bool) -> bool:
    async with database.transaction() as tx:
        (await lock(tx, order)).part_of(person)
        is_revoked = participants.c.revoked_at.is_not(None)
        changed = await tx.conn.execute(
            update(participants)
            .where(
                participants.c.order_id == order,
                participants.c.person_id == person,
                ~is_revoked if revoked else is_revoked,
            )
            .values(revoked_at=tx.now if revoked else None)
        )
        # who remembers the order, members included, must see that it is another now
        await tx.conn.execute(
            update(orders).where(orders.c.id == order).values(revision=orders.c.revision + 1)
        )
        return changed.rowcount == 1
