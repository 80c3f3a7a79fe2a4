"""The marketplace's backend: paid orders and party tokens, for the holder of the service key."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from orders import (
    access,
    ledger,
    mediation,
    questions,
    redaction,
    safety,
    settlement,
    timeline,
    views,
)
from orders.commands import NewOrder, NewQuestion, Person, Ref, create_order
from orders.errors import Malformed
from orders.events import CallEnd, OrderId, PersonId, Timer
from orders.locking import peek
from orders.patterns import LANGUAGE, ONE_LINE
from orders.questions import Payment
from orders.timers import running
from realtime.api.answers import Endpoint, answer, edge_of, order_of, query_number, read
from realtime.auth import check_service_key
from realtime.bus import AccessChanged
from realtime.edge import Edge
from realtime.voice import callbook

CALLER = "backend"
"""Whose idempotency keys these are."""
KEY_MAX = 255


class WantedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a token is wanted, perhaps narrowed to some orders."""

    person: Ref
    orders: Annotated[tuple[Ref, ...], msgspec.Meta(min_length=1, max_length=100)] | None = None
    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE)] | None = None


def for_backend(endpoint: Endpoint) -> Endpoint:
    """Let only the holder of the service key through."""

    async def guarded(request: Request) -> Response:
        key = edge_of(request).settings.service_key
        if key is None:
            raise AssertionError("served without a service key")
        check_service_key(request.headers.get("authorization"), key)
        return await endpoint(request)

    return guarded


@for_backend
async def create(request: Request) -> Response:
    """Open the room of a paid order: 201, or 200 if this request was carried out before."""
    edge = edge_of(request)
    key = _key(request)
    told = await read(request, dict[str, Any])
    said = _as_said(told)
    try:
        new = msgspec.convert(_with_defaults(told, edge), NewOrder)
    except msgspec.ValidationError as error:
        raise Malformed(where=str(error)[:200]) from None
    if new.paid_at is not None and new.paid_at.tzinfo is None:
        raise Malformed(where="paid_at has no time zone")
    created = await create_order(edge.database, CALLER, key, new, said)
    edge.nudge()
    return answer(await _described(edge, created.order), 200 if created.repeated else 201)


@for_backend
async def ask(request: Request) -> Response:
    """Open a question thread: 201, or 200 if this request was carried out before."""
    edge = edge_of(request)
    key = _key(request)
    told = await read(request, dict[str, Any])
    said = _as_said(told)
    try:
        new = msgspec.convert(_with_defaults(told, edge), NewQuestion)
    except msgspec.ValidationError as error:
        raise Malformed(where=str(error)[:200]) from None
    created = await questions.ask(edge.database, CALLER, key, new, said)
    edge.nudge()
    return answer(await _described(edge, created.order), 200 if created.repeated else 201)


@for_backend
async def pay(request: Request) -> Response:
    """Make an order of a question; answer with the order as it is then."""
    edge, order = edge_of(request), OrderId(request.path_params["order"])
    key = _key(request)
    told = await read(request, dict[str, Any])
    said = _as_said(told)
    if isinstance(told.get("policy"), dict):
        told["policy"] = {**_policy(edge), **told["policy"]}
    try:
        payment = msgspec.convert(told, Payment)
    except msgspec.ValidationError as error:
        raise Malformed(where=str(error)[:200]) from None
    await questions.pay_question(edge.database, order, key, payment, said)
    edge.nudge()
    return answer(await _described(edge, order))


@for_backend
async def close_question(request: Request) -> Response:
    """Put a question away; answer with it as it is then."""
    edge, order = edge_of(request), OrderId(request.path_params["order"])
    told = await read(request, Closing)
    await questions.put_away(edge.database, order, _key(request), told.note)
    return answer(await _described(edge, order))


def _as_said(told: dict[str, Any]) -> bytes:
    """Return what the shop said, without our settings: it may say it again after they changed."""
    return msgspec.json.encode(told, order="deterministic")


def _policy(edge: Edge) -> dict[str, Any]:
    """Return the marketplace's own settings of the process."""
    told = msgspec.json.decode(edge.settings.policy, type=dict[str, Any])
    return {"calls_by": edge.settings.calls_by, **told}


def _with_defaults(told: dict[str, Any], edge: Edge) -> dict[str, Any]:
    """Fill in what holds for all orders, and the order's `language` for its people."""
    language = told.pop("language", None)
    defaults = {"policy": _policy(edge)}
    if language is not None:
        defaults |= {"buyer": {"language": language}, "seller": {"language": language}}
    for name, default in defaults.items():
        if isinstance(told.get(name, {}), dict):
            told[name] = {**default, **told.get(name, {})}
    return told


@for_backend
async def show(request: Request) -> Response:
    """Answer with the order's state, its deadlines, its ledger and its head."""
    return answer(await _described(edge_of(request), order_of(request)))


@for_backend
async def entries(request: Request) -> Response:
    """Answer with the page of the timeline that follows `after`."""
    edge, order = edge_of(request), order_of(request)
    after = query_number(request, "after", 0, 2**62)
    limit = max(1, query_number(request, "limit", edge.limits.batch_entries, 1000))
    async with edge.database.reading() as conn:
        head = (await views.room(conn, order)).head
        rows = await timeline.read(conn, order, after, limit)
    return answer(
        {
            "order": order,
            "after": after,
            "upto": rows[-1].seq if rows else after,
            "head": head,
            "entries": [msgspec.Raw(timeline.wire(row)) for row in rows],
        }
    )


@for_backend
async def redact(request: Request) -> Response:
    """Erase what somebody wrote in an entry; answer with the order as it is then."""
    edge, order = edge_of(request), OrderId(request.path_params["order"])
    told = request.path_params["seq"]
    if not told.isascii() or not told.isdigit() or len(told) > 15:  # noqa: PLR2004 - fits 64 bits
        raise Malformed(where="seq")
    await redaction.redact(edge.database, order, int(told))
    edge.nudge()
    return answer(await _described(edge, order))


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a question is put away; both parties read it."""

    note: str = ""


class Freeze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is frozen for checks; both parties read it."""

    note: str = ""


@for_backend
async def freeze(request: Request) -> Response:
    """Freeze an order for checks; answer with the order as it is then."""
    edge, order = edge_of(request), order_of(request)
    wanted = await read(request, Freeze)
    await mediation.freeze(edge.database, order, _key(request), wanted.note)
    edge.nudge()
    return answer(await _described(edge, order))


@for_backend
async def send_mediator(request: Request) -> Response:
    """Let a mediator into a frozen order; answer with the order as it is then."""
    edge, order = edge_of(request), order_of(request)
    mediator = await read(request, Person)
    await mediation.send_mediator(edge.database, order, _key(request), mediator)
    edge.hub.signal(AccessChanged(order, PersonId(mediator.person), allowed=True))
    return answer(await _described(edge, order))


class Access(msgspec.Struct, frozen=True):
    """Whether a member may see the order."""

    order: OrderId
    person: PersonId
    allowed: bool


@for_backend
async def revoke(request: Request) -> Response:
    """Take a member's access away; a call of theirs in the order ends."""
    edge, order, person = edge_of(request), *_member(request)
    await access.revoke(edge.database, order, person)
    edge.hub.signal(AccessChanged(order, person, allowed=False))
    async with edge.database.reading() as conn:
        call = await callbook.find_open(conn, order)
    if call is not None and person in {call.caller, call.callee}:
        await callbook.end(edge.database, order, call.id, CallEnd.STOPPED)
    return answer(Access(order, person, allowed=False))


@for_backend
async def restore(request: Request) -> Response:
    """Give a member's access back."""
    edge, order, person = edge_of(request), *_member(request)
    await access.restore(edge.database, order, person)
    edge.hub.signal(AccessChanged(order, person, allowed=True))
    return answer(Access(order, person, allowed=True))


def _member(request: Request) -> tuple[OrderId, PersonId]:
    return OrderId(request.path_params["order"]), PersonId(request.path_params["person"])


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payment system's own reference for a movement it carried out."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the payment system did not carry a movement out."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=ONE_LINE)]


@for_backend
async def movements(request: Request) -> Response:
    """List the movements of money that wait to be carried out and confirmed."""
    edge = edge_of(request)
    limit = max(1, query_number(request, "limit", 100, settlement.LISTED_MOST))
    async with edge.database.reading() as conn:
        return answer({"movements": await settlement.unconfirmed(conn, limit)})


@for_backend
async def confirm(request: Request) -> Response:
    """Note that a movement was carried out; answer with the order as it is then."""
    edge, order = edge_of(request), order_of(request)
    told = await read(request, Confirmation)
    movement = request.path_params["movement"]
    await settlement.confirm(edge.database, order, movement, told.reference)
    return answer(await _described(edge, order))


@for_backend
async def refuse(request: Request) -> Response:
    """Note that a movement could not be carried out; it stays listed."""
    edge, order = edge_of(request), order_of(request)
    told = await read(request, Trouble)
    await settlement.refuse(edge.database, order, request.path_params["movement"], told.reason)
    return answer(await _described(edge, order))


@for_backend
async def reports(request: Request) -> Response:
    """List what members reported, the oldest first: what waits, or what was handled."""
    edge = edge_of(request)
    limit = max(1, query_number(request, "limit", 100, safety.LISTED_MOST))
    state = request.query_params.get("state", "open")
    if state not in {"open", "handled"}:
        raise Malformed(where="state")
    async with edge.database.reading() as conn:
        found = await safety.reports_of(conn, handled=state == "handled", limit=limit)
    return answer({"reports": found})


class Handled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done about a report; for the marketplace and the order's mediator."""

    note: Annotated[str, msgspec.Meta(max_length=1_000, pattern=r"^[^\x00]*$")] = ""


@for_backend
async def handle_report(request: Request) -> Response:
    """Note that a report was looked after; answer with it as it is then."""
    edge, order = edge_of(request), order_of(request)
    told = await read(request, Handled)
    name = request.path_params["report"]
    return answer(await safety.handle(edge.database, order, name, told.note))


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= KEY_MAX:
        raise Malformed(where="Idempotency-Key")
    return key


@for_backend
async def mint(request: Request) -> Response:
    """Make a party token for the host page."""
    edge = edge_of(request)
    wanted = await read(request, WantedToken)
    minted = edge.tokens.mint(
        PersonId(wanted.person),
        None if wanted.orders is None else [OrderId(order) for order in wanted.orders],
        wanted.language,
    )
    return answer(minted)


async def _described(edge: Edge, order: OrderId) -> dict[str, Any]:
    async with edge.database.reading() as conn:
        found = await peek(conn, order)
        room = await views.room(conn, order)
        clocks = await running(conn, order)
        money = await ledger.read(conn, order)
    facts = found.facts
    return {
        "order": order,
        "title": room.title,
        "category": room.category,
        "state": facts.state,
        "state_since": facts.state_since,
        "turn": facts.turn,
        "seq": found.head.seq,
        "link": found.head.link.hex(),
        "price_cents": facts.price_cents,
        "held_cents": facts.held_cents,
        "currency": facts.currency,
        "people": [{"person": p.person, "role": p.role, "name": p.name} for p in room.parties],
        "deadlines": [
            {"timer": clock.timer, "start": clock.start, "due": clock.due}
            for clock in clocks
            if clock.timer is not Timer.RING
        ],
        "ledger": money,
    }
