"""Read marks: stored, monotonic, and written at most once a second per person and order.

A browser that scrolls says "read up to" many times a second. The first is written at once, what
comes within the next second is gathered, and the newest of it written when the second is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from orders.commands import mark_read
from orders.database import Database
from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId, PersonId
from realtime.limits import Limits

log = structlog.get_logger(__name__)

Moved = Callable[[OrderId, PersonId, int], None]
"""Told when a stored mark moved: (order, person, seq)."""


class Marks:
    """Writes read marks. One per process."""

    def __init__(self, database: Database, limits: Limits, moved: Moved) -> None:
        """Tell `moved` whenever a mark was stored."""
        self._database = database
        self._limits = limits
        self._moved = moved
        self._wanted: dict[tuple[OrderId, PersonId], int] = {}
        self._writers: dict[tuple[OrderId, PersonId], asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def mark(self, order: OrderId, person: PersonId, seq: int) -> None:
        """Have the mark stored, at once or within the second. The person is a member."""
        key = (order, person)
        self._wanted[key] = max(seq, self._wanted.get(key, 0))
        if key not in self._writers:
            writer = asyncio.create_task(self._write(key))
            self._writers[key] = writer

    async def close(self) -> None:
        """Write what is still wanted, and end."""
        self._closing.set()
        if self._writers:
            await asyncio.wait(list(self._writers.values()), timeout=self._limits.stop_within)

    async def _write(self, key: tuple[OrderId, PersonId]) -> None:
        order, person = key
        try:
            while (seq := self._wanted.pop(key, None)) is not None:
                try:
                    reached = await mark_read(self._database, order, person, seq)
                except OrderUnknown:
                    return  # no longer a member
                except Unavailable:
                    # worth another try, unless a newer one came meanwhile
                    self._wanted.setdefault(key, seq)
                    if self._closing.is_set():
                        return
                else:
                    if reached is not None:
                        self._moved(order, person, reached)
                await self._pause()
        except Exception:
            log.exception("a read mark was not stored", order=order)
        finally:
            del self._writers[key]

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), self._limits.mark_every)
        except TimeoutError:
            return
