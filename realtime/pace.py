"""How fast one person may call over HTTP: a bucket for each who did so lately."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from orders.errors import RateExceeded
from orders.events import PersonId
from realtime.limits import Bucket, Limits

LOOKED_AT = 8
"""Buckets that are looked at for being full again, whenever one is used."""


class Pace:
    """The buckets of this process. One that is full again is forgotten: it says nothing."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody; `clock` is the machine's unless a test says otherwise."""
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[PersonId, tuple[Bucket, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, person: PersonId) -> None:
        """Count one call. Raises `RateExceeded` if it is one too many."""
        now, rate, burst = (
            self._clock(),
            self._limits.commands_per_second,
            self._limits.commands_burst,
        )
        bucket, _ = self._buckets.pop(person, (Bucket(rate, burst, now), now))
        self._buckets[person] = bucket, now
        for _ in range(min(LOOKED_AT, len(self._buckets))):
            oldest, (_, used) = next(iter(self._buckets.items()))
            if now - used < burst / rate:
                break
            del self._buckets[oldest]
        if wait := bucket.take(now):
            raise RateExceeded(limit="commands_per_second", retry_after=ceil(wait))
