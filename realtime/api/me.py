"""A person's orders over HTTP, for the holder of a party token."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from orders import people, timeline, views
from orders.events import OrderId
from orders.locking import peek
from realtime import rooms
from realtime.api.answers import answer, edge_of
from realtime.auth import Identity, bearer


def _identity(request: Request) -> Identity:
    return edge_of(request).tokens.check(bearer(request.headers.get("authorization")))


async def inbox(request: Request) -> Response:
    """List the person's orders, the most urgent first."""
    edge, identity = edge_of(request), _identity(request)
    async with edge.database.reading() as conn:
        rows = await views.inbox(conn, identity.person)
    return answer(
        {
            "now": await edge.database.now(),
            "lines": [
                rooms.line(row)
                for row in rows
                if identity.orders is None or row.order in identity.orders
            ],
        }
    )


async def order(request: Request) -> Response:
    """Answer with the room, the person's situation and the newest page of the timeline."""
    edge, identity = edge_of(request), _identity(request)
    wanted = identity.within(OrderId(request.path_params["order"]))
    async with edge.database.reading() as conn:
        room = await views.room(conn, wanted)
        me = room.party(identity.person)
        policy = (await peek(conn, wanted)).facts.policy
        rows = await timeline.read_before(conn, wanted, room.head + 1, edge.limits.page_entries)
        known = await people.known(conn, identity.person)
    language = identity.language or (known.language if known else "")
    return answer(
        {
            "room": rooms.room_frame(room, me.role, policy, edge.hub),
            "situation": await rooms.situation(edge.database, identity.person, language, wanted),
            "after": rows[0].seq - 1 if rows else 0,
            "upto": rows[-1].seq if rows else 0,
            "link": bytes(rows[-1].link).hex() if rows else "",
            "epoch": edge.epoch,
            "entries": [msgspec.Raw(timeline.wire(row)) for row in rows],
        }
    )
