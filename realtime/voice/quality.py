"""How well two people hear each other, from what every hop reports anyway. Pure.

The rating is the E-model's R (ITU-T G.107), simplified as usual for packet speech: `R = 93.2 - Id
- Ie,eff`, delay impairment after Cole and Rosenbluth's fit, loss as in G.107 section 7.4 with
constants for Opus with in-band repair. From R the mean opinion score of G.107 annex B follows:
4.4 is as good as it gets, below 3.1 most people are dissatisfied.

Loss while a party is muted or pauses is not counted: what was not sent is not missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from orders.events import PersonId, Sound, SoundWord

BEST = 93.2
CODEC_IMPAIRMENT = 0.0
LOSS_ROBUSTNESS = 20.0
"""Ie and Bpl of G.107 for Opus at 32 kb/s with in-band repair: no table has them; with these,
5 % loss costs 19 points, as listening tests of wide-band Opus found about."""

FIXED_DELAY = 0.045
"""Seconds that no network can save: a frame, the encoder's look-ahead, sound hardware."""

BAD, GOOD = 3.1, 3.6
"""Scores below which a line is bad, and above which it is good again."""

BAD_SECONDS, GOOD_SECONDS = 3, 5
SILENT_SECONDS = 5
DEAD_LEVEL = 126.5
"""Mean -dBov of a microphone that gives nothing at all; the quietest room is louder."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of one hop in one second."""

    loss: float = 0.0
    """Share of packets missing, 0 to 1."""

    jitter: float = 0.0
    """Seconds."""

    round_trip: float = 0.0
    """Seconds; 0 if not known yet."""


def rating(*ways: Way) -> float:
    """R of hops that follow each other: delays add up, losses combine."""
    delay = FIXED_DELAY + sum(each.round_trip / 2 + 2 * each.jitter for each in ways)
    arrives = 1.0
    for each in ways:
        arrives *= 1 - min(1.0, max(0.0, each.loss))
    percent = 100 * (1 - arrives)
    late = max(0.0, 1_000 * delay - 177.3)
    by_delay = 0.024 * 1_000 * delay + 0.11 * late
    by_loss = CODEC_IMPAIRMENT + (95 - CODEC_IMPAIRMENT) * percent / (percent + LOSS_ROBUSTNESS)
    return max(0.0, min(BEST, BEST - by_delay - by_loss))


def opinion(r: float) -> float:
    """Mean opinion score of a rating, 1 to 4.5 (G.107 annex B)."""
    if r <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


class Word(StrEnum):
    """What a client should know about a person's sound."""

    BAD = "quality_bad"
    GOOD = "quality_good"
    SILENT = "silent_microphone"
    """Packets come and hold nothing: the microphone is dead, or another program has it."""

    ONE_WAY = "one_way"
    """The connection lives and no sound comes over it."""

    HEARD = "heard"
    """One of the last two is over."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the seconds in which a person was heard; of parts of a call they add up."""

    seconds: int = 0
    opinion: float = 0.0
    loss: float = 0.0
    jitter: float = 0.0
    round_trip: float = 0.0

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


def tally(score: float, *ways: Way) -> Tally:
    """One second of hops that follow each other."""
    arrives = 1.0
    for each in ways:
        arrives *= 1 - min(1.0, max(0.0, each.loss))
    return Tally(
        seconds=1,
        opinion=score,
        loss=1 - arrives,
        jitter=sum(each.jitter for each in ways),
        round_trip=sum(each.round_trip for each in ways),
    )


def summary(heard: Mapping[PersonId, Tally]) -> tuple[Sound, ...]:
    """How each was heard on average, by the order of their ids; who never was is left out."""
    return tuple(
        Sound(
            person,
            _word(each.opinion / each.seconds),
            round(each.opinion / each.seconds, 2),
            round(each.loss / each.seconds, 4),
            round(1_000 * each.jitter / each.seconds),
            round(1_000 * each.round_trip / each.seconds),
        )
        for person, each in sorted(heard.items())
        if each.seconds
    )


def _word(score: float) -> SoundWord:
    if score >= GOOD:
        return SoundWord.GOOD
    return SoundWord.FAIR if score >= BAD else SoundWord.POOR


class Watch:
    """One party's quality over time; `second` is told once a second what was measured.

    Attributes:
        score: the last second's opinion of how this party is heard.
        heard: sums over the seconds in which it could be.
        latest: the last second alone; None before the first.
    """

    __slots__ = (
        "_bad",
        "_good",
        "_mute_seconds",
        "_packetless",
        "_told_bad",
        "_trouble",
        "heard",
        "latest",
        "score",
    )

    def __init__(self) -> None:
        """Nothing measured, nothing told."""
        self.score = opinion(BEST)
        self.heard = Tally()
        self.latest: Tally | None = None
        self._bad = self._good = 0
        self._told_bad = False
        self._mute_seconds = self._packetless = 0
        self._trouble: Word | None = None

    @property
    def standing(self) -> list[Word]:
        """What was told and still holds, for whoever comes later."""
        words = [Word.BAD] if self._told_bad else []
        return [*words, self._trouble] if self._trouble is not None else words

    @property
    def state(self) -> list[Word]:
        """What holds, also where it is that all is well, for whoever may have missed its end."""
        bad = Word.BAD if self._told_bad else Word.GOOD
        return [bad, Word.HEARD if self._trouble is None else self._trouble]

    def second(self, *ways: Way, packets: int, level: float | None, muted: bool) -> list[Word]:
        """What is news: the hops to the listener, packets heard, their mean -dBov, the gate.

        A second without a packet counts as lost once there was one before.
        """
        self.score = opinion(rating(*ways))
        self.latest = tally(self.score, *ways)
        if not muted and packets:
            self.heard = self.heard.plus(self.latest)
        elif not muted and self.heard.seconds:
            self.heard = self.heard.plus(tally(1.0, *ways, Way(loss=1.0)))
        news = []
        self._bad = self._bad + 1 if self.score < BAD else 0
        self._good = self._good + 1 if self.score > GOOD else 0
        if self._told_bad and self._good >= GOOD_SECONDS:
            self._told_bad = False
            news.append(Word.GOOD)
        elif not self._told_bad and self._bad >= BAD_SECONDS:
            self._told_bad = True
            news.append(Word.BAD)

        dead = level is not None and level >= DEAD_LEVEL and not muted
        self._mute_seconds = self._mute_seconds + 1 if packets and dead else 0
        self._packetless = 0 if packets or muted else self._packetless + 1
        trouble = None
        if self._packetless >= SILENT_SECONDS:
            trouble = Word.ONE_WAY
        elif self._mute_seconds >= SILENT_SECONDS:
            trouble = Word.SILENT
        if trouble is not None and trouble is not self._trouble:
            self._trouble = trouble
            news.append(trouble)
        elif self._trouble is not None and packets and not dead:
            self._trouble = None
            news.append(Word.HEARD)
        return news


class Meter:
    """Differences between seconds of sums that only grow, and begin anew with a source."""

    __slots__ = ("_expected", "_level", "_levels", "_packets", "_starts")

    def __init__(self) -> None:
        """Begin with a leg."""
        self._starts = self._packets = self._expected = self._level = self._levels = 0

    def since(
        self, *, starts: int, packets: int, expected: int, level: int, levels: int
    ) -> tuple[int, float, float | None]:
        """Packets, share lost and mean -dBov since the last question."""
        if starts != self._starts:
            self._starts, self._packets, self._expected = starts, 0, 0
        came, due = packets - self._packets, expected - self._expected
        measured = levels - self._levels
        loudness = (level - self._level) / measured if measured else None
        self._packets, self._expected = packets, expected
        self._level, self._levels = level, levels
        return came, max(0.0, 1 - came / due) if due > 0 else 0.0, loudness
