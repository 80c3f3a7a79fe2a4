"""A person's orders over HTTP, for the holder of a party token."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from orders import people, timeline, views
from orders.errors import Refused
from orders.events import OrderId
from orders.locking import peek
from realtime import rooms
from realtime.api.answers import Endpoint, answer, edge_of, refuse
from realtime.auth import Identity, bearer

ALLOWED_HEADERS = "Authorization, Accept-Language, Content-Type, Idempotency-Key, X-File-Name"
"""What scripts of host pages may send."""


def for_host_pages(endpoint: Endpoint) -> Endpoint:
    """Let scripts of the allowed host pages ask, and read the answer.

    No cookie is ever asked for: the token in the header is the whole permission.
    """

    async def answered(request: Request) -> Response:
        origin = request.headers.get("origin")
        allowed = origin is not None and origin in edge_of(request).settings.allowed_origins
        if request.method == "OPTIONS":
            response = Response(status_code=204)
        else:
            try:
                response = await endpoint(request)
            except Refused as refusal:
                response = refuse(request, refusal)
        response.headers["Vary"] = "Origin"
        if allowed and origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = "600"
        return response

    return answered


def identity_of(request: Request) -> Identity:
    """Return whom the request's token speaks for. Raises `Unauthenticated` and its kinds."""
    return edge_of(request).check_token(bearer(request.headers.get("authorization")))


@for_host_pages
async def inbox(request: Request) -> Response:
    """List the person's orders, the most urgent first."""
    edge, identity = edge_of(request), identity_of(request)
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


@for_host_pages
async def order(request: Request) -> Response:
    """Answer with the room, the person's situation and the newest page of the timeline."""
    edge, identity = edge_of(request), identity_of(request)
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
