"""Rates of one person over all processes.

Each rate is a token bucket in Redis, taken from in one atomic step (GCRA: the bucket is a single
time, that at which it would be full again). While Redis is away each process counts for itself,
so that nobody is kept out; a limit is then as wide as there are processes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import ceil

from orders.errors import RateExceeded
from orders.events import PersonId
from realtime.bus.asking import Asker, AwayError
from realtime.chat.flood import Use
from realtime.limits import Limits

_TAKE = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or at), at) + every
local wait = full - every * burst - at
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', full), 'EX', math.ceil(full - at) + 1)
return '0'
"""

_ADD = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or at), at) + ARGV[1]
redis.call('SET', KEYS[1], string.format('%.6f', full), 'EX', math.ceil(full - at) + 1)
return tostring(full - at)
"""

FORGOTTEN_FROM = 10_000
"""Buckets kept in this process; beyond, those that are full are forgotten."""


class Rates:
    """The buckets. Without an `asker` they are this process's alone."""

    def __init__(self, limits: Limits, asker: Asker | None = None, prefix: str = "") -> None:
        """Begin with full buckets."""
        self._limits = limits
        self._asker = asker
        self._prefix = prefix
        self._full_at: dict[tuple[str, PersonId], float] = {}

    async def take_hello(self, person: PersonId) -> None:
        """Count a hello. Raises `RateExceeded`."""
        limits = self._limits
        await self.take("hellos_per_second", person, limits.hellos_per_second, limits.hellos_burst)

    async def take_search(self, person: PersonId) -> None:
        """Count a search. Raises `RateExceeded`."""
        limits = self._limits
        await self.take(
            "searches_per_second", person, limits.searches_per_second, limits.searches_burst
        )

    async def take(self, name: str, person: PersonId, rate: float, burst: int) -> None:
        """Count one use of the limit `name`: `rate` a second, `burst` at once.

        Raises `RateExceeded` with the seconds after which there will be one.
        """
        wait = await self._take(name, person, 1.0 / rate, burst)
        if wait > 0:
            raise RateExceeded(limit=name, retry_after=ceil(wait))

    async def add(self, uses: Sequence[Use]) -> list[float] | None:
        """Add what people used of limits that each process watches over: a `flood.Sum`."""
        if self._asker is None:
            return None
        commands = [
            ("EVAL", _ADD, 1, self._key(use.limit, use.who), str(use.times / use.rate))
            for use in uses
        ]
        try:
            return [float(behind) for behind in await self._asker.ask(*commands)]
        except AwayError:
            return None

    def _key(self, limit: str, who: str) -> str:
        return f"{self._prefix}:rate:{limit}:{{{who}}}"

    async def _take(self, name: str, person: PersonId, every: float, burst: int) -> float:
        if self._asker is not None:
            key = self._key(name, person)
            try:
                (wait,) = await self._asker.ask(("EVAL", _TAKE, 1, key, str(every), burst))
                return float(wait)
            except AwayError:
                pass
        return self._take_here((name, person), every, burst)

    def _take_here(self, key: tuple[str, PersonId], every: float, burst: int) -> float:
        now = time.monotonic()
        if len(self._full_at) >= FORGOTTEN_FROM:
            self._full_at = {k: at for k, at in self._full_at.items() if at > now}
        full = max(self._full_at.get(key, now), now) + every
        wait = full - every * burst - now
        if wait <= 0:
            self._full_at[key] = full
        return max(0.0, wait)
