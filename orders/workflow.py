"""The process of an order as a table: states x verbs x timers -> events and money.

One row per transition; T-numbers are those of the process description the table implements.
`decide` is the only reader of the table: given the order's facts, who asks and the time, it
returns what happens, or refuses. It does no I/O, and time is an argument.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from orders import deadlines, money
from orders.errors import NotYours, WrongState
from orders.events import (
    BriefHandedOver,
    CancelReason,
    DeadlineFired,
    DeadlineMet,
    DeadlineSet,
    Event,
    MoneyRefunded,
    MoneyReleased,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderId,
    OrderLate,
    OrderStarted,
    Role,
    State,
    Timer,
)
from orders.policy import Policy


class Verb(StrEnum):
    """The steps a person, or a deadline, can take."""

    HAND_OVER = "brief.hand_over"
    START = "order.start"
    CANCEL = "order.cancel"
    DECLINE = "order.decline"
    DELIVER = "order.deliver"
    CLOSE = "order.close"
    EXPIRE = "deadline.expire"


class Money(StrEnum):
    """What a step does to the money in escrow."""

    STAYS = "stays"
    REFUNDED = "refunded"
    RELEASED = "released"


class Step(msgspec.Struct, frozen=True):
    """One row of the table."""

    name: str
    source: State
    verb: Verb
    by: Role | Timer
    target: State
    money: Money = Money.STAYS
    turn: Role | None = None
    """Whose turn it is afterwards; None when nobody has to do anything."""
    opens: Timer | None = None
    """The clock that begins to run."""
    reason: CancelReason | None = None


S, V, R, T = State, Verb, Role, Timer
STEPS: tuple[Step, ...] = (
    Step("B0", S.AWAITING_VALIDATION, V.HAND_OVER, R.BUYER, S.AWAITING_VALIDATION, turn=R.SELLER),
    Step("T2", S.AWAITING_VALIDATION, V.START, R.SELLER, S.IN_PROGRESS,
         turn=R.SELLER, opens=T.DELIVERY),
    Step("T3", S.AWAITING_VALIDATION, V.CANCEL, R.BUYER, S.CANCELLED, Money.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.BUYER_CANCELLED),
    Step("T4", S.AWAITING_VALIDATION, V.EXPIRE, T.BRIEF_WINDOW, S.CANCELLED, Money.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.BRIEF_WINDOW_OVER),
    Step("T5", S.AWAITING_VALIDATION, V.DECLINE, R.SELLER, S.CANCELLED, Money.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.SELLER_DECLINED),
    Step("T6", S.IN_PROGRESS, V.EXPIRE, T.DELIVERY, S.LATE, turn=R.SELLER),
    Step("T7", S.IN_PROGRESS, V.DELIVER, R.SELLER, S.DELIVERED, turn=R.BUYER, opens=T.REVIEW),
    Step("T7", S.LATE, V.DELIVER, R.SELLER, S.DELIVERED, turn=R.BUYER, opens=T.REVIEW),
    Step("T13", S.LATE, V.CANCEL, R.BUYER, S.CANCELLED, Money.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.LATE),
    Step("T15", S.DELIVERED, V.CLOSE, R.BUYER, S.CLOSED, Money.RELEASED, opens=T.CHAT_TAIL),
    Step("T16", S.DELIVERED, V.EXPIRE, T.REVIEW, S.CLOSED, Money.RELEASED, opens=T.CHAT_TAIL),
)  # fmt: skip

ENDED = frozenset({State.CLOSED, State.CANCELLED})
"""States no step leaves."""
REMINDED = frozenset({Timer.BRIEF_WINDOW, Timer.REVIEW, Timer.DELIVERY})
"""Clocks whose end both parties are reminded of. The others are short, or harm nobody."""
CLOCKED_STATES = {State.AWAITING_VALIDATION: Timer.BRIEF_WINDOW, State.IN_PROGRESS: Timer.DELIVERY,
                  State.DELIVERED: Timer.REVIEW}  # fmt: skip
"""The clock of each state; leaving the state ends it."""


class OrderFacts(msgspec.Struct, frozen=True):
    """What the rules know about an order; read from its row under its lock."""

    id: OrderId
    state: State
    state_since: datetime
    turn: Role | None
    turn_since: datetime
    brief_handed: bool
    price_cents: int
    held_cents: int
    currency: str
    chat_tail_over: bool
    policy: Policy


class TimerSet(msgspec.Struct, frozen=True):
    """A clock to start: it replaces one of the same kind."""

    timer: Timer
    start: datetime
    due: datetime


class Decision(msgspec.Struct, frozen=True):
    """What happens: written in one transaction, or not at all."""

    events: tuple[Event, ...]
    state: State
    turn: Role | None
    ends: tuple[Timer, ...] = ()
    opens: TimerSet | None = None
    movement: money.Movement | None = None
    brief_handed: bool = False
    chat_tail_over: bool = False


def decide(order: OrderFacts, verb: Verb, role: Role, now: datetime, note: str = "") -> Decision:
    """Take a person's step.

    Raises `NotYours` if the step belongs to the other party in every state it exists in, and
    `WrongState` if it is theirs but not now.
    """
    rows = [step for step in STEPS if step.verb is verb and isinstance(step.by, Role)]
    mine = [step for step in rows if step.by is role]
    if not mine:
        raise NotYours(verb=verb, role=role)
    for step in mine:
        if step.source is order.state:
            return _carry_out(order, step, now, note)
    raise WrongState(verb=verb, state=order.state)


def expire(order: OrderFacts, timer: Timer, due: datetime, now: datetime) -> Decision | None:
    """Let a clock of the process reach zero; None when the order has moved on since."""
    if timer is Timer.CHAT_TAIL:
        return _end_chat_tail(order, due)
    for step in STEPS:
        if step.verb is Verb.EXPIRE and step.by is timer and step.source is order.state:
            decision = _carry_out(order, step, now, "")
            fired = DeadlineFired(timer, due)
            return msgspec.structs.replace(decision, events=(fired, *decision.events))
    return None


def _end_chat_tail(order: OrderFacts, due: datetime) -> Decision | None:
    if order.state not in ENDED or order.chat_tail_over:
        return None
    return Decision(
        events=(DeadlineFired(Timer.CHAT_TAIL, due),),
        state=order.state,
        turn=order.turn,
        ends=(Timer.CHAT_TAIL,),
        brief_handed=order.brief_handed,
        chat_tail_over=True,
    )


def _carry_out(order: OrderFacts, step: Step, now: datetime, note: str) -> Decision:
    opens = _opening(step, order.policy, now)
    clock = CLOCKED_STATES.get(order.state)
    ends = (clock,) if clock and step.target is not order.state else ()
    events: list[Event] = [_told(step, note, opens)]
    events += [DeadlineMet(timer) for timer in ends if timer is not step.by]
    movement: money.Movement | None = None
    match step.money:
        case Money.STAYS:
            pass
        case Money.REFUNDED:
            movement = money.refund(order.held_cents)
            events.append(MoneyRefunded(order.held_cents, order.currency))
        case Money.RELEASED:
            movement = money.release(order.held_cents)
            events.append(MoneyReleased(order.held_cents, order.currency))
        case never:
            assert_never(never)
    if opens is not None:
        events.append(DeadlineSet(opens.timer, opens.due))
    return Decision(
        events=tuple(events),
        state=step.target,
        turn=step.turn,
        ends=ends,
        opens=opens,
        movement=movement,
        brief_handed=order.brief_handed or step.verb is Verb.HAND_OVER,
        chat_tail_over=order.chat_tail_over,
    )


def _opening(step: Step, policy: Policy, now: datetime) -> TimerSet | None:
    if step.opens is None:
        return None
    return TimerSet(step.opens, now, deadlines.due(now, length_of(step.opens, policy)))


def length_of(timer: Timer, policy: Policy) -> int:
    """Return the length of a clock in seconds, from the order's settings."""
    match timer:
        case Timer.BRIEF_WINDOW:
            return policy.brief_window
        case Timer.DELIVERY:
            return policy.delivery
        case Timer.REVIEW:
            return policy.review
        case Timer.CHAT_TAIL:
            return policy.chat_tail
        case Timer.RING:
            return policy.ring
        case never:
            assert_never(never)


def _told(step: Step, note: str, opens: TimerSet | None) -> Event:
    """Return the entry that tells this step."""
    match step.target:
        case State.AWAITING_VALIDATION:
            return BriefHandedOver(note)
        case State.IN_PROGRESS:
            if opens is None:
                raise AssertionError(step.name)
            return OrderStarted(delivery_due=opens.due)
        case State.LATE:
            return OrderLate()
        case State.DELIVERED:
            return OrderDelivered(note)
        case State.CLOSED:
            return OrderClosed(by_clock=isinstance(step.by, Timer))
        case State.CANCELLED:
            if step.reason is None:
                raise AssertionError(step.name)
            return OrderCancelled(step.reason, note)
        case never:
            assert_never(never)
