"""JSON in and out, refusals, and the headers that every answer carries."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
import structlog
from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.errors import (
    FrameTooLarge,
    Malformed,
    NotFound,
    OrderUnknown,
    RateExceeded,
    Refused,
    Unavailable,
)
from orders.events import OrderId
from realtime import telemetry, texts
from realtime.api.accepting import prefers_page
from realtime.api.turned_away import turned_away
from realtime.edge import Edge
from realtime.refusals import MediaTypeRefused, MethodRefused

log = structlog.get_logger(__name__)

Body = TypeVar("Body")
Endpoint = Callable[[Request], Awaitable[Response]]

PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:;"
    " media-src 'self' blob:; frame-src 'self'; img-src 'self' data:; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""Content-Security-Policy of our pages. Inline styles are how Lit adopts its sheets."""
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""On every answer that does not say otherwise."""


def refusal_body(refusal: Refused, language: str) -> dict[str, object]:
    """Return what every refusal over HTTP says."""
    return {
        "code": refusal.code,
        "text": texts.refusal(language, refusal),
        "facts": refusal.facts,
    }


def edge_of(request: Request) -> Edge:
    """Return the parts that serve this request."""
    edge: Edge = request.app.state.edge
    return edge


def answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON. Nothing of it may be cached: it is somebody's."""
    return Response(
        msgspec.json.encode(content),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def refuse(request: Request, refusal: Refused) -> Response:
    """Answer with a refusal, in the reader's language: JSON, or a page where a person asks."""
    telemetry.refused(refusal.code)
    language = texts.known_language(request.headers.get("accept-language"))
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    if refusal.status == 401:  # noqa: PLR2004 - RFC 9110 section 11.6.1 asks for the header
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, RateExceeded) or refusal.status == 503:  # noqa: PLR2004
        # of either it is safe to try again, so say when
        headers["Retry-After"] = str(refusal.facts.get("retry_after", 1))
    if prefers_page(request.headers.get("accept", "")):
        page = turned_away(refusal, language, _home(request))
        page.headers.update(headers)
        return page
    return answer(refusal_body(refusal, language), refusal.status, headers)


def _home(request: Request) -> str:
    """Where our own pages begin; elsewhere than in the demo the marketplace has them."""
    return "/" if edge_of(request).settings.demo else ""


def order_of(request: Request) -> OrderId:
    """Return the order that the address names. Raises `OrderUnknown` if none could be named so."""
    order = OrderId(request.path_params["order"])
    if not _ORDER.fullmatch(order):
        raise OrderUnknown(order=order[:64])
    return order


_ORDER = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


async def read(request: Request, wanted: type[Body], empty: bytes = b"") -> Body:
    """Read the body as JSON of that shape; `empty` stands for a body that is not there.

    Raises `MediaTypeRefused` if it is said to be something else, `FrameTooLarge` beyond the
    limit, without keeping what follows, and `Malformed` naming the place.
    """
    told = request.headers.get("content-type")
    if told is not None and told.partition(";")[0].strip().lower() != "application/json":
        raise MediaTypeRefused(wanted="application/json")
    limit = edge_of(request).limits.body_bytes
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise FrameTooLarge(limit=limit, size=len(body))
    try:
        return msgspec.json.decode(body or empty, type=wanted)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(where=str(error)[:200]) from None


def query_number(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number of the query, at least 0 and cut to `most`. Raises `Malformed`."""
    told = request.query_params.get(name)
    if told is None:
        return default
    if not told.isascii() or not told.isdigit() or len(told) > 18:  # noqa: PLR2004 - fits 64 bits
        raise Malformed(where=name)
    return min(int(told), most)


# --- what Starlette calls when something was not answered ----------------------------------------


async def on_refused(request: Request, error: Exception) -> Response:
    """Answer a refusal that an endpoint raised."""
    if not isinstance(error, Refused):
        raise error
    return refuse(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Put Starlette's own refusals (no such address, no such method) into ours."""
    if not isinstance(error, HTTPException):
        raise error
    match error.status_code:
        case 404:
            return refuse(request, NotFound(path=request.url.path[:100]))
        case 405:
            refused = refuse(request, MethodRefused(method=request.method[:20]))
            allowed = dict(error.headers or {}).get("Allow", "")
            # Starlette writes a set: in another order every time
            refused.headers["Allow"] = ", ".join(sorted(allowed.split(", ")))
            return refused
        case _:
            return refuse(request, Malformed(where="request"))


async def on_gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: who asked went away in the middle of the body."""
    return Response(status_code=400)


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer when it is our own mistake; what it was stands in the log, not in the answer."""
    log.error("a request failed", error=telemetry.name_of(error), path=request.url.path)
    answered = refuse(request, Unavailable(reason="internal"))
    # set by those whose answers pages of shops may read
    share: Callable[[Request, Response], Response] | None = getattr(request.state, "share", None)
    return answered if share is None else share(request, answered)


class Headers:
    """Adds `HEADERS` and a request id to every answer of HTTP, and measures it.

    The id of a proxy before us is kept if it is one; log lines of the request carry it.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = RequestHeaders(scope=scope).get("x-request-id", "")
        request = told if _REQUEST_ID.fullmatch(told) else secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request=request)
        began = time.monotonic()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                telemetry.requested(scope, message["status"], time.monotonic() - began)
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
