"""Flood control: how fast one person may write, and how often the same thing.

It is decided before a message is queued and waits for nothing, so messages of one socket keep
their order. Whoever is too fast gets a refusal that says when to try again: the socket stays, and
the browser keeps the message.

Each process counts for itself and, where there are several, `share` lets them know of each other:
what somebody used is added to a sum after each eighth of a burst, a slice, and the sum tells the
process what was used elsewhere. With p processes a person can write p bursts at once instead of
one, but what was too much is owed: nobody is let in anywhere before it is paid off, so in the
long run the rate holds over all processes, up to p slices. How often the same text was said is
asked of all processes when it is said a second time here: a text said once is told to nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from typing import Generic, TypeVar

from orders.errors import RateExceeded
from orders.events import OrderId, PersonId
from realtime.limits import Bucket, Limits

REMEMBERED = 20_000
"""Conversations and people that are counted; beyond, those who were heard longest ago go."""

SLICES = 8
"""Slices of a burst: after one, what somebody used is added to the sum."""
SHARE_EVERY = 0.5
"""Seconds between two looks at who has used up a slice."""


@dataclass(frozen=True, slots=True)
class Use:
    """How often somebody used a limit of `rate` a second; `who` is theirs alone."""

    limit: str
    who: str
    rate: float
    times: int


Sum = Callable[[Sequence[Use]], Awaitable[Sequence[float] | None]]
"""Adds to the sums over all processes; returns the seconds until each bucket is full again. None
if nothing could be added."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """What somebody said again: a digest of the text, and how many seconds ago under which id."""

    order: OrderId
    person: PersonId
    digest: str
    said: Sequence[tuple[str, float]]


Told = Callable[[Sequence[Repeated]], Awaitable[Sequence[Sequence[tuple[str, float]]] | None]]
"""Tells all processes; returns when each text was said in any of them, in the same form. None if
nobody could be told."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Meter:
    """A bucket, and how much of it was used since others were told."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.rate = rate
        self.bucket = Bucket(rate, burst, now)
        self.used = 0
        self.slice = max(1, burst // SLICES)


@dataclass(slots=True)
class _Talk:
    """What one person writes in one order."""

    meter: _Meter
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

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        add: Sum | None = None,
        told: Told | None = None,
    ) -> None:
        """Begin with nobody; `clock` is the machine's unless a test says otherwise.

        Without `add` and `told` there are no other processes.
        """
        self._limits = limits
        self._clock = clock
        self._add, self._told = add, told
        self._slices: dict[tuple[str, str], _Meter] = {}  # used up, and not yet added to the sums
        self._again: dict[tuple[OrderId, PersonId, int], str] = {}  # texts, not yet told
        self._talks: _Lately[tuple[OrderId, PersonId], _Talk] = _Lately(
            lambda: _Talk(
                _Meter(limits.messages_per_order, limits.messages_per_order_burst, clock())
            )
        )
        self._people: _Lately[PersonId, _Meter] = _Lately(
            lambda: _Meter(limits.messages_per_person, limits.messages_per_person_burst, clock())
        )

    def admit(self, order: OrderId, person: PersonId, client_id: str, text: str) -> None:
        """Count a message. Raises `RateExceeded`, naming the limit and when there is room."""
        now, limits = self._clock(), self._limits
        talk = self._talks[order, person]
        since = now - limits.same_text_window
        talk.forget(since)
        plain = " ".join(text.casefold().split())
        words = hash(plain)
        said = [one for one in talk.said.get(words, ()) if one[0] > since]
        known = any(client_id == one for _, one in said)
        if not known and len(said) >= limits.same_text:
            raise RateExceeded(
                limit="same_text", retry_after=ceil(said[0][0] + limits.same_text_window - now)
            )
        for name, meter, who in (
            ("messages_per_order", talk.meter, (order, person)),
            ("messages_per_person", self._people[person], (person,)),
        ):
            if wait := meter.bucket.take(now):
                raise RateExceeded(limit=name, retry_after=ceil(wait))
            meter.used += 1
            if self._add is not None and meter.used >= meter.slice:
                self._slices[name, ":".join(who)] = meter
        if not known:
            talk.said.pop(words, None)
            talk.said[words] = [*said, (now, client_id)]
            if said and self._told is not None:
                self._again[order, person, words] = plain

    async def run(self) -> None:
        """Share what is used with the other processes until cancelled."""
        while True:
            await asyncio.sleep(SHARE_EVERY)
            await self.share()

    async def share(self) -> None:
        """Let other processes know what was used and said again, and learn the same of them.

        What cannot be told stays and is told later.
        """
        await self._share_uses()
        await self._share_texts()

    async def _share_uses(self) -> None:
        """Add the slices used up to the sums over all processes, and owe what others used."""
        if self._add is None or not self._slices:
            return
        slices, self._slices = self._slices, {}
        uses = [Use(*name, meter.rate, meter.used) for name, meter in slices.items()]
        behind = await self._add(uses)
        now = self._clock()
        if behind is None:  # alone, what has come back here is owed nowhere else
            for meter in slices.values():
                meter.used = min(meter.used, ceil(meter.bucket.missing(now)))
            self._slices = slices | self._slices
            return
        for use, meter, seconds in zip(uses, slices.values(), behind, strict=True):
            meter.used -= use.times
            meter.bucket.owe(seconds + meter.used / meter.rate, now)

    async def _share_texts(self) -> None:
        """Tell which texts were said again, and count what was said elsewhere."""
        if self._told is None or not self._again:
            return
        again, self._again = self._again, {}
        asked = self._clock()
        repeated = [
            Repeated(
                order,
                person,
                blake2b(plain.encode(errors="replace"), digest_size=12).hexdigest(),
                [
                    (client_id, asked - at)
                    for at, client_id in self._talks[order, person].said.get(words, ())
                    if asked - at < self._limits.same_text_window
                ],
            )
            for (order, person, words), plain in again.items()
        ]
        found = await self._told(repeated)
        if found is None:
            self._again = dict([*again.items(), *self._again.items()][-REMEMBERED:])
            return
        now = self._clock()
        for (order, person, words), times in zip(again, found, strict=True):
            mine = self._talks[order, person].said
            everywhere = {client_id: now - ago for client_id, ago in times}
            everywhere |= {client_id: at for at, client_id in mine.get(words, ())}
            if everywhere:
                mine[words] = sorted((at, client_id) for client_id, at in everywhere.items())
