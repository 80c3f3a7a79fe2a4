"""The WebSocket's door: origin, handshake, hello.

A bare ASGI application, because a framework's object per socket costs memory and a third of the
time of every frame. Nothing is answered before a good hello but the reason why it was not good.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from math import ceil

import msgspec
import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from orders.errors import Malformed, Refused, TokenExpired, Unauthenticated, Unavailable
from realtime import rooms, telemetry, texts
from realtime.api.answers import refusal_body
from realtime.auth import Identity
from realtime.dispatch import CarryOut, carry_out
from realtime.edge import Edge
from realtime.origins import is_allowed
from realtime.protocol import VERSION, Close, Hello, Welcome, decode, encode, id_of
from realtime.pump import Sources
from realtime.refusals import OriginRefused
from realtime.session import Session, refused
from realtime.transport import LINE, Line


class Door:
    """Lets sockets in and keeps them until they end."""

    def __init__(self, edge: Edge, carry_out: CarryOut = carry_out) -> None:
        """Serve with the parts of `edge`; `carry_out` does what frames ask."""
        self._edge = edge
        self._carry_out = carry_out
        self._unwelcomed = 0
        self._turns = asyncio.Semaphore(edge.limits.hellos_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await receive()  # websocket.connect
        headers = Headers(scope=scope)
        language = texts.known_language(headers.get("accept-language"))
        structlog.contextvars.bind_contextvars(socket=secrets.token_hex(6))
        if not is_allowed(headers, self._edge.settings):
            await _reject(send, OriginRefused(), language)
            return
        if not self._edge.ready:
            await _reject(send, self._later("stopping"), language)
            return
        if self._unwelcomed >= self._edge.limits.unwelcomed:
            await _reject(send, self._later("busy"), language)
            return
        self._unwelcomed += 1
        try:
            await send({"type": "websocket.accept"})
            session = await self._hello(receive, send, scope["extensions"][LINE], language)
        finally:
            self._unwelcomed -= 1
        if session is None:
            return
        telemetry.SOCKETS.inc()
        try:
            await session.serve(receive)
        finally:
            telemetry.SOCKETS.dec()
            if session.pump.closing is not None:
                telemetry.CLOSES.labels(str(int(session.pump.closing))).inc()
            self._edge.hub.leave(session)

    async def _hello(
        self, receive: Receive, send: Send, line: Line, language: str
    ) -> Session | None:
        """Await the first frame and welcome whom it names; None if the socket was closed."""
        try:
            async with asyncio.timeout(self._edge.limits.hello_within):
                message = await receive()
        except TimeoutError:
            await _close(send, Close.HELLO_LATE)
            return None
        if message["type"] == "websocket.disconnect":
            return None
        text = message.get("text")
        try:
            if text is None:
                raise Malformed(where="binary frame")
            hello = decode(text, self._edge.limits.frame_bytes)
            if not isinstance(hello, Hello):
                raise Malformed(where="hello must come first")
        except Refused as refusal:
            await _close(send, Close.PROTOCOL, refusal, language, text and id_of(text))
            return None
        language = texts.known_language(hello.language) if hello.language else language
        if hello.version != VERSION:
            await _close(send, Close.VERSION, Malformed(where="version"), language)
            return None
        try:
            identity = self._edge.check_token(hello.token)
            await self._edge.rates.take_hello(identity.person)
            async with self._turn():
                return await self._welcome(hello, identity, send, line)
        except TokenExpired as refusal:
            await _close(send, Close.TOKEN_ENDED, refusal, language)
        except Unauthenticated as refusal:
            await _close(send, Close.TOKEN_REFUSED, refusal, language)
        except Refused as refusal:
            await _close(send, Close.RESTART, refusal, language)
        return None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until few enough are being welcomed. Raises `Unavailable`."""
        try:
            async with asyncio.timeout(self._edge.limits.hello_turn):
                await self._turns.acquire()
        except TimeoutError:
            raise self._later("busy") from None
        try:
            yield
        finally:
            self._turns.release()

    def _later(self, reason: str) -> Unavailable:
        """Say when to come back: not everybody at the same moment."""
        limits = self._edge.limits
        wait = random.uniform(limits.retry_least, limits.retry_most)  # noqa: S311 - jitter
        return Unavailable(reason=reason, retry_after=ceil(wait))

    async def _welcome(self, hello: Hello, identity: Identity, send: Send, line: Line) -> Session:
        edge = self._edge
        person = identity.person
        asked = time.monotonic()
        arrival = await edge.reads.arrival(person)
        identity, known = identity.without(arrival.barred), arrival.known
        inbox = [row for row in arrival.inbox if identity.reaches(row.order)]
        told = hello.language or identity.language or (known.language if known else None)
        language = texts.known_language(told)
        session = Session(
            identity,
            language,
            line,
            Sources(
                remembered=edge.tails.remembered,
                following=edge.tails.following,
                situation=partial(rooms.situation, edge.reads, person, language),
                inbox=partial(rooms.lines, edge.database, person),
            ),
            partial(self._carry_out, edge),
            edge.limits,
        )
        welcome = Welcome(
            epoch=edge.epoch,
            person=person,
            name=known.name if known else person,
            language=language,
            now=arrival.now,
            ping_every=edge.limits.ping_every,
            token_ends=identity.token_ends,
            inbox=tuple(map(rooms.line, inbox)),
            demo=edge.settings.demo,
            hide_presence=known is not None and known.hides_presence,
        )
        await send({"type": "websocket.send", "text": encode(welcome).decode()})
        edge.hub.arrive(session, {row.order: row.head for row in inbox}, asked)
        return session


async def _close(
    send: Send,
    code: Close,
    refusal: Refused | None = None,
    language: str = "",
    asked: str | None = None,
) -> None:
    if refusal is not None:
        telemetry.refused(refusal.code)
        frame = refused(refusal, language, asked)
        await send({"type": "websocket.send", "text": encode(frame).decode()})
    telemetry.CLOSES.labels(str(int(code))).inc()
    await send({"type": "websocket.close", "code": int(code)})


async def _reject(send: Send, refusal: Refused, language: str) -> None:
    """Refuse the handshake itself, in the words of HTTP."""
    telemetry.refused(refusal.code)
    body = msgspec.json.encode(refusal_body(refusal, language))
    await send(
        {
            "type": "websocket.http.response.start",
            "status": refusal.status,
            "headers": [
                (b"content-type", b"application/json"),
                *(
                    [(b"retry-after", str(refusal.facts["retry_after"]).encode())]
                    if "retry_after" in refusal.facts
                    else []
                ),
            ],
        }
    )
    await send({"type": "websocket.http.response.body", "body": body})
