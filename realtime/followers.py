"""Which sockets of this process are told of which orders: on the screen, or in the inbox.

Whatever is heard, kept or known of an order is asked for with the first socket that wants it, and
let go with the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orders.events import OrderId, PersonId
from realtime.bus import Bus
from realtime.pump import Follow
from realtime.session import Session
from realtime.tails import Tails
from realtime.veil import Veil


class Followers:
    """Who follows what. One per hub."""

    def __init__(self, bus: Bus, tails: Tails, veil: Veil) -> None:
        """Begin with nobody."""
        self._bus = bus
        self._tails = tails
        self._veil = veil
        self._members: dict[OrderId, tuple[PersonId, ...]] = {}
        self.orders: dict[OrderId, set[Session]] = {}
        """The orders that are followed, each by whom; some are not told of it yet."""
        self.rooms: dict[PersonId, set[OrderId]] = {}
        """The orders that are shown, by member."""
        self.listed: dict[OrderId, set[Session]] = {}
        """The orders in somebody's inbox."""
        self.heads: dict[OrderId, int] = {}
        """How far those in an inbox go, as far as was heard."""

    # --- on the screen -----------------------------------------------------------------------

    def follow(self, session: Session, order: OrderId) -> None:
        """Begin to listen to the order for the session; it is told of nothing before `show`."""
        session.listens.add(order)
        if order not in self.orders:
            self.orders[order] = set()
            self._tails.keep(order)
            self._bus.attend(order)
        self.orders[order].add(session)

    def show(self, session: Session, place: Follow, members: Sequence[PersonId]) -> None:
        """Tell the session from `place` on; its person is one of the `members`."""
        order = place.order
        if session not in self.orders.get(order, ()):
            return  # it left, or stopped following, while the members were looked up
        session.follows[order] = place
        session.pump.moved(order)
        for member in members:
            self.admit(order, member)

    def admit(self, order: OrderId, member: PersonId) -> None:
        """Count the person among the members of an order that is shown here."""
        if order not in self.orders or member in self.members(order):
            return
        self._members[order] = (*self.members(order), member)
        if member not in self.rooms:
            self.rooms[member] = set()
            self._bus.attend(member)
        self.rooms[member].add(order)

    def unfollow(self, session: Session, order: OrderId) -> None:
        """Undo `follow`; harmless if the session does not follow the order."""
        session.follows.pop(order, None)
        session.listens.discard(order)
        followers = self.orders.get(order)
        if followers is None:
            return
        followers.discard(session)
        if followers:
            return
        del self.orders[order]
        self._tails.drop(order)
        self._veil.forget(order)
        self._bus.ignore(order)
        for member in self._members.pop(order, ()):
            rooms = self.rooms.get(member, set())
            rooms.discard(order)
            if not rooms and self.rooms.pop(member, None) is not None:
                self._bus.ignore(member)

    def members(self, order: OrderId) -> Sequence[PersonId]:
        """The members of an order that is shown here."""
        return self._members.get(order, ())

    def showing(self, order: OrderId) -> Iterator[Session]:
        """The sessions that are told of what happens in the order."""
        return (session for session in self.orders.get(order, ()) if order in session.follows)

    def others(self, order: OrderId, person: PersonId) -> Iterator[Session]:
        """Those of them that are not this person's."""
        return (session for session in self.showing(order) if session.person != person)

    # --- in the inbox ------------------------------------------------------------------------

    def enlist(self, session: Session, order: OrderId) -> None:
        """Put the order into the session's inbox, if its token reaches so far."""
        if session.identity.reaches(order):
            if order not in self.listed:
                self.listed[order] = set()
                self._bus.attend(order)
            self.listed[order].add(session)
            session.listed.add(order)

    def unlist(self, session: Session, order: OrderId) -> None:
        """Undo `enlist`; harmless if the order is not in the session's inbox."""
        session.listed.discard(order)
        session.pump.inbox.discard(order)
        listed = self.listed.get(order, set())
        listed.discard(session)
        if not listed and self.listed.pop(order, None) is not None:
            self.heads.pop(order, None)
            self._bus.ignore(order)

    def lose(self, session: Session, order: OrderId) -> None:
        """Tell the session nothing of the order any more, not even that something happens."""
        self.unfollow(session, order)
        self.unlist(session, order)
