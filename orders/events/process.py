"""From a question or a payment to the end: what the steps of an order leave behind."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from orders.events.words import Happening, OrderId, PersonId, Wanted


class QuestionAsked(Happening, frozen=True, tag="question_asked"):
    """The buyer asks about a service before paying: the first entry of a question thread.

    `currency` is the one in which the service is offered.
    """

    title: str
    category: str
    currency: str


class QuestionClosed(Happening, frozen=True, tag="question_closed"):
    """The question was put away: nothing was ever paid, and nothing moves."""

    note: str = ""


class OrderPaid(Happening, frozen=True, tag="order_paid"):
    """The buyer paid; the money is in escrow. The first entry unless there was a question.

    `brief` is the readiness list it opens with, `predecessor` the order it repeats.
    """

    title: str
    category: str
    price_cents: int
    currency: str
    brief: tuple[Wanted, ...] = ()
    predecessor: OrderId | None = None


class OrderStarted(Happening, frozen=True, tag="order_started"):
    """The seller has what is needed and begins. The delivery date is fixed now.

    `note` says why it begins although something is still open.
    """

    delivery_due: datetime
    note: str = ""


class OrderLate(Happening, frozen=True, tag="order_late"):
    """The delivery date passed; the buyer may cancel alone from now on."""


class OrderDelivered(Happening, frozen=True, tag="order_delivered"):
    """The seller hands over the work; the review window opens."""

    note: str = ""


class OrderClosed(Happening, frozen=True, tag="order_closed"):
    """The order is complete: accepted by the buyer, or by the end of the review window."""

    by_clock: bool = False


class CancelReason(StrEnum):
    """Why an order was cancelled."""

    BUYER_CANCELLED = "buyer_cancelled"
    SELLER_DECLINED = "seller_declined"
    BRIEF_WINDOW_OVER = "brief_window_over"
    LATE = "late"
    AGREED = "agreed"
    SELLER_GAVE_UP = "seller_gave_up"
    DECIDED = "decided"


class OrderCancelled(Happening, frozen=True, tag="order_cancelled"):
    """The order ends without work delivered; the money goes back.

    `missing` is what the seller still waited for when the brief window ran out.
    """

    reason: CancelReason
    note: str = ""
    missing: tuple[Wanted, ...] = ()


class RevisionRequested(Happening, frozen=True, tag="revision_requested"):
    """The buyer asks for changes to the delivery; `note` says which."""

    note: str


class RevisionAccepted(Happening, frozen=True, tag="revision_accepted"):
    """The seller works on the changes; a new delivery date is fixed."""

    delivery_due: datetime


class RevisionRefused(Happening, frozen=True, tag="revision_refused"):
    """The seller does not make the changes, and says why; the buyer chooses what follows."""

    note: str


class CancelRequested(Happening, frozen=True, tag="cancel_requested"):
    """The buyer asks to cancel a running order, and says why; the seller answers."""

    note: str


class CancelWithdrawn(Happening, frozen=True, tag="cancel_withdrawn"):
    """The buyer takes the request back; the order goes on."""


class CancelRefused(Happening, frozen=True, tag="cancel_refused"):
    """The seller does not agree to cancel, and says why. `times` counts the refusals so far."""

    note: str
    times: int


class RightOpened(Happening, frozen=True, tag="right_opened"):
    """The buyer may file a dispute from now on: an answer was refused, or never came."""


class DisputeOpened(Happening, frozen=True, tag="dispute_opened"):
    """The order is frozen until a mediator decides. `by_rule` when a second refusal opened it."""

    note: str = ""
    by_rule: bool = False


class OrderFrozen(Happening, frozen=True, tag="order_frozen"):
    """The marketplace froze the order for checks."""

    note: str = ""


class Decided(StrEnum):
    """The four decisions that end a dispute."""

    REFUND = "refund"
    SPLIT = "split"
    PAY = "pay"
    RESUME = "resume"


class MediatorJoined(Happening, frozen=True, tag="mediator_joined"):
    """A mediator entered the order; the conversation is one of three from now on."""

    person: PersonId
    name: str


class DisputeDecided(Happening, frozen=True, tag="dispute_decided"):
    """The mediator decided, with reasons. `refund_cents` goes back to the buyer."""

    decision: Decided
    note: str
    refund_cents: int = 0


class OrderExpired(Happening, frozen=True, tag="order_expired"):
    """The order reached its longest life; what was held leaves escrow to the marketplace."""
