"""Reactions to messages and files: entries like everything else, and one row a person and kind.

The rows decide whether there is something to change; whoever says it twice is answered as the
first time, and the timeline grows by real changes only.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from orders import repeats, timeline
from orders.commands import begin, command_digest
from orders.database import Database, Transaction
from orders.errors import ChatClosed, MessageGone, MessageUnknown
from orders.events import (
    FileShared,
    MessageSent,
    OrderId,
    PersonId,
    Reaction,
    ReactionAdded,
    ReactionRemoved,
)
from orders.locking import LockedOrder
from orders.situation import chat_gate
from orders.tables import entries, reactions
from orders.timeline import Draft, Position

ANSWERABLE = tuple(str(kind.__struct_config__.tag) for kind in (MessageSent, FileShared))
"""Kinds of entries that can be reacted and replied to."""


async def react(
    database: Database,
    order: OrderId,
    person: PersonId,
    message: int,
    reaction: Reaction,
    client_id: str,
    *,
    on: bool,
) -> Position:
    """Put a reaction under a message or file, or take it back.

    Raises `OrderUnknown`, `MessageUnknown`, `MessageGone`, `ChatClosed`, `IdReused`,
    `Unavailable`; nothing was changed.
    """
    verb = "reaction.add" if on else "reaction.remove"
    content = command_digest(verb, message, reaction)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        said = await _judge(tx, locked, message)
        mine = (
            (reactions.c.order_id == order)
            & (reactions.c.message == message)
            & (reactions.c.person_id == person)
            & (reactions.c.reaction == reaction)
        )
        row = (await tx.conn.execute(select(reactions).where(mine))).first()
        if on == (row is not None):
            place = Position(row.seq, row.at) if row is not None else said
            await repeats.remember(tx, order, person, client_id, content, place)
            return place
        event = ReactionAdded(message, reaction) if on else ReactionRemoved(message, reaction)
        draft = Draft(person, event, client_id, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        if on:
            await tx.conn.execute(
                insert(reactions).values(
                    order_id=order, message=message, person_id=person, reaction=reaction,
                    seq=told.seq, at=told.at,
                )
            )  # fmt: skip
        else:
            await tx.conn.execute(delete(reactions).where(mine))
        return Position(told.seq, told.at)


async def _judge(tx: Transaction, locked: LockedOrder, message: int) -> Position:
    """Return where the message stands, if it can be reacted to."""
    row = (
        await tx.conn.execute(
            select(entries.c.at, entries.c.payload).where(
                entries.c.order_id == locked.id,
                entries.c.seq == message,
                entries.c.kind.in_(ANSWERABLE),
            )
        )
    ).first()
    if row is None:
        raise MessageUnknown(message=message)
    if row.payload is None:
        raise MessageGone(message=message)
    gate = chat_gate(locked.facts)
    if not gate.open:
        raise ChatClosed(state=locked.facts.state, reason=gate.reason)
    return Position(message, row.at)
