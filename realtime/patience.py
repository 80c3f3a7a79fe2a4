"""Limits of time that do not count the time in which this process stood still.

A machine may take its processors away from us for seconds: another guest has them, memory is
swapped, a container is paused. Whoever wakes finds that every limit has passed, while the answer
lies unread in the socket, or could not be sent because the other end stood still as well. It would
be taken for silent and is not. So a limit is counted in parts, and a part counts as one however
long it took.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

PARTS = 8
"""Of each limit: what is lost by standing still is all but one of them."""

STOOD_STILL = 0.1
"""Seconds that somebody came late who sleeps: less is what a busy event loop is late anyway."""


class Patience:
    """Raises `TimeoutError` inside if it takes longer, as `asyncio.timeout` does.

    async with Patience(2.0):
        await answer()
    """

    __slots__ = ("_due", "_extended", "_left", "_limit", "_part", "_timer")

    def __init__(self, seconds: float) -> None:
        """Prepare to wait for so long."""
        self._limit = asyncio.timeout(None)
        self._part = seconds / PARTS
        self._left = PARTS
        self._extended = False

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._go_on()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + self._part
        self._timer = loop.call_at(self._due, self._passed)

    def _passed(self) -> None:
        self._left -= 1
        now = asyncio.get_running_loop().time()
        # what came while we stood still in the last part is read in one more
        late = now - self._due > max(self._part, STOOD_STILL)
        if self._left > 0 or (late and not self._extended):
            self._extended = self._left <= 0
            self._go_on()
        else:
            self._limit.reschedule(now)
