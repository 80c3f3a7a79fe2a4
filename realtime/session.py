"""One socket: a reader that parses, checks limits and starts commands, and a pump that writes.

A frame that is read takes one of `commands_in_flight` places and gives it back when its answer
has been written, or when it turns out to need none. When all places are taken nothing is read,
so a browser that asks much and listens little waits for itself and nobody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

import msgspec
import structlog
from starlette.types import Message, Receive, Send

from orders.errors import Malformed, OrderUnknown, RateExceeded, Refused, Unavailable
from orders.events import OrderId, PersonId
from realtime import telemetry, texts
from realtime.auth import Identity
from realtime.limits import Bucket, Limits
from realtime.protocol import Close, Inbound, Outbound, RefusedFrame, decode, id_of
from realtime.pump import Follow, GoneError, Pump, Sources

log = structlog.get_logger(__name__)

CarryOut = Callable[["Session", Inbound], Awaitable[Outbound | None]]
"""Does what a frame asks and returns its answer; raises `Refused`."""


class Session:
    """One socket of one person, from its hello to its end."""

    def __init__(
        self,
        identity: Identity,
        language: str,
        send: Send,
        sources: Sources,
        carry_out: CarryOut,
        limits: Limits,
    ) -> None:
        """Take the socket over after a good hello; `serve` does the work."""
        now = time.monotonic()
        self.left: Callable[[Session], None] = _nobody
        """Told when the session ends; set by whoever took it in."""
        self.identity = identity
        self.language = language
        self.listens: set[OrderId] = set()  # orders the hub knows this session by
        self.listed: set[OrderId] = set()  # orders in the person's inbox
        self.typing: set[OrderId] = set()  # where the person is writing, on this socket
        self.pump = Pump(send, sources, limits, self._answered, self._lost)
        self._carry_out = carry_out
        self._limits = limits
        self._places = asyncio.Semaphore(limits.commands_in_flight)
        self._bucket = Bucket(limits.commands_per_second, limits.commands_burst, now)
        self._screens = Bucket(limits.screens_per_second, limits.screens_burst, now)
        self._malformed = 0
        self._heard = now
        self._reading = True
        self._give_up: Callable[[int], None] | None = None
        self._commands: set[asyncio.Future[Any]] = set()
        self.pumping: asyncio.Task[None] | None = None
        """Ends when the close frame was written; set by `serve`."""
        self.until(identity)

    @property
    def person(self) -> PersonId:
        """Whose socket it is."""
        return self.identity.person

    @property
    def follows(self) -> dict[OrderId, Follow]:
        """The orders on this screen, each with the position of this socket."""
        return self.pump.follows

    def until(self, identity: Identity) -> None:
        """Let a newer token of the same person count from now on."""
        self.identity = identity
        left = identity.ends - datetime.now(identity.ends.tzinfo)
        self._ends = time.monotonic() + left.total_seconds()

    def bar(self, order: OrderId, *, barred: bool) -> None:
        """Let the person reach the order no more, or again; who follows it has to stop."""
        if barred == (order in self.identity.barred):
            return
        orders = self.identity.barred | {order} if barred else self.identity.barred - {order}
        self.identity = msgspec.structs.replace(self.identity, barred=frozenset(orders))
        if barred and order in self.listens:
            refusal = OrderUnknown(order=order)
            frame = refused(refusal, self.language, None, order)
            self.pump.signal(("refused", order), frame)

    # --- what the hub says -------------------------------------------------------------------

    def hint(self, order: OrderId, head: int, *, situation: bool) -> None:
        """The order's timeline goes up to `head`, as far as somebody heard."""
        follow = self.follows.get(order)
        if follow is None:
            return
        follow.head = max(follow.head, head)
        follow.situation = follow.situation or situation
        if follow.cursor < follow.head or follow.situation:
            self.pump.moved(order)

    def may_screen(self) -> None:
        """Take one of the looks at a text that is being typed. Raises `RateExceeded`."""
        wait = self._screens.take(time.monotonic())
        if wait:
            raise RateExceeded(limit="screens_per_second", retry_after=ceil(wait))

    def signal(self, key: tuple[object, ...], frame: Outbound) -> None:
        """Pass on a signal; a newer one with the same key takes its place."""
        self.pump.signal(key, frame)

    def changed(self, order: OrderId) -> None:
        """The order's line in the inbox is another now; told when the hub next looks around."""
        if order in self.listed:
            self.pump.inbox.add(order)

    def end(self, code: Close, patience: float | None = None) -> None:
        """Close the socket; the reason reaches the browser if it still reads.

        If it does not within `patience` seconds the line is cut.
        """
        if self.pump.closing is not None:
            return
        self.pump.closing = code
        self.pump.wake()
        self._places.release()  # the reader may be waiting for a place
        self.left(self)
        if self._give_up is not None:
            wait = self._limits.close_patience if patience is None else patience
            asyncio.get_running_loop().call_later(wait, self._give_up, int(code))

    def judge(self, now: float) -> None:
        """Close the socket if its time is over: the token's, the browser's or the line's."""
        offered = self.pump.sending_since
        if offered is not None and now - offered > self._limits.slow_send:
            self.end(Close.TOO_SLOW, patience=0.0)
        elif now > self._ends:
            self.end(Close.TOKEN_ENDED)
        elif self._reading and now - self._heard > self._limits.silence:
            self.end(Close.SILENT)
        elif self.pump.inbox:
            self.pump.wake()

    # --- reading -----------------------------------------------------------------------------

    async def serve(self, receive: Receive, give_up: Callable[[int], None] | None) -> None:
        """Read until the socket is closed, by whichever side.

        `give_up(code)` closes a line whose browser does not take frames any more.
        Commands that were begun are finished: a message that arrived is kept.
        """
        self._give_up = give_up
        self.pumping = asyncio.create_task(self._pump())
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                self._heard = time.monotonic()
                self._reading = False
                if not self.pumping.done():
                    await self._places.acquire()
                if self.pump.closing is None:
                    await self._take(message)
                self._reading = True
                self._heard = time.monotonic()
        finally:
            self.pumping.cancel()
            await asyncio.gather(self.pumping, return_exceptions=True)

    async def _pump(self) -> None:
        try:
            await self.pump.run()
        except GoneError:
            return  # the reader hears of it too
        except Exception:
            log.exception("a pump failed")
            with suppress(RuntimeError, OSError):
                await self.pump.send({"type": "websocket.close", "code": 1011})
        finally:
            self._places.release()  # nothing is written any more: the reader need not wait for it

    async def _take(self, message: Message) -> None:
        text = message.get("text")
        if text is None:
            self._not_understood(Malformed(where="binary frame"), None)
            return
        wait = self._bucket.take(time.monotonic())
        if wait:
            self._refuse(
                RateExceeded(limit="commands_per_second", retry_after=ceil(wait)), id_of(text)
            )
            await asyncio.sleep(wait)
            return
        try:
            frame = decode(text, self._limits.frame_bytes)
        except Malformed as refusal:
            self._not_understood(refusal, id_of(text))
        except Refused as refusal:
            self._refuse(refusal, None)
        else:
            self._begin(frame)

    def _not_understood(self, refusal: Refused, asked: str | None) -> None:
        self._refuse(refusal, asked)
        self._malformed += 1
        if self._malformed > self._limits.malformed_frames:
            self.end(Close.PROTOCOL)

    def _begin(self, frame: Inbound) -> None:
        asked: str | None = getattr(frame, "id", None)
        order: OrderId | None = getattr(frame, "order", None)
        command: asyncio.Future[Any]
        try:
            answer = self._carry_out(self, frame)
        except Exception as error:  # noqa: BLE001 - told to the browser like one that comes later
            self._failed(error, asked, order)
            return
        if isinstance(answer, asyncio.Future):  # a message: it waits, and does nothing else
            command = answer
            command.add_done_callback(partial(self._finish, asked, order))
        else:
            command = asyncio.create_task(self._command(answer, asked, order))
            command.add_done_callback(self._commands.discard)
        self._commands.add(command)

    async def _command(
        self, doing: Awaitable[Outbound | None], asked: str | None, order: OrderId | None
    ) -> None:
        try:
            answer = await doing
        except Exception as error:  # noqa: BLE001 - told to the browser
            self._failed(error, asked, order)
        else:
            # at once: what the command began to tell on this socket comes after its answer
            self._answer(answer)

    def _finish(
        self, asked: str | None, order: OrderId | None, command: asyncio.Future[Outbound | None]
    ) -> None:
        self._commands.discard(command)
        if command.cancelled():
            return
        error = command.exception()
        if error is None:
            self._answer(command.result())
        else:
            self._failed(error, asked, order)

    def _answer(self, answer: Outbound | None) -> None:
        if answer is None:
            self._places.release()
        else:
            self.pump.answer(answer)

    def _failed(self, error: BaseException, asked: str | None, order: OrderId | None) -> None:
        if not isinstance(error, Refused):
            log.error("a command failed", order=order, exc_info=error)
            error = Unavailable(reason="internal")
        self._refuse(error, asked, order)

    def _refuse(self, refusal: Refused, asked: str | None, order: OrderId | None = None) -> None:
        telemetry.refused(refusal.code)
        self.pump.answer(refused(refusal, self.language, asked, order))

    def _answered(self) -> None:
        self._places.release()

    def _lost(self, order: OrderId) -> None:
        self.follows.pop(order, None)


def _nobody(_session: Session) -> None:
    """Nobody has to know."""


def refused(
    refusal: Refused, language: str, asked: str | None = None, order: OrderId | None = None
) -> RefusedFrame:
    """Say a refusal in the reader's language."""
    text = texts.refusal(language, refusal)
    return RefusedFrame(refusal.code, text, refusal.facts, asked, order)
