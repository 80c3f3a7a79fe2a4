"""What the server says: one struct per frame, what they carry, and the closed union of them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from orders.errors import Fact
from orders.events import CallId, OrderId, PersonId, Role, SecretKind, State
from orders.policy import Handling
from orders.search_words import Hit
from orders.situation import Situation
from orders.versions import Version


class _Outbound(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    """A field at its default may be left out; a client ignores the fields it does not know."""


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
    known: bool = True
    """False while it cannot be said whether the person is online: processes do not hear each
    other. `online` is then false."""
    hidden: bool = False
    """One of the two does not show, or blocks the other: nothing is said about it."""


class ReadMark(msgspec.Struct, frozen=True):
    """How far a person has read, and how far their devices have received; never less."""

    person: PersonId
    read: int
    delivered: int


class InboxLine(msgspec.Struct, frozen=True):
    """One order of the person, for lists and badges."""

    order: OrderId
    title: str
    state: State
    role: Role
    other: str
    head: int
    unread: int
    """How many messages and files of others are unread; 100 stands for a hundred or more."""
    due: datetime | None = None
    """The nearest deadline, if one runs."""
    my_turn: bool = False
    rings: bool = False
    """The other party calls now: whatever the person is looking at, it should ring."""


class Welcome(_Outbound, frozen=True, tag="welcome"):
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
    hide_presence: bool = False
    """The person's preference; see `preferences`."""


class Refreshed(_Outbound, frozen=True, tag="refreshed"):
    """The new token counts from now on."""

    token_ends: datetime


class Batch(_Outbound, frozen=True, tag="batch"):
    """A run of consecutive entries. The client's position is `upto` afterwards.

    `after` is the position the run continues; with `reset` the client first forgets what it has
    of this order. `link` is the link hash (hex) of entry `upto`. `head` says how far the
    timeline goes, so a client knows whether more is on its way.
    """

    order: OrderId
    after: int
    upto: int
    head: int
    entries: tuple[msgspec.Raw, ...]
    link: str = ""
    reset: bool = False


class Room(_Outbound, frozen=True, tag="room"):
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
    edit_window: int = 0
    """For so many seconds after it was sent an author may edit a message; 0 for never."""
    withdraw_window: int = 0
    """The same for withdrawing it."""
    blocking: bool = False
    """You block the other party in this order; the situation says so too."""
    again_url: str = ""
    """Where the shop sells what an ended order was about; empty if it does not say."""


class SeenSecret(msgspec.Struct, frozen=True):
    """Something unwise to send: the code points `start` to `end` (exclusive) of the text.

    `text` says in the reader's language what it is, why it is unwise, and what to do instead.
    """

    kind: SecretKind
    start: int
    end: int
    handling: Handling
    text: str


class Screened(_Outbound, frozen=True, tag="screened"):
    """Answer to `screen`: what was seen, from left to right and without overlap."""

    id: str
    order: OrderId
    findings: tuple[SeenSecret, ...]


class Now(_Outbound, frozen=True, tag="situation"):
    """The viewer's situation; replaces the one before."""

    situation: Situation


class Page(_Outbound, frozen=True, tag="page"):
    """Answer to `history`: entries before `before`, oldest first; `first` is the first seq."""

    id: str
    order: OrderId
    before: int
    first: int
    entries: tuple[msgspec.Raw, ...]


class Versions(_Outbound, frozen=True, tag="versions"):
    """Answer to `versions`: every text of a message, oldest first."""

    id: str
    order: OrderId
    message: int
    versions: tuple[Version, ...]
    withdrawn: bool = False
    """Its author took it back; then only a mediator is answered."""


class Found(_Outbound, frozen=True, tag="found"):
    """Answer to `search`: the newest first. `next` asks for the page after it.

    `behind` counts orders whose newest words are not indexed yet; nearly always 0.
    """

    id: str
    hits: tuple[Hit, ...]
    next: str | None = None
    behind: int = 0


class ReportTaken(_Outbound, frozen=True, tag="reported"):
    """Answer to `report`: the marketplace has it, under this id."""

    id: str
    order: OrderId
    report: str
    at: datetime


class BlockSet(_Outbound, frozen=True, tag="blocked"):
    """Answer to `block`."""

    id: str
    order: OrderId
    on: bool


class Done(_Outbound, frozen=True, tag="done"):
    """The command happened: it is entry `seq` of the order. The same answer every time."""

    id: str
    order: OrderId
    seq: int
    at: datetime


class IceServer(msgspec.Struct, frozen=True):
    """A server as a browser's `RTCPeerConnection` takes it."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Ice(_Outbound, frozen=True, tag="ice"):
    """The servers for the `RTCPeerConnection` of a call, and until when their passwords work.

    There may be none: then the call's own address is all that is needed.
    """

    id: str
    order: OrderId
    servers: tuple[IceServer, ...] = ()
    ends: datetime | None = None


class Answer(_Outbound, frozen=True, tag="answer"):
    """The server's complete session description for `call.offer` or `call.test`."""

    id: str
    order: OrderId
    call: CallId
    """Empty for a test."""

    leg: str
    sdp: str


class RefusedFrame(_Outbound, frozen=True, tag="refused"):
    """The request was refused and changed nothing. `id` is None if none could be read.

    `code` is stable, `text` is a sentence in the reader's language, `facts` are for programs.
    """

    code: str
    text: str
    facts: dict[str, Fact]
    id: str | None = None
    order: OrderId | None = None


class Marks(_Outbound, frozen=True, tag="marks"):
    """Somebody read or received more, perhaps oneself on another device."""

    order: OrderId
    marks: tuple[ReadMark, ...]


class PreferencesSet(_Outbound, frozen=True, tag="preferences"):
    """Answer to `preferences`; without `id` it was set on another device."""

    hide_presence: bool
    id: str | None = None


class PresenceFrame(_Outbound, frozen=True, tag="presence"):
    """A member came or went."""

    order: OrderId
    presence: Presence


class TypingFrame(_Outbound, frozen=True, tag="signal"):
    """The other party is writing; forget it after 6 s without a repeat."""

    order: OrderId
    person: PersonId
    typing: bool


class CallSignal(_Outbound, frozen=True, tag="call"):
    """What the media plane saw and no entry tells: a party's sound is connected, lost, muted.

    Told when it changes, and again to both when either comes back into the call.
    """

    order: OrderId
    call: CallId
    person: PersonId
    media: str
    """About the line: `connected`, `reconnecting`, `gone`; `elsewhere`: this device's leg was
    replaced by another of the same person; `moved`: another process carries the call, offer anew.
    About gates: `muted`, `unmuted`; `held`, `resumed`: this person put the call on hold.
    About how the person is heard: `quality_bad`, `quality_good`; `silent_microphone`, `one_way`
    (no packet comes), and `heard` when either is over."""


class Inbox(_Outbound, frozen=True, tag="inbox"):
    """Lines of the inbox that changed, are new, or have gone."""

    lines: tuple[InboxLine, ...]
    gone: tuple[OrderId, ...] = ()
    """Orders that the person may not see any more: forget their lines. One that is given back
    comes as a line again; then it may be subscribed to again."""


class Ping(_Outbound, frozen=True, tag="ping"):
    """Sign of life with the server's clock, and how the subscribed orders stand."""

    n: int
    now: datetime
    heads: dict[str, int]
    """The last seq of each subscribed order."""
    dues: dict[str, datetime] = {}
    """When the nearest clock of each is due. A browser that shows another time asks again."""


class Move(_Outbound, frozen=True, tag="move"):
    """The server is about to stop: reconnect after `delay` seconds; nothing is lost."""

    delay: float


Outbound = (
    Welcome
    | Refreshed
    | Room
    | Batch
    | Now
    | Page
    | Versions
    | Found
    | ReportTaken
    | BlockSet
    | Done
    | Answer
    | Screened
    | Ice
    | RefusedFrame
    | Marks
    | PresenceFrame
    | PreferencesSet
    | TypingFrame
    | CallSignal
    | Inbox
    | Ping
    | Move
)
