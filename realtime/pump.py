"""The only writer of a socket.

Nothing is queued but answers, and those are bounded by the commands in flight. What is new on a
timeline is known by a position per order; of signals only the newest of each kind is kept. So a
browser that does not read costs a few kilobytes, however much happens meanwhile, and one that
reads again gets everything, in order.

Nearly always the browser takes what it is sent, and what is new is in memory: then it is written
without a task. One is made for what has to be waited for, the database or the browser, and ends
with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId
from orders.situation import Situation
from realtime.limits import Limits
from realtime.protocol import Close, Inbox, InboxLine, Now, Outbound, encode
from realtime.tails import Run, batch_of
from realtime.transport import Line

log = structlog.get_logger(__name__)

FAILED = 1011
"""Close code of RFC 6455 for a fault of ours."""
TOGETHER = 64 * 1024
"""Bytes that leave in one go; then one looks again whether the browser takes them."""
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
    """Where the pump reads for its person. What is awaited may raise `Unavailable`."""

    remembered: Callable[[OrderId, int, int], tuple[int, bytes] | None]
    """The encoded batch from a position to a head, and where it ends, if memory has it."""
    following: Callable[[OrderId, int], Awaitable[Run]]
    situation: Callable[[OrderId], Awaitable[Situation]]
    """Raises `OrderUnknown` once the person is no longer a member."""
    inbox: Callable[[Sequence[OrderId]], Awaitable[tuple[InboxLine, ...]]]


@dataclass(slots=True)
class Pump:
    """Writes frames while the browser takes them."""

    line: Line
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
    """Since when a frame waits for the browser to take those before it; None if none does."""
    closing: Close | None = None
    gone: bool = False
    """The line is closed, by whichever side: there is nobody to write to."""
    slowly: asyncio.Task[None] | None = None
    """Writes what has to be waited for, the close frame included; None if nothing has."""
    _answers: deque[Outbound] = field(default_factory=deque)
    _signals: dict[tuple[object, ...], Outbound] = field(default_factory=dict)
    _moved: dict[OrderId, None] = field(default_factory=dict)
    _inbox_after: float = 0.0
    _awake: bool = False  # a look is due in a moment

    def answer(self, frame: Outbound) -> None:
        """Answer a command."""
        self._answers.append(frame)
        self.wake()

    def signal(self, key: tuple[object, ...], frame: Outbound) -> None:
        """Say something of which only the newest counts."""
        self._signals[key] = frame
        self.wake()

    def moved(self, order: OrderId) -> None:
        """Look at this order's follow: its head or its situation changed."""
        self._moved[order] = None
        self.wake()

    def wake(self) -> None:
        """Look in a moment whether there is something to write.

        Not at once: what is done in one go, an answer and the entry it speaks of, leaves together.
        """
        if not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._look)

    def close(self, code: Close) -> None:
        """Write the answers that wait, and the close frame."""
        self.closing = code
        self._go_slowly()

    async def stop(self) -> None:
        """Write nothing more."""
        self.gone = True
        if self.slowly is not None:
            self.slowly.cancel()
            await asyncio.gather(self.slowly, return_exceptions=True)

    def _look(self) -> None:
        self._awake = False
        if self.gone or self.closing is not None or self.slowly is not None:
            return
        try:
            done = self._write_at_once()
        except Exception:
            log.exception("a pump failed")
            self.gone = True
            self.line.give_up(FAILED, self.limits.close_patience)
            return
        if not done:
            self._go_slowly()

    def _write_at_once(self) -> bool:
        """Write what need not be waited for; return whether that is all."""
        while self._has_news():
            if not self.line.writable.is_set():
                return False
            frames: list[bytes] = []
            size = 0
            while size < TOGETHER and (frame := self._at_hand()) is not None:
                frames.append(frame)
                size += len(frame)
            if not frames:
                return not self._has_news()
            if not self.line.say(*frames):
                self.gone = True
                return True
        return True

    def _has_news(self) -> bool:
        return bool(self._answers or self._moved or self._signals) or self._shows_inbox()

    def _at_hand(self) -> bytes | None:
        """Return the next frame if it is in memory."""
        if self._answers:
            self.answered()
            return encode(self._answers.popleft())
        while self._moved:
            order = next(iter(self._moved))
            follow = self.follows.get(order)
            if follow is None or not _behind(follow):
                del self._moved[order]
                continue
            if follow.cursor == follow.head or follow.reset:
                return None
            found = self.sources.remembered(order, follow.cursor, follow.head)
            if found is None:
                return None
            follow.cursor, payload = found
            follow.head = max(follow.head, follow.cursor)
            if not _behind(follow):
                del self._moved[order]
            return payload
        if self._signals:
            return encode(self._signals.pop(next(iter(self._signals))))
        return None

    def _shows_inbox(self) -> bool:
        return bool(self.inbox) and time.monotonic() >= self._inbox_after

    # --- what has to be waited for -----------------------------------------------------------

    def _go_slowly(self) -> None:
        if self.slowly is None and not self.gone:
            self.slowly = asyncio.create_task(self._write_slowly())

    async def _write_slowly(self) -> None:
        """Write until nothing is left; if told to close, the close frame at last."""
        try:
            await self._write_news()
            if (code := self.closing) is not None:
                while self._answers:  # the reason for the close is among them
                    await self._offer(encode(self._answers.popleft()))
                self.gone = True
                await self.line.send({"type": "websocket.close", "code": int(code)})
        except Unavailable:
            asyncio.get_running_loop().call_later(RETRY, self.wake)
        except (GoneError, RuntimeError, OSError):  # a line says it in either way
            self.gone = True
        except Exception:
            log.exception("a pump failed")
            self.gone = True
            self.line.give_up(FAILED, self.limits.close_patience)
        finally:
            self.slowly = None
            if self.closing is not None and not self.gone:  # told while the database was away
                self._go_slowly()

    async def _write_news(self) -> None:
        while self.closing is None and self._has_news():
            payload = self._at_hand() or await self._fetched()
            if payload is not None:
                await self._offer(payload)

    async def _offer(self, payload: bytes) -> None:
        self.sending_since = time.monotonic()
        await self.line.writable.wait()
        self.sending_since = None
        if not self.line.say(payload):
            raise GoneError

    async def _fetched(self) -> bytes | None:
        """Read the next frame; None if there is none after all."""
        if self._moved:
            order = next(iter(self._moved))
            follow = self.follows.get(order)
            frame = None if follow is None else await self._news(follow)
            if frame is not None:
                return encode(frame)
            if follow is None or not _behind(follow):
                self._moved.pop(order, None)
        elif self._shows_inbox():
            orders, self.inbox = self.inbox, set()
            self._inbox_after = time.monotonic() + self.limits.inbox_every
            try:
                lines = await self.sources.inbox(list(orders))
            except Unavailable:
                self.inbox |= orders
                raise
            return encode(Inbox(lines)) if lines else None
        return None

    async def _news(self, follow: Follow) -> Outbound | None:
        """Return the next batch of an order or, once it is complete, its situation."""
        if follow.cursor < follow.head:
            run = await self.sources.following(follow.order, follow.cursor)
            if run.upto == follow.cursor:
                follow.head = run.upto  # a hint of entries that this history does not have
                return None
            head = max(follow.head, run.upto)
            batch = batch_of(follow.order, run, head, reset=follow.reset)
            follow.cursor, follow.head, follow.reset = run.upto, head, False
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
