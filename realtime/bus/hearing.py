"""What a process hears from one node of Redis, on a connection that only listens.

A listener that has not heard its canary for `DEAF_AFTER` takes its line for dead, however open it
looks, and starts anew: a half-open link, a paused server, a killed subscription and a server that
lost its memory all end there. Time in which this process stood still is not counted: what was said
meanwhile waits in the socket. After every start, and whenever a channel was joined, those who
listen are told that they may have missed something.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from realtime import telemetry
from realtime.bus import Ears
from realtime.bus.letters import SENDER_BYTES, announcement_of, sender_of, unseal
from realtime.bus.link import GONE, Link
from realtime.bus.nodes import Node, Nodes
from realtime.bus.speaking import CANARY_EVERY, PAUSE_FIRST, PAUSE_MOST, Pulse
from realtime.patience import STOOD_STILL

log = structlog.get_logger(__name__)

DEAF_AFTER = 3.0
"""Seconds without hearing one: what is said meanwhile is lost, and nobody says so."""
SILENT_MOST = 300.0
"""Seconds that a process which has fallen silent is missed; then it is taken for dead."""


class _DeafError(Exception):
    """The line looks open and brings nothing, or not all."""


@dataclass(slots=True)
class Listener:
    """Listens at one node. `run` does the work."""

    nodes: Nodes
    node: Node
    me: bytes
    sharded: bool
    pulse: Pulse
    ears: Ears
    wanted: Callable[[], set[str]]
    """The channels at this node that somebody here attends; asked before each start and `join`."""
    beat: Callable[[], None]
    """Has a canary sent at once."""
    whole: Callable[[], None]
    """Told when `is_whole` may have changed."""
    peers: dict[bytes, float] = field(default_factory=dict)
    """When each other process was heard last."""
    _link: Link | None = None
    _asked_for: set[str] = field(default_factory=set)  # of this link, confirmed or not
    _unconfirmed: set[str] = field(default_factory=set)
    _canary_heard: float | None = None  # since this link began
    _garbled_at: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether what is said at this node is heard."""
        return self._canary_heard is not None

    @property
    def misses_somebody(self) -> bool:
        """Whether a process is silent here that did not say farewell."""
        now = time.monotonic()
        return any(now - heard > DEAF_AFTER for heard in self.peers.values())

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = PAUSE_FIRST
        while True:
            try:
                await self._hear()
            except (*GONE, _DeafError) as error:
                log.warning("the bus cannot hear", error=telemetry.name_of(error))
                self.nodes.doubt()
            was_whole, self._canary_heard = self._canary_heard is not None, None
            self.whole()
            if was_whole:  # this line was good for something
                pause = PAUSE_FIRST
                telemetry.DEAF.inc()
                self.ears.hear_gap()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(2 * pause, PAUSE_MOST)

    async def join(self) -> None:
        """Join what is wanted now, and leave what is not any more."""
        link = self._link
        if link is None:
            return  # the next one joins everything
        wanted = self._all()
        verb = "SUNSUBSCRIBE" if self.sharded else "UNSUBSCRIBE"
        # a line that is dead is noticed where it is read
        with contextlib.suppress(*GONE):
            for name in sorted(self._asked_for - wanted):
                self._asked_for.discard(name)
                self._unconfirmed.discard(name)
                await link.say(verb, name)
            await self._ask_for(link, wanted - self._asked_for)

    def _all(self) -> set[str]:
        return {self.pulse.own, self.pulse.common, *self.wanted()}

    async def _hear(self) -> None:
        """Listen on one connection until it is dead."""
        link = await self.nodes.open(self.node, "order-room-hears")
        try:
            self._asked_for = set()
            self._unconfirmed = set()
            self._link = link
            await self._ask_for(link, self._all())
            quiet_since = now = time.monotonic()
            while True:
                left = (self._canary_heard or quiet_since) + DEAF_AFTER - now
                if left <= 0.0:
                    raise _DeafError
                looked, wait = now, min(left, CANARY_EVERY)
                message = await link.hear(wait)
                if message is not None:
                    self._take(*message[:3])
                now = time.monotonic()
                if (stood := now - looked - wait) > STOOD_STILL:
                    quiet_since += stood
                    self._stood_still(stood, now)
        finally:
            self._link = None
            await link.close()

    def _stood_still(self, seconds: float, now: float) -> None:
        """Count nobody's silence while we did not listen."""
        if self._canary_heard is not None:
            self._canary_heard = min(now, self._canary_heard + seconds)
        self.peers = {who: min(now, at + seconds) for who, at in self.peers.items()}

    async def _ask_for(self, link: Link, channels: set[str]) -> None:
        if not channels:
            return
        self._asked_for |= channels
        self._unconfirmed |= channels
        if not self.sharded:
            await link.say("SUBSCRIBE", *sorted(channels))
            return
        for name in sorted(channels):  # those of one command would have to share a slot
            await link.say("SSUBSCRIBE", name)

    def _take(self, kind: bytes, place: bytes, content: bytes) -> None:
        if kind in {b"message", b"smessage"}:
            if place.decode() == self.pulse.own:
                self._hear_canary(content)
            elif (sender := sender_of(content)) != self.me:
                self._read(sender, content)
        elif kind in {b"subscribe", b"ssubscribe"}:
            self._unconfirmed.discard(place.decode())
            if not self._unconfirmed:
                # from here on nothing is missed; what was said before may have been. A line that
                # is new is believed as soon as it has brought a canary
                if self._canary_heard is not None:
                    self.ears.hear_gap()
                self.beat()
        elif place.decode() in self._asked_for:
            raise _DeafError  # we did not leave: its slot has moved

    def _hear_canary(self, content: bytes) -> None:
        now = time.monotonic()
        first, self._canary_heard = not self.is_whole, now
        self.peers = {who: at for who, at in self.peers.items() if now - at < SILENT_MOST}
        if first:
            self.whole()
            log.info("the bus hears")
            self.peers = dict.fromkeys(self.peers, now)  # it was we who did not listen
            self.ears.hear_gap()
        with contextlib.suppress(struct.error):
            (sent,) = struct.unpack("d", content[SENDER_BYTES:])
            telemetry.BUS_LAG.observe(max(0.0, now - sent))

    def _read(self, sender: bytes, content: bytes) -> None:
        try:
            letter = unseal(content)
        except ValueError:
            # another version during a deploy, or not ours: the database knows what it was
            if time.monotonic() - self._garbled_at > CANARY_EVERY:
                self._garbled_at = time.monotonic()
                log.warning("the bus heard what it does not understand")
                self.ears.hear_gap()
            return
        self.peers[sender] = time.monotonic()
        if letter.farewell:
            del self.peers[sender]
        if letter.gap:
            self.ears.hear_gap()
        if letter.hints:
            self.ears.hear_hints([announcement_of(hint) for hint in letter.hints])
        for signal in letter.signals:
            self.ears.hear_signal(signal)
