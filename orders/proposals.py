"""What the two agree on: more time on a clock, or a part of the money back.

Either party proposes; the other accepts or declines with one tap; who proposed may withdraw
until then. A proposal of each kind at a time. Accepting more time moves the clock for both and
says so; a late order taken up this way is in progress again. Accepting a refund moves the money
at once (ComeUp articles 1579 and 1764). When the order moves on, what was open lapses.

Decided here without I/O; `orders.agreements` carries out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from orders import money
from orders.decisions import OrderFacts, RunningTimer, TimerSet
from orders.errors import (
    AmountWrong,
    NotYours,
    ProposalOver,
    TimeWrong,
    WrongState,
)
from orders.events import PersonId, Role, State, Timer
from orders.workflow import ENDED

EXTENDED_IN = {
    State.AWAITING_VALIDATION: Timer.BRIEF_WINDOW,
    State.IN_PROGRESS: Timer.DELIVERY,
    State.LATE: Timer.DELIVERY,
}
"""Which clock more time can be agreed on, by state."""
LEAST_SECONDS = 60


class ProposalKind(StrEnum):
    """What can be proposed."""

    TIME = "time"
    REFUND = "refund"


class Outcome(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Proposal(msgspec.Struct, frozen=True):
    """A proposal as both parties see it. `amount` is seconds of a clock, or cents."""

    seq: int
    kind: ProposalKind
    by: PersonId
    amount: int
    at: datetime
    timer: Timer | None = None
    note: str = ""
    outcome: Outcome = Outcome.OPEN


def may_propose(order: OrderFacts, kind: ProposalKind, role: Role) -> bool:
    """Say whether this proposal makes sense in the order's state, for this role."""
    if role is Role.MEDIATOR:
        return False
    if kind is ProposalKind.TIME:
        return order.state in EXTENDED_IN
    return order.state not in {*ENDED, State.FROZEN} and order.held_cents > 1


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


def _may(order: OrderFacts, kind: ProposalKind, role: Role) -> None:
    if role is Role.MEDIATOR:
        raise NotYours(verb=f"{kind}.propose", role=role)
    if not may_propose(order, kind, role):
        raise WrongState(verb=f"{kind}.propose", state=order.state)


def judge_answer(proposal: Proposal, person: PersonId, outcome: Outcome) -> None:
    """Admit an answer: the other accepts or declines, who proposed withdraws."""
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
    if proposal.kind is ProposalKind.TIME:
        return EXTENDED_IN.get(state) is not proposal.timer
    return state in {*ENDED, State.FROZEN}
