"""A person in a call hears of another one, and is in one at a time."""

import asyncio

import pytest

from orders import inbox, views
from orders.clock import Sweeper
from orders.commands import Person
from orders.database import Database
from orders.errors import (
    CallOver,
    InCall,
)
from orders.events import (
    CLOCK,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallRang,
    Timer,
)
from realtime.voice.calls import Leaving
from tests.orders.world import Room, Watch, open_room, opened
from tests.realtime.voice.desk import Desk, end_of, free, told


async def two_orders_of_one_seller(database: Database) -> tuple[Room, Room]:
    """The seller of the first order is the buyer of the second."""
    first = await open_room(database)
    second = await open_room(database, buyer=Person(first.seller, "Tom", "tom@post.test", "en"))
    assert second.buyer == first.seller
    return first, second


async def test_a_call_to_somebody_in_a_call_waits_and_ends_as_busy(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        first, second = await two_orders_of_one_seller(database)
        office = Desk(database)
        await office.talk(first)
        await office.board.start(second.order, second.seller, "ring")
        call = await office.call(second)
        async with database.reading() as conn:
            now = await views.call_now(conn, second.order)
            (line,) = await inbox.inbox(conn, second.buyer, second.order)
        assert now is not None
        assert now.waiting
        assert line.rings
        watch.forward(seconds=31)
        await Sweeper(database, {Timer.RING: office.board.fire_ring}).sweep()
        assert await told(database, second) == [
            (second.seller, CallRang(call, waiting=True)),
            (CLOCK, CallEnded(call, CallEnd.BUSY)),
        ]
        assert not await free(database, first), "the first call goes on"
        assert await free(database, Room(second.order, second.seller, second.seller))


async def test_who_leaves_a_call_takes_the_one_that_waits(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office = Desk(database)
    talking = await office.talk(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    with pytest.raises(InCall) as refused:
        await office.board.accept(second.order, second.buyer, call, "too soon")
    assert refused.value.facts == {"who": "you"}
    await office.board.hang_up(first.order, first.seller, talking, "bye")
    await office.board.accept(second.order, second.buyer, call, "now")
    assert (second.buyer, CallAnswered(call)) in await told(database, second)
    assert await end_of(database, first) == (first.seller, CallEnd.COMPLETED)
    with pytest.raises(InCall):
        await office.board.start(first.order, first.seller, "again")


async def test_who_holds_a_call_for_another_goes_back_and_forth_between_them(
    database: Database,
) -> None:
    first, second = await two_orders_of_one_seller(database)
    tom = first.seller
    office = Desk(database)
    talking = await office.talk(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    board = office.board
    place = await board.accept(second.order, tom, call, "take", Leaving.HOLD)
    assert place == await board.accept(second.order, tom, call, "take", Leaving.HOLD), "said twice"
    assert (tom, CallAnswered(call)) in await told(database, second)
    assert office.of(first)[-1] == (tom, "held")
    async with database.reading() as conn:
        kept = await views.call_now(conn, first.order)
    assert kept is not None
    assert not kept.waiting, "nobody learns where the person is who holds"

    # Both calls live; the one that is taken up puts the other on hold.
    await board.hold(first.order, tom, talking, False)
    assert office.signals[-2:] == [(tom, "held"), (tom, "resumed")]
    await board.hold(second.order, tom, call, False)
    assert office.signals[-2:] == [(tom, "held"), (tom, "resumed")]
    await board.hang_up(second.order, tom, call, "bye")
    assert await end_of(database, second) == (tom, CallEnd.COMPLETED)
    assert not await free(database, first)
    await board.hold(first.order, tom, talking, False)
    await board.start(second.order, second.seller, "once more")
    with pytest.raises(InCall):
        await board.accept(second.order, tom, await office.call(second), "in the first")
    await board.hang_up(second.order, second.seller, await office.call(second), "never mind")
    await board.hang_up(first.order, first.buyer, talking, "bye")
    assert await free(database, first)
    assert await free(database, second)


async def test_who_is_calling_cannot_go_back_to_a_call_on_hold(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    third = await open_room(database, buyer=Person(first.seller, "Tom", "tom@post.test", "en"))
    tom, office = first.seller, Desk(database)
    talking = await office.talk(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    await office.board.accept(second.order, tom, call, "take", Leaving.HOLD)
    await office.board.hang_up(second.order, tom, call, "bye")
    await office.board.start(third.order, tom, "out")
    with pytest.raises(InCall):
        await office.board.hold(first.order, tom, talking, False)
    assert office.of(first)[-1] == (tom, "held"), "their screen shows it as it is"


async def test_of_two_calls_that_ring_either_is_taken(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office = Desk(database)
    early = await office.ring(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    await office.board.accept(second.order, second.buyer, call, "the later one")
    with pytest.raises(InCall):
        await office.board.accept(first.order, first.seller, early, "and the other")
    await office.board.accept(first.order, first.seller, early, "instead", Leaving.HANG_UP)
    assert await end_of(database, second) == (second.buyer, CallEnd.COMPLETED)
    assert (first.seller, CallAnswered(early)) in await told(database, first)


async def test_nothing_is_hung_up_for_a_call_that_rings_no_more(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office = Desk(database)
    await office.talk(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    await office.board.hang_up(second.order, second.seller, call, "never mind")
    with pytest.raises(CallOver):
        await office.board.accept(second.order, second.buyer, call, "late", Leaving.HANG_UP)
    assert not await free(database, first), "the first call goes on"


async def test_two_devices_that_take_two_calls_at_once_are_in_one(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office, tom = Desk(database), first.seller
    early = await office.ring(first)
    await office.board.start(second.order, second.seller, "ring")
    call = await office.call(second)
    taken = await asyncio.gather(
        office.board.accept(first.order, tom, early, "desk"),
        office.board.accept(second.order, tom, call, "phone"),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in taken) == ["InCall", "Position"]


async def test_a_call_that_waits_can_be_declined_or_taken_back(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office = Desk(database)
    await office.talk(first)
    await office.board.start(second.order, second.seller, "r1")
    call = await office.call(second)
    await office.board.decline(second.order, second.buyer, call, "d1")
    assert await end_of(database, second) == (second.buyer, CallEnd.DECLINED)
    await office.board.start(second.order, second.seller, "r2")
    call = await office.call(second)
    await office.board.hang_up(second.order, second.seller, call, "h1")
    assert await end_of(database, second) == (second.seller, CallEnd.CANCELLED)
    assert not await free(database, first), "the first call goes on"


async def test_who_rings_cannot_call_out(database: Database) -> None:
    first, second = await two_orders_of_one_seller(database)
    office = Desk(database)
    await office.ring(first)
    with pytest.raises(InCall) as refused:
        await office.board.start(second.order, second.buyer, "out")
    assert refused.value.facts == {"who": "you"}
