"""What a due notice is about now, or why it need not be sent any more.

An occasion holds everything a letter needs, read at one moment by `looking`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from orders.events import (
    CallTimesProposed,
    CancelRequested,
    DeadlineNear,
    Event,
    NoticeKind,
    OptionProposed,
    OrderId,
    PersonId,
    RefundProposed,
    RevisionRequested,
    Role,
    TimeProposed,
    Timer,
    Wanted,
)
from orders.situation import Deadline, Situation
from orders.workflow import Verb

Proposing = TimeProposed | RefundProposed | CallTimesProposed | OptionProposed
"""What proposes something that is answered with yes or no."""

EACH_TOLD = frozenset({NoticeKind.REQUESTED, NoticeKind.ANSWERED, NoticeKind.DECIDED})
"""Notices of which each reason is news of its own, the older first: after hours without a mail
server there may be several. Of the others the newest reason tells all that is still true."""


class Notice(msgspec.Struct, frozen=True):
    """A row of what is owed."""

    order: OrderId
    person: PersonId
    kind: NoticeKind
    opened_seq: int
    due: datetime
    attempts: int


class Reader(msgspec.Struct, frozen=True):
    """Whom the mail is for. The address is for the envelope and nobody else."""

    person: PersonId
    role: Role
    name: str
    email: str
    language: str


class About(StrEnum):
    """What somebody's words came with; the text key is `mail.unread.<value>.quote`."""

    HANDED = "handed"
    """The buyer's brief."""
    GIVEN = "given"
    """An item of the readiness list."""
    WANTED = "wanted"
    """An item that the seller asks for."""
    FILE = "file"
    VOICE = "voice"
    POINT = "point"
    """Something agreed in a call, to be confirmed."""
    CLOSED = "closed"
    """A question put away."""


class Quote(msgspec.Struct, frozen=True):
    """Something somebody wrote, and what it came with.

    An item of the list, a file's name, or how long a voice note is.
    """

    by: str
    at: datetime
    text: str
    about: About | None = None
    item: Wanted | None = None


class Occasion(msgspec.Struct, frozen=True):
    """Everything a letter needs, as it was at entry `head`."""

    notice: Notice
    reader: Reader
    other: str
    title: str
    price_cents: int
    currency: str
    zone: str
    now: datetime
    head: int
    link: bytes
    """The chain's hash at `head`: who keeps it can tell a history that was rewritten."""
    situation: Situation
    buyer_may: tuple[Verb, ...]
    """The buyer's steps: what a seller's mail warns of is what the buyer really can do."""
    reason: Event
    """The newest entry that made the notice owed."""
    told_seq: int
    told_at: datetime
    by: str
    """The name of who did what the entry tells; empty for a clock or the marketplace."""
    by_reader: bool
    proposal: Proposing | None = None
    """What was answered, if the reason is the answer to a proposal."""
    quotes: tuple[Quote, ...] = ()
    count: int = 1
    """How many unread messages or missed calls there are."""
    rang_at: datetime | None = None
    """When the last missed call rang."""

    @property
    def told_upto(self) -> int:
        """How far the letter tells the order: what came later is owed a letter of its own."""
        return self.told_seq if self.notice.kind in EACH_TOLD else self.head

    @property
    def clock(self) -> Deadline | None:
        """The clock the letter is about; without one of its own, the nearest that runs."""
        match self.reason:
            case DeadlineNear(timer=timer):
                return self.deadline(timer)
            case RevisionRequested():
                return self.deadline(Timer.REVISION_ANSWER)
            case CancelRequested():
                return self.deadline(Timer.CANCEL_ANSWER)
            case _:
                return next(iter(self.situation.deadlines), None)

    def deadline(self, timer: Timer) -> Deadline | None:
        """Return that clock as the reader sees it, if it runs."""
        return next((d for d in self.situation.deadlines if d.timer is timer), None)


class Dropped(msgspec.Struct, frozen=True):
    """There is no need to write any more. `why` goes into the row."""

    why: str


class Later(msgspec.Struct, frozen=True):
    """It is too early after all; look again at `at`."""

    at: datetime


Found = Occasion | Dropped | Later
