"""Reactions: real changes are entries, and saying it twice is not a change."""

import asyncio

import pytest

from orders import messages, views
from orders.commands import take_step
from orders.database import Database
from orders.errors import ChatClosed, IdReused, MessageGone, MessageUnknown, OrderUnknown
from orders.events import PersonId, Reaction, ReactionAdded, ReactionRemoved
from orders.fold import View, fold
from orders.reacting import react
from orders.redaction import redact
from orders.workflow import Verb
from tests.orders.world import Room, entries_of, open_post_box, open_room


@pytest.fixture
async def room(database: Database) -> Room:
    """An order whose entry 4 is a message of the buyer."""
    room = await open_room(database)
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "m-1", "cinquante euros de plus ?")
    return room


async def _folded(database: Database, room: Room) -> View:
    view = View(room.order)
    for entry in await entries_of(database, room.order):
        view = fold(view, entry)
    async with database.reading() as conn:
        assert view == await views.snapshot(conn, room.order)
    return view


async def test_a_reaction_is_an_entry_and_saying_it_twice_is_not(
    database: Database, room: Room
) -> None:
    order, seller = room.order, room.seller
    first = await react(database, order, seller, 4, Reaction.AGREE, "r1", on=True)
    again = await react(database, order, seller, 4, Reaction.AGREE, "r2", on=True)
    assert again == first
    gone = await react(database, order, seller, 4, Reaction.AGREE, "r3", on=False)
    told = [entry.event for entry in await entries_of(database, order, after=4)]
    assert told == [ReactionAdded(4, Reaction.AGREE), ReactionRemoved(4, Reaction.AGREE)]
    # a late repeat is answered as it was, and brings nothing back
    assert await react(database, order, seller, 4, Reaction.AGREE, "r2", on=True) == first
    assert await react(database, order, seller, 4, Reaction.AGREE, "r3", on=False) == gone
    assert (await _folded(database, room)).reactions == frozenset()


async def test_two_devices_that_react_at_once_are_one_reaction(
    database: Database, room: Room
) -> None:
    places = await asyncio.gather(
        *(
            react(database, room.order, room.seller, 4, Reaction.LOVE, f"r{n}", on=True)
            for n in range(4)
        )
    )
    assert len(set(places)) == 1
    everybody = (await _folded(database, room)).reactions
    assert everybody == frozenset({(4, room.seller, Reaction.LOVE)})


async def test_each_person_has_reactions_of_their_own(database: Database, room: Room) -> None:
    for person in (room.buyer, room.seller):
        for reaction in (Reaction.DONE, Reaction.SEEN):
            await react(database, room.order, person, 4, reaction, f"r-{reaction}", on=True)
    await react(database, room.order, room.buyer, 4, Reaction.DONE, "r-off", on=False)
    assert len((await _folded(database, room)).reactions) == 3


async def test_taking_back_what_is_not_there_changes_nothing(
    database: Database, room: Room
) -> None:
    await react(database, room.order, room.seller, 4, Reaction.DONE, "r1", on=False)
    assert await entries_of(database, room.order, after=4) == []


async def test_reactions_go_with_what_they_were_under(database: Database, room: Room) -> None:
    await react(database, room.order, room.seller, 4, Reaction.DONE, "r1", on=True)
    await messages.withdraw(database, room.order, room.buyer, 4, "w1")
    assert (await _folded(database, room)).reactions == frozenset()
    with pytest.raises(MessageGone):
        await react(database, room.order, room.seller, 4, Reaction.DONE, "r2", on=True)
    await redact(database, room.order, 4)
    assert (await _folded(database, room)).reactions == frozenset()


async def test_only_members_react_and_only_to_what_was_said(database: Database, room: Room) -> None:
    with pytest.raises(OrderUnknown):
        await react(database, room.order, PersonId("x"), 4, Reaction.DONE, "r1", on=True)
    for seq in (1, 77):
        with pytest.raises(MessageUnknown):
            await react(database, room.order, room.seller, seq, Reaction.DONE, "r1", on=True)
    await react(database, room.order, room.seller, 4, Reaction.DONE, "r1", on=True)
    with pytest.raises(IdReused):
        await react(database, room.order, room.seller, 4, Reaction.SEEN, "r1", on=True)
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    await take_step(database, room.order, room.seller, Verb.DELIVER, "s2")
    with pytest.raises(ChatClosed):
        await react(database, room.order, room.seller, 4, Reaction.SEEN, "r2", on=True)
