"""What was paid for orders and what of it goes back, for showing it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import money
from orders.among import among
from orders.events import OrderId
from orders.situation import OpenMoney
from orders.tables import movements, payments, postings


async def open_money(conn: AsyncConnection, ids: Sequence[OrderId]) -> dict[OrderId, OpenMoney]:
    """Return what was paid and goes back in some orders; one that is not paid is left out."""
    paid = await conn.execute(
        select(payments.c.order_id, payments.c.means).where(among(payments.c.order_id, ids))
    )
    found = {OrderId(row.order_id): OpenMoney(money.Means(row.means)) for row in paid}
    if not found:
        return {}
    refunds = await conn.execute(
        select(
            postings.c.order_id,
            func.sum(postings.c.cents).label("cents"),
            func.max(postings.c.at).label("at"),
        )
        .where(
            among(postings.c.order_id, list(found)),
            postings.c.movement.startswith(money.MovementKind.REFUND),
            postings.c.account == money.Account.PAYMENT,
        )
        .group_by(postings.c.order_id)
    )
    for row in refunds.all():
        waiting = await conn.scalar(
            select(func.count()).where(
                movements.c.order_id == row.order_id,
                movements.c.movement.startswith(money.MovementKind.REFUND),
                movements.c.state != money.Settled.CONFIRMED,
            )
        )
        means = found[row.order_id].means
        found[row.order_id] = OpenMoney(means, int(row.cents), row.at, confirmed=not waiting)
    return found
