"""What a message said, from its first text to its last. Pure data."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Version(msgspec.Struct, frozen=True):
    """A text that a message had from `at` on; `seq` is the entry that said it."""

    seq: int
    at: datetime
    text: str


class History(msgspec.Struct, frozen=True):
    """Every text of a message, oldest first."""

    versions: tuple[Version, ...]
    withdrawn: bool = False
