"""Numbers in a text: written or spelled out, in groups, whatever stands between them.

A `Run` is what a reader takes for one number: digits in groups with little between them. Words
such as "zéro six douze", "oh seven double seven" and letters O for zeros count as digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WRITTEN = re.compile(r"(?<![\w#])(?<!\d[.,:])\+?[\d(](?:[ .\-/_()]{0,5}\d)*")
_GROUP = re.compile(r"\d+")
_O_FOR_ZERO = re.compile(r"(?<![a-z])o(?=\d)|(?<=\d)o{1,2}(?![a-z])", re.IGNORECASE)

_UNITS = {
    "zero": 0, "oh": 0, "un": 1, "une": 1, "one": 1, "deux": 2, "two": 2, "trois": 3,
    "three": 3, "quatre": 4, "four": 4, "cinq": 5, "five": 5, "six": 6, "sept": 7, "seven": 7,
    "huit": 8, "eight": 8, "neuf": 9, "nine": 9,
}  # fmt: skip
_TEENS = {
    "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70,
    "huitante": 80, "octante": 80, "nonante": 90,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3}
_TEN = 10
_WORDS = "|".join(
    sorted({*_UNITS, *_TEENS, *_TENS, *_TIMES, "vingts", "hundred", "et"}, key=len, reverse=True)
)
_SPOKEN = re.compile(
    rf"(?<![a-z0-9])(?:{_WORDS}|\d+)(?:[\s.,\-/_()]{{1,5}}(?:{_WORDS}|\d+)(?![a-z0-9]))+"
)
_SPOKEN_WORD = re.compile(r"[a-z]+|\d+")
SPELLED_LEAST = 2
"""With fewer spelled words a number is not looked for among words."""


@dataclass(frozen=True, slots=True)
class Run:
    """A number as a reader sees it, and where its groups stand in the text."""

    text: str
    """What was written, from the first to the last digit."""
    groups: tuple[tuple[str, int, int], ...]
    spelled: bool = False

    @property
    def digits(self) -> str:
        """All digits."""
        return "".join(group for group, _, _ in self.groups)

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.groups[0][1]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.groups[-1][2]


def zeros(plain: str) -> str:
    """Return the text with the letters O that stand for zeros as zeros, equally long."""
    if "o" not in plain:
        return plain
    return _O_FOR_ZERO.sub(lambda found: "0" * len(found[0]), plain)


def written(plain: str) -> Iterator[Run]:
    """Find the numbers written in digits."""
    for found in _WRITTEN.finditer(plain):
        offset = found.start()
        groups = tuple(
            (group[0], offset + group.start(), offset + group.end())
            for group in _GROUP.finditer(found[0])
        )
        if groups:
            yield Run(found[0], groups)


def spoken(plain: str) -> Iterator[Run]:
    """Find the numbers of which at least some digits are spelled out."""
    for found in _SPOKEN.finditer(plain):
        words = [
            (word[0], found.start() + word.start(), found.start() + word.end())
            for word in _SPOKEN_WORD.finditer(found[0])
        ]
        if sum(word.isalpha() for word, _, _ in words) >= SPELLED_LEAST:
            groups = tuple(_groups(words))
            if groups:
                yield Run(found[0], groups, spelled=True)


def _groups(words: list[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """Say the words in digits: greedy, as they are heard."""
    at = 0
    while at < len(words):
        digits, taken = _one([word for word, _, _ in words[at : at + 4]])
        if digits:
            yield digits, words[at][1], words[at + taken - 1][2]
        at += taken


def _one(words: list[str]) -> tuple[str, int]:
    """Return the digits of the first number in up to four words, and how many words it takes."""
    first, following = words[0], words[1:]
    if first.isdigit():
        return first, 1
    if first in _TIMES:
        if following and following[0] in _UNITS:
            return str(_UNITS[following[0]]) * _TIMES[first], 2
        return "", 1
    if first in _UNITS and following[:1] == ["hundred"]:
        return f"{_UNITS[first]}00", 2
    if first == "quatre" and following[:1] in (["vingt"], ["vingts"]):
        more, taken = _after_tens(following[1:], teens=True)
        return str(80 + more), 2 + taken
    if first == "dix" and following[:1] in (["sept"], ["huit"], ["neuf"]):
        return str(_TEN + _UNITS[following[0]]), 2
    if first in _TENS:
        more, taken = _after_tens(following, teens=first == "soixante")
        return str(_TENS[first] + more), 1 + taken
    if first in _TEENS:
        return str(_TEENS[first]), 1
    if first in _UNITS:
        return str(_UNITS[first]), 1
    return "", 1  # "et" between two numbers


def _after_tens(words: list[str], *, teens: bool) -> tuple[int, int]:
    """Return what is added to twenty, thirty …: the amount, and how many words say it."""
    skipped = 1 if words[:1] == ["et"] else 0
    rest = words[skipped:]
    if not rest:
        return 0, 0
    if teens and rest[0] == "dix" and rest[1:2] in (["sept"], ["huit"], ["neuf"]):
        return _TEN + _UNITS[rest[1]], skipped + 2
    if teens and rest[0] in _TEENS:
        return _TEENS[rest[0]], skipped + 1
    if _UNITS.get(rest[0], 0) > 0:
        return _UNITS[rest[0]], skipped + 1
    return 0, 0
