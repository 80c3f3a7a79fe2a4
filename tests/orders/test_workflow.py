"""The table of the process allows what it lists, refuses the rest, and never traps the money."""

from datetime import timedelta
from itertools import product

import pytest

from orders.errors import NotYours, WrongState
from orders.events import (
    BriefHandedOver,
    CancelReason,
    DeadlineFired,
    DeadlineMet,
    DeadlineSet,
    MoneyRefunded,
    MoneyReleased,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderLate,
    OrderStarted,
    Role,
    State,
    Timer,
    kind_of,
)
from orders.money import Account, balances
from orders.policy import Policy
from orders.workflow import (
    CLOCKED_STATES,
    ENDED,
    STEPS,
    Decision,
    TimerSet,
    Verb,
    decide,
    expire,
    length_of,
)
from tests.orders.world import ALLOWED, MONDAY, facts

OWNERS = {
    Verb.HAND_OVER: Role.BUYER,
    Verb.START: Role.SELLER,
    Verb.CANCEL: Role.BUYER,
    Verb.DECLINE: Role.SELLER,
    Verb.DELIVER: Role.SELLER,
    Verb.CLOSE: Role.BUYER,
    Verb.EXPIRE: None,
}
"""Whose step each verb is; nobody's for what only a clock does."""

ZEROS = {
    (State.AWAITING_VALIDATION, Timer.BRIEF_WINDOW): State.CANCELLED,
    (State.IN_PROGRESS, Timer.DELIVERY): State.LATE,
    (State.DELIVERED, Timer.REVIEW): State.CLOSED,
}
"""What the clocks of the process do at zero."""

LATER = MONDAY + timedelta(hours=1)


@pytest.mark.parametrize(("state", "verb", "role"), [*product(State, Verb, Role)])
def test_a_step_is_taken_by_its_owner_in_its_states_and_by_nobody_else(
    state: State, verb: Verb, role: Role
) -> None:
    order = facts(state)
    if (state, verb, role) in ALLOWED:
        assert decide(order, verb, role, LATER).state is ALLOWED[state, verb, role]
    elif OWNERS[verb] is not role:
        with pytest.raises(NotYours) as refusal:
            decide(order, verb, role, LATER)
        assert refusal.value.facts == {"verb": verb, "role": role}
    else:
        with pytest.raises(WrongState) as wrong:
            decide(order, verb, role, LATER)
        assert wrong.value.facts == {"verb": verb, "state": state}


@pytest.mark.parametrize(("state", "timer"), [*product(State, Timer)])
def test_a_clock_at_zero_acts_in_its_state_only(state: State, timer: Timer) -> None:
    decision = expire(facts(state), timer, MONDAY, LATER)
    if (state, timer) in ZEROS:
        assert decision is not None
        assert decision.state is ZEROS[state, timer]
        assert decision.events[0] == DeadlineFired(timer, MONDAY)
    elif timer is Timer.CHAT_TAIL and state in ENDED:
        assert decision is not None
        assert decision.state is state
        assert decision.chat_tail_over
        assert decision.events == (DeadlineFired(timer, MONDAY),)
    else:
        assert decision is None


def test_the_chat_of_an_ended_order_closes_once() -> None:
    assert expire(facts(State.CLOSED, chat_tail_over=True), Timer.CHAT_TAIL, MONDAY, LATER) is None


def _every_decision() -> list[tuple[State, Decision]]:
    taken = [(state, decide(facts(state), verb, role, LATER)) for state, verb, role in ALLOWED]
    for state, timer in ZEROS:
        fired = expire(facts(state), timer, MONDAY, LATER)
        assert fired is not None
        taken.append((state, fired))
    return taken


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_money_leaves_escrow_exactly_when_an_order_ends_and_all_of_it(
    source: State, decision: Decision
) -> None:
    told = [e for e in decision.events if isinstance(e, (MoneyRefunded, MoneyReleased))]
    match decision.state:
        case State.CANCELLED:
            assert told == [MoneyRefunded(5000, "EUR")]
            target = Account.PAYMENT
        case State.CLOSED:
            assert told == [MoneyReleased(5000, "EUR")]
            target = Account.SELLER
        case _:
            assert told == []
            assert decision.movement is None
            return
    assert decision.movement is not None
    moved = balances(decision.movement.postings())
    assert moved[Account.ESCROW] == -5000
    assert moved[target] == 5000


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_leaving_a_state_ends_its_clock_and_the_next_state_gets_its_own(
    source: State, decision: Decision
) -> None:
    if decision.state is source:
        assert decision.ends == ()
        assert decision.opens is None
        return
    clock = CLOCKED_STATES.get(source)
    assert decision.ends == ((clock,) if clock else ())
    wanted = Timer.CHAT_TAIL if decision.state in ENDED else CLOCKED_STATES.get(decision.state)
    assert (decision.opens.timer if decision.opens else None) == wanted
    if decision.opens:
        assert decision.opens.start == LATER
        assert decision.events[-1] == DeadlineSet(decision.opens.timer, decision.opens.due)


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_a_clock_that_stopped_is_told_as_met_or_as_fired_and_not_as_both(
    source: State, decision: Decision
) -> None:
    over = [e.timer for e in decision.events if isinstance(e, (DeadlineMet, DeadlineFired))]
    assert over == list(decision.ends)


def test_every_state_that_has_not_ended_has_a_way_out_that_needs_nobody_elses_help() -> None:
    for state in State:
        steps = [s for s in STEPS if s.source is state and s.target is not state]
        if state in ENDED:
            assert steps == []
            continue
        by_clock = any(isinstance(step.by, Timer) for step in steps)
        by_each = {step.by for step in steps} >= {Role.BUYER, Role.SELLER}
        assert by_clock or by_each


def test_every_path_ends() -> None:
    reaching = set(ENDED)
    for _ in State:
        reaching |= {step.source for step in STEPS if step.target in reaching}
    assert reaching == set(State)


def test_starting_fixes_the_delivery_date_from_the_moment_of_the_start() -> None:
    decision = decide(facts(policy=Policy(delivery=7200)), Verb.START, Role.SELLER, LATER)
    due = LATER + timedelta(hours=2)
    assert decision.events == (
        OrderStarted(delivery_due=due),
        DeadlineMet(Timer.BRIEF_WINDOW),
        DeadlineSet(Timer.DELIVERY, due),
    )
    assert decision.opens == TimerSet(Timer.DELIVERY, LATER, due)
    assert decision.turn is Role.SELLER


def test_handing_over_the_brief_gives_the_turn_to_the_seller_and_leaves_the_clock_running() -> None:
    decision = decide(facts(), Verb.HAND_OVER, Role.BUYER, LATER, "Texte joint")
    assert decision.events == (BriefHandedOver("Texte joint"),)
    assert decision.turn is Role.SELLER
    assert decision.brief_handed


def test_a_brief_once_handed_over_stays_so() -> None:
    started = decide(facts(brief_handed=True), Verb.START, Role.SELLER, LATER)
    assert started.brief_handed


@pytest.mark.parametrize(
    ("state", "verb", "role", "reason"),
    [
        (State.AWAITING_VALIDATION, Verb.CANCEL, Role.BUYER, CancelReason.BUYER_CANCELLED),
        (State.AWAITING_VALIDATION, Verb.DECLINE, Role.SELLER, CancelReason.SELLER_DECLINED),
        (State.LATE, Verb.CANCEL, Role.BUYER, CancelReason.LATE),
    ],
)
def test_a_cancellation_says_why_and_keeps_the_note(
    state: State, verb: Verb, role: Role, reason: CancelReason
) -> None:
    decision = decide(facts(state), verb, role, LATER, "plus besoin")
    assert decision.events[0] == OrderCancelled(reason, "plus besoin")
    assert decision.turn is None


def test_at_zero_of_the_brief_window_the_order_is_cancelled_and_refunded() -> None:
    decision = expire(facts(), Timer.BRIEF_WINDOW, MONDAY, LATER)
    assert decision is not None
    assert [kind_of(event) for event in decision.events] == [
        "deadline_fired",
        "order_cancelled",
        "money_refunded",
        "deadline_set",
    ]
    assert decision.events[1] == OrderCancelled(CancelReason.BRIEF_WINDOW_OVER)


def test_at_zero_of_the_delivery_the_order_is_only_late() -> None:
    decision = expire(facts(State.IN_PROGRESS), Timer.DELIVERY, MONDAY, LATER)
    assert decision is not None
    assert decision.events[1:] == (OrderLate(),)
    assert decision.movement is None


@pytest.mark.parametrize("by_clock", [True, False])
def test_a_delivered_order_is_closed_by_the_buyer_or_by_the_clock(by_clock: bool) -> None:
    order = facts(State.DELIVERED)
    decision = (
        expire(order, Timer.REVIEW, MONDAY, LATER)
        if by_clock
        else decide(order, Verb.CLOSE, Role.BUYER, LATER)
    )
    assert decision is not None
    assert OrderClosed(by_clock) in decision.events


def test_delivering_keeps_the_note_and_opens_the_review() -> None:
    decision = decide(facts(State.LATE), Verb.DELIVER, Role.SELLER, LATER, "Voici")
    assert decision.events[0] == OrderDelivered("Voici")
    assert decision.opens is not None
    assert decision.opens.timer is Timer.REVIEW


def test_every_clock_takes_its_length_from_the_settings() -> None:
    settings = Policy(brief_window=1, delivery=2, review=3, chat_tail=4, ring=5)
    assert [length_of(timer, settings) for timer in Timer] == [1, 2, 3, 4, 5]
