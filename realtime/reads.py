"""What everybody asks for who opens a room: it, and its situation. Read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline, views
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId
from orders.policy import Policy
from orders.situation import Situation
from orders.views import RoomView
from realtime.together import Together

FEW = 8
"""Situations that are computed in a row: many small reads each, so nobody waits for many."""


@dataclass(slots=True, frozen=True)
class Reads:
    """The questions of one process, each kind with its queue."""

    rooms: Together[OrderId, tuple[RoomView, Policy]]
    links: Together[tuple[OrderId, int], bytes]
    """The link of an entry; None if there is no such entry."""
    situations: Together[tuple[OrderId, PersonId], Situation]

    @classmethod
    def of(cls, database: Database) -> Reads:
        """Read from the database."""

        async def situations(
            conn: AsyncConnection, asked: Sequence[tuple[OrderId, PersonId]]
        ) -> dict[tuple[OrderId, PersonId], Situation]:
            now = await database.now(conn)
            return {
                (order, person): await views.situation(conn, order, person, now)
                for order, person in asked
            }

        return cls(
            rooms=Together(database, views.rooms),
            links=Together(database, timeline.links_at),
            situations=Together(database, situations, FEW),
        )

    async def room(self, order: OrderId) -> tuple[RoomView, Policy]:
        """Return what surrounds an order's timeline, and its settings. Raises `OrderUnknown`."""
        found = await self.rooms.ask(order)
        if found is None:
            raise OrderUnknown(order=order)
        return found

    async def situation(self, order: OrderId, person: PersonId) -> Situation:
        """Return the person's situation. Raises `OrderUnknown` for a stranger."""
        found = await self.situations.ask((order, person))
        if found is None:
            raise OrderUnknown(order=order)
        return found
