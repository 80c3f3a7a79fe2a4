"""An order that is remembered is written in at once, and never by what is no longer so."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from orders import timeline
from orders.access import restore, revoke
from orders.commands import take_step
from orders.database import Announcement, Database
from orders.errors import ChatClosed, IdReused, OrderUnknown, SecretSeen
from orders.events import Entry, MessageSent, NoticeKind, PersonId, SecretKind
from orders.locking import LockedOrder, peek
from orders.owing import Owed, Owes
from orders.posting import PostBox
from orders.remembering import CARRIED, REMEMBERED, CarriedClock, Memory
from orders.safety import block
from orders.tables import entries, notices
from orders.workflow import Verb
from tests.orders.world import Room, Watch, entries_of, open_post_box, open_room, opened, verified

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


async def _texts(database: Database, room: Room) -> list[str]:
    told = [entry.event for entry in await entries_of(database, room.order)]
    return [event.text for event in told if isinstance(event, MessageSent)]


async def _peek(database: Database, room: Room) -> LockedOrder:
    async with database.reading() as conn:
        return await peek(conn, room.order)


# ---------------------------------------------------- what another process changed meanwhile


async def test_access_taken_away_elsewhere_is_known_to_whoever_wrote_a_moment_ago(
    database_url: str, database: Database, room: Room
) -> None:
    async with open_post_box(database) as box, opened(database_url) as elsewhere:
        await box.post(room.order, room.buyer, "m1", "hello")
        await revoke(elsewhere, room.order, room.buyer)
        with pytest.raises(OrderUnknown):
            await box.post(room.order, room.buyer, "m2", "am I still here?")
        await box.post(room.order, room.seller, "m3", "I am")
        await restore(elsewhere, room.order, room.buyer)
        await box.post(room.order, room.buyer, "m4", "back again")
        assert await _texts(database, room) == ["hello", "I am", "back again"]


async def test_a_chat_that_was_closed_elsewhere_takes_no_message(
    database_url: str, database: Database, room: Room
) -> None:
    async with open_post_box(database) as box, opened(database_url) as elsewhere:
        await box.post(room.order, room.buyer, "m1", "before")
        await take_step(elsewhere, room.order, room.seller, Verb.START, "s1", "all is here")
        await box.post(room.order, room.buyer, "m2", "go")
        await take_step(elsewhere, room.order, room.seller, Verb.DELIVER, "s2", "done")
        with pytest.raises(ChatClosed):
            await box.post(room.order, room.buyer, "m3", "one more thing")
        assert await _texts(database, room) == ["before", "go"]
        await verified(database, room.order)


async def test_a_message_sent_to_another_process_before_gets_its_first_answer(
    database_url: str, database: Database, room: Room
) -> None:
    async with (
        open_post_box(database) as box,
        opened(database_url) as other,
        open_post_box(other) as second,
    ):
        await box.post(room.order, room.buyer, "m1", "one")
        first = await second.post(room.order, room.buyer, "m2", "two")
        assert await box.post(room.order, room.buyer, "m2", "two") == first
        with pytest.raises(IdReused):
            await box.post(room.order, room.buyer, "m2", "something else")
        assert await _texts(database, room) == ["one", "two"]


async def test_a_repeat_beside_new_messages_leaves_no_hole(database: Database, room: Room) -> None:
    async with open_post_box(database) as box:
        first = await box.post(room.order, room.buyer, "m1", "one")
        others = [await open_room(database) for _ in range(3)]
        for other in others:
            await box.post(other.order, other.buyer, "m0", "zero")
        answers = await asyncio.gather(
            box.post(room.order, room.buyer, "m2", "two"),
            box.post(room.order, room.buyer, "m1", "one"),
            *(box.post(other.order, other.buyer, "m1", "one") for other in others),
        )
        assert answers[1] == first
        assert await _texts(database, room) == ["one", "two"]
        for each in (room, *others):
            await verified(database, each.order)


async def test_one_who_is_refused_holds_up_nobody_and_is_overtaken_by_nobody(
    database: Database, room: Room
) -> None:
    free = await open_room(database)
    async with open_post_box(database) as box:
        for each in (room, free):
            await box.post(each.order, each.buyer, "m0", "zero")
        seen = (SecretKind.PHONE,)
        told = await asyncio.gather(
            box.post(room.order, room.buyer, "m1", "06 12 34 56 78", seen),
            box.post(room.order, room.buyer, "m2", "next"),
            box.post(free.order, free.buyer, "m1", "pass"),
            box.post(room.order, room.buyer, "m3", "06 12 34 56 78", seen, seen),
            return_exceptions=True,
        )
        assert isinstance(told[0], SecretSeen)
        assert await _texts(database, room) == ["zero", "next", "06 12 34 56 78"]
        assert await _texts(database, free) == ["zero", "pass"]


async def test_two_processes_that_hear_of_each_other_write_densely(
    database_url: str, database: Database
) -> None:
    rooms = [await open_room(database) for _ in range(5)]
    async with opened(database_url) as other:
        here, there = PostBox(database), PostBox(other)
        database.on_commit(there.heard)
        other.on_commit(here.heard)
        running = [asyncio.create_task(box.run()) for box in (here, there)]
        for n in range(12):
            await asyncio.gather(
                *(
                    box.post(room.order, person, f"m{n}", f"{n}")
                    for room in rooms
                    for box, person in ((here, room.buyer), (there, room.seller))
                )
            )
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for room in rooms:
        assert len(await _texts(database, room)) == 24
        await verified(database, room.order)


async def test_heads_that_others_moved_are_learned_without_the_orders_being_read_anew(
    postgres_url: str,
) -> None:
    watch = Watch()  # the database's own time is remembered for a moment only, which may pass here
    async with opened(postgres_url, watch) as database, opened(postgres_url, watch) as other:
        room = await open_room(database)
        async with open_post_box(database) as here, open_post_box(other) as there:
            await here.post(room.order, room.buyer, "m0", "from here")
            await there.post(room.order, room.seller, "m0", "from there")
            for box in (here, there):  # neither hears of the other
                _proves_all(box)
            for n in range(1, 4):
                await here.post(room.order, room.buyer, f"m{n}", f"{n} from here")
                await there.post(room.order, room.seller, f"m{n}", f"{n} from there")
        assert len(await _texts(database, room)) == 8
        await verified(database, room.order)


def _proves_all(box: PostBox) -> None:
    """Let nothing be written but by what is remembered."""

    async def refuse(*_asked: object) -> NoReturn:
        raise AssertionError

    box._lane = dataclasses.replace(box._lane, commit=refuse)


# ------------------------------------------------------------------------- what is stored


@pytest.mark.parametrize("owed", [0, 1, 2])
async def test_a_message_that_comes_alone_is_stored_like_one_of_many(
    database: Database, owed: int
) -> None:
    def owe(_owes: Owes, entry: Entry) -> list[Owed]:
        return [Owed(PersonId(f"p{n}"), NoticeKind.UNREAD, entry.at) for n in range(owed)]

    database.on_append(owe)
    alone, *many = rooms = [await open_room(database) for _ in range(3)]
    async with open_post_box(database) as box:
        for room in rooms:
            await box.post(room.order, room.buyer, "m1", "it is remembered now")
        await box.post(alone.order, alone.buyer, "m2", "hello")
        await asyncio.gather(*(box.post(r.order, r.buyer, "m2", "hello") for r in many))
        repeated = await box.post(alone.order, alone.buyer, "m2", "hello")
    stored, *others = [await _stored(database, room) for room in rooms]
    assert stored == others[0] == others[1]
    assert repeated.seq == stored[0][0]
    for room in rooms:
        await verified(database, room.order)


async def _stored(database: Database, room: Room) -> tuple[list[object], list[object]]:
    """Return what the last message left, but for what is its own: times, hashes and names."""
    async with database.reading() as conn:
        row = (
            await conn.execute(
                select(entries).where(entries.c.order_id == room.order).order_by(entries.c.seq)
            )
        ).all()[-1]
        owed = await conn.execute(
            select(notices.c.person_id, notices.c.kind, notices.c.opened_seq, notices.c.state)
            .where(notices.c.order_id == room.order, notices.c.due == notices.c.wake_at)
            .order_by(notices.c.person_id)
        )
        hashes = [len(row._mapping[name]) for name in ("salt", "digest", "link", "command_digest")]
        said = [row.seq, row.kind, row.payload, row.client_id, *hashes]
        return said, [tuple(one) for one in owed]


# ------------------------------------------------------------------------- what is counted


async def test_whatever_changes_what_is_known_of_an_order_shows_in_its_head_or_revision(
    database: Database, room: Room
) -> None:
    known = await _peek(database, room)
    for change in (
        lambda: revoke(database, room.order, room.buyer),
        lambda: restore(database, room.order, room.buyer),
        lambda: block(database, room.order, room.buyer, on=True),
        lambda: block(database, room.order, room.buyer, on=False),
        lambda: take_step(database, room.order, room.seller, Verb.START, "s", "all is here"),
    ):
        before, _ = known, await change()
        known = await _peek(database, room)
        assert (known.head, known.revision) != (before.head, before.revision)


async def test_a_message_moves_the_head_alone(database: Database, room: Room) -> None:
    before = await _peek(database, room)
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "m1", "one")
        await box.post(room.order, room.buyer, "m2", "two")
    after = await _peek(database, room)
    assert (after.head.seq, after.revision) == (before.head.seq + 2, before.revision)
    assert after.facts == before.facts


# --------------------------------------------------------------------------- what is heard


def _news(known: LockedOrder, count: int = 1) -> Announcement:
    drafts = [timeline.Draft(known.owes.members[0].person, MessageSent("x"))] * count
    batch = [(replace(known.head, at=NOW), known.owes, drafts)]
    (news,) = timeline.compose(NOW, lambda _owes, _entry: (), batch).announcements
    return news


async def test_messages_of_others_move_the_remembered_head(database: Database, room: Room) -> None:
    memory, known = Memory(), await _peek(database, room)
    memory.keep(known)
    news = _news(known, count=3)
    memory.heard([news])
    after = memory.recall([room.order])[room.order]
    assert after.head == timeline.Head(known.id, news.upto, NOW, news.link)
    assert (after.facts, after.owes, after.revision) == (known.facts, known.owes, known.revision)
    memory.heard([news])  # again, as hints may come
    assert memory.recall([room.order])[room.order] == after


@pytest.mark.parametrize(
    "others",
    [{"situation": True}, {"entries": ()}, {"after": 99, "upto": 100}],
    ids=["a step", "without its entries", "after a gap"],
)
async def test_what_cannot_be_followed_is_forgotten(
    database: Database, room: Room, others: dict[str, object]
) -> None:
    memory, known = Memory(), await _peek(database, room)
    memory.keep(known)
    memory.heard([replace(_news(known), **others)])
    assert memory.recall([room.order]) == {}


async def test_of_too_many_orders_those_nobody_wrote_in_for_longest_go(
    database: Database, room: Room
) -> None:
    memory, known = Memory(), await _peek(database, room)
    names = [f"o{n}" for n in range(REMEMBERED + 1)]
    for name in names[:-1]:
        memory.keep(_named(known, name))
    memory.recall([names[0]])  # type: ignore[list-item]
    memory.keep(_named(known, names[-1]))
    assert [name for name in names if not memory.recall([name])] == [names[1]]  # type: ignore[list-item]


def _named(known: LockedOrder, name: str) -> LockedOrder:
    return replace(known, facts=replace(known.facts, id=name))


def test_a_time_is_carried_on_for_a_moment_and_never_ahead() -> None:
    clock = CarriedClock()
    assert clock.now(5.0) is None
    clock.tell(NOW, 5.0)
    assert clock.now(5.0) == NOW
    assert clock.now(5.5) == NOW + timedelta(seconds=0.5)
    assert clock.now(5.0 + CARRIED.total_seconds() + 0.01) is None
