"""What the browser says: one struct per frame, and the closed union of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from orders.brief import LINKS_MAX
from orders.events import CallId, FileId, OrderId, PersonId, Reaction, SecretKind
from orders.proposals import TIMES_MAX
from orders.reports import ReportReason

VERSION = 1
"""Of the protocol, told in `hello`."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")]
"""A client id: made by the browser, unique within (order, person)."""
_NAME = msgspec.Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")
OrderRef = Annotated[OrderId, _NAME]
FileRef = Annotated[FileId, _NAME]
ItemRef = Annotated[str, _NAME]
CallRef = Annotated[CallId, _NAME]
PersonRef = Annotated[PersonId, _NAME]
SEQ_MAX = 2**53 - 1
"""The largest whole number that a browser can tell from its neighbours."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]
Amount = Annotated[int, msgspec.Meta(ge=-SEQ_MAX, le=SEQ_MAX)]
"""Of cents or seconds. The rules say which ones are good; a database takes no larger ones."""


class _Inbound(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    """Unknown fields are ignored, so that an older server understands a newer browser."""


class Hello(_Inbound, frozen=True, tag="hello"):
    """First frame. `language` ("fr", "en") overrides the one of the token."""

    token: str
    version: int = VERSION
    language: str | None = None


class Refresh(_Inbound, frozen=True, tag="refresh"):
    """A newer token for the same person, before the old one ends. Answered by `refreshed`."""

    token: str


class Subscribe(_Inbound, frozen=True, tag="subscribe"):
    """Follow an order. `after` is the last seq this client has; None asks for the newest page.

    `link` is the link hash (hex) of entry `after` if the client knows it: where it differs from
    ours the client's copy is of another history, and the batch comes with `reset`.
    """

    order: OrderRef
    after: Seq | None = None
    link: str | None = None
    epoch: str | None = None


class Unsubscribe(_Inbound, frozen=True, tag="unsubscribe"):
    """Stop following an order."""

    order: OrderRef


class History(_Inbound, frozen=True, tag="history"):
    """Ask for the page of entries that ends before `before`. Answered by `page`."""

    id: Id
    order: OrderRef
    before: Annotated[int, msgspec.Meta(ge=1, le=SEQ_MAX)]


class Mark(_Inbound, frozen=True, tag="mark"):
    """Everything up to `seq` was read on this screen. Monotonic: a smaller one does nothing."""

    order: OrderRef
    seq: Seq


class Received(_Inbound, frozen=True, tag="received"):
    """Everything up to `seq` has arrived on this device, seen or not. Monotonic, like `mark`."""

    order: OrderRef
    seq: Seq


class Typing(_Inbound, frozen=True, tag="typing"):
    """The person is writing (repeat every 3 s while true), or stopped."""

    order: OrderRef
    on: bool


class Preferences(_Inbound, frozen=True, tag="preferences"):
    """Hide when one is here, was last seen, or writes, or show it again. Answered by the same.

    It goes both ways: who hides does not see it of others either.
    """

    id: Id
    hide_presence: bool


class Pong(_Inbound, frozen=True, tag="pong"):
    """Answer to `ping`, with its `n`."""

    n: Seq


class Screen(_Inbound, frozen=True, tag="screen"):
    """What in this text would be unwise to send? Answered by `screened`; nothing is kept of it."""

    id: Id
    order: OrderRef
    text: str


class Worded(_Inbound, frozen=True, kw_only=True):
    """Carries a person's own words.

    What is unwise to send in them is refused (`secret_seen`) unless its kind stands in
    `understood`: the writer was told of it and sends it all the same.
    """

    understood: Annotated[tuple[SecretKind, ...], msgspec.Meta(max_length=len(SecretKind))] = ()


class SendMessage(Worded, frozen=True, tag="message.send"):
    """Write a message."""

    id: Id
    order: OrderRef
    text: str
    reply_to: Seq | None = None
    """The message or file of this order that it answers."""


class EditMessage(Worded, frozen=True, tag="message.edit"):
    """Put one's own message in other words, within the room's `edit_window`."""

    id: Id
    order: OrderRef
    message: Seq
    text: str


class WithdrawMessage(_Inbound, frozen=True, tag="message.withdraw"):
    """Take one's own message back, within the room's `withdraw_window`."""

    id: Id
    order: OrderRef
    message: Seq


class Search(_Inbound, frozen=True, tag="search"):
    """Find what was said, in one order or in all of the person's. Answered by `found`.

    Words are beginnings of words, "quoted words" follow each other; case and accents do not
    count. `before` is the `next` of the page before.
    """

    id: Id
    q: Annotated[str, msgspec.Meta(max_length=1000)]
    order: OrderRef | None = None
    before: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class MakeReport(_Inbound, frozen=True, tag="report"):
    """Tell the marketplace of a message, or of the other party. Answered by `reported`.

    The other party does not learn of it. `note` is needed for the reason `other`.
    """

    id: Id
    order: OrderRef
    reason: ReportReason
    message: Seq | None = None
    note: str = ""


class Block(_Inbound, frozen=True, tag="block"):
    """Block the other party in this order, or stop doing so. Answered by `blocked`.

    Calls, nudges, typing, presence and mails about messages end; the order itself goes on.
    """

    id: Id
    order: OrderRef
    on: bool


class AddReaction(_Inbound, frozen=True, tag="reaction.add"):
    """Put a reaction under a message or file; doing it twice changes nothing."""

    id: Id
    order: OrderRef
    message: Seq
    reaction: Reaction


class RemoveReaction(_Inbound, frozen=True, tag="reaction.remove"):
    """Take one's reaction back."""

    id: Id
    order: OrderRef
    message: Seq
    reaction: Reaction


class Nudge(_Inbound, frozen=True, tag="order.nudge"):
    """Buyer: it is the seller's turn, and they are silent; the situation says from when on."""

    id: Id
    order: OrderRef


class ShowVersions(_Inbound, frozen=True, tag="versions"):
    """Ask for every text a message had. Answered by `versions`."""

    id: Id
    order: OrderRef
    message: Seq


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
    cents: int
    days: int = 0
    note: str = ""


class _Reply(_Inbound, frozen=True):
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


class CallStart(_Inbound, frozen=True, tag="call.start"):
    """Ring the other party. `to` may name whom; it can only be the other member of the order."""

    id: Id
    order: OrderRef
    to: PersonRef | None = None


class CallAccept(_Inbound, frozen=True, tag="call.accept"):
    """Take the ringing call on this device."""

    id: Id
    order: OrderRef
    call: CallRef


class CallDecline(_Inbound, frozen=True, tag="call.decline"):
    """Refuse the ringing call on every device."""

    id: Id
    order: OrderRef
    call: CallRef


class CallHangUp(_Inbound, frozen=True, tag="call.hang_up"):
    """End the call: while it rings the caller cancels it, afterwards either ends it."""

    id: Id
    order: OrderRef
    call: CallRef


class CallRequest(Worded, frozen=True, tag="call.request"):
    """Buyer, where only the seller may call: please call me."""

    id: Id
    order: OrderRef
    note: str = ""


class TalkPropose(Worded, frozen=True, tag="talk.propose"):
    """Either party: one to three times to talk. The other one accepts with one of them."""

    id: Id
    order: OrderRef
    times: Annotated[tuple[Moment, ...], msgspec.Meta(min_length=1, max_length=TIMES_MAX)]
    note: str = ""


class MinutesNote(Worded, frozen=True, tag="minutes.note"):
    """Either party: this was agreed in the call. The other one accepts or declines it."""

    id: Id
    order: OrderRef
    call: CallRef
    text: str


class CallIce(_Inbound, frozen=True, tag="call.ice"):
    """Through which servers can I be reached? Asked before an offer. Answered by `ice`."""

    id: Id
    order: OrderRef


class CallOffer(_Inbound, frozen=True, tag="call.offer"):
    """A browser's complete session description for a call. Answered by `answer`.

    `leg` is made by the browser per peer connection: the same leg and offer get the same answer
    again; a new leg of the same person replaces the old one without the other party noticing.
    """

    id: Id
    order: OrderRef
    call: CallRef
    leg: Id
    sdp: str


class CallMute(_Inbound, frozen=True, tag="call.mute"):
    """Close or open the gate for this person's sound at the server."""

    order: OrderRef
    call: CallRef
    on: bool


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

TalkFrame = CallRequest | TalkPropose | MinutesNote
"""Around a call: asking for one, proposing when, noting what was said."""

BriefFrame = AddItem | GiveItem | AcceptItem | DropItem | ReopenItem
"""Moves of the readiness list; which of them now, the situation says of each item."""

CallFrame = CallStart | CallAccept | CallDecline | CallHangUp

MessageFrame = EditMessage | WithdrawMessage | AddReaction | RemoveReaction

Command = (
    SendMessage
    | MessageFrame
    | Nudge
    | StepFrame
    | ProposalFrame
    | BriefFrame
    | CallFrame
    | TalkFrame
)
"""What writes entries. Answered by `done` or `refused`."""

Act = MakeReport | Block | Command | Mark | Received | ShowVersions
"""What a person may do without a socket too. `realtime.contract.twins` has a row for each."""

Inbound = (
    Hello
    | Refresh
    | Search
    | Preferences
    | Subscribe
    | Unsubscribe
    | History
    | Typing
    | Pong
    | Screen
    | CallIce
    | CallOffer
    | CallMute
    | Act
)
