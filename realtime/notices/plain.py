"""What people wrote, made harmless for a mail: no control characters, no hidden direction.

Escaping is not done here: the HTML template escapes everything it is given.
"""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff")
"""Marks that turn the direction of what follows, and separators that some programs break at."""
_ELLIPSIS = "…"
_BREAK_WITHIN = 80
"""How far back a cut looks for a space to break at."""
_JOINERS = "\u200d\ufe0f\ufe0e"


def one_line(text: str) -> str:
    """Return the text on one line: what a header or a heading may carry.

    Spaces that no line breaks at stay what they are: French sets them before : and after «.
    """
    return re.sub(r"[^\S\u00a0\u202f]+", " ", _clean(text, "")).strip()


def several_lines(text: str) -> str:
    """Return the text with its line breaks, and never more than one empty line in a row."""
    plain = _clean(text.replace("\r\n", "\n").replace("\r", "\n"), "\n\t")
    lines = [line.rstrip() for line in plain.strip().split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept)


def clipped(text: str, limit: int) -> tuple[str, bool]:
    """Cut a text to at most `limit` characters, at a space if one is near: (text, was cut)."""
    if len(text) <= limit:
        return text, False
    head = text[: limit - 1]
    space = max(head.rfind(" "), head.rfind("\n"))
    if space > limit - _BREAK_WITHIN:
        head = head[:space]
    return head.rstrip().rstrip(_JOINERS) + _ELLIPSIS, True


def _clean(text: str, allowed: str) -> str:
    # what is neither allowed nor visible becomes a space, so that words do not run together
    return "".join(
        character
        if character in allowed or not _is_control(character)
        else ("" if character in _HIDDEN else " ")
        for character in text
    )


def _is_control(character: str) -> bool:
    return character in _HIDDEN or unicodedata.category(character) in {"Cc", "Cs"}
