"""The application: the route table, the door of the sockets, the start and the stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from orders.errors import Refused
from realtime.api import (
    answering,
    answers,
    backend,
    contracts,
    files,
    health,
    me,
    pages,
    record,
    uploads,
    verbs,
)
from realtime.api import demo as demo_api
from realtime.dispatch import carry_out
from realtime.edge import Edge
from realtime.limits import Limits, at_pace
from realtime.notices import one_tap
from realtime.running import running
from realtime.settings import Settings, SettingsError, for_serving
from realtime.socket import Door

if TYPE_CHECKING:
    from realtime.tracing import Tracing

WATCHED = [
    Route("/healthz", health.alive),
    Route("/readyz", health.ready),
    Route("/metrics", health.metrics),
]
"""What every process answers, whatever its role."""
ROUTES = [
    *WATCHED,
    Route("/api/v1/orders", backend.create, methods=["POST"]),
    Route("/api/v1/orders/{order}", backend.show),
    Route("/api/v1/orders/{order}/entries", backend.entries),
    Route("/api/v1/movements", backend.movements),
    Route("/api/v1/orders/{order}/movements/{movement}/confirm", backend.confirm, methods=["POST"]),
    Route("/api/v1/orders/{order}/movements/{movement}/refuse", backend.refuse, methods=["POST"]),
    Route("/api/v1/questions", backend.ask, methods=["POST"]),
    Route("/api/v1/orders/{order}/pay", backend.pay, methods=["POST"]),
    Route("/api/v1/orders/{order}/close-question", backend.close_question, methods=["POST"]),
    Route("/api/v1/orders/{order}/entries/{seq}/redact", backend.redact, methods=["POST"]),
    Route("/api/v1/orders/{order}/freeze", backend.freeze, methods=["POST"]),
    Route("/api/v1/orders/{order}/mediator", backend.send_mediator, methods=["POST"]),
    Route("/api/v1/orders/{order}/members/{person}/revoke", backend.revoke, methods=["POST"]),
    Route("/api/v1/orders/{order}/members/{person}/restore", backend.restore, methods=["POST"]),
    Route("/api/v1/reports", backend.reports),
    Route(
        "/api/v1/orders/{order}/reports/{report}/handle", backend.handle_report, methods=["POST"]
    ),
    Route("/api/v1/tokens", backend.mint, methods=["POST"]),
    Route("/api/v1/me/orders", me.inbox, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/preferences", me.preferences, methods=["GET", "POST", "OPTIONS"]),
    Route("/api/v1/me/search", me.found, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}", me.order, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}/reports", me.reports, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}/entries", me.entries, methods=["GET", "OPTIONS"]),
    *verbs.ROUTES,
    Route("/api/v1/me/orders/{order}/record.json", record.data, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}/record.html", record.page, methods=["GET", "OPTIONS"]),
    Route(record.KEYS_PATH, record.keys),
    Route("/api/v1/me/orders/{order}/files", files.upload, methods=["POST", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}/uploads", uploads.create, methods=["POST", "OPTIONS"]),
    Route(
        "/api/v1/me/orders/{order}/uploads/{upload}",
        uploads.one,
        methods=["GET", "HEAD", "PATCH", "DELETE", "OPTIONS"],
    ),
    Route("/api/v1/me/orders/{order}/files/{file}", files.link, methods=["GET", "OPTIONS"]),
    Route("/files/{file}", files.download),
    Route(one_tap.PATH, answering.page, methods=["GET", "POST"]),
    Route("/api/openapi.json", contracts.http_document),
    Route("/api/asyncapi.json", contracts.socket_document),
    Route("/api/docs", contracts.to_read),
    Route("/embed.js", pages.embed),
    Mount("/assets", pages.Assets()),
]
DEMO_ROUTES = [
    Route("/", demo_api.home),
    Route("/demo/orders", demo_api.orders),
    Route("/demo/as/{person}", demo_api.sign_in),
    Route("/mailbox", demo_api.mailbox),
    Route("/demo/mails", demo_api.mails),
    Route("/demo/mails/{mail}/html", demo_api.mail_html),
    Route("/demo/reset", demo_api.reset, methods=["POST"]),
    Route("/demo/{person}/", demo_api.inbox),
    Route("/demo/{person}/orders/{order}", demo_api.room),
    Route("/demo/{person}/orders/{order}/again", demo_api.again, methods=["POST"]),
    Route("/demo/{person}/token", demo_api.token, methods=["POST"]),
]


def _routes(settings: Settings) -> list[BaseRoute]:
    if not settings.role.serves_people:
        return [*WATCHED]
    return [*ROUTES, *(DEMO_ROUTES if settings.demo else ())]


class OrderRoom:
    """The ASGI application of one process. `edge` is there while it runs."""

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        """Prepare; the server's lifespan starts and stops what is inside.

        Raises `SettingsError` if no server can run on these settings.
        """
        limits = limits or Limits()
        self.settings, self._secret = for_serving(settings)
        self.limits = msgspec.structs.replace(
            at_pace(limits, settings.commands_per_second),
            drain=limits.drain if settings.drain is None else settings.drain,
            drain_notice=settings.drain_notice,
        )
        self.edge: Edge
        self._door: Door
        http = Starlette(
            routes=_routes(self.settings),
            exception_handlers={
                Refused: answers.on_refused,
                HTTPException: answers.on_http_error,
                ClientDisconnect: answers.on_gone,
                Exception: answers.on_crash,
            },
            lifespan=self._lifespan,
        )
        # a redirection to the address without the slash would name the scheme that we see: behind
        # a TLS proxy that is http, and the key or the link would follow in the clear
        http.router.redirect_slashes = False
        self._tracing = _tracing(self.settings)
        # around everything, so that the answer to our own mistake carries the headers too
        headed = answers.Headers(http)
        self._http = headed if self._tracing is None else self._tracing.http(headed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, request or the lifespan."""
        if (
            scope["type"] == "websocket"
            and scope["path"] == "/ws"
            and self.settings.role.serves_people
        ):
            await self._door(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    def turn_away(self) -> None:
        """Take nothing new from now on, and say so to whoever asks whether we are ready."""
        self.edge.ready = False

    async def drain(self) -> None:
        """Let the sockets go; called when the server has stopped listening."""
        self.turn_away()
        await self.edge.hub.drain()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with running(self.settings, self._secret, self.limits) as (edge, stage):
            self.edge = app.state.edge = edge
            app.state.stage = stage
            if self._tracing is None:
                self._door = Door(edge)
                yield
                return
            edge.database.on_write(self._tracing.commit)
            self._door = Door(edge, self._tracing.frames(carry_out))
            try:
                yield
            finally:
                await asyncio.to_thread(self._tracing.close)


def _tracing(settings: Settings) -> Tracing | None:
    """Return what makes traces, if they are asked for. Raises `SettingsError`."""
    if not settings.otel_url:
        return None
    try:
        from realtime.tracing import Tracing  # noqa: PLC0415 - an extra, and megabytes
    except ImportError:
        raise SettingsError(
            "ORDER_ROOM_OTEL_URL: traces need the extra otel: pip install order-room[otel]"
        ) from None
    return Tracing(settings.otel_url, settings.role)
