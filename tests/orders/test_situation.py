"""Each party sees what they may do and expects, and never the other's means of payment."""

from datetime import date, timedelta
from itertools import product

import msgspec
import pytest

from orders.decisions import OrderFacts, RunningTimer
from orders.events import CallId, PersonId, Role, State, Timer
from orders.money import Means, Visibility
from orders.policy import CallsBy, Policy
from orders.situation import (
    CallNow,
    Gate,
    GateReason,
    OpenMoney,
    Refund,
    Situation,
    Turn,
    Zero,
    call_gate,
    chat_gate,
    see,
)
from orders.workflow import ENDED, Verb
from tests.orders.world import ALLOWED, MONDAY, facts

IN_TWO_DAYS = MONDAY + timedelta(hours=48)
WINDOW = RunningTimer(Timer.BRIEF_WINDOW, MONDAY, IN_TWO_DAYS)
REFUNDED = OpenMoney(Means.CARD, 5000, MONDAY)


def _see(
    order: OrderFacts,
    role: Role,
    *timers: RunningTimer,
    ledger: OpenMoney | None = None,
    call: CallNow | None = None,
) -> Situation:
    return see(order, role, MONDAY, 7, timers, ledger or OpenMoney(Means.CARD), call)


@pytest.mark.parametrize(("state", "role"), [*product(State, Role)])
def test_the_actions_are_those_of_the_table(state: State, role: Role) -> None:
    wanted = {verb for source, verb, by in ALLOWED if (source, by) == (state, role)}
    actions = _see(facts(state), role).actions
    assert set(actions) == wanted
    assert len(actions) == len(wanted)


def test_nobody_is_offered_what_only_a_clock_does() -> None:
    for state, role in product(State, Role):
        assert Verb.EXPIRE not in _see(facts(state), role).actions


def test_the_buyer_sees_when_the_refund_at_zero_would_reach_the_card() -> None:
    (deadline,) = _see(facts(), Role.BUYER, WINDOW).deadlines
    # zero is on a Wednesday
    assert deadline.visible == Visibility(
        Means.CARD, at_once=False, earliest=date(2026, 11, 30), latest=date(2026, 12, 2)
    )
    assert (deadline.zero, deadline.cents) == (Zero.CANCELLED_REFUNDED, 5000)


def test_the_buyer_sees_when_a_refund_made_reaches_the_card() -> None:
    shown = _see(facts(State.CANCELLED), Role.BUYER, ledger=REFUNDED).refund
    assert shown == Refund(
        5000,
        "EUR",
        MONDAY,
        Visibility(
            Means.CARD, at_once=False, earliest=date(2026, 11, 26), latest=date(2026, 11, 30)
        ),
    )


@pytest.mark.parametrize("state", State)
def test_what_the_seller_sees_does_not_depend_on_how_the_buyer_paid(state: State) -> None:
    tail = RunningTimer(Timer.CHAT_TAIL, MONDAY, IN_TWO_DAYS)
    seen = {
        msgspec.json.encode(
            _see(facts(state), Role.SELLER, WINDOW, tail, ledger=OpenMoney(means, 5000, MONDAY))
        )
        for means in Means
    }
    assert len(seen) == 1
    assert not any(means.encode() in answer for answer in seen for means in Means)


def test_no_refund_is_shown_before_there_is_one() -> None:
    assert _see(facts(), Role.BUYER).refund is None


@pytest.mark.parametrize(
    ("timer", "zero", "cents"),
    [
        (Timer.BRIEF_WINDOW, Zero.CANCELLED_REFUNDED, 5000),
        (Timer.DELIVERY, Zero.LATE_MAY_CANCEL, 0),
        (Timer.REVIEW, Zero.CLOSED_PAID, 5000),
        (Timer.CHAT_TAIL, Zero.CHAT_CLOSES, 0),
    ],
)
def test_a_countdown_says_what_happens_at_zero_and_to_how_much_money(
    timer: Timer, zero: Zero, cents: int
) -> None:
    (deadline,) = _see(facts(), Role.SELLER, RunningTimer(timer, MONDAY, IN_TWO_DAYS)).deadlines
    assert (deadline.zero, deadline.cents, deadline.currency) == (zero, cents, "EUR")
    assert (deadline.start, deadline.due) == (MONDAY, IN_TWO_DAYS)
    assert deadline.visible is None


def test_the_ringing_of_a_call_is_not_a_countdown_of_the_order() -> None:
    ring = RunningTimer(Timer.RING, MONDAY, MONDAY + timedelta(seconds=30))
    assert _see(facts(), Role.BUYER, ring).deadlines == ()


def test_the_nearest_deadline_comes_first() -> None:
    later = RunningTimer(Timer.CHAT_TAIL, MONDAY, IN_TWO_DAYS + timedelta(days=1))
    shown = _see(facts(), Role.BUYER, later, WINDOW).deadlines
    assert [deadline.timer for deadline in shown] == [Timer.BRIEF_WINDOW, Timer.CHAT_TAIL]


def test_it_says_whose_turn_it_is_and_since_when_or_that_nobody_has_to_act() -> None:
    assert _see(facts(), Role.SELLER).turn == Turn(Role.BUYER, MONDAY)
    assert _see(facts(State.CLOSED), Role.SELLER).turn is None


def test_it_carries_the_call_in_progress() -> None:
    call = CallNow(
        CallId("c"), PersonId("b"), PersonId("s"), MONDAY, MONDAY + timedelta(seconds=30), None
    )
    assert _see(facts(), Role.BUYER, call=call).call == call


@pytest.mark.parametrize("state", State)
def test_people_may_write_until_the_delivery_and_again_after_the_end(state: State) -> None:
    gate = chat_gate(facts(state), IN_TWO_DAYS)
    if state is State.DELIVERED:
        assert gate == Gate(open=False, reason=GateReason.DELIVERED)
    elif state is State.FROZEN:
        assert gate == Gate(open=False, reason=GateReason.FROZEN)
        assert chat_gate(facts(state, mediated=True)).open, "a mediator leads the talk of three"
    elif state in {State.EXPIRED, State.QUESTION_CLOSED}:
        assert gate == Gate(open=False, reason=GateReason.ENDED)
    elif state in ENDED:
        assert gate == Gate(open=True, until=IN_TWO_DAYS)
    else:
        assert gate == Gate(open=True)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_after_the_tail_nobody_writes_and_nobody_calls(state: State) -> None:
    order = facts(state, chat_tail_over=True)
    closed = Gate(open=False, reason=GateReason.ENDED)
    assert chat_gate(order) == closed
    assert {call_gate(order, role) for role in Role} == {closed}


def test_a_setting_leaves_calling_to_the_seller() -> None:
    order = facts(policy=Policy(calls_by=CallsBy.SELLER))
    assert call_gate(order, Role.SELLER).open
    assert call_gate(order, Role.BUYER) == Gate(open=False, reason=GateReason.SELLER_ONLY)


def test_while_the_chat_is_closed_the_reason_is_that_and_not_the_setting() -> None:
    order = facts(State.DELIVERED, policy=Policy(calls_by=CallsBy.SELLER))
    assert call_gate(order, Role.BUYER).reason is GateReason.DELIVERED
