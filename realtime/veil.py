"""Who does not show to whom whether they are here, or writing.

It goes both ways: who hides sees nobody, and of two of whom one blocks the other neither sees the
other. A mediator is not blocked, and may hide like anybody.
"""

from __future__ import annotations

from orders.events import PARTIES, OrderId, PersonId
from orders.views import Party, RoomView


def is_veiled(room: RoomView, one: Party, other: Party) -> bool:
    """Whether these two members do not see each other in this room, by what is stored."""
    if one.person == other.person:
        return False
    parted = room.apart and one.role in PARTIES and other.role in PARTIES
    return one.hides or other.hides or parted


class Veil:
    """What this process knows of it, for signals about the orders that are followed here."""

    def __init__(self) -> None:
        """Begin with nobody hiding."""
        self._hiding: set[PersonId] = set()
        self._parties: dict[OrderId, frozenset[PersonId]] = {}
        self._apart: set[OrderId] = set()

    def learn(self, room: RoomView) -> None:
        """Take over what is stored about an order and its members."""
        for party in room.parties:
            self.hide(party.person, on=party.hides)
        self._parties[room.order] = frozenset(p.person for p in room.parties if p.role in PARTIES)
        self.part(room.order, apart=room.apart)

    def hide(self, person: PersonId, *, on: bool) -> None:
        """The person hides, or shows themselves again."""
        if on:
            self._hiding.add(person)
        else:
            self._hiding.discard(person)

    def part(self, order: OrderId, *, apart: bool) -> None:
        """One of the two of the order blocks the other, or neither does any more."""
        if apart:
            self._apart.add(order)
        else:
            self._apart.discard(order)

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
