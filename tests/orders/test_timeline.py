"""Numbers are dense, time never goes back, and the chain notices whatever was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from orders import timeline
from orders.commands import take_step
from orders.database import Announcement, Database
from orders.errors import IdReused, Malformed, OrderUnknown
from orders.events import EntryRedacted, MessageSent, OrderId, PersonId
from orders.locking import lock
from orders.redaction import redact
from orders.tables import entries, orders
from orders.timeline import GENESIS, Draft, Head, digest_of, link_of, number
from orders.workflow import Verb
from tests.orders.world import MONDAY, Room, entries_of, open_post_box, open_room, verified

BATCHES = st.lists(
    st.tuples(
        st.integers(-3600, 3600).map(lambda s: MONDAY + timedelta(seconds=s)),
        st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=8,
)


def _number_all(batches: list[tuple[datetime, list[str]]]) -> list[dict[str, Any]]:
    head = Head(OrderId("o_1"), 0, MONDAY, GENESIS)
    rows = []
    for now, texts in batches:
        head, more = number(head, now, [Draft(PersonId("ines"), MessageSent(t)) for t in texts])
        assert (head.seq, head.at, head.link) == (
            more[-1]["seq"],
            more[-1]["at"],
            more[-1]["link"],
        )
        rows += more
    return rows


@given(BATCHES)
def test_numbers_have_no_gaps_whatever_the_batches(
    batches: list[tuple[datetime, list[str]]],
) -> None:
    rows = _number_all(batches)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))


@given(BATCHES)
def test_times_never_go_back_even_when_the_clock_does(
    batches: list[tuple[datetime, list[str]]],
) -> None:
    rows = _number_all(batches)
    assert all(a["at"] <= b["at"] for a, b in pairwise(rows))
    assert rows[-1]["at"] == max(MONDAY, *(now for now, _ in batches))


@given(BATCHES)
def test_every_entry_is_chained_to_the_one_before_it(
    batches: list[tuple[datetime, list[str]]],
) -> None:
    previous = GENESIS
    for row in _number_all(batches):
        assert row["digest"] == digest_of(row["salt"], row["payload"])
        assert row["link"] == link_of(
            previous, "o_1", row["seq"], row["at"], row["actor"], row["kind"], row["digest"]
        )
        previous = row["link"]


def test_the_same_words_twice_leave_different_digests() -> None:
    one, two = _number_all([(MONDAY, ["oui", "oui"])])
    assert one["payload"] == two["payload"]
    assert one["salt"] != two["salt"]
    assert one["digest"] != two["digest"]


@pytest.fixture
async def room(database: Database) -> Room:
    """An order with three entries of its own and two messages, seq 4 and 5."""
    opened = await open_room(database)
    async with open_post_box(database) as box:
        await box.post(opened.order, opened.buyer, "m1", "Bonjour")
        await box.post(opened.order, opened.seller, "m2", "Hello")
    return opened


async def test_the_chain_of_an_honest_timeline_verifies(database: Database, room: Room) -> None:
    assert await verified(database, room.order) == 5


async def _forge(database: Database, room: Room, seq: int, values: Mapping[str, object]) -> None:
    async with database.transaction() as tx:
        done = await tx.conn.execute(
            update(entries)
            .where(entries.c.order_id == room.order, entries.c.seq == seq)
            .values(values)
        )
        assert done.rowcount == 1


async def _remove(database: Database, room: Room, seq: int) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(
            delete(entries).where(entries.c.order_id == room.order, entries.c.seq == seq)
        )


@pytest.mark.parametrize(
    ("seq", "forged", "complaint"),
    [
        (4, {"payload": b'{"kind":"message_sent","text":"Au revoir"}'}, "entry 4 was changed"),
        (4, {"salt": bytes(16)}, "entry 4 was changed"),
        (4, {"digest": bytes(32)}, "entry 4 was changed"),
        (4, {"actor": "somebody-else"}, "entry 4 does not follow"),
        (4, {"kind": "order_closed"}, "entry 4 does not follow"),
        (4, {"link": bytes(32)}, "entry 4 does not follow"),
        (1, {"at": MONDAY - timedelta(days=400)}, "entry 1 does not follow"),
        (5, {"at": MONDAY - timedelta(days=400)}, "entry 5 is earlier"),
        (4, {"seq": 9}, "entry 4 is missing"),
        (4, {"payload": None, "salt": None}, "entry 4 was emptied"),
    ],
)
async def test_the_chain_notices_a_forged_entry(
    database: Database, room: Room, seq: int, forged: dict[str, object], complaint: str
) -> None:
    await _forge(database, room, seq, forged)
    with pytest.raises(ValueError, match=complaint):
        await verified(database, room.order)


@pytest.mark.parametrize("seq", [1, 4])
async def test_the_chain_notices_a_removed_entry(database: Database, room: Room, seq: int) -> None:
    await _remove(database, room, seq)
    with pytest.raises(ValueError, match=f"entry {seq} is missing"):
        await verified(database, room.order)


async def test_the_chain_notices_that_its_end_was_cut_off(database: Database, room: Room) -> None:
    await _remove(database, room, 5)
    with pytest.raises(ValueError, match="entry 5 is missing"):
        await verified(database, room.order)


async def test_the_chain_notices_another_ending(database: Database, room: Room) -> None:
    """Whoever can recompute every hash still has to agree with the order's own row."""
    async with database.transaction() as tx:
        stored = (
            await tx.conn.execute(
                select(entries).where(entries.c.order_id == room.order, entries.c.seq == 5)
            )
        ).one()
        links = await timeline.links_at(tx.conn, [(room.order, 4)])
    payload = msgspec.json.encode(MessageSent("Never"))
    digest = digest_of(stored.salt, payload)
    link = link_of(
        links[room.order, 4], room.order, 5, stored.at, stored.actor, stored.kind, digest
    )
    await _forge(database, room, 5, {"payload": payload, "digest": digest, "link": link})
    with pytest.raises(ValueError, match="entry 5 is not the one"):
        await verified(database, room.order)


async def test_redaction_erases_the_words_and_keeps_the_chain(
    database: Database, room: Room
) -> None:
    await redact(database, room.order, 4)
    told = await entries_of(database, room.order)
    assert told[3].event is None
    assert told[5].event == EntryRedacted(4)
    assert await verified(database, room.order) == 6
    async with database.reading() as conn:
        row = (
            await conn.execute(
                select(entries).where(entries.c.order_id == room.order, entries.c.seq == 4)
            )
        ).one()
    assert (row.payload, row.salt, row.command_digest) == (None, None, None)


async def test_redacting_twice_appends_once(database: Database, room: Room) -> None:
    await redact(database, room.order, 4)
    await redact(database, room.order, 4)
    assert len(await entries_of(database, room.order)) == 6


@pytest.mark.parametrize("seq", [0, -1, 2, 3, 6, 2**70])
async def test_only_what_people_wrote_is_erased(database: Database, room: Room, seq: int) -> None:
    """Money and clocks are nobody's words; without them nobody could fold the rest."""
    with pytest.raises(Malformed):
        await redact(database, room.order, seq)
    assert await verified(database, room.order) == 5


async def test_nothing_is_redacted_in_an_unknown_order(database: Database) -> None:
    with pytest.raises(OrderUnknown):
        await redact(database, OrderId("o_unknown"), 1)


async def test_a_repeat_of_a_redacted_message_gets_its_first_answer(
    database: Database, room: Room
) -> None:
    async with open_post_box(database) as box:
        first = await box.post(room.order, room.buyer, "m1", "Bonjour")
        await redact(database, room.order, first.seq)
        assert await box.post(room.order, room.buyer, "m1", "Bonjour") == first
    assert await verified(database, room.order) == 6


async def test_an_id_of_a_message_is_not_free_for_a_step(database: Database, room: Room) -> None:
    with pytest.raises(IdReused):
        await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "m1")


async def test_a_timeline_is_read_in_pages_from_either_end(database: Database, room: Room) -> None:
    async with database.reading() as conn:
        after = await timeline.read(conn, room.order, 1, 2)
        before = await timeline.read_before(conn, room.order, 5, 2)
        rest = await timeline.read(conn, room.order, 5, 10)
    assert [row.seq for row in after] == [2, 3]
    assert [row.seq for row in before] == [3, 4]
    assert rest == []


async def test_a_position_is_proven_by_its_link(database: Database, room: Room) -> None:
    async with database.reading() as conn:
        head = await conn.scalar(select(orders.c.last_link).where(orders.c.id == room.order))
        links = await timeline.links_at(conn, [(room.order, seq) for seq in (0, 5, 6)])
    assert links == {(room.order, 0): GENESIS, (room.order, 5): head}


async def test_what_is_announced_is_what_a_later_reader_gets_byte_for_byte(
    database: Database,
) -> None:
    announced: dict[int, bytes] = {}

    def keep(announcements: Sequence[Announcement]) -> None:
        for told in announcements:
            assert told.upto - told.after == len(told.entries)
            announced.update(enumerate(told.entries, start=told.after + 1))

    database.on_commit(keep)
    room = await open_room(database)
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "m1", 'Élan "quoted" \u2028 👋')
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    async with database.reading() as conn:
        rows = await timeline.read(conn, room.order, 0, 100)
    assert announced == {row.seq: timeline.wire(row) for row in rows}


async def test_nothing_is_announced_of_what_was_not_kept(database: Database) -> None:
    told: list[object] = []
    room = await open_room(database)
    database.on_commit(told.extend)

    async def append_and_fail() -> None:
        async with database.transaction() as tx:
            locked = await lock(tx, room.order)
            draft = Draft(room.buyer, MessageSent("lost"))
            await timeline.append(tx, locked.head, locked.owes, [draft])
            raise RuntimeError("cut short")

    with pytest.raises(RuntimeError, match="cut short"):
        await append_and_fail()
    assert told == []
    assert await verified(database, room.order) == 3
