"""The frames of the order room's WebSocket, and its close codes.

One socket carries all orders of one person. Text frames of JSON; each object names its type in
`t`. The first frame from the browser is `hello` with a bearer token; nothing is answered before
it. After `welcome` the browser subscribes to the orders on its screen, from the position it has.

Three lanes with three promises:

- **timeline** (`batch`): stored, numbered per order, resumable. A batch is a run of entries that
  ends at `upto`; a client whose position is not `after` asks again from what it has.
- **signals** (`signal`, `marks`, `presence`, `situation`): best effort, the newest wins.
- **hints** (`heads` in `ping`): "order X is at 17"; may be lost, the next ping repeats them.

Every command carries an `id` made by the browser. `done` or `refused` answers it; asking again
with the same id and content changes nothing and gets the first answer again. A refusal is never
remembered: asked again, it is judged anew.

This module does no I/O: bytes in, structs out, and back.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated

import msgspec

from orders.brief import LINKS_MAX
from orders.errors import Fact, FrameTooLarge, Malformed
from orders.events import CallId, FileId, OrderId, PersonId, Role, State
from orders.situation import Situation

VERSION = 1

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_.:-]+$")]
"""A client id: made by the browser, unique within (order, person)."""
OrderRef = Annotated[OrderId, msgspec.Meta(min_length=1, max_length=64)]
FileRef = Annotated[FileId, msgspec.Meta(min_length=1, max_length=64)]
ItemRef = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
CallRef = Annotated[CallId, msgspec.Meta(min_length=1, max_length=64)]
SEQ_MAX = 2**53 - 1
"""The largest whole number that a browser can tell from its neighbours."""
Seq = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]


class _Frame(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    pass


class _Inbound(_Frame, frozen=True):
    """Unknown fields are ignored, so that an older server understands a newer browser."""


# --- what the browser says -------------------------------------------------------------------


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


class Typing(_Inbound, frozen=True, tag="typing"):
    """The person is writing (repeat every 3 s while true), or stopped."""

    order: OrderRef
    on: bool


class Pong(_Inbound, frozen=True, tag="pong"):
    """Answer to `ping`, with its `n`."""

    n: int


class SendMessage(_Inbound, frozen=True, tag="message.send"):
    """Write a message."""

    id: Id
    order: OrderRef
    text: str


class _Step(_Inbound, frozen=True):
    """A step of the process; the frame's type is its verb. `note` is its reason, if it has one."""

    id: Id
    order: OrderRef
    note: str = ""


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

    refund_cents: int


class DecidePay(_Step, frozen=True, tag="dispute.pay"):
    """Mediator: the seller is paid, because."""


class DecideResume(_Step, frozen=True, tag="dispute.resume"):
    """Mediator: the order goes on, because."""


class ProposeTime(_Inbound, frozen=True, tag="time.propose"):
    """Either party: `seconds` more on the running clock. The other one answers."""

    id: Id
    order: OrderRef
    seconds: int
    note: str = ""


class ProposeRefund(_Inbound, frozen=True, tag="refund.propose"):
    """Either party: `cents` of what is held go back to the buyer. The other one answers."""

    id: Id
    order: OrderRef
    cents: int
    note: str = ""


class _Reply(_Inbound, frozen=True):
    """An answer to the proposal that entry `proposal` made."""

    id: Id
    order: OrderRef
    proposal: int


class AcceptProposal(_Reply, frozen=True, tag="proposal.accept"):
    """The other party: agreed."""


class DeclineProposal(_Reply, frozen=True, tag="proposal.decline"):
    """The other party: no."""


class WithdrawProposal(_Reply, frozen=True, tag="proposal.withdraw"):
    """Who proposed: I take it back."""


class AddItem(_Inbound, frozen=True, tag="brief.add"):
    """Seller: this is missing; a new item of the readiness list."""

    id: Id
    order: OrderRef
    label: str


class _ItemMove(_Inbound, frozen=True):
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
    to: PersonId | None = None


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
    HandOver
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

ProposalFrame = ProposeTime | ProposeRefund | AcceptProposal | DeclineProposal | WithdrawProposal
"""Proposals and the answers to them; the situation says what may be proposed."""

BriefFrame = AddItem | GiveItem | AcceptItem | DropItem | ReopenItem
"""Moves of the readiness list; which of them now, the situation says of each item."""

CallFrame = CallStart | CallAccept | CallDecline | CallHangUp

Command = SendMessage | StepFrame | ProposalFrame | BriefFrame | CallFrame
"""What writes entries. Answered by `done` or `refused`."""

Inbound = (
    Hello
    | Refresh
    | Subscribe
    | Unsubscribe
    | History
    | Mark
    | Typing
    | Pong
    | CallOffer
    | CallMute
    | Command
)


# --- what the server says --------------------------------------------------------------------


class Member(msgspec.Struct, frozen=True):
    """A party of the order, as the other may know them."""

    person: PersonId
    role: Role
    name: str


class Presence(msgspec.Struct, frozen=True):
    """Whether a person has a live socket, and if not, when the last one closed (if known)."""

    person: PersonId
    online: bool
    last_seen: datetime | None = None


class ReadMark(msgspec.Struct, frozen=True):
    """How far a person has read."""

    person: PersonId
    read: int


class InboxLine(msgspec.Struct, frozen=True):
    """One order of the person, for lists and badges."""

    order: OrderId
    title: str
    state: State
    role: Role
    other: str
    head: int
    unread: int
    due: datetime | None = None
    """The nearest deadline, if one runs."""
    my_turn: bool = False


class Welcome(_Frame, frozen=True, tag="welcome"):
    """Answer to `hello`. `epoch` changes when history was restored: forget and read again."""

    epoch: str
    person: PersonId
    name: str
    language: str
    now: datetime
    ping_every: float
    """Seconds between pings; three times that without one means the line is dead."""
    token_ends: datetime
    inbox: tuple[InboxLine, ...]
    demo: bool = False


class Refreshed(_Frame, frozen=True, tag="refreshed"):
    """The new token counts from now on."""

    token_ends: datetime


class Batch(_Frame, frozen=True, tag="batch"):
    """A run of consecutive entries. The client's position is `upto` afterwards.

    `after` is the position the run continues; with `reset` the client first forgets what it has
    of this order. `link` is the link hash (hex) of entry `upto`. `head` says how far the
    timeline goes, so a client knows whether more is on its way. `entries` are `orders.events.
    Entry` objects without the `order` field.
    """

    order: OrderId
    after: int
    upto: int
    head: int
    entries: tuple[msgspec.Raw, ...]
    link: str = ""
    reset: bool = False


class Room(_Frame, frozen=True, tag="room"):
    """What surrounds the timeline, sent once on subscribing, before the first batch."""

    order: OrderId
    title: str
    category: str
    price_cents: int
    currency: str
    members: tuple[Member, ...]
    you: Role
    marks: tuple[ReadMark, ...]
    presence: tuple[Presence, ...]
    text_max: int
    note_max: int
    file_max: int = 0
    """The largest file that may be shared, in bytes."""


class Now(_Frame, frozen=True, tag="situation"):
    """The viewer's situation; replaces the one before."""

    situation: Situation


class Page(_Frame, frozen=True, tag="page"):
    """Answer to `history`: entries before `before`, oldest first; `first` is the first seq."""

    id: str
    order: OrderId
    before: int
    first: int
    entries: tuple[msgspec.Raw, ...]


class Done(_Frame, frozen=True, tag="done"):
    """The command happened: it is entry `seq` of the order. The same answer every time."""

    id: str
    order: OrderId
    seq: int
    at: datetime


class Answer(_Frame, frozen=True, tag="answer"):
    """The server's complete session description for `call.offer`."""

    id: str
    order: OrderId
    call: CallId
    leg: str
    sdp: str


class RefusedFrame(_Frame, frozen=True, tag="refused"):
    """The request was refused and changed nothing. `id` is None if none could be read.

    `code` is stable, `text` is a sentence in the reader's language, `facts` are for programs.
    """

    code: str
    text: str
    facts: dict[str, Fact]
    id: str | None = None
    order: OrderId | None = None


class Marks(_Frame, frozen=True, tag="marks"):
    """Somebody read further, perhaps oneself on another device."""

    order: OrderId
    marks: tuple[ReadMark, ...]


class PresenceFrame(_Frame, frozen=True, tag="presence"):
    """A member came or went."""

    order: OrderId
    presence: Presence


class TypingFrame(_Frame, frozen=True, tag="signal"):
    """The other party is writing; forget it after 6 s without a repeat."""

    order: OrderId
    person: PersonId
    typing: bool


class CallSignal(_Frame, frozen=True, tag="call"):
    """What the media plane saw and no entry tells: a party's sound is connected, lost, muted."""

    order: OrderId
    call: CallId
    person: PersonId
    media: str
    """`connected`, `reconnecting`, `gone`, `muted`, `unmuted`, or `elsewhere`: this device's leg
    was replaced by another of the same person."""


class Inbox(_Frame, frozen=True, tag="inbox"):
    """Lines of the inbox that changed."""

    lines: tuple[InboxLine, ...]


class Ping(_Frame, frozen=True, tag="ping"):
    """Sign of life with the heads of the subscribed orders and the server's clock."""

    n: int
    now: datetime
    heads: dict[str, int]


class Move(_Frame, frozen=True, tag="move"):
    """The server is about to stop: reconnect after `delay` seconds; nothing is lost."""

    delay: float


Outbound = (
    Welcome
    | Refreshed
    | Room
    | Batch
    | Now
    | Page
    | Done
    | Answer
    | RefusedFrame
    | Marks
    | PresenceFrame
    | TypingFrame
    | CallSignal
    | Inbox
    | Ping
    | Move
)


class Close(IntEnum):
    """Why the server closes a socket. 4000-4099: come back; 4100-4199: change something first.

    A browser needs one comparison. The protocol's own codes keep their meaning: 1001 (going
    away), 1009 (a frame beyond what the transport reads), 1011 (our fault).
    """

    RESTART = 4000
    """The server restarts or moves its sockets. Come back after a random pause."""
    TOO_SLOW = 4001
    """The browser did not take a frame for too long. Come back and resume."""
    SILENT = 4002
    """No sign of life. Come back and resume."""
    HELLO_LATE = 4003
    """No `hello` in time."""
    TOKEN_ENDED = 4100
    """The token ran out and no newer one came. Come back with a new one."""
    TOKEN_REFUSED = 4101
    """The token of `hello` or `refresh` is not good."""
    PROTOCOL = 4102
    """Too many frames that could not be understood, or the first was not `hello`."""
    TOO_MANY = 4103
    """The person has too many sockets open; the oldest was closed."""
    VERSION = 4104
    """This version of the protocol is no longer spoken."""


_decoder: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(Inbound)
_encoder = msgspec.json.Encoder()
_peek = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode(frame: str, limit: int) -> Inbound:
    """Read one text frame.

    Raises `FrameTooLarge` beyond `limit` bytes and `Malformed` (fact `where`) for anything the
    contract does not describe.
    """
    size = len(frame.encode())
    if size > limit:
        raise FrameTooLarge(limit=limit, size=size)
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(where=str(error)[:200]) from error


def id_of(frame: str) -> str | None:
    """Find the `id` of a frame that could not be decoded, so that its refusal reaches its asker."""
    try:
        raw = _peek.decode(frame)["id"]
        found = msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, KeyError, UnicodeError, RecursionError):
        return None
    return found if len(found) <= 64 else None  # noqa: PLR2004 - the length of `Id`


def encode(frame: Outbound) -> str:
    """Write one frame as text."""
    return _encoder.encode(frame).decode()
