"""A buyer nudges a seller who is silent although it is their turn."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from orders import safety, views
from orders.commands import take_step
from orders.database import Database
from orders.errors import Blocked, NotYours, TooEarly, WrongState
from orders.events import SellerNudged
from orders.nudging import nudge
from orders.policy import DAY, HOUR, Policy
from orders.situation import Situation
from orders.workflow import Verb
from tests.orders.world import (
    MONDAY,
    Room,
    Watch,
    entries_of,
    open_post_box,
    open_question,
    open_room,
    opened,
)

PATIENT = Policy(nudge_after=12 * HOUR, nudge_every=DAY)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def patient(own_database_url: str, watch: Watch) -> AsyncIterator[Database]:
    """A database whose clock is the test's."""
    async with opened(own_database_url, watch) as database:
        yield database


async def _waiting(database: Database) -> Room:
    """An order in which it is the seller's turn since Monday morning."""
    room = await open_room(database, PATIENT)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "h1")
    return room


async def _seen(database: Database, room: Room, watch: Watch) -> Situation:
    async with database.reading() as conn:
        return await views.situation(conn, room.order, room.buyer, watch.now)


async def test_after_a_silence_the_buyer_may_nudge_and_then_not_for_a_day(
    patient: Database, watch: Watch
) -> None:
    room = await _waiting(patient)
    assert (await _seen(patient, room, watch)).nudge_from == MONDAY + timedelta(hours=12)
    watch.forward(hours=12, seconds=-1)
    with pytest.raises(TooEarly) as refusal:
        await nudge(patient, room.order, room.buyer, "n1")
    assert refusal.value.facts == {
        "verb": "order.nudge",
        "possible_at": "2026-11-23T21:30:00Z",
        "retry_after": 1,
    }
    watch.forward(seconds=1)
    place = await nudge(patient, room.order, room.buyer, "n1")
    assert await nudge(patient, room.order, room.buyer, "n1") == place
    (told,) = await entries_of(patient, room.order, after=place.seq - 1)
    assert told.event == SellerNudged()
    watch.forward(hours=23)
    with pytest.raises(TooEarly):
        await nudge(patient, room.order, room.buyer, "n2")
    watch.forward(hours=1)
    await nudge(patient, room.order, room.buyer, "n2")


async def test_a_word_of_the_seller_ends_the_silence(patient: Database, watch: Watch) -> None:
    room = await _waiting(patient)
    watch.forward(hours=11)
    async with open_post_box(patient) as box:
        await box.post(room.order, room.seller, "m1", "j’arrive")
    watch.forward(hours=2)
    with pytest.raises(TooEarly):
        await nudge(patient, room.order, room.buyer, "n1")
    assert (await _seen(patient, room, watch)).nudge_from == MONDAY + timedelta(hours=23)


async def test_only_the_buyer_nudges_and_only_in_the_sellers_turn(
    patient: Database, watch: Watch
) -> None:
    room = await open_room(patient, PATIENT)
    watch.forward(days=1)
    assert (await _seen(patient, room, watch)).nudge_from is None
    with pytest.raises(WrongState):
        await nudge(patient, room.order, room.buyer, "n1")
    await take_step(patient, room.order, room.buyer, Verb.HAND_OVER, "h1")
    watch.forward(days=1)
    with pytest.raises(NotYours):
        await nudge(patient, room.order, room.seller, "n1")
    async with patient.reading() as conn:
        seen = await views.situation(conn, room.order, room.seller, watch.now)
    assert seen.nudge_from is None


async def test_a_question_without_an_answer_may_be_nudged_as_the_screen_says(
    patient: Database, watch: Watch
) -> None:
    room = await open_question(patient)
    possible = (await _seen(patient, room, watch)).nudge_from
    assert possible == MONDAY + timedelta(hours=12)
    with pytest.raises(TooEarly):
        await nudge(patient, room.order, room.buyer, "n1")
    watch.forward(hours=12)
    await nudge(patient, room.order, room.buyer, "n1")
    async with open_post_box(patient) as box:
        await box.post(room.order, room.seller, "m1", "Oui, aussi.")
    watch.forward(days=2)
    assert (await _seen(patient, room, watch)).nudge_from is None
    with pytest.raises(WrongState):
        await nudge(patient, room.order, room.buyer, "n2")


async def test_no_nudge_is_offered_where_one_blocks_the_other(
    patient: Database, watch: Watch
) -> None:
    room = await _waiting(patient)
    await safety.block(patient, room.order, room.seller, on=True)
    watch.forward(days=1)
    assert (await _seen(patient, room, watch)).nudge_from is None
    with pytest.raises(Blocked):
        await nudge(patient, room.order, room.buyer, "n1")
