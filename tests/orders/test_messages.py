"""Editing and withdrawing one's own messages."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import inbox, messages, timeline, views
from orders.commands import Person, take_step
from orders.database import Database
from orders.edited import newest_texts
from orders.errors import (
    ChatClosed,
    IdReused,
    MessageGone,
    MessageUnknown,
    NotYours,
    OrderUnknown,
    Refused,
    TextEmpty,
    TextTooLong,
    TooManyEdits,
    WindowOver,
)
from orders.events import MessageEdited, MessageWithdrawn, PersonId
from orders.fold import View, fold
from orders.mediation import freeze, send_mediator
from orders.policy import Policy
from orders.redaction import redact
from orders.tables import answers, entries, withdrawn
from orders.workflow import Verb
from tests.orders.world import (
    Room,
    Watch,
    entries_of,
    open_post_box,
    open_room,
    opened,
    verified,
)


async def _say(database: Database, room: Room, text: str = "bonjuor") -> int:
    async with open_post_box(database) as box:
        return (await box.post(room.order, room.buyer, f"m-{text}", text)).seq


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


async def _kept(conn: AsyncConnection, room: Room) -> list[Row[Any]]:
    rows = await conn.execute(select(withdrawn).where(withdrawn.c.order_id == room.order))
    return list(rows)


async def _folded(database: Database, room: Room) -> None:
    """A reader of the timeline knows what the rows know."""
    view = View(room.order)
    for entry in await entries_of(database, room.order):
        view = fold(view, entry)
    async with database.reading() as conn:
        assert view == await views.snapshot(conn, room.order)
    assert await verified(database, room.order) == view.seq


async def test_an_edit_is_an_entry_and_the_first_text_stays(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    place = await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    told = await entries_of(database, room.order, after=seq)
    assert [entry.event for entry in told] == [MessageEdited(seq, "bonjour")]
    assert place.seq == seq + 1
    async with database.reading() as conn:
        for reader in (room.buyer, room.seller):
            seen = await messages.history(conn, room.order, reader, seq)
            assert [version.text for version in seen.versions] == ["bonjuor", "bonjour"]
        assert await newest_texts(conn, room.order, [seq]) == {seq: "bonjour"}
    await _folded(database, room)


async def test_the_same_words_again_change_nothing(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    first = await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    again = await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e2")
    assert again == first
    await messages.edit(database, room.order, room.buyer, seq, "bonsoir", "e3")
    # an answer stays the answer, although the message says something else by now
    assert await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e2") == first
    assert await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1") == first
    assert len(await entries_of(database, room.order, after=seq)) == 2


async def test_the_same_id_with_other_words_is_refused(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e2")
    for known in ("e1", "e2", "m-bonjuor"):
        with pytest.raises(IdReused):
            await messages.edit(database, room.order, room.buyer, seq, "autre", known)
        with pytest.raises(IdReused):
            await messages.withdraw(database, room.order, room.buyer, seq, known)


async def test_racing_repeats_of_an_edit_are_one_edit(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    places = await asyncio.gather(
        *(messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1") for _ in range(5))
    )
    assert len(set(places)) == 1
    assert len(await entries_of(database, room.order, after=seq)) == 1


async def test_a_withdrawn_message_and_its_edits_are_empty(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    place = await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    assert await messages.withdraw(database, room.order, room.buyer, seq, "w1") == place
    told = await entries_of(database, room.order, after=seq - 1)
    assert [entry.event for entry in told] == [None, None, MessageWithdrawn(seq, (seq + 1,))]
    async with database.reading() as conn:
        rows = await conn.execute(select(entries).where(entries.c.order_id == room.order))
        assert not any(b"bonj" in (row.payload or b"") for row in rows)
    await _folded(database, room)


async def test_who_had_read_it_and_who_comes_later_see_the_same(
    database: Database, room: Room
) -> None:
    seq = await _say(database, room)
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    early = View(room.order)
    for entry in await entries_of(database, room.order):
        early = fold(early, entry)
    await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    (last,) = await entries_of(database, room.order, after=early.seq)
    async with database.reading() as conn:
        assert fold(early, last) == await views.snapshot(conn, room.order)


async def test_a_message_sent_again_after_it_was_withdrawn_is_not_sent_anew(
    database: Database, room: Room
) -> None:
    seq = await _say(database, room)
    await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    assert await _say(database, room) == seq


async def test_only_a_mediator_reads_what_was_withdrawn(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    await freeze(database, room.order, "f1")
    mediator = Person(f"mediator-{room.order}", "Maude", "maude@post.test")
    await send_mediator(database, room.order, "m1", mediator)
    async with database.reading() as conn:
        for party in (room.buyer, room.seller):
            with pytest.raises(NotYours):
                await messages.history(conn, room.order, party, seq)
        with pytest.raises(OrderUnknown):
            await messages.history(conn, room.order, PersonId("stranger"), seq)
        seen = await messages.history(conn, room.order, PersonId(mediator.person), seq)
        stored = list(
            await conn.execute(select(withdrawn).where(withdrawn.c.order_id == room.order))
        )
        digests = {
            row.seq: row.digest
            for row in await conn.execute(select(entries).where(entries.c.order_id == room.order))
        }
    assert seen.withdrawn
    assert [version.text for version in seen.versions] == ["bonjuor", "bonjour"]
    for row in stored:  # the chain proves that it is what was said
        assert timeline.digest_of(row.salt, row.payload) == digests[row.seq]


async def test_erasing_takes_every_version_and_what_was_kept(
    database: Database, room: Room
) -> None:
    said = [await _say(database, room, text) for text in ("un", "deux")]
    for number, seq in enumerate(said):
        await messages.edit(database, room.order, room.buyer, seq, "trois", f"e{number}")
    await messages.withdraw(database, room.order, room.buyer, said[1], "w1")
    for seq in said:
        await redact(database, room.order, seq)
        length = len(await entries_of(database, room.order))
        await redact(database, room.order, seq)
        assert len(await entries_of(database, room.order)) == length
    async with database.reading() as conn:
        assert (
            list(await conn.execute(select(withdrawn).where(withdrawn.c.order_id == room.order)))
            == []
        )
        for seq in said:
            with pytest.raises(MessageGone):
                await messages.history(conn, room.order, room.buyer, seq)
        rows = await conn.execute(select(entries.c.payload).where(entries.c.order_id == room.order))
        assert not any(b"trois" in (row.payload or b"") for row in rows)
    await _folded(database, room)


@pytest.mark.parametrize("takes", ["redacted", "withdrawn"])
async def test_nothing_is_left_by_which_to_guess_words_that_were_said_again(
    database: Database, room: Room, takes: str
) -> None:
    seq = await _say(database, room)
    edited = await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    for client_id, text in (("e2", "bonjour"), ("e3", "bonjour")):
        place = await messages.edit(database, room.order, room.buyer, seq, text, client_id)
        assert place == edited
    other = await _say(database, room, "merci")
    await messages.edit(database, room.order, room.buyer, other, "merci", "e4")
    if takes == "redacted":
        await redact(database, room.order, seq)
    else:
        await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    async with database.reading() as conn:
        rows = await conn.execute(
            select(answers.c.client_id, answers.c.command_digest)
            .where(answers.c.order_id == room.order)
            .order_by(answers.c.client_id)
        )
        digests = {row.client_id: bool(row.command_digest) for row in rows}
    assert digests == {"e2": False, "e3": False, "e4": True}
    # the repeat is answered as it was
    assert await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e2") == edited


async def _refused(database: Database, room: Room, seq: int, person: PersonId) -> list[str]:
    codes = []
    for work in (
        messages.edit(database, room.order, person, seq, "autre", "x1"),
        messages.withdraw(database, room.order, person, seq, "x2"),
    ):
        with pytest.raises(Refused) as refusal:
            await work
        codes.append(refusal.value.code)
    return codes


async def test_what_is_not_ones_own_or_not_there_is_refused(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    length = len(await entries_of(database, room.order))
    assert await _refused(database, room, seq, room.seller) == [NotYours.code] * 2
    assert await _refused(database, room, seq, PersonId("stranger")) == [OrderUnknown.code] * 2
    assert await _refused(database, room, 1, room.buyer) == [MessageUnknown.code] * 2
    assert await _refused(database, room, 99, room.buyer) == [MessageUnknown.code] * 2
    assert len(await entries_of(database, room.order)) == length
    await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    assert await _refused(database, room, seq, room.buyer) == [MessageGone.code] * 2


async def test_a_closed_conversation_stays_as_it_is(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    await take_step(database, room.order, room.seller, Verb.DELIVER, "s2")
    assert await _refused(database, room, seq, room.buyer) == [ChatClosed.code] * 2


async def test_the_windows_end(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, Policy(edit_window=60, withdraw_window=120))
        seq = await _say(database, room)
        watch.forward(seconds=60)
        await messages.edit(database, room.order, room.buyer, seq, "juste", "e1")
        watch.forward(seconds=1)
        with pytest.raises(WindowOver) as refusal:
            await messages.edit(database, room.order, room.buyer, seq, "tard", "e2")
        assert refusal.value.facts == {"verb": "message.edit", "seconds": 60}
        watch.forward(seconds=60)
        with pytest.raises(WindowOver):
            await messages.withdraw(database, room.order, room.buyer, seq, "w1")
        # what was done in time is answered as before, however late it is asked again
        await messages.edit(database, room.order, room.buyer, seq, "juste", "e1")


async def test_words_and_their_number_are_limited(database: Database) -> None:
    room = await open_room(database, Policy(text_max=10, edits_most=2))
    seq = await _say(database, room)
    with pytest.raises(TextEmpty):
        await messages.edit(database, room.order, room.buyer, seq, "  ", "e0")
    with pytest.raises(TextTooLong):
        await messages.edit(database, room.order, room.buyer, seq, "x" * 11, "e0")
    for number in (1, 2):
        await messages.edit(database, room.order, room.buyer, seq, f"fois {number}", f"e{number}")
    with pytest.raises(TooManyEdits):
        await messages.edit(database, room.order, room.buyer, seq, "fois 3", "e3")


async def test_of_what_is_unread_no_more_is_counted_than_anybody_counts(
    database: Database, room: Room
) -> None:
    said = inbox.UNREAD_MOST + 3
    async with open_post_box(database) as box:
        await asyncio.gather(
            *(box.post(room.order, room.buyer, f"m{n}", f"{n}") for n in range(said))
        )
    async with database.reading() as conn:
        (line,) = await inbox.inbox(conn, room.seller)
    assert line.unread == inbox.UNREAD_MOST == 100


async def test_what_was_withdrawn_is_not_unread(database: Database, room: Room) -> None:
    seq = await _say(database, room)
    async with database.reading() as conn:
        (line,) = await inbox.inbox(conn, room.seller)
    assert line.unread == 1
    await messages.edit(database, room.order, room.buyer, seq, "bonjour", "e1")
    await messages.withdraw(database, room.order, room.buyer, seq, "w1")
    async with database.reading() as conn:
        (line,) = await inbox.inbox(conn, room.seller)
    assert line.unread == 0
