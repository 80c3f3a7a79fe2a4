"""The rules of a call, without a database."""

from datetime import timedelta

import msgspec
import pytest

from orders.errors import CallOver, CallsClosed, InCall, NotYours, WrongState
from orders.events import CallAnswered, CallEnd, CallEnded, CallId, PersonId, Role, State
from orders.policy import CallsBy, Policy
from realtime.voice.calls import (
    Call,
    CallState,
    Verb,
    accept,
    break_off,
    check_media,
    decline,
    hang_up,
    part,
    ring_out,
    start,
)
from tests.orders.world import MONDAY, facts

BUYER, SELLER = PersonId("buyer"), PersonId("seller")
RINGING = Call(
    id=CallId("c"), caller=BUYER, callee=SELLER, state=CallState.RINGING, incarnation="media"
)
ACTIVE = msgspec.structs.replace(RINGING, state=CallState.ACTIVE, answered_at=MONDAY)
ENDED = msgspec.structs.replace(RINGING, state=CallState.ENDED, end=CallEnd.DECLINED)
LATER = MONDAY + timedelta(seconds=61.9)


def test_either_may_call_while_the_conversation_is_open() -> None:
    assert start(facts(), Role.BUYER, BUYER, None) is None
    assert start(facts(), Role.SELLER, SELLER, None) is None


def test_a_setting_leaves_calling_to_the_seller() -> None:
    only = facts(policy=Policy(calls_by=CallsBy.SELLER))
    assert start(only, Role.SELLER, SELLER, None) is None
    with pytest.raises(CallsClosed) as refused:
        start(only, Role.BUYER, BUYER, None)
    assert refused.value.facts["reason"] == "seller_only"


def test_nobody_calls_while_a_delivery_waits_for_its_answer() -> None:
    with pytest.raises(CallsClosed) as refused:
        start(facts(State.DELIVERED), Role.SELLER, SELLER, None)
    assert refused.value.facts == {"state": "delivered", "reason": "delivered"}


def test_who_calls_while_being_called_means_the_same_call() -> None:
    assert start(facts(), Role.SELLER, SELLER, RINGING) is RINGING
    # even where only the other one may begin a call
    only = facts(policy=Policy(calls_by=CallsBy.SELLER))
    rung = msgspec.structs.replace(RINGING, caller=SELLER, callee=BUYER)
    assert start(only, Role.BUYER, BUYER, rung) is rung


@pytest.mark.parametrize(
    ("person", "present"), [(BUYER, RINGING), (BUYER, ACTIVE), (SELLER, ACTIVE)]
)
def test_who_is_in_the_call_cannot_begin_another(person: PersonId, present: Call) -> None:
    with pytest.raises(InCall) as refused:
        start(facts(), Role.BUYER, person, present)
    assert refused.value.facts == {"who": "you"}


def test_the_callee_accepts_or_declines() -> None:
    assert accept(RINGING, SELLER, Role.SELLER) == CallAnswered(RINGING.id)
    assert decline(RINGING, SELLER, Role.SELLER) == CallEnded(RINGING.id, CallEnd.DECLINED)


def test_the_caller_does_neither_and_takes_the_call_back() -> None:
    for act in (accept, decline):
        with pytest.raises(NotYours):
            act(RINGING, BUYER, Role.BUYER)
    with pytest.raises(NotYours):
        hang_up(RINGING, SELLER, Role.SELLER, LATER)
    cancelled = CallEnded(RINGING.id, CallEnd.CANCELLED)
    assert hang_up(RINGING, BUYER, Role.BUYER, LATER) == cancelled


def test_what_another_device_answered_cannot_be_answered_or_declined() -> None:
    for act in (accept, decline):
        with pytest.raises(CallOver) as refused:
            act(ACTIVE, SELLER, Role.SELLER)
        assert refused.value.facts == {"call": "c", "end": "answered"}


@pytest.mark.parametrize("person", [BUYER, SELLER])
def test_either_ends_the_talk_and_its_length_is_without_the_ringing(person: PersonId) -> None:
    completed = CallEnded(ACTIVE.id, CallEnd.COMPLETED, 61)
    assert hang_up(ACTIVE, person, Role.BUYER, LATER) == completed


def test_who_blocks_the_other_one_ends_the_call_as_they_could_themselves() -> None:
    assert part(RINGING, BUYER, Role.BUYER, LATER).end is CallEnd.CANCELLED
    assert part(RINGING, SELLER, Role.SELLER, LATER).end is CallEnd.DECLINED
    for person, role in ((BUYER, Role.BUYER), (SELLER, Role.SELLER)):
        assert part(ACTIVE, person, role, LATER) == CallEnded(ACTIVE.id, CallEnd.COMPLETED, 61)


def test_a_talk_is_never_shorter_than_nothing() -> None:
    before = MONDAY - timedelta(seconds=1)
    assert hang_up(ACTIVE, BUYER, Role.BUYER, before).seconds == 0


def test_nothing_happens_to_a_call_that_is_over() -> None:
    for act in (accept, decline):
        with pytest.raises(CallOver) as refused:
            act(ENDED, SELLER, Role.SELLER)
        assert refused.value.facts == {"call": "c", "end": "declined"}
    with pytest.raises(CallOver):
        hang_up(ENDED, BUYER, Role.BUYER, LATER)
    with pytest.raises(CallOver):
        check_media(ENDED, BUYER, Verb.OFFER)
    assert ring_out(ENDED, busy=False) is None
    assert break_off(ENDED, CallEnd.FAILED, LATER) is None


def test_a_ring_that_nobody_answers_ends_and_an_answered_one_does_not() -> None:
    assert ring_out(RINGING, busy=False) == CallEnded(RINGING.id, CallEnd.NO_ANSWER)
    assert ring_out(RINGING, busy=True) == CallEnded(RINGING.id, CallEnd.BUSY)
    assert ring_out(ACTIVE, busy=False) is None


def test_a_call_breaks_off_ringing_or_talking() -> None:
    assert break_off(RINGING, CallEnd.FAILED, LATER) == CallEnded(RINGING.id, CallEnd.FAILED)
    assert break_off(ACTIVE, CallEnd.STOPPED, LATER) == CallEnded(ACTIVE.id, CallEnd.STOPPED, 61)


def test_who_is_called_is_not_heard_before_answering() -> None:
    check_media(RINGING, BUYER, Verb.OFFER)
    check_media(ACTIVE, SELLER, Verb.OFFER)
    with pytest.raises(WrongState):
        check_media(RINGING, SELLER, Verb.OFFER)
