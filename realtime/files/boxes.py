"""Taking out of HEIC and AVIF pictures what they tell beside the picture. Pure.

Telephones write these: a file of boxes in which the picture, its EXIF and its XMP are items side by
side. What an item says is overwritten where it stands, so no place in the file moves and not one
bit of the picture changes. Boxes that no picture needs are emptied the same way, and what follows
the last box is cut off.

Sources: ISO/IEC 14496-12 (boxes, `iinf`, `iloc`), ISO/IEC 23008-12 (HEIF, Exif and XMP items).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_KEPT = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip"})
_TELLING = {
    b"Exif": b"\x00\x00\x00\x00MM\x00*\x00\x00\x00\x08" + bytes(6),
    b"mime": b"<x/>",
    b"uri ": b"",
}
"""Types of items that are not the picture (XMP is a `mime` item), each with what it begins with
when it says nothing, so that nobody who reads it stumbles. Zeros follow."""
_IN_FILE, _IN_IDAT = 0, 1
"""Where an item's bytes are counted from; the third way is used for parts of pictures only."""


class _Box(NamedTuple):
    kind: bytes
    start: int
    """Of the box itself; `body` is where its content begins."""
    body: int
    end: int


class _Reader:
    """Takes numbers off a part of the file. Raises `ValueError` beyond its end."""

    def __init__(self, content: bytes | bytearray, at: int, end: int) -> None:
        self._content, self.at, self._end = content, at, end

    def number(self, size: int) -> int:
        if self.at + size > self._end:
            raise ValueError("a box is shorter than it says")
        self.at += size
        return int.from_bytes(self._content[self.at - size : self.at], "big")

    def bytes(self, size: int) -> bytes:
        return self.number(size).to_bytes(size, "big")


def emptied(content: bytes) -> bytes:
    """Return the picture with all that is not it overwritten. Raises `ValueError` if damaged."""
    made = bytearray(content)
    known: set[bytes] = set()
    end = 0
    for box in _boxes(content, 0, len(content)):
        known.add(box.kind)
        end = box.end
        if box.kind == b"meta":
            _empty_items(made, box)
        elif box.kind not in _KEPT:
            _blank(made, box)
    if not {b"ftyp", b"meta"} <= known:
        raise ValueError("not a picture of boxes")
    return bytes(made[:end])


def _boxes(content: bytes | bytearray, at: int, end: int) -> Iterator[_Box]:
    """Yield boxes until one does not fit, which is then none."""
    while at + 8 <= end:
        size, head = int.from_bytes(content[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield _Box(bytes(content[at + 4 : at + 8]), at, at + head, at + size)
        at += size


def _blank(made: bytearray, box: _Box) -> None:
    made[box.start + 4 : box.start + 8] = b"free"
    made[box.body : box.end] = bytes(box.end - box.body)


def _empty_items(made: bytearray, meta: _Box) -> None:
    inside = {box.kind: box for box in _boxes(made, meta.body + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        raise ValueError("a picture that does not say where it is")
    telling = dict(_telling(made, inside[b"iinf"]))
    ways = {_IN_FILE: (0, len(made))}
    if b"idat" in inside:
        ways[_IN_IDAT] = (inside[b"idat"].body, inside[b"idat"].end)
    for item, way, offset, length in _places(made, inside[b"iloc"]):
        if item not in telling:
            continue
        if way not in ways:
            raise ValueError("an item somewhere else")
        base, most = ways[way]
        start = base + offset
        if length == 0 or start + length > most:
            raise ValueError("an item beyond the end")
        nothing = _TELLING[telling[item]]
        made[start : start + length] = (
            nothing.ljust(length, b"\x00") if len(nothing) <= length else bytes(length)
        )


def _telling(content: bytearray, iinf: _Box) -> Iterator[tuple[int, bytes]]:
    """Yield (number, type) of the items that are not the picture."""
    version = content[iinf.body]
    for box in _boxes(content, iinf.body + (8 if version else 6), iinf.end):
        reader = _Reader(content, box.body, box.end)
        version = reader.number(1)
        reader.number(3)  # flags
        if box.kind != b"infe" or version < 2:  # noqa: PLR2004 - the first that names types
            raise ValueError("an item without a type")
        item = reader.number(2 if version == 2 else 4)  # noqa: PLR2004
        reader.number(2)  # protection
        kind = reader.bytes(4)
        if kind in _TELLING:
            yield item, kind


def _places(content: bytearray, iloc: _Box) -> Iterator[tuple[int, int, int, int]]:
    """Yield (item, way, start, length) of every part of every item."""
    reader = _Reader(content, iloc.body, iloc.end)
    version = reader.number(1)
    reader.number(3)  # flags
    sizes = reader.number(2)
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version else 0
    for _ in range(reader.number(2 if version < 2 else 4)):  # noqa: PLR2004 - the last version
        item = reader.number(2 if version < 2 else 4)  # noqa: PLR2004
        way = reader.number(2) & 15 if version else _IN_FILE
        reader.number(2)  # which file: this one
        base = reader.number(base_size)
        for _ in range(reader.number(2)):
            reader.number(index_size)
            start = base + reader.number(offset_size)
            yield item, way, start, reader.number(length_size)
