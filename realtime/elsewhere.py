"""What this process knows of people's sockets in other processes (pure).

Three voices speak of it, and none of them is always right: the bus says who came and who went,
possibly late or in another order than it happened; Redis answers who is where, as of a moment
ago; and the bus itself may be deaf, when nobody can know. Every change of mind happens here:

- while the bus is deaf nothing is known of anybody, whatever is said or answered;
- an answer counts unless something was said of the person after the question was put;
- whoever is not surely absent is asked about again, and so is whoever was said to have gone.

So what is known is right as soon as everybody in doubt was asked about once in quiet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from orders.events import PersonId


@dataclass(frozen=True, slots=True)
class Question:
    """Who was asked about, and when in the course of what was said."""

    persons: Collection[PersonId]
    era: int
    at: int


@dataclass(slots=True)
class Elsewhere:
    """The state of this knowledge; nobody is known at first.

    Each method that may change it returns those of whom something else is known now.
    """

    _whole: bool = True
    _era: int = 0  # begins anew whenever the bus goes deaf, and when it hears again
    _known: dict[PersonId, bool] = field(default_factory=dict)
    _now: int = 0  # counts what was said
    _said: dict[PersonId, int] = field(default_factory=dict)  # when last of each
    _forgot: int = 0  # when somebody was forgotten: when it was said of them is not known
    _doubted: set[PersonId] = field(default_factory=set)
    _stray: set[PersonId] = field(default_factory=set)  # of no interest at the last `keep`

    def of(self, person: PersonId) -> bool | None:
        """Whether the person has sockets elsewhere; None if that is not known."""
        return self._known.get(person)

    def bus_is(self, *, whole: bool) -> Collection[PersonId]:
        """Note whether others are heard."""
        if whole == self._whole:
            return ()
        self._whole = whole
        self._era += 1
        if whole:
            return ()
        lost, self._known = self._known, {}
        self._doubted.clear()
        return lost

    def was_said(self, person: PersonId, *, there: bool) -> Collection[PersonId]:
        """Note what a process said of a person's sockets with it."""
        self._now += 1
        self._said[person] = self._now
        if not self._whole:
            return ()
        if not there:
            self._doubted.add(person)  # another process may have said the opposite before
        return self._set(person, there=there)

    def ask(self, persons: Iterable[PersonId]) -> Question:
        """Put a question, to be answered by `hear`."""
        return Question(tuple(persons), self._era, self._now)

    def hear(
        self,
        question: Question,
        found: Collection[PersonId] | None,
        unsure: Collection[PersonId] = (),
    ) -> Collection[PersonId]:
        """Take the answer in: who of them has sockets elsewhere, None if nobody could say.

        Of the `unsure` it could not be said.
        """
        if question.era != self._era or not self._whole:
            return ()
        changed: list[PersonId] = []
        for person in question.persons:
            self._stray.discard(person)
            if self._said.get(person, self._forgot) > question.at:
                self._doubted.add(person)  # which of the two is newer is known to nobody
            elif found is None or person in unsure:
                if self._known.pop(person, None) is not None:
                    changed.append(person)
            else:
                self._doubted.discard(person)
                changed += self._set(person, there=person in found)
        return changed

    def in_doubt(self, persons: Iterable[PersonId]) -> list[PersonId]:
        """Return who of these should be asked about."""
        return [p for p in persons if self._known.get(p) is not False or p in self._doubted]

    def keep(self, persons: Collection[PersonId]) -> None:
        """Forget everybody else who was of no interest at the last call either.

        Not at once: who is just being asked about will be of interest in a moment.
        """
        others = {person for person in (*self._known, *self._said) if person not in persons}
        for person in others & self._stray:
            self._known.pop(person, None)
            self._doubted.discard(person)
            if self._said.pop(person, None) is not None:
                self._now += 1
                self._forgot = self._now
        self._stray = others - self._stray

    def _set(self, person: PersonId, *, there: bool) -> Collection[PersonId]:
        if self._known.get(person) is there:
            return ()
        self._known[person] = there
        return (person,)
