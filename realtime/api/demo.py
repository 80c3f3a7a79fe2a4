"""Signing in without a password, and what a visitor sees. In demo mode only.

One browser may be several people at once, so the person stands in the path, and the cookie of
the sign-in reaches that path only.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from orders import people, views
from orders.errors import NotFound, RateExceeded, TokenInvalid, Unauthenticated
from orders.events import OrderId, PersonId, Role, Timer
from orders.locking import peek
from orders.timers import running
from realtime.api import pages
from realtime.api.answers import answer, edge_of
from realtime.edge import Edge
from realtime.origins import is_allowed
from realtime.refusals import OriginRefused
from realtime.running import Stage

COOKIE = "demo"
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A mail is somebody else's text: it is shown, and cannot do anything."""
UNTOLD = {Timer.RING, Timer.CHAT_TAIL, Timer.ORDER_LIFE}
"""Clocks that are not what a visitor waits for."""
ROLES = tuple(Role)


async def home(_request: Request) -> Response:
    """Show what this is, and the orders."""
    return pages.page("index.html")


async def orders(request: Request) -> Response:
    """List the demo's orders with their people."""
    edge, demo = edge_of(request), stage_of(request).demo
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
    signed = stage_of(request).cookies.mint(person)
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


async def inbox(_request: Request) -> Response:
    """Show all orders of a person."""
    return pages.page("inbox.html")


async def token(request: Request) -> Response:
    """Give a signed-in person a short-lived token for the WebSocket."""
    own_page(request)
    return answer(edge_of(request).tokens.mint(signed_in(request)))


async def again(request: Request) -> Response:
    """Order an ended order again, as its buyer: what the shop does elsewhere."""
    own_page(request)
    person = signed_in(request)
    made = await stage_of(request).demo.again(OrderId(request.path_params["order"]), person)
    edge_of(request).nudge()
    return answer({"order": made}, 201)


def signed_in(request: Request) -> PersonId:
    """Return the person in the path, if this browser signed in as them."""
    person = PersonId(request.path_params["person"])
    signed = request.cookies.get(COOKIE)
    if signed is None:
        raise Unauthenticated
    if stage_of(request).cookies.check(signed).person != person:
        raise TokenInvalid
    return person


async def reset(request: Request) -> Response:
    """Make the demo's orders anew."""
    demo = stage_of(request).demo
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


async def mailbox(_request: Request) -> Response:
    """Show the mailbox."""
    return pages.page("mailbox.html")


async def mails(request: Request) -> Response:
    """List the e-mails that were sent, newest first."""
    return answer({"mails": await asyncio.to_thread(stage_of(request).mailbox.list)})


async def mail_html(request: Request) -> Response:
    """Answer with the HTML part of a mail, for a frame in which nothing of it can run."""
    box, mail = stage_of(request).mailbox, str(request.path_params["mail"])
    html = await asyncio.to_thread(box.html, mail)
    if html is None:
        raise NotFound(path=request.url.path[:100])
    return HTMLResponse(
        html, headers={"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
    )


def stage_of(request: Request) -> Stage:
    """Return what demo mode has beside the rest."""
    stage: Stage = request.app.state.stage
    return stage


async def _card(edge: Edge, order: OrderId) -> dict[str, Any]:
    async with edge.database.reading() as conn:
        found = await views.room(conn, order)
        facts = (await peek(conn, order)).facts
        clocks = await running(conn, order)
        named = {p.person: await people.known(conn, p.person) for p in found.parties}
    ends = [clock.due for clock in clocks if clock.timer not in UNTOLD]
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
            for p in sorted(found.parties, key=lambda p: ROLES.index(p.role))
        ],
    }
