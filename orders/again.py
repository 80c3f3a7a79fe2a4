"""Ordering again: what the buyer gave for an ended order comes along into the next one.

Only between the same two people, for the items that are wanted again. The words of messages
come along as notes, because a message lives in the order it was written in; files are shared
anew and keep their bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.brief import BriefItem, Readiness
from orders.brief_rows import items_of
from orders.edited import newest_texts
from orders.events import BriefItemGiven, FileId, FileShared, MessageSent, OrderId
from orders.files import files_of, shared_again


async def brought(
    conn: AsyncConnection, before: OrderId, wanted: Sequence[BriefItem], note_max: int
) -> list[BriefItemGiven | FileShared]:
    """Return the entries that bring the brief of `before` along; notes are cut to `note_max`."""
    known = {_name(item): item for item in await items_of(conn, before)}
    shelf = await files_of(conn, before)
    shared: dict[FileId, FileShared] = {}
    given: list[BriefItemGiven] = []
    for item in wanted:
        old = known.get(_name(item))
        if old is None or old.state not in {Readiness.GIVEN, Readiness.ACCEPTED}:
            continue
        said = [old.note, *[await _words(conn, before, seq) for seq in old.messages]]
        note = "\n".join(filter(None, said))[:note_max]
        left = tuple(file for file in old.files if file in shelf)
        for file in left:
            shared[file] = shared_again(shelf[file])
        if note or left:
            given.append(BriefItemGiven(item.item, note, files=left))
    return [*shared.values(), *given]


def _name(item: BriefItem) -> str:
    """Items somebody wrote are the same if their words are; their keys only tell their places."""
    return item.label or item.item


async def _words(conn: AsyncConnection, order: OrderId, seq: int) -> str:
    """Return what the message says now."""
    edited = await newest_texts(conn, order, [seq])
    if seq in edited:
        return edited[seq]
    for row in await timeline.read(conn, order, seq - 1, 1):
        event = timeline.entry(row).event
        return event.text if isinstance(event, MessageSent) else ""
    return ""
