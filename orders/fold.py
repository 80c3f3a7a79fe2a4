"""The law "fold = fetch": what a reader of the timeline knows about an order, built entry by entry.

Whoever holds an old view and folds in the entries since then knows exactly what a fresh reader
of the rows knows (`views.snapshot`). The server decides by its rows and never folds; this is how
the tests prove that the timeline tells everything, and that it tells the truth.

The order's state is folded from the entries alone, without asking `workflow`: a second opinion
on the same process, so that a mistake in the table does not prove itself right.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

import msgspec
from msgspec.structs import replace

from orders import brief
from orders.brief import BriefItem
from orders.events import (
    CLOCK,
    WITHHELD,
    BriefHandedOver,
    BriefItemAccepted,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
    CallAgreed,
    CallAnswered,
    CallEnded,
    CallId,
    CallRang,
    CallRequested,
    CallTimesProposed,
    CancelRefused,
    CancelRequested,
    CancelWithdrawn,
    DeadlineFired,
    DeadlineMet,
    DeadlineMoved,
    DeadlineNear,
    DeadlinePaused,
    DeadlineSet,
    Decided,
    DisputeDecided,
    DisputeOpened,
    Entry,
    EntryRedacted,
    Event,
    FileScanned,
    FileShared,
    MediatorJoined,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    MoneyConfirmed,
    MoneyExpired,
    MoneyHeld,
    MoneyRefunded,
    MoneyRefused,
    MoneyReleased,
    NoticeBounced,
    NoticeSent,
    OptionAdded,
    OptionOrdered,
    OptionProposed,
    OptionUnpaid,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderExpired,
    OrderFrozen,
    OrderId,
    OrderLate,
    OrderPaid,
    OrderStarted,
    PersonId,
    PointDropped,
    PointNoted,
    ProposalAccepted,
    ProposalDeclined,
    ProposalLapsed,
    ProposalWithdrawn,
    QuestionAsked,
    QuestionClosed,
    Reaction,
    ReactionAdded,
    ReactionRemoved,
    RecordingAgreed,
    RecordingAsked,
    RecordingGone,
    RecordingKept,
    RecordingRefused,
    RecordingStopped,
    RefundProposed,
    RevisionAccepted,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
    Role,
    Scan,
    SellerNudged,
    State,
    TimeGivenBack,
    TimeProposed,
    Timer,
)


class OpenCall(msgspec.Struct, frozen=True):
    """A call that rings, or in which people talk since `answered_at`."""

    call: CallId
    caller: PersonId
    rang_at: datetime
    answered_at: datetime | None = None


class View(msgspec.Struct, frozen=True):
    """An order as its timeline tells it up to entry `seq`. `View(order)` is before the first."""

    order: OrderId
    seq: int = 0
    at: datetime | None = None
    """When the last entry was written."""
    title: str = ""
    category: str = ""
    price_cents: int = 0
    currency: str = ""
    state: State = State.AWAITING_VALIDATION
    state_since: datetime | None = None
    turn: Role | None = None
    turn_since: datetime | None = None
    brief_handed: bool = False
    brief: tuple[BriefItem, ...] = ()
    """The readiness list."""
    chat_tail_over: bool = False
    held_cents: int = 0
    refunded_cents: int = 0
    released_cents: int = 0
    expired_cents: int = 0
    resume: State | None = None
    """Where a withdrawn or refused request, or a lifted freeze, leads back to."""
    refusals: int = 0
    proposals: tuple[int, ...] = ()
    """Proposals that wait for an answer, by the entry that made them."""
    deadlines: tuple[tuple[Timer, datetime], ...] = ()
    """The clocks of the order that run, and when each is due; sorted."""
    call: OpenCall | None = None
    messages: int = 0
    """Messages that can still be read."""
    edited: frozenset[int] = frozenset()
    """Those of them that say something else than at first."""
    reactions: frozenset[tuple[int, PersonId, Reaction]] = frozenset()
    """Who put which reaction under which entry."""
    files: frozenset[int] = frozenset()
    """Entries that shared a file which can still be had."""
    withheld: frozenset[int] = frozenset()
    """Those of them that the virus scanner has not let go."""
    redacted: frozenset[int] = frozenset()
    """Entries whose content was withdrawn or erased."""


def fold(view: View, entry: Entry) -> View:
    """Return the view after `entry`. Raises `ValueError` if it is not the one that follows."""
    if entry.order != view.order or entry.seq != view.seq + 1:
        raise ValueError(f"entry {entry.seq} does not follow {view.seq}")
    return _tell(replace(view, seq=entry.seq, at=entry.at), entry)


def _tell(view: View, entry: Entry) -> View:
    at = entry.at
    match entry.event:
        case None:
            return replace(view, redacted=view.redacted | {entry.seq})
        case EntryRedacted(left=left, current=current) if left is not None:
            return _without_words(view, left) if current else view
        case EntryRedacted(seq, versions) | MessageWithdrawn(seq, versions):
            if seq in view.redacted:
                return view  # it was empty already when this reader came to it
            emptied = replace(
                view,
                redacted=view.redacted | {seq, *versions},
                edited=view.edited - {seq},
                reactions=frozenset(one for one in view.reactions if one[0] != seq),
            )
            if seq in view.files:
                return replace(emptied, files=view.files - {seq}, withheld=view.withheld - {seq})
            return replace(emptied, messages=view.messages - 1)
        case ReactionAdded(message, reaction):
            if message in view.redacted:
                return view  # it went with its message, before this reader came
            return replace(view, reactions=view.reactions | {(message, entry.actor, reaction)})
        case ReactionRemoved(message, reaction):
            return replace(view, reactions=view.reactions - {(message, entry.actor, reaction)})
        case MessageEdited(message):
            return replace(view, edited=view.edited | {message})
        case FileShared(scan=scan):
            shared = replace(view, files=view.files | {entry.seq})
            return _scanned(shared, entry.seq, scan)
        case FileScanned(shared=seq, scan=scan):
            return _scanned(view, seq, scan) if seq in view.files else view
        case MessageSent():
            return replace(view, messages=view.messages + 1)
        case QuestionAsked(title, category, currency):
            asked = replace(view, title=title, category=category, currency=currency)
            return _move(asked, State.QUESTION, None, at)
        case QuestionClosed():
            return _move(view, State.QUESTION_CLOSED, None, at)
        case OrderPaid(title, category, price_cents, currency, wanted):
            view = replace(
                view, title=title, category=category, price_cents=price_cents, currency=currency,
                brief=tuple(BriefItem(item.item, item.label) for item in wanted),
            )  # fmt: skip
            return _move(view, State.AWAITING_VALIDATION, Role.BUYER, at)
        case BriefHandedOver():
            return _move(replace(view, brief_handed=True), view.state, Role.SELLER, at)
        case BriefItemGiven() | BriefItemAccepted() | BriefItemDropped():
            return replace(view, brief=brief.told(view.brief, entry.event))
        case BriefItemAgreed(proposal):
            listed = replace(view, brief=brief.told(view.brief, entry.event))
            return _answered(listed, proposal)
        case BriefItemAdded() | BriefItemReopened():
            asked = replace(view, brief=brief.told(view.brief, entry.event), brief_handed=False)
            return _move(asked, view.state, Role.BUYER, at)
        case OrderStarted():
            return _move(view, State.IN_PROGRESS, Role.SELLER, at)
        case OrderLate():
            if view.state is State.CANCEL_REQUESTED:
                return _move(replace(view, resume=State.LATE), view.state, Role.SELLER, at)
            return _move(view, State.LATE, Role.SELLER, at)
        case CancelRequested():
            requested = replace(view, resume=view.state)
            return _move(requested, State.CANCEL_REQUESTED, Role.SELLER, at)
        case CancelWithdrawn():
            return _back(view, view.resume or view.state, Role.SELLER, at)
        case CancelRefused(_, times):
            refused = replace(view, refusals=times)
            return _back(refused, view.resume or view.state, Role.SELLER, at)
        case RightOpened():
            if entry.actor == CLOCK:  # nobody answered: it is for the buyer to act now
                return _move(view, view.state, Role.BUYER, at)
            return view
        case RevisionRequested():
            return _move(view, State.REVISION_REQUESTED, Role.SELLER, at)
        case RevisionAccepted():
            return _move(view, State.IN_PROGRESS, Role.SELLER, at)
        case RevisionRefused():
            return _move(view, State.REVISION_REFUSED, Role.BUYER, at)
        case DisputeOpened(_, by_rule):
            refusals = view.refusals + by_rule
            frozen = replace(view, resume=view.resume or view.state, refusals=refusals)
            return _move(frozen, State.FROZEN, None, at)
        case OrderFrozen():
            return _move(replace(view, resume=view.resume or view.state), State.FROZEN, None, at)
        case DisputeDecided(decision):
            return _decided(view, decision, at)
        case OrderExpired():
            return _back(view, State.EXPIRED, None, at)
        case MoneyExpired(cents):
            return replace(
                view, held_cents=view.held_cents - cents, expired_cents=view.expired_cents + cents
            )
        case OrderDelivered():
            return _move(view, State.DELIVERED, Role.BUYER, at)
        case OrderClosed():
            return _back(view, State.CLOSED, None, at)
        case OrderCancelled():
            return _back(view, State.CANCELLED, None, at)
        case MoneyHeld(cents):
            return replace(view, held_cents=view.held_cents + cents)
        case MoneyRefunded(cents):
            return replace(
                view,
                held_cents=view.held_cents - cents,
                refunded_cents=view.refunded_cents + cents,
            )
        case MoneyReleased(cents):
            return replace(
                view,
                held_cents=view.held_cents - cents,
                released_cents=view.released_cents + cents,
            )
        case (
            TimeProposed()
            | RefundProposed()
            | CallTimesProposed()
            | PointNoted()
            | OptionProposed()
        ):
            return replace(view, proposals=(*view.proposals, entry.seq))
        case (
            ProposalAccepted(proposal)
            | ProposalDeclined(proposal)
            | ProposalWithdrawn(proposal)
            | ProposalLapsed(proposal)
            | CallAgreed(proposal)
            | PointDropped(proposal)
        ):
            return _answered(view, proposal)
        case OptionOrdered(proposal):  # agreed, and now waits for its payment
            return replace(view, proposals=tuple(sorted({*view.proposals, proposal})))
        case OptionAdded(proposal, _, cents):
            others = tuple(seq for seq in view.proposals if seq != proposal)
            return replace(view, proposals=others, price_cents=view.price_cents + cents)
        case TimeGivenBack(Timer.ORDER_LIFE):
            return view  # known from the payment, like its beginning
        case DeadlineMoved(timer, _, due) | TimeGivenBack(timer, _, due):
            return replace(view, deadlines=_with(view, timer, due))
        case DeadlineSet(timer, due):
            view = replace(view, deadlines=_with(view, timer, due))
            if view.resume is State.LATE and timer is Timer.DELIVERY:
                view = replace(view, resume=State.IN_PROGRESS)  # once the request is answered
            if view.state is State.LATE and timer is Timer.DELIVERY:
                return _move(view, State.IN_PROGRESS, Role.SELLER, at)  # taken up by agreement
            return view
        case DeadlineMet(timer) | DeadlinePaused(timer):
            return replace(view, deadlines=_with(view, timer, None))
        case DeadlineFired(timer):
            over = view.chat_tail_over or timer is Timer.CHAT_TAIL
            return replace(view, deadlines=_with(view, timer, None), chat_tail_over=over)
        case CallRang(call):
            return replace(view, call=OpenCall(call, entry.actor, at))
        case CallAnswered():
            call_now = view.call and replace(view.call, answered_at=at)
            return replace(view, call=call_now)
        case CallEnded():
            return replace(view, call=None)
        case (
            DeadlineNear()
            | MoneyConfirmed()
            | MoneyRefused()
            | NoticeSent()
            | SellerNudged()
            | NoticeBounced()
            | OptionUnpaid()
            | MediatorJoined()
            | RecordingAsked()
            | RecordingAgreed()
            | RecordingRefused()
            | RecordingStopped()
            | RecordingKept()
            | RecordingGone()
            | CallRequested()
        ):
            return view
        case never:
            assert_never(never)


def _without_words(view: View, left: Event) -> View:
    """Take the words out of the view that an entry had put there; `left` is what it says now."""
    match left:
        case QuestionAsked() | OrderPaid():
            keys = {item.item for item in left.brief} if isinstance(left, OrderPaid) else set()
            view, change = replace(view, title=""), {"label": ""}
        case BriefItemAdded(item) | BriefItemAgreed(item=item):
            keys, change = {item}, {"label": ""}
        case BriefItemGiven(item) | BriefItemDropped(item) | BriefItemReopened(item):
            keys, change = {item}, {"note": ""}
        case _:
            return view
    items = tuple(replace(i, **change) if i.item in keys else i for i in view.brief)
    return replace(view, brief=items)


def _scanned(view: View, seq: int, scan: Scan | None) -> View:
    held = view.withheld | {seq} if scan in WITHHELD else view.withheld - {seq}
    return replace(view, withheld=held)


def _decided(view: View, decision: Decided, at: datetime) -> View:
    match decision:
        case Decided.REFUND:
            return _back(view, State.CANCELLED, None, at)
        case Decided.SPLIT | Decided.PAY:
            return _back(view, State.CLOSED, None, at)
        case Decided.RESUME:
            if view.resume is State.AWAITING_VALIDATION and view.brief_handed:
                return _back(view, view.resume, Role.SELLER, at)
            if view.resume in {State.AWAITING_VALIDATION, State.DELIVERED}:
                return _back(view, view.resume, Role.BUYER, at)
            return _back(view, State.IN_PROGRESS, Role.SELLER, at)
        case never:
            assert_never(never)


def _answered(view: View, proposal: int) -> View:
    return replace(view, proposals=tuple(seq for seq in view.proposals if seq != proposal))


def _back(view: View, state: State, turn: Role | None, at: datetime) -> View:
    """Leave a request or a freeze behind."""
    return _move(replace(view, resume=None), state, turn, at)


def _move(view: View, state: State, turn: Role | None, at: datetime) -> View:
    moved = state is not view.state or view.state_since is None
    return replace(
        view,
        state=state,
        state_since=at if moved else view.state_since,
        turn=turn,
        turn_since=at if moved or turn is not view.turn else view.turn_since,
    )


def _with(view: View, timer: Timer, due: datetime | None) -> tuple[tuple[Timer, datetime], ...]:
    kept = {kind: at for kind, at in view.deadlines if kind is not timer}
    if due is not None:
        kept[timer] = due
    return tuple(sorted(kept.items()))
