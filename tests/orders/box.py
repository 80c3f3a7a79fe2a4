"""A post box in a test, and what became of what was put in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orders.database import Database
from orders.events import MessageSent
from orders.posting import PostBox
from tests.orders.world import Room, entries_of

FIRST = 4
"""The seq of an order's first message: its payment, escrow and deadline come before."""


async def texts(database: Database, room: Room) -> list[str]:
    """What was said in the order, in its order."""
    told = [entry.event for entry in await entries_of(database, room.order)]
    return [event.text for event in told if isinstance(event, MessageSent)]


@asynccontextmanager
async def running(box: PostBox) -> AsyncIterator[asyncio.Task[None]]:
    """Its task, for a while: what was put in before goes into its first batch."""
    task = asyncio.create_task(box.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
