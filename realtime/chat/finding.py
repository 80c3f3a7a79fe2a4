"""Searching, for a socket or a call over HTTP."""

from __future__ import annotations

from orders.events import OrderId
from orders.search import Results, search
from realtime.auth import Identity
from realtime.edge import Edge


async def find(
    edge: Edge, identity: Identity, asked: str, order: OrderId | None, before: str | None
) -> Results:
    """Find what was said in one order, or in all that the token reaches.

    Raises `RateExceeded`, and what `orders.search.search` raises.
    """
    limits = edge.limits
    await edge.rates.take(
        "searches_per_second", identity.person, limits.searches_per_second, limits.searches_burst
    )
    reach = None if identity.orders is None else list(identity.orders)
    return await search(edge.database, identity.person, asked, order, before, reach)
