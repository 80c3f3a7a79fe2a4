"""What changed in inboxes while somebody was being welcomed.

An inbox is read before its person is among those who are told, and in a storm of people who come
back that may take a while. What is said of an order in between nobody would tell them; so it is
kept for a moment, and whoever arrives has those lines read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orders.database import Announcement
from orders.events import OrderId, PersonId


@dataclass(slots=True)
class _Part:
    heads: dict[OrderId, int] = field(default_factory=dict)
    marks: dict[tuple[OrderId, PersonId], float] = field(default_factory=dict)
    """When each was moved."""


class Meanwhile:
    """What this process heard of in the last seconds. One per hub."""

    def __init__(self, remembers: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep what is heard for `remembers` seconds at least, and twice as long at most."""
        self._remembers = remembers
        self._clock = clock
        self._began = clock()
        self._now, self._before = _Part(), _Part()

    def grew(self, announcements: Sequence[Announcement]) -> None:
        """Hear how far orders go."""
        self._turn_over()
        heads = self._now.heads
        for news in announcements:
            heads[news.order] = max(news.upto, heads.get(news.order, 0))

    def marked(self, order: OrderId, person: PersonId) -> None:
        """Hear that the person has read, on whatever device."""
        self._turn_over()
        self._now.marks[order, person] = self._clock()

    def since(
        self, asked: float, person: PersonId, inbox: Mapping[OrderId, int]
    ) -> Iterator[OrderId]:
        """Yield the orders whose lines have changed since `asked`, when their heads were read."""
        parts = self._now, self._before
        for order, head in inbox.items():
            if any(
                part.heads.get(order, 0) > head or part.marks.get((order, person), 0.0) >= asked
                for part in parts
            ):
                yield order

    def _turn_over(self) -> None:
        now = self._clock()
        if now - self._began < self._remembers:
            return
        kept = self._now if now - self._began < 2 * self._remembers else _Part()
        self._now, self._before, self._began = _Part(), kept, now
