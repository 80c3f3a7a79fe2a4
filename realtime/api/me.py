"""A person's orders over HTTP, for the holder of a party token."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from orders import people, safety, timeline, views
from orders.commands import Ref
from orders.errors import Malformed, Refused
from orders.events import OrderId, PersonId
from orders.inbox import inbox as inbox_of
from orders.locking import peek
from orders.search import search
from realtime import rooms
from realtime.api.answers import Endpoint, answer, edge_of, order_of, query_number, read, refuse
from realtime.auth import Identity, bearer, check_service_key, known_identity
from realtime.bus import PresenceHidden
from realtime.protocol import SEQ_MAX

ALLOWED_HEADERS = (
    "Authorization, Accept-Language, Content-Type, Idempotency-Key, X-File-Name,"
    " X-Voice-Note, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset"
)
"""What scripts of host pages may send."""
EXPOSED_HEADERS = (
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Upload-Offset, Upload-Length,"
    " Upload-Expires, Order-File, Order-Seq"
)
"""What they may read of an answer, beside its body."""
BEHALF = "X-On-Behalf-Of"


def for_host_pages(endpoint: Endpoint) -> Endpoint:
    """Let scripts of the allowed host pages ask, and read the answer.

    No cookie is ever asked for: the token in the header is the whole permission.
    """

    async def answered(request: Request) -> Response:
        request.state.share = _share  # also what is answered when it is our own mistake
        if request.method == "OPTIONS":
            response = Response(status_code=204)
        else:
            try:
                response = await endpoint(request)
            except Refused as refusal:
                response = refuse(request, refusal)
        return _share(request, response)

    return answered


def _share(request: Request, response: Response) -> Response:
    """Let the allowed host page that asked read the answer."""
    origin = request.headers.get("origin")
    response.headers.add_vary_header("Origin")
    if origin is not None and origin in edge_of(request).settings.allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        response.headers["Access-Control-Max-Age"] = "600"
    return response


async def identity_of(request: Request) -> Identity:
    """Return for whom the request is made: whom its token speaks for.

    The holder of the service key names the person in `X-On-Behalf-Of`: what that person may do,
    it may do for them. No script of a page may send that header.

    Raises `Unauthenticated` and its kinds, `Malformed` for a name that is none, `RateExceeded`
    if that person's calls come too fast, and `Unavailable`.
    """
    edge, told = edge_of(request), request.headers.get("authorization")
    named = request.headers.get(BEHALF)
    if named is None:
        identity = edge.check_token(bearer(told))
    else:
        if edge.settings.service_key is None:
            raise AssertionError("served without a service key")
        check_service_key(told, edge.settings.service_key)
        try:
            person = PersonId(msgspec.convert(named, Ref))
        except msgspec.ValidationError:
            raise Malformed(where=BEHALF) from None
        now = datetime.now(UTC)
        identity = Identity(person, token_ends=now, ends=now)
    limits = edge.limits
    await edge.rates.take(
        "commands_per_second", identity.person, limits.commands_per_second, limits.commands_burst
    )
    async with edge.database.reading() as conn:
        return await known_identity(conn, identity)


@for_host_pages
async def inbox(request: Request) -> Response:
    """List the person's orders, the most urgent first."""
    edge, identity = edge_of(request), await identity_of(request)
    async with edge.database.reading() as conn:
        rows = await inbox_of(conn, identity.person)
    return answer(
        {
            "now": await edge.database.now(),
            "lines": [rooms.line(row) for row in rows if identity.reaches(row.order)],
        }
    )


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person prefers, in all their orders."""

    hide_presence: bool


@for_host_pages
async def preferences(request: Request) -> Response:
    """Tell what the person prefers, or take something else over."""
    edge, identity = edge_of(request), await identity_of(request)
    if request.method == "POST":
        wishes = await read(request, Wishes)
        await people.hide_presence(edge.database, identity.person, on=wishes.hide_presence)
        edge.hub.signal(PresenceHidden(identity.person, wishes.hide_presence))
        return answer(wishes)
    async with edge.database.reading() as conn:
        known = await people.known(conn, identity.person)
    return answer(Wishes(known is not None and known.hides_presence))


@for_host_pages
async def found(request: Request) -> Response:
    """Find what was said, in one order or in all of the person's."""
    edge, identity = edge_of(request), await identity_of(request)
    told = request.query_params
    wanted = None
    if named := told.get("order"):
        try:
            wanted = identity.within(OrderId(msgspec.convert(named, Ref)))
        except msgspec.ValidationError:
            raise Malformed(where="order") from None
    await edge.rates.take_search(identity.person)
    asked, before = told.get("q", ""), told.get("before")
    return answer(
        await search(edge.database, identity.person, asked, wanted, before, identity.orders)
    )


@for_host_pages
async def order(request: Request) -> Response:
    """Answer with the room, the person's situation and the newest page of the timeline."""
    edge, identity = edge_of(request), await identity_of(request)
    wanted = identity.within(order_of(request))
    async with edge.database.reading() as conn:
        room = await views.room(conn, wanted)
        me = room.party(identity.person)
        policy = (await peek(conn, wanted)).facts.policy
        rows = await timeline.read_before(conn, wanted, room.head + 1, edge.limits.page_entries)
        known = await people.known(conn, identity.person)
    language = identity.language or (known.language if known else "")
    await edge.hub.attendance.look_for([party.person for party in room.parties])
    return answer(
        {
            "room": rooms.room_frame(
                room, me.role, policy, edge.hub, edge.settings.again_link(wanted)
            ),
            "situation": await rooms.situation(edge.reads, identity.person, language, wanted),
            "after": rows[0].seq - 1 if rows else 0,
            "upto": rows[-1].seq if rows else 0,
            "link": bytes(rows[-1].link).hex() if rows else "",
            "epoch": edge.epoch,
            "entries": [msgspec.Raw(timeline.wire(row)) for row in rows],
        }
    )


@for_host_pages
async def reports(request: Request) -> Response:
    """List what was reported on an order, to its mediator."""
    edge, identity = edge_of(request), await identity_of(request)
    wanted = identity.within(order_of(request))
    async with edge.database.reading() as conn:
        role = await views.role_of(conn, wanted, identity.person)
        found = await safety.reports_for_mediator(conn, wanted, role)
    return answer({"reports": found})


@for_host_pages
async def entries(request: Request) -> Response:
    """Answer with a page of the timeline: what follows `after`, or what comes before `before`."""
    edge, identity = edge_of(request), await identity_of(request)
    wanted = identity.within(order_of(request))
    after = query_number(request, "after", 0, SEQ_MAX)
    before = query_number(request, "before", 0, SEQ_MAX)
    most = edge.limits.batch_entries
    limit = max(1, query_number(request, "limit", edge.limits.page_entries, most))
    if before and "after" in request.query_params:
        raise Malformed(where="after and before")
    async with edge.database.reading() as conn:
        room = await views.room(conn, wanted)
        room.party(identity.person)
        if before:
            rows = await timeline.read_before(conn, wanted, before, limit)
        else:
            rows = await timeline.read(conn, wanted, after, limit)
    first = rows[0].seq - 1 if rows else max(0, before - 1) if before else after
    return answer(
        {
            "order": wanted,
            "after": first,
            "upto": rows[-1].seq if rows else first,
            "head": room.head,
            "entries": [msgspec.Raw(timeline.wire(row)) for row in rows],
        }
    )
