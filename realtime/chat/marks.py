"""Read and delivered marks: stored, monotonic, written at most once a second a person and order.

A browser that scrolls says "read up to" many times a second. The first is written at once, what
comes within the next second is gathered, and the furthest of it written when the second is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from orders.database import Database
from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks, mark
from realtime.limits import Limits

log = structlog.get_logger(__name__)

Moved = Callable[[OrderId, PersonId, Watermarks], None]
"""Told when a stored mark moved: (order, person, where both stand)."""


class Marks:
    """Writes marks. One per process."""

    def __init__(self, database: Database, limits: Limits, moved: Moved) -> None:
        """Tell `moved` whenever a mark was stored."""
        self._database = database
        self._limits = limits
        self._moved = moved
        self._wanted: dict[tuple[OrderId, PersonId], Watermarks] = {}
        self._writers: dict[tuple[OrderId, PersonId], asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def mark(self, order: OrderId, person: PersonId, reached: Watermarks) -> None:
        """Have the marks stored, at once or within the second. The person is a member."""
        key = (order, person)
        self._wanted[key] = reached.joined(self._wanted.get(key, Watermarks()))
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
        doubtful = False  # it may have been stored although that was not heard
        try:
            while (wanted := self._wanted.pop(key, None)) is not None:
                try:
                    reached = await mark(
                        self._database,
                        order,
                        person,
                        read=wanted.read,
                        delivered=wanted.delivered,
                        doubtful=doubtful,
                    )
                except OrderUnknown:
                    return  # no longer a member
                except Unavailable:
                    # worth another try, together with what came meanwhile
                    doubtful = True
                    self._wanted[key] = wanted.joined(self._wanted.get(key, Watermarks()))
                    if self._closing.is_set():
                        return
                else:
                    doubtful = False
                    if reached is not None:
                        self._moved(order, person, reached)
                await self._pause()
        except Exception:
            log.exception("a mark was not stored", order=order)
        finally:
            del self._writers[key]

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._limits.mark_every):
                await self._closing.wait()
        except TimeoutError:
            return
