"""Words as they are searched: folded the same way when they are written down and when asked for.

Case, accents and ligatures do not count ("Été" is found by "ete", "cœur" by "coeur"), what is
not a letter or a digit separates words, and invisible characters are not there. It is done here
and not by the databases, so that both find the same. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Annotated, NamedTuple

import msgspec
import snowballstemmer

from orders.events import OrderId, PersonId

TERMS_MAX = 8
WORD_MAX = 64
"""Characters of a word that count; what is longer is not a word somebody types."""
EXCERPT = 160
"""Characters of the text around what was found."""
LEAD = 40
"""Of those, how many come before it."""
_SPECIAL = {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i"}
_PHRASE = re.compile(r'[«"“]([^"“”«»]*)[»"”]')


class Word(NamedTuple):
    """A folded word, and where it stands in the text."""

    text: str
    start: int
    end: int


class Term(NamedTuple):
    """Words that follow each other; with `prefix` the last may go on, or be `singular`."""

    words: tuple[str, ...]
    prefix: bool
    singular: str = ""

    @property
    def other(self) -> tuple[str, ...]:
        """The words with the other last one; none if there is no other."""
        return (*self.words[:-1], self.singular) if self.singular else ()


class Excerpt(NamedTuple):
    """A part of a text; `ranges` are (start, end) of what was found, in UTF-16 units of it."""

    text: str
    ranges: tuple[tuple[int, int], ...]


Range = Annotated[tuple[int, ...], msgspec.Meta(min_length=2, max_length=2)]


class Hit(msgspec.Struct, frozen=True):
    """Something that was found: entry `seq`, and a part of what it says now.

    `ranges` are the places of what was asked for, as [start, end] in UTF-16 units of `excerpt`.
    A voice note has no words: it is found by what it is, and `millis` is its length.
    """

    order: OrderId
    seq: int
    at: datetime
    actor: PersonId
    kind: str
    excerpt: str
    ranges: tuple[Range, ...]
    millis: int = 0


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of a text in order."""
    word, start, end = "", 0, 0
    for place, char in enumerate(text):
        folded = _fold(char)
        if folded is None:
            end = place + 1 if word else end
            continue  # an accent or an invisible character, within its word
        if folded:
            if not word:
                start = place
            word, end = word + folded, place + 1
        elif word:
            yield Word(word[:WORD_MAX], start, end)
            word = ""
    if word:
        yield Word(word[:WORD_MAX], start, end)


def terms_of(asked: str) -> tuple[Term, ...]:
    """Read what somebody typed: words are beginnings of words, "quoted words" follow each other.

    Of a word that is not quoted the ending does not count, be it French or English. Empty if there
    is nothing to look for.
    """
    found: list[Term] = []
    place = 0
    for phrase in _PHRASE.finditer(asked):
        found += _loose(asked[place : phrase.start()])
        if words := tuple(word.text for word in words_of(phrase[1])):
            found.append(Term(words, prefix=False))
        place = phrase.end()
    found += _loose(asked[place:])
    return tuple(dict.fromkeys(found))[:TERMS_MAX]


def excerpt(text: str, terms: Sequence[Term]) -> Excerpt | None:
    """Show the text around what the terms find in it; None unless every one of them is there."""
    words = list(words_of(text))
    marks: list[tuple[int, int]] = []
    for term in terms:
        found = list(_places(words, term))
        if not found:
            return None
        marks += found
    marks = _joined(marks)
    begin = 0 if marks[0][0] <= LEAD else _word_start(text, marks[0][0] - LEAD)
    end = len(text) if len(text) - begin <= EXCERPT else begin + EXCERPT
    shown = text[begin:end]
    ranges = tuple(
        (_units(shown, start - begin), _units(shown, min(stop, end) - begin))
        for start, stop in marks
        if begin <= start < end
    )
    return Excerpt(shown, ranges)


def _fold(char: str) -> str | None:
    """Return a character as it is searched: "" if it separates words, None if it is not there."""
    if "a" <= char <= "z" or "0" <= char <= "9":
        return char
    category = unicodedata.category(char)
    if category in {"Mn", "Cf"}:
        return None
    folded = unicodedata.normalize("NFKD", char.casefold())
    kept = "".join(c for c in folded if unicodedata.category(c) != "Mn")
    special = "".join(_SPECIAL.get(c, c) for c in kept)
    return special if special.isalnum() else ""


def _loose(asked: str) -> list[Term]:
    found = []
    for typed in asked.split():
        words = tuple(word.text for word in words_of(typed))
        if words:
            beginning = _beginning(words[-1])
            singular = _singular(words[-1], beginning)
            found.append(Term((*words[:-1], beginning), prefix=True, singular=singular))
    return found


def _beginning(word: str) -> str:
    """Return what a word has in common with its other forms: "livr" of "livrées"."""
    if not word.isalpha() or len(word) <= SHORT:
        return word
    forms = [word[:-1] if word[-1] in "sx" else word]
    if ending := _PLURAL_AUX.search(word):
        forms.append(word[: ending.start()])
    for stemmer in _STEMMERS:
        stem = _common(word, stemmer.stemWord(word))
        if len(stem) > WHOLE:
            forms.append(stem)
    return min(forms, key=len)


def _singular(word: str, beginning: str) -> str:
    """Return a short word without its plural: it is looked for as it is, "voi" begins too much."""
    plural = word == beginning and word.isalpha() and len(word) > WHOLE and word[-1] in "sx"
    return word[:-1] if plural else ""


def _common(word: str, stem: str) -> str:
    """Return how both begin: a stem may end in a letter that the word has not."""
    both = zip(word, stem, strict=False)
    return "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], both))


WHOLE = 3
"""So short a word is never cut, and a longer one not to this: "vis"."""
SHORT = 5
"""Words up to here begin only what begins with all of them: "voix" is not to find "voici"."""
_PLURAL_AUX = re.compile("(?<=a)i?l$")  # journal, journaux; travail, travaux
_STEMMERS = (snowballstemmer.stemmer("french"), snowballstemmer.stemmer("english"))


def _places(words: Sequence[Word], term: Term) -> Iterator[tuple[int, int]]:
    *firsts, last = term.words
    lasts = {last, term.singular or last}
    for place in range(len(words) - len(firsts)):
        run = words[place : place + len(term.words)]
        if [word.text for word in run[:-1]] != firsts:
            continue
        if run[-1].text in lasts or (term.prefix and run[-1].text.startswith(last)):
            yield run[0].start, run[-1].end


def _joined(marks: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _word_start(text: str, place: int) -> int:
    """Begin with a whole word, if one begins soon."""
    space = text.find(" ", place, place + LEAD)
    return place if space < 0 else space + 1


def _units(text: str, place: int) -> int:
    """Count as JavaScript does: what is beyond the basic plane counts twice."""
    return place + sum(char > "\uffff" for char in text[:place])
