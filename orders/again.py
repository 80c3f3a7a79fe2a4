"""Ordering again: what the buyer gave for an ended order comes along into the next one.

Only between the same two people, for the items that are wanted again: those of the new list, and
without one of the marketplace's own what the seller had asked for beside the category's, and what
both agreed on in calls. The words of messages come along as notes, because a message lives in the
order it was written in; where they are too long for one they are said anew. Files are shared anew
and keep their bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.brief import ITEMS_MAX, BriefItem, Readiness, own
from orders.brief_rows import items_of
from orders.edited import newest
from orders.events import (
    BriefItemAgreed,
    BriefItemGiven,
    FileId,
    FileShared,
    MessageSent,
    OrderId,
    SecretKind,
    Wanted,
)
from orders.files import files_of, shared_again
from orders.tables import entries

Brought = FileShared | MessageSent | BriefItemGiven

_agreement = msgspec.json.Decoder(BriefItemAgreed)


def wanted_too(wanted: Sequence[Wanted], before: Sequence[BriefItem]) -> tuple[Wanted, ...]:
    """Add to a category's list what was asked for beside it before and was not found needless."""
    more = [i.label for i in before if i.label and i.state is not Readiness.NOT_NEEDED]
    room = ITEMS_MAX - len(wanted)
    added = [Wanted(own(len(wanted) + n), label) for n, label in enumerate(more[:room])]
    return (*wanted, *added)


async def brought(
    conn: AsyncConnection, before: OrderId, wanted: Sequence[BriefItem], note_max: int, after: int
) -> list[Brought]:
    """Return the entries that bring the brief of `before` along, which follow entry `after`.

    Notes are at most `note_max` long.
    """
    known = {_name(item): item for item in await items_of(conn, before)}
    shelf = await files_of(conn, before)
    agreed = await _agreed(conn, before)
    shared: dict[FileId, FileShared] = {}
    said: list[MessageSent] = []
    given: list[tuple[BriefItemGiven, list[int]]] = []
    for item in wanted:
        old = known.get(_name(item))
        if old is None or old.state not in {Readiness.GIVEN, Readiness.ACCEPTED}:
            continue
        words = [w for seq in old.messages if (w := await _words(conn, before, seq)) is not None]
        note = "\n".join(filter(None, [old.note, *(word.text for word in words)]))
        seen: set[SecretKind] = {kind for word in words for kind in word.seen}
        places: list[int] = []
        if len(note) > note_max:
            note, seen = old.note[:note_max], set()
            places = list(range(len(said), len(said) + len(words)))
            said += words
        left = tuple(file for file in old.files if file in shelf)
        for file in left:
            shared[file] = shared_again(shelf[file])
        if note or left or places or old.item in agreed:
            told = BriefItemGiven(item.item, note, files=left, seen=tuple(sorted(seen)))
            given.append((told, places))
    first = after + len(shared) + 1
    return [
        *shared.values(),
        *said,
        *(_pointing(told, [first + place for place in places]) for told, places in given),
    ]


def _pointing(told: BriefItemGiven, messages: Sequence[int]) -> BriefItemGiven:
    return BriefItemGiven(told.item, told.note, tuple(messages), told.files, told.seen)


async def _agreed(conn: AsyncConnection, order: OrderId) -> set[str]:
    """Return the items that both agreed on in a call: they say themselves what they give."""
    payloads = await conn.scalars(
        select(entries.c.payload).where(
            entries.c.order_id == order,
            entries.c.kind == BriefItemAgreed.__struct_config__.tag,
        )
    )
    return {_agreement.decode(payload).item for payload in payloads}


def _name(item: BriefItem) -> str:
    """Items somebody wrote are the same if their words are; their keys only tell their places."""
    return item.label or item.item


async def _words(conn: AsyncConnection, order: OrderId, seq: int) -> MessageSent | None:
    """Return what the message says now, without the message that it answered."""
    edited = (await newest(conn, order, [seq])).get(seq)
    if edited is not None:
        return MessageSent(edited.text, edited.seen)
    for row in await timeline.read(conn, order, seq - 1, 1):
        match timeline.entry(row).event:
            case MessageSent(text=text, seen=seen):
                return MessageSent(text, seen)
            case _:
                pass
    return None
