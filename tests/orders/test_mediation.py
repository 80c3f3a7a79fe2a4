"""A frozen order stands still; a mediator leads the talk of three, and decides about the money."""

from __future__ import annotations

import secrets

import pytest

from orders import inbox, ledger, views
from orders.agreements import answer, propose
from orders.commands import Person, take_step
from orders.database import Database
from orders.errors import (
    AmountWrong,
    ChatClosed,
    IdReused,
    Malformed,
    NotYours,
    OrderUnknown,
    WrongState,
)
from orders.events import OrderId, PersonId, Role, State
from orders.fold import View, fold
from orders.mediation import freeze, send_mediator
from orders.money import Account
from orders.proposals import Outcome, ProposalKind
from orders.workflow import Verb
from tests.orders.world import Room, entries_of, kinds_of, open_post_box, open_room


def mediator() -> Person:
    """Somebody from the marketplace whom no other test knows."""
    return Person(f"mediator-{secrets.token_hex(6)}", "Maud", "maud@shop.test")


async def disputed(database: Database) -> tuple[Room, PersonId]:
    """An order whose buyer filed a dispute after a refused revision, and its mediator."""
    room = await open_room(database)
    for person, verb in (
        (room.seller, Verb.START),
        (room.seller, Verb.DELIVER),
        (room.buyer, Verb.REQUEST_REVISION),
        (room.seller, Verb.REFUSE_REVISION),
        (room.buyer, Verb.DISPUTE),
    ):
        await take_step(database, room.order, person, verb, str(verb), "parce que")
    somebody = mediator()
    await send_mediator(database, room.order, "m1", somebody)
    return room, PersonId(somebody.person)


async def folds(database: Database, room: Room) -> None:
    """The timeline tells all of it (law 5)."""
    view = View(room.order)
    for entry in await entries_of(database, room.order):
        view = fold(view, entry)
    async with database.reading() as conn:
        assert view == await views.snapshot(conn, room.order)


async def _waits_for(database: Database, person: PersonId, order: OrderId) -> bool:
    """Whether that person's inbox says that it is their turn in the order."""
    async with database.reading() as conn:
        (row,) = await inbox.inbox(conn, person, order)
    return row.my_turn


async def test_a_freeze_stops_the_clocks_and_the_conversation(database: Database) -> None:
    room = await open_room(database)
    first = await freeze(database, room.order, "f1", "contrôle")
    assert await freeze(database, room.order, "f1", "contrôle") == first
    with pytest.raises(IdReused):
        await freeze(database, room.order, "f1", "autre chose")
    with pytest.raises(WrongState):
        await freeze(database, room.order, "f2")
    with pytest.raises(OrderUnknown):
        await freeze(database, OrderId("o_none"), "f3")
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.buyer, await database.now())
    assert (seen.state, seen.deadlines, seen.actions) == (State.FROZEN, (), ())
    async with open_post_box(database) as box:
        with pytest.raises(ChatClosed):
            await box.post(room.order, room.buyer, "c1", "bonjour ?")
    await folds(database, room)


async def test_a_mediator_comes_to_a_frozen_order_only_and_only_one(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(WrongState):
        await send_mediator(database, room.order, "m1", mediator())
    await freeze(database, room.order, "f1")
    with pytest.raises(Malformed):
        await send_mediator(
            database, room.order, "m2", Person(room.buyer, "Inès", "ines@post.test")
        )
    await send_mediator(database, room.order, "m3", mediator())
    with pytest.raises(WrongState):
        await send_mediator(database, room.order, "m4", mediator())
    assert (await kinds_of(database, room.order))[-1] == "MediatorJoined"


async def test_with_a_mediator_three_talk_and_the_mediator_reads_everything(
    database: Database,
) -> None:
    room, judge = await disputed(database)
    async with open_post_box(database) as box:
        for number, person in enumerate((judge, room.buyer, room.seller)):
            await box.post(room.order, person, f"c{number}", "voici mon avis")
    async with database.reading() as conn:
        assert await views.role_of(conn, room.order, judge) is Role.MEDIATOR
        (row,) = await inbox.inbox(conn, judge)
        assert row.unread == 2
        (theirs,) = await inbox.inbox(conn, room.buyer)
        assert theirs.unread == 2
    await folds(database, room)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.DECLINED, Outcome.WITHDRAWN])
async def test_what_one_party_proposes_is_not_the_mediators_to_answer(
    database: Database, outcome: Outcome
) -> None:
    room, judge = await disputed(database)
    await take_step(database, room.order, judge, Verb.DECIDE_RESUME, "d1", "continuez")
    asked = await propose(database, room.order, room.buyer, ProposalKind.REFUND, 4000, "p1")
    with pytest.raises(NotYours):
        await answer(database, room.order, judge, asked.seq, outcome, "a1")
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.seller, await database.now())
    assert seen.held_cents == 5000
    assert [proposal.seq for proposal in seen.proposals] == [asked.seq]


@pytest.mark.parametrize(
    ("verb", "cents", "state", "seller", "buyer"),
    [
        (Verb.DECIDE_REFUND, 0, State.CANCELLED, 0, 5000),
        (Verb.DECIDE_SPLIT, 2000, State.CLOSED, 3000, 2000),
        (Verb.DECIDE_PAY, 0, State.CLOSED, 5000, 0),
        (Verb.DECIDE_RESUME, 0, State.IN_PROGRESS, 0, 0),
    ],
)
async def test_the_mediator_decides_and_nobody_else(
    database: Database, verb: Verb, cents: int, state: State, seller: int, buyer: int
) -> None:
    room, judge = await disputed(database)
    assert await _waits_for(database, judge, room.order)
    assert not await _waits_for(database, room.buyer, room.order)
    for party in (room.buyer, room.seller):
        with pytest.raises(NotYours):
            await take_step(database, room.order, party, verb, f"x-{party}", "non", cents)
    first = await take_step(database, room.order, judge, verb, "d1", "vu le dossier", cents)
    assert first == await take_step(database, room.order, judge, verb, "d1", "vu le dossier", cents)
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.buyer, await database.now())
        balances = (await ledger.read(conn, room.order)).balances
    assert seen.state is state
    assert not await _waits_for(database, judge, room.order)
    assert balances[Account.SELLER] == seller
    assert balances[Account.PAYMENT] == buyer - 5000
    assert sum(balances.values()) == 0
    await folds(database, room)


@pytest.mark.parametrize(("handed", "turn"), [(False, Role.BUYER), (True, Role.SELLER)])
async def test_an_order_resumed_before_its_start_waits_for_whom_it_waited_for(
    database: Database, turn: Role, *, handed: bool
) -> None:
    room = await open_room(database)
    if handed:
        await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "h1")
    await freeze(database, room.order, "f1")
    judge = mediator()
    await send_mediator(database, room.order, "m1", judge)
    person = PersonId(judge.person)
    await take_step(database, room.order, person, Verb.DECIDE_RESUME, "d1", "en règle")
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.buyer, await database.now())
    assert (seen.state, seen.brief_handed) == (State.AWAITING_VALIDATION, handed)
    assert seen.turn is not None
    assert seen.turn.role is turn
    await folds(database, room)


async def test_a_split_beyond_what_is_held_changes_nothing(database: Database) -> None:
    room, judge = await disputed(database)
    before = await kinds_of(database, room.order)
    with pytest.raises(AmountWrong):
        await take_step(database, room.order, judge, Verb.DECIDE_SPLIT, "d", "moitié", 5000)
    assert await kinds_of(database, room.order) == before
