"""Waiting for what happens by itself: looked for again and again, at most for a minute."""

import asyncio
from collections.abc import Callable

LOOK = 0.01
"""Seconds between two looks."""


async def until(true: Callable[[], bool], within: float = 60.0) -> None:
    """Return once it holds. Raises `TimeoutError` if it does not in so many seconds."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(LOOK)
