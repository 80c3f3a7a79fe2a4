"""Which entry tells which step."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from orders import money
from orders.events import (
    BriefHandedOver,
    CancelReason,
    CancelRefused,
    CancelRequested,
    CancelWithdrawn,
    Decided,
    DisputeDecided,
    DisputeOpened,
    Event,
    MoneyExpired,
    MoneyHeld,
    MoneyRefunded,
    MoneyReleased,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderExpired,
    OrderFrozen,
    OrderLate,
    OrderStarted,
    QuestionClosed,
    RevisionAccepted,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
    State,
)
from orders.workflow import Guard, Step, Verb


def step_told(
    step: Step, note: str, refund_cents: int, refusals: int, delivery_due: datetime | None
) -> Event:
    """Return the entry that tells this step; the last two are the order's once it was taken."""
    match step.verb:
        case Verb.PAY:
            raise AssertionError(step)  # the payment brings its own entry
        case Verb.CLOSE_QUESTION:
            return QuestionClosed(note)
        case Verb.HAND_OVER:
            return BriefHandedOver(note)
        case Verb.START:
            return OrderStarted(_known(delivery_due), note)
        case Verb.CANCEL | Verb.DECLINE | Verb.ACCEPT_CANCEL | Verb.GIVE_UP:
            return OrderCancelled(step.reason or CancelReason.AGREED, note)
        case Verb.DELIVER:
            return OrderDelivered(note)
        case Verb.CLOSE:
            return OrderClosed()
        case Verb.REQUEST_REVISION:
            return RevisionRequested(note)
        case Verb.ACCEPT_REVISION:
            return RevisionAccepted(_known(delivery_due))
        case Verb.REFUSE_REVISION:
            return RevisionRefused(note)
        case Verb.REQUEST_CANCEL:
            return CancelRequested(note)
        case Verb.WITHDRAW_CANCEL:
            return CancelWithdrawn()
        case Verb.REFUSE_CANCEL if step.guard is Guard.SECOND_REFUSAL:
            return DisputeOpened(note, by_rule=True)
        case Verb.REFUSE_CANCEL:
            return CancelRefused(note, refusals)
        case Verb.DISPUTE:
            return DisputeOpened(note)
        case Verb.FREEZE:
            return OrderFrozen(note)
        case Verb.DECIDE_REFUND:
            return DisputeDecided(Decided.REFUND, note)
        case Verb.DECIDE_SPLIT:
            return DisputeDecided(Decided.SPLIT, note, refund_cents)
        case Verb.DECIDE_PAY:
            return DisputeDecided(Decided.PAY, note)
        case Verb.DECIDE_RESUME:
            return DisputeDecided(Decided.RESUME, note)
        case Verb.EXPIRE:
            return _expired(step)
        case never:
            assert_never(never)


def _expired(step: Step) -> Event:
    """Return the entry that tells what a clock at zero did."""
    if step.target is State.CANCELLED:
        return OrderCancelled(step.reason or CancelReason.BRIEF_WINDOW_OVER)
    if step.target is State.CLOSED:
        return OrderClosed(by_clock=True)
    if step.target is State.EXPIRED:
        return OrderExpired()
    return RightOpened() if step.right else OrderLate()


def _known(due: datetime | None) -> datetime:
    if due is None:
        raise AssertionError  # a step into work always opens the delivery clock
    return due


def money_told(movement: money.Movement, currency: str) -> Event:
    """Return the entry that tells this movement of money."""
    match movement.kind:
        case money.MovementKind.REFUND:
            return MoneyRefunded(movement.cents, currency)
        case money.MovementKind.RELEASE:
            return MoneyReleased(movement.cents, currency)
        case money.MovementKind.EXPIRE:
            return MoneyExpired(movement.cents, currency)
        case money.MovementKind.HOLD:
            return MoneyHeld(movement.cents, currency)
        case never:
            assert_never(never)
