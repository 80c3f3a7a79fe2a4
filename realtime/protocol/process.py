"""What the browser says about the process: its steps, proposals and the readiness list."""

from __future__ import annotations

from typing import Annotated

import msgspec

from orders.brief import LINKS_MAX
from realtime.protocol.fields import (
    Amount,
    FileRef,
    Id,
    InboundFrame,
    ItemRef,
    Moment,
    OrderRef,
    Seq,
    Worded,
)


class _Step(Worded, frozen=True):
    """A step of the process; the frame's type is its verb. `note` is its reason, if it has one."""

    id: Id
    order: OrderRef
    note: str = ""


class CloseQuestion(_Step, frozen=True, tag="question.close"):
    """Either party: put this question away; nothing was ever paid."""


class HandOver(_Step, frozen=True, tag="brief.hand_over"):
    """Buyer: the seller has everything now."""


class Start(_Step, frozen=True, tag="order.start"):
    """Seller: I have what I need and begin."""


class Cancel(_Step, frozen=True, tag="order.cancel"):
    """Buyer: cancel and refund."""


class Decline(_Step, frozen=True, tag="order.decline"):
    """Seller: I cannot do this order; refund the buyer."""


class Deliver(_Step, frozen=True, tag="order.deliver"):
    """Seller: here is the work."""


class CloseOrder(_Step, frozen=True, tag="order.close"):
    """Buyer: I accept the delivery; pay the seller."""


class RequestRevision(_Step, frozen=True, tag="revision.request"):
    """Buyer: please change this about the delivery."""


class AcceptRevision(_Step, frozen=True, tag="revision.accept"):
    """Seller: I make the changes."""


class RefuseRevision(_Step, frozen=True, tag="revision.refuse"):
    """Seller: I do not make them, because."""


class RequestCancel(_Step, frozen=True, tag="cancel.request"):
    """Buyer: I would like to cancel this running order, because."""


class WithdrawCancel(_Step, frozen=True, tag="cancel.withdraw"):
    """Buyer: let us go on after all."""


class AcceptCancel(_Step, frozen=True, tag="cancel.accept"):
    """Seller: agreed; refund the buyer."""


class RefuseCancel(_Step, frozen=True, tag="cancel.refuse"):
    """Seller: I do not agree, because. A second refusal opens a dispute."""


class GiveUp(_Step, frozen=True, tag="order.give_up"):
    """Seller: I cannot finish this order; refund the buyer."""


class OpenDispute(_Step, frozen=True, tag="dispute.open"):
    """Buyer: let a mediator decide."""


class DecideRefund(_Step, frozen=True, tag="dispute.refund"):
    """Mediator: everything goes back to the buyer, because."""


class DecideSplit(_Step, frozen=True, tag="dispute.split", kw_only=True):
    """Mediator: `refund_cents` go back to the buyer, the rest to the seller, because."""

    refund_cents: Amount


class DecidePay(_Step, frozen=True, tag="dispute.pay"):
    """Mediator: the seller is paid, because."""


class DecideResume(_Step, frozen=True, tag="dispute.resume"):
    """Mediator: the order goes on, because."""


class ProposeTime(Worded, frozen=True, tag="time.propose"):
    """Either party: `seconds` more on the running clock. The other one answers."""

    id: Id
    order: OrderRef
    seconds: Amount
    note: str = ""


class ProposeRefund(Worded, frozen=True, tag="refund.propose"):
    """Either party: `cents` of what is held go back to the buyer. The other one answers."""

    id: Id
    order: OrderRef
    cents: Amount
    note: str = ""


class ProposeOption(Worded, frozen=True, tag="option.propose"):
    """Either party: more work for `cents` more, and `days` more to deliver in.

    The other one answers; the buyer is charged then, and the option counts once that is
    confirmed. Until then the buyer may take it back with `proposal.withdraw`.
    """

    id: Id
    order: OrderRef
    title: str
    cents: Amount
    days: Amount = 0
    note: str = ""


class _Reply(InboundFrame, frozen=True):
    """An answer to the proposal that entry `proposal` made."""

    id: Id
    order: OrderRef
    proposal: Seq


class AcceptProposal(_Reply, frozen=True, tag="proposal.accept", kw_only=True):
    """The other party: agreed. `at` picks one of several times to talk."""

    at: Moment | None = None


class DeclineProposal(_Reply, frozen=True, tag="proposal.decline"):
    """The other party: no."""


class WithdrawProposal(_Reply, frozen=True, tag="proposal.withdraw"):
    """Who proposed: I take it back."""


class AddItem(Worded, frozen=True, tag="brief.add"):
    """Seller: this is missing; a new item of the readiness list."""

    id: Id
    order: OrderRef
    label: str


class _ItemMove(Worded, frozen=True):
    id: Id
    order: OrderRef
    item: ItemRef
    note: str = ""


class GiveItem(_ItemMove, frozen=True, tag="brief.give"):
    """Buyer: here it is: in words, by messages of this order (their seqs), or by its files."""

    messages: Annotated[tuple[Seq, ...], msgspec.Meta(max_length=LINKS_MAX)] = ()
    files: Annotated[tuple[FileRef, ...], msgspec.Meta(max_length=LINKS_MAX)] = ()


class AcceptItem(_ItemMove, frozen=True, tag="brief.accept"):
    """Seller: I have what I need of this item."""


class DropItem(_ItemMove, frozen=True, tag="brief.drop"):
    """Either party: this item is not needed."""


class ReopenItem(_ItemMove, frozen=True, tag="brief.reopen"):
    """Seller: I need this, or more of it, because."""


StepFrame = (
    CloseQuestion
    | HandOver
    | Start
    | Cancel
    | Decline
    | Deliver
    | CloseOrder
    | RequestRevision
    | AcceptRevision
    | RefuseRevision
    | RequestCancel
    | WithdrawCancel
    | AcceptCancel
    | RefuseCancel
    | GiveUp
    | OpenDispute
    | DecideRefund
    | DecideSplit
    | DecidePay
    | DecideResume
)
"""The steps of the process a person can take; which of them now, the situation says."""

ProposalFrame = (
    ProposeTime
    | ProposeRefund
    | ProposeOption
    | AcceptProposal
    | DeclineProposal
    | WithdrawProposal
)
"""Proposals and the answers to them; the situation says what may be proposed."""

BriefFrame = AddItem | GiveItem | AcceptItem | DropItem | ReopenItem
"""Moves of the readiness list; which of them now, the situation says of each item."""
