"""Carrying out the table: given an order, who asks and the time, what happens, or a refusal.

No I/O, and time is an argument. A decision is complete: the entries, the order as it is
afterwards, the clocks that end and begin, the money that moves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from orders import brief, deadlines, money
from orders.brief import BriefItem
from orders.errors import AmountWrong, NotYours, ReasonMissing, WrongState
from orders.events import (
    DeadlineFired,
    DeadlineMet,
    DeadlinePaused,
    DeadlineSet,
    Event,
    OrderCancelled,
    OrderId,
    OrderPaid,
    RightOpened,
    Role,
    State,
    Timer,
)
from orders.policy import Policy
from orders.telling import money_told, step_told
from orders.workflow import (
    CLOCKS,
    PAUSES,
    RESUMES_AS,
    STEPS,
    TURN_WHEN_RESUMED,
    By,
    Guard,
    Money,
    Step,
    Verb,
    length_of,
)


class RunningTimer(msgspec.Struct, frozen=True):
    """A clock that runs: since when, until when."""

    timer: Timer
    start: datetime
    due: datetime


class Paused(msgspec.Struct, frozen=True):
    """A clock that stands still while the order is frozen."""

    timer: Timer
    start: datetime
    due: datetime
    at: datetime


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
    resume: State | None = None
    """Where a withdrawn or refused request, or a lifted freeze, leads back to."""
    refusals: int = 0
    """How often the seller refused to cancel."""
    dispute_right: bool = False
    delivery_due: datetime | None = None
    extra_seconds: int = 0
    """Time of options that were paid before the start: the delivery date will be so much later."""
    paused: tuple[Paused, ...] = ()
    mediated: bool = False
    """Whether a mediator has joined the order."""
    apart: bool = False
    """Whether one of the two blocks the other."""


class TimerSet(msgspec.Struct, frozen=True):
    """A clock to start: it replaces one of the same kind."""

    timer: Timer
    start: datetime
    due: datetime


class Decision(msgspec.Struct, frozen=True):
    """What happens: written in one transaction, or not at all. `facts` is the order afterwards."""

    events: tuple[Event, ...]
    facts: OrderFacts
    ends: tuple[Timer, ...] = ()
    opens: tuple[TimerSet, ...] = ()
    movements: tuple[money.Movement, ...] = ()


def allowed(order: OrderFacts, by: By) -> tuple[Verb, ...]:
    """Return the steps open to somebody now, in the order of the table."""
    return tuple(dict.fromkeys(step.verb for step in STEPS if step.by is by and _open(order, step)))


def needs_note(order: OrderFacts, verb: Verb, by: By) -> bool:
    """Say whether the step has to give a reason."""
    return any(
        step.needs_note for step in STEPS if step.verb is verb and step.by is by
        and _open(order, step)
    )  # fmt: skip


def decide(
    order: OrderFacts,
    verb: Verb,
    by: By,
    now: datetime,
    clocks: tuple[RunningTimer, ...],
    note: str = "",
    refund_cents: int = 0,
    items: tuple[BriefItem, ...] = (),
) -> Decision:
    """Take a step.

    `refund_cents` is for the mediator's split alone; `items` is the readiness list: to start
    while something of it is open or not accepted needs a reason. Raises `NotYours` if the step
    belongs to
    somebody else in every state it exists in, `WrongState` if it is theirs but not now,
    `ReasonMissing` and `AmountWrong`.
    """
    mine = [step for step in STEPS if step.verb is verb and step.by is by]
    if not mine or isinstance(by, Timer):
        raise NotYours(verb=verb, role=by)
    for step in mine:
        if _open(order, step):
            early = verb is Verb.START and brief.unsettled(items)
            if (step.needs_note or early) and not note:
                raise ReasonMissing(verb=verb)
            return _carry_out(order, step, now, clocks, note, refund_cents)
    raise WrongState(verb=verb, state=order.state)


def pay(
    order: OrderFacts, paid: OrderPaid, settings: Policy, paid_at: datetime, now: datetime
) -> Decision:
    """Make an order of a question (T1): the price into escrow, and the clocks of the brief begin.

    `settings` are the order's from now on; windows count from `paid_at`, the moment of the
    payment. Raises `WrongState` if it is no open question.
    """
    order = msgspec.structs.replace(
        order, price_cents=paid.price_cents, currency=paid.currency, policy=settings
    )
    for step in STEPS:
        if step.verb is Verb.PAY and _open(order, step):
            return _carry_out(order, step, now, (), "", 0, paid, paid_at)
    raise WrongState(verb=Verb.PAY, state=order.state)


def opening_clocks(paid_at: datetime, settings: Policy) -> tuple[TimerSet, TimerSet]:
    """Return the clocks that a payment starts: the brief window, and the order's life."""
    window, life = (
        TimerSet(
            timer,
            paid_at,
            deadlines.window_end(timer, paid_at, length_of(timer, settings), settings),
        )
        for timer in (Timer.BRIEF_WINDOW, Timer.ORDER_LIFE)
    )
    return window, life


def expire(
    order: OrderFacts,
    timer: Timer,
    due: datetime,
    now: datetime,
    clocks: tuple[RunningTimer, ...],
    items: tuple[BriefItem, ...] = (),
) -> Decision | None:
    """Let a clock of the process reach zero; None when the order has moved on since.

    A brief window that runs out says what of the readiness list, `items`, was missing.
    """
    fired = DeadlineFired(timer, due)
    if timer is Timer.CHAT_TAIL:
        if timer not in CLOCKS[order.state] or order.chat_tail_over:
            return None
        return Decision((fired,), msgspec.structs.replace(order, chat_tail_over=True), (timer,))
    for step in STEPS:
        if step.by is timer and _open(order, step):
            decision = _carry_out(order, step, now, clocks, "", 0)
            told, *others = decision.events
            if isinstance(told, OrderCancelled) and timer is Timer.BRIEF_WINDOW:
                told = msgspec.structs.replace(told, missing=brief.missing(items))
            return msgspec.structs.replace(decision, events=(fired, told, *others))
    return None


def _open(order: OrderFacts, step: Step) -> bool:
    if step.source is not order.state:
        return False
    match step.guard:
        case None:
            return True
        case Guard.FIRST_REFUSAL:
            return order.refusals == 0
        case Guard.SECOND_REFUSAL:
            return order.refusals > 0
        case Guard.DISPUTE_RIGHT:
            return order.dispute_right
        case Guard.LATE:
            return order.resume is State.LATE
        case never:
            assert_never(never)


def _carry_out(
    order: OrderFacts,
    step: Step,
    now: datetime,
    clocks: tuple[RunningTimer, ...],
    note: str,
    refund_cents: int,
    paid: OrderPaid | None = None,
    paid_at: datetime | None = None,
) -> Decision:
    target = step.target or _back_to(order)
    frozen = target is State.FROZEN
    leaving = tuple(clock for clock in clocks if clock.timer not in CLOCKS[target])
    fired = step.by if isinstance(step.by, Timer) else None
    paused = tuple(
        Paused(c.timer, c.start, c.due, now) for c in leaving if frozen and c.timer in PAUSES
    )
    opens = opening_clocks(paid_at, order.policy) if paid_at else _opening(order, step, target, now)
    movements = _movements(order, step.money, refund_cents)
    moved = target is not order.state
    turn = _turn_when_resumed(order, target) if step.verb is Verb.DECIDE_RESUME else step.turn
    facts = msgspec.structs.replace(
        order,
        state=target,
        state_since=now if moved else order.state_since,
        turn=turn,
        turn_since=now if moved or turn is not order.turn else order.turn_since,
        brief_handed=order.brief_handed or step.verb is Verb.HAND_OVER,
        held_cents=order.held_cents + sum(m.into_escrow for m in movements),
        resume=_resume(order, step, target),
        refusals=order.refusals + (step.verb is Verb.REFUSE_CANCEL),
        dispute_right=step.right or (order.dispute_right and target in _KEEPS_RIGHT),
        delivery_due=next((o.due for o in opens if o.timer is Timer.DELIVERY), order.delivery_due),
        paused=paused,
    )
    events = [paid or step_told(step, note, refund_cents, facts.refusals, facts.delivery_due)]
    events += (
        [RightOpened()] if step.right and not order.dispute_right and step.by is not fired else []
    )
    for clock in leaving:
        if clock.timer in {fired, Timer.ORDER_LIFE}:
            continue  # the one is told already; the other is known from the payment
        stops = any(p.timer is clock.timer for p in paused)
        left = int((clock.due - now).total_seconds())
        events.append(DeadlinePaused(clock.timer, left) if stops else DeadlineMet(clock.timer))
    events += [money_told(movement, order.currency) for movement in movements]
    events += [
        DeadlineSet(opened.timer, opened.due)
        for opened in opens
        if opened.timer is not Timer.ORDER_LIFE
    ]
    ends = tuple(clock.timer for clock in leaving) + ((fired,) if fired else ())
    return Decision(tuple(events), facts, tuple(dict.fromkeys(ends)), opens, movements)


_KEEPS_RIGHT = frozenset(
    {State.IN_PROGRESS, State.LATE, State.CANCEL_REQUESTED, State.REVISION_REQUESTED}
)


def _back_to(order: OrderFacts) -> State:
    back = order.resume or State.IN_PROGRESS
    if order.state is State.FROZEN:
        return RESUMES_AS.get(back, State.IN_PROGRESS)
    return back


def _turn_when_resumed(order: OrderFacts, target: State) -> Role:
    if target is State.AWAITING_VALIDATION and order.brief_handed:
        return Role.SELLER
    return TURN_WHEN_RESUMED[target]


def _resume(order: OrderFacts, step: Step, target: State) -> State | None:
    """Remember where a request or a freeze leads back to."""
    if target is State.CANCEL_REQUESTED:
        return State.LATE if step.by is Timer.DELIVERY else order.resume or order.state
    if target is State.FROZEN:
        return order.resume or order.state
    return None


def _opening(order: OrderFacts, step: Step, target: State, now: datetime) -> tuple[TimerSet, ...]:
    if order.state is State.FROZEN and step.target is None:
        return _restart(order, target, now)
    if step.opens is None:
        return ()
    length = length_of(step.opens, order.policy)
    due = deadlines.window_end(step.opens, now, length, order.policy)
    if step.verb is Verb.START:
        due += timedelta(seconds=order.extra_seconds)
    if step.verb is Verb.ACCEPT_REVISION:
        due = _revised_due(order, now)
    return (TimerSet(step.opens, now, due),)


def _revised_due(order: OrderFacts, now: datetime) -> datetime:
    """Return the new delivery date of work taken up again: at least `policy.revision` from now."""
    soonest = deadlines.due(now, order.policy.revision)
    return max(soonest, order.delivery_due or soonest)


def _restart(order: OrderFacts, target: State, now: datetime) -> tuple[TimerSet, ...]:
    """Start the paused clocks of a resumed order: with what was left; its life by the calendar."""
    opened: list[TimerSet] = []
    for paused in order.paused:
        if paused.timer is Timer.ORDER_LIFE:
            opened.append(TimerSet(paused.timer, paused.start, paused.due))
        elif paused.timer in CLOCKS[target]:
            stood: timedelta = now - paused.at
            opened.append(TimerSet(paused.timer, paused.start + stood, paused.due + stood))
    if target is State.IN_PROGRESS:
        kept = [o for o in opened if o.timer is not Timer.DELIVERY]
        running = next((o for o in opened if o.timer is Timer.DELIVERY), None)
        soonest = deadlines.due(now, order.policy.revision)
        due = max(running.due, soonest) if running else soonest
        opened = [*kept, TimerSet(Timer.DELIVERY, running.start if running else now, due)]
    return tuple(opened)


def _movements(order: OrderFacts, what: Money, refund_cents: int) -> tuple[money.Movement, ...]:
    held = order.held_cents
    match what:
        case Money.STAYS:
            return ()
        case Money.HELD:
            return (money.hold(order.price_cents),)
        case Money.REFUNDED:
            return (money.refund(held),) if held else ()
        case Money.RELEASED:
            return (money.release(held),) if held else ()
        case Money.EXPIRED:
            return (money.expire(held),) if held else ()
        case Money.SPLIT:
            if not 0 < refund_cents < held:
                raise AmountWrong(least=1, most=held - 1, asked=refund_cents)
            return money.refund(refund_cents), money.release(held - refund_cents)
        case never:
            assert_never(never)
