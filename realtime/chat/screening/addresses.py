"""E-mail addresses, also where "at" and "dot" are words, in brackets or apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from realtime.chat.screening.folding import Folded

_ENDINGS = (
    "com|fr|net|org|io|co|uk|me|be|ch|ca|de|eu|es|lu|nl|pt|ie|us|info|biz|dev|app|pro|shop|"
    "studio|design|agency|online|site|xyz|tv|paris"
)
"""Top-level domains that are believed where the rest is disguised."""
_MAILERS = (
    "gmail|googlemail|outlook|hotmail|live|yahoo|orange|free|sfr|laposte|wanadoo|proton|"
    "protonmail|icloud|gmx|aol|bbox|numericable"
)
_AT_MARKED = (
    r"\s*[(\[{<]\s*(?:at|@|arobase?|chez)\s*[)\]}>]\s*"
    r"|\s+@\s+|@\s*|[\s_-]+arobase?[\s_-]+"
)
_AT_WORD = r"[\s_-]+(?:at|chez|a)[\s_-]+"
_DOT_MARKED = r"\s*[(\[{<]\s*(?:dot|point|\.)\s*[)\]}>]\s*|[\s_-]+(?:dot|point)[\s_-]+"
_DOT = rf"(?:{_DOT_MARKED}|\s*\.\s*)"
_JOIN = rf"(?:{_DOT_MARKED}|[\s]+(?:tiret|dash|hyphen|underscore)[\s]+|\s?\.\s?|[.+'-])"
_NAME = rf"(?<![a-z0-9@])[a-z0-9_%+]+(?:{_JOIN}[a-z0-9_%+]+){{0,4}}"
_LABEL = r"[a-z0-9]+(?:(?:-|\s(?:tiret|dash|hyphen)\s)[a-z0-9]+)*"

_STRAIGHT = re.compile(
    r"(?<![a-z0-9._%+@/-])[a-z0-9_%+][a-z0-9._%+'-]{0,63}@(?:[a-z0-9-]+\.)+[a-z]{2,}"
)
_MARKED = re.compile(
    rf"{_NAME}(?:{_AT_MARKED})(?:{_LABEL}{_DOT}){{1,3}}(?:{_ENDINGS})(?![a-z0-9])"
    rf"|{_NAME}@(?:{_MAILERS})(?![a-z0-9.-])"
    rf"|{_NAME}\s*@\s*(?:{_MAILERS})\s?,\s?(?:{_ENDINGS})(?![a-z0-9])"
)
_WORDED = re.compile(
    rf"{_NAME}{_AT_WORD}(?:{_LABEL}(?:{_DOT_MARKED})){{1,2}}(?:{_ENDINGS})(?![a-z0-9])"
    rf"|{_NAME}{_AT_WORD}(?:{_MAILERS}){_DOT}(?:{_ENDINGS})(?![a-z0-9])"
)
_APART = re.compile(r"(?<![a-z0-9])(?:[a-z0-9._-] ){2,40}@(?: [a-z0-9._-]){4,60}(?![a-z0-9])")
_LEADING = re.compile(
    r"(?:(?:c'est|est|is|it's|mon|my|mail|email|e-mail|adresse|address|contact|write|to|ecris|"
    r"a|sur|via|me|i'm|mailto|send|reach|gmail|la|le|l)[\s]+)+"
)
"""Words before a spelled address that are not part of it."""


def addresses(folded: Folded) -> Iterator[tuple[int, int]]:
    """Find e-mail addresses, but for the user of every Git server."""
    for start, end in _addresses(folded.plain):
        if not folded.plain.startswith("git@", start):
            yield start, end


def _addresses(plain: str) -> Iterator[tuple[int, int]]:
    marked = "arobas" in plain
    if "@" in plain:
        marked = True
        for pattern in (_STRAIGHT, _APART):
            for found in pattern.finditer(plain):
                yield found.span()
    elif not marked and ("(" in plain or "[" in plain or "{" in plain or "<" in plain):
        marked = _BRACKETED.search(plain) is not None
    if marked:
        for found in _MARKED.finditer(plain):
            yield _without_words(found)
    if _AT.search(plain) and _DOTTED.search(plain):
        for found in _WORDED.finditer(plain):
            yield _without_words(found)


_BRACKETED = re.compile(r"[(\[{<]\s*(?:at|@|chez)\s*[)\]}>]")
_AT = re.compile(r"[ _-](?:at|chez|a)[ _-]")
_DOTTED = re.compile(rf"[ _-](?:dot|point)[ _-]|[({{\[](?:dot|point)|{_MAILERS}")


def _without_words(found: re.Match[str]) -> tuple[int, int]:
    start, end = found.span()
    leading = _LEADING.match(found[0])
    if leading is not None and leading.end() < len(found[0]):
        start += leading.end()
    return start, end
