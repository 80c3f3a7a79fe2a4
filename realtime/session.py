"""One socket: what it hears is parsed, checked against limits and begun; a pump writes.

A frame that is heard takes one of `commands_in_flight` places and gives it back when its answer
has been written, or when it turns out to need none. When all places are taken the line is held,
so a browser that asks much and listens little waits for itself and nobody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any

import msgspec
import structlog
from starlette.types import Receive

from orders.errors import Malformed, OrderUnknown, RateExceeded, Refused, Unavailable
from orders.events import OrderId, PersonId
from realtime import telemetry, texts
from realtime.auth import Identity
from realtime.limits import Bucket, Limits
from realtime.protocol import Close, Inbound, Outbound, RefusedFrame, decode, id_of
from realtime.pump import Follow, Pump, Sources
from realtime.transport import Line

log = structlog.get_logger(__name__)

CarryOut = Callable[["Session", Inbound], Awaitable[Outbound | None]]
"""Does what a frame asks and returns its answer; raises `Refused`."""


class Session:
    """One socket of one person, from its hello to its end."""

    def __init__(
        self,
        identity: Identity,
        language: str,
        line: Line,
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
        self.pump = Pump(line, sources, limits, self._give_back, self._lost)
        self._line = line
        self._carry_out = carry_out
        self._limits = limits
        self._places = limits.commands_in_flight  # free ones
        self._paced = False  # it said more than it may, and has to wait
        self._bucket = Bucket(limits.commands_per_second, limits.commands_burst, now)
        self._screens = Bucket(limits.screens_per_second, limits.screens_burst, now)
        self._malformed = 0
        self._heard = now
        self._commands: set[asyncio.Future[Any]] = set()
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

    def lacks(self, order: OrderId, upto: int) -> bool:
        """Whether the session has heard of less of the order than `upto`."""
        follow = self.follows.get(order)
        return follow is not None and follow.head < upto

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
        self.pump.close(code)
        self._line.go_on()  # the browser's own farewell has to be heard
        self.left(self)
        wait = self._limits.close_patience if patience is None else patience
        asyncio.get_running_loop().call_later(
            wait, self._line.give_up, int(code), self._limits.close_patience
        )

    def forgive(self, seconds: float) -> None:
        """Do not count so many seconds, in which nobody here listened, as the browser's."""
        self._heard += seconds
        if self.pump.sending_since is not None:
            self.pump.sending_since += seconds

    def judge(self, now: float) -> None:
        """Close the socket if its time is over: the token's, the browser's or the line's."""
        offered = self.pump.sending_since
        if offered is not None and now - offered > self._limits.slow_send:
            self.end(Close.TOO_SLOW, patience=0.0)
        elif now > self._ends:
            self.end(Close.TOKEN_ENDED)
        elif self._listens and now - self._heard > self._limits.silence:
            self.end(Close.SILENT)
        elif self.pump.inbox:
            self.pump.wake()

    # --- what the browser says ---------------------------------------------------------------

    async def serve(self, receive: Receive) -> None:
        """Listen to the line until it is closed, by whichever side.

        Commands that were begun are finished: a message that arrived is kept.
        """
        self._line.listen(self._hear)
        self.pump.wake()
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass  # what it says is heard as it comes
        finally:
            await self.pump.stop()

    @property
    def _listens(self) -> bool:
        return self._places > 0 and not self._paced

    def _hear(self, text: str | None) -> None:
        """Take one frame; None if it is not text. Nothing is begun for who has gone."""
        if self.pump.closing is not None or self.pump.gone:
            return
        self._heard = now = time.monotonic()
        self._places -= 1
        if not self._places:
            self._line.hold()
        if text is None:
            self._not_understood(Malformed(where="binary frame"), None)
            return
        wait = self._bucket.take(now)
        if wait:
            self._refuse(
                RateExceeded(limit="commands_per_second", retry_after=ceil(wait)), id_of(text)
            )
            self._paced = True
            self._line.hold()
            asyncio.get_running_loop().call_later(wait, self._at_pace)
            return
        try:
            frame = decode(text, self._limits.frame_bytes)
        except Malformed as refusal:
            self._not_understood(refusal, id_of(text))
        except Refused as refusal:
            self._refuse(refusal, id_of(text))
        else:
            self._begin(frame)

    def _give_back(self) -> None:
        """Let the next frame come in: one was answered, or needs no answer."""
        self._places += 1
        if self._places == 1:
            self._go_on()

    def _at_pace(self) -> None:
        self._paced = False
        self._go_on()

    def _go_on(self) -> None:
        if self._listens:
            self._heard = time.monotonic()  # it could not be, while nobody listened
            self._line.go_on()

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
            self._give_back()
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
