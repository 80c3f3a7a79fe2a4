"""The orders in which this process writes, as it last saw them.

A memory is never believed: what is decided by it is stored only if the order's row proves, under
its lock, that head and revision are still the remembered ones. So it may be wrong, and then costs
a second try. It learns from what this process reads and writes, and from the announcements of
others, who move the head alone as long as they write messages.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from orders.database import Announcement, OwedFor
from orders.events import OrderId
from orders.lanes import Asked, Found
from orders.locking import LockedOrder
from orders.timeline import Composed, Head

REMEMBERED = 5_000
"""Orders that are remembered; beyond, those that nobody wrote in for longest go."""
CARRIED = timedelta(seconds=1)
"""How long a time that the database told is carried on by our own clock."""


class _LastEntry(msgspec.Struct):
    at: datetime


_decode = msgspec.json.Decoder(_LastEntry).decode


class Memory:
    """Orders by id. One per process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._orders: OrderedDict[OrderId, LockedOrder] = OrderedDict()

    def recall(self, ids: Iterable[OrderId]) -> dict[OrderId, LockedOrder]:
        """Return those of the orders that are remembered."""
        known = self._orders
        found = {order: known[order] for order in ids if order in known}
        for order in found:
            known.move_to_end(order)
        return found

    def found(self, asked: Asked, now: datetime, owed_for: OwedFor) -> Found | None:
        """Return what is remembered of what a group asks for; None if nothing is.

        An order in which a message answers an entry is not in it: whether that is still there is
        not remembered.
        """
        quoting = {order for order, _ in asked.quotes}
        known = self.recall(order for order in asked.orders if order not in quoting)
        if not known:
            return None
        return Found(now, owed_for, known, {}, frozenset(), frozenset(), certain=False)

    def keep(self, order: LockedOrder) -> None:
        """Remember an order as it is now."""
        self._orders[order.id] = order
        self._orders.move_to_end(order.id)
        if len(self._orders) > REMEMBERED:
            self._orders.popitem(last=False)

    def moved(self, order: LockedOrder, head: Head) -> None:
        """Remember an order in which messages were written, and nothing else."""
        self.keep(LockedOrder(order.facts, head, order.owes, order.revision))

    def stored(self, composed: Composed, orders: Mapping[OrderId, LockedOrder]) -> None:
        """Remember that in these orders all of `composed` was written, and nothing else."""
        for head, _ in composed.told.values():
            self.moved(orders[head.order], head)

    def forget(self, ids: Iterable[OrderId]) -> None:
        """Remember these no more."""
        for order in ids:
            self._orders.pop(order, None)

    def heard(self, announcements: Sequence[Announcement]) -> None:
        """Follow what was appended by anybody, as far as that can be told."""
        for news in announcements:
            known = self._orders.get(news.order)
            if known is None or news.upto <= known.head.seq:
                continue
            if news.situation or news.after != known.head.seq or not news.entries:
                del self._orders[news.order]
                continue
            at = _decode(news.entries[-1]).at
            self.moved(known, Head(news.order, news.upto, at, news.link))


class CarriedClock:
    """The database's time, carried on by our own monotonic clock for a moment.

    It is a little behind, by what the answer took to come, and never ahead.
    """

    def __init__(self) -> None:
        """Begin without a time."""
        self._told: datetime | None = None
        self._since = 0.0

    def tell(self, told: datetime, since: float) -> None:
        """Take the database's time, which was heard at `since` of our clock, in seconds."""
        self._told, self._since = told, since

    def now(self, clock: float) -> datetime | None:
        """Return the database's time at `clock`; None if it was told too long ago."""
        if self._told is None:
            return None
        passed = timedelta(seconds=clock - self._since)
        return self._told + passed if passed <= CARRIED else None
