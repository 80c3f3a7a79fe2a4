"""One leg's media: how its browser is heard, what it hears, and what was counted on the way.

`Track.take` is the path of every packet between unprotect and protect. `batch.c` has the same
in C behind `realtime.voice.native.NativeTrack`; what a `Media` offers is what both have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from realtime.voice.limits import VoiceLimits
from realtime.voice.relay import HEADER, Bucket, Malformed, Stream, extension_bounds
from realtime.voice.rtcp import Reception
from realtime.voice.sdp import Agreed

Tap = Callable[[bytes, float], None]
"""Given each packet as the listener gets it, before it is protected, and the monotonic seconds of
its arrival. Called on the event loop between two packets: it must not block, and not raise."""


class Counters(msgspec.Struct):
    """What happened on a leg and is too frequent, or too much an attacker's choice, to log."""

    received: int = 0
    """Media and report packets that proved authentic."""

    rejected: int = 0
    """Packets that did not: forged, damaged, or repeated."""

    unwanted: int = 0
    """Datagrams dropped before the handshake, because media cannot be read or too many wait."""

    sent: int = 0
    unsent: int = 0
    """Packets that could not be protected, or had nowhere to go."""

    malformed: int = 0
    """Authentic packets that were not RTP or RTCP."""

    excess: int = 0
    """Authentic packets over the leg's rate or size."""

    intruders: int = 0
    """Beginnings of a second handshake on a leg that has had its own."""

    def add(self, other: Counters) -> None:
        """Add another leg's figures to these."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Loudness(msgspec.Struct):
    """Levels that a browser measured itself (RFC 6464): -dBov, 0 loudest, 127 silence."""

    total: int = 0
    packets: int = 0


class Media(Protocol):
    """What a leg's media offers, whoever forwards it.

    Attributes:
        heard_at: monotonic seconds at which something authentic of the browser came last.
    """

    heard_at: float

    @property
    def counters(self) -> Counters:
        """Of this leg's media; perhaps a copy."""

    @property
    def loudness(self) -> Loudness:
        """Sums since the leg began; perhaps a copy."""

    @property
    def reception(self) -> Reception:
        """How we hear the browser."""

    @property
    def stream(self) -> Stream:
        """What the browser hears."""

    def listen(self, listener: Media | None) -> None:
        """Let the packets go to `listener`, a track of the same kind, or to nobody."""

    def tap(self, tap: Tap | None) -> None:
        """Give what goes to the listener to `tap` too, or to it no more."""


class Track:
    """Media forwarded in Python."""

    __slots__ = (
        "_bucket",
        "_level_id",
        "_packet_bytes",
        "counters",
        "heard_at",
        "listener",
        "loudness",
        "reception",
        "stream",
        "tapped",
    )

    def __init__(
        self, limits: VoiceLimits, ssrc: int, agreed: Agreed, *, sequence: int, timestamp: int
    ) -> None:
        """Nothing heard, nobody listening; the stream to the browser begins after the numbers."""
        self.stream = Stream(ssrc, agreed, sequence=sequence, timestamp=timestamp)
        self.reception = Reception()
        self.counters = Counters()
        self.loudness = Loudness()
        self.listener: Track | None = None
        self.tapped: Tap | None = None
        self.heard_at = time.monotonic()
        self._bucket = Bucket(limits, self.heard_at)
        self._packet_bytes = limits.packet_bytes
        self._level_id = agreed.audio_level

    def listen(self, listener: Media | None) -> None:
        """Let the packets go to `listener`, or to nobody."""
        self.listener = cast("Track | None", listener)

    def tap(self, tap: Tap | None) -> None:
        """Give what goes to the listener to `tap` too, or to it no more."""
        self.tapped = tap

    def take(self, packet: bytearray, size: int, now: float) -> int:
        """An authentic packet, the first `size` bytes: count it, make it the listener's.

        Returns how long it is now, or 0 if there is nothing to send to the listener.
        """
        counters = self.counters
        counters.received += 1
        self.heard_at = now
        if size > self._packet_bytes or not self._bucket.take(size, now):
            counters.excess += 1
            return 0
        if size < HEADER.size:
            counters.malformed += 1
            return 0
        self.reception.received(packet, now)
        listener = self.listener
        try:
            if self._level_id is not None and packet[0] & 0x10:
                self._measure(packet, size)
            if listener is None:
                return 0
            size = listener.stream.rewrite_in_place(packet, size, now)
        except Malformed:
            counters.malformed += 1
            return 0
        if size and self.tapped is not None:
            self.tapped(bytes(packet[:size]), now)
        return size

    def _measure(self, packet: bytearray, size: int) -> None:
        at, end = extension_bounds(packet, size, HEADER.size + 4 * (packet[0] & 0x0F))
        while at < end:
            head = packet[at]
            if head >> 4 == self._level_id and at + 1 < end:
                self.loudness.total += packet[at + 1] & 0x7F
                self.loudness.packets += 1
                return
            at += 2 + (head & 0x0F) if head else 1
