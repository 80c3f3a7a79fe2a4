"""How a file is handed out: which bytes of it, and whether it is shown or saved. Pure."""

from __future__ import annotations

import re
import string

import msgspec

from realtime.files.content import SHOWN

_PLAIN = frozenset((string.ascii_letters + string.digits + "!#$&+-.^_`|~").encode())
"""What stands for itself in an extended parameter (RFC 8187, section 3.2.1)."""
THUMB_TYPE = "image/webp"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Part(msgspec.Struct, frozen=True):
    """The bytes from `start` to `end` (exclusive); `partial` if they were asked for as a range."""

    start: int
    end: int
    partial: bool = False


def ranged(header: str | None, size: int) -> Part | None:
    """Return the bytes that a `Range` header asks for.

    All of them without one, and for what need not be understood: other units, several ranges.
    None if there are no such bytes (RFC 9110, section 14.1.2).
    """
    asked = _RANGE.fullmatch(header.strip()) if header else None
    if asked is None or asked[0] == "bytes=-":
        return Part(0, size)
    first, last = asked[1], asked[2]
    if not first:  # the last so many
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return Part(0, size)
    return Part(start, end, partial=True) if start < end else None


def disposition(name: str, kind: str) -> str:
    """Return `Content-Disposition`: in place for kinds a browser shows, saved otherwise."""
    how = "inline" if kind in SHOWN else "attachment"
    quoted = "".join(chr(c) if c in _PLAIN else f"%{c:02X}" for c in name.encode())
    return f"{how}; filename*=utf-8''{quoted}" if quoted != name else f'{how}; filename="{name}"'
