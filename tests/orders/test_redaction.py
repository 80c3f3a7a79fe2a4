"""Whatever somebody wrote can be erased: the words go everywhere, and the order's story stays."""

from __future__ import annotations

from typing import get_args, get_type_hints

import msgspec
import pytest
from sqlalchemy import select, update

from orders import export, fold, record, settlement, views
from orders.agreements import answer, propose
from orders.brief import Asked, Move
from orders.briefing import move_item
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Announcement, Database
from orders.erasure import TEXTS, WHOLE, without_words, written_in
from orders.errors import Malformed
from orders.events import (
    BriefItemAdded,
    BriefItemGiven,
    Event,
    OrderCancelled,
    OrderPaid,
    PersonId,
    Role,
    Wanted,
    kind_of,
)
from orders.options import propose_option
from orders.proposals import Outcome, ProposalKind
from orders.questions import pay_question
from orders.record import BrokenRecord, SealingKey
from orders.redaction import redact
from orders.search_index import catch_up
from orders.situation import Situation
from orders.tables import entries, proposals, search_docs
from orders.talks import note_point
from orders.workflow import Verb
from tests.orders.test_talks import talked
from tests.orders.world import (
    MONDAY,
    PAYMENT,
    Room,
    Watch,
    entries_of,
    open_question,
    open_room,
    opened,
    verified,
)

NUMBER = "0612345678"
SECRET = f"Appelez-moi au {NUMBER}."
NOT_WRITTEN = {
    "kind", "currency", "category", "item", "file", "type", "call", "person", "predecessor",
}  # fmt: skip
"""Text fields that no person fills with words of their own: keys, names of kinds, ids."""


def test_every_text_of_every_kind_of_entry_is_somebodys_words_or_a_key() -> None:
    for kind in get_args(Event):
        tag = str(kind.__struct_config__.tag)
        for name, wanted in get_type_hints(kind).items():
            texts = wanted is str or "Wanted" in str(wanted)
            if texts and name not in NOT_WRITTEN:
                assert name in TEXTS[tag], f"{tag}.{name} could not be erased"


def test_what_stays_of_an_event_has_no_words_left() -> None:
    cancelled = OrderCancelled(msgspec.UNSET, SECRET, (Wanted("own-1", SECRET),))  # type: ignore[arg-type]
    assert written_in(cancelled) == (SECRET, SECRET)
    assert written_in(without_words(cancelled)) == ()


async def seen(database: Database, room: Room) -> Situation:
    async with database.reading() as conn:
        return await views.situation(conn, room.order, room.person(Role.BUYER), MONDAY)


async def nothing_left(database: Database, room: Room) -> None:
    """Look for the words in all of the order's timeline, its rows, and what folding makes of it."""
    told = await entries_of(database, room.order)
    assert NUMBER not in str(told)
    assert NUMBER not in str(await seen(database, room))
    async with database.reading() as conn:
        rows = (await conn.execute(select(proposals))).all()
        known = await views.snapshot(conn, room.order)
        story = await export.gather(conn, room.order, room.buyer)
    assert NUMBER not in str([row for row in rows if row.order_id == room.order])
    view = fold.View(room.order)
    for entry in told:
        view = fold.fold(view, entry)
    assert view == known
    await verified(database, room.order)
    made = export.sealed(story, SealingKey.of_seed("A" * 43 + "="), MONDAY)
    assert record.check(made).erased
    assert NUMBER not in str(made)


async def step(database: Database, room: Room, role: Role, verb: Verb, note: str = "") -> int:
    place = await take_step(
        database, room.order, room.person(role), verb, f"{verb}-{role}", note or "parce que"
    )
    return place.seq


STORIES: list[list[tuple[Role, Verb]]] = [
    [(Role.BUYER, Verb.HAND_OVER)],
    [(Role.SELLER, Verb.START)],
    [(Role.BUYER, Verb.CANCEL)],
    [(Role.SELLER, Verb.START), (Role.SELLER, Verb.DELIVER)],
    [(Role.SELLER, Verb.START), (Role.SELLER, Verb.GIVE_UP)],
    [(Role.SELLER, Verb.START), (Role.BUYER, Verb.REQUEST_CANCEL)],
    [
        (Role.SELLER, Verb.START),
        (Role.BUYER, Verb.REQUEST_CANCEL),
        (Role.SELLER, Verb.REFUSE_CANCEL),
    ],
    [(Role.SELLER, Verb.START), (Role.SELLER, Verb.DELIVER), (Role.BUYER, Verb.REQUEST_REVISION)],
]
"""Lives whose last step says too much."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story[-1][1])
async def test_the_written_in_a_step_go_and_the_step_stays(
    database: Database, story: list[tuple[Role, Verb]]
) -> None:
    room = await open_room(database)
    for role, verb in story[:-1]:
        await step(database, room, role, verb)
    before = await seen(database, room)
    seq = await step(database, room, *story[-1], SECRET)
    after = await seen(database, room)
    await redact(database, room.order, seq)
    count = await verified(database, room.order)
    await redact(database, room.order, seq)
    assert await verified(database, room.order) == count, "twice is once"
    now = await seen(database, room)
    assert (now.state, now.deadlines, now.actions) == (after.state, after.deadlines, after.actions)
    assert before.now == now.now
    await nothing_left(database, room)
    assert await step(database, room, *story[-1], SECRET) == seq, "the command stays answered"


async def give(database: Database, room: Room, who: PersonId, asked: Asked) -> int:
    key = f"{asked.move}-{asked.item}-{asked.note[:5]}"
    return (await move_item(database, room.order, who, asked, key)).seq


async def test_the_note_of_an_item_goes_from_the_list_too(database: Database) -> None:
    room = await open_room(database, brief=("Le texte",))
    seq = await give(database, room, room.buyer, Asked(Move.GIVE, "own-1", note=SECRET))
    await redact(database, room.order, seq)
    await nothing_left(database, room)


async def test_a_note_given_anew_stays_when_the_old_one_is_erased(database: Database) -> None:
    room = await open_room(database, brief=("Le texte",))
    seq = await give(database, room, room.buyer, Asked(Move.GIVE, "own-1", note=SECRET))
    await give(database, room, room.buyer, Asked(Move.GIVE, "own-1", note="Voici le bon."))
    await redact(database, room.order, seq)
    await nothing_left(database, room)
    brief = (await seen(database, room)).brief
    assert brief is not None
    assert brief.items[0].note == "Voici le bon."


async def test_the_written_in_an_item_go_and_the_item_stays(database: Database) -> None:
    room = await open_room(database)
    seq = await give(database, room, room.seller, Asked(Move.ADD, label=SECRET))
    await redact(database, room.order, seq)
    brief = (await seen(database, room)).brief
    assert brief is not None
    assert [item.item for item in brief.items] == ["own-1"]
    await nothing_left(database, room)


async def test_a_title_and_the_list_an_order_opens_with_can_go(database: Database) -> None:
    room = await open_room(database, title=SECRET, brief=(SECRET, "Le ton"))
    await redact(database, room.order, 1)
    await nothing_left(database, room)
    (paid, *_) = await entries_of(database, room.order)
    assert isinstance(paid.event, OrderPaid)
    assert paid.event.price_cents == 5000


async def test_what_a_question_was_called_goes_and_its_orders_title_stays(
    database: Database,
) -> None:
    room = await open_question(database, SECRET)
    paid = msgspec.structs.replace(PAYMENT, title="Voix off")
    await pay_question(database, room.order, "pay-1", paid)
    for seq in (1, 2):
        await redact(database, room.order, seq)
    await nothing_left(database, room)
    async with database.reading() as conn:
        assert (await views.room(conn, room.order)).title == "Voix off"


async def test_the_written_in_proposals_go(database: Database) -> None:
    room = await open_room(database)
    for kind in (ProposalKind.TIME, ProposalKind.REFUND):
        place = await propose(database, room.order, room.buyer, kind, 3600, kind, SECRET)
        await redact(database, room.order, place.seq)
    place = await propose_option(database, room.order, room.buyer, SECRET, 100, 0, "option", SECRET)
    await redact(database, room.order, place.seq)
    await nothing_left(database, room)
    assert len((await seen(database, room)).proposals) == 3


async def test_the_title_of_an_option_goes_from_where_it_was_paid_for_too(
    database: Database,
) -> None:
    room = await open_room(database)
    option = await propose_option(database, room.order, room.seller, SECRET, 100, 0, "option", "")
    await answer(database, room.order, room.buyer, option.seq, Outcome.ACCEPTED, "yes")
    await settlement.confirm(database, room.order, f"hold:{option.seq}", "psp-1")
    await redact(database, room.order, option.seq)
    await nothing_left(database, room)


async def test_a_point_of_a_call_goes_from_the_list_it_joined_too(database: Database) -> None:
    room = await open_room(database)
    call = await talked(database, room)
    noted = await note_point(database, room.order, room.seller, call, SECRET, "noted")
    await answer(database, room.order, room.buyer, noted.seq, Outcome.ACCEPTED, "yes")
    await redact(database, room.order, noted.seq)
    await nothing_left(database, room)


async def test_what_was_missing_when_the_time_ran_out_is_known_by_its_keys_once_a_word_goes(
    database_url: str,
) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        room = await open_room(database, brief=("Le ton",))
        seq = await give(database, room, room.seller, Asked(Move.ADD, label=SECRET))
        watch.forward(hours=49)
        await Sweeper(database).sweep()
        await redact(database, room.order, seq)
        (ended,) = [
            entry.event
            for entry in await entries_of(database, room.order)
            if isinstance(entry.event, OrderCancelled)
        ]
        assert ended.missing == (Wanted("own-1"), Wanted("own-2"))
        listed = (await seen(database, room)).brief
        assert listed is not None
        assert [item.label for item in listed.items] == ["Le ton", ""]
        await nothing_left(database, room)


async def test_each_of_several_missing_items_can_lose_its_words_after_the_other(
    database_url: str,
) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        room = await open_room(database)
        for number in range(2):
            asked = Asked(Move.ADD, label=f"{SECRET} {number}")
            await move_item(database, room.order, room.seller, asked, f"a{number}")
        watch.forward(hours=49)
        await Sweeper(database).sweep()
        added = [e.seq for e in await entries_of(database, room.order) if _adds(e.event)]
        for seq in added:
            await redact(database, room.order, seq)
        await nothing_left(database, room)


def _adds(event: Event | None) -> bool:
    return isinstance(event, BriefItemAdded)


async def test_what_is_erased_again_is_announced_again(own_database_url: str) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        seq = await step(database, room, Role.BUYER, Verb.CANCEL, SECRET)
        await redact(database, room.order, seq)
        heard: list[Announcement] = []
        database.on_commit(heard.extend)
        await redact(database, room.order, seq)
        assert [news.upto for news in heard] == [(await entries_of(database, room.order))[-1].seq]


async def test_what_holds_nobodys_words_is_not_erased(database: Database) -> None:
    room = await open_room(database)
    for seq in (0, 2, 3, 4):
        with pytest.raises(Malformed):
            await redact(database, room.order, seq)


async def test_erased_words_leave_the_index_for_searching(database: Database) -> None:
    room = await open_room(database)
    seq = await step(database, room, Role.BUYER, Verb.CANCEL, SECRET)
    async with database.transaction() as tx:
        await catch_up(tx, room.order)
    assert NUMBER in await indexed(database, room)
    await redact(database, room.order, seq)
    assert NUMBER not in await indexed(database, room)
    async with database.transaction() as tx:
        await catch_up(tx, room.order)
    assert NUMBER not in await indexed(database, room)


async def indexed(database: Database, room: Room) -> str:
    """Every word of the order in the index."""
    async with database.reading() as conn:
        found = await conn.scalars(
            select(search_docs.c.words).where(search_docs.c.order_id == room.order)
        )
        return " ".join(map(str, found))


async def test_other_words_in_the_place_of_erased_ones_are_noticed(database: Database) -> None:
    room = await open_room(database, brief=("Le texte",))
    given = Asked(Move.GIVE, "own-1", note=SECRET)
    seq = await give(database, room, room.buyer, given)
    await redact(database, room.order, seq)
    forged = msgspec.json.encode(BriefItemGiven("own-1", "Je renonce."))
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(entries)
            .where(entries.c.order_id == room.order, entries.c.seq == seq)
            .values(payload=forged)
        )
    with pytest.raises(ValueError, match=f"entry {seq} was changed"):
        await verified(database, room.order)
    async with database.reading() as conn:
        story = await export.gather(conn, room.order, room.buyer)
    made = export.sealed(story, SealingKey.of_seed("A" * 43 + "="), MONDAY)
    with pytest.raises(BrokenRecord, match=f"entry {seq} was changed"):
        record.check(made)


def test_the_seam_for_other_keepers_names_kinds_as_they_are_stored() -> None:
    assert {str(kind.__struct_config__.tag) for kind in WHOLE} <= TEXTS.keys()
    assert kind_of(BriefItemGiven("own-1")) in TEXTS
