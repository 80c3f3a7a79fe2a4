"""What a process says to one node of Redis: in one round trip whatever was said during the last.

What could not be published is not thrown away but shrunk: per order one hint without entries, said
as soon as somebody hears it. Once a second a canary goes to a channel of this process alone, for
its own listener, and with it a sign of life to everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from orders.events import OrderId
from realtime import telemetry
from realtime.bus import PersonTypes, Signal
from realtime.bus.letters import COMMON, Hint, Letter, bare, channel, letters_for, seal
from realtime.bus.link import GONE, Link
from realtime.bus.nodes import Node, Nodes

log = structlog.get_logger(__name__)

CANARY_EVERY = 1.0
"""Seconds between two messages to ourselves."""
PAUSE_FIRST, PAUSE_MOST = 0.1, 2.0
"""Seconds between two attempts to connect; doubled each time, with jitter."""
WAITING_MOST = 5_000
"""Hints, and signals, that wait to be published; more of them are shrunk, or forgotten."""
KEPT_MOST = 50_000
"""Orders whose shrunk hints are kept while Redis is away."""


@dataclass(slots=True)
class Pulse:
    """Where one process and one node show each other that they live."""

    own: str
    """The canary's channel: only this process listens to it."""
    common: str
    """The channel at this node that every process listens to."""
    sent: float = 0.0
    """When the last canary was sent."""


@dataclass(slots=True)
class Speaker:
    """Publishes at one node. `run` does the work."""

    nodes: Nodes
    node: Node
    me: bytes
    prefix: str
    partitions: int
    verb: str
    pulse: Pulse
    _hints: list[Hint] = field(default_factory=list)
    _signals: list[Signal] = field(default_factory=list)
    _kept: dict[OrderId, Hint] = field(default_factory=dict)
    _kept_all: bool = True
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    def hint(self, hints: Sequence[Hint]) -> None:
        """Say these soon."""
        self._hints += hints
        if len(self._hints) > WAITING_MOST:
            self._keep(self._hints)
            self._hints = []
        self._something.set()

    def signal(self, signal: Signal) -> None:
        """Say it soon, unless too much waits."""
        if len(self._signals) < WAITING_MOST:
            self._signals.append(signal)
        elif _matters(signal):
            self._kept_all = False
        self._something.set()

    def lose(self) -> None:
        """Tell the others with the next words that something was not said."""
        self._kept_all = False
        self._something.set()

    def beat(self) -> None:
        """Send the next canary now."""
        self.pulse.sent = 0.0
        self._something.set()

    def take(self) -> tuple[list[Hint], list[Signal], bool]:
        """Give up what waits, for another to say; the last says whether that is all there was."""
        waiting = [*self._kept.values(), *self._hints], self._signals, self._kept_all
        self._hints, self._signals, self._kept, self._kept_all = [], [], {}, True
        return waiting

    async def run(self) -> None:
        """Publish until cancelled; what waits then is published first."""
        link: Link | None = None
        pause = PAUSE_FIRST
        try:
            while True:
                wait = max(0.0, self.pulse.sent + CANARY_EVERY - time.monotonic())
                with contextlib.suppress(TimeoutError):
                    # not `wait_for`, which before Python 3.12 may swallow the cancellation
                    async with asyncio.timeout(wait):
                        await self._something.wait()
                self._something.clear()
                try:
                    link = link or await self.nodes.open(self.node, "order-room-says")
                    await self._say(link)
                    pause = PAUSE_FIRST
                except GONE as error:
                    log.warning("the bus cannot speak", error=telemetry.name_of(error))
                    self.nodes.doubt()
                    if link is not None:
                        await link.close()
                        link = None
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                    pause = min(2 * pause, PAUSE_MOST)
                    self._something.set()
        finally:
            if link is not None:
                with contextlib.suppress(*GONE):
                    await self._say(link, farewell=True)
                await link.close()

    async def _say(self, link: Link, *, farewell: bool = False) -> None:
        """Publish what waits, in one round trip. What may not have arrived is kept."""
        hints, signals, kept_all = self.take()
        commands: list[tuple[str, str, bytes]] = []
        for place, letter in letters_for(hints, signals, self.partitions):
            name = channel(self.prefix, place)
            if self.nodes.of(name) == self.node:
                commands.append((self.verb, name, seal(self.me, letter)))
            elif place != COMMON:  # that is said by another; this has moved while it was said here
                kept_all = False
        now = time.monotonic()
        canary = now - self.pulse.sent >= CANARY_EVERY
        if canary:
            self.pulse.sent = now
            commands.append((self.verb, self.pulse.own, self.me + struct.pack("d", now)))
        if canary or farewell or not kept_all:
            said = seal(self.me, Letter(gap=not kept_all, farewell=farewell))
            commands.append((self.verb, self.pulse.common, said))
        try:
            if commands:
                await link.ask(commands)
        except BaseException:
            self._kept_all = self._kept_all and kept_all and not any(map(_matters, signals))
            self._keep(hints)
            raise
        telemetry.LETTERS.inc(len(commands))

    def _keep(self, hints: Sequence[Hint]) -> None:
        for hint in hints:
            if hint.order in self._kept or len(self._kept) < KEPT_MOST:
                self._kept[hint.order] = bare(hint, self._kept.get(hint.order))
            else:
                self._kept_all = False


def _matters(signal: Signal) -> bool:
    """Whether something is wrong for long if the signal is lost."""
    return not isinstance(signal, PersonTypes)
