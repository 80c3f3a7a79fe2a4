"""Looking after files beside everything else: erasing, scanning again, giving uploads up.

Apart from the sweeper, because a slow scanner or store must not make a deadline late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from orders.errors import Unavailable

log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between two rounds; each chore knows by itself whether its time has come."""


class Caretaker:
    """Does chores one after the other. One per process that works."""

    def __init__(self, chores: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Take the chores."""
        self._chores = chores

    async def run(self) -> None:
        """Go round until cancelled; a chore that fails is tried again in the next round."""
        while True:
            for chore in self._chores:
                try:
                    await chore()
                except Unavailable:
                    log.warning("files wait: what they are kept in is away")
                except Exception:
                    log.exception("files could not be looked after")
            await asyncio.sleep(EVERY)
