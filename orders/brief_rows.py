"""The rows of the readiness list. Written only under the lock of their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.brief import BriefItem
from orders.database import Transaction
from orders.events import OrderId
from orders.tables import brief_items

_decoder = msgspec.json.Decoder(BriefItem)
_encode = msgspec.json.Encoder().encode


async def items_of(conn: AsyncConnection, order: OrderId) -> tuple[BriefItem, ...]:
    """Return the order's list, in its order."""
    return (await items_of_all(conn, [order])).get(order, ())


async def items_of_all(
    conn: AsyncConnection, ids: Sequence[OrderId]
) -> dict[OrderId, tuple[BriefItem, ...]]:
    """Return the lists of several orders; one that has none is left out."""
    rows = await conn.execute(
        select(brief_items.c.order_id, brief_items.c.content)
        .where(among(brief_items.c.order_id, ids))
        .order_by(brief_items.c.order_id, brief_items.c.place)
    )
    return {
        OrderId(order): tuple(_decoder.decode(row.content) for row in group)
        for order, group in groupby(rows, key=attrgetter("order_id"))
    }


async def save_items(
    tx: Transaction, order: OrderId, items: Sequence[BriefItem], before: Sequence[BriefItem] = ()
) -> None:
    """Write what changed from `before` to `items`; items are never taken away or moved."""
    known = {item.item: item for item in before}
    fresh = [
        {"order_id": order, "item": item.item, "place": place, "content": _encode(item)}
        for place, item in enumerate(items)
        if item.item not in known
    ]
    if fresh:
        await tx.conn.execute(insert(brief_items), fresh)
    for item in items:
        if known.get(item.item, item) != item:
            await tx.conn.execute(
                update(brief_items)
                .where(brief_items.c.order_id == order, brief_items.c.item == item.item)
                .values(content=_encode(item))
            )
