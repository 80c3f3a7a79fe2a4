"""Commands of a call on a real database, and what the media process sees of it."""

import asyncio
from datetime import timedelta

import pytest

from orders import views
from orders.clock import Sweeper
from orders.commands import Person
from orders.database import Database
from orders.errors import (
    CallOver,
    CallsClosed,
    CallUnknown,
    IdReused,
    Malformed,
    OrderUnknown,
    Refused,
    SdpRefused,
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
    PersonId,
    Timer,
)
from orders.mediation import freeze
from realtime.voice import callbook
from realtime.voice.limits import VoiceLimits
from tests.orders.world import Room, Watch, open_room, opened, verified
from tests.realtime.voice.desk import Desk, desk, end_of, free, told, until
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import Peer, rtp

IMPATIENT = VoiceLimits(pulse_seconds=0.05, silent_seconds=0.4, gone_seconds=2.0, lag_seconds=60.0)
"""Both have to be connected before they would be gone."""


async def test_a_call_is_told_from_ringing_to_its_length(own_database_url: str) -> None:
    async with opened(own_database_url, Watch()) as database:
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
        seen = await views.situation(conn, room.order, room.seller, await database.now())
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


async def test_nobody_answers_a_call_of_an_order_that_was_frozen_while_it_rang(
    database: Database,
) -> None:
    room = await open_room(database)
    async with desk(database) as office:
        call = await office.ring(room)
        await freeze(database, room.order, "f1")
        for answers in (
            office.board.accept(room.order, room.seller, call, "accept"),
            office.board.start(room.order, room.seller, "back"),
        ):
            with pytest.raises(CallsClosed) as refused:
                await answers
            assert refused.value.facts == {"state": "frozen", "reason": "frozen"}
        await office.board.decline(room.order, room.seller, call, "no")
        assert await free(database, room)


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
    with pytest.raises(Unavailable) as refused:
        await office.ring(await open_room(database))
    assert refused.value.facts == {"reason": "no_media"}


async def test_both_hear_each_other_and_mute_is_signalled(database: Database) -> None:
    room = await open_room(database)
    async with desk(database) as office, Peer() as buyer, Peer() as seller:
        call = await office.talk(room)
        await office.offer(room, room.buyer, call, buyer)
        await office.offer(room, room.seller, call, seller)
        async with asyncio.timeout(60):
            while len(office.of(room)) < 2:
                await asyncio.sleep(0.01)
        buyer.send(rtp(1, payload=b"hello"))
        await seller.until(lambda: len(seller.heard) == 1)
        assert seller.heard[0][12:] == b"hello"
        await office.board.mute(room.order, room.buyer, call, True)
        await office.board.mute(room.order, room.buyer, call, False)
        assert [media for person, media in office.signals if person == room.buyer] == [
            "connected",
            "muted",
            "unmuted",
        ]
        before = len(office.of(room))
        await office.board.hold(room.order, room.seller, call, True)
        await office.board.hold(room.order, room.seller, call, False)
        assert office.of(room)[before:] == [(room.seller, "held"), (room.seller, "resumed")]
        await office.board.hang_up(room.order, room.buyer, call, "bye")
        assert call not in office.board.node.calls


async def test_only_a_call_that_was_answered_is_put_on_hold(database: Database) -> None:
    room, others = await open_room(database), await open_room(database)
    async with desk(database) as office:
        call = await office.ring(room)
        for person in (room.buyer, room.seller):
            with pytest.raises(WrongState):
                await office.board.hold(room.order, person, call, True)
        await office.board.accept(room.order, room.seller, call, "accept")
        with pytest.raises(OrderUnknown):
            await office.board.hold(room.order, others.buyer, call, True)
        await office.board.hang_up(room.order, room.buyer, call, "bye")
        with pytest.raises(CallOver):
            await office.board.hold(room.order, room.buyer, call, True)


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
