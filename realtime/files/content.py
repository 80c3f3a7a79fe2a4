"""What a file is, from its bytes. What its sender says it is, is never believed.

Only the listed kinds are recognised; everything else is `application/octet-stream`, which no
browser opens by itself. A file that is two things at once is what it begins as: it is served
under that one type, with `nosniff`, so that the other thing it could be never comes to life.
Nothing is ever recognised as a kind that can run in a page (HTML, SVG, scripts): they are text.
"""

from __future__ import annotations

import codecs
import re

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
FILM, FILM_SOUND = "video/mp4", "audio/mp4"
"""The same by their brands, where a recorder does not care; `tracks` tells them apart."""
HEAD_BYTES = 512
"""So many bytes at the beginning tell all kinds but text: a WebM lists its tracks there."""

SHOWN = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "audio/mpeg",
        "audio/wav",
        "audio/ogg",
        FILM_SOUND,
        "audio/webm",
        "application/pdf",
    }
)
"""Kinds a browser may show in place; all others are saved."""
CLOSED = frozenset({"image/heic", "image/avif"})
"""Pictures that are saved, not shown; what they tell beside themselves is taken out as well."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),  # an empty archive
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
_EBML = b"\x1a\x45\xdf\xa3"
"""Matroska and WebM (RFC 9559). A browser's voice note is one whose only codec is Opus."""
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B "})
_FILM_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"}
)
"""Major brands of ISO base media files (ISO/IEC 14496-12), where a browser plays them."""
_PICTURE_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
}
"""Those of pictures (ISO/IEC 23008-12), which telephones write."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""What has no place in a text: all control characters but tab, line ends and form feed."""


class Sniffer:
    """Is fed a file as it arrives; knows at the end what it is."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._head = b""
        self._is_text = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        if self._is_text:
            self._is_text = self._readable(chunk, last=False)

    def found(self) -> str:
        """Return the media type of what was fed; nothing may be fed afterwards."""
        known = _by_signature(self._head)
        if known is not None:
            return known
        text = self._is_text and bool(self._head) and self._readable(b"", last=True)
        return TEXT if text else UNKNOWN

    def _readable(self, chunk: bytes, *, last: bool) -> bool:
        if _CONTROLS.search(chunk):
            return False
        try:
            self._decoder.decode(chunk, last)
        except UnicodeDecodeError:
            return False
        return True


def _by_signature(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return "image/png"
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        if head[8:12] in _SOUND_BRANDS:
            return FILM_SOUND
        if head[8:12] in _PICTURE_BRANDS:
            return _PICTURE_BRANDS[head[8:12]]
        return FILM if head[8:12] in _FILM_BRANDS else None
    if head.startswith(_EBML):
        sound = b"webm" in head and b"A_OPUS" in head and b"V_VP" not in head
        return "audio/webm" if sound else None
    for signature, known in _SIGNATURES:
        if head.startswith(signature):
            return known
    return "audio/mpeg" if _is_mpeg_frame(head) else None


def _is_mpeg_frame(head: bytes) -> bool:
    """Say whether an MPEG audio frame of layer III begins here (ISO/IEC 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - header bits
        return False
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and bitrate not in {0, 15} and rate != 3  # noqa: PLR2004 - reserved values
