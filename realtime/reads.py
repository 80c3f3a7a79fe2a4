"""What everybody asks for who comes in: themselves, a room, its situation. Read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import access, inbox, people, timeline, views
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import OrderId, PersonId
from orders.inbox import InboxRow
from orders.people import Known
from orders.policy import Policy
from orders.situation import Situation
from orders.views import RoomView
from realtime.together import Together


class Arrival(msgspec.Struct, frozen=True):
    """What a person is welcomed with."""

    known: Known | None
    """None if no order ever named them."""
    inbox: tuple[InboxRow, ...]
    barred: frozenset[OrderId]
    """The orders to which their access was taken away."""
    now: datetime
    """When it was read."""


@dataclass(slots=True, frozen=True)
class Reads:
    """The questions of one process, each kind with its queue."""

    arrivals: Together[PersonId, Arrival]
    rooms: Together[OrderId, tuple[RoomView, Policy]]
    links: Together[tuple[OrderId, int], bytes]
    """The link of an entry; None if there is no such entry."""
    situations: Together[tuple[OrderId, PersonId], Situation]

    @classmethod
    def of(cls, database: Database, missed: Together[Any, Any]) -> Reads:
        """Read from the database; `missed` reads what was written while somebody was away."""

        async def situations(
            conn: AsyncConnection, asked: Sequence[tuple[OrderId, PersonId]]
        ) -> dict[tuple[OrderId, PersonId], Situation]:
            return await views.situations(conn, asked, await database.now(conn))

        async def arrivals(
            conn: AsyncConnection, persons: Sequence[PersonId]
        ) -> dict[PersonId, Arrival]:
            known = await people.known_of(conn, persons)
            inboxes = await inbox.inboxes(conn, persons)
            barred = await access.barred(conn, persons)
            now = await database.now(conn)
            return {
                person: Arrival(
                    known.get(person), tuple(inboxes.get(person, ())), barred[person], now
                )
                for person in persons
            }

        before = (
            Together(database, arrivals),
            Together(database, views.rooms),
            Together(database, timeline.links_at),
        )
        return cls(*before, situations=Together(database, situations, behind=(*before, missed)))

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

    async def arrival(self, person: PersonId) -> Arrival:
        """Return what the person is welcomed with."""
        found = await self.arrivals.ask(person)
        if found is None:
            raise AssertionError(person)  # everybody who is asked for is answered
        return found
