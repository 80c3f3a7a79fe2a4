"""Indexing what was said in the background, once an order has gone quiet.

Nothing waits for it: who searches brings their orders up to date first. It only keeps that short,
and it stays out of the way of people who are writing. What was erased it takes out of the index's
file, a part at a time.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from orders.database import Database
from orders.errors import Unavailable
from orders.scrubbing import scrub
from orders.search_index import behind, catch_up
from realtime.limits import Limits

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Orders of one round."""
BREATH = 0.2
"""Seconds between two parts of the index that are merged: it is others' turn to write."""


class Indexer:
    """Indexes quiet orders. Any number of processes may; an order is held by one at a time."""

    def __init__(self, database: Database, limits: Limits) -> None:
        """Prepare; `run` does the work."""
        self._database = database
        self._limits = limits

    async def run(self) -> None:
        """Look around again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._limits.index_every)
            try:
                more = True
                while more:
                    more = await self.index_quiet() == AT_ONCE
                more = True
                while more:
                    more = await scrub(self._database)
                    await asyncio.sleep(BREATH)
            except Unavailable:
                log.warning("the index could not reach the database")
            except Exception:
                log.exception("indexing failed")

    async def index_quiet(self) -> int:
        """Index up to `AT_ONCE` orders that have gone quiet; return how many there were."""
        since = await self._database.now() - timedelta(seconds=self._limits.index_after)
        async with self._database.reading() as conn:
            late = await behind(conn, None, AT_ONCE, since)
        for order in late:
            more = True
            while more:
                async with self._database.transaction() as tx:
                    more = await catch_up(tx, order)
        return len(late)
