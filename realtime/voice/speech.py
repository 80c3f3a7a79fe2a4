"""One person's speech in a call, from RTP packets to an Ogg Opus file. Pure: packets in, pages out.

Packets come as the other party gets them, with the moment of their arrival. Reordered ones are
put straight within `WAITING` packets; the place of each in the file is told by its timestamp as
long as that agrees with its arrival, so that neither a new source, nor a reconnection, nor a
browser that makes timestamps up, moves what follows away from the time it was said.
"""

from __future__ import annotations

from realtime.voice.ogg import OPUS_CLOCK, OggOpus, primary, samples
from realtime.voice.relay import HEADER, extension_bounds

WAITING = 8
"""Packets that wait for an earlier one, 160 ms of usual frames."""

ASTRAY = OPUS_CLOCK
"""Samples by which timestamp and arrival may disagree: more than any jitter, 1 s."""

_HALF = 1 << 15


class Speech:
    """What one person says while it is recorded.

    Attributes:
        packets: written so far, those that fill gaps apart.
        lost: packets that came too late to be written, or were not Opus.
    """

    def __init__(self, serial: int, began: float) -> None:
        """The file's time begins at `began`, in seconds of the clock of the arrivals."""
        self.packets = 0
        self.lost = 0
        self._file = OggOpus(serial)
        self._began = began
        self._source: int | None = None
        # The newest sequence number taken from the source, without its wraps.
        self._newest = 0
        # Added to a timestamp it gives samples since the beginning; kept without wraps.
        self._shift = 0
        self._timestamp = 0
        self._waiting: dict[int, tuple[int, float, bytes]] = {}
        # The number of the packet that is written next.
        self._next = 0

    @property
    def seconds(self) -> float:
        """How much is told of so far."""
        return self._file.length / OPUS_CLOCK

    def head(self) -> bytes:
        """How the file begins."""
        return self._file.head()

    def hear(self, packet: bytes, now: float, *, red: int | None) -> bytes:
        """One RTP packet; returns pages that are whole now. `red` is what marks redundancy."""
        _, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        payload = _payload(packet)
        if second & 0x7F == red:
            payload = primary(payload)
        if not samples(payload):
            self.lost += bool(payload)
            return b""
        out = b""
        ahead = (sequence - self._newest + _HALF & 0xFFFF) - _HALF
        if ssrc != self._source or abs(ahead) > _HALF // 2:
            out = self._catch_up()
            self._source, self._newest, self._next = ssrc, sequence, sequence
            self._timestamp, self._shift = timestamp, self._arrived(now) - timestamp
            number = sequence
        else:
            number = self._newest + ahead
            self._newest = max(self._newest, number)
        if number < self._next or number in self._waiting:
            self.lost += 1
            return out
        self._waiting[number] = (timestamp, now, payload)
        while self._next in self._waiting or len(self._waiting) > WAITING:
            out += self._write(min(self._waiting))
        return out

    def page(self) -> bytes:
        """What can be written now, at the end of a page."""
        return self._file.page()

    def end(self, now: float) -> bytes:
        """The rest of the file, which ends at `now`."""
        out = self._catch_up() + self._file.conceal(self._arrived(now))
        return out + self._file.end()

    def _arrived(self, now: float) -> int:
        return max(0, int((now - self._began) * OPUS_CLOCK))

    def _catch_up(self) -> bytes:
        out = b""
        while self._waiting:
            out += self._write(min(self._waiting))
        return out

    def _write(self, number: int) -> bytes:
        timestamp, now, payload = self._waiting.pop(number)
        self._next = number + 1
        moved = (timestamp - self._timestamp + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
        at = self._timestamp + moved + self._shift
        arrived = self._arrived(now)
        if abs(at - arrived) > ASTRAY:
            at = arrived
        if self._file.length > arrived + ASTRAY:
            self.lost += 1  # more sound than time has passed
            return b""
        self._timestamp, self._shift = timestamp, at - timestamp
        out = self._file.conceal(at)
        self.packets += 1
        return out + self._file.put(payload)


def _payload(packet: bytes) -> bytes:
    """The payload without extension and padding."""
    at = HEADER.size + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        at = extension_bounds(packet, len(packet), at)[1]
    end = len(packet) - packet[-1] if packet[0] & 0x20 else len(packet)
    return packet[at:end]
