"""Messages travel in batches, and each is judged alone: stored once, in its place, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from orders.commands import take_step
from orders.database import Database
from orders.errors import (
    ChatClosed,
    IdReused,
    OrderUnknown,
    Refused,
    TextEmpty,
    TextTooLong,
)
from orders.events import PARTIES, MessageSent, OrderId, PersonId
from orders.policy import Policy
from orders.posting import PostBox
from orders.tables import orders
from orders.timeline import Position
from orders.workflow import Verb
from tests.orders.box import FIRST, running, texts
from tests.orders.world import Room, entries_of, open_post_box, open_room, opened, verified


@pytest.fixture
async def box(database: Database) -> AsyncIterator[PostBox]:
    async with open_post_box(database) as running:
        yield running


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


# ------------------------------------------------------------------------ what is stored


async def test_a_message_is_stored_as_it_was_written(
    database: Database, box: PostBox, room: Room
) -> None:
    text = '  Été — « naïve » 👩🏽‍🚀\u2028\n\ttab \\ " end  '
    stored = await box.post(room.order, room.buyer, "m1", text)
    last = (await entries_of(database, room.order))[-1]
    assert (last.seq, last.at) == (stored.seq, stored.at)
    assert last.event == MessageSent(text)
    assert (last.actor, last.client_id) == (room.buyer, "m1")


async def test_messages_of_many_orders_are_numbered_densely_each(
    database: Database, box: PostBox
) -> None:
    rooms = [await open_room(database) for _ in range(5)]
    stored = await asyncio.gather(
        *(
            box.post(room.order, room.person(role), f"m{n}", f"{n}")
            for n in range(20)
            for room in rooms
            for role in PARTIES
        )
    )
    assert len(stored) == 200
    for room in rooms:
        assert await verified(database, room.order) == 43
        assert sorted(await texts(database, room)) == sorted(str(n // 2) for n in range(40))


async def test_what_one_person_writes_keeps_its_order(
    database: Database, box: PostBox, room: Room
) -> None:
    await asyncio.gather(*(box.post(room.order, room.buyer, f"m{n}", str(n)) for n in range(300)))
    assert await texts(database, room) == [str(n) for n in range(300)]


# ------------------------------------------------------------------------ saying it twice


async def test_a_repeat_within_one_batch_gets_the_same_answer(
    database: Database, room: Room
) -> None:
    box = PostBox(database)
    posts = [asyncio.create_task(box.post(room.order, room.buyer, "m1", "oui")) for _ in range(5)]
    await asyncio.sleep(0)
    async with running(box):
        answers = await asyncio.gather(*posts)
    assert len(set(map(str, answers))) == 1
    assert await texts(database, room) == ["oui"]


async def test_a_repeat_in_a_later_batch_gets_the_first_answer(
    database: Database, box: PostBox, room: Room
) -> None:
    first = await box.post(room.order, room.buyer, "m1", "oui")
    await box.post(room.order, room.seller, "m1", "the seller's own m1")
    assert await box.post(room.order, room.buyer, "m1", "oui") == first
    assert await texts(database, room) == ["oui", "the seller's own m1"]


async def test_a_repeat_to_another_server_gets_the_first_answer(
    database_url: str, database: Database, box: PostBox, room: Room
) -> None:
    async with opened(database_url) as other, open_post_box(other) as second:
        answers = await asyncio.gather(
            *(b.post(room.order, room.buyer, "m1", "oui") for b in (box, second) for _ in range(5))
        )
    assert len(set(map(str, answers))) == 1
    assert await texts(database, room) == ["oui"]


@pytest.mark.parametrize("same_batch", [True, False])
async def test_other_words_under_the_same_id_are_refused(
    database: Database, room: Room, same_batch: bool
) -> None:
    box = PostBox(database)
    first = asyncio.create_task(box.post(room.order, room.buyer, "m1", "oui"))
    await asyncio.sleep(0)
    async with running(box):
        if not same_batch:
            await first
        with pytest.raises(IdReused) as refusal:
            await box.post(room.order, room.buyer, "m1", "non")
        await first
    assert refusal.value.facts == {"id": "m1"}
    assert await texts(database, room) == ["oui"]


async def test_a_repeat_is_answered_even_when_the_chat_has_closed_since(
    database: Database, box: PostBox, room: Room
) -> None:
    first = await box.post(room.order, room.buyer, "m1", "oui")
    await _deliver(database, room)
    assert await box.post(room.order, room.buyer, "m1", "oui") == first
    with pytest.raises(ChatClosed):
        await box.post(room.order, room.buyer, "m2", "oui")


# ------------------------------------------------------------------- refused, one by one


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u2003"])
async def test_there_must_be_something_to_read(box: PostBox, room: Room, text: str) -> None:
    with pytest.raises(TextEmpty):
        await box.post(room.order, room.buyer, "m1", text)


async def test_a_text_is_measured_in_characters_and_by_the_orders_own_limit(
    database: Database, box: PostBox
) -> None:
    strict = await open_room(database, Policy(text_max=3))
    await box.post(strict.order, strict.buyer, "m1", "éé👋")
    with pytest.raises(TextTooLong) as refusal:
        await box.post(strict.order, strict.buyer, "m2", "abcd")
    assert refusal.value.facts == {"limit": 3, "length": 4}


async def _deliver(database: Database, room: Room) -> None:
    await take_step(database, room.order, room.seller, Verb.START, "start")
    await take_step(database, room.order, room.seller, Verb.DELIVER, "deliver")


async def test_while_a_delivery_waits_for_its_answer_nobody_writes(
    database: Database, box: PostBox, room: Room
) -> None:
    await _deliver(database, room)
    for person in (room.buyer, room.seller):
        with pytest.raises(ChatClosed) as refusal:
            await box.post(room.order, person, "m1", "Hello?")
        assert refusal.value.facts == {"state": "delivered", "reason": "delivered"}


async def test_after_the_end_people_may_still_talk_for_a_while(
    database: Database, box: PostBox, room: Room
) -> None:
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1")
    await box.post(room.order, room.seller, "m1", "Dommage")
    assert await texts(database, room) == ["Dommage"]


async def test_strangers_and_unknown_orders_are_told_the_same(
    database: Database, box: PostBox, room: Room
) -> None:
    for order, person in (
        (room.order, PersonId("stranger")),
        (OrderId("o_unknown"), room.buyer),
        ((await open_room(database)).order, room.buyer),
    ):
        with pytest.raises(OrderUnknown) as refusal:
            await box.post(order, person, "m1", "Hello")
        assert refusal.value.facts == {"order": order}
    assert await texts(database, room) == []


async def test_a_refused_message_leaves_its_neighbours_and_no_hole(
    database: Database, room: Room
) -> None:
    box = PostBox(database)
    wanted = [
        ("m1", room.buyer, "one"),
        ("m2", PersonId("stranger"), "two"),
        ("m3", room.seller, "three"),
        ("m1", room.buyer, "other words"),
        ("m5", room.buyer, "x" * 6000),
        ("m6", room.buyer, "six"),
    ]
    posts = [
        asyncio.create_task(box.post(room.order, person, client_id, text))
        for client_id, person, text in wanted
    ]
    await asyncio.sleep(0)
    async with running(box):
        answers = await asyncio.gather(*posts, return_exceptions=True)
    assert [type(answer) for answer in answers] == [
        Position,
        OrderUnknown,
        Position,
        IdReused,
        TextTooLong,
        Position,
    ]
    assert [a.seq for a in answers if isinstance(a, Position)] == [FIRST, FIRST + 1, FIRST + 2]
    assert await verified(database, room.order) == 6


async def test_a_message_the_database_cannot_store_fails_alone(
    database: Database, room: Room
) -> None:
    """A lone surrogate is no text that a database knows: the whole insert fails on it."""
    box = PostBox(database)
    posts = [
        asyncio.create_task(box.post(room.order, room.buyer, client_id, client_id[0]))
        for client_id in ("a", "b\ud800", "c")
    ]
    await asyncio.sleep(0)
    async with running(box):
        first, bad, last = await asyncio.gather(*posts, return_exceptions=True)
    assert isinstance(first, Position)
    assert isinstance(last, Position)
    assert isinstance(bad, Exception)
    assert not isinstance(bad, Refused)
    assert await texts(database, room) == ["a", "c"]


async def test_an_order_nobody_can_read_any_more_fails_alone(
    database: Database, room: Room
) -> None:
    broken = await open_room(database)
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(orders).where(orders.c.id == broken.order).values(policy=b'{"from":"later"}')
        )
    box = PostBox(database)
    posts = [asyncio.create_task(box.post(r.order, r.buyer, "m1", "Hello")) for r in (broken, room)]
    await asyncio.sleep(0)
    async with running(box):
        bad, good = await asyncio.gather(*posts, return_exceptions=True)
    assert isinstance(bad, Exception)
    assert isinstance(good, Position)
