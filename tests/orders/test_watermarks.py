"""Two marks a member, which only move forward."""

import asyncio

import pytest

from orders import views
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import PersonId
from orders.watermarks import Watermarks, mark
from tests.orders.world import Room, open_post_box, open_room


@pytest.fixture
async def room(database: Database) -> Room:
    """An order whose timeline goes up to 5."""
    room = await open_room(database)
    async with open_post_box(database) as box:
        for text in ("bonjour", "une question"):
            await box.post(room.order, room.seller, f"m-{text}", text)
    return room


async def _stored(database: Database, room: Room, person: PersonId) -> Watermarks:
    async with database.reading() as conn:
        return (await views.room(conn, room.order)).party(person).marks


async def test_marks_move_forward_only(database: Database, room: Room) -> None:
    read = [await mark(database, room.order, room.buyer, read=seq) for seq in (4, 4, 2, 5)]
    assert read == [Watermarks(4, 4), None, None, Watermarks(5, 5)]


async def test_where_it_is_doubtful_whether_they_had_moved_it_is_said_where_they_stand(
    database: Database, room: Room
) -> None:
    await mark(database, room.order, room.buyer, read=4)
    told = await mark(database, room.order, room.buyer, read=3, doubtful=True)
    assert told == Watermarks(4, 4)
    assert await _stored(database, room, room.buyer) == Watermarks(4, 4)


async def test_what_arrived_need_not_be_read(database: Database, room: Room) -> None:
    assert await mark(database, room.order, room.buyer, delivered=5) == Watermarks(0, 5)
    assert await mark(database, room.order, room.buyer, read=3) == Watermarks(3, 5)
    assert await mark(database, room.order, room.buyer, delivered=4) is None


async def test_what_was_read_was_delivered(database: Database, room: Room) -> None:
    assert await mark(database, room.order, room.buyer, read=4, delivered=2) == Watermarks(4, 4)


async def test_a_mark_stops_at_the_head(database: Database, room: Room) -> None:
    assert await mark(database, room.order, room.buyer, read=2**62) == Watermarks(5, 5)
    assert await mark(database, room.order, room.seller, read=-(2**70)) is None
    assert await mark(database, room.order, room.seller, delivered=2**70) == Watermarks(0, 5)


async def test_a_mark_is_its_owners_alone(database: Database, room: Room) -> None:
    await mark(database, room.order, room.buyer, read=4)
    assert await _stored(database, room, room.buyer) == Watermarks(4, 4)
    assert await _stored(database, room, room.seller) == Watermarks(0, 0)


async def test_racing_marks_end_at_the_furthest(database: Database, room: Room) -> None:
    await asyncio.gather(
        *(mark(database, room.order, room.buyer, read=seq) for seq in (3, 5, 1, 4, 2)),
        *(mark(database, room.order, room.buyer, delivered=seq) for seq in (2, 4)),
    )
    assert await _stored(database, room, room.buyer) == Watermarks(5, 5)


async def test_a_stranger_marks_nothing(database: Database, room: Room) -> None:
    with pytest.raises(OrderUnknown):
        await mark(database, room.order, PersonId("stranger"), read=4)
