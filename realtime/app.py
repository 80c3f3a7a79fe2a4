"""The composition root: what runs in one process, and the route table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from orders.clock import Sweeper
from orders.database import Database, migrate
from orders.errors import Refused
from orders.events import Timer
from orders.posting import PostBox
from realtime import bus
from realtime.api import answers, backend, health, me, pages
from realtime.api import demo as demo_api
from realtime.auth import Tokens
from realtime.bus import MarkMoved, MediaChanged
from realtime.chat.marks import Marks
from realtime.demo import Demo
from realtime.edge import Edge
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.notices.policy import owed_for
from realtime.notices.sender import NoticeWorker
from realtime.notices.smtp import SmtpSettings
from realtime.settings import Settings
from realtime.socket import Door
from realtime.tails import Tails
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard

ROUTES = [
    Route("/healthz", health.ready),
    Route("/readyz", health.ready),
    Route("/metrics", health.metrics),
    Route("/api/v1/orders", backend.create, methods=["POST"]),
    Route("/api/v1/orders/{order}", backend.show),
    Route("/api/v1/orders/{order}/entries", backend.entries),
    Route("/api/v1/tokens", backend.mint, methods=["POST"]),
    Route("/api/v1/me/orders", me.inbox, methods=["GET", "OPTIONS"]),
    Route("/api/v1/me/orders/{order}", me.order, methods=["GET", "OPTIONS"]),
    Route("/embed.js", pages.embed),
    Mount("/assets", pages.Assets()),
]
DEMO_ROUTES = [
    Route("/", demo_api.home),
    Route("/demo/orders", demo_api.orders),
    Route("/demo/as/{person}", demo_api.sign_in),
    Route("/demo/reset", demo_api.reset, methods=["POST"]),
    Route("/demo/{person}/orders/{order}", demo_api.room),
    Route("/demo/{person}/token", demo_api.token, methods=["POST"]),
]


class OrderRoom:
    """The ASGI application of one process. `edge` is there while it runs."""

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        """Prepare; the server's lifespan starts and stops what is inside."""
        limits = limits or Limits()
        self.settings = settings
        self.limits = msgspec.structs.replace(
            limits, commands_per_second=settings.commands_per_second
        )
        self.edge: Edge
        self._door: Door
        self._http = Starlette(
            routes=[*ROUTES, *(DEMO_ROUTES if settings.demo else ())],
            middleware=[Middleware(answers.Headers)],
            exception_handlers={
                Refused: answers.on_refused,
                HTTPException: answers.on_http_error,
                Exception: answers.on_crash,
            },
            lifespan=self._lifespan,
            max_body_size=self.limits.body_bytes,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, request or the lifespan."""
        if scope["type"] == "websocket" and scope["path"] == "/ws":
            await self._door(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def drain(self) -> None:
        """Take nothing new and let the sockets go; called before the server stops listening."""
        self.edge.ready = False
        await self.edge.hub.drain()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with running(self.settings, self.limits) as (edge, demo):
            self.edge = app.state.edge = edge
            app.state.demo = demo
            app.state.cookies = demo_api.cookies(edge)
            self._door = Door(edge)
            yield


@asynccontextmanager
async def running(settings: Settings, limits: Limits) -> AsyncIterator[tuple[Edge, Demo | None]]:
    """Run everything of one process; on leaving, stop it in the opposite order."""
    await migrate(settings.database_url)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        database.on_append(owed_for)
        between = bus.in_process()
        tails = Tails(database, limits)
        hub = Hub(database, tails, between, limits)
        database.on_commit(hub.announce)
        box = PostBox(database)
        marks = Marks(
            database, limits, lambda order, who, seq: hub.signal(MarkMoved(order, who, seq))
        )
        calls = Switchboard(
            database,
            limits=VoiceLimits(),
            reach=Reach(advertise=settings.media_address or None),
            on_signal=lambda order, call, who, media: hub.signal(
                MediaChanged(order, call, who, media)
            ),
        )
        sweeper = Sweeper(database, {Timer.RING: calls.fire_ring}, [calls.end_lapsed])
        if settings.token_secret is None:
            raise AssertionError("served without a token secret")
        edge = Edge(
            settings=settings,
            limits=limits,
            database=database,
            epoch=await database.epoch(),
            box=box,
            tails=tails,
            hub=hub,
            marks=marks,
            tokens=Tokens(settings.token_secret, limits),
            calls=calls,
            nudge=sweeper.nudge,
        )
        demo = Demo(database, settings.var, hub.announce, owed_for) if settings.demo else None
        if demo is not None:
            await demo.begin()
        work_on = [box.run, sweeper.run, calls.run, hub.run]
        if settings.smtp_url is not None:
            smtp = SmtpSettings.parse(settings.smtp_url.reveal())
            work_on.append(NoticeWorker(database, smtp, settings.link, settings.mail_from).run)
        for work in work_on:
            stack.push_async_callback(_stop, asyncio.create_task(work()))
        stack.push_async_callback(hub.close)
        stack.push_async_callback(marks.close)
        stack.push_async_callback(calls.close)
        edge.ready = True
        try:
            yield edge, demo
        finally:
            edge.ready = False


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
