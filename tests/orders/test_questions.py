"""A question is an order before its payment, and paying makes the same one an order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from orders import inbox, ledger, views
from orders.agreements import propose
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Database
from orders.errors import (
    ChatClosed,
    IdReused,
    Malformed,
    NotYours,
    OrderUnknown,
    TextTooLong,
    WrongState,
)
from orders.events import OrderId, Role, State, Timer
from orders.inbox import InboxRow
from orders.money import Account
from orders.policy import HOUR, Policy
from orders.proposals import ProposalKind
from orders.questions import ask, pay_question, put_away
from orders.situation import GateReason, Situation
from orders.workflow import Operator, Verb
from tests.orders.world import (
    MONDAY,
    PAYMENT,
    Room,
    Watch,
    entries_of,
    kinds_of,
    new_question,
    open_post_box,
    open_question,
    open_room,
    opened,
    verified,
)


async def seen(database: Database, room: Room, role: Role) -> Situation:
    async with database.reading() as conn:
        return await views.situation(conn, room.order, room.person(role), await database.now())


async def line(database: Database, room: Room, role: Role) -> InboxRow:
    async with database.reading() as conn:
        (row,) = await inbox.inbox(conn, room.person(role), room.order)
    return row


async def test_a_question_has_words_and_no_money_and_no_clock(database: Database) -> None:
    room = await open_question(database)
    assert await kinds_of(database, room.order) == ["QuestionAsked", "MessageSent"]
    now = await seen(database, room, Role.BUYER)
    assert (now.state, now.deadlines, now.held_cents, now.price_cents) == (State.QUESTION, (), 0, 0)
    assert now.chat.open
    assert (now.brief, now.may_propose, now.refund) == (None, (ProposalKind.TALK,), None)
    async with database.reading() as conn:
        assert (await ledger.read(conn, room.order)).postings == ()


async def test_it_is_the_turn_of_whoever_was_spoken_to_last(database: Database) -> None:
    room = await open_question(database)
    async with open_post_box(database) as box:
        for speaker, role, other in (
            (room.seller, Role.SELLER, Role.BUYER),
            (room.buyer, Role.BUYER, Role.SELLER),
        ):
            turn = (await seen(database, room, role)).turn
            assert turn is not None
            assert turn.role is role
            assert (await line(database, room, role)).my_turn
            assert not (await line(database, room, other)).my_turn
            await box.post(room.order, speaker, f"m-{role}", "Bonjour !")


async def test_who_has_not_asked_yet_speaks_first(database: Database) -> None:
    room = await open_question(database, text="")
    turn = (await seen(database, room, Role.SELLER)).turn
    assert turn is not None
    assert turn.role is Role.BUYER
    assert (await line(database, room, Role.BUYER)).my_turn


async def test_paying_makes_this_same_order_one_that_awaits_validation(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_question(database)
        watch.forward(days=12)
        payment = msgspec.structs.replace(
            PAYMENT, policy=Policy(brief_window=HOUR), brief=("Le texte",), title="Voix off, 90 s"
        )
        await pay_question(database, room.order, "pay-1", payment)
        assert await kinds_of(database, room.order) == [
            "QuestionAsked", "MessageSent", "OrderPaid", "MoneyHeld", "DeadlineSet",
        ]  # fmt: skip
        now = await seen(database, room, Role.BUYER)
        assert now.state is State.AWAITING_VALIDATION
        assert (now.held_cents, now.price_cents) == (5000, 5000)
        (window,) = now.deadlines
        assert (window.timer, window.due) == (
            Timer.BRIEF_WINDOW,
            MONDAY + timedelta(days=12, hours=1),
        )
        assert now.brief is not None
        assert [item.label for item in now.brief.items] == ["Le texte"]
        async with database.reading() as conn:
            money = await ledger.read(conn, room.order)
            title = (await views.room(conn, room.order)).title
        assert money.balances[Account.ESCROW] == 5000
        assert {posting.seq for posting in money.postings} == {4}, "tied to the entry that tells it"
        assert title == "Voix off, 90 s"
        assert await verified(database, room.order) == 5
        watch.forward(hours=1)
        await Sweeper(database).sweep()
        assert (await seen(database, room, Role.BUYER)).state is State.CANCELLED


async def test_windows_count_from_the_payment_and_not_from_its_telling(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_question(database)
        paid = msgspec.structs.replace(PAYMENT, paid_at=watch.now - timedelta(hours=2))
        await pay_question(database, room.order, "pay-1", paid)
        (window,) = (await seen(database, room, Role.SELLER)).deadlines
        assert window.due == MONDAY + timedelta(hours=46)


async def test_paying_is_said_twice_and_happens_once(database: Database) -> None:
    room = await open_question(database)
    answers = await asyncio.gather(
        *(pay_question(database, room.order, "pay-1", PAYMENT) for _ in range(4))
    )
    assert len(set(answers)) == 1
    other = msgspec.structs.replace(PAYMENT, price_cents=6000)
    with pytest.raises(IdReused):
        await pay_question(database, room.order, "pay-1", other)
    with pytest.raises(WrongState):
        await pay_question(database, room.order, "pay-2", PAYMENT)
    async with database.reading() as conn:
        assert (await ledger.read(conn, room.order)).balances[Account.ESCROW] == 5000


async def test_paying_under_the_number_of_another_order_changes_nothing(
    database: Database,
) -> None:
    taken = new_question()
    await ask(database, "shop", taken.reference, taken)
    room = await open_question(database)
    payment = msgspec.structs.replace(PAYMENT, reference=taken.reference)
    with pytest.raises(IdReused):
        await pay_question(database, room.order, "pay-1", payment)
    assert (await seen(database, room, Role.BUYER)).state is State.QUESTION
    assert await verified(database, room.order) == 2


async def test_a_paid_order_is_no_question(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(WrongState):
        await pay_question(database, room.order, "pay-1", PAYMENT)
    with pytest.raises(OrderUnknown):
        await pay_question(database, OrderId("o_none"), "pay-1", PAYMENT)
    with pytest.raises(WrongState):
        await put_away(database, room.order, "away-1")


async def test_only_the_marketplace_tells_of_a_payment(database: Database) -> None:
    room = await open_question(database)
    for role in (Role.BUYER, Role.SELLER):
        with pytest.raises(NotYours):
            await take_step(database, room.order, room.person(role), Verb.PAY, f"p-{role}")


@pytest.mark.parametrize("role", [Role.BUYER, Role.SELLER, Operator.MARKETPLACE])
async def test_either_party_or_the_marketplace_puts_a_question_away(
    database: Database, role: Role | Operator
) -> None:
    room = await open_question(database)
    if isinstance(role, Operator):
        await put_away(database, room.order, "away-1", "Réglé autrement.")
        await put_away(database, room.order, "away-1", "Réglé autrement.")
    else:
        who = room.person(role)
        await take_step(database, room.order, who, Verb.CLOSE_QUESTION, "q", "Réglé autrement.")
    assert (await kinds_of(database, room.order))[2:] == ["QuestionClosed"]
    now = await seen(database, room, Role.BUYER)
    assert (now.state, now.turn, now.actions) == (State.QUESTION_CLOSED, None, ())
    assert now.chat.reason is GateReason.ENDED
    async with open_post_box(database) as box:
        with pytest.raises(ChatClosed):
            await box.post(room.order, room.buyer, "m", "Encore une chose…")
    with pytest.raises(WrongState):
        await pay_question(database, room.order, "pay-1", PAYMENT)


async def test_nothing_of_a_paid_order_can_be_done_in_a_question(database: Database) -> None:
    room = await open_question(database)
    before = await entries_of(database, room.order)
    for verb in Verb:
        if verb is Verb.CLOSE_QUESTION:
            continue
        for who in (room.buyer, room.seller):
            with pytest.raises((WrongState, NotYours)):
                await take_step(database, room.order, who, verb, f"{verb}-{who}", "parce que")
    for kind in (ProposalKind.TIME, ProposalKind.REFUND):
        with pytest.raises(WrongState):
            await propose(database, room.order, room.seller, kind, 3600, f"p-{kind}")
    assert await entries_of(database, room.order) == before


async def test_a_question_asked_twice_is_one_and_another_under_its_key_is_refused(
    database: Database,
) -> None:
    new = new_question()
    first, again = [await ask(database, "shop", new.reference, new) for _ in range(2)]
    assert (first.order, again.repeated) == (again.order, True)
    other = msgspec.structs.replace(new, text="Autre chose ?")
    with pytest.raises(IdReused):
        await ask(database, "shop", new.reference, other)
    with pytest.raises(TextTooLong):
        await ask(database, "shop", "k", msgspec.structs.replace(new, text="x" * 5001))
    alone = msgspec.structs.replace(new, seller=new.buyer)
    with pytest.raises(Malformed):
        await ask(database, "shop", "k", alone)
