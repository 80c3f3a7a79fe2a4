"""What changed while somebody was being welcomed, or shown an order.

An inbox, and how far people have read, is read before its person is among those who are told, and
in a storm of people who come back that may take a while. What is said in between nobody would tell
them; so it is kept for a moment, and whoever arrives has those lines read again, and whoever opens
an order sees those marks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orders.database import Announcement
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks

_NEVER = 0.0, Watermarks()


@dataclass(slots=True)
class _Part:
    heads: dict[OrderId, int] = field(default_factory=dict)
    marks: dict[tuple[OrderId, PersonId], tuple[float, Watermarks]] = field(default_factory=dict)
    """When each was moved, and how far."""


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

    def marked(self, order: OrderId, person: PersonId, marks: Watermarks) -> None:
        """Hear how far the person has read, on whatever device."""
        self._turn_over()
        self._now.marks[order, person] = self._clock(), marks

    def marks(self, order: OrderId, person: PersonId) -> Watermarks:
        """Return the furthest that was heard of the person in the order lately."""
        heard = Watermarks()
        for part in (self._before, self._now):
            if (marked := part.marks.get((order, person))) is not None:
                heard = heard.joined(marked[1])
        return heard

    def since(
        self, asked: float, person: PersonId, inbox: Mapping[OrderId, int]
    ) -> Iterator[OrderId]:
        """Yield the orders whose lines have changed since `asked`, when their heads were read."""
        parts = self._now, self._before
        for order, head in inbox.items():
            if any(
                part.heads.get(order, 0) > head
                or part.marks.get((order, person), _NEVER)[0] >= asked
                for part in parts
            ):
                yield order

    def _turn_over(self) -> None:
        now = self._clock()
        if now - self._began < self._remembers:
            return
        kept = self._now if now - self._began < 2 * self._remembers else _Part()
        self._now, self._before, self._began = _Part(), kept, now
