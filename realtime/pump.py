"""The only writer of a socket.

Nothing is queued but answers, and those are bounded by the commands in flight. What is new on a
timeline is known by a position per order; of signals only the newest of each kind is kept. So a
browser that does not read costs a few kilobytes, however much happens meanwhile, and one that
reads again gets everything, in order.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.types import Message, Send

from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId
from orders.situation import Situation
from realtime.limits import Limits
from realtime.protocol import Batch, Close, Inbox, InboxLine, Now, Outbound, encode
from realtime.tails import Run

RETRY = 1.0
"""Seconds until the pump looks again after the database could not be reached."""


class GoneError(Exception):
    """The browser has gone; there is nobody to write to."""


@dataclass(slots=True)
class Follow:
    """A socket's place in an order's timeline: its send queue."""

    order: OrderId
    cursor: int
    head: int
    """As far as we have heard."""
    reset: bool = False
    """The next batch tells the browser to forget what it has."""
    situation: bool = True
    """The browser needs its situation again."""


@dataclass(slots=True, frozen=True)
class Sources:
    """Where the pump reads for its person. Each may raise `Unavailable`."""

    following: Callable[[OrderId, int], Awaitable[Run]]
    situation: Callable[[OrderId], Awaitable[Situation]]
    """Raises `OrderUnknown` once the person is no longer a member."""
    inbox: Callable[[Sequence[OrderId]], Awaitable[tuple[InboxLine, ...]]]


@dataclass(slots=True)
class Pump:
    """Writes frames while the browser takes them."""

    send: Send
    sources: Sources
    limits: Limits
    answered: Callable[[], None]
    """Called when an answer was written, so that the next command may come in."""
    lost: Callable[[OrderId], None]
    """Called when the person turned out not to be a member any more."""
    follows: dict[OrderId, Follow] = field(default_factory=dict)
    inbox: set[OrderId] = field(default_factory=set)
    """Orders whose inbox line changed."""
    sending_since: float | None = None
    """When the frame that the browser has not taken yet was offered; None between frames."""
    closing: Close | None = None
    _answers: deque[Outbound] = field(default_factory=deque)
    _signals: dict[tuple[object, ...], Outbound] = field(default_factory=dict)
    _moved: dict[OrderId, None] = field(default_factory=dict)
    _inbox_after: float = 0.0
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, frame: Outbound) -> None:
        """Answer a command."""
        self._answers.append(frame)
        self._awake.set()

    def signal(self, key: tuple[object, ...], frame: Outbound) -> None:
        """Say something of which only the newest counts."""
        self._signals[key] = frame
        self._awake.set()

    def moved(self, order: OrderId) -> None:
        """Look at this order's follow: its head or its situation changed."""
        self._moved[order] = None
        self._awake.set()

    def wake(self) -> None:
        """Look whether there is something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Write until told to close, then write the close frame. Raises `GoneError`."""
        while (code := self.closing) is None:
            await self._awake.wait()
            self._awake.clear()
            try:
                await self._write_news()
            except Unavailable:
                asyncio.get_running_loop().call_later(RETRY, self._awake.set)
        while self._answers:  # the reason for the close is among them
            await self._write(self._answers.popleft())
        await self._offer({"type": "websocket.close", "code": int(code)})

    async def _write_news(self) -> None:
        while self.closing is None:
            frame = await self._next()
            if frame is None:
                return
            await self._write(frame)

    async def _write(self, frame: Outbound) -> None:
        await self._offer({"type": "websocket.send", "text": encode(frame)})

    async def _offer(self, message: Message) -> None:
        self.sending_since = time.monotonic()
        try:
            await self.send(message)
        except (RuntimeError, OSError) as error:  # ASGI servers say it in either way
            raise GoneError from error
        self.sending_since = None

    async def _next(self) -> Outbound | None:
        if self._answers:
            self.answered()
            return self._answers.popleft()
        while self._moved:
            order = next(iter(self._moved))
            follow = self.follows.get(order)
            frame = None if follow is None else await self._news(follow)
            if frame is not None:
                return frame
            if follow is None or not _behind(follow):
                self._moved.pop(order, None)
        if self._signals:
            return self._signals.pop(next(iter(self._signals)))
        if self.inbox and time.monotonic() >= self._inbox_after:
            orders, self.inbox = self.inbox, set()
            self._inbox_after = time.monotonic() + self.limits.inbox_every
            return Inbox(await self.sources.inbox(list(orders)))
        return None

    async def _news(self, follow: Follow) -> Outbound | None:
        """Return the next batch of an order or, once it is complete, its situation."""
        if follow.cursor < follow.head:
            run = await self.sources.following(follow.order, follow.cursor)
            if run.upto == follow.cursor:
                follow.head = run.upto  # a hint of entries that this history does not have
                return None
            batch = Batch(
                order=follow.order,
                after=follow.cursor,
                upto=run.upto,
                head=max(follow.head, run.upto),
                entries=tuple(msgspec.Raw(entry) for entry in run.entries),
                link=run.link.hex(),
                reset=follow.reset,
            )
            follow.cursor, follow.head, follow.reset = run.upto, batch.head, False
            return batch
        if follow.situation:
            follow.situation = False
            try:
                return Now(await self.sources.situation(follow.order))
            except OrderUnknown:
                self.lost(follow.order)
            except Unavailable:
                follow.situation = True
                raise
        return None


def _behind(follow: Follow) -> bool:
    return follow.cursor < follow.head or follow.situation
