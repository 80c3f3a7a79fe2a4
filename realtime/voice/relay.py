"""One browser's packets become the stream that the other one hears. Pure: bytes in, bytes out.

A listener must notice nothing of what happens on the speaker's side. A speaker may reconnect
through a new leg, with a new SSRC and numbers that start anywhere; the listener keeps getting
*one* RTP stream whose SSRC never changes and whose sequence numbers and timestamps go on
(RFC 3550 section 5.1). That is more than politeness: SRTP derives its keystream from SSRC and
sequence number, so a listener's SRTP refuses numbers that went back, and using one number for
two packets would give their contents away.

Gaps and reordering inside one source are kept as they came, because the listener's concealment,
its repair data and its loss statistics depend on the truth. Payloads are never read, apart from
the frame heads of redundant audio (RED, RFC 2198): they hold payload types, and a listener that
did not ask for redundancy gets the newest frame alone.
"""

from __future__ import annotations

import struct
from collections import deque

from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import OPUS_CLOCK, Agreed

HEADER = struct.Struct("!BBHLL")
"""The fixed RTP header (RFC 3550 section 5.1)."""

FRAME = 960
"""Timestamp units of one usual Opus frame, 20 ms at 48 kHz."""

MAX_DROPOUT = 3_000
"""A jump further ahead than this is a new beginning, not loss (RFC 3550 appendix A.1)."""

MAX_MISORDER = 1_000
"""A packet further behind than this is too late. Must stay below the replay window of the SRTP
sessions (1,024), which guarantees that nothing inside it comes twice."""

_ONE_BYTE_PROFILE = b"\xbe\xde"
_RETIRED_SOURCES = 8


class Malformed(ValueError):
    """The packet is not RTP as negotiated; the argument is a word for the counters."""


class Bucket:
    """A token bucket over packets and bytes: what one leg may send."""

    __slots__ = ("_at", "_burst", "_bytes", "_bytes_rate", "_packets", "_packets_rate")

    def __init__(self, limits: VoiceLimits, now: float) -> None:
        """Start full. `now` is in seconds of any clock that does not step."""
        self._packets_rate = float(limits.packets_per_second)
        self._bytes_rate = limits.bits_per_second / 8
        self._burst = limits.burst_seconds
        self._packets = self._packets_rate * self._burst
        self._bytes = self._bytes_rate * self._burst
        self._at = now

    def take(self, size: int, now: float) -> bool:
        """Pay for one packet of `size` bytes; False if it exceeds either rate."""
        elapsed = now - self._at
        self._at = now
        self._packets = min(
            self._packets + elapsed * self._packets_rate, self._packets_rate * self._burst
        )
        self._bytes = min(self._bytes + elapsed * self._bytes_rate, self._bytes_rate * self._burst)
        if self._packets < 1 or self._bytes < size:
            return False
        self._packets -= 1
        self._bytes -= size
        return True


class Stream:
    """The stream that one listener hears, through however many legs its speaker comes.

    Attributes:
        ssrc: the stream's identity towards the listener; never changes.
        sequence: highest sequence number sent, 16 bits.
        timestamp: timestamp of that packet, 32 bits.
        sent_at: when it was sent; None before the first packet.
        packets: packets made.
        octets: payload bytes in them, as sender reports count (RFC 3550 section 6.4.1).
        dropped: packets refused: late, of an unknown payload type, or of a retired source.
    """

    __slots__ = (
        "_ahead",
        "_extensions",
        "_highest",
        "_listener",
        "_payload_types",
        "_reach",
        "_resuming",
        "_retired",
        "_sequence_shift",
        "_source",
        "_speaker_red",
        "_timestamp_shift",
        "dropped",
        "octets",
        "packets",
        "sent_at",
        "sequence",
        "ssrc",
        "timestamp",
    )

    def __init__(self, ssrc: int, listener: Agreed, *, sequence: int, timestamp: int) -> None:
        """Prepare a stream whose first packet follows `sequence` and `timestamp`.

        Both should be random (RFC 3550 section 5.1); a sequence below 2^15 keeps the first
        wrap, before which packets may still be lost, away from the start (RFC 3711 section 3.3.1).
        """
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        self.sent_at: float | None = None
        self.packets = 0
        self.octets = 0
        self.dropped = 0
        self._listener = listener
        self._payload_types: dict[int, int] = {}
        self._extensions: dict[int, int] = {}
        self._speaker_red: int | None = None
        self._retired: deque[int] = deque(maxlen=_RETIRED_SOURCES)
        # Set by the first packet of a source.
        self._source: int | None = None
        self._sequence_shift = 0
        self._timestamp_shift = 0
        # Highest sequence number of the source, and how far behind it a packet may still be
        # without reaching back before the point where this source took over.
        self._highest = 0
        self._reach = 0
        # Where a source that jumped would go on if the jump was meant (RFC 3550 appendix A.1).
        self._ahead: int | None = None
        self._resuming = False

    def hear(self, speaker: Agreed) -> None:
        """From now on packets come from this leg of the speaker; its first one joins on."""
        self._payload_types, self._extensions = translations(speaker, self._listener)
        self._speaker_red = speaker.red
        self._source = None
        # SSRCs are drawn per leg: one that the last leg retired may be a stranger's here.
        self._retired.clear()

    def resume(self) -> None:
        """The next packet follows the last one sent: what a mute held back was not lost."""
        self._resuming = True

    def rewrite(self, packet: bytes, now: float) -> bytes | None:
        """The packet as the listener should get it, or None if it should get nothing.

        `now` is in seconds of a clock that does not step.

        Raises:
            Malformed: the packet is not RTP; nothing changed.
        """
        out = bytearray(packet)
        size = self.rewrite_in_place(out, len(packet), now)
        return bytes(out[:size]) if size else None

    def rewrite_in_place(self, packet: bytearray, size: int, now: float) -> int:
        """As `rewrite`, in the buffer whose first `size` bytes are the packet.

        Returns its new size, never a larger one, or 0 if the listener should get nothing.
        """
        if size < HEADER.size:
            raise Malformed("short")
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        if first >> 6 != 2:  # noqa: PLR2004 - the version of RTP
            raise Malformed("version")
        payload_type = self._payload_types.get(second & 0x7F)
        is_red = second & 0x7F == self._speaker_red
        if payload_type is None and not is_red:
            self.dropped += 1
            return 0
        payload_at = HEADER.size + 4 * (first & 0x0F)
        if first & 0x10:
            payload_at = translate_extensions(packet, size, payload_at, self._extensions)
        elif size < payload_at:
            raise Malformed("sources")
        if is_red:
            payload_type, size = self._redundancy(packet, size, payload_at)

        if ssrc != self._source:
            if ssrc in self._retired:
                self.dropped += 1
                return 0
            if self._source is not None:
                self._retired.append(self._source)
            self._source = ssrc
            self._begin(sequence, timestamp, now)
        elif not self._follows(sequence, timestamp, now):
            self.dropped += 1
            return 0

        out_sequence = (sequence + self._sequence_shift) & 0xFFFF
        out_timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        if sequence == self._highest:
            self.sequence = out_sequence
            self.timestamp = out_timestamp
            self.sent_at = now
        self.packets += 1
        self.octets += size - payload_at
        HEADER.pack_into(
            packet, 0, first, second & 0x80 | payload_type, out_sequence, out_timestamp, self.ssrc
        )
        return size

    def _redundancy(self, packet: bytearray, size: int, at: int) -> tuple[int, int]:
        """Give redundant frames (RFC 2198) the listener's numbers, or reduce them to the newest.

        Returns the payload type and size of the result.
        """
        kinds, red = self._payload_types, self._listener.red
        head, skip = at, 0
        while head < size and packet[head] & 0x80:
            kind = kinds.get(packet[head] & 0x7F)
            if head + 4 > size or kind is None:
                raise Malformed("redundancy")
            skip += (packet[head + 2] & 0x03) << 8 | packet[head + 3]
            if red is not None:
                packet[head] = 0x80 | kind
            head += 4
        newest = kinds.get(packet[head]) if head < size else None
        if newest is None or head + 1 + skip > size:
            raise Malformed("redundancy")
        if red is not None:
            packet[head] = newest
            return red, size
        start = head + 1 + skip
        packet[at : at + size - start] = packet[start:size]
        return newest, at + size - start

    def _follows(self, sequence: int, timestamp: int, now: float) -> bool:
        """Place one more packet of the current source; False if it comes too late."""
        if self._resuming:
            self._join_sequence(sequence)
            return True
        forward = (sequence - self._highest) & 0xFFFF
        if forward <= MAX_DROPOUT:
            if forward == 0:
                return False
            self._highest = sequence
            self._reach = min(self._reach + forward, MAX_MISORDER)
            self._ahead = None
            return True
        behind = 0x10000 - forward
        if behind < self._reach:
            return True
        if behind <= MAX_MISORDER:
            return False
        # One packet from far away is an accident; a second in its succession is a new start.
        if sequence != self._ahead:
            self._ahead = (sequence + 1) & 0xFFFF
            return False
        self._begin(sequence, timestamp, now)
        return True

    def _begin(self, sequence: int, timestamp: int, now: float) -> None:
        """Let a source's numbers continue ours: next in sequence, as much later as time passed."""
        self._join_sequence(sequence)
        step = FRAME
        if self.sent_at is not None:
            step = max(FRAME, int((now - self.sent_at) * OPUS_CLOCK))
        self._timestamp_shift = self.timestamp + step - timestamp

    def _join_sequence(self, sequence: int) -> None:
        self._sequence_shift = self.sequence + 1 - sequence
        self._highest = sequence
        self._reach = 0
        self._ahead = None
        self._resuming = False


def translations(speaker: Agreed, listener: Agreed) -> tuple[dict[int, int], dict[int, int]]:
    """The speaker's numbers and the listener's for the same: payload types, extension ids.

    Redundant frames (RED) are not among the payload types: what they wrap is.
    """
    payload_types = {speaker.opus: listener.opus}
    if speaker.telephone_event is not None and listener.telephone_event is not None:
        payload_types[speaker.telephone_event] = listener.telephone_event
    extensions = {}
    if speaker.audio_level is not None and listener.audio_level is not None:
        extensions[speaker.audio_level] = listener.audio_level
    return payload_types, extensions


def translate_extensions(packet: bytearray, size: int, at: int, ids: dict[int, int]) -> int:
    """Give header-extension elements the listener's ids and blank the others in place.

    `at` is where the extension begins, `ids` maps the speaker's ids to the listener's. Blank
    means zeros, which RFC 8285 section 4.1.2 defines as padding; the length never changes.
    Returns where the payload begins.

    Raises:
        Malformed: the extension does not fit into the packet, which may be changed in part.
    """
    start, end = extension_bounds(packet, size, at)
    if packet[at : at + 2] != _ONE_BYTE_PROFILE:
        packet[start:end] = bytes(end - start)
        return end
    at = start
    while at < end:
        head = packet[at]
        if head == 0:
            at += 1
            continue
        after = at + 2 + (head & 0x0F)
        if after > end:
            raise Malformed("extension")
        element = ids.get(head >> 4)
        if element is None:
            packet[at:after] = bytes(after - at)
        else:
            packet[at] = element << 4 | head & 0x0F
        at = after
    return end


def extension_bounds(packet: bytes | bytearray, size: int, at: int) -> tuple[int, int]:
    """Where the elements of the extension at `at` begin and where the payload does.

    Raises:
        Malformed: the extension does not fit into the packet.
    """
    if size < at + 4:
        raise Malformed("extension")
    end = at + 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
    if size < end:
        raise Malformed("extension")
    return at + 4, end
