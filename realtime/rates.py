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
from realtime.bus.asking import Asker, AwayError, Command
from realtime.chat.flood import Repeated, Use
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

_SAID = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
for n = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'NX', string.format('%.6f', at - ARGV[n + 1]), ARGV[n])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', at - ARGV[1]))
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[1]))
local found = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for n = 2, #found, 2 do found[n] = tostring(at - found[n]) end
return found
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

    async def told(self, repeated: Sequence[Repeated]) -> list[list[tuple[str, float]]] | None:
        """Tell what people said again, and learn when it was said anywhere: a `flood.Told`."""
        if self._asker is None:
            return None
        window = str(self._limits.same_text_window)
        commands: list[Command] = []
        for text in repeated:
            key = self._key(f"same_text:{text.order}:{text.digest}", text.person)
            said = (str(part) for one in text.said for part in one)
            commands.append(("EVAL", _SAID, 1, key, window, *said))
        try:
            found = await self._asker.ask(*commands)
        except AwayError:
            return None
        return [
            [
                (bytes(name).decode(), float(ago))
                for name, ago in zip(one[::2], one[1::2], strict=True)
            ]
            for one in found
        ]

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
