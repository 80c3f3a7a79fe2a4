"""Looking again right before sending, under the order's lock.

What was read, withdrawn, answered or overtaken since the notice was owed is not mailed.
Everything a letter needs is read here, once, so that all of it is true at the same moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline, views
from orders.brief_rows import items_of
from orders.database import Transaction
from orders.decisions import allowed
from orders.edited import newest_texts
from orders.events import (
    BriefHandedOver,
    BriefItemAdded,
    BriefItemGiven,
    BriefItemReopened,
    CallAgreed,
    CallEnd,
    CallEnded,
    CallRang,
    CallRequested,
    CallTimesProposed,
    CancelRefused,
    CancelRequested,
    CancelWithdrawn,
    DeadlineNear,
    DisputeDecided,
    DisputeOpened,
    Entry,
    Event,
    FileShared,
    MediatorJoined,
    MessageSent,
    NoticeKind,
    OptionAdded,
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
    PointNoted,
    ProposalAccepted,
    ProposalDeclined,
    QuestionClosed,
    RefundProposed,
    RevisionAccepted,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
    Role,
    SellerNudged,
    State,
    TimeProposed,
    Timer,
)
from orders.locking import LockedOrder
from orders.proposals import TALK_REMINDER
from orders.tables import calls, entries, notices, participants, persons
from orders.tables import orders as orders_table
from orders.timeline import StoredEntry
from orders.timeline import entry as decode
from orders.workflow import Verb
from realtime.notices.occasion import (
    EACH_TOLD,
    Dropped,
    Found,
    Later,
    Notice,
    Occasion,
    Proposing,
    Reader,
)
from realtime.notices.policy import MISSED_CALL_GRACE, owed_for, unread_due
from realtime.notices.quoting import quote_of
from realtime.texts import situate

QUOTED = 10
"""Messages a mail quotes; of the others it tells the number."""
SOON = timedelta(seconds=5)
"""When to look again at a call that still rings although its time is over."""


_TOLD_BY: dict[NoticeKind, tuple[type[Event], ...]] = {
    NoticeKind.ORDER_PAID: (OrderPaid,),
    NoticeKind.UNREAD: (
        MessageSent,
        BriefHandedOver,
        BriefItemGiven,
        BriefItemAdded,
        BriefItemReopened,
        FileShared,
        PointNoted,
        QuestionClosed,
    ),
    NoticeKind.REMINDER: (DeadlineNear, OrderLate, RightOpened),
    NoticeKind.REQUESTED: (
        RevisionRequested,
        CancelRequested,
        TimeProposed,
        RefundProposed,
        OptionProposed,
        CallTimesProposed,
    ),
    NoticeKind.ANSWERED: (
        RevisionAccepted,
        RevisionRefused,
        CancelRefused,
        CancelWithdrawn,
        ProposalAccepted,
        ProposalDeclined,
        OptionAdded,
        OptionUnpaid,
        CallAgreed,
    ),
    NoticeKind.DISPUTE: (DisputeOpened, OrderFrozen, MediatorJoined),
    NoticeKind.DECIDED: (DisputeDecided,),
    NoticeKind.EXPIRED: (OrderExpired,),
    NoticeKind.STARTED: (OrderStarted,),
    NoticeKind.DELIVERED: (OrderDelivered,),
    NoticeKind.CLOSED: (OrderClosed,),
    NoticeKind.CANCELLED: (OrderCancelled,),
    NoticeKind.MISSED_CALL: (CallRang,),
    NoticeKind.NUDGED: (SellerNudged,),
    NoticeKind.CALL_WANTED: (CallRequested,),
    NoticeKind.CALL_TIME: (CallAgreed,),
}
"""The entries that can make a notice owed, so that no others are read."""


_MUTED = frozenset({NoticeKind.MISSED_CALL, NoticeKind.CALL_WANTED, NoticeKind.NUDGED})
"""What nobody is told of by mail about somebody they blocked; of their words neither."""
_TALK = (MessageSent, FileShared)


async def consider(tx: Transaction, locked: LockedOrder, notice: Notice) -> Found:
    """Decide what becomes of a due notice. The caller holds the order's lock."""
    reasons = await _reasons(tx.conn, locked, notice)
    if notice.kind in _MUTED and await views.blocks(tx.conn, notice.order, notice.person):
        return Dropped("blocked")
    found: Found = Dropped("withdrawn")
    for reason in reasons:
        found = await _judge(tx, locked, await _occasion(tx, locked, notice, reason))
        if not isinstance(found, Dropped):
            return found
    return found


async def _judge(tx: Transaction, locked: LockedOrder, occasion: Occasion) -> Found:
    """Decide whether this occasion is still worth a mail."""
    notice = occasion.notice
    state = locked.facts.state
    match notice.kind:
        case NoticeKind.UNREAD:
            return await _unread(tx, locked, occasion)
        case NoticeKind.REMINDER:
            if await _confirms_later(tx.conn, notice):
                return Later(tx.now + SOON)
            return _reminder(occasion)
        case NoticeKind.STARTED:
            return occasion if state is State.IN_PROGRESS else Dropped("overtaken")
        case NoticeKind.DELIVERED:
            return occasion if state is State.DELIVERED else Dropped("overtaken")
        case NoticeKind.MISSED_CALL:
            return await _missed_call(tx, locked, occasion)
        case NoticeKind.NUDGED:
            return Dropped("overtaken") if await _spoke(tx.conn, notice) else occasion
        case NoticeKind.REQUESTED:
            return occasion if _still_asked(occasion) else Dropped("overtaken")
        case NoticeKind.ANSWERED:
            return msgspec.structs.replace(
                occasion, proposal=await _proposal(tx.conn, notice, occasion.reason)
            )
        case NoticeKind.CALL_WANTED:
            return await _wanted(tx.conn, occasion)
        case NoticeKind.CALL_TIME:
            return _talk(occasion)
        case NoticeKind.DISPUTE:
            return occasion if state is State.FROZEN else Dropped("overtaken")
        case (
            NoticeKind.ORDER_PAID
            | NoticeKind.DECIDED
            | NoticeKind.CLOSED
            | NoticeKind.CANCELLED
            | NoticeKind.EXPIRED
        ):
            return occasion
        case never:
            assert_never(never)


async def owed_since(
    conn: AsyncConnection, locked: LockedOrder, notice: Notice, after: int
) -> list[tuple[int, datetime]]:
    """Return (seq, due) of the entries following `after` that owe the same notice.

    While a notice is open, a second reason joins it; those that came after its letter was
    written are not in that letter.
    """
    told = await _telling(conn, locked, notice, entries.c.seq > after)
    return [(entry.seq, due) for entry, due in told]


async def _reasons(conn: AsyncConnection, locked: LockedOrder, notice: Notice) -> list[Entry]:
    """Return the entries that owe this notice, in the order in which they are looked at."""
    after = entries.c.seq >= notice.opened_seq
    told = [entry for entry, _ in await _telling(conn, locked, notice, after)]
    if notice.kind in EACH_TOLD:
        return told
    return told[::-1] if notice.kind is NoticeKind.REMINDER else told[-1:]


async def _telling(
    conn: AsyncConnection, locked: LockedOrder, notice: Notice, where: ColumnElement[bool]
) -> list[tuple[Entry, datetime]]:
    """Return the entries that owe this notice and were not redacted, each with when it is due."""
    return [
        (told, owed.due)
        for told in map(decode, await _tellers(conn, notice, where))
        for owed in owed_for(locked.owes, told)
        if owed.to == notice.person and owed.kind is notice.kind
    ]


async def _tellers(
    conn: AsyncConnection, notice: Notice, where: ColumnElement[bool]
) -> Sequence[StoredEntry]:
    kinds = [str(event.__struct_config__.tag) for event in _TOLD_BY[notice.kind]]
    rows = await conn.execute(
        select(*(entries.c[field.name] for field in msgspec.structs.fields(StoredEntry)))
        .where(entries.c.order_id == notice.order, where, entries.c.kind.in_(kinds))
        .order_by(entries.c.seq)
    )
    return [StoredEntry(*row) for row in rows]


async def _occasion(
    tx: Transaction, locked: LockedOrder, notice: Notice, reason: Entry
) -> Occasion:
    order = (
        await tx.conn.execute(select(orders_table).where(orders_table.c.id == notice.order))
    ).one()
    found = await tx.conn.execute(
        select(persons, participants.c.role)
        .join(participants, participants.c.person_id == persons.c.id)
        .where(participants.c.order_id == notice.order)
    )
    people = {row.id: row for row in found}
    me, other = people[notice.person], people[locked.other(notice.person)]
    situation = await views.situation(tx.conn, notice.order, notice.person, tx.now)
    if reason.event is None:
        raise AssertionError("a redacted entry owes nothing")
    return Occasion(
        notice=notice,
        reader=Reader(notice.person, Role(me.role), me.name, me.email, me.language),
        other=other.name,
        title=order.title,
        price_cents=order.price_cents,
        currency=order.currency,
        zone=locked.facts.policy.time_zone,
        now=tx.now,
        head=locked.head.seq,
        link=locked.head.link,
        situation=situate(situation, me.language),
        buyer_may=allowed(locked.facts, Role.BUYER),
        reason=reason.event,
        told_seq=reason.seq,
        told_at=reason.at,
        by=people[reason.actor].name if reason.actor in people else "",
        by_reader=reason.actor == notice.person,
    )


async def _unread(tx: Transaction, locked: LockedOrder, occasion: Occasion) -> Found:
    notice = occasion.notice
    read = await _read_mark(tx.conn, notice)
    rows = [
        row
        for row in await _tellers(tx.conn, notice, entries.c.seq >= notice.opened_seq)
        if row.actor != notice.person and row.seq > read
    ]
    if not rows:
        return Dropped("read")
    told = (
        await tx.conn.execute(
            select(func.count().label("mails"), func.max(notices.c.closed_at).label("last")).where(
                notices.c.order_id == notice.order,
                notices.c.person_id == notice.person,
                notices.c.kind == notice.kind,
                notices.c.state == "sent",
                notices.c.opened_seq > read,
            )
        )
    ).one()
    left = [row for row in rows if row.payload is not None]
    if await views.blocks(tx.conn, notice.order, notice.person):
        other = locked.other(notice.person)
        left = [r for r in left if r.actor != other or not isinstance(decode(r).event, _TALK)]
    if not left:
        return Dropped("withdrawn")
    ends = [d.due for d in occasion.situation.deadlines if d.timer is not Timer.CHAT_TAIL]
    due = unread_due(
        locked.facts.policy, left[0].at, told.mails, told.last, min(ends, default=None), tx.now
    )
    if due > tx.now:
        return Later(due)
    names = await _names(tx.conn, notice.order)
    labels = {item.item: item.label for item in await items_of(tx.conn, notice.order)}
    shown = left[:QUOTED]
    newest = await newest_texts(tx.conn, notice.order, [row.seq for row in shown])
    quotes = tuple(
        msgspec.structs.replace(quote, text=newest.get(row.seq, quote.text))
        for row in shown
        for quote in (quote_of(names[row.actor], decode(row), labels),)
    )
    return msgspec.structs.replace(occasion, quotes=quotes, count=len(left))


async def _names(conn: AsyncConnection, order: OrderId) -> dict[PersonId, str]:
    rows = await conn.execute(
        select(persons.c.id, persons.c.name)
        .join(participants, participants.c.person_id == persons.c.id)
        .where(participants.c.order_id == order)
    )
    return {row.id: row.name for row in rows}


async def _spoke(conn: AsyncConnection, notice: Notice) -> bool:
    """Whether the person did or wrote anything since the notice was owed."""
    heard = await conn.scalar(
        select(func.count()).where(
            entries.c.order_id == notice.order,
            entries.c.seq > notice.opened_seq,
            entries.c.actor == notice.person,
        )
    )
    return bool(heard)


def _still_asked(occasion: Occasion) -> bool:
    match occasion.reason:
        case RevisionRequested():
            return occasion.situation.state is State.REVISION_REQUESTED
        case CancelRequested():
            return occasion.situation.state is State.CANCEL_REQUESTED
        case _:
            asked = occasion.situation.proposals
            return any(p.seq == occasion.told_seq and not p.charged for p in asked)


async def _proposal(conn: AsyncConnection, notice: Notice, reason: Event) -> Proposing | None:
    match reason:
        case (
            ProposalAccepted(proposal=seq)
            | ProposalDeclined(proposal=seq)
            | OptionAdded(proposal=seq)
            | OptionUnpaid(proposal=seq)
        ):
            for row in await timeline.read(conn, notice.order, seq - 1, 1):
                event = decode(row).event
                match event:
                    case TimeProposed() | RefundProposed() | CallTimesProposed() | OptionProposed():
                        return event
                    case _:
                        return None
        case _:
            pass
    return None


async def _confirms_later(conn: AsyncConnection, notice: Notice) -> bool:
    """Say whether the reader does not even have the mail of the payment yet.

    A reminder of an order that nobody was told of is the one mail people never forgive.
    """
    waits = await conn.scalar(
        select(func.count()).where(
            notices.c.order_id == notice.order,
            notices.c.person_id == notice.person,
            notices.c.kind == NoticeKind.ORDER_PAID,
            notices.c.state == "open",
        )
    )
    return bool(waits)


def _reminder(occasion: Occasion) -> Found:
    match occasion.reason:
        case DeadlineNear(timer=timer):
            deadline = occasion.deadline(timer)
            if deadline is None:
                return Dropped("the deadline no longer runs")
            return occasion if deadline.due > occasion.now else Dropped("the deadline is over")
        case RightOpened():
            open_still = Verb.DISPUTE in occasion.buyer_may
            return occasion if open_still else Dropped("overtaken")
        case _:
            # the seller who was asked to cancel has that to answer, late or not
            may = occasion.buyer_may if occasion.reader.role is Role.BUYER else ()
            late = occasion.situation.state is State.LATE or Verb.CANCEL in may
            return occasion if late else Dropped("overtaken")


async def _wanted(conn: AsyncConnection, occasion: Occasion) -> Found:
    called = await conn.scalar(
        select(func.count()).where(
            calls.c.order_id == occasion.notice.order, calls.c.rang_at > occasion.told_at
        )
    )
    if called:
        return Dropped("called since")
    return occasion if occasion.situation.calls.open else Dropped("overtaken")


def _talk(occasion: Occasion) -> Found:
    at = occasion.situation.talk_at
    if at is None:
        return Dropped("overtaken")
    if at < occasion.now:
        return Dropped("the time has passed")
    if at - occasion.now > TALK_REMINDER + SOON:
        return Later(at - TALK_REMINDER)
    return occasion


async def _missed_call(tx: Transaction, locked: LockedOrder, occasion: Occasion) -> Found:
    notice = occasion.notice
    since = await tx.conn.scalar(
        select(entries.c.at).where(
            entries.c.order_id == notice.order, entries.c.seq == notice.opened_seq
        )
    )
    rows = (
        await tx.conn.execute(
            select(calls)
            .where(calls.c.order_id == notice.order, calls.c.rang_at >= since)
            .order_by(calls.c.rang_at)
        )
    ).all()
    talked = [number for number, row in enumerate(rows) if row.answered_at is not None]
    rows = rows[talked[-1] + 1 :] if talked else rows
    if any(row.ended_at is None for row in rows):
        ring = timedelta(seconds=locked.facts.policy.ring)
        return Later(max(rows[-1].rang_at + ring + MISSED_CALL_GRACE, tx.now + SOON))
    missed = [row for row in rows if row.callee == notice.person and row.end != CallEnd.DECLINED]
    if not missed:
        return Dropped("they talked" if talked else "declined")
    last_end = await tx.conn.scalar(
        select(func.max(entries.c.seq)).where(
            entries.c.order_id == notice.order,
            entries.c.seq >= notice.opened_seq,
            entries.c.kind == str(CallEnded.__struct_config__.tag),
        )
    )
    if last_end is not None and await _read_mark(tx.conn, notice) >= last_end:
        return Dropped("seen in the room")
    return msgspec.structs.replace(occasion, count=len(missed), rang_at=missed[-1].rang_at)


async def _read_mark(conn: AsyncConnection, notice: Notice) -> int:
    read = await conn.scalar(
        select(participants.c.read_seq).where(
            participants.c.order_id == notice.order, participants.c.person_id == notice.person
        )
    )
    return int(read or 0)
