"""The path of media through one socket, in Python: read, unprotect, rewrite, protect, send.

`realtime.voice.native` does the same in batches, in C. What a `Forwarder` offers is what both
have; the port does not care which it drives.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol, cast

from realtime.voice.adapter import InPlace, Keys
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Agreed
from realtime.voice.track import Media, Track

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the socket module has it: host, port, and for IPv6 flow and scope."""

OnControl = Callable[[bytes, Address], None]
"""Told every datagram that is not media of a known address."""

DATAGRAMS = 128
"""Most datagrams read before other work gets its turn."""

LONGEST = 1_500
"""Longer datagrams are cut, and so cannot prove authentic."""

Line = tuple[socket.socket, Address]
"""Where a leg's browser is: our socket and its address."""


class Forwarder(Protocol):
    """Forwards media between the legs of one process.

    Attributes:
        path: `python` or `native`, as reported.
    """

    path: str

    def track(
        self, limits: VoiceLimits, ssrc: int, agreed: Agreed, *, sequence: int, timestamp: int
    ) -> Media:
        """Make a leg's media; its stream's first packet follows the two numbers."""

    def unlock(self, track: Media, keys: Keys) -> None:
        """The handshake is done: media can be read and sent."""

    def lock(self, track: Media) -> None:
        """Forget the keys: nothing of this leg is read or sent any more."""

    def aim(self, track: Media, line: Line) -> None:
        """Send what the leg's browser should hear there."""

    def put(self, address: Address, track: Media) -> None:
        """Media from this address is the leg's."""

    def drop(self, address: Address) -> None:
        """Media from this address is nobody's."""

    def stray(self, track: Media, packet: bytes, now: float) -> bool:
        """A media packet whose address is not put: forward it if it is the leg's."""

    def read(self, source: socket.socket, now: float, on_control: OnControl) -> int:
        """Read and forward what has come, at most `DATAGRAMS`; how many that were."""

    def close(self) -> None:
        """Free what cannot free itself. No track is used any more."""


class _Ends:
    """What a track needs to be read and sent: keys, and where its browser is."""

    __slots__ = ("keys", "line", "track")

    def __init__(self, track: Track) -> None:
        self.track = track
        self.keys: Keys | None = None
        self.line: Line | None = None


class PlainForwarder:
    """Forwards packet by packet, in one buffer, in place."""

    path = "python"

    def __init__(self) -> None:
        """Nothing known yet."""
        self._in_place = InPlace(2_048)
        self._ends: dict[Track, _Ends] = {}
        self._known: dict[Address, _Ends] = {}

    def track(
        self, limits: VoiceLimits, ssrc: int, agreed: Agreed, *, sequence: int, timestamp: int
    ) -> Track:
        """Make a leg's media."""
        made = Track(limits, ssrc, agreed, sequence=sequence, timestamp=timestamp)
        self._ends[made] = _Ends(made)
        return made

    def unlock(self, track: Media, keys: Keys) -> None:
        """The handshake is done."""
        self._of(track).keys = keys

    def lock(self, track: Media) -> None:
        """Forget the leg."""
        ends = self._ends.pop(cast("Track", track), None)
        if ends is not None:
            ends.keys = ends.line = None

    def aim(self, track: Media, line: Line) -> None:
        """Send there."""
        self._of(track).line = line

    def put(self, address: Address, track: Media) -> None:
        """Media from there is the leg's."""
        self._known[address] = self._of(track)

    def drop(self, address: Address) -> None:
        """Media from there is nobody's."""
        self._known.pop(address, None)

    def stray(self, track: Media, packet: bytes, now: float) -> bool:
        """A media packet whose address is not put."""
        ends = self._of(track)
        self._in_place.buffer[: len(packet)] = packet
        return self._forward(ends, len(packet), now)

    def read(self, source: socket.socket, now: float, on_control: OnControl) -> int:
        """Read and forward what has come."""
        buffer, known, receive = self._in_place.buffer, self._known, source.recvfrom_into
        for count in range(DATAGRAMS):
            try:
                size, address = receive(buffer, LONGEST)
            except BlockingIOError:
                return count
            except OSError:  # an earlier datagram of ours was refused on its way
                continue
            # The first byte tells the protocols apart (RFC 7983), the second RTP from RTCP
            # (RFC 5761 section 4).
            if size > 1 and 128 <= buffer[0] <= 191 and not 192 <= buffer[1] <= 223:  # noqa: PLR2004
                ends = known.get(address)
                if ends is not None and ends.keys is not None:
                    self._forward(ends, size, now)
                    continue
            on_control(bytes(buffer[:size]), address)
        return DATAGRAMS

    def close(self) -> None:
        """Forget everything."""
        self._ends.clear()
        self._known.clear()

    def _of(self, track: Media) -> _Ends:
        return self._ends[cast("Track", track)]  # it is given the tracks that it made

    def _forward(self, ends: _Ends, size: int, now: float) -> bool:
        """What is in the buffer goes its way; False if it is not of this leg's browser."""
        track, keys, srtp = ends.track, ends.keys, self._in_place
        size = srtp.unprotect(keys, size) if keys is not None else 0
        if not size:
            track.counters.rejected += 1
            return False
        size = track.take(srtp.buffer, size, now)
        listener = track.listener
        if not size or listener is None:
            return True
        to = self._ends.get(listener)
        if to is None or to.line is None or to.keys is None:
            listener.counters.unsent += 1
            return True
        size = srtp.protect(to.keys, size)
        try:
            if size:
                to.line[0].sendto(srtp.view[:size], to.line[1])
                listener.counters.sent += 1
            else:
                listener.counters.unsent += 1
        except OSError:
            listener.counters.unsent += 1
        return True
