"""Reports, written and read per hop. Bytes in, bytes out; the wire's format is the adapter's.

Reports are not forwarded: they describe one hop, and what the two hops of a call have in common
is only the payload. So the server is an ordinary receiver and sender towards each browser
(RFC 3550 section 6): it tells each how well it hears it, and learns round-trip time, loss and
jitter of both directions of that hop.
"""

from __future__ import annotations

import msgspec

from realtime.voice import adapter
from realtime.voice.relay import HEADER, MAX_DROPOUT, Stream
from realtime.voice.sdp import OPUS_CLOCK

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905)."""

_LOST_MAX = 0x7FFFFF
_LOST_MIN = -0x800000


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """How a browser hears us, by its last report (RFC 3550 section 6.4.1)."""

    fraction_lost: float
    """Since the report before, 0 to 1."""

    lost: int
    jitter: float
    """In seconds."""


class Reception:
    """How well we hear one browser: the receiver's book-keeping of RFC 3550 appendix A.

    Attributes:
        ssrc: of the source that is heard; None before the first.
        starts: how often counting began anew, with a source or after a jump.
        packets: packets received since.
        jitter: interarrival jitter in seconds, smoothed as in section 6.4.1.
    """

    __slots__ = (
        "_arrived_at",
        "_base",
        "_expected_before",
        "_highest",
        "_received_before",
        "_timestamp",
        "jitter",
        "packets",
        "ssrc",
        "starts",
    )

    def __init__(self) -> None:
        """Before the first packet there is no source, and `block` answers None."""
        self.ssrc: int | None = None
        self.starts = 0
        self._arrived_at: float | None = None
        self._base = self._highest = self._timestamp = 0
        self._expected_before = self._received_before = 0
        self.packets = 0
        self.jitter = 0.0

    @property
    def expected(self) -> int:
        """Packets that should have come, by their numbers."""
        return 0 if self.ssrc is None else self._highest - self._base + 1

    @property
    def lost(self) -> int:
        """Packets missing so far; below zero if some came twice."""
        return self.expected - self.packets

    def received(self, packet: bytes | bytearray, now: float) -> None:
        """Count one packet, at least a whole RTP header long, that came at `now` seconds."""
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        if ssrc != self.ssrc:
            self.ssrc = ssrc
            self._start(sequence, timestamp)
        forward = (sequence - self._highest) & 0xFFFF
        if forward < MAX_DROPOUT:
            self._highest += forward
        elif forward <= 0x10000 - MAX_DROPOUT:
            self._start(sequence, timestamp)
        self.packets += 1
        if self._arrived_at is not None:
            sent_after = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            came_after = now - self._arrived_at
            self.jitter += (abs(came_after - sent_after / OPUS_CLOCK) - self.jitter) / 16
        self._timestamp = timestamp
        self._arrived_at = now

    def block(self, *, last_sender_report: int, since_last: float) -> adapter.Reported | None:
        """The report block on this source since the last one; None if nothing was heard yet.

        `since_last` is in seconds.
        """
        if self.ssrc is None:
            return None
        expected = self.expected - self._expected_before
        lost = expected - (self.packets - self._received_before)
        self._expected_before = self.expected
        self._received_before = self.packets
        fraction = min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0
        return adapter.Reported(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            packets_lost=max(_LOST_MIN, min(self.lost, _LOST_MAX)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self.jitter * OPUS_CLOCK) & 0xFFFFFFFF,
            lsr=last_sender_report,
            dlsr=int(since_last * 65536) & 0xFFFFFFFF if last_sender_report else 0,
        )

    def _start(self, sequence: int, timestamp: int) -> None:
        self.starts += 1
        self.packets = 0
        self.jitter = 0.0
        self._base = sequence
        self._highest = sequence
        self._timestamp = timestamp
        self._arrived_at = None
        self._expected_before = 0
        self._received_before = 0


class Hop:
    """The reports between us and one browser.

    Attributes:
        reception: how we hear the browser.
        round_trip: seconds there and back, from the browser's last report; None before.
        far: how the browser hears us, from its last report; None before.
    """

    def __init__(
        self, ssrc: int, cname: str, *, epoch: float, reception: Reception | None = None
    ) -> None:
        """Reports come from `ssrc`, named `cname`, about `reception`.

        `epoch` is what must be added to the caller's clock to get Unix time. It is fixed for
        good, because a clock that is set during a call would make round trips of minutes.
        """
        self.reception = reception or Reception()
        self.round_trip: float | None = None
        self.far: Block | None = None
        self._ssrc = ssrc
        self._cname = cname
        self._epoch = epoch + NTP_EPOCH
        self._last_sender_report = 0
        self._last_sender_report_at = 0.0

    def read(self, packet: bytes, now: float) -> None:
        """Learn from a compound packet of the browser.

        Raises:
            ValueError: it is not RTCP; nothing was learned.
        """
        for report in adapter.read_reports(packet):
            if isinstance(report, adapter.SenderReport):
                self._last_sender_report = report.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
                self._last_sender_report_at = now
            for told in report.reports:
                if told.ssrc != self._ssrc:
                    continue
                self.far = Block(
                    fraction_lost=told.fraction_lost / 256,
                    lost=told.packets_lost,
                    jitter=told.jitter / OPUS_CLOCK,
                )
                if told.lsr:
                    passed = ((self._ntp(now) >> 16) - told.lsr - told.dlsr) & 0xFFFFFFFF
                    # Rounding, or a browser that echoes nonsense, can make it negative.
                    self.round_trip = 0.0 if passed >> 31 else passed / 65536

    def report(self, stream: Stream, now: float) -> bytes:
        """A compound packet: a sender report once we have sent, else a receiver report."""
        heard = self.reception.block(
            last_sender_report=self._last_sender_report,
            since_last=now - self._last_sender_report_at,
        )
        sent = None
        if stream.sent_at is not None:
            timestamp = stream.timestamp + int((now - stream.sent_at) * OPUS_CLOCK)
            sent = (
                self._ntp(now),
                timestamp & 0xFFFFFFFF,
                stream.packets & 0xFFFFFFFF,
                stream.octets & 0xFFFFFFFF,
            )
        return adapter.write_report(self._ssrc, self._cname, sent, heard)

    def goodbye(self, stream: Stream, now: float) -> bytes:
        """The last packet of a call that has ended; never sent when only a leg is replaced."""
        return self.report(stream, now) + adapter.write_goodbye(self._ssrc)

    def _ntp(self, now: float) -> int:
        return int((now + self._epoch) * 2**32)
