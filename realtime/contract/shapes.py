"""Bodies of HTTP that are put together where they are answered, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from orders.commands import NewOrder, NewQuestion
from orders.errors import Fact
from orders.events import FileId, OrderId, Role, Scan, State, Timer
from orders.ledger import Ledger
from orders.patterns import LANGUAGE
from orders.reports import Report
from orders.settlement import Unconfirmed
from orders.situation import Situation
from realtime.protocol import InboxLine, Member, Room


class PaidOrder(NewOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A paid order, as the marketplace's backend tells it."""

    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE)] = "fr"
    """The language of the parties who name none."""


class AskedQuestion(NewQuestion, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about a service, as the marketplace's backend tells it: nothing is paid."""

    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE)] = "fr"
    """The language of the parties who name none."""


class RunningClock(msgspec.Struct, frozen=True):
    """A deadline that runs."""

    timer: Timer
    start: datetime
    due: datetime


class OrderShown(msgspec.Struct, frozen=True):
    """An order as the marketplace's backend sees it."""

    order: OrderId
    title: str
    category: str
    state: State
    state_since: datetime
    turn: Role | None
    """Whose turn it is, if it is somebody's."""
    seq: int
    """The number of the newest entry."""
    link: str
    """The link hash (hex) of the newest entry: whoever keeps it can prove a later rewriting."""
    price_cents: int
    held_cents: int
    """What is in escrow."""
    currency: str
    people: tuple[Member, ...]
    deadlines: tuple[RunningClock, ...]
    ledger: Ledger


class Entries(msgspec.Struct, frozen=True):
    """A page of the timeline. Ask again with `after` = `upto` while `upto` is below `head`."""

    order: OrderId
    after: int
    upto: int
    head: int
    entries: tuple[msgspec.Raw, ...]


class Movements(msgspec.Struct, frozen=True):
    """The movements of money that wait, the oldest first; those that were refused come last."""

    movements: tuple[Unconfirmed, ...]


class Reports(msgspec.Struct, frozen=True):
    """What members reported, the oldest first."""

    reports: tuple[Report, ...]


class InboxPage(msgspec.Struct, frozen=True):
    """A person's orders, the most urgent first."""

    now: datetime
    """The server's clock."""
    lines: tuple[InboxLine, ...]


class RoomPage(msgspec.Struct, frozen=True):
    """All a screen needs of one order; the socket's `subscribe` goes on from `upto`."""

    room: Room
    situation: Situation
    after: int
    upto: int
    link: str
    """The link hash (hex) of entry `upto`."""
    epoch: str
    entries: tuple[msgspec.Raw, ...]


class FileTold(msgspec.Struct, frozen=True):
    """A file that was shared. `type` is what its content was recognised as."""

    file: FileId
    name: str
    size: int
    type: str
    seq: int
    """The entry that tells it."""
    at: datetime
    scan: Scan | None = None
    """What the virus scanner says; missing where there is none."""


class FileLink(msgspec.Struct, frozen=True):
    """A file, and where it can be had until `expires` by whoever is still a member."""

    file: FileId
    name: str
    size: int
    type: str
    url: str
    """A path on this server."""
    thumb: str | None
    """The path of a small WebP picture of it, if there is one."""
    expires: datetime
    scan: Scan | None = None


class UploadTold(msgspec.Struct, frozen=True):
    """How far an upload has come, and what became of it."""

    upload: str
    state: Literal["receiving", "finishing", "shared", "refused"]
    offset: int
    """So many bytes are safely here."""
    length: int
    expires: datetime
    """When it is given up if no more comes."""
    file: FileId | None
    seq: int | None
    """The entry that shares it."""
    code: str | None
    """Why it was refused once it was whole."""


class Alive(msgspec.Struct, frozen=True):
    """The process runs, and nothing in it has ended."""

    alive: bool
    ready: bool
    """Whether new work is welcome."""


class Ready(msgspec.Struct, frozen=True):
    """New work is welcome."""

    ready: bool
    sockets: int
    """Open sockets of this process."""
    parts: dict[str, str]
    """`process`, `database` and `bus`: `ready`, or what is wrong with it. A `deaf` bus costs time
    only."""


class Refusal(msgspec.Struct, frozen=True):
    """What every refusal over HTTP says. Nothing was changed."""

    code: str
    """Stable; for programs."""
    text: str
    """A sentence in the reader's language (`Accept-Language`)."""
    facts: dict[str, Fact]
    """What a program needs to act on it."""
