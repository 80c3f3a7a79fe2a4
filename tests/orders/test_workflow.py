"""The table of the process allows what it lists, refuses the rest, and never traps the money."""

from datetime import timedelta
from itertools import product

import pytest

from orders.decisions import Decision, OrderFacts, RunningTimer, TimerSet, allowed, expire
from orders.decisions import decide as decide_with
from orders.errors import AmountWrong, NotYours, ReasonMissing, WrongState
from orders.events import (
    BriefHandedOver,
    CancelReason,
    DeadlineFired,
    DeadlineMet,
    DeadlinePaused,
    DeadlineSet,
    Decided,
    DisputeDecided,
    DisputeOpened,
    MoneyExpired,
    MoneyRefunded,
    MoneyReleased,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderLate,
    OrderStarted,
    RightOpened,
    Role,
    State,
    Timer,
    kind_of,
)
from orders.money import Account, balances
from orders.policy import Policy
from orders.workflow import CLOCKS, ENDED, STEPS, UNPAID, By, Operator, Verb, length_of
from tests.orders.world import ALLOWED, MONDAY, facts

OWNERS: dict[Verb, tuple[Role, ...]] = {
    Verb.PAY: (),
    Verb.CLOSE_QUESTION: (Role.BUYER, Role.SELLER),
    Verb.HAND_OVER: (Role.BUYER,),
    Verb.START: (Role.SELLER,),
    Verb.CANCEL: (Role.BUYER,),
    Verb.DECLINE: (Role.SELLER,),
    Verb.DELIVER: (Role.SELLER,),
    Verb.CLOSE: (Role.BUYER,),
    Verb.REQUEST_REVISION: (Role.BUYER,),
    Verb.ACCEPT_REVISION: (Role.SELLER,),
    Verb.REFUSE_REVISION: (Role.SELLER,),
    Verb.REQUEST_CANCEL: (Role.BUYER,),
    Verb.WITHDRAW_CANCEL: (Role.BUYER,),
    Verb.ACCEPT_CANCEL: (Role.SELLER,),
    Verb.REFUSE_CANCEL: (Role.SELLER,),
    Verb.GIVE_UP: (Role.SELLER,),
    Verb.DISPUTE: (Role.BUYER,),
    Verb.FREEZE: (),
    Verb.DECIDE_REFUND: (Role.MEDIATOR,),
    Verb.DECIDE_SPLIT: (Role.MEDIATOR,),
    Verb.DECIDE_PAY: (Role.MEDIATOR,),
    Verb.DECIDE_RESUME: (Role.MEDIATOR,),
    Verb.EXPIRE: (),
}
"""Whose step each verb is; no person's for what a clock or the marketplace does."""

ZEROS = {
    (State.AWAITING_VALIDATION, Timer.BRIEF_WINDOW): State.CANCELLED,
    (State.IN_PROGRESS, Timer.DELIVERY): State.LATE,
    (State.CANCEL_REQUESTED, Timer.DELIVERY): State.CANCEL_REQUESTED,
    (State.CANCEL_REQUESTED, Timer.CANCEL_ANSWER): State.CANCEL_REQUESTED,
    (State.DELIVERED, Timer.REVIEW): State.CLOSED,
    (State.REVISION_REQUESTED, Timer.REVISION_ANSWER): State.REVISION_REQUESTED,
    (State.REVISION_REFUSED, Timer.REVISION_CHOICE): State.CLOSED,
    **{
        (state, Timer.ORDER_LIFE): State.EXPIRED
        for state in State
        if state not in {*ENDED, *UNPAID, State.FROZEN}
    },
}
"""What the clocks of the process do at zero."""

LATER = MONDAY + timedelta(hours=1)


def clocks_of(state: State) -> tuple[RunningTimer, ...]:
    """The clocks that run in a state, each with a day left."""
    return tuple(RunningTimer(t, MONDAY, LATER + timedelta(days=1)) for t in sorted(CLOCKS[state]))


def decide(order: OrderFacts, verb: Verb, by: By, note: str = "parce que") -> Decision:
    """Take a step an hour later, with a reason where one is asked for."""
    return decide_with(order, verb, by, LATER, clocks_of(order.state), note, refund_cents=2000)


def at_zero(order: OrderFacts, timer: Timer) -> Decision | None:
    """Let a clock of the order reach zero."""
    return expire(order, timer, LATER, LATER, clocks_of(order.state))


@pytest.mark.parametrize(("state", "verb", "role"), [*product(State, Verb, Role)])
def test_a_step_is_taken_by_its_owner_in_its_states_and_by_nobody_else(
    state: State, verb: Verb, role: Role
) -> None:
    order = facts(state)
    if (state, verb, role) in ALLOWED:
        assert decide(order, verb, role).facts.state is ALLOWED[state, verb, role]
    elif role not in OWNERS[verb]:
        with pytest.raises(NotYours) as refusal:
            decide(order, verb, role)
        assert refusal.value.facts == {"verb": verb, "role": role}
    else:
        with pytest.raises(WrongState) as wrong:
            decide(order, verb, role)
        assert wrong.value.facts == {"verb": verb, "state": state}


@pytest.mark.parametrize(("state", "timer"), [*product(State, Timer)])
def test_a_clock_at_zero_acts_in_its_state_only(state: State, timer: Timer) -> None:
    decision = at_zero(facts(state), timer)
    if (state, timer) in ZEROS:
        assert decision is not None
        assert decision.facts.state is ZEROS[state, timer]
        assert decision.events[0] == DeadlineFired(timer, LATER)
    elif timer is Timer.CHAT_TAIL and timer in CLOCKS[state]:
        assert decision is not None
        assert decision.facts.state is state
        assert decision.facts.chat_tail_over
        assert decision.events == (DeadlineFired(timer, LATER),)
    else:
        assert decision is None


def test_the_chat_of_an_ended_order_closes_once() -> None:
    assert at_zero(facts(State.CLOSED, chat_tail_over=True), Timer.CHAT_TAIL) is None


def _every_decision() -> list[tuple[State, Decision]]:
    taken = [(state, decide(facts(state), verb, role)) for state, verb, role in ALLOWED]
    for state, timer in ZEROS:
        fired = at_zero(facts(state), timer)
        assert fired is not None
        taken.append((state, fired))
    return taken


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_money_leaves_escrow_exactly_when_an_order_ends_and_all_of_it(
    source: State, decision: Decision
) -> None:
    moved = balances(posting for m in decision.movements for posting in m.postings())
    told = [
        type(event).__name__
        for event in decision.events
        if isinstance(event, (MoneyRefunded, MoneyReleased, MoneyExpired))
    ]
    if decision.facts.state not in ENDED or source in UNPAID:
        assert decision.movements == ()
        assert told == []
        assert decision.facts.held_cents == (0 if source in UNPAID else 5000)
        return
    assert moved[Account.ESCROW] == -5000
    assert decision.facts.held_cents == 0
    wanted = {
        State.CANCELLED: {Account.PAYMENT: 5000},
        State.EXPIRED: {Account.PLATFORM: 5000},
        State.CLOSED: {Account.SELLER: 5000},
    }[decision.facts.state]
    if DisputeDecided(Decided.SPLIT, "parce que", 2000) in decision.events:
        wanted = {Account.PAYMENT: 2000, Account.SELLER: 3000}
    assert {a: cents for a, cents in moved.items() if cents > 0} == wanted
    assert len(told) == len(decision.movements)


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_the_clocks_that_run_afterwards_are_those_of_the_state(
    source: State, decision: Decision
) -> None:
    running = {clock.timer for clock in clocks_of(source)} - set(decision.ends)
    running |= {opened.timer for opened in decision.opens}
    assert running <= CLOCKS[decision.facts.state]
    if decision.facts.state not in {source, *ENDED, State.FROZEN, State.LATE}:
        assert running - {Timer.ORDER_LIFE}, "somebody would wait for ever"
    for opened in decision.opens:
        if opened.timer is not Timer.ORDER_LIFE:
            assert DeadlineSet(opened.timer, opened.due) in decision.events


@pytest.mark.parametrize(("source", "decision"), _every_decision())
def test_a_clock_that_stopped_is_told_once_as_met_paused_or_fired(
    source: State, decision: Decision
) -> None:
    over = [
        event.timer
        for event in decision.events
        if isinstance(event, (DeadlineMet, DeadlinePaused, DeadlineFired))
    ]
    assert sorted(over) == sorted(
        timer
        for timer in decision.ends
        # the longest life is known from the payment; only its end is told
        if timer is not Timer.ORDER_LIFE or DeadlineFired(timer, LATER) in decision.events
    )


def test_every_state_that_has_not_ended_has_a_way_out_that_needs_nobody_elses_help() -> None:
    for state in State:
        steps = [s for s in STEPS if s.source is state and s.target is not state]
        if state in ENDED:
            assert steps == []
            continue
        by_clock = any(isinstance(step.by, Timer) for step in steps)
        by_each = {step.by for step in steps} >= {Role.BUYER, Role.SELLER}
        assert by_clock or by_each or {step.by for step in steps} == {Role.MEDIATOR}


def test_every_path_ends() -> None:
    reaching = set(ENDED)
    for _ in State:
        reaching |= {step.source for step in STEPS if step.target in reaching}
    assert reaching == set(State)


def test_starting_fixes_the_delivery_date_from_the_moment_of_the_start() -> None:
    decision = decide(facts(policy=Policy(delivery=7200)), Verb.START, Role.SELLER)
    due = LATER + timedelta(hours=2)
    assert decision.events == (
        OrderStarted(delivery_due=due, note="parce que"),
        DeadlineMet(Timer.BRIEF_WINDOW),
        DeadlineSet(Timer.DELIVERY, due),
    )
    assert decision.opens == (TimerSet(Timer.DELIVERY, LATER, due),)
    assert decision.facts.turn is Role.SELLER


def test_handing_over_the_brief_gives_the_turn_to_the_seller_and_leaves_the_clock_running() -> None:
    decision = decide(facts(), Verb.HAND_OVER, Role.BUYER, "Texte joint")
    assert decision.events == (BriefHandedOver("Texte joint"),)
    assert decision.facts.turn is Role.SELLER
    assert decision.facts.brief_handed


def test_a_brief_once_handed_over_stays_so() -> None:
    started = decide(facts(brief_handed=True), Verb.START, Role.SELLER)
    assert started.facts.brief_handed


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
    decision = decide(facts(state), verb, role, "plus besoin")
    assert decision.events[0] == OrderCancelled(reason, "plus besoin")
    assert decision.facts.turn is None


def test_at_zero_of_the_brief_window_the_order_is_cancelled_and_refunded() -> None:
    decision = at_zero(facts(), Timer.BRIEF_WINDOW)
    assert decision is not None
    assert [kind_of(event) for event in decision.events] == [
        "deadline_fired",
        "order_cancelled",
        "money_refunded",
        "deadline_set",
    ]
    assert decision.events[1] == OrderCancelled(CancelReason.BRIEF_WINDOW_OVER)


def test_at_zero_of_the_delivery_the_order_is_only_late() -> None:
    decision = at_zero(facts(State.IN_PROGRESS), Timer.DELIVERY)
    assert decision is not None
    assert decision.events[1:] == (OrderLate(),)
    assert decision.movements == ()


@pytest.mark.parametrize("by_clock", [True, False])
def test_a_delivered_order_is_closed_by_the_buyer_or_by_the_clock(by_clock: bool) -> None:
    order = facts(State.DELIVERED)
    decision = at_zero(order, Timer.REVIEW) if by_clock else decide(order, Verb.CLOSE, Role.BUYER)
    assert decision is not None
    assert OrderClosed(by_clock) in decision.events


def test_delivering_keeps_the_note_and_opens_the_review() -> None:
    decision = decide(facts(State.LATE), Verb.DELIVER, Role.SELLER, "Voici")
    assert decision.events[0] == OrderDelivered("Voici")
    assert [opened.timer for opened in decision.opens] == [Timer.REVIEW]


def test_every_clock_takes_its_length_from_the_settings() -> None:
    settings = Policy(
        brief_window=1,
        delivery=2,
        review=3,
        revision_answer=4,
        revision_choice=5,
        cancel_answer=6,
        chat_tail=7,
        order_life=8,
        ring=9,
    )
    assert [length_of(timer, settings) for timer in Timer] == list(range(1, 10))


def test_who_asked_to_cancel_needs_nobodys_yes_once_the_order_is_late() -> None:
    asked = facts(State.CANCEL_REQUESTED, resume=State.IN_PROGRESS)
    assert Verb.CANCEL not in allowed(asked, Role.BUYER)
    late = expire(asked, Timer.DELIVERY, MONDAY, MONDAY, ())
    assert late is not None
    assert Verb.CANCEL in allowed(late.facts, Role.BUYER)
    cancelled = decide(late.facts, Verb.CANCEL, Role.BUYER)
    assert cancelled.events[0] == OrderCancelled(CancelReason.LATE, "parce que")
    assert [movement.cents for movement in cancelled.movements] == [5000]
    assert (cancelled.facts.state, cancelled.facts.resume) == (State.CANCELLED, None)


def test_a_second_refusal_to_cancel_freezes_the_order_by_rule() -> None:
    asked = facts(State.CANCEL_REQUESTED, resume=State.IN_PROGRESS, refusals=1)
    decision = decide(asked, Verb.REFUSE_CANCEL, Role.SELLER, "presque fini")
    assert decision.events[0] == DisputeOpened("presque fini", by_rule=True)
    assert decision.facts.state is State.FROZEN


def test_a_first_refusal_leads_back_to_where_the_order_was_and_opens_the_right_to_dispute() -> None:
    asked = facts(State.CANCEL_REQUESTED, resume=State.LATE)
    refused = decide(asked, Verb.REFUSE_CANCEL, Role.SELLER).facts
    assert (refused.state, refused.refusals, refused.dispute_right) == (State.LATE, 1, True)
    assert decide(refused, Verb.DISPUTE, Role.BUYER).facts.state is State.FROZEN


@pytest.mark.parametrize(
    ("state", "timer"),
    [
        (State.CANCEL_REQUESTED, Timer.CANCEL_ANSWER),
        (State.REVISION_REQUESTED, Timer.REVISION_ANSWER),
    ],
)
def test_an_unanswered_request_moves_nothing_but_lets_the_buyer_dispute(
    state: State, timer: Timer
) -> None:
    with pytest.raises(WrongState):
        decide(facts(state), Verb.DISPUTE, Role.BUYER)
    silent = at_zero(facts(state), timer)
    assert silent is not None
    assert silent.events == (DeadlineFired(timer, LATER), RightOpened())
    assert silent.facts.state is state
    assert decide(silent.facts, Verb.DISPUTE, Role.BUYER).facts.state is State.FROZEN


def test_a_step_that_has_to_say_why_is_refused_without_a_reason() -> None:
    with pytest.raises(ReasonMissing) as refusal:
        decide(facts(State.DELIVERED), Verb.REQUEST_REVISION, Role.BUYER, "")
    assert refusal.value.facts == {"verb": Verb.REQUEST_REVISION}


@pytest.mark.parametrize("cents", [-1, 0, 5000, 5001])
def test_a_split_leaves_both_parties_something(cents: int) -> None:
    with pytest.raises(AmountWrong):
        decide_with(
            facts(State.FROZEN), Verb.DECIDE_SPLIT, Role.MEDIATOR, LATER, (), "partage", cents
        )


def test_a_frozen_order_resumes_with_the_time_that_was_left() -> None:
    frozen = decide(facts(), Verb.FREEZE, Operator.MARKETPLACE).facts
    much_later = LATER + timedelta(days=3)
    resumed = decide_with(frozen, Verb.DECIDE_RESUME, Role.MEDIATOR, much_later, (), "en règle")
    assert resumed.facts.state is State.AWAITING_VALIDATION
    assert resumed.facts.turn is Role.BUYER
    (window,) = [o for o in resumed.opens if o.timer is Timer.BRIEF_WINDOW]
    assert window.due - much_later == timedelta(days=1)
    (life,) = [o for o in resumed.opens if o.timer is Timer.ORDER_LIFE]
    assert life.due == LATER + timedelta(days=1), "a freeze does not lengthen the order's life"


def test_work_taken_up_after_a_dispute_has_a_delivery_date_that_can_be_met() -> None:
    disputed = decide(facts(State.REVISION_REFUSED), Verb.DISPUTE, Role.BUYER).facts
    resumed = decide(disputed, Verb.DECIDE_RESUME, Role.MEDIATOR)
    (delivery,) = [o for o in resumed.opens if o.timer is Timer.DELIVERY]
    assert delivery.due == LATER + timedelta(seconds=Policy().revision)


def test_an_accepted_revision_keeps_the_old_delivery_date_if_it_is_later() -> None:
    far = LATER + timedelta(days=20)
    asked = facts(State.REVISION_REQUESTED, delivery_due=far)
    assert decide(asked, Verb.ACCEPT_REVISION, Role.SELLER).facts.delivery_due == far


def test_a_delivery_date_that_passes_during_a_request_makes_the_order_late_afterwards() -> None:
    asked = facts(State.CANCEL_REQUESTED, resume=State.IN_PROGRESS)
    late = at_zero(asked, Timer.DELIVERY)
    assert late is not None
    assert late.facts.state is State.CANCEL_REQUESTED
    assert decide(late.facts, Verb.WITHDRAW_CANCEL, Role.BUYER).facts.state is State.LATE
