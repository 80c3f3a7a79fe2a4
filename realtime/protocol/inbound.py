"""What the browser says: one struct per frame, and the closed union of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from orders.events import Reaction
from orders.reports import ReportReason
from realtime.protocol.calls import (
    CallFrame,
    CallHold,
    CallIce,
    CallMute,
    CallOffer,
    CallTest,
    RecordingFrame,
    TalkFrame,
)
from realtime.protocol.fields import SEQ_MAX, Id, InboundFrame, OrderRef, Seq, Worded
from realtime.protocol.process import BriefFrame, ProposalFrame, StepFrame

VERSION = 1
"""Of the protocol, told in `hello`."""


class Hello(InboundFrame, frozen=True, tag="hello"):
    """First frame. `language` ("fr", "en") overrides the one of the token."""

    token: str
    version: int = VERSION
    language: str | None = None


class Refresh(InboundFrame, frozen=True, tag="refresh"):
    """A newer token for the same person, before the old one ends. Answered by `refreshed`."""

    token: str


class Subscribe(InboundFrame, frozen=True, tag="subscribe"):
    """Follow an order. `after` is the last seq this client has; None asks for the newest page.

    `link` is the link hash (hex) of entry `after` if the client knows it: where it differs from
    ours the client's copy is of another history, and the batch comes with `reset`.
    """

    order: OrderRef
    after: Seq | None = None
    link: str | None = None
    epoch: str | None = None


class Unsubscribe(InboundFrame, frozen=True, tag="unsubscribe"):
    """Stop following an order."""

    order: OrderRef


class History(InboundFrame, frozen=True, tag="history"):
    """Ask for the page of entries that ends before `before`. Answered by `page`."""

    id: Id
    order: OrderRef
    before: Annotated[int, msgspec.Meta(ge=1, le=SEQ_MAX)]


class Mark(InboundFrame, frozen=True, tag="mark"):
    """Everything up to `seq` was read on this screen. Monotonic: a smaller one does nothing."""

    order: OrderRef
    seq: Seq


class Received(InboundFrame, frozen=True, tag="received"):
    """Everything up to `seq` has arrived on this device, seen or not. Monotonic, like `mark`."""

    order: OrderRef
    seq: Seq


class Typing(InboundFrame, frozen=True, tag="typing"):
    """The person is writing (repeat every 3 s while true), or stopped."""

    order: OrderRef
    on: bool


class Preferences(InboundFrame, frozen=True, tag="preferences"):
    """Hide when one is here, was last seen, or writes, or show it again. Answered by the same.

    It goes both ways: who hides does not see it of others either.
    """

    id: Id
    hide_presence: bool


class Pong(InboundFrame, frozen=True, tag="pong"):
    """Answer to `ping`, with its `n`."""

    n: Seq


class Screen(InboundFrame, frozen=True, tag="screen"):
    """What in this text would be unwise to send? Answered by `screened`; nothing is kept of it."""

    id: Id
    order: OrderRef
    text: str


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


class WithdrawMessage(InboundFrame, frozen=True, tag="message.withdraw"):
    """Take one's own message back, within the room's `withdraw_window`."""

    id: Id
    order: OrderRef
    message: Seq


class Search(InboundFrame, frozen=True, tag="search"):
    """Find what was said, in one order or in all of the person's. Answered by `found`.

    Words are beginnings of words, and their endings do not count, be they French or English;
    "quoted words" are as they stand and follow each other. Case and accents do not count.
    `before` is the `next` of the page before.
    """

    id: Id
    q: Annotated[str, msgspec.Meta(max_length=1000)]
    order: OrderRef | None = None
    before: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class MakeReport(InboundFrame, frozen=True, tag="report"):
    """Tell the marketplace of a message, or of the other party. Answered by `reported`.

    The other party does not learn of it. `note` is needed for the reason `other`.
    """

    id: Id
    order: OrderRef
    reason: ReportReason
    message: Seq | None = None
    note: str = ""


class Block(InboundFrame, frozen=True, tag="block"):
    """Block the other party in this order, or stop doing so. Answered by `blocked`.

    Calls, nudges, typing, presence and mails about messages end; the order itself goes on.
    """

    id: Id
    order: OrderRef
    on: bool


class AddReaction(InboundFrame, frozen=True, tag="reaction.add"):
    """Put a reaction under a message or file; doing it twice changes nothing."""

    id: Id
    order: OrderRef
    message: Seq
    reaction: Reaction


class RemoveReaction(InboundFrame, frozen=True, tag="reaction.remove"):
    """Take one's reaction back."""

    id: Id
    order: OrderRef
    message: Seq
    reaction: Reaction


class Nudge(InboundFrame, frozen=True, tag="order.nudge"):
    """Buyer: it is the seller's turn, and they are silent; the situation says from when on."""

    id: Id
    order: OrderRef


class ShowVersions(InboundFrame, frozen=True, tag="versions"):
    """Ask for every text a message had. Answered by `versions`."""

    id: Id
    order: OrderRef
    message: Seq


MessageFrame = EditMessage | WithdrawMessage | AddReaction | RemoveReaction

Command = (
    SendMessage
    | MessageFrame
    | Nudge
    | StepFrame
    | ProposalFrame
    | BriefFrame
    | CallFrame
    | RecordingFrame
    | TalkFrame
)
"""What writes entries. Answered by `done` or `refused`."""

Act = MakeReport | Block | Command | Mark | Received | ShowVersions | CallHold
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
    | CallTest
    | Act
)
