r"""Precision and recall of the screening, on lines that say themselves what should be seen.

A labelled line is `language|text`, in which what should be seen stands in `[[kind:…]]` and
`\uXXXX` or `\n` is a character. Findings are counted one by one: right is one of the labelled
kind that overlaps the labelled place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from orders.events import SecretKind
from realtime.chat.screening import Finding, screen

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\n")
_MARK = re.compile(r"\[\[(?P<kind>[a-z_]+):(?P<text>.*?)\]\](?!\])", re.DOTALL)


class Labelled(msgspec.Struct, frozen=True):
    """A line, its language, and what should be seen in it."""

    language: str
    text: str
    wanted: tuple[Finding, ...]


class Score(msgspec.Struct, frozen=True):
    """How many findings were right, how many were none, and how many were not found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The part of what was seen that is really there."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The part of what is there that was seen."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def plus(self, other: Score) -> Score:
        """Add two counts."""
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)


def labelled(content: str) -> Iterator[Labelled]:
    """Read labelled lines; blank ones and those that begin with # are left out."""
    for line in content.splitlines():
        if not line or line.startswith("#"):
            continue
        language, _, marked = line.partition("|")
        yield _labelled(language, marked)


def judge(lines: Iterable[Labelled]) -> dict[SecretKind, Score]:
    """Screen all lines and count, kind by kind."""
    scores = dict.fromkeys(SecretKind, Score())
    for line in lines:
        for kind, score in judge_line(line).items():
            scores[kind] = scores[kind].plus(score)
    return scores


def judge_line(line: Labelled) -> dict[SecretKind, Score]:
    """Screen one line and count."""
    seen = screen(line.text)
    scores: dict[SecretKind, Score] = {}
    for kind in SecretKind:
        wanted = [one for one in line.wanted if one.kind is kind]
        found = [one for one in seen if one.kind is kind]
        met = sum(any(_overlap(one, other) for other in found) for one in wanted)
        wrong = sum(not any(_overlap(one, other) for other in wanted) for one in found)
        scores[kind] = Score(met, wrong, len(wanted) - met)
    return scores


def overall(scores: dict[SecretKind, Score]) -> Score:
    """Add up all kinds."""
    total = Score()
    for score in scores.values():
        total = total.plus(score)
    return total


def _labelled(language: str, marked: str) -> Labelled:
    told = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", marked)
    text, wanted, at = "", [], 0
    for mark in _MARK.finditer(told):
        text += told[at : mark.start()]
        wanted.append(Finding(len(text), len(text) + len(mark["text"]), SecretKind(mark["kind"])))
        text += mark["text"]
        at = mark.end()
    return Labelled(language, text + told[at:], tuple(wanted))


def _overlap(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end
