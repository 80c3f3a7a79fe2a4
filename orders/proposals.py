"""What the two agree on: time, a part of the money back, added options, talks, what was said.

Either party proposes; the other accepts or declines with one tap; who proposed may withdraw
until then. A proposal of each kind at a time, but for the points of a call's minutes. Accepting
more time moves the clock for both and says so; a late order taken up this way is in progress
again. Accepting a refund moves the money at once (ComeUp articles 1579 and 1764). Picking a time
to talk has both reminded of it; confirming a point makes it an item of the readiness list. When
the order moves on, what was open lapses.

An added option (T25; ComeUp articles 1734 and 1754) costs money, so agreeing to it orders a
charge, and it counts once the marketplace confirmed that: only money that is in escrow can be
refunded, divided or paid out. Until then the buyer may take it back.

Decided here without I/O; `orders.agreements`, `orders.options` and `orders.talks` carry out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from orders import money
from orders.decisions import OrderFacts, RunningTimer, TimerSet
from orders.errors import (
    AmountWrong,
    Malformed,
    NotYours,
    ProposalOver,
    TextEmpty,
    TextTooLong,
    TimeWrong,
    TooManyItems,
    WrongState,
)
from orders.events import CallId, PersonId, Role, State, Timer
from orders.workflow import ENDED, UNPAID

EXTENDED_IN = {
    State.AWAITING_VALIDATION: Timer.BRIEF_WINDOW,
    State.IN_PROGRESS: Timer.DELIVERY,
    State.LATE: Timer.DELIVERY,
}
"""Which clock more time can be agreed on, by state."""
LEAST_SECONDS = 60
TALKED_IN = frozenset(State) - {State.DELIVERED, State.FROZEN, *ENDED}
"""Where the two still shape the work in conversation, and so agree on calls and their minutes."""
SOLD_IN = frozenset(State) - {State.FROZEN, *ENDED, *UNPAID}
"""Where an option can be added (T25): in any open order."""
OPTION_TITLE_MAX = 120
"""The longest title of an option, in characters."""
OPTION_CENTS_MOST = 100_000_000
"""The most an option may cost: as much as an order."""
DAY = timedelta(days=1)
TIMES_MAX = 3
"""The most times to talk that one proposal offers: more is a calendar, not a choice."""
NOTICE_LEAST = timedelta(minutes=10)
"""How far ahead a proposed time lies at least: the other one has to see it first."""
NOTICE_MOST = timedelta(days=30)
TALK_GRACE = timedelta(minutes=15)
"""How long after a time to talk it is still shown: who is a little late is not alone."""
TALK_REMINDER = timedelta(minutes=10)
"""How long before a time to talk both are reminded of it."""
POINT_MAX = 200
"""The longest point of a call's minutes, in characters."""
POINTS_MAX = 20
"""The most points that wait for confirmation at a time."""


class ProposalKind(StrEnum):
    """What can be proposed."""

    TIME = "time"
    REFUND = "refund"
    TALK = "talk"
    POINT = "point"
    OPTION = "option"


class Outcome(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    UNPAID = "unpaid"
    """An agreed option whose charge was refused; the marketplace may try again."""
    PAID = "paid"
    """An option that belongs to the order."""


class Proposal(msgspec.Struct, frozen=True):
    """A proposal as both parties see it. `amount` is seconds of a clock, or cents.

    An option has a `title`, and `seconds` more to deliver in.
    `note` is the point itself where one is proposed; `call` is the call it was made in.
    """

    seq: int
    kind: ProposalKind
    by: PersonId
    amount: int
    at: datetime
    timer: Timer | None = None
    note: str = ""
    outcome: Outcome = Outcome.OPEN
    times: tuple[datetime, ...] = ()
    """What to choose from, where a time to talk is proposed."""
    call: CallId | None = None
    title: str = ""
    seconds: int = 0

    @property
    def charged(self) -> bool:
        """Whether it is an option that both want and that is not paid yet."""
        return self.kind is ProposalKind.OPTION and self.outcome in CHARGED


CHARGED = frozenset({Outcome.ACCEPTED, Outcome.UNPAID})
"""What an option is while it waits for its payment."""


def may_propose(order: OrderFacts, kind: ProposalKind, role: Role) -> bool:
    """Say whether this proposal makes sense in the order's state, for this role."""
    if role is Role.MEDIATOR:
        return False
    match kind:
        case ProposalKind.TIME:
            return order.state in EXTENDED_IN
        case ProposalKind.REFUND:
            return order.state not in {*ENDED, State.FROZEN} and order.held_cents > 1
        case ProposalKind.OPTION:
            return order.state in SOLD_IN
        case ProposalKind.TALK:
            return order.state in TALKED_IN
        case ProposalKind.POINT:  # it would become an item of a list that a question has not
            return order.state in TALKED_IN and order.state is not State.QUESTION
        case never:
            assert_never(never)


def judge_time(order: OrderFacts, role: Role, seconds: int, times: int) -> Timer:
    """Admit a proposal of more time; return the clock it is about.

    `times` counts the agreements on this clock so far. Raises `NotYours`, `WrongState`,
    `TimeWrong`.
    """
    _may(order, ProposalKind.TIME, role)
    most = order.policy.extra_time_most if times < order.policy.extra_times else 0
    if not LEAST_SECONDS <= seconds <= most:
        raise TimeWrong(least=LEAST_SECONDS, most=most, asked=seconds)
    return EXTENDED_IN[order.state]


def judge_refund(order: OrderFacts, role: Role, cents: int) -> None:
    """Admit a proposal of a partial refund: it leaves something in escrow."""
    _may(order, ProposalKind.REFUND, role)
    if not 0 < cents < order.held_cents:
        raise AmountWrong(least=1, most=order.held_cents - 1, asked=cents)


def judge_talk(
    order: OrderFacts, role: Role, times: tuple[datetime, ...], now: datetime
) -> tuple[datetime, ...]:
    """Admit times to talk; return them in their order.

    Raises `NotYours`, `WrongState`, `Malformed` (none, more than `TIMES_MAX`, one twice),
    `TimeWrong` (too soon or too far away; seconds from now).
    """
    _may(order, ProposalKind.TALK, role)
    if not 0 < len(set(times)) == len(times) <= TIMES_MAX:
        raise Malformed(where="times")
    for time in times:
        ahead(time, now)
    return tuple(sorted(times))


def ahead(time: datetime, now: datetime, least: timedelta = NOTICE_LEAST) -> None:
    """Raise `TimeWrong` unless a time to talk lies between `least` and a month from now."""
    if not least <= time - now <= NOTICE_MOST:
        raise TimeWrong(
            least=int(least.total_seconds()),
            most=int(NOTICE_MOST.total_seconds()),
            asked=int((time - now).total_seconds()),
        )


def picked(proposal: Proposal, at: datetime | None, now: datetime) -> datetime:
    """Return the time that accepting a proposal to talk means; a single one needs no naming.

    Raises `Malformed` if `at` is none of those proposed, `TimeWrong` if it has passed.
    """
    chosen = proposal.times[0] if at is None and len(proposal.times) == 1 else at
    if chosen is None or chosen not in proposal.times:
        raise Malformed(where="at")
    ahead(chosen, now, least=timedelta())
    return chosen


def may_talk(order: OrderFacts) -> bool:
    """Say whether a time to talk that was agreed on still stands: it lapses as proposals do."""
    return order.state in TALKED_IN and not order.apart


def judge_point(order: OrderFacts, role: Role, text: str, waiting: int) -> None:
    """Admit a point of a call's minutes; `waiting` others are not confirmed yet.

    Raises `NotYours`, `WrongState`, `TextEmpty`, `TextTooLong`, `TooManyItems`.
    """
    _may(order, ProposalKind.POINT, role)
    if not text:
        raise TextEmpty
    if len(text) > POINT_MAX:
        raise TextTooLong(limit=POINT_MAX, length=len(text))
    if waiting >= POINTS_MAX:
        raise TooManyItems(limit=POINTS_MAX)


def judge_option(
    order: OrderFacts,
    role: Role,
    title: str,
    cents: int,
    days: int,
    clocks: tuple[RunningTimer, ...],
    now: datetime,
) -> None:
    """Admit an added option: a title, a price, and at most so many days as the order has left.

    Raises `NotYours`, `WrongState`, `TextEmpty`, `TextTooLong`, `AmountWrong`, and `TimeWrong`
    in seconds.
    """
    _may(order, ProposalKind.OPTION, role)
    if not title:
        raise TextEmpty
    if len(title) > OPTION_TITLE_MAX:
        raise TextTooLong(limit=OPTION_TITLE_MAX, length=len(title))
    if not 0 < cents <= OPTION_CENTS_MOST:
        raise AmountWrong(least=1, most=OPTION_CENTS_MOST, asked=cents)
    within_life(order, clocks, now, days)


def within_life(
    order: OrderFacts, clocks: tuple[RunningTimer, ...], now: datetime, days: int
) -> None:
    """Raise `TimeWrong` unless an option's days fit the settings and the order's longest life."""
    begins = _due_of(clocks, Timer.DELIVERY) or now
    life = _due_of(clocks, Timer.ORDER_LIFE)
    left = (life - begins) // DAY if life else order.policy.option_days_most
    most = max(0, min(left, order.policy.option_days_most))
    if not 0 <= days <= most:
        day = int(DAY.total_seconds())
        raise TimeWrong(least=0, most=most * day, asked=days * day)


def delivered_later(
    order: OrderFacts, option: Proposal, clocks: tuple[RunningTimer, ...], now: datetime
) -> tuple[OrderFacts, TimerSet | None]:
    """Return the order with an option's time added to it, and the delivery clock if it changes.

    Before the start the time is kept for the delivery date that starting fixes. A late order is
    in progress again; where nothing is being worked on, the date that work is taken up by moves.
    """
    more = timedelta(seconds=option.seconds)
    if not more:
        return order, None
    if order.state is State.AWAITING_VALIDATION:
        kept = order.extra_seconds + option.seconds
        return msgspec.structs.replace(order, extra_seconds=kept), None
    running = next((clock for clock in clocks if clock.timer is Timer.DELIVERY), None)
    begins = running.due if running else now
    late = order.state is State.LATE or order.resume is State.LATE
    if running is None and not late:
        due = (order.delivery_due or now) + more
        return msgspec.structs.replace(order, delivery_due=due), None
    life = _due_of(clocks, Timer.ORDER_LIFE) or begins + more
    due = max(begins, min(begins + more, life))
    after = msgspec.structs.replace(order, delivery_due=due)
    if order.state is State.LATE:
        after = msgspec.structs.replace(
            after, state=State.IN_PROGRESS, state_since=now, turn=Role.SELLER, turn_since=now
        )
    elif late:
        after = msgspec.structs.replace(after, resume=State.IN_PROGRESS)
    return after, TimerSet(Timer.DELIVERY, running.start if running else now, due)


def _due_of(clocks: tuple[RunningTimer, ...], timer: Timer) -> datetime | None:
    return next((clock.due for clock in clocks if clock.timer is timer), None)


def _may(order: OrderFacts, kind: ProposalKind, role: Role) -> None:
    if role is Role.MEDIATOR:
        raise NotYours(verb=f"{kind}.propose", role=role)
    if not may_propose(order, kind, role):
        raise WrongState(verb=f"{kind}.propose", state=order.state)


def judge_answer(proposal: Proposal, person: PersonId, role: Role, outcome: Outcome) -> None:
    """Admit an answer: the other party accepts or declines, who proposed withdraws.

    The buyer may take back an option that is not paid yet, whoever proposed it. A mediator is
    neither of the two: what becomes of the money without them both is decided in a dispute alone.
    """
    if role is Role.MEDIATOR:
        raise NotYours(verb=f"proposal.{outcome}", role=role)
    if proposal.charged and outcome is Outcome.WITHDRAWN:
        if role is not Role.BUYER:
            raise NotYours(verb=f"proposal.{outcome}", role=role)
        return
    if proposal.outcome is not Outcome.OPEN:
        raise ProposalOver(proposal=proposal.seq, outcome=proposal.outcome)
    mine = proposal.by == person
    if mine is not (outcome is Outcome.WITHDRAWN):
        raise NotYours(verb=f"proposal.{outcome}", role="own" if mine else "other")


def lengthened(
    order: OrderFacts, proposal: Proposal, clocks: tuple[RunningTimer, ...], now: datetime
) -> TimerSet:
    """Return the clock as agreed: later than it was due, or than now if it had run out.

    Never beyond the order's longest life. Raises `WrongState` if there is no such clock, and
    `TimeWrong` if the order's life leaves no more time.
    """
    timer = proposal.timer
    if timer is None or EXTENDED_IN.get(order.state) is not timer:
        raise WrongState(verb="time.accept", state=order.state)
    running = next((clock for clock in clocks if clock.timer is timer), None)
    start, due = (running.start, running.due) if running else (now, now)
    later = due + timedelta(seconds=proposal.amount)
    life = next((clock.due for clock in clocks if clock.timer is Timer.ORDER_LIFE), later)
    if later > life:
        left = max(0, int((life - due).total_seconds()))
        raise TimeWrong(least=LEAST_SECONDS, most=left, asked=proposal.amount)
    return TimerSet(timer, start, later)


def refund_of(order: OrderFacts, proposal: Proposal) -> money.Movement:
    """Return the movement of an accepted partial refund. Raises `AmountWrong`, `WrongState`."""
    if order.state in {*ENDED, State.FROZEN}:
        raise WrongState(verb="refund.accept", state=order.state)
    if not 0 < proposal.amount < order.held_cents:
        raise AmountWrong(least=1, most=order.held_cents - 1, asked=proposal.amount)
    return money.refund(proposal.amount, ref=str(proposal.seq))


def lapses(proposal: Proposal, state: State) -> bool:
    """Say whether a state leaves nothing to agree to."""
    match proposal.kind:
        case ProposalKind.TIME:
            return EXTENDED_IN.get(state) is not proposal.timer
        case ProposalKind.REFUND:
            return state in {*ENDED, State.FROZEN}
        case ProposalKind.TALK | ProposalKind.POINT:
            return state not in TALKED_IN
        case ProposalKind.OPTION:
            return state not in SOLD_IN
        case never:
            assert_never(never)
