"""The process of an order as a table: states x verbs x clocks -> states, money and clocks.

One row of `STEPS` per transition. The T-numbers are those of ComeUp's process as its help pages
describe it; rows named H are the house's own, told apart so that nobody takes them for
ComeUp's. `orders.decisions` carries the table out.

Two kinds of clocks stay apart. Most *change the state* at zero. An unanswered request (T12,
T20) only *opens a right*: the buyer may then file a dispute, and nothing moves by itself.

Where ComeUp's pages contradict each other: a revision request is a state of its own with the
seller's 48 hours (article 1741, finer than 1759); the seller alone starts (1730, against 1464).
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

import msgspec

from orders.events import CancelReason, Role, State, Timer
from orders.policy import Policy


class Verb(StrEnum):
    """The steps a person, the marketplace or a clock can take."""

    PAY = "order.pay"
    CLOSE_QUESTION = "question.close"
    HAND_OVER = "brief.hand_over"
    START = "order.start"
    CANCEL = "order.cancel"
    DECLINE = "order.decline"
    DELIVER = "order.deliver"
    CLOSE = "order.close"
    REQUEST_REVISION = "revision.request"
    ACCEPT_REVISION = "revision.accept"
    REFUSE_REVISION = "revision.refuse"
    REQUEST_CANCEL = "cancel.request"
    WITHDRAW_CANCEL = "cancel.withdraw"
    ACCEPT_CANCEL = "cancel.accept"
    REFUSE_CANCEL = "cancel.refuse"
    GIVE_UP = "order.give_up"
    DISPUTE = "dispute.open"
    FREEZE = "order.freeze"
    DECIDE_REFUND = "dispute.refund"
    DECIDE_SPLIT = "dispute.split"
    DECIDE_PAY = "dispute.pay"
    DECIDE_RESUME = "dispute.resume"
    EXPIRE = "deadline.expire"


class Money(StrEnum):
    """What a step does to the money in escrow."""

    STAYS = "stays"
    HELD = "held"
    REFUNDED = "refunded"
    RELEASED = "released"
    SPLIT = "split"
    EXPIRED = "expired"


class Guard(StrEnum):
    """What must hold besides the state."""

    FIRST_REFUSAL = "first refusal"
    SECOND_REFUSAL = "second refusal"
    DISPUTE_RIGHT = "right to dispute"
    LATE = "late meanwhile"


class Operator(StrEnum):
    """Who acts for the marketplace itself."""

    MARKETPLACE = "marketplace"


By = Role | Timer | Operator


class Step(msgspec.Struct, frozen=True):
    """One row of the table."""

    name: str
    source: State
    verb: Verb
    by: By
    target: State | None
    """Where the order goes; None: back to where it was before the request or the freeze."""
    money: Money = Money.STAYS
    turn: Role | None = None
    """Whose turn it is afterwards; None when nobody has to do anything."""
    opens: Timer | None = None
    """The clock that begins to run."""
    reason: CancelReason | None = None
    guard: Guard | None = None
    needs_note: bool = False
    """Whether the step has to say why."""
    right: bool = False
    """Whether the buyer may file a dispute afterwards."""


S, V, R, T, M = State, Verb, Role, Timer, Money

STEPS: tuple[Step, ...] = (
    Step("T1", S.QUESTION, V.PAY, Operator.MARKETPLACE, S.AWAITING_VALIDATION, M.HELD,
         turn=R.BUYER, opens=T.BRIEF_WINDOW),
    *(Step("H2", S.QUESTION, V.CLOSE_QUESTION, by, S.QUESTION_CLOSED)
      for by in (R.BUYER, R.SELLER, Operator.MARKETPLACE)),
    Step("H0", S.AWAITING_VALIDATION, V.HAND_OVER, R.BUYER, S.AWAITING_VALIDATION, turn=R.SELLER),
    Step("T2", S.AWAITING_VALIDATION, V.START, R.SELLER, S.IN_PROGRESS,
         turn=R.SELLER, opens=T.DELIVERY),
    Step("T3", S.AWAITING_VALIDATION, V.CANCEL, R.BUYER, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.BUYER_CANCELLED),
    Step("T4", S.AWAITING_VALIDATION, V.EXPIRE, T.BRIEF_WINDOW, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.BRIEF_WINDOW_OVER),
    Step("T5", S.AWAITING_VALIDATION, V.DECLINE, R.SELLER, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.SELLER_DECLINED),
    Step("T6", S.IN_PROGRESS, V.EXPIRE, T.DELIVERY, S.LATE, turn=R.SELLER),
    Step("T6", S.CANCEL_REQUESTED, V.EXPIRE, T.DELIVERY, S.CANCEL_REQUESTED, turn=R.SELLER),
    Step("T7", S.IN_PROGRESS, V.DELIVER, R.SELLER, S.DELIVERED, turn=R.BUYER, opens=T.REVIEW),
    Step("T7", S.LATE, V.DELIVER, R.SELLER, S.DELIVERED, turn=R.BUYER, opens=T.REVIEW),
    Step("T8", S.IN_PROGRESS, V.REQUEST_CANCEL, R.BUYER, S.CANCEL_REQUESTED,
         turn=R.SELLER, opens=T.CANCEL_ANSWER, needs_note=True),
    Step("H1", S.CANCEL_REQUESTED, V.WITHDRAW_CANCEL, R.BUYER, None, turn=R.SELLER),
    Step("T9", S.CANCEL_REQUESTED, V.ACCEPT_CANCEL, R.SELLER, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.AGREED),
    Step("T10", S.CANCEL_REQUESTED, V.REFUSE_CANCEL, R.SELLER, None, turn=R.SELLER,
         guard=Guard.FIRST_REFUSAL, needs_note=True, right=True),
    Step("T10", S.IN_PROGRESS, V.DISPUTE, R.BUYER, S.FROZEN,
         guard=Guard.DISPUTE_RIGHT, needs_note=True),
    Step("T10", S.LATE, V.DISPUTE, R.BUYER, S.FROZEN,
         guard=Guard.DISPUTE_RIGHT, needs_note=True),
    Step("T11", S.CANCEL_REQUESTED, V.REFUSE_CANCEL, R.SELLER, S.FROZEN,
         guard=Guard.SECOND_REFUSAL, needs_note=True),
    Step("T12", S.CANCEL_REQUESTED, V.EXPIRE, T.CANCEL_ANSWER, S.CANCEL_REQUESTED,
         turn=R.BUYER, right=True),
    Step("T12", S.CANCEL_REQUESTED, V.DISPUTE, R.BUYER, S.FROZEN,
         guard=Guard.DISPUTE_RIGHT, needs_note=True),
    Step("T13", S.LATE, V.CANCEL, R.BUYER, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.LATE),
    Step("T13", S.CANCEL_REQUESTED, V.CANCEL, R.BUYER, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.LATE, guard=Guard.LATE),
    *(Step("T14", state, V.GIVE_UP, R.SELLER, S.CANCELLED, M.REFUNDED,
           opens=T.CHAT_TAIL, reason=CancelReason.SELLER_GAVE_UP, needs_note=True)
      for state in (S.IN_PROGRESS, S.LATE, S.REVISION_REQUESTED, S.REVISION_REFUSED)),
    Step("T15", S.DELIVERED, V.CLOSE, R.BUYER, S.CLOSED, M.RELEASED, opens=T.CHAT_TAIL),
    Step("T16", S.DELIVERED, V.EXPIRE, T.REVIEW, S.CLOSED, M.RELEASED, opens=T.CHAT_TAIL),
    Step("T17", S.DELIVERED, V.REQUEST_REVISION, R.BUYER, S.REVISION_REQUESTED,
         turn=R.SELLER, opens=T.REVISION_ANSWER, needs_note=True),
    Step("T18", S.REVISION_REQUESTED, V.ACCEPT_REVISION, R.SELLER, S.IN_PROGRESS,
         turn=R.SELLER, opens=T.DELIVERY),
    Step("T19", S.REVISION_REQUESTED, V.REFUSE_REVISION, R.SELLER, S.REVISION_REFUSED,
         turn=R.BUYER, opens=T.REVISION_CHOICE, needs_note=True),
    Step("T20", S.REVISION_REQUESTED, V.EXPIRE, T.REVISION_ANSWER, S.REVISION_REQUESTED,
         turn=R.BUYER, right=True),
    Step("T20", S.REVISION_REQUESTED, V.DISPUTE, R.BUYER, S.FROZEN,
         guard=Guard.DISPUTE_RIGHT, needs_note=True),
    Step("T21", S.REVISION_REFUSED, V.CLOSE, R.BUYER, S.CLOSED, M.RELEASED, opens=T.CHAT_TAIL),
    Step("T22", S.REVISION_REFUSED, V.DISPUTE, R.BUYER, S.FROZEN, needs_note=True),
    Step("T23", S.REVISION_REFUSED, V.EXPIRE, T.REVISION_CHOICE, S.CLOSED, M.RELEASED,
         opens=T.CHAT_TAIL),
    *(Step("T26", state, V.FREEZE, Operator.MARKETPLACE, S.FROZEN)
      for state in (S.AWAITING_VALIDATION, S.IN_PROGRESS, S.LATE, S.DELIVERED,
                    S.REVISION_REQUESTED, S.REVISION_REFUSED, S.CANCEL_REQUESTED)),
    Step("T27", S.FROZEN, V.DECIDE_REFUND, R.MEDIATOR, S.CANCELLED, M.REFUNDED,
         opens=T.CHAT_TAIL, reason=CancelReason.DECIDED, needs_note=True),
    Step("T27", S.FROZEN, V.DECIDE_SPLIT, R.MEDIATOR, S.CLOSED, M.SPLIT,
         opens=T.CHAT_TAIL, needs_note=True),
    Step("T27", S.FROZEN, V.DECIDE_PAY, R.MEDIATOR, S.CLOSED, M.RELEASED,
         opens=T.CHAT_TAIL, needs_note=True),
    Step("T27", S.FROZEN, V.DECIDE_RESUME, R.MEDIATOR, None, needs_note=True),
    *(Step("T28", state, V.EXPIRE, T.ORDER_LIFE, S.EXPIRED, M.EXPIRED)
      for state in (S.AWAITING_VALIDATION, S.IN_PROGRESS, S.LATE, S.DELIVERED,
                    S.REVISION_REQUESTED, S.REVISION_REFUSED, S.CANCEL_REQUESTED)),
)  # fmt: skip

ENDED = frozenset({State.CLOSED, State.CANCELLED, State.EXPIRED, State.QUESTION_CLOSED})
"""States no step leaves."""
REMINDED = frozenset({T.BRIEF_WINDOW, T.REVIEW, T.DELIVERY, T.REVISION_CHOICE,
                      T.REVISION_ANSWER, T.CANCEL_ANSWER, T.ORDER_LIFE})  # fmt: skip
"""Clocks whose end people are reminded of. The others are very short or harmless."""
UNPAID = frozenset({State.QUESTION, State.QUESTION_CLOSED})
"""States before any payment: no money and no clocks."""
CLOCKS: dict[State, frozenset[Timer]] = {
    S.QUESTION: frozenset(),
    S.QUESTION_CLOSED: frozenset(),
    S.AWAITING_VALIDATION: frozenset({T.BRIEF_WINDOW, T.ORDER_LIFE}),
    S.IN_PROGRESS: frozenset({T.DELIVERY, T.ORDER_LIFE}),
    S.LATE: frozenset({T.ORDER_LIFE}),
    S.DELIVERED: frozenset({T.REVIEW, T.ORDER_LIFE}),
    S.REVISION_REQUESTED: frozenset({T.REVISION_ANSWER, T.ORDER_LIFE}),
    S.REVISION_REFUSED: frozenset({T.REVISION_CHOICE, T.ORDER_LIFE}),
    S.CANCEL_REQUESTED: frozenset({T.CANCEL_ANSWER, T.DELIVERY, T.ORDER_LIFE}),
    S.FROZEN: frozenset(),
    S.CLOSED: frozenset({T.CHAT_TAIL}),
    S.CANCELLED: frozenset({T.CHAT_TAIL}),
    S.EXPIRED: frozenset(),
}
"""The clocks that may run in a state; entering it ends all others."""
PAUSES = frozenset({T.BRIEF_WINDOW, T.DELIVERY, T.REVIEW, T.ORDER_LIFE})
"""Clocks that stop, rather than end, while an order is frozen."""
RESUMES_AS = {S.AWAITING_VALIDATION: S.AWAITING_VALIDATION, S.DELIVERED: S.DELIVERED}
"""Where a resumed order goes: back to these two, otherwise to work in progress (T27)."""
TURN_WHEN_RESUMED = {S.AWAITING_VALIDATION: R.BUYER, S.DELIVERED: R.BUYER, S.IN_PROGRESS: R.SELLER}
"""Of an order that awaits validation: unless the brief was handed over, then it is the seller's."""


def length_of(timer: Timer, policy: Policy) -> int:
    """Return the length of a clock in seconds, from the order's settings."""
    match timer:
        case Timer.BRIEF_WINDOW:
            return policy.brief_window
        case Timer.DELIVERY:
            return policy.delivery
        case Timer.REVIEW:
            return policy.review
        case Timer.REVISION_ANSWER:
            return policy.revision_answer
        case Timer.REVISION_CHOICE:
            return policy.revision_choice
        case Timer.CANCEL_ANSWER:
            return policy.cancel_answer
        case Timer.CHAT_TAIL:
            return policy.chat_tail
        case Timer.ORDER_LIFE:
            return policy.order_life
        case Timer.RING:
            return policy.ring
        case never:
            assert_never(never)
