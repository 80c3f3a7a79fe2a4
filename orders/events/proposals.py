"""What one party asks the other: time, a part of the money, an option."""

from __future__ import annotations

from orders.events.words import Happening, Timer


class TimeProposed(Happening, frozen=True, tag="time_proposed"):
    """The actor proposes `seconds` more on a clock. The entry's seq names the proposal."""

    timer: Timer
    seconds: int
    note: str = ""


class RefundProposed(Happening, frozen=True, tag="refund_proposed"):
    """The actor proposes that a part of the price goes back to the buyer."""

    cents: int
    currency: str
    note: str = ""


class OptionProposed(Happening, frozen=True, tag="option_proposed"):
    """The actor proposes an added option: more work for more money, and `days` to do it in."""

    title: str
    cents: int
    currency: str
    days: int = 0
    note: str = ""


class OptionOrdered(Happening, frozen=True, tag="option_ordered"):
    """Both want the option of entry `proposal`: the marketplace charges the buyer for it.

    It counts once the charge is confirmed, and not before.
    """

    proposal: int
    cents: int
    currency: str


class OptionAdded(Happening, frozen=True, tag="option_added"):
    """The option of entry `proposal` is paid: it belongs to the order, and `days` with it."""

    proposal: int
    title: str
    cents: int
    currency: str
    days: int = 0


class OptionUnpaid(Happening, frozen=True, tag="option_unpaid"):
    """The charge for the option of entry `proposal` was refused; it may be tried again."""

    proposal: int


class ProposalAccepted(Happening, frozen=True, tag="proposal_accepted"):
    """The other party agreed to the proposal of entry `proposal`; what follows says what it did."""

    proposal: int


class ProposalDeclined(Happening, frozen=True, tag="proposal_declined"):
    """The other party did not agree."""

    proposal: int


class ProposalWithdrawn(Happening, frozen=True, tag="proposal_withdrawn"):
    """Who made the proposal took it back."""

    proposal: int


class ProposalLapsed(Happening, frozen=True, tag="proposal_lapsed"):
    """The order moved on, so that there is nothing left to agree to."""

    proposal: int
