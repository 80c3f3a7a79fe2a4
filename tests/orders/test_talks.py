"""Around a call: "please call me", times to talk, and the points that both confirm afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from orders import safety
from orders.agreements import answer
from orders.brief import Readiness
from orders.commands import take_step
from orders.database import Database
from orders.errors import (
    CallsClosed,
    CallUnknown,
    Malformed,
    NotYours,
    ProposalOpen,
    ProposalOver,
    RateExceeded,
    Refused,
    TextEmpty,
    TextTooLong,
    TimeWrong,
    TooManyItems,
    WrongState,
)
from orders.events import BriefItemAgreed, CallAgreed, CallId, PersonId, Role, State
from orders.policy import CallsBy, Policy
from orders.proposals import NOTICE_MOST, POINT_MAX, POINTS_MAX, Outcome, ProposalKind
from orders.tables import calls
from orders.talks import ask_for_call, note_point, propose_talk
from orders.workflow import Verb
from tests.orders.test_agreements import folds, seen
from tests.orders.world import Room, Watch, entries_of, kinds_of, open_room, opened

SELLER_CALLS = Policy(calls_by=CallsBy.SELLER)


async def times(database: Database, *hours: float) -> tuple[datetime, ...]:
    now = await database.now()
    return tuple(now + timedelta(hours=hour) for hour in hours)


async def talked(
    database: Database, room: Room, name: str = "c_1", *, answered: bool = True
) -> CallId:
    """A call that ended, as its row has it."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            insert(calls).values(
                order_id=room.order,
                call_id=name,
                caller=room.seller,
                callee=room.buyer,
                state="ended",
                incarnation="m_gone",
                rang_at=tx.now,
                answered_at=tx.now if answered else None,
                ended_at=tx.now,
                end="completed" if answered else "no_answer",
            )
        )
    return CallId(name)


async def test_who_may_not_call_asks_to_be_called(database: Database) -> None:
    room = await open_room(database, SELLER_CALLS)
    assert (await seen(database, room, Role.BUYER)).may_ask_for_call
    assert not (await seen(database, room, Role.SELLER)).may_ask_for_call
    first = await ask_for_call(database, room.order, room.buyer, "r1", "Un détail du script")
    assert (
        await ask_for_call(database, room.order, room.buyer, "r1", "Un détail du script") == first
    )
    assert (await kinds_of(database, room.order)).count("CallRequested") == 1
    await folds(database, room)


async def test_asking_to_be_called_again_waits(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, SELLER_CALLS)
        await ask_for_call(database, room.order, room.buyer, "r1")
        watch.forward(minutes=5)
        with pytest.raises(RateExceeded) as refused:
            await ask_for_call(database, room.order, room.buyer, "r2")
        assert refused.value.facts == {"limit": "call_request_every", "retry_after": 600}
        watch.forward(minutes=10)
        await ask_for_call(database, room.order, room.buyer, "r3")


async def test_who_may_call_does_not_ask(database: Database) -> None:
    room = await open_room(database)
    for person in (room.buyer, room.seller):
        with pytest.raises(NotYours):
            await ask_for_call(database, room.order, person, "r1")


async def test_who_waits_as_long_as_told_may_ask_to_be_called_again(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, SELLER_CALLS)
        await ask_for_call(database, room.order, room.buyer, "r1")
        watch.forward(seconds=100.5)
        with pytest.raises(RateExceeded) as refusal:
            await ask_for_call(database, room.order, room.buyer, "r2")
        watch.forward(seconds=int(refusal.value.facts["retry_after"] or 0))
        await ask_for_call(database, room.order, room.buyer, "r2")


async def test_nobody_asks_for_a_call_that_is_closed_to_both(database: Database) -> None:
    room = await open_room(database, SELLER_CALLS)
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    await take_step(database, room.order, room.seller, Verb.DELIVER, "s2")
    with pytest.raises(CallsClosed):
        await ask_for_call(database, room.order, room.buyer, "r1")


async def test_one_of_the_proposed_times_is_picked_with_one_tap(database: Database) -> None:
    room = await open_room(database)
    late, early = await times(database, 5, 2)
    asked = await propose_talk(database, room.order, room.buyer, (late, early), "p1", "Le ton")
    (shown,) = (await seen(database, room, Role.SELLER)).proposals
    assert (shown.kind, shown.times, shown.note) == (ProposalKind.TALK, (early, late), "Le ton")
    await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1", late)
    for role in (Role.BUYER, Role.SELLER):
        after = await seen(database, room, role)
        assert (after.talk_at, after.proposals) == (late, ())
    assert (await entries_of(database, room.order))[-1].event == CallAgreed(asked.seq, late)
    await folds(database, room)


async def test_a_single_time_needs_no_naming_and_several_do(database: Database) -> None:
    room = await open_room(database)
    one, two = await times(database, 1, 2)
    asked = await propose_talk(database, room.order, room.buyer, (one, two), "p1")
    with pytest.raises(Malformed):
        await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1")
    other = two + timedelta(minutes=1)
    with pytest.raises(Malformed):
        await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a2", other)
    await answer(database, room.order, room.seller, asked.seq, Outcome.DECLINED, "a3")
    again = await propose_talk(database, room.order, room.seller, (one,), "p2")
    await answer(database, room.order, room.buyer, again.seq, Outcome.ACCEPTED, "a4")
    assert (await seen(database, room)).talk_at == one


async def test_a_time_to_talk_stands_only_while_the_two_talk(database: Database) -> None:
    room = await open_room(database)
    (soon,) = await times(database, 2)
    asked = await propose_talk(database, room.order, room.buyer, (soon,), "p1")
    await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1")
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    assert (await seen(database, room)).talk_at == soon
    await take_step(database, room.order, room.seller, Verb.DELIVER, "s2")
    assert (await seen(database, room)).talk_at is None, "nobody can call"
    await take_step(database, room.order, room.buyer, Verb.REQUEST_REVISION, "s3", "plus lent")
    assert (await seen(database, room)).talk_at == soon
    await safety.block(database, room.order, room.seller, on=True)
    assert (await seen(database, room)).talk_at is None


async def test_a_time_that_has_passed_can_no_longer_be_picked(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        one, two = await times(database, 1, 3)
        asked = await propose_talk(database, room.order, room.buyer, (one, two), "p1")
        watch.forward(hours=2)
        with pytest.raises(TimeWrong):
            await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a1", one)
        await answer(database, room.order, room.seller, asked.seq, Outcome.ACCEPTED, "a2", two)
        watch.forward(minutes=70)
        assert (await seen(database, room)).talk_at == two, "shown a little while longer"
        watch.forward(minutes=10)
        assert (await seen(database, room)).talk_at is None


async def test_times_are_few_different_and_neither_too_soon_nor_too_far(
    database: Database,
) -> None:
    room = await open_room(database)
    (soon,) = await times(database, 1)
    wrong: list[tuple[tuple[datetime, ...], type[Refused]]] = [
        ((), Malformed),
        ((soon, soon), Malformed),
        (tuple(soon + timedelta(hours=n) for n in range(4)), Malformed),
        (await times(database, 0.1), TimeWrong),
        (await times(database, -1), TimeWrong),
        ((soon + NOTICE_MOST,), TimeWrong),
    ]
    for number, (choice, refusal) in enumerate(wrong):
        with pytest.raises(refusal):
            await propose_talk(database, room.order, room.buyer, choice, f"p{number}")
    await propose_talk(database, room.order, room.buyer, (soon,), "p")
    with pytest.raises(ProposalOpen):
        await propose_talk(database, room.order, room.seller, (soon,), "q")


async def test_what_was_agreed_in_a_call_joins_the_brief_once_both_say_so(
    database: Database,
) -> None:
    room = await open_room(database)
    call = await talked(database, room)
    noted = await note_point(database, room.order, room.seller, call, "Ton chaleureux", "n1")
    (shown,) = (await seen(database, room)).proposals
    assert (shown.kind, shown.note, shown.call) == (ProposalKind.POINT, "Ton chaleureux", call)
    with pytest.raises(NotYours):
        await answer(database, room.order, room.seller, noted.seq, Outcome.ACCEPTED, "a1")
    await answer(database, room.order, room.buyer, noted.seq, Outcome.ACCEPTED, "a2")
    after = await seen(database, room)
    assert after.brief is not None
    (item,) = after.brief.items
    assert (item.label, item.state) == ("Ton chaleureux", Readiness.ACCEPTED)
    event = (await entries_of(database, room.order))[-1].event
    assert event == BriefItemAgreed(noted.seq, "Ton chaleureux", item.item)
    await folds(database, room)


async def test_several_points_wait_and_each_is_answered_alone(database: Database) -> None:
    room = await open_room(database)
    call = await talked(database, room)
    points = [
        await note_point(database, room.order, person, call, f"Point {number}", f"n{number}")
        for number, person in enumerate((room.seller, room.buyer, room.seller))
    ]
    await answer(database, room.order, room.buyer, points[0].seq, Outcome.DECLINED, "a0")
    await answer(database, room.order, room.buyer, points[1].seq, Outcome.WITHDRAWN, "a1")
    await answer(database, room.order, room.buyer, points[2].seq, Outcome.ACCEPTED, "a2")
    with pytest.raises(ProposalOver):
        await answer(database, room.order, room.buyer, points[0].seq, Outcome.ACCEPTED, "a3")
    after = await seen(database, room)
    assert after.proposals == ()
    assert after.brief is not None
    assert [item.label for item in after.brief.items] == ["Point 2"]
    assert (await kinds_of(database, room.order)).count("PointDropped") == 2
    await folds(database, room)


async def test_points_need_a_call_in_which_somebody_talked(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(CallUnknown):
        await note_point(database, room.order, room.buyer, CallId("c_none"), "Point", "n1")
    missed = await talked(database, room, "c_2", answered=False)
    with pytest.raises(WrongState):
        await note_point(database, room.order, room.buyer, missed, "Point", "n2")


async def test_points_are_short_and_not_endless(database: Database) -> None:
    room = await open_room(database)
    call = await talked(database, room)
    with pytest.raises(TextEmpty):
        await note_point(database, room.order, room.buyer, call, " ", "n1")
    with pytest.raises(TextTooLong):
        await note_point(database, room.order, room.buyer, call, "x" * (POINT_MAX + 1), "n2")
    for number in range(POINTS_MAX):
        await note_point(database, room.order, room.buyer, call, "x" * POINT_MAX, f"m{number}")
    with pytest.raises(TooManyItems):
        await note_point(database, room.order, room.seller, call, "One more", "n3")


async def test_what_waits_lapses_when_the_order_ends(database: Database) -> None:
    room = await open_room(database)
    call = await talked(database, room)
    await note_point(database, room.order, room.seller, call, "Point", "n1")
    await propose_talk(database, room.order, room.seller, await times(database, 1), "p1")
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "s1", "Plus besoin")
    after = await seen(database, room)
    assert (after.state, after.proposals) == (State.CANCELLED, ())
    assert (await kinds_of(database, room.order)).count("ProposalLapsed") == 2
    with pytest.raises(WrongState):
        await note_point(database, room.order, room.seller, call, "Point", "n2")
    await folds(database, room)


async def test_strangers_learn_nothing(database: Database) -> None:
    room = await open_room(database, SELLER_CALLS)
    stranger = PersonId("stranger")
    for asking in (
        ask_for_call(database, room.order, stranger, "x1"),
        propose_talk(database, room.order, stranger, await times(database, 1), "x2"),
        note_point(database, room.order, stranger, CallId("c_1"), "Point", "x3"),
    ):
        with pytest.raises(Refused) as refused:
            await asking
        assert refused.value.code == "order_unknown"
