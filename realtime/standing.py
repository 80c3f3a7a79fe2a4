"""Who may see which orders, when that changes under open sockets.

The marketplace takes a member's access away and gives it back; the word of it travels as a signal,
which may be lost, or overtaken by the next one. So what is taken is taken at once; what is given is
looked up first; and both are read again, for everybody who is here, after signals may have been
lost. The database has the last word, unless something was heard since it was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from orders import access, views
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId
from realtime.session import Session


@dataclass(slots=True)
class Standing:
    """The standing of the people of one process. One per hub."""

    database: Database
    remembers: float
    """Seconds for which a decision is held against what was read before it."""
    mine: Callable[[PersonId], Sequence[Session]]
    """The person's sockets here."""
    lose: Callable[[Session, OrderId], None]
    """Tells a socket nothing of an order any more."""
    regain: Callable[[Session, OrderId], None]
    """Has a socket's inbox show an order, which is the person's."""
    insist: Callable[[Callable[[], Coroutine[None, None, None]]], None]
    """Does what nobody waits for, again while the database is away."""
    _recent: dict[tuple[PersonId, OrderId], tuple[bool, float]] = field(default_factory=dict)
    """When each was decided, the oldest first."""

    def decided(self, order: OrderId, person: PersonId, *, allowed: bool) -> None:
        """Hear that the person may not see the order any more, or may see it (again)."""
        self._remember(order, person, allowed=allowed)
        self._take_in(order, person, allowed=allowed)

    def opened(self, order: OrderId, parties: Iterable[PersonId]) -> None:
        """Hear of a new order: whoever is being welcomed may have been read before it was there."""
        for person in parties:
            self._remember(order, person, allowed=True)

    def repeat(self, person: PersonId) -> None:
        """Apply what was decided while somebody read who the person is."""
        now = time.monotonic()
        for (who, order), (allowed, at) in list(self._recent.items()):
            if who != person or now - at >= self.remembers:
                continue
            if allowed and all(order in session.listed for session in self.mine(person)):
                continue  # it was read after it was decided
            self._take_in(order, person, allowed=allowed)

    def read(self, barred: Mapping[PersonId, frozenset[OrderId]], asked: float) -> None:
        """Compare with what the database said that was asked at `asked` (`time.monotonic`)."""
        for person, orders in barred.items():
            for session in list(self.mine(person)):
                for order in session.identity.barred ^ orders:
                    _, heard = self._recent.get((person, order), (True, 0.0))
                    if heard < asked:
                        self._set(session, order, allowed=order not in orders)

    def _remember(self, order: OrderId, person: PersonId, *, allowed: bool) -> None:
        now = time.monotonic()
        while self._recent:
            oldest = next(iter(self._recent))
            if now - self._recent[oldest][1] < self.remembers:
                break
            del self._recent[oldest]
        self._recent.pop((person, order), None)
        self._recent[person, order] = allowed, now

    def _take_in(self, order: OrderId, person: PersonId, *, allowed: bool) -> None:
        sessions = list(self.mine(person))
        if not allowed:
            for session in sessions:
                self._set(session, order, allowed=False)
        if sessions:
            self.insist(partial(self._look_up, order, person))

    async def _look_up(self, order: OrderId, person: PersonId) -> None:
        asked = time.monotonic()
        try:
            async with self.database.reading() as conn:
                barred = await access.barred(conn, [person])
                await views.role_of(conn, order, person)
        except OrderUnknown:
            return
        self.read(barred, asked)
        for session in list(self.mine(person)):
            if session.identity.reaches(order):
                self.regain(session, order)

    def _set(self, session: Session, order: OrderId, *, allowed: bool) -> None:
        session.bar(order, barred=not allowed)
        if allowed:
            self.regain(session, order)
        else:
            self.lose(session, order)
