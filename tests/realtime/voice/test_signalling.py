"""Commands of a call on a real database, and what the media process sees of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from orders.clock import Sweeper
from orders.commands import Person
from orders.database import Database
from orders.errors import (
    CallOver,
    CallUnknown,
    IdReused,
    InCall,
    Malformed,
    OrderUnknown,
    Refused,
    SdpRefused,
    TooManyOpen,
    Unavailable,
    WrongState,
)
from orders.events import (
    CLOCK,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallId,
    CallRang,
    OrderId,
    PersonId,
    Timer,
)
from orders.tables import media_processes, orders, persons_in_call
from orders.views import situation
from realtime.voice import callbook
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from tests.orders.world import Room, Watch, entries_of, open_room, opened, verified
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import Peer, rtp

LIMITS = VoiceLimits(pulse_seconds=0.05)
IMPATIENT = VoiceLimits(pulse_seconds=0.05, silent_seconds=0.4, gone_seconds=1.0)


class Desk:
    """A switchboard with what it signalled."""

    def __init__(self, database: Database, limits: VoiceLimits = LIMITS) -> None:
        self.signals: list[tuple[PersonId, str]] = []
        self.database = database
        self.board = Switchboard(database, limits=limits, reach=Reach(), on_signal=self._signalled)

    def _signalled(self, order: OrderId, call: CallId, person: PersonId, media: str) -> None:
        self.signals.append((person, media))

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
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await made.board.close()


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
    async with asyncio.timeout(10):
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


async def test_a_call_is_told_from_ringing_to_its_length(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office:
        call = await office.talk(room)
        await office.board.hang_up(room.order, room.seller, call, "bye")
        assert await told(database, room) == [
            (room.buyer, CallRang(call)),
            (room.seller, CallAnswered(call)),
            (room.seller, CallEnded(call, CallEnd.COMPLETED, 0)),
        ]
    assert await free(database, room)
    await verified(database, room.order)


async def test_talk_time_begins_with_the_answer(database_url: str) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        room = await open_room(database)
        office = Desk(database)
        call = await office.ring(room)
        watch.forward(seconds=10)
        await office.board.accept(room.order, room.seller, call, "accept")
        watch.forward(seconds=125)
        await office.board.hang_up(room.order, room.buyer, call, "bye")
        ended = (room.buyer, CallEnded(call, CallEnd.COMPLETED, 125))
        assert (await told(database, room))[-1] == ended


async def test_the_situation_shows_the_call_to_both(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.ring(room)
    async with database.reading() as conn:
        seen = await situation(conn, room.order, room.seller, await database.now())
    assert seen.call is not None
    assert (seen.call.call, seen.call.caller, seen.call.callee) == (call, room.buyer, room.seller)
    assert seen.call.rings_until - seen.call.rang_at <= timedelta(seconds=31)
    assert seen.call.answered_at is None


async def test_each_command_said_twice_happens_once(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    rang = await office.board.start(room.order, room.buyer, "ring")
    assert await office.board.start(room.order, room.buyer, "ring") == rang
    call = await office.call(room)
    taken = await office.board.accept(room.order, room.seller, call, "accept")
    assert await office.board.accept(room.order, room.seller, call, "accept") == taken
    ended = await office.board.hang_up(room.order, room.buyer, call, "bye")
    assert await office.board.hang_up(room.order, room.buyer, call, "bye") == ended
    # even after the call is over
    assert await office.board.start(room.order, room.buyer, "ring") == rang
    assert len(await told(database, room)) == 3
    with pytest.raises(IdReused):
        await office.board.decline(room.order, room.buyer, call, "ring")


async def test_of_two_devices_that_accept_one_gets_the_call(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.ring(room)
    results = await asyncio.gather(
        *(office.board.accept(room.order, room.seller, call, f"device-{n}") for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, CallOver) for each in results) == 3
    assert len(await told(database, room)) == 2


async def test_two_who_call_each_other_at_once_are_in_one_call(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    await asyncio.gather(
        office.board.start(room.order, room.buyer, "a"),
        office.board.start(room.order, room.seller, "b"),
    )
    events = [event for _, event in await told(database, room)]
    call = await office.call(room)
    assert events == [CallRang(call), CallAnswered(call)]


async def test_a_declined_call_leaves_both_free(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.ring(room)
    await office.board.decline(room.order, room.seller, call, "no")
    assert (await told(database, room))[-1] == (room.seller, CallEnded(call, CallEnd.DECLINED))
    await office.board.start(room.order, room.seller, "later")


async def test_a_call_taken_back_is_cancelled(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.ring(room)
    await office.board.hang_up(room.order, room.buyer, call, "never mind")
    assert (await told(database, room))[-1] == (room.buyer, CallEnded(call, CallEnd.CANCELLED))


async def test_nobody_answering_ends_the_ring_in_time(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        office = Desk(database)
        call = await office.ring(room)
        sweeper = Sweeper(database, {Timer.RING: office.board.fire_ring})
        watch.forward(seconds=29)
        await sweeper.sweep()
        assert len(await told(database, room)) == 1
        watch.forward(seconds=1)
        await sweeper.sweep()
        await sweeper.sweep()
        assert (await told(database, room))[1:] == [(CLOCK, CallEnded(call, CallEnd.NO_ANSWER))]
        assert await free(database, room)


async def test_an_answered_call_rings_out_for_nobody(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        office = Desk(database)
        await office.talk(room)
        watch.forward(seconds=60)
        await Sweeper(database, {Timer.RING: office.board.fire_ring}).sweep()
        assert len(await told(database, room)) == 2


async def test_who_is_in_a_call_elsewhere_is_busy_and_the_attempt_is_told(
    database: Database,
) -> None:
    first = await open_room(database)
    second = await open_room(database, buyer=Person(first.seller, "Tom", "tom@post.test", "en"))
    assert second.buyer == first.seller
    office = Desk(database)
    await office.ring(first)  # the seller of the first order rings
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    assert await told(database, second) == [
        (second.seller, CallRang(call)),
        (CLOCK, CallEnded(call, CallEnd.BUSY)),
    ]
    # The caller is free again, and who is being rung cannot call out.
    with pytest.raises(InCall) as refused:
        await office.board.start(second.order, second.buyer, "out")
    assert refused.value.facts == {"who": "you"}
    assert not await free(database, first)


@pytest.mark.parametrize("to", ["buyer", "stranger"])
async def test_a_call_to_oneself_or_a_stranger_is_refused(database: Database, to: str) -> None:
    room = await open_room(database)
    target = room.buyer if to == "buyer" else PersonId("somebody")
    with pytest.raises(Malformed):
        await Desk(database).board.start(room.order, room.buyer, "ring", target)
    assert await told(database, room) == []


async def test_a_stranger_learns_of_no_order_and_no_call(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.talk(room)
    stranger = (await open_room(database)).buyer
    board = office.board
    for attempt in (
        board.start(room.order, stranger, "1"),
        board.accept(room.order, stranger, call, "2"),
        board.decline(room.order, stranger, call, "3"),
        board.hang_up(room.order, stranger, call, "4"),
        board.offer(room.order, stranger, call, "leg", CHROMIUM),
        board.mute(room.order, stranger, call, True),
    ):
        with pytest.raises(OrderUnknown):
            await attempt
    with pytest.raises(CallUnknown):
        await board.hang_up(room.order, room.buyer, CallId("c_other"), "5")
    await board.node.close()


async def test_offers_are_judged_before_a_leg_is_opened(database: Database) -> None:
    room = await open_room(database)
    office = Desk(database)
    call = await office.ring(room)
    with pytest.raises(WrongState):
        await office.board.offer(room.order, room.seller, call, "leg", CHROMIUM)
    with pytest.raises(SdpRefused):
        await office.board.offer(room.order, room.buyer, call, "leg", "nonsense")
    assert "m=audio" in await office.board.offer(room.order, room.buyer, call, "leg", CHROMIUM)
    await office.board.hang_up(room.order, room.buyer, call, "bye")
    with pytest.raises(CallOver):
        await office.board.offer(room.order, room.buyer, call, "leg", CHROMIUM)
    await office.board.node.close()


async def test_a_call_carried_elsewhere_is_not_answered_here(database: Database) -> None:
    room = await open_room(database)
    one, two = Desk(database), Desk(database)
    call = await one.talk(room)
    with pytest.raises(Unavailable) as refused:
        await two.board.offer(room.order, room.buyer, call, "leg", CHROMIUM)
    assert refused.value.facts == {"reason": "media_elsewhere"}
    await one.board.node.close()


async def test_a_full_process_takes_no_further_call(database: Database) -> None:
    office = Desk(database, VoiceLimits(calls_per_node=1))
    await office.ring(await open_room(database))
    with pytest.raises(TooManyOpen):
        await office.ring(await open_room(database))


async def test_both_hear_each_other_and_mute_is_signalled(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office, Peer() as buyer, Peer() as seller:
        call = await office.talk(room)
        await office.offer(room, room.buyer, call, buyer)
        await office.offer(room, room.seller, call, seller)
        async with asyncio.timeout(5):
            while len(office.signals) < 2:
                await asyncio.sleep(0.01)
        buyer.send(rtp(1, payload=b"hello"))
        await seller.until(lambda: len(seller.heard) == 1)
        assert seller.heard[0][12:] == b"hello"
        await office.board.mute(room.order, room.buyer, call, True)
        await office.board.mute(room.order, room.buyer, call, False)
        assert office.signals == [
            (room.buyer, "connected"),
            (room.seller, "connected"),
            (room.buyer, "muted"),
            (room.buyer, "unmuted"),
        ]
        await office.board.hang_up(room.order, room.buyer, call, "bye")
        assert not office.board.node.calls


async def test_a_vanished_browser_ends_the_call_for_both(database: Database) -> None:
    room = await open_room(database)
    async with desk(database, IMPATIENT) as office, Peer() as buyer, Peer() as seller:
        call = await office.talk(room)
        await office.offer(room, room.buyer, call, buyer)
        await office.offer(room, room.seller, call, seller)
        buyer.vanish()

        async def keep_talking() -> None:
            sequence = 0
            while True:
                seller.send(rtp(sequence))
                sequence += 1
                await asyncio.sleep(0.05)

        talking = asyncio.create_task(keep_talking())
        await until(lambda: free(database, room))
        talking.cancel()
        assert await end_of(database, room) == (CLOCK, CallEnd.FAILED)
        assert [media for person, media in office.signals if person == room.buyer] == [
            "connected",
            "reconnecting",
            "gone",
        ]
        assert [media for person, media in office.signals if person == room.seller] == ["connected"]


async def test_who_accepts_and_never_connects_ends_the_call(database: Database) -> None:
    room = await open_room(database)
    async with desk(database, IMPATIENT) as office:
        await office.talk(room)
        await until(lambda: free(database, room))
        assert await end_of(database, room) == (CLOCK, CallEnd.FAILED)


async def test_what_another_process_decided_reaches_the_node(database: Database) -> None:
    room = await open_room(database)
    quick = VoiceLimits(renew_seconds=0.05)
    async with desk(database, quick) as office, Peer() as buyer:
        call = await office.ring(room)
        await office.offer(room, room.buyer, call, buyer)
        other = Desk(database)
        await other.board.accept(room.order, room.seller, call, "accept")
        async with asyncio.timeout(5):
            while office.board.node.hearing(call, room.seller) is None:
                await asyncio.sleep(0.02)
        await other.board.hang_up(room.order, room.seller, call, "bye")
        async with asyncio.timeout(5):
            while call in office.board.node.calls:
                await asyncio.sleep(0.02)


async def test_a_process_that_stops_tells_both_why(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office:
        call = await office.talk(room)
    assert (await told(database, room))[-1] == (CLOCK, CallEnded(call, CallEnd.STOPPED, 0))
    async with database.reading() as conn:
        assert office.board.node.incarnation not in set(
            await conn.scalars(select(media_processes.c.incarnation))
        )


async def test_a_lapsed_lease_ends_its_calls_and_no_others(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        talking, ringing, elsewhere = [await open_room(database) for _ in range(3)]
        dead, alive = Desk(database), Desk(database)
        await dead.talk(talking)
        await dead.ring(ringing)
        watch.forward(seconds=5)
        await alive.ring(elsewhere)
        sweeper = Sweeper(database, chores=[alive.board.end_lapsed])
        await sweeper.sweep()
        assert len(await told(database, talking)) == 2
        watch.forward(seconds=2)
        await sweeper.sweep()
        await sweeper.sweep()
        for room, count, seconds in ((talking, 3, 7), (ringing, 2, 0)):
            call = await dead.call(room)
            events = await told(database, room)
            assert len(events) == count
            assert events[-1] == (CLOCK, CallEnded(call, CallEnd.FAILED, seconds))
            assert await free(database, room)
        assert len(await told(database, elsewhere)) == 1
        await dead.board.node.close()


async def test_a_process_that_was_held_up_does_not_end_its_own_calls(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        async with desk(database) as office:
            await office.talk(room)
            watch.forward(seconds=60)
            await office.board.end_lapsed()
            assert len(await told(database, room)) == 2


async def test_a_call_that_cannot_be_ended_does_not_keep_others_from_ending(
    own_database_url: str,
) -> None:
    """The order of the first is gone: nothing of ours does that, a restored table might."""
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        broken, whole = await open_room(database), await open_room(database)
        office = Desk(database)
        await office.ring(broken)
        await office.ring(whole)
        async with database.transaction() as tx:
            await tx.conn.execute(orders.delete().where(orders.c.id == broken.order))
        watch.forward(seconds=7)
        await callbook.end_lapsed(database)
        assert await end_of(database, whole) == (CLOCK, CallEnd.FAILED)


async def test_many_calls_at_once_leave_everybody_free(database: Database) -> None:
    """Four people, six orders, everybody calls and hangs up: no deadlock, nobody stays busy."""
    people = [Person(f"p{n}-{id(database)}", f"P{n}", f"p{n}@post.test", "fr") for n in range(4)]
    rooms = [
        await open_room(database, buyer=people[a], seller=people[b])
        for a in range(4)
        for b in range(a + 1, 4)
    ]
    office = Desk(database)

    async def play(room: Room, person: PersonId, turn: int) -> None:
        try:
            await office.board.start(room.order, person, f"ring-{turn}")
            call = await office.call(room)
            await office.board.hang_up(room.order, person, call, f"bye-{turn}")
        except Refused:
            pass

    await asyncio.gather(
        *(
            play(room, person, turn)
            for turn in range(4)
            for room in rooms
            for person in (room.buyer, room.seller)
        )
    )
    for room in rooms:
        async with database.reading() as conn:
            left = await callbook.find_open(conn, room.order)
        if left is not None:
            await office.board.hang_up(room.order, left.caller, left.id, "last")
        assert await free(database, room)
        await verified(database, room.order)
