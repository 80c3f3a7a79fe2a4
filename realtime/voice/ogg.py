"""Ogg Opus, written packet by packet without decoding any (RFC 3533, RFC 7845). Pure.

A recording's clock is the RTP timestamp, which for Opus always runs at 48 kHz (RFC 7587). What
was lost, or never sent because nobody spoke, is filled with packets of no frame data: they ask
the decoder to conceal, and are the only gap that RFC 7845 section 4.1.1 allows. So a file is as
long as the time it tells of, and the files of two people stay side by side.

A file that is cut short anywhere is a file up to its last whole page.
"""

from __future__ import annotations

import struct
import zlib

OPUS_CLOCK = 48_000

UNIT = 120
"""The shortest Opus frame, 2.5 ms; every gap is filled in these (RFC 6716 section 2.1.4)."""

LONGEST = 5_760
"""Samples in the longest packet, 120 ms (RFC 6716 section 3.2.5)."""

PRE_SKIP = 312
"""Samples that a player leaves out at the beginning: what encoders look ahead, 6.5 ms."""

_PAGE = struct.Struct("<4sBBQLLLB")
_FIRST, _LAST = 2, 4  # header types (RFC 3533 section 6)
_LACES = 255
_CELT_FULL_BAND = 28
_VENDOR = b"order room"


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(page: bytes | bytearray) -> int:
    """The CRC of a page whose own field is zero (RFC 3533 section 6).

    It is zlib's with the bits of every byte the other way round, and nothing inverted.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def samples(packet: bytes) -> int:
    """How many samples at 48 kHz an Opus packet holds; 0 if it is none (RFC 6716 section 3)."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:  # noqa: PLR2004 - SILK
        frame = (480, 960, 1_920, 2_880)[config & 3]
    elif config < 16:  # noqa: PLR2004 - hybrid
        frame = (480, 960)[config & 1]
    else:
        frame = UNIT << (config & 3)
    # code 3: any number of frames, told by the next byte
    told = packet[1] & 0x3F if len(packet) > 1 else 0
    frames = (1, 2, 2, told)[code]
    length = frame * frames
    return length if length <= LONGEST else 0


def primary(payload: bytes) -> bytes:
    """The newest frame of redundant audio (RFC 2198); empty if the payload is not that."""
    at, older = 0, 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            return b""
        older += (payload[at + 2] & 3) << 8 | payload[at + 3]
        at += 4
    return payload[at + 1 + older :]


class OggOpus:
    """One file being written: give it packets, take pages.

    Attributes:
        length: samples told of so far, those that a player leaves out included.
    """

    def __init__(self, serial: int) -> None:
        """Begin; `serial` names the stream and should be random, 32 bits."""
        self.length = 0
        self._serial = serial
        self._number = 0
        self._toc = _CELT_FULL_BAND << 3 | 3 << 3
        self._packets: list[bytes] = []
        self._laces = 0

    def head(self) -> bytes:
        """The first two pages; once, before anything else."""
        head = struct.pack("<8sBBHLhB", b"OpusHead", 1, 1, PRE_SKIP, OPUS_CLOCK, 0, 0)
        tags = struct.pack("<8sL", b"OpusTags", len(_VENDOR)) + _VENDOR + bytes(4)
        return self._page([head], 0, _FIRST) + self._page([tags], 0, 0)

    def put(self, packet: bytes) -> bytes:
        """A packet that follows the last one; returns the page that it filled, or nothing.

        A packet that is not Opus is passed over.
        """
        length = samples(packet)
        laces = len(packet) // 255 + 1
        if not length or laces > _LACES:
            return b""
        out = self.page() if self._laces + laces > _LACES else b""
        self._packets.append(packet)
        self._laces += laces
        self.length += length
        self._toc = packet[0] & 0xFC
        return out

    def conceal(self, until: int) -> bytes:
        """Fill up to `until` samples, as near as 2.5 ms allow; returns pages that were filled."""
        out = bytearray()
        toc = self._toc
        frame = samples(bytes([toc]))
        # a gap as long as many frames: several empty ones in one packet
        most = LONGEST // frame
        while until - self.length >= frame:
            count = min(most, (until - self.length) // frame)
            out += self.put(bytes([toc]) if count == 1 else bytes([toc | 3, count]))
        celt = _CELT_FULL_BAND << 3 | toc & 4
        for size in (3, 2, 1, 0):
            while until - self.length >= UNIT << size:
                out += self.put(bytes([celt | size << 3]))
        self._toc = toc
        return bytes(out)

    def page(self) -> bytes:
        """What was put since the last page, as a page; nothing if nothing was."""
        if not self._packets:
            return b""
        page = self._page(self._packets, self.length, 0)
        self._packets, self._laces = [], 0
        return page

    def end(self) -> bytes:
        """The last page."""
        page = self._page(self._packets, self.length, _LAST)
        self._packets, self._laces = [], 0
        return page

    def _page(self, packets: list[bytes], granule: int, kind: int) -> bytes:
        laces = b"".join(
            b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets
        )
        head = _PAGE.pack(b"OggS", 0, kind, granule, self._serial, self._number, 0, len(laces))
        page = bytearray(head + laces + b"".join(packets))
        struct.pack_into("<L", page, 22, checksum(page))
        self._number += 1
        return bytes(page)


def whole(tail: bytes) -> tuple[int, int]:
    """Where the last whole page in the end of a file ends, and the samples told of by then."""
    at = len(tail)
    while (at := tail.rfind(b"OggS", 0, at)) >= 0:
        if len(tail) < at + _PAGE.size:
            continue
        _, _, _, granule, _, _, crc, count = _PAGE.unpack_from(tail, at)
        body = at + _PAGE.size + count
        end = body + sum(tail[at + _PAGE.size : body])
        page = bytearray(tail[at:end])
        page[22:26] = bytes(4)
        if end <= len(tail) and checksum(page) == crc:
            return end, granule
    return 0, 0
