"""Erasing what somebody wrote, wherever an order keeps it. One transaction each.

The entry loses its words, and with them everything that repeats them: later entries of the option
or the item it was about, the row of a proposal, an item of the readiness list, the title, a file's
bytes (soon after), what a withdrawn message had said, and the index for searching. Mails that are
not sent yet are written from the entries, so they say nothing of it any more.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import select, update

from orders import emptying, timeline
from orders.brief import BriefItem
from orders.brief_rows import items_of, save_items
from orders.database import Database, Transaction
from orders.erasure import STRIPPED, WHOLE, without_words
from orders.errors import Malformed
from orders.events import (
    MARKETPLACE,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
    Event,
    MessageEdited,
    OptionAdded,
    OptionProposed,
    OrderCancelled,
    OrderId,
    OrderPaid,
    PersonId,
    PointNoted,
    QuestionAsked,
    RecordingId,
)
from orders.files import withdraw
from orders.locking import LockedOrder, lock
from orders.tables import entries, orders, proposals, recordings
from orders.workflow import UNPAID

_NOTED = (BriefItemGiven, BriefItemDropped, BriefItemReopened)
"""What gives an item of the list the note it shows."""
_event = msgspec.json.Decoder(Event)


async def redact(database: Database, order: OrderId, seq: int) -> None:
    """Erase what somebody wrote in entry `seq` for good; repeating it is harmless.

    A message goes with its edits, a file with its bytes. Of a step, a proposal or an item of the
    list only the words go. Raises `OrderUnknown`, and `Malformed` if there is no such entry, or
    nobody's words are in one of its kind.
    """
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        if not 0 < seq <= locked.head.seq:
            raise Malformed(where="seq")
        row = (
            await tx.conn.execute(
                select(entries.c.kind, entries.c.payload).where(
                    entries.c.order_id == order, entries.c.seq == seq
                )
            )
        ).one()
        if row.kind not in _ERASABLE:
            raise Malformed(where="seq")
        if row.kind in _EMPTIED:
            if await _recording_of(tx, order, seq) is None:
                await emptying.redact(tx, locked.head, locked.owes, seq)
                await withdraw(tx, order, seq)
            else:
                await erase_recording(tx, locked, seq)
        else:
            await _take_words(tx, locked, seq, _event.decode(row.payload))
        if not tx.announcements:  # asked again by who did not hear: nor may anybody else have
            tx.announcements.append(timeline.unmoved(locked.head))


async def _take_words(tx: Transaction, locked: LockedOrder, seq: int, event: Event) -> None:
    said = [(seq, event, without_words(event)), *await _repeats(tx, locked.id, seq, event)]
    head = locked.head
    for place, words, left in said:
        if left != words:
            current = await _blank(tx, locked, place, words)
            head = await emptying.strip(tx, head, locked.owes, place, left, current=current)


_EMPTIED = {str(kind.__struct_config__.tag) for kind in WHOLE} - {
    str(MessageEdited.__struct_config__.tag)
}
_ERASABLE = _EMPTIED | {str(kind.__struct_config__.tag) for kind in STRIPPED}


async def _repeats(
    tx: Transaction, order: OrderId, seq: int, event: Event
) -> list[tuple[int, Event, Event]]:
    """Return the later entries that say the words of entry `seq` again, and what stays of each.

    What is proposed is said again once it is agreed on or paid for; an item, where the order ended
    because it was missing.
    """
    items: set[str] = set()
    match event:
        case OrderPaid(brief=wanted):
            items = {each.item for each in wanted}
        case BriefItemAdded(item) | BriefItemAgreed(item=item):
            items = {item}
        case OptionProposed() | PointNoted():
            pass
        case _:
            return []
    rows = await tx.conn.execute(
        select(entries.c.seq, entries.c.payload)
        .where(entries.c.order_id == order, entries.c.seq > seq, entries.c.kind.in_(_REPEATING))
        .order_by(entries.c.seq)
    )
    found: list[tuple[int, Event, Event]] = []
    for row in rows:
        match again := _event.decode(row.payload):
            case OptionAdded(proposal) | BriefItemAgreed(proposal) if proposal == seq:
                found.append((row.seq, again, without_words(again)))
                if isinstance(again, BriefItemAgreed):
                    items.add(again.item)
            case OrderCancelled(missing=missing) if any(m.item in items for m in missing):
                # All of them at once, for an entry says only once what is left of it: the others'
                # words, left here, would be told by this erasure and stay there after their own.
                # Items are known by their keys, so readers find the words that still stand.
                found.append((row.seq, again, without_words(again)))
            case _:
                pass
    return found


_REPEATING = [
    str(kind.__struct_config__.tag) for kind in (OptionAdded, BriefItemAgreed, OrderCancelled)
]


async def _blank(tx: Transaction, locked: LockedOrder, seq: int, event: Event) -> bool:
    """Take the words out of the order's other rows; say whether its title or list had them."""
    order = locked.id
    await tx.conn.execute(
        update(proposals)
        .where(proposals.c.order_id == order, proposals.c.seq == seq)
        .values(note="", title="")
    )
    match event:
        case QuestionAsked():
            if locked.facts.state not in UNPAID:
                return False  # the payment gave the order its title anew
            await _untitle(tx, order)
        case OrderPaid(brief=wanted):
            await _untitle(tx, order)
            await _reword(tx, order, {item.item for item in wanted}, label="")
        case BriefItemAdded(item) | BriefItemAgreed(item=item):
            await _reword(tx, order, {item}, label="")
        case BriefItemGiven(item) | BriefItemDropped(item) | BriefItemReopened(item):
            if await _noted_again(tx, order, seq, item):
                return False
            await _reword(tx, order, {item}, note="")
        case _:
            return False
    return True


async def erase_recording(
    tx: Transaction, locked: LockedOrder, seq: int, actor: PersonId = MARKETPLACE
) -> None:
    """Erase the recording that entry `seq` tells of, because `actor` withdrew or its time came."""
    recording = await _recording_of(tx, locked.id, seq)
    await emptying.redact(tx, locked.head, locked.owes, seq, actor, recording)
    await withdraw(tx, locked.id, seq)
    await tx.conn.execute(
        update(recordings)
        .where(recordings.c.order_id == locked.id, recordings.c.kept_seq == seq)
        .values(state="gone", erase_at=None)
    )


async def _recording_of(tx: Transaction, order: OrderId, seq: int) -> RecordingId | None:
    found: RecordingId | None = await tx.conn.scalar(
        select(recordings.c.recording_id).where(
            recordings.c.order_id == order, recordings.c.kept_seq == seq
        )
    )
    return found


async def _untitle(tx: Transaction, order: OrderId) -> None:
    await tx.conn.execute(update(orders).where(orders.c.id == order).values(title=""))


async def _reword(tx: Transaction, order: OrderId, keys: set[str], **change: str) -> None:
    before = await items_of(tx.conn, order)
    after: list[BriefItem] = [
        msgspec.structs.replace(item, **change) if item.item in keys else item for item in before
    ]
    await save_items(tx, order, after, before)


async def _noted_again(tx: Transaction, order: OrderId, seq: int, item: str) -> bool:
    rows = await tx.conn.scalars(
        select(entries.c.payload).where(
            entries.c.order_id == order,
            entries.c.seq > seq,
            entries.c.kind.in_([str(kind.__struct_config__.tag) for kind in _NOTED]),
        )
    )
    later = (_event.decode(payload) for payload in rows)
    return any(isinstance(event, _NOTED) and event.item == item for event in later)
