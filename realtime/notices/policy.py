"""Which entry owes whom an e-mail, and when. Pure: an entry in, notices out.

| entry                | to whom                      | notice        | when                       |
|----------------------|------------------------------|---------------|----------------------------|
| order paid           | both                         | `order_paid`  | at once                    |
| message, file,       | everybody else               | `unread`      | after the unread wait      |
|   brief, point noted,|                              |               |                            |
|   question put away  |                              |               |                            |
| brief window near    | both: either can save it     | `reminder`    | at once                    |
| delivery near        | seller: only they can        | `reminder`    | at once                    |
| review near          | buyer: only they can         | `reminder`    | at once                    |
| an answer is near    | whoever has to answer        | `reminder`    | at once                    |
| the longest life     | both: the money is at stake  | `reminder`    | at once                    |
|   is nearly over     |                              |               |                            |
| late, no answer came | both: a right opens          | `reminder`    | at once                    |
| started, delivered   | buyer                        | the same name | at once                    |
| a request            | seller: they have to answer  | `requested`   | at once                    |
| the answer to it     | the buyer who asked          | `answered`    | at once                    |
| a request withdrawn  | seller                       | `answered`    | at once                    |
| the buyer nudges     | seller: it is their turn     | `nudged`      | at once                    |
| a proposal           | the other party              | `requested`   | at once                    |
| a proposal accepted  | both: a clock or money moved | `answered`    | at once                    |
| a proposal declined  | who made it                  | `answered`    | at once                    |
| an option is paid    | seller: it is theirs to do   | `answered`    | at once                    |
| its charge refused   | buyer: it is their payment   | `answered`    | at once                    |
| a time to talk       | both                         | `answered`    | at once                    |
|                      | both                         | `call_time`   | ten minutes before it      |
| "please call me"     | seller                       | `call_wanted` | at once                    |
| dispute, freeze,     | both parties                 | `dispute`     | at once                    |
|   mediator joined    |                              |               |                            |
| decided              | both parties                 | `decided`     | at once                    |
| closed, cancelled,   | both: their money moved      | the same name | at once                    |
|   expired            |                              |               |                            |
| call rang            | the party called             | `missed_call` | after ringing; see below   |

A missed call is owed when it *rings* and dropped if it was answered or declined: however a
call comes to its end, by time-out, by the caller, or with the server, the called party hears of
it. Nobody is mailed about their own step, except where money moved. What a sent or bounced
notice tells is never itself owed to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from orders.events import (
    CLOCK,
    PARTIES,
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
    DisputeDecided,
    DisputeOpened,
    Entry,
    EntryRedacted,
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
    NoticeKind,
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
    SellerNudged,
    TimeGivenBack,
    TimeProposed,
    Timer,
)
from orders.owing import Owed, Owes
from orders.policy import Policy
from orders.proposals import TALK_REMINDER

REMINDER_LEAST_LEFT = timedelta(minutes=10)
"""A reminder that leaves less time than this comes too late to help; the screens still show it."""
MISSED_CALL_GRACE = timedelta(seconds=15)
"""After ringing: time to call back, so that nobody reads of a call they just had."""
QUIET_MOST = timedelta(hours=1)
"""However often an absent reader was told, a new message waits no longer than this."""
URGENT = timedelta(hours=2)
"""So close to a deadline nothing waits longer than the first time."""

REMINDS = {
    Timer.BRIEF_WINDOW: PARTIES,
    Timer.DELIVERY: (Role.SELLER,),
    Timer.REVIEW: (Role.BUYER,),
    Timer.REVISION_ANSWER: (Role.SELLER,),
    Timer.REVISION_CHOICE: (Role.BUYER,),
    Timer.CANCEL_ANSWER: (Role.SELLER,),
    Timer.ORDER_LIFE: PARTIES,
    Timer.CHAT_TAIL: (),
    Timer.RING: (),
}
"""Whom a clock's marks are mailed to: those who can still do something about it."""


def owed_for(owes: Owes, entry: Entry) -> Sequence[Owed]:
    """Return the notices that this entry makes owed. Redacted entries owe nothing."""
    at, event = entry.at, entry.event
    match event:
        case None:
            return ()
        case (
            MessageSent()
            | BriefHandedOver()
            | BriefItemGiven()
            | BriefItemAdded()
            | BriefItemReopened()
            | FileShared()
            | PointNoted()
            | QuestionClosed()
        ):
            due = at + unread_wait(owes.policy, 0)
            return [Owed(person, NoticeKind.UNREAD, due) for person in others(owes, entry.actor)]
        case OrderPaid():
            return _to(owes, PARTIES, NoticeKind.ORDER_PAID, at)
        case DeadlineNear(timer=timer, due=due):
            if due - at < REMINDER_LEAST_LEFT:
                return ()
            return _to(owes, REMINDS[timer], NoticeKind.REMINDER, at)
        case OrderLate():
            return _to(owes, PARTIES, NoticeKind.REMINDER, at)
        case RightOpened():
            # beside a refusal the refusal's own mail tells it; alone, nobody answered in time
            return _to(owes, PARTIES, NoticeKind.REMINDER, at) if entry.actor == CLOCK else ()
        case RevisionRequested() | CancelRequested():
            return _to(owes, (Role.SELLER,), NoticeKind.REQUESTED, at)
        case RevisionAccepted() | RevisionRefused() | CancelRefused():
            return _to(owes, (Role.BUYER,), NoticeKind.ANSWERED, at)
        case TimeProposed() | RefundProposed() | CallTimesProposed() | OptionProposed():
            return _to(owes, _other_party(owes, entry.actor), NoticeKind.REQUESTED, at)
        case ProposalAccepted():
            return _to(owes, PARTIES, NoticeKind.ANSWERED, at)
        case OptionAdded():
            return _to(owes, (Role.SELLER,), NoticeKind.ANSWERED, at)
        case OptionUnpaid():
            return _to(owes, (Role.BUYER,), NoticeKind.ANSWERED, at)
        case ProposalDeclined():
            return _to(owes, _other_party(owes, entry.actor), NoticeKind.ANSWERED, at)
        case CancelWithdrawn():
            return _to(owes, (Role.SELLER,), NoticeKind.ANSWERED, at)
        case DisputeOpened() | OrderFrozen() | MediatorJoined():
            return _to(owes, PARTIES, NoticeKind.DISPUTE, at)
        case DisputeDecided():
            return _to(owes, PARTIES, NoticeKind.DECIDED, at)
        case SellerNudged():
            return _to(owes, (Role.SELLER,), NoticeKind.NUDGED, at)
        case OrderExpired():
            return _to(owes, PARTIES, NoticeKind.EXPIRED, at)
        case OrderStarted():
            return _to(owes, (Role.BUYER,), NoticeKind.STARTED, at)
        case OrderDelivered():
            return _to(owes, (Role.BUYER,), NoticeKind.DELIVERED, at)
        case OrderClosed():
            return _to(owes, PARTIES, NoticeKind.CLOSED, at)
        case OrderCancelled():
            return _to(owes, PARTIES, NoticeKind.CANCELLED, at)
        case CallAgreed(at=talk):
            told = _to(owes, PARTIES, NoticeKind.ANSWERED, at)
            remind = talk - TALK_REMINDER
            soon = remind - at < TALK_REMINDER
            return told if soon else [*told, *_to(owes, PARTIES, NoticeKind.CALL_TIME, remind)]
        case CallRequested():
            return _to(owes, (Role.SELLER,), NoticeKind.CALL_WANTED, at)
        case CallRang():
            due = at + timedelta(seconds=owes.policy.ring) + MISSED_CALL_GRACE
            called = others(owes, entry.actor)
            return [Owed(person, NoticeKind.MISSED_CALL, due) for person in called]
        case (
            QuestionAsked()
            | OptionOrdered()
            | MoneyHeld()
            | MoneyRefunded()
            | MoneyReleased()
            | MoneyExpired()
            | MoneyConfirmed()
            | MoneyRefused()
            | DeadlineMoved()
            | TimeGivenBack()
            | DeadlinePaused()
            | ProposalWithdrawn()
            | ProposalLapsed()
            | MediatorJoined()
            | BriefItemAccepted()
            | BriefItemAgreed()
            | PointDropped()
            | BriefItemDropped()
            | DeadlineMoved()
            | TimeProposed()
            | RefundProposed()
            | ProposalAccepted()
            | ProposalDeclined()
            | ProposalWithdrawn()
            | ProposalLapsed()
            | DeadlineSet()
            | DeadlineMet()
            | DeadlineFired()
            | CallAnswered()
            | CallEnded()
            | RecordingAsked()
            | RecordingAgreed()
            | RecordingRefused()
            | RecordingStopped()
            | RecordingKept()
            | RecordingGone()
            | NoticeSent()
            | NoticeBounced()
            | EntryRedacted()
            | MessageEdited()
            | MessageWithdrawn()
            | ReactionAdded()
            | ReactionRemoved()
            | FileScanned()
        ):
            return ()
        case never:
            assert_never(never)


def unread_wait(policy: Policy, told: int) -> timedelta:
    """Return how long a message lies unread before a mail goes out.

    `told` is how many mails the reader had since they last looked: each doubles the wait, up to
    `QUIET_MOST`, so that someone away for a day is not mailed for every line.
    """
    first = timedelta(seconds=policy.unread_mail_after)
    return max(first, min(first * (1 << min(told, 16)), QUIET_MOST))


def unread_due(
    policy: Policy, oldest: datetime, told: int, last_told: datetime | None,
    deadline: datetime | None, now: datetime,
) -> datetime:  # fmt: skip
    """Return when the mail about the oldest unread message is due.

    The first wait counts from the message, the longer ones from the last mail, and near a
    deadline only the first counts.
    """
    due = oldest + unread_wait(policy, 0)
    if last_told is None or (deadline is not None and deadline - now < URGENT):
        return due
    return max(due, last_told + unread_wait(policy, told))


def others(owes: Owes, actor: PersonId) -> list[PersonId]:
    """Return the members whom something by `actor` concerns: all but themself."""
    return [m.person for m in owes.members if m.person != actor and not m.barred]


def _other_party(owes: Owes, actor: PersonId) -> list[Role]:
    return [m.role for m in owes.members if m.person != actor and m.role in PARTIES]


def _to(owes: Owes, roles: Sequence[Role], kind: NoticeKind, due: datetime) -> list[Owed]:
    return [Owed(m.person, kind, due) for m in owes.members if m.role in roles and not m.barred]
