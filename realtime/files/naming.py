"""What a file may be called: a name to show and to save under, never a place on a disk."""

from __future__ import annotations

import re
import unicodedata

NAME_MAX = 120
"""Characters of a name, its ending included."""
ENDING_MAX = 16
NAMELESS = "file"
_UNSAFE = re.compile(r'[<>:"|?*]')


def clean(told: str) -> str:
    """Return the name without folders, control characters and marks that reorder its letters.

    What systems read as syntax becomes an underscore; leading dots, which hide a file, go. The
    ending survives the cut of a long name. A name of which nothing is left is `file`.
    """
    name = unicodedata.normalize("NFC", told[: 8 * NAME_MAX])
    name = re.split(r"[/\\]", name)[-1]
    # C: controls, format characters such as the right-to-left override, surrogates, unassigned
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    name = " ".join(_UNSAFE.sub("_", name).split()).strip(". ")
    if len(name) > NAME_MAX:
        stem, dot, ending = name.rpartition(".")
        tail = dot + ending if stem and len(ending) <= ENDING_MAX else ""
        name = name[: NAME_MAX - len(tail)].rstrip(". ") + tail
    return name or NAMELESS
