"""The vocabulary of the timeline: one frozen struct per thing that can happen to an order.

The union `Event` is closed: adding a kind makes the type checker name every place that must
answer. An event holds only what *all* members of the order may know, because every reader gets
the same bytes; who may know less than everything (the means of payment, an e-mail address) is
stored elsewhere. Events change only by adding optional fields.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

OrderId = NewType("OrderId", str)
PersonId = NewType("PersonId", str)
CallId = NewType("CallId", str)
RecordingId = NewType("RecordingId", str)
FileId = NewType("FileId", str)

CLOCK = PersonId("clock")
"""The actor of what happens by itself: a deadline at zero, a lapsed lease."""
MARKETPLACE = PersonId("marketplace")
"""The actor of what the marketplace's backend does: a payment taken, an entry redacted."""


class Role(StrEnum):
    """What a member is to the order."""

    BUYER = "buyer"
    SELLER = "seller"
    MEDIATOR = "mediator"


PARTIES = (Role.BUYER, Role.SELLER)
"""The two who have the order with each other."""


class State(StrEnum):
    """Where the order stands, in the customer's words."""

    QUESTION = "question"
    QUESTION_CLOSED = "question_closed"
    AWAITING_VALIDATION = "awaiting_validation"
    IN_PROGRESS = "in_progress"
    LATE = "late"
    DELIVERED = "delivered"
    REVISION_REQUESTED = "revision_requested"
    REVISION_REFUSED = "revision_refused"
    CANCEL_REQUESTED = "cancel_requested"
    FROZEN = "frozen"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Timer(StrEnum):
    """The clocks of an order. Each is a row; what it does at zero stands in `workflow`."""

    BRIEF_WINDOW = "brief_window"
    DELIVERY = "delivery"
    REVIEW = "review"
    REVISION_ANSWER = "revision_answer"
    REVISION_CHOICE = "revision_choice"
    CANCEL_ANSWER = "cancel_answer"
    CHAT_TAIL = "chat_tail"
    ORDER_LIFE = "order_life"
    RING = "ring"


class CallEnd(StrEnum):
    """The seven ways a call ends."""

    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    STOPPED = "stopped"


class SoundWord(StrEnum):
    """How somebody was heard over a whole call."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class NoticeKind(StrEnum):
    """What an e-mail to a party can be about."""

    ORDER_PAID = "order_paid"
    UNREAD = "unread"
    REMINDER = "reminder"
    STARTED = "started"
    DELIVERED = "delivered"
    REQUESTED = "requested"
    ANSWERED = "answered"
    DISPUTE = "dispute"
    DECIDED = "decided"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED_CALL = "missed_call"
    NUDGED = "nudged"
    CALL_WANTED = "call_wanted"
    CALL_TIME = "call_time"


class SecretKind(StrEnum):
    """What a text should not carry and may carry after a warning."""

    CARD = "card"
    IBAN = "iban"
    PHONE = "phone"
    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - a kind, not one
    API_KEY = "api_key"
    LOGIN = "login"


class Scan(StrEnum):
    """What a virus scanner says of a file."""

    CLEAN = "clean"
    SCANNING = "scanning"
    """It has not answered yet; the file is held until it does."""
    INFECTED = "infected"
    """The file is in quarantine: nobody can have it."""
    UNCHECKED = "unchecked"
    """The scanner was away, and the marketplace lets files through then."""


WITHHELD = frozenset({Scan.SCANNING, Scan.INFECTED})
"""Nobody can have a file of which the scanner says this."""


class _Event(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    pass


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """An item of the readiness list. `label` is empty where a template's words stand for it."""

    item: str
    label: str = ""


class QuestionAsked(_Event, frozen=True, tag="question_asked"):
    """The buyer asks about a service before paying: the first entry of a question thread.

    `currency` is the one in which the service is offered.
    """

    title: str
    category: str
    currency: str


class QuestionClosed(_Event, frozen=True, tag="question_closed"):
    """The question was put away: nothing was ever paid, and nothing moves."""

    note: str = ""


class OrderPaid(_Event, frozen=True, tag="order_paid"):
    """The buyer paid; the money is in escrow. The first entry unless there was a question.

    `brief` is the readiness list it opens with, `predecessor` the order it repeats.
    """

    title: str
    category: str
    price_cents: int
    currency: str
    brief: tuple[Wanted, ...] = ()
    predecessor: OrderId | None = None


class Reaction(StrEnum):
    """What a person may put under a message: a small closed set, so that each has its words."""

    AGREE = "agree"
    THANKS = "thanks"
    LOVE = "love"
    LAUGH = "laugh"
    CELEBRATE = "celebrate"
    SEEN = "seen"
    DONE = "done"
    QUESTION = "question"


class MessageSent(_Event, frozen=True, tag="message_sent"):
    """A line of the conversation. `reply_to` is the message or file it answers.

    `seen` is what its writer was warned of and sent anyway.
    """

    text: str
    seen: tuple[SecretKind, ...] = ()
    reply_to: int | None = None


class MessageEdited(_Event, frozen=True, tag="message_edited"):
    """The author put message `message` in other words; the newest of its texts is what it says."""

    message: int
    text: str
    seen: tuple[SecretKind, ...] = ()


class MessageWithdrawn(_Event, frozen=True, tag="message_withdrawn"):
    """The author took message `message` back: it and its `versions`, the edits, are empty now.

    What they said is kept where only a mediator reads it.
    """

    message: int
    versions: tuple[int, ...] = ()


class ReactionAdded(_Event, frozen=True, tag="reaction_added"):
    """The actor put a reaction under the message or file of entry `message`.

    A thumb under "50 euros more, then?" is an answer: who reads the order later would miss it.
    """

    message: int
    reaction: Reaction


class ReactionRemoved(_Event, frozen=True, tag="reaction_removed"):
    """The actor took their reaction back."""

    message: int
    reaction: Reaction


class SellerNudged(_Event, frozen=True, tag="seller_nudged"):
    """The buyer asks a silent seller to go on."""


class BriefHandedOver(_Event, frozen=True, tag="brief_handed_over"):
    """The buyer says that the seller has everything; it is the seller's turn."""

    note: str = ""


class BriefItemAdded(_Event, frozen=True, tag="brief_item_added"):
    """The seller says what is missing: a new item of the readiness list."""

    item: str
    label: str


class BriefItemGiven(_Event, frozen=True, tag="brief_item_given"):
    """The buyer gives an item: in words, by messages of this order, or by files."""

    item: str
    note: str = ""
    messages: tuple[int, ...] = ()
    files: tuple[FileId, ...] = ()
    seen: tuple[SecretKind, ...] = ()


class BriefItemAccepted(_Event, frozen=True, tag="brief_item_accepted"):
    """The seller has what is needed of this item."""

    item: str


class BriefItemDropped(_Event, frozen=True, tag="brief_item_dropped"):
    """This item is not needed."""

    item: str
    note: str = ""


class BriefItemReopened(_Event, frozen=True, tag="brief_item_reopened"):
    """The seller needs this item, or more of it, and says why."""

    item: str
    note: str


class BriefItemAgreed(_Event, frozen=True, tag="brief_item_agreed"):
    """Both parties confirm a point of a call's minutes, which entry `proposal` noted.

    It joins the readiness list as item `item`; where the list has no room, `item` is empty and
    the point stands in the minutes alone.
    """

    proposal: int
    label: str
    item: str = ""


class FileShared(_Event, frozen=True, tag="file_shared"):
    """The actor shared a file. `type` is what its content was recognised as.

    `scan` is missing where no virus scanner is set up. A picture has its size in pixels, and
    `thumb` if there is a small one; a sound its length and up to 100 `peaks` from 0 to 100.
    """

    file: FileId
    name: str
    size: int
    type: str
    scan: Scan | None = None
    width: int = 0
    height: int = 0
    thumb: bool = False
    millis: int = 0
    peaks: tuple[int, ...] = ()


class FileScanned(_Event, frozen=True, tag="file_scanned"):
    """The scanner's verdict on the file of entry `shared`, which came later."""

    shared: int
    scan: Scan


class OrderStarted(_Event, frozen=True, tag="order_started"):
    """The seller has what is needed and begins. The delivery date is fixed now.

    `note` says why it begins although something is still open.
    """

    delivery_due: datetime
    note: str = ""


class OrderLate(_Event, frozen=True, tag="order_late"):
    """The delivery date passed; the buyer may cancel alone from now on."""


class OrderDelivered(_Event, frozen=True, tag="order_delivered"):
    """The seller hands over the work; the review window opens."""

    note: str = ""


class OrderClosed(_Event, frozen=True, tag="order_closed"):
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


class OrderCancelled(_Event, frozen=True, tag="order_cancelled"):
    """The order ends without work delivered; the money goes back.

    `missing` is what the seller still waited for when the brief window ran out.
    """

    reason: CancelReason
    note: str = ""
    missing: tuple[Wanted, ...] = ()


class RevisionRequested(_Event, frozen=True, tag="revision_requested"):
    """The buyer asks for changes to the delivery; `note` says which."""

    note: str


class RevisionAccepted(_Event, frozen=True, tag="revision_accepted"):
    """The seller works on the changes; a new delivery date is fixed."""

    delivery_due: datetime


class RevisionRefused(_Event, frozen=True, tag="revision_refused"):
    """The seller does not make the changes, and says why; the buyer chooses what follows."""

    note: str


class CancelRequested(_Event, frozen=True, tag="cancel_requested"):
    """The buyer asks to cancel a running order, and says why; the seller answers."""

    note: str


class CancelWithdrawn(_Event, frozen=True, tag="cancel_withdrawn"):
    """The buyer takes the request back; the order goes on."""


class CancelRefused(_Event, frozen=True, tag="cancel_refused"):
    """The seller does not agree to cancel, and says why. `times` counts the refusals so far."""

    note: str
    times: int


class RightOpened(_Event, frozen=True, tag="right_opened"):
    """The buyer may file a dispute from now on: an answer was refused, or never came."""


class DisputeOpened(_Event, frozen=True, tag="dispute_opened"):
    """The order is frozen until a mediator decides. `by_rule` when a second refusal opened it."""

    note: str = ""
    by_rule: bool = False


class OrderFrozen(_Event, frozen=True, tag="order_frozen"):
    """The marketplace froze the order for checks."""

    note: str = ""


class Decided(StrEnum):
    """The four decisions that end a dispute."""

    REFUND = "refund"
    SPLIT = "split"
    PAY = "pay"
    RESUME = "resume"


class MediatorJoined(_Event, frozen=True, tag="mediator_joined"):
    """A mediator entered the order; the conversation is one of three from now on."""

    person: PersonId
    name: str


class DisputeDecided(_Event, frozen=True, tag="dispute_decided"):
    """The mediator decided, with reasons. `refund_cents` goes back to the buyer."""

    decision: Decided
    note: str
    refund_cents: int = 0


class OrderExpired(_Event, frozen=True, tag="order_expired"):
    """The order reached its longest life; what was held leaves escrow to the marketplace."""


class MoneyExpired(_Event, frozen=True, tag="money_expired"):
    """Money left escrow to the marketplace because the order reached its longest life."""

    cents: int
    currency: str


class MoneyHeld(_Event, frozen=True, tag="money_held"):
    """Money went into escrow: the price, or that of an added option."""

    cents: int
    currency: str


class MoneyRefunded(_Event, frozen=True, tag="money_refunded"):
    """Money left escrow towards the buyer."""

    cents: int
    currency: str


class MoneyReleased(_Event, frozen=True, tag="money_released"):
    """Money left escrow towards the seller's wallet."""

    cents: int
    currency: str


class MoneyConfirmed(_Event, frozen=True, tag="money_confirmed"):
    """The payment system carried out the movement that entry `movement` told."""

    movement: int
    cents: int
    currency: str


class MoneyRefused(_Event, frozen=True, tag="money_refused"):
    """The payment system could not carry it out yet; the marketplace looks into it."""

    movement: int
    cents: int
    currency: str


class DeadlineSet(_Event, frozen=True, tag="deadline_set"):
    """A clock began to run."""

    timer: Timer
    due: datetime


class DeadlineNear(_Event, frozen=True, tag="deadline_near"):
    """A reminder mark was reached: `percent` of the window has passed, or the last hour began."""

    timer: Timer
    due: datetime
    percent: int


class DeadlineMoved(_Event, frozen=True, tag="deadline_moved"):
    """A clock runs longer because both parties agreed; `proposal` is the entry that asked."""

    timer: Timer
    was: datetime
    due: datetime
    proposal: int


class TimeGivenBack(_Event, frozen=True, tag="time_given_back"):
    """A clock runs `seconds` longer because we were out of order while it ran."""

    timer: Timer
    was: datetime
    due: datetime
    seconds: int


class TimeProposed(_Event, frozen=True, tag="time_proposed"):
    """The actor proposes `seconds` more on a clock. The entry's seq names the proposal."""

    timer: Timer
    seconds: int
    note: str = ""


class RefundProposed(_Event, frozen=True, tag="refund_proposed"):
    """The actor proposes that a part of the price goes back to the buyer."""

    cents: int
    currency: str
    note: str = ""


class OptionProposed(_Event, frozen=True, tag="option_proposed"):
    """The actor proposes an added option: more work for more money, and `days` to do it in."""

    title: str
    cents: int
    currency: str
    days: int = 0
    note: str = ""


class OptionOrdered(_Event, frozen=True, tag="option_ordered"):
    """Both want the option of entry `proposal`: the marketplace charges the buyer for it.

    It counts once the charge is confirmed, and not before.
    """

    proposal: int
    cents: int
    currency: str


class OptionAdded(_Event, frozen=True, tag="option_added"):
    """The option of entry `proposal` is paid: it belongs to the order, and `days` with it."""

    proposal: int
    title: str
    cents: int
    currency: str
    days: int = 0


class OptionUnpaid(_Event, frozen=True, tag="option_unpaid"):
    """The charge for the option of entry `proposal` was refused; it may be tried again."""

    proposal: int


class ProposalAccepted(_Event, frozen=True, tag="proposal_accepted"):
    """The other party agreed to the proposal of entry `proposal`; what follows says what it did."""

    proposal: int


class ProposalDeclined(_Event, frozen=True, tag="proposal_declined"):
    """The other party did not agree."""

    proposal: int


class ProposalWithdrawn(_Event, frozen=True, tag="proposal_withdrawn"):
    """Who made the proposal took it back."""

    proposal: int


class ProposalLapsed(_Event, frozen=True, tag="proposal_lapsed"):
    """The order moved on, so that there is nothing left to agree to."""

    proposal: int


class DeadlinePaused(_Event, frozen=True, tag="deadline_paused"):
    """A clock stopped while the order is frozen; `left` is what remains, in seconds."""

    timer: Timer
    left: int


class DeadlineMet(_Event, frozen=True, tag="deadline_met"):
    """A clock stopped because what it waited for happened, or no longer matters."""

    timer: Timer


class DeadlineFired(_Event, frozen=True, tag="deadline_fired"):
    """A clock reached zero; the entry after this one says what it did."""

    timer: Timer
    due: datetime


class CallRang(_Event, frozen=True, tag="call_rang"):
    """The actor calls the other party; `waiting` while they are in another call."""

    call: CallId
    waiting: bool = False


class CallAnswered(_Event, frozen=True, tag="call_answered"):
    """The actor took the call; ring time ends and talk time begins."""

    call: CallId


class Sound(msgspec.Struct, frozen=True):
    """How one person was heard by the other, as means over the seconds in which they were."""

    person: PersonId
    word: SoundWord
    opinion: float
    """Mean opinion score, 1 to 4.5 (ITU-T G.107)."""

    loss: float
    """Share of packets that were lost on the way, 0 to 1."""

    jitter_ms: int
    round_trip_ms: int
    """Between the two, through the relay."""


class CallEnded(_Event, frozen=True, tag="call_ended"):
    """The call is over. `seconds` is talk time without ringing; 0 if nobody answered.

    `sound` has what was measured of each who was heard; empty if nothing was.
    """

    call: CallId
    end: CallEnd
    seconds: int = 0
    sound: tuple[Sound, ...] = ()


class RecordingEnd(StrEnum):
    """Why a recording stopped during its call, or is not there."""

    WITHDRAWN = "withdrawn"
    """The actor withdrew what they had asked for or agreed to."""
    MOVED = "moved"
    """The call moved to another media process."""
    LONGEST = "longest"
    """It was as long as a recording may be."""
    FAILED = "failed"
    """The media process died, or its disk was full: nothing of it could be kept."""
    EMPTY = "empty"
    """The call ended before anything was said."""


class RecordedVoice(msgspec.Struct, frozen=True):
    """What one person said. `lost` counts packets that came and could not be written."""

    person: PersonId
    file: FileId
    size: int
    seconds: int
    lost: int = 0


class RecordingAsked(_Event, frozen=True, tag="recording_asked"):
    """The actor asks to record the call, and consents; it would be kept `kept` seconds."""

    recording: RecordingId
    call: CallId
    kept: int


class RecordingAgreed(_Event, frozen=True, tag="recording_agreed"):
    """The other party consents; from now on both are recorded."""

    recording: RecordingId
    call: CallId


class RecordingRefused(_Event, frozen=True, tag="recording_refused"):
    """The other party does not want to be recorded."""

    recording: RecordingId
    call: CallId


class RecordingStopped(_Event, frozen=True, tag="recording_stopped"):
    """It stopped before the call's end: the actor withdrew their consent, or the clock says why."""

    recording: RecordingId
    call: CallId
    end: RecordingEnd


class RecordingKept(_Event, frozen=True, tag="recording_kept"):
    """What was recorded, until `until`; erased then, or when either party asks for it.

    `whole` is false if the process that wrote it died: the end is missing.
    """

    recording: RecordingId
    call: CallId
    voices: tuple[RecordedVoice, ...]
    until: datetime
    whole: bool = True


class RecordingGone(_Event, frozen=True, tag="recording_gone"):
    """There is no recording: the actor withdrew, or the clock says why."""

    recording: RecordingId
    call: CallId
    end: RecordingEnd


class CallRequested(_Event, frozen=True, tag="call_requested"):
    """The actor, who may not call at this marketplace, asks to be called."""

    note: str = ""


class CallTimesProposed(_Event, frozen=True, tag="call_times_proposed"):
    """The actor proposes times to talk. The entry's seq names the proposal."""

    times: tuple[datetime, ...]
    note: str = ""


class CallAgreed(_Event, frozen=True, tag="call_agreed"):
    """The other party picked a time of entry `proposal`; both are reminded before it."""

    proposal: int
    at: datetime


class PointNoted(_Event, frozen=True, tag="point_noted"):
    """The actor notes what was agreed in a call. The entry's seq names the proposal."""

    call: CallId
    text: str


class PointDropped(_Event, frozen=True, tag="point_dropped"):
    """The point of entry `proposal` does not stand: taken back, or not seen that way."""

    proposal: int


class NoticeSent(_Event, frozen=True, tag="notice_sent"):
    """An e-mail about the order was taken over by the mail server for this party."""

    notice: NoticeKind
    to: Role


class NoticeBounced(_Event, frozen=True, tag="notice_bounced"):
    """An e-mail was refused for good, so this party may not know what it would have told."""

    notice: NoticeKind
    to: Role


class EntryRedacted(_Event, frozen=True, tag="entry_redacted"):
    """The content of entry `seq`, and of its edits `versions`, was erased.

    Their places in the chain stay. Of a step of the process only the words went: `left` is what
    the entry says now. `current` tells that the words still stood in the order itself, as its
    title or in its readiness list, and went there too.
    """

    seq: int
    versions: tuple[int, ...] = ()
    left: Event | None = None
    current: bool = False


MoneyMoved = MoneyHeld | MoneyRefunded | MoneyReleased | MoneyExpired
"""What tells a movement of money into escrow, or out of it."""

BriefEvent = (
    BriefItemAdded
    | BriefItemGiven
    | BriefItemAccepted
    | BriefItemDropped
    | BriefItemReopened
    | BriefItemAgreed
)
"""What happens to an item of the readiness list."""

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
