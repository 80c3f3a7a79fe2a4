"""Who does not show to whom whether they are here, or writing.

It goes both ways: who hides sees nobody, and of two of whom one blocks the other neither sees the
other. A mediator is not blocked, and may hide like anybody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

from orders.events import PARTIES, OrderId, PersonId
from orders.views import Party, RoomView

T = TypeVar("T")


def is_veiled(room: RoomView, one: Party, other: Party) -> bool:
    """Whether these two members do not see each other in this room, by what is stored."""
    if one.person == other.person:
        return False
    parted = room.apart and one.role in PARTIES and other.role in PARTIES
    return one.hides or other.hides or parted


FRESH = 10.0
"""Seconds for which what was said counts more than what was read: the read may have begun before,
and reads that take longer are given up."""


class Veil:
    """What this process knows of it, for signals about the orders that are followed here."""

    def __init__(self) -> None:
        """Begin with nobody hiding."""
        self._hiding: set[PersonId] = set()
        self._said: dict[PersonId | OrderId, float] = {}  # when, of what was said lately
        self._parties: dict[OrderId, frozenset[PersonId]] = {}
        self._apart: set[OrderId] = set()

    @property
    def orders(self) -> Sequence[OrderId]:
        """The orders that somebody here has on the screen."""
        return list(self._parties)

    def learn(self, room: RoomView) -> None:
        """Take over what was read about an order and its members; what was just said stands."""
        self._forget_what_was_said()
        for party in room.parties:
            if party.person not in self._said:
                _put(self._hiding, party.person, there=party.hides)
        self._parties[room.order] = frozenset(p.person for p in room.parties if p.role in PARTIES)
        if room.order not in self._said:
            _put(self._apart, room.order, there=room.apart)

    def hide(self, person: PersonId, *, on: bool) -> None:
        """Hear that the person hides, or shows themselves again."""
        self._say(person)
        _put(self._hiding, person, there=on)

    def hides(self, person: PersonId) -> bool:
        """Whether the person hides, as far as it is known here."""
        return person in self._hiding

    def part(self, order: OrderId, *, apart: bool) -> None:
        """Hear that one of the two of the order blocks the other, or neither does any more."""
        self._say(order)
        _put(self._apart, order, there=apart)

    def is_apart(self, order: OrderId) -> bool:
        """Whether one of the two blocks the other, as far as it is known here."""
        return order in self._apart

    def _say(self, about: PersonId | OrderId) -> None:
        self._forget_what_was_said()
        self._said.pop(about, None)  # the newest last
        self._said[about] = time.monotonic()

    def _forget_what_was_said(self) -> None:
        past = time.monotonic() - FRESH
        while self._said and (oldest := next(iter(self._said.items())))[1] < past:
            del self._said[oldest[0]]

    def forget(self, order: OrderId) -> None:
        """Nobody here follows the order any more."""
        self._apart.discard(order)
        self._parties.pop(order, None)

    def between(self, order: OrderId, one: PersonId, other: PersonId) -> bool:
        """Whether these two do not see each other in this order."""
        if one in self._hiding or other in self._hiding:
            return True
        parties = self._parties.get(order, frozenset())
        return order in self._apart and one in parties and other in parties


def _put(those: set[T], one: T, *, there: bool) -> None:
    if there:
        those.add(one)
    else:
        those.discard(one)
