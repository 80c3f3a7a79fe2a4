"""A switchboard on a test's database, and what the timeline tells of its calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy import select

from orders.database import Database
from orders.events import CallAnswered, CallEnd, CallEnded, CallId, CallRang, OrderId, PersonId
from orders.tables import persons_in_call
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from tests.orders.world import Room, entries_of
from tests.realtime.voice.peer import Peer

LIMITS = VoiceLimits(pulse_seconds=0.05, lag_seconds=60.0)


class Desk:
    """A switchboard with what it signalled.

    Attributes:
        leave: stops it, as its process would; set while its task runs.
    """

    leave: Callable[[], Awaitable[None]]

    def __init__(self, database: Database, limits: VoiceLimits = LIMITS) -> None:
        self.signals: list[tuple[PersonId, str]] = []
        self.database = database
        self.board = Switchboard(database, limits=limits, reach=Reach(), on_signal=self._signalled)

    def _signalled(self, order: OrderId, call: CallId, person: PersonId, media: str) -> None:
        self.signals.append((person, media))

    def of(self, room: Room) -> list[tuple[PersonId, str]]:
        """What was signalled of this room; calls that others left behind are looked after too."""
        return [each for each in self.signals if each[0] in (room.buyer, room.seller)]

    async def ring(self, room: Room) -> CallId:
        """The buyer calls; the call's id."""
        await self.board.start(room.order, room.buyer, "ring")
        return await self.call(room)

    async def talk(self, room: Room) -> CallId:
        """The buyer calls and the seller accepts; the call's id."""
        call = await self.ring(room)
        await self.board.accept(room.order, room.seller, call, "accept")
        return call

    async def call(self, room: Room) -> CallId:
        """The newest call of the order."""
        rang = [e.event for e in await entries_of(self.database, room.order)]
        return [event.call for event in rang if isinstance(event, CallRang)][-1]

    async def offer(self, room: Room, person: PersonId, call: CallId, peer: Peer) -> None:
        sdp = await peer.offer()
        await peer.accept(await self.board.offer(room.order, person, call, "leg", sdp))


@asynccontextmanager
async def desk(database: Database, limits: VoiceLimits = LIMITS) -> AsyncIterator[Desk]:
    """A switchboard with its task running."""
    made = Desk(database, limits)
    running = asyncio.create_task(made.board.run())

    async def leave() -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await made.board.close()

    made.leave = leave
    try:
        yield made
    finally:
        await leave()


CallEvent = CallRang | CallAnswered | CallEnded


async def told(database: Database, room: Room) -> list[tuple[PersonId, CallEvent]]:
    """What the timeline tells of calls: actor and event."""
    return [
        (entry.actor, entry.event)
        for entry in await entries_of(database, room.order)
        if isinstance(entry.event, CallEvent)
    ]


async def end_of(database: Database, room: Room) -> tuple[PersonId, CallEnd]:
    """Who ended the newest call, and how."""
    actor, event = (await told(database, room))[-1]
    assert isinstance(event, CallEnded)
    return actor, event.end


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.02)


async def free(database: Database, room: Room) -> bool:
    """Nobody of the order is in a call."""
    async with database.reading() as conn:
        row = await conn.scalar(
            select(persons_in_call.c.person_id).where(
                persons_in_call.c.person_id.in_([room.buyer, room.seller])
            )
        )
    return row is None
