"""Signing in without a password, and what a visitor sees. In demo mode only.

One browser may be several people at once, so the person stands in the path, and the cookie of
the sign-in reaches that path only.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orders import people, views
from orders.errors import NotFound, RateExceeded, TokenInvalid, Unauthenticated
from orders.events import OrderId, PersonId, Timer
from orders.locking import peek
from orders.timers import running
from realtime.api import pages
from realtime.api.answers import answer, edge_of
from realtime.auth import Tokens
from realtime.demo import Demo
from realtime.edge import Edge
from realtime.origins import is_allowed
from realtime.refusals import OriginRefused

COOKIE = "demo"
AUDIENCE = "order-room-demo"
"""Keeps the sign-in apart from party tokens: one cannot be used as the other."""


def cookies(edge: Edge) -> Tokens:
    """Return what signs and checks the demo's sign-ins."""
    secret = edge.settings.token_secret
    if secret is None:
        raise AssertionError("served without a token secret")
    limits = msgspec.structs.replace(edge.limits, token_life=edge.limits.cookie_life)
    return Tokens(secret, limits, AUDIENCE)


async def home(_request: Request) -> Response:
    """Show what this is, and the orders."""
    return pages.page("index.html")


async def orders(request: Request) -> Response:
    """List the demo's orders with their people."""
    edge, demo = edge_of(request), demo_of(request)
    return answer(
        {
            "now": await edge.database.now(),
            "orders": [await _card(edge, order) for order in demo.orders.values()],
        }
    )


async def sign_in(request: Request) -> Response:
    """Become a person of the demo, and go to one of their orders."""
    edge = edge_of(request)
    person = PersonId(request.path_params["person"])
    order = OrderId(request.query_params.get("order", ""))
    async with edge.database.reading() as conn:
        await views.role_of(conn, order, person)
    signed = cookies_of(request).mint(person)
    response = RedirectResponse(f"/demo/{person}/orders/{order}", 303)
    response.set_cookie(
        COOKIE,
        signed.token,
        max_age=int(edge.limits.cookie_life),
        path=f"/demo/{person}",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def room(_request: Request) -> Response:
    """Show the room."""
    return pages.page("room.html")


async def token(request: Request) -> Response:
    """Give a signed-in person a short-lived token for the WebSocket."""
    own_page(request)
    person = PersonId(request.path_params["person"])
    signed = request.cookies.get(COOKIE)
    if signed is None:
        raise Unauthenticated
    if cookies_of(request).check(signed).person != person:
        raise TokenInvalid
    return answer(edge_of(request).tokens.mint(person))


async def reset(request: Request) -> Response:
    """Make the demo's orders anew."""
    demo = demo_of(request)
    own_page(request)
    if demo.busy:
        raise RateExceeded(limit="demo_reset", retry_after=5)
    await demo.reset()
    edge_of(request).nudge()
    return await orders(request)


def own_page(request: Request) -> None:
    """Raise `OriginRefused` if the page of another site asks."""
    if not is_allowed(request.headers, edge_of(request).settings):
        raise OriginRefused


def demo_of(request: Request) -> Demo:
    """Return the demo that this server shows."""
    demo: Demo | None = request.app.state.demo
    if demo is None:
        raise NotFound(path=request.url.path[:100])
    return demo


def cookies_of(request: Request) -> Tokens:
    """Return what signs and checks the demo's cookies."""
    tokens: Tokens = request.app.state.cookies
    return tokens


async def _card(edge: Edge, order: OrderId) -> dict[str, Any]:
    async with edge.database.reading() as conn:
        found = await views.room(conn, order)
        facts = (await peek(conn, order)).facts
        clocks = await running(conn, order)
        named = {p.person: await people.known(conn, p.person) for p in found.parties}
    ends = [clock.due for clock in clocks if clock.timer not in {Timer.RING, Timer.CHAT_TAIL}]
    spoken = {person: known.language for person, known in named.items() if known}
    return {
        "order": order,
        "title": found.title,
        "category": found.category,
        "state": facts.state,
        "language": spoken.get(found.parties[0].person, "fr"),
        "price_cents": facts.price_cents,
        "currency": facts.currency,
        "due": min(ends, default=None),
        "people": [
            {
                "person": p.person,
                "role": p.role,
                "name": p.name,
                "language": spoken.get(p.person, "fr"),
            }
            for p in found.parties
        ],
    }
