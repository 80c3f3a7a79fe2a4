"""The readiness list on both databases: told, repeated, raced, started without, run out, reused."""

from __future__ import annotations

import asyncio

import pytest

from orders import views
from orders.agreements import answer
from orders.brief import Asked, Move, Readiness
from orders.briefing import move_item
from orders.clock import Sweeper
from orders.commands import Person, create_order, take_step
from orders.database import Database
from orders.errors import (
    FileUnknown,
    IdReused,
    ItemSettled,
    Malformed,
    OrderUnknown,
    ReasonMissing,
    Refused,
    WrongState,
)
from orders.events import (
    BriefItemGiven,
    FileId,
    MessageSent,
    OrderCancelled,
    OrderId,
    OrderPaid,
    OrderStarted,
    PersonId,
    Role,
    SecretKind,
    State,
    Wanted,
)
from orders.files import Upload, share
from orders.fold import View, fold
from orders.messages import edit
from orders.proposals import Outcome
from orders.redaction import redact
from orders.situation import Brief, Situation
from orders.talks import note_point
from orders.workflow import Verb
from tests.orders.test_talks import talked
from tests.orders.world import (
    Room,
    Watch,
    entries_of,
    new_order,
    open_post_box,
    open_room,
    opened,
    verified,
)


async def seen(database: Database, room: Room, role: Role = Role.BUYER) -> Situation:
    async with database.reading() as conn:
        return await views.situation(conn, room.order, room.person(role), await database.now())


async def brief_of(database: Database, room: Room, role: Role = Role.BUYER) -> Brief:
    found = (await seen(database, room, role)).brief
    assert found is not None
    return found


async def folds(database: Database, room: Room) -> None:
    """The timeline tells all of it (law 5), and its chain holds."""
    view = View(room.order)
    for entry in await entries_of(database, room.order):
        view = fold(view, entry)
    async with database.reading() as conn:
        assert view == await views.snapshot(conn, room.order)
    await verified(database, room.order)


async def a_file(database: Database, room: Room, name: str = "script.txt") -> FileId:
    file = FileId(f"f-{room.order}-{name}")
    upload = Upload(file, name, 3, "text/plain", b"hash")
    await share(database, room.order, room.buyer, upload, f"c-{name}", b"digest")
    return file


def give(item: str, note: str = "voilà", **links: tuple[object, ...]) -> Asked:
    return Asked(Move.GIVE, item, note=note, **links)  # type: ignore[arg-type]


SCRIPT, TONE = "voice-over.script", "voice-over.tone"


async def test_an_order_opens_with_the_list_of_its_category_in_its_first_entry(
    database: Database,
) -> None:
    room = await open_room(database, brief=None)
    (paid, *rest) = await entries_of(database, room.order)
    assert isinstance(paid.event, OrderPaid)
    assert paid.event.brief[0] == Wanted(SCRIPT)
    assert len(rest) == 2, "the list costs no entry of its own"
    shown = await brief_of(database, room)
    assert (shown.ready, shown.wanted, shown.may_add) == (0, 5, False)
    assert shown.items[0].moves == (Move.GIVE, Move.DROP)
    assert (await brief_of(database, room, Role.SELLER)).may_add
    await folds(database, room)


async def test_an_item_is_given_with_words_messages_and_files_then_accepted(
    database: Database,
) -> None:
    room = await open_room(database, brief=None)
    async with open_post_box(database) as box:
        said = await box.post(room.order, room.buyer, "m1", "Bonjour, voici mon texte.")
    file = await a_file(database, room)
    given = give(SCRIPT, messages=(said.seq,), files=(file,))
    await move_item(database, room.order, room.buyer, given, "g1")
    item = (await brief_of(database, room)).items[0]
    assert (item.state, item.note, item.messages) == (Readiness.GIVEN, "voilà", (said.seq,))
    assert [shared.name for shared in item.files] == ["script.txt"]
    await move_item(database, room.order, room.seller, Asked(Move.ACCEPT, SCRIPT), "a1")
    shown = await brief_of(database, room)
    assert shown.items[0].state is Readiness.ACCEPTED
    assert shown.items[0].note == "voilà"
    assert (shown.ready, shown.wanted) == (1, 5)
    await folds(database, room)


async def test_an_item_points_to_nothing_that_is_not_this_orders(database: Database) -> None:
    room, other = await open_room(database, brief=None), await open_room(database, brief=None)
    theirs = await a_file(database, other)
    with pytest.raises(FileUnknown):
        await move_item(database, room.order, room.buyer, give(SCRIPT, files=(theirs,)), "g1")
    for seq in (0, 1, 99):
        with pytest.raises(Malformed):
            await move_item(database, room.order, room.buyer, give(SCRIPT, messages=(seq,)), "g2")
    with pytest.raises(OrderUnknown):
        await move_item(database, room.order, PersonId("stranger"), give(SCRIPT), "g3")
    assert len(await entries_of(database, room.order)) == 3


async def test_said_twice_it_happens_once_and_other_content_is_refused(database: Database) -> None:
    room = await open_room(database, brief=None)
    first = await move_item(database, room.order, room.buyer, give(SCRIPT), "g1")
    assert await move_item(database, room.order, room.buyer, give(SCRIPT), "g1") == first
    with pytest.raises(IdReused):
        await move_item(database, room.order, room.buyer, give(TONE), "g1")
    assert len(await entries_of(database, room.order)) == 4


async def test_what_is_missing_is_asked_for_and_the_turn_goes_back_to_the_buyer(
    database: Database,
) -> None:
    room = await open_room(database, brief=None)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "h1")
    asked = Asked(Move.ADD, label="Le générique")
    await move_item(database, room.order, room.seller, asked, "m1")
    after = await seen(database, room)
    assert after.turn is not None
    assert (after.turn.role, after.brief_handed) == (Role.BUYER, False)
    shown = await brief_of(database, room)
    assert [(i.item, i.label) for i in shown.items][-1] == ("own-6", "Le générique")
    await folds(database, room)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "h2")
    await move_item(database, room.order, room.buyer, Asked(Move.DROP, TONE), "d1")
    reopened = Asked(Move.REOPEN, TONE, note="je dois choisir")
    await move_item(database, room.order, room.seller, reopened, "r1")
    turn = (await seen(database, room)).turn
    assert turn is not None
    assert turn.role is Role.BUYER
    await folds(database, room)


async def test_starting_with_something_open_or_unaccepted_says_why(database: Database) -> None:
    room = await open_room(database, brief=("Le texte",))
    for move in (None, give("own-1")):
        if move is not None:
            await move_item(database, room.order, room.buyer, move, "g1")
        assert Verb.START in (await seen(database, room, Role.SELLER)).reasons
        with pytest.raises(ReasonMissing):
            await take_step(database, room.order, room.seller, Verb.START, "s1")
    await take_step(database, room.order, room.seller, Verb.START, "s2", "reçu par téléphone")
    (started,) = [
        entry.event
        for entry in await entries_of(database, room.order)
        if isinstance(entry.event, OrderStarted)
    ]
    assert started.note == "reçu par téléphone"
    with pytest.raises(WrongState):
        await move_item(database, room.order, room.buyer, give("own-1"), "g2")
    await folds(database, room)


async def test_starting_with_everything_accepted_or_not_needed_asks_nothing(
    database: Database,
) -> None:
    room = await open_room(database, brief=("Le texte", "Le ton"))
    await move_item(database, room.order, room.seller, Asked(Move.ACCEPT, "own-1"), "a1")
    await move_item(database, room.order, room.buyer, Asked(Move.DROP, "own-2"), "d1")
    assert Verb.START not in (await seen(database, room, Role.SELLER)).reasons
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    await folds(database, room)


async def test_a_window_that_runs_out_says_what_was_missing(database_url: str) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        room = await open_room(database, brief=("Le texte", "Le ton", "Le reste"))
        await move_item(database, room.order, room.buyer, give("own-1"), "g1")
        await move_item(database, room.order, room.seller, Asked(Move.DROP, "own-3"), "d1")
        watch.forward(hours=49)
        await Sweeper(database).sweep()
        (cancelled,) = [
            entry.event
            for entry in await entries_of(database, room.order)
            if isinstance(entry.event, OrderCancelled)
        ]
        assert cancelled.missing == (Wanted("own-2", "Le ton"),)
        await folds(database, room)


async def test_of_giving_and_dropping_at_once_the_list_keeps_one_order(database: Database) -> None:
    room = await open_room(database, brief=("Le texte",))

    async def say(person: PersonId, asked: Asked) -> str:
        try:
            await move_item(database, room.order, person, asked, f"c-{asked.move}")
        except ItemSettled:
            return "settled"
        return str(asked.move)

    said = await asyncio.gather(
        say(room.buyer, give("own-1")),
        say(room.seller, Asked(Move.ACCEPT, "own-1")),
        say(room.seller, Asked(Move.DROP, "own-1")),
    )
    assert said.count("settled") < 3
    await folds(database, room)


async def _again(database: Database, room: Room, predecessor: OrderId | None = None) -> Room:
    """Order again between the same two, after `room` unless told otherwise."""
    new = new_order(
        brief=None,
        predecessor=predecessor or room.order,
        buyer=Person(room.buyer, "Inès", "ines@post.test"),
        seller=Person(room.seller, "Tom", "tom@post.test"),
    )
    created = await create_order(database, "shop", new.reference, new)
    return Room(created.order, room.buyer, room.seller)


async def test_ordering_again_brings_the_brief_along(database: Database) -> None:
    room = await open_room(database, brief=None)
    file = await a_file(database, room)
    async with open_post_box(database) as box:
        said = await box.post(room.order, room.buyer, "m1", "210 mots")
        gone = await box.post(room.order, room.buyer, "m2", "mon adresse")
    await edit(database, room.order, room.buyer, said.seq, "212 mots", "e1")
    await redact_after(database, room, gone.seq, give(SCRIPT, messages=(said.seq, gone.seq)))
    await move_item(database, room.order, room.buyer, give(TONE, "", files=(file,)), "g2")
    await move_item(database, room.order, room.seller, Asked(Move.ACCEPT, TONE), "a2")
    await move_item(database, room.order, room.buyer, Asked(Move.DROP, "voice-over.use"), "d1")
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1")
    again = await _again(database, room)
    shown = await brief_of(database, again)
    assert (shown.ready, shown.wanted) == (2, 5)
    assert shown.items[0].note == "voilà\n212 mots", "as it says now; what was erased stays erased"
    assert [known.file for known in shown.items[1].files] == [file]
    assert shown.items[1].state is Readiness.GIVEN, "the seller accepts anew"
    first = (await entries_of(database, again.order))[0].event
    assert isinstance(first, OrderPaid)
    assert first.predecessor == room.order
    await folds(database, again)
    await folds(database, room)


async def test_ordering_again_cuts_nothing_that_was_said(database: Database) -> None:
    """A script is longer than a note may be: it is said anew, whole, and the item points to it."""
    room = await open_room(database, brief=None)
    file = await a_file(database, room)
    script = "Il était une fois. " * 150
    async with open_post_box(database) as box:
        said = [
            (await box.post(room.order, room.buyer, f"m{n}", f"{script}{n}", [SecretKind.PHONE],
                            [SecretKind.PHONE])).seq
            for n in range(2)
        ]  # fmt: skip
    asked = give(SCRIPT, "en deux parties", messages=tuple(said), files=(file,))
    await move_item(database, room.order, room.buyer, asked, "g1")
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1")
    again = await _again(database, room)
    item = (await brief_of(database, again)).items[0]
    assert (item.note, [known.file for known in item.files]) == ("en deux parties", [file])
    told = {entry.seq: entry for entry in await entries_of(database, again.order)}
    words = [told[seq].event for seq in item.messages]
    assert words == [MessageSent(f"{script}{n}", (SecretKind.PHONE,)) for n in range(2)]
    assert {told[seq].actor for seq in item.messages} == {room.buyer}
    await folds(database, again)


async def test_ordering_again_asks_for_what_the_seller_had_asked_for_beside_the_list(
    database: Database,
) -> None:
    room = await open_room(database, brief=None)
    for number, label in enumerate(("Le logo", "La charte", "Le jingle", "Le slogan")):
        asked = Asked(Move.ADD, label=label)
        await move_item(database, room.order, room.seller, asked, f"a{number}")
    await move_item(database, room.order, room.buyer, give("own-6", "en bleu"), "g1")
    await move_item(database, room.order, room.buyer, Asked(Move.DROP, "own-8"), "d1")
    await move_item(database, room.order, room.seller, Asked(Move.ACCEPT, "own-9"), "k1")
    call = await talked(database, room)
    noted = await note_point(database, room.order, room.seller, call, "Sans musique", "n1")
    await answer(database, room.order, room.buyer, noted.seq, Outcome.ACCEPTED, "y1")
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1")
    again = await _again(database, room)
    shown = [(i.label, i.state, i.note) for i in (await brief_of(database, again)).items[5:]]
    assert shown == [
        ("Le logo", Readiness.GIVEN, "en bleu"),
        ("La charte", Readiness.OPEN, ""),
        ("Le slogan", Readiness.OPEN, ""),  # it came another way, of which nothing is known
        ("Sans musique", Readiness.GIVEN, ""),
    ]
    await folds(database, again)


async def redact_after(database: Database, room: Room, seq: int, asked: Asked) -> None:
    await move_item(database, room.order, room.buyer, asked, "g1")
    await redact(database, room.order, seq)


async def test_a_predecessor_is_an_ended_order_of_the_same_two(database: Database) -> None:
    room, other = await open_room(database, brief=None), await open_room(database, brief=None)
    with pytest.raises(Malformed):
        await _again(database, room)  # it has not ended
    for one in (room, other):
        await take_step(database, one.order, one.buyer, Verb.CANCEL, "c1")
    for wrong in (other.order, OrderId("o_unknown")):
        with pytest.raises(Malformed):
            await _again(database, room, predecessor=wrong)
    assert (await seen(database, await _again(database, room))).state is State.AWAITING_VALIDATION


async def test_a_refused_move_leaves_no_trace(database: Database) -> None:
    room = await open_room(database, brief=None)
    before = await brief_of(database, room)
    for person, asked in (
        (room.seller, give(SCRIPT)),
        (room.buyer, Asked(Move.ACCEPT, SCRIPT)),
        (room.buyer, give("own-9")),
        (room.seller, Asked(Move.REOPEN, SCRIPT, note="?")),
    ):
        with pytest.raises(Refused):
            await move_item(database, room.order, person, asked, "x1")
    assert await brief_of(database, room) == before
    assert not [
        entry
        for entry in await entries_of(database, room.order)
        if isinstance(entry.event, BriefItemGiven)
    ]
