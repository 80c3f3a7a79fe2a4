"""The two may agree on more time, or on a part of the money back; nobody can agree alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from orders import ledger, views
from orders.agreements import answer, propose
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Database
from orders.errors import (
    AmountWrong,
    NotYours,
    OrderUnknown,
    ProposalOpen,
    ProposalOver,
    ProposalUnknown,
    Refused,
    TimeWrong,
    WrongState,
)
from orders.events import PersonId, Role, State, Timer
from orders.fold import View, fold
from orders.money import Account
from orders.policy import Policy
from orders.proposals import Outcome, ProposalKind
from orders.situation import Situation
from orders.workflow import Verb
from tests.orders.world import Room, Watch, entries_of, kinds_of, open_room, opened

DAY = 24 * 3600
TIME, REFUND = ProposalKind.TIME, ProposalKind.REFUND


async def seen(database: Database, room: Room, role: Role = Role.BUYER) -> Situation:
    """What a party sees now."""
    async with database.reading() as conn:
        return await views.situation(conn, room.order, room.person(role), await database.now())


async def folds(database: Database, room: Room) -> None:
    """The timeline tells all of it: folded, it equals what the rows say (law 5)."""
    view = View(room.order)
    for entry in await entries_of(database, room.order):
        view = fold(view, entry)
    async with database.reading() as conn:
        assert view == await views.snapshot(conn, room.order)


async def test_agreed_time_moves_the_clock_for_both_and_says_so(database: Database) -> None:
    room = await open_room(database)
    before = (await seen(database, room)).deadlines[0]
    asked = await propose(database, room.order, room.buyer, TIME, DAY, "p1", "week-end")
    (shown,) = (await seen(database, room, Role.SELLER)).proposals
    assert (shown.seq, shown.amount, shown.timer) == (asked.seq, DAY, Timer.BRIEF_WINDOW)
    await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1")
    for role in (Role.BUYER, Role.SELLER):
        after = await seen(database, room, role)
        assert after.deadlines[0].due == before.due + timedelta(days=1)
        assert after.proposals == ()
    assert (await kinds_of(database, room.order))[-2:] == ["ProposalAccepted", "DeadlineMoved"]
    await folds(database, room)


async def test_nobody_agrees_with_themselves_and_nobody_takes_back_anothers(
    database: Database,
) -> None:
    room = await open_room(database)
    asked = await propose(database, room.order, room.seller, TIME, DAY, "p1")
    for person, outcome in (
        (room.seller, Outcome.ACCEPTED),
        (room.seller, Outcome.DECLINED),
        (room.buyer, Outcome.WITHDRAWN),
    ):
        with pytest.raises(NotYours):
            await answer(database, room.order, person, asked.seq, outcome, f"x-{outcome}")
    with pytest.raises(OrderUnknown):
        await answer(database, room.order, PersonId("stranger"), asked.seq, Outcome.ACCEPTED, "x")
    with pytest.raises(ProposalUnknown):
        await answer(database, room.order, room.buyer, 9999, Outcome.ACCEPTED, "y")


@pytest.mark.parametrize("outcome", [Outcome.DECLINED, Outcome.WITHDRAWN])
async def test_what_was_declined_or_withdrawn_is_over_and_another_may_follow(
    database: Database, outcome: Outcome
) -> None:
    room = await open_room(database)
    asked = await propose(database, room.order, room.buyer, TIME, DAY, "p1")
    with pytest.raises(ProposalOpen):
        await propose(database, room.order, room.seller, TIME, DAY, "p2")
    by = room.buyer if outcome is Outcome.WITHDRAWN else room.seller
    await answer(database, room.order, by, asked.seq, outcome, "a1")
    with pytest.raises(ProposalOver):
        await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a2")
    await propose(database, room.order, room.seller, TIME, DAY, "p3")
    await folds(database, room)


async def test_time_is_bounded_in_length_and_in_how_often(database: Database) -> None:
    room = await open_room(database, Policy(extra_times=1, extra_time_most=2 * DAY))
    for seconds in (-DAY, 0, 59, 2 * DAY + 1):
        with pytest.raises(TimeWrong):
            await propose(database, room.order, room.buyer, TIME, seconds, f"p{seconds}")
    asked = await propose(database, room.order, room.buyer, TIME, DAY, "p1")
    await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1")
    with pytest.raises(TimeWrong):
        await propose(database, room.order, room.buyer, TIME, DAY, "p2")


async def test_agreed_time_never_goes_beyond_the_orders_life(database: Database) -> None:
    room = await open_room(database, Policy(order_life=3 * DAY))
    asked = await propose(database, room.order, room.buyer, TIME, 2 * DAY, "p1")
    with pytest.raises(TimeWrong):
        await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1")
    assert len((await seen(database, room)).proposals) == 1, "nothing was half done"


async def test_a_late_order_taken_up_by_agreement_is_in_progress_again(
    database_url: str,
) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        room = await open_room(database, Policy(delivery=3600))
        await take_step(database, room.order, room.seller, Verb.START, "s")
        sweeper = Sweeper(database)
        watch.forward(hours=2)
        await sweeper.sweep()
        assert (await seen(database, room)).state is State.LATE
        asked = await propose(database, room.order, room.seller, TIME, DAY, "p1")
        await answer(database, room.order, room.buyer, asked.seq, Outcome.ACCEPTED, "a1")
        after = await seen(database, room)
        assert after.state is State.IN_PROGRESS
        assert after.deadlines[0].due == watch.now + timedelta(days=1)
        await folds(database, room)


async def test_an_agreed_refund_moves_the_money_once_and_the_order_goes_on(
    database: Database,
) -> None:
    room = await open_room(database)
    await take_step(database, room.order, room.seller, Verb.START, "s")
    asked = await propose(database, room.order, room.seller, REFUND, 1500, "p1", "moins long")
    first = await answer(database, room.order, room.buyer, asked.seq, Outcome.ACCEPTED, "a1")
    again = await answer(database, room.order, room.buyer, asked.seq, Outcome.ACCEPTED, "a1")
    assert first == again
    after = await seen(database, room)
    assert (after.state, after.held_cents) == (State.IN_PROGRESS, 3500)
    await take_step(database, room.order, room.seller, Verb.DELIVER, "d")
    await take_step(database, room.order, room.buyer, Verb.CLOSE, "c")
    async with database.reading() as conn:
        balances = (await ledger.read(conn, room.order)).balances
    assert balances[Account.ESCROW] == 0
    assert balances[Account.SELLER] == 3500
    assert balances[Account.PAYMENT] == -3500
    await folds(database, room)


@pytest.mark.parametrize("cents", [-5, 0, 5000, 5001])
async def test_a_refund_by_agreement_leaves_something_in_escrow(
    database: Database, cents: int
) -> None:
    room = await open_room(database)
    with pytest.raises(AmountWrong):
        await propose(database, room.order, room.buyer, REFUND, cents, "p1")


async def test_what_waits_lapses_when_the_order_moves_on(database: Database) -> None:
    room = await open_room(database)
    await propose(database, room.order, room.buyer, TIME, DAY, "p1")
    await propose(database, room.order, room.buyer, REFUND, 100, "p2")
    await take_step(database, room.order, room.seller, Verb.START, "s")
    left = (await seen(database, room)).proposals
    assert [proposal.kind for proposal in left] == [REFUND]
    await take_step(database, room.order, room.seller, Verb.GIVE_UP, "g", "malade")
    assert (await seen(database, room)).proposals == ()
    with pytest.raises(WrongState):
        await propose(database, room.order, room.buyer, TIME, DAY, "p3")
    await folds(database, room)


async def test_an_answer_racing_with_a_withdrawal_leaves_one_of_them(database: Database) -> None:
    room = await open_room(database)
    asked = await propose(database, room.order, room.buyer, REFUND, 100, "p1")

    async def say(person: PersonId, outcome: Outcome) -> Outcome | None:
        try:
            await answer(database, room.order, person, asked.seq, outcome, f"r-{outcome}")
        except Refused:
            return None
        return outcome

    won = await asyncio.gather(
        say(room.buyer, Outcome.WITHDRAWN), say(room.seller, Outcome.ACCEPTED)
    )
    assert sum(outcome is not None for outcome in won) == 1
    held = 4900 if Outcome.ACCEPTED in won else 5000
    assert (await seen(database, room)).held_cents == held
    await folds(database, room)


async def test_a_note_with_a_nul_in_it_is_kept_without_it(database: Database) -> None:
    room = await open_room(database)
    await propose(database, room.order, room.buyer, TIME, DAY, "p1", "un\x00 jour")
    (shown,) = (await seen(database, room)).proposals
    assert shown.note == "un jour"
