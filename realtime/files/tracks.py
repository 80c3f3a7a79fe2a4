"""Whether an MP4 holds sound alone: recorders of phones and browsers give both the same brands.

Only the heads of boxes are read, wherever the tracks are listed: behind the sound, or before it in
a file of fragments. What is listed in no such place is not looked for.

Source: ISO/IEC 14496-12 (boxes; `hdlr` says what a track is).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

BOXES_MOST = 1_000
"""So many boxes are looked at, in all: a film of an hour lists its tracks within ten."""
_SOUND = b"soun"


class _Box(NamedTuple):
    kind: bytes
    body: int
    end: int


def only_sound(file: BinaryIO, size: int) -> bool:
    """Say whether every track of the file is sound; False where it lists none, or too much."""
    walk = _Walk(file)
    found = {
        walk.handler(hdlr)
        for moov in walk.inside(_Box(b"", 0, size), b"moov")
        for trak in walk.inside(moov, b"trak")
        for mdia in walk.inside(trak, b"mdia")
        for hdlr in walk.inside(mdia, b"hdlr")
    }
    return found == {_SOUND} and walk.left > 0


class _Walk:
    """Reads heads of boxes. `left` counts how many more."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = BOXES_MOST

    def inside(self, box: _Box, kind: bytes) -> Iterator[_Box]:
        """Yield the boxes of one kind, until one does not fit, which is then none."""
        at = box.body
        while at + 8 <= box.end and self.left > 0:
            self.left -= 1
            head = self._read(at, 16)
            size, begin = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, begin = int.from_bytes(head[8:], "big"), 16
            elif size == 0:
                size = box.end - at
            if size < begin or at + size > box.end:
                return
            if head[4:8] == kind:
                yield _Box(kind, at + begin, at + size)
            at += size

    def handler(self, hdlr: _Box) -> bytes:
        """Return what a track is: four letters after the version and a word that is unused."""
        return self._read(hdlr.body + 8, 4) if hdlr.body + 12 <= hdlr.end else b""

    def _read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)
