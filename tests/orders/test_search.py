"""Finding what was said, on both databases alike."""

import asyncio

import pytest
from sqlalchemy import func, select

from orders import messages
from orders.commands import take_step
from orders.database import Database
from orders.errors import Malformed, OrderUnknown, TextEmpty, TextTooLong
from orders.events import OrderId, PersonId
from orders.redaction import redact
from orders.search import PAGE, Results, search
from orders.search_index import catch_up
from orders.tables import search_docs
from orders.workflow import Verb
from tests.orders.world import Room, new_order, open_post_box, open_room


async def _say(database: Database, room: Room, *texts: str) -> list[int]:
    async with open_post_box(database) as box:
        return [
            (await box.post(room.order, room.buyer, f"m-{hash(text)}", text)).seq for text in texts
        ]


async def _find(
    database: Database, room: Room, asked: str, person: PersonId | None = None
) -> list[str]:
    found = await search(database, person or room.seller, asked, room.order)
    return [hit.excerpt for hit in found.hits]


async def _docs(database: Database, order: OrderId) -> int:
    async with database.reading() as conn:
        # the first entry is the order's title
        said = (search_docs.c.order_id == order) & (search_docs.c.seq > 1)
        counted = select(func.count()).where(said)
        return await conn.scalar(counted) or 0


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ete", ["L’été arrive", "Un bel ÉTÉ"]),
        ("Été", ["L’été arrive", "Un bel ÉTÉ"]),
        ("arr", ["L’été arrive"]),
        ("été arrive", ["L’été arrive"]),
        ('"bel ete"', ["Un bel ÉTÉ"]),
        ('"ete bel"', []),
        ('"bel et"', []),
        ("coeurs", ["De tout cœur"]),
        ("l'ete", ["L’été arrive"]),
        ("cœurs DEVIS", []),
        ("étés", ["L’été arrive", "Un bel ÉTÉ"]),
        ("bel-étés", ["Un bel ÉTÉ"]),
        ("42", ["Devis n° 42"]),
        ("hiver", []),
        ("order_id", []),
        ("* OR NOT", []),
        ("' ) & !", []),
    ],
)
async def test_words_are_found_by_their_beginnings_whatever_their_accents(
    database: Database, room: Room, asked: str, found: list[str]
) -> None:
    await _say(database, room, "Un bel ÉTÉ", "L’été arrive", "De tout cœur", "Devis n° 42")
    assert await _find(database, room, asked) == found


async def test_what_was_just_said_is_found_at_once(database: Database, room: Room) -> None:
    for number in range(3):
        await _say(database, room, f"échéance {number}")
        assert len(await _find(database, room, "echeance")) == number + 1


async def test_steps_are_found_by_what_they_say(database: Database, room: Room) -> None:
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    note = "Voici la maquette"
    place = await take_step(database, room.order, room.seller, Verb.DELIVER, "s2", note)
    (hit,) = (await search(database, room.buyer, "maquettes", room.order)).hits
    assert (hit.seq, hit.kind, hit.actor) == (place.seq, "order_delivered", room.seller)
    assert [note[start:end] for start, end in hit.ranges] == ["maquette"]


async def test_an_edit_replaces_the_words_in_the_transaction_itself(
    database: Database, room: Room
) -> None:
    (seq,) = await _say(database, room, "le mot secret")
    assert await _find(database, room, "secret") == ["le mot secret"]
    await messages.edit(database, room.order, room.buyer, seq, "le mot public", "e1")
    assert await _docs(database, room.order) == 0
    assert await _find(database, room, "secret") == []
    (hit,) = (await search(database, room.seller, "public", room.order)).hits
    assert (hit.seq, hit.kind, hit.excerpt) == (seq, "message_sent", "le mot public")


@pytest.mark.parametrize("indexed", [True, False])
async def test_what_is_withdrawn_or_erased_is_gone_from_the_index(
    database: Database, room: Room, *, indexed: bool
) -> None:
    seqs = await _say(database, room, "secret un", "secret deux", "secret trois")
    if indexed:
        assert len(await _find(database, room, "secret")) == 3
    await messages.edit(database, room.order, room.buyer, seqs[0], "secret quatre", "e1")
    if indexed:
        assert len(await _find(database, room, "secret")) == 3
    await messages.withdraw(database, room.order, room.buyer, seqs[0], "w1")
    await redact(database, room.order, seqs[1])
    assert await _docs(database, room.order) == (1 if indexed else 0)
    assert await _find(database, room, "secret") == ["secret trois"]


async def test_an_erasure_racing_with_the_index_wins(database: Database) -> None:
    async def index(order: OrderId) -> None:
        async with database.transaction() as tx:
            await catch_up(tx, order)

    for _ in range(5):
        room = await open_room(database)
        (seq,) = await _say(database, room, "secret")
        await asyncio.gather(
            index(room.order), redact(database, room.order, seq), index(room.order)
        )
        assert await _docs(database, room.order) == 0


async def test_nobody_searches_in_what_is_not_theirs(database: Database, room: Room) -> None:
    await _say(database, room, "confidentiel")
    other = await open_room(database)
    with pytest.raises(OrderUnknown):
        await search(database, other.buyer, "confidentiel", room.order)
    assert (await search(database, other.buyer, "confidentiel")).hits == ()
    # a token that is narrowed to another order reaches no further
    narrowed = await search(database, room.buyer, "confidentiel", reach=[other.order])
    assert narrowed == Results()


async def test_across_ones_orders_the_newest_come_first_page_by_page(database: Database) -> None:
    me = new_order().buyer
    rooms = [await open_room(database, buyer=me) for _ in range(2)]
    for number in range(PAGE):
        for room in rooms:
            await _say(database, room, f"page {number:02}")
    texts: list[str] = []
    before = None
    pages = 0
    while True:
        found = await search(database, rooms[0].buyer, "page", before=before)
        texts += [hit.excerpt for hit in found.hits]
        pages += 1
        if (before := found.next) is None:
            break
    assert pages == 2
    assert texts == [f"page {number:02}" for number in reversed(range(PAGE)) for _ in rooms]
    assert found.behind == 0
    theirs = await search(database, rooms[1].seller, "page")
    assert {hit.order for hit in theirs.hits} == {rooms[1].order}


async def test_what_cannot_be_asked_is_refused(database: Database, room: Room) -> None:
    with pytest.raises(TextEmpty):
        await search(database, room.buyer, "  ")
    with pytest.raises(TextTooLong):
        await search(database, room.buyer, "x" * 201)
    for cursor in ("", "x", "1.2", "99999999999999999999999.1.o", "a.b.c"):
        with pytest.raises(Malformed):
            await search(database, room.buyer, "x", before=cursor)
    assert await search(database, room.buyer, "!!!") == Results()
