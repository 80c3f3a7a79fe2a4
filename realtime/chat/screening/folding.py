"""One plain form of a text: what looks alike to a reader is alike, and nothing is invisible.

Compatibility forms are composed (NFKC), characters without width and combining marks dropped,
letters of other scripts that look Latin become Latin, digits of all scripts become 0-9, dashes,
spaces and quotation marks one of each. Every character of it knows where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_STRANGE = re.compile(
    # not Latin with its accents, typographic signs, or the pictures people send
    "[^\t\n\r -~\xa0-\xac\xae-\xff\u0152\u0153\u0178\u2010-\u2015\u2018-\u201f\u2022\u2026\u202f"
    "\u2039\u203a\u20ac\u2190-\u2194\u2600-\u27bf\U0001f300-\U0001faff]"
)
"""Finds a character for which a text is folded one by one."""

_LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһѵԛԝкмтвнАВЕКМНОРСТУХІЈЅαορνικτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhvqwkmtbhABEKMHOPCTYXIJSaopviktuxABEZHIKMNOPTYX",
        strict=True,
    )
)
"""Cyrillic and Greek letters that are drawn like Latin ones."""

_SIGNS = {
    **dict.fromkeys("\t\xa0\u202f\u2007\u2009\u200a\u2002\u2003\u3000", " "),
    **dict.fromkeys("\r\u2028\u2029", "\n"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("·•∙⋅․‧…", "."),
    **dict.fromkeys("‘’‚‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("→⇒➜", ":"),
    "：": ":",
}


_EVERYDAY_SIGNS = tuple((sign, _SIGNS[sign]) for sign in "’‘“”«»–—‐…•\xa0\u202f→")
_SOFT_HYPHEN = b"\xad"
_FIGURES = b"0123456789"
_NUMBER_WORDS = (
    "zero", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "two", "three",
    "four", "five", "eight", "nine", "double", "douze", "vingt", "trente",
)  # fmt: skip


def _accentless(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0].lower()
    return plain if plain.isascii() else letter.lower()


_PLAIN = bytes(_accentless(letter).encode("latin-1")[0] for letter in map(chr, range(0x100)))
"""Each letter of Latin-1, small and without accents."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text's plain form. `plain` is `text` in small letters without accents, equally long."""

    text: str
    plain: str
    digits: int
    """How many there are."""
    spelled: bool
    """Whether words for numbers are in it, more than one."""
    places: list[int] | None
    """For each character the one it came from; None where they are the same."""


def fold(original: str) -> Folded:
    """Return the plain form of a text. What costs is done only where something asks for it."""
    if original.isascii():
        return _folded(original, original.encode("ascii"), None)
    text = original
    for sign, plain in _EVERYDAY_SIGNS:
        text = text.replace(sign, plain)
    try:
        encoded = text.encode("latin-1")
    except UnicodeEncodeError:
        if _STRANGE.search(text) is not None:
            return _one_by_one(original)
        encoded = text.encode("latin-1", "replace")
    if _SOFT_HYPHEN in encoded:
        return _one_by_one(original)
    return _folded(text, encoded, None)


def _one_by_one(original: str) -> Folded:
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(original):
        for letter in _letters(character):
            letters.append(letter)
            places.append(place)
    text = "".join(letters)
    return _folded(text, text.encode("latin-1", "replace"), places)


def _folded(text: str, encoded: bytes, places: list[int] | None) -> Folded:
    plain = encoded.translate(_PLAIN).decode("latin-1")
    digits = len(encoded) - len(encoded.translate(None, _FIGURES))
    words = sum(map(plain.__contains__, _NUMBER_WORDS))
    return Folded(text, plain, digits, words > 1, places)


def _letters(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    folded = ""
    for letter in unicodedata.normalize("NFKC", character):
        if letter in _SIGNS:
            folded += _SIGNS[letter]
            continue
        kind = unicodedata.category(letter)
        if kind in {"Cf", "Mn", "Me"}:
            continue  # nothing to see: joiners, marks of direction, accents on their own
        if kind == "Nd":
            folded += str(unicodedata.decimal(letter))
        else:
            folded += _LOOKALIKES.get(letter, letter)
    return folded
