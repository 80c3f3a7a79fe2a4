"""Every refusal with its meaning, status and facts, from the classes themselves."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from orders.errors import Refused
from realtime.refusals import MediaTypeRefused, MethodRefused, OriginRefused, TusVersionRefused

KINDS = {
    **Refused.catalogue,
    OriginRefused.code: OriginRefused,
    MethodRefused.code: MethodRefused,
    MediaTypeRefused.code: MediaTypeRefused,
    TusVersionRefused.code: TusVersionRefused,
}
"""Every refusal by its code: those of the rules, and those that only the edge knows."""


class Meaning(msgspec.Struct, frozen=True):
    """What a refusal's code means. `facts` are the names a program finds beside it."""

    code: str
    status: int
    about: str
    facts: tuple[str, ...]


def meaning(kind: type[Refused]) -> Meaning:
    """Return what this refusal means; its facts are those that its docstring names."""
    about = " ".join((inspect.getdoc(kind) or "").split())
    _, told, facts = about.partition("Facts: ")
    names = tuple(dict.fromkeys(re.findall(r"`(\w+)`", facts if told else "")))
    return Meaning(kind.code, kind.status, about, names)


def meanings() -> tuple[Meaning, ...]:
    """Return all of them, by status and code."""
    found = [meaning(kind) for kind in KINDS.values()]
    return tuple(sorted(found, key=lambda told: (told.status, told.code)))


def catalogue() -> dict[str, Any]:
    """Return all of them by their codes, as JSON."""
    told: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode({told.code: told for told in meanings()})
    )
    return told
