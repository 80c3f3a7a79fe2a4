"""Waiting for what happens by itself: looked for again and again, at most for a minute.

How long this machine stood still meanwhile does not count: the servers of the tests did so too.
"""

import asyncio
from collections.abc import Callable

from realtime.patience import Patience

LOOK = 0.01
"""Seconds between two looks."""


async def until(true: Callable[[], bool], within: float = 60.0) -> None:
    """Return once it holds. Raises `TimeoutError` if it does not in so many seconds."""
    async with Patience(within):
        while not true():
            await asyncio.sleep(LOOK)
