"""Flood control: how fast one person may write, and how often the same thing.

It is decided before a message is queued and waits for nothing, so messages of one socket keep
their order; each process counts for itself. Whoever is too fast gets a refusal that says when to
try again: the socket stays, and the browser keeps the message.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import ceil
from typing import Generic, TypeVar

from orders.errors import RateExceeded
from orders.events import OrderId, PersonId
from realtime.limits import Bucket, Limits

REMEMBERED = 20_000
"""Conversations and people that are counted; beyond, those who were heard longest ago go."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Talk:
    """What one person writes in one order."""

    bucket: Bucket
    said: dict[int, list[tuple[float, str]]] = field(default_factory=dict)
    """When each text was said, and under which client id: a repeat is not said again.

    The text that was said last stands last, so what is out of the window is found in front.
    """

    def forget(self, since: float) -> None:
        """Let go of what was not said since. Each text goes once, however many there are."""
        while self.said:
            oldest = next(iter(self.said))
            if self.said[oldest][-1][0] > since:
                return
            del self.said[oldest]


class _Lately(Generic[K, V]):
    """The values of those who were heard lately."""

    def __init__(self, make: Callable[[], V]) -> None:
        self._make = make
        self._values: OrderedDict[K, V] = OrderedDict()

    def __getitem__(self, key: K) -> V:
        value = self._values.get(key)
        if value is None:
            value = self._values[key] = self._make()
            if len(self._values) > REMEMBERED:
                self._values.popitem(last=False)
        else:
            self._values.move_to_end(key)
        return value


class Flood:
    """Counts what people write. One per process."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody; `clock` is the machine's unless a test says otherwise."""
        self._limits = limits
        self._clock = clock
        self._talks: _Lately[tuple[OrderId, PersonId], _Talk] = _Lately(
            lambda: _Talk(
                Bucket(limits.messages_per_order, limits.messages_per_order_burst, clock())
            )
        )
        self._people: _Lately[PersonId, Bucket] = _Lately(
            lambda: Bucket(limits.messages_per_person, limits.messages_per_person_burst, clock())
        )

    def admit(self, order: OrderId, person: PersonId, client_id: str, text: str) -> None:
        """Count a message. Raises `RateExceeded`, naming the limit and when there is room."""
        now, limits = self._clock(), self._limits
        talk = self._talks[order, person]
        since = now - limits.same_text_window
        talk.forget(since)
        words = hash(" ".join(text.casefold().split()))
        said = [one for one in talk.said.get(words, ()) if one[0] > since]
        known = any(client_id == one for _, one in said)
        if not known and len(said) >= limits.same_text:
            raise RateExceeded(
                limit="same_text", retry_after=ceil(said[0][0] + limits.same_text_window - now)
            )
        for name, bucket in (
            ("messages_per_order", talk.bucket),
            ("messages_per_person", self._people[person]),
        ):
            if wait := bucket.take(now):
                raise RateExceeded(limit=name, retry_after=ceil(wait))
        if not known:
            talk.said.pop(words, None)
            talk.said[words] = [*said, (now, client_id)]
