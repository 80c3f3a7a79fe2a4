"""The vocabulary of the timeline: one frozen struct per thing that can happen to an order.

The union `Event` is closed: adding a kind makes the type checker name every place that must
answer. An event holds only what *all* members of the order may know, because every reader gets
the same bytes; who may know less than everything (the means of payment, an e-mail address) is
stored elsewhere. Events change only by adding optional fields.

They stand by subject, and are had from here:

| module      | what is told there                                             |
|-------------|----------------------------------------------------------------|
| `words`     | in what words: ids, roles, states, clocks                      |
| `process`   | the order's way from a question or a payment to its end        |
| `brief`     | the readiness list                                             |
| `talk`      | messages, reactions, files                                     |
| `calls`     | calls, their recordings, times and points                      |
| `proposals` | what one party asks of the other                               |
| `deadlines` | clocks                                                         |
| `money`     | escrow                                                         |

What is told of other entries (notices, redactions) stands here, with `Event` and `Entry`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from orders.events.brief import (
    BriefEvent,
    BriefHandedOver,
    BriefItemAccepted,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
)
from orders.events.calls import (
    CallAgreed,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallRang,
    CallRequested,
    CallTimesProposed,
    PointDropped,
    PointNoted,
    RecordedVoice,
    RecordingAgreed,
    RecordingAsked,
    RecordingEnd,
    RecordingGone,
    RecordingKept,
    RecordingRefused,
    RecordingStopped,
    Sound,
    SoundWord,
)
from orders.events.deadlines import (
    DeadlineFired,
    DeadlineMet,
    DeadlineMoved,
    DeadlineNear,
    DeadlinePaused,
    DeadlineSet,
    TimeGivenBack,
)
from orders.events.money import (
    MoneyConfirmed,
    MoneyExpired,
    MoneyHeld,
    MoneyMoved,
    MoneyRefunded,
    MoneyRefused,
    MoneyReleased,
)
from orders.events.process import (
    CancelReason,
    CancelRefused,
    CancelRequested,
    CancelWithdrawn,
    Decided,
    DisputeDecided,
    DisputeOpened,
    MediatorJoined,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderExpired,
    OrderFrozen,
    OrderLate,
    OrderPaid,
    OrderStarted,
    QuestionAsked,
    QuestionClosed,
    RevisionAccepted,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
)
from orders.events.proposals import (
    OptionAdded,
    OptionOrdered,
    OptionProposed,
    OptionUnpaid,
    ProposalAccepted,
    ProposalDeclined,
    ProposalLapsed,
    ProposalWithdrawn,
    RefundProposed,
    TimeProposed,
)
from orders.events.talk import (
    WITHHELD,
    FileScanned,
    FileShared,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    Reaction,
    ReactionAdded,
    ReactionRemoved,
    Scan,
    SellerNudged,
)
from orders.events.words import (
    CLOCK,
    MARKETPLACE,
    PARTIES,
    CallId,
    FileId,
    Happening,
    NoticeKind,
    OrderId,
    PersonId,
    RecordingId,
    Role,
    SecretKind,
    State,
    Timer,
    Wanted,
)

__all__ = [
    "CLOCK",
    "MARKETPLACE",
    "PARTIES",
    "WITHHELD",
    "BriefEvent",
    "BriefHandedOver",
    "BriefItemAccepted",
    "BriefItemAdded",
    "BriefItemAgreed",
    "BriefItemDropped",
    "BriefItemGiven",
    "BriefItemReopened",
    "CallAgreed",
    "CallAnswered",
    "CallEnd",
    "CallEnded",
    "CallId",
    "CallRang",
    "CallRequested",
    "CallTimesProposed",
    "CancelReason",
    "CancelRefused",
    "CancelRequested",
    "CancelWithdrawn",
    "DeadlineFired",
    "DeadlineMet",
    "DeadlineMoved",
    "DeadlineNear",
    "DeadlinePaused",
    "DeadlineSet",
    "Decided",
    "DisputeDecided",
    "DisputeOpened",
    "Emptying",
    "Entry",
    "EntryRedacted",
    "Event",
    "FileId",
    "FileScanned",
    "FileShared",
    "MediatorJoined",
    "MessageEdited",
    "MessageSent",
    "MessageWithdrawn",
    "MoneyConfirmed",
    "MoneyExpired",
    "MoneyHeld",
    "MoneyMoved",
    "MoneyRefunded",
    "MoneyRefused",
    "MoneyReleased",
    "NoticeBounced",
    "NoticeKind",
    "NoticeSent",
    "OptionAdded",
    "OptionOrdered",
    "OptionProposed",
    "OptionUnpaid",
    "OrderCancelled",
    "OrderClosed",
    "OrderDelivered",
    "OrderExpired",
    "OrderFrozen",
    "OrderId",
    "OrderLate",
    "OrderPaid",
    "OrderStarted",
    "PersonId",
    "PointDropped",
    "PointNoted",
    "ProposalAccepted",
    "ProposalDeclined",
    "ProposalLapsed",
    "ProposalWithdrawn",
    "QuestionAsked",
    "QuestionClosed",
    "Reaction",
    "ReactionAdded",
    "ReactionRemoved",
    "RecordedVoice",
    "RecordingAgreed",
    "RecordingAsked",
    "RecordingEnd",
    "RecordingGone",
    "RecordingId",
    "RecordingKept",
    "RecordingRefused",
    "RecordingStopped",
    "RefundProposed",
    "RevisionAccepted",
    "RevisionRefused",
    "RevisionRequested",
    "RightOpened",
    "Role",
    "Scan",
    "SecretKind",
    "SellerNudged",
    "Sound",
    "SoundWord",
    "State",
    "TimeGivenBack",
    "TimeProposed",
    "Timer",
    "Wanted",
    "emptied_by",
    "kind_of",
]


class NoticeSent(Happening, frozen=True, tag="notice_sent"):
    """An e-mail about the order was taken over by the mail server for this party."""

    notice: NoticeKind
    to: Role


class NoticeBounced(Happening, frozen=True, tag="notice_bounced"):
    """An e-mail was refused for good, so this party may not know what it would have told."""

    notice: NoticeKind
    to: Role


class EntryRedacted(Happening, frozen=True, tag="entry_redacted"):
    """The content of entry `seq`, and of its edits `versions`, was erased.

    Their places in the chain stay. Of a step of the process only the words went: `left` is what
    the entry says now. `current` tells that the words still stood in the order itself, as its
    title or in its readiness list, and went there too. `recording` is what was erased if that was
    a recording, so that nobody takes it for a message.
    """

    seq: int
    versions: tuple[int, ...] = ()
    left: Event | None = None
    current: bool = False
    recording: RecordingId | None = None


Event = (
    QuestionAsked
    | QuestionClosed
    | OrderPaid
    | MessageSent
    | MessageEdited
    | MessageWithdrawn
    | ReactionAdded
    | ReactionRemoved
    | SellerNudged
    | BriefHandedOver
    | BriefEvent
    | FileShared
    | FileScanned
    | OrderStarted
    | OrderLate
    | OrderDelivered
    | OrderClosed
    | OrderCancelled
    | RevisionRequested
    | RevisionAccepted
    | RevisionRefused
    | CancelRequested
    | CancelWithdrawn
    | CancelRefused
    | RightOpened
    | DisputeOpened
    | OrderFrozen
    | MediatorJoined
    | DisputeDecided
    | OrderExpired
    | MoneyExpired
    | MoneyHeld
    | MoneyRefunded
    | MoneyReleased
    | MoneyConfirmed
    | MoneyRefused
    | DeadlineSet
    | DeadlineNear
    | DeadlinePaused
    | DeadlineMoved
    | TimeGivenBack
    | TimeProposed
    | RefundProposed
    | OptionProposed
    | OptionOrdered
    | OptionAdded
    | OptionUnpaid
    | ProposalAccepted
    | ProposalDeclined
    | ProposalWithdrawn
    | ProposalLapsed
    | DeadlineMet
    | DeadlineFired
    | CallRang
    | CallAnswered
    | CallEnded
    | RecordingAsked
    | RecordingAgreed
    | RecordingRefused
    | RecordingStopped
    | RecordingKept
    | RecordingGone
    | CallRequested
    | CallTimesProposed
    | CallAgreed
    | PointNoted
    | PointDropped
    | NoticeSent
    | NoticeBounced
    | EntryRedacted
)


class Entry(msgspec.Struct, frozen=True):
    """One line of an order's timeline.

    `seq` is 1..n per order without gaps; `at` never goes back within an order; `event` is None
    once the entry was redacted.
    """

    order: OrderId
    seq: int
    at: datetime
    actor: PersonId
    event: Event | None
    client_id: str | None = None
    """The id under which the actor's device asked for it; tells the device its own echo."""


def kind_of(event: Event) -> str:
    """Return the tag under which this event is stored."""
    return str(type(event).__struct_config__.tag)


Emptying = EntryRedacted | MessageWithdrawn
"""What empties entries that were written before."""


def emptied_by(event: Emptying) -> set[int]:
    """Return the entries that are empty because of this event."""
    match event:
        case EntryRedacted(entry, versions) | MessageWithdrawn(entry, versions):
            return {entry, *versions}
