"""How the two were heard stands in the entry that ends their call, whoever ends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orders.database import Database
from orders.events import CallEnded, CallId, PersonId, Sound
from realtime.voice import callbook
from realtime.voice.limits import VoiceLimits
from tests.orders.world import Room, Watch, open_room, opened
from tests.realtime.voice.desk import LIMITS, Desk, desk, told
from tests.realtime.voice.peer import Peer, rtp

NOTING = VoiceLimits(pulse_seconds=0.05, lag_seconds=60.0, renew_seconds=0.1, sound_seconds=0.1)


@asynccontextmanager
async def speaking(office: Desk, room: Room) -> AsyncIterator[CallId]:
    """Both talk until each was measured for a second and more, and go on talking."""
    async with Peer() as buyer, Peer() as seller:
        call = await office.talk(room)
        await office.offer(room, room.buyer, call, buyer)
        await office.offer(room, room.seller, call, seller)

        async def speak() -> None:
            for n in range(10_000):
                buyer.send(rtp(n))
                seller.send(rtp(n))
                await asyncio.sleep(0.02)

        task = asyncio.create_task(speak())
        try:
            async with asyncio.timeout(60):
                while len(office.board.node.heard(call)) < 2:
                    await asyncio.sleep(0.05)
            yield call
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def sound_of(database: Database, room: Room) -> tuple[Sound, ...]:
    """What the end of the newest call tells of its sound."""
    _, event = (await told(database, room))[-1]
    assert isinstance(event, CallEnded)
    return event.sound


def tells_of(sound: tuple[Sound, ...], *persons: PersonId) -> bool:
    # How well depends on how busy this machine is; that both are told does not.
    return [each.person for each in sound] == sorted(persons) and all(
        1 <= each.opinion <= 4.5 and 0 <= each.loss <= 1 for each in sound
    )


async def test_the_end_tells_how_each_was_heard(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office, speaking(office, room) as call:
        await office.board.hang_up(room.order, room.buyer, call, "bye")
    assert tells_of(await sound_of(database, room), room.buyer, room.seller)


async def test_a_call_that_nobody_spoke_in_has_no_sound_to_tell_of(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office:
        call = await office.talk(room)
        await office.board.hang_up(room.order, room.buyer, call, "bye")
    assert await sound_of(database, room) == ()


async def noted(database: Database, room: Room, call: CallId) -> None:
    """Wait until what was measured of both is written down."""
    async with asyncio.timeout(60):
        while True:
            async with database.reading() as conn:
                if len((await callbook.find(conn, room.order, call)).heard) == 2:
                    return
            await asyncio.sleep(0.05)


async def test_what_a_process_measured_that_left_is_told_by_the_next_one(
    database: Database,
) -> None:
    room = await open_room(database)
    async with desk(database, LIMITS) as office, speaking(office, room) as call:
        await office.leave()  # writes down what it knows, though it seldom does
        async with desk(database) as next_one:
            async with asyncio.timeout(60):
                while (room.buyer, "moved") not in next_one.signals:
                    await asyncio.sleep(0.02)
            await next_one.board.hang_up(room.order, room.buyer, call, "bye")
    assert tells_of(await sound_of(database, room), room.buyer, room.seller)


async def test_what_a_process_had_measured_that_died_is_told_by_who_ends_its_call(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        async with desk(database, NOTING) as office, speaking(office, room) as call:
            await noted(database, room, call)
        watch.forward(seconds=NOTING.lease_seconds + NOTING.handover_seconds)
        await callbook.end_lapsed(database)
        assert tells_of(await sound_of(database, room), room.buyer, room.seller)
