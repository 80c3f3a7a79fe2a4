"""The demo's payment system: carries out what is ordered after a few seconds, and confirms it.

In earnest the marketplace's backend does this over HTTP; the demo uses the same port.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from orders import settlement
from orders.database import Database
from orders.errors import Refused, Unavailable

log = structlog.get_logger(__name__)

EVERY = 1.0
TAKES = timedelta(seconds=4)
"""Long enough for a visitor to see that money is ordered first, and confirmed then."""


class Cashier:
    """Confirms every movement a little after it was ordered."""

    def __init__(self, database: Database) -> None:
        """Work on the demo's database."""
        self._database = database

    async def run(self) -> None:
        """Carry out what is ordered until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.carry_out()
            except Unavailable:
                log.warning("the cashier waits for the database")

    async def carry_out(self) -> None:
        """Confirm what was ordered long enough ago."""
        until = await self._database.now() - TAKES
        async with self._database.reading() as conn:
            waiting = await settlement.unconfirmed(conn)
        for movement in waiting:
            if movement.at > until:
                continue
            reference = f"demo-{movement.order}-{movement.movement}"
            try:
                await settlement.confirm(
                    self._database, movement.order, movement.movement, reference
                )
            except Unavailable:
                raise
            except Refused as refusal:
                log.warning("a movement was settled by somebody else", code=refusal.code)
