"""Taking out of pictures what they tell beside the picture: place, camera, author, comments.

The container is rewritten and the picture itself is not touched, so nothing of its quality is
lost. Kept is what it needs to look the same: colour profiles, gamma, animation. What follows the
end of a picture goes too, so that no file is two things at once. Pure.

Sources: ITU-T T.81 annex B and T.871 (JPEG, JFIF), W3C PNG third edition, GIF89a, the WebP
container specification. HEIC and AVIF are in `boxes`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from realtime.files.boxes import emptied

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
        b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT", b"mDCV", b"cLLI",
    }
)  # fmt: skip
_PNG_CHUNK_HEAD = 8
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
"""Flags of the VP8X chunk."""
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP2, _APP14, _APP15, _COM = 0xE0, 0xE2, 0xEE, 0xEF, 0xFE
_JFIF_BYTES = 14
"""Of a note of JFIF that has no small picture in it, which might show what was cut away."""
_GIF_IMAGE, _GIF_MORE, _GIF_END = 0x2C, 0x21, 0x3B
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_STUFFED = 0x00
_RESTARTS = range(0xD0, 0xD8)


def strip(kind: str, content: bytes) -> bytes:
    """Return the picture without metadata; other kinds as they are.

    A JPEG or a PNG that ends in the middle of its picture is cut short there, and cleaned all the
    same. Raises `ValueError` if the container is damaged otherwise.
    """
    try:
        match kind:
            case "image/jpeg":
                return b"".join(_jpeg(content))
            case "image/png":
                return b"".join(_png(content))
            case "image/webp":
                return _webp(content)
            case "image/gif":
                return b"".join(_gif(content))
            case "image/heic" | "image/avif":
                return emptied(content)
            case _:
                return content
    except (IndexError, struct.error) as error:
        raise ValueError("a picture is cut short") from error


def _jpeg(content: bytes) -> Iterator[bytes]:
    yield content[:2]
    at = 2
    while True:
        if content[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
            raise ValueError("no marker where one has to be")
        while content[at + 1] == 0xFF:  # noqa: PLR2004 - fill bytes
            at += 1
        marker = content[at + 1]
        if marker == _EOI:
            yield content[at : at + 2]
            return
        length = struct.unpack_from(">H", content, at + 2)[0]
        end = at + 2 + length
        if length < 2 or end > len(content):  # noqa: PLR2004 - it counts itself
            raise ValueError("a segment is longer than the picture")
        if _is_kept_segment(marker, content[at + 4 : end]):
            yield content[at:end]
        at = end
        if marker == _SOS:
            end = _after_scan(content, at)
            yield content[at:end]
            at = end
            if end == len(content):
                return


def _is_kept_segment(marker: int, body: bytes) -> bool:
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\x00")
    if marker == _APP0:
        return body.startswith(b"JFIF\x00") and len(body) == _JFIF_BYTES
    if _APP0 <= marker <= _APP15:
        return marker == _APP14  # Adobe's note on the colours
    return marker != _COM


def _after_scan(content: bytes, at: int) -> int:
    """Return where the next marker is that ends a scan's data, or where the data ends."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 == len(content):
            return len(content)
        following = content[at + 1]
        if following != _STUFFED and following not in _RESTARTS:
            return at
        at += 2


def _png(content: bytes) -> Iterator[bytes]:
    yield _PNG_HEAD
    at, name, shown = len(_PNG_HEAD), b"", False
    while name != b"IEND" and len(content) - at >= _PNG_CHUNK_HEAD:
        length, name = struct.unpack_from(">I4s", content, at)
        shown = shown or name == b"IDAT"
        end = at + 12 + length
        if end > len(content) and not shown:
            raise ValueError("a chunk is longer than the picture")
        if name in _PNG_KEPT:
            yield content[at:end]
        at = end
    if not shown:
        raise ValueError("there is no picture")


def _webp(content: bytes) -> bytes:
    size = struct.unpack_from("<I", content, 4)[0] + 8
    if size > len(content):
        raise ValueError("the picture is cut short")
    kept, at = [], 12
    while at < size:
        name, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if end > size + 1:
            raise ValueError("a chunk is longer than the picture")
        chunk = content[at:end]
        if name == b"VP8X":
            flags = chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name in _WEBP_KEPT:
            kept.append(chunk)
        at = end
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _gif(content: bytes) -> Iterator[bytes]:
    at = 13 + _gif_colours(content[10])
    yield content[:at]
    while at < len(content) and content[at] != _GIF_END:  # some lack their end
        start, kind = at, content[at]
        if kind == _GIF_IMAGE:
            at = _gif_blocks(content, at + 11 + _gif_colours(content[at + 9]))
            kept = True
        elif kind == _GIF_MORE:
            label, named = content[at + 1], content[at + 3 : at + 14]
            at = _gif_blocks(content, at + 2)
            kept = label != _GIF_COMMENT and (label != _GIF_APPLICATION or named in _GIF_LOOPS)
        else:
            raise ValueError("no block where one has to be")
        if kept:
            yield content[start:at]
    yield bytes([_GIF_END])


def _gif_colours(flags: int) -> int:
    """Return how long the table of colours is that these flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_blocks(content: bytes, at: int) -> int:
    """Return where a run of blocks ends."""
    while content[at]:
        at += 1 + content[at]
    return at + 1
