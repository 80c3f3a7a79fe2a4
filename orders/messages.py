"""One's own messages, afterwards: put in other words, or taken back, for a while.

An edit is an entry, so everybody has every text that a message ever had, and the newest is what
it says. Withdrawing empties the message and its edits on the timeline, as erasing does. What they
said moves to a table that only a mediator reads: taking a word back must not take the proof of
a threat with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import emptying, repeats, timeline
from orders.commands import begin, command_digest
from orders.database import Database, Transaction
from orders.edited import text_of
from orders.errors import (
    ChatClosed,
    MessageGone,
    MessageUnknown,
    NotYours,
    TextEmpty,
    TextTooLong,
    TooManyEdits,
    WindowOver,
)
from orders.events import (
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    OrderId,
    PersonId,
    Role,
    SecretKind,
)
from orders.locking import LockedOrder
from orders.search_index import unindex
from orders.situation import chat_gate
from orders.tables import entries, message_versions, withdrawn
from orders.timeline import Draft, Position
from orders.versions import History, Version
from orders.views import role_of

EDIT, WITHDRAW, VERSIONS = "message.edit", "message.withdraw", "versions"


async def edit(
    database: Database,
    order: OrderId,
    person: PersonId,
    message: int,
    text: str,
    client_id: str,
    seen: tuple[SecretKind, ...] = (),
) -> Position:
    """Put one's message in other words. The same words again change nothing.

    `seen` is what they carry, which their writer was told of.

    Raises `TextEmpty`, `TextTooLong`, `OrderUnknown`, `MessageUnknown`, `MessageGone`, `NotYours`,
    `ChatClosed`, `WindowOver`, `TooManyEdits`, `IdReused`, `Unavailable`; nothing was changed.
    """
    if not text.strip():
        raise TextEmpty
    content = command_digest(EDIT, message, text)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        policy = locked.facts.policy
        await _judge(tx, locked, person, message, EDIT, policy.edit_window)
        if len(text) > policy.text_max:
            raise TextTooLong(limit=policy.text_max, length=len(text))
        edits = await emptying.versions_of(tx.conn, order, message)
        newest = (await _read(tx.conn, order, [message, *edits]))[-1]
        if newest.text == text:
            place = Position(newest.seq, newest.at)
            await repeats.remember(tx, order, person, client_id, content, place)
            return place
        if len(edits) >= policy.edits_most:
            raise TooManyEdits(limit=policy.edits_most)
        await unindex(tx, order, [message])
        draft = Draft(person, MessageEdited(message, text, seen), client_id, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        await tx.conn.execute(
            insert(message_versions).values(order_id=order, message=message, seq=told.seq)
        )
        return Position(told.seq, told.at)


async def withdraw(
    database: Database, order: OrderId, person: PersonId, message: int, client_id: str
) -> Position:
    """Take one's message back: nobody but a mediator reads it any more.

    Raises `OrderUnknown`, `MessageUnknown`, `MessageGone`, `NotYours`, `ChatClosed`, `WindowOver`,
    `IdReused`, `Unavailable`; nothing was changed.
    """
    content = command_digest(WITHDRAW, message)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        window = locked.facts.policy.withdraw_window
        await _judge(tx, locked, person, message, WITHDRAW, window)
        edits = await emptying.versions_of(tx.conn, order, message)
        held = await emptying.empty(tx, order, [message, *edits])
        await tx.conn.execute(
            insert(withdrawn),
            [
                {
                    "order_id": order,
                    "seq": entry.seq,
                    "message": message,
                    "payload": entry.payload,
                    "salt": entry.salt,
                }
                for entry in held
            ],
        )
        draft = Draft(person, MessageWithdrawn(message, edits), client_id, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        return Position(told.seq, told.at)


async def history(conn: AsyncConnection, order: OrderId, person: PersonId, message: int) -> History:
    """Return every text of a message; those of a withdrawn one to a mediator alone.

    Raises `OrderUnknown` for a stranger, `MessageUnknown`, `NotYours`, and `MessageGone` once it
    was erased.
    """
    role = await role_of(conn, order, person)
    row = (
        await conn.execute(
            select(entries.c.payload).where(
                entries.c.order_id == order,
                entries.c.seq == message,
                entries.c.kind == MessageSent.__struct_config__.tag,
            )
        )
    ).first()
    if row is None:
        raise MessageUnknown(message=message)
    if row.payload is not None:
        edits = await emptying.versions_of(conn, order, message)
        return History(tuple(await _read(conn, order, [message, *edits])))
    kept = await conn.scalar(
        select(func.count()).where(withdrawn.c.order_id == order, withdrawn.c.message == message)
    )
    if not kept:
        raise MessageGone(message=message)
    if role is not Role.MEDIATOR:
        raise NotYours(verb=VERSIONS, role=role)
    rows = await conn.execute(
        select(withdrawn.c.seq, entries.c.at, withdrawn.c.payload)
        .join(
            entries,
            (entries.c.order_id == withdrawn.c.order_id) & (entries.c.seq == withdrawn.c.seq),
        )
        .where(withdrawn.c.order_id == order, withdrawn.c.message == message)
        .order_by(withdrawn.c.seq)
    )
    texts = [Version(row.seq, row.at, text_of(row.payload)) for row in rows]
    return History(tuple(texts), withdrawn=True)


async def _judge(
    tx: Transaction, locked: LockedOrder, person: PersonId, message: int, verb: str, window: int
) -> None:
    """Let the author of a message change it, while there is time."""
    row = (
        await tx.conn.execute(
            select(entries.c.at, entries.c.actor, entries.c.payload).where(
                entries.c.order_id == locked.id,
                entries.c.seq == message,
                entries.c.kind == MessageSent.__struct_config__.tag,
            )
        )
    ).first()
    if row is None:
        raise MessageUnknown(message=message)
    if row.actor != person:
        raise NotYours(verb=verb, role=locked.role_of(person))
    if row.payload is None:
        raise MessageGone(message=message)
    gate = chat_gate(locked.facts)
    if not gate.open:
        raise ChatClosed(state=locked.facts.state, reason=gate.reason)
    if (max(tx.now, locked.head.at) - row.at).total_seconds() > window:
        raise WindowOver(verb=verb, seconds=window)


async def _read(conn: AsyncConnection, order: OrderId, seqs: Sequence[int]) -> list[Version]:
    rows = await conn.execute(
        select(entries.c.seq, entries.c.at, entries.c.payload)
        .where(entries.c.order_id == order, entries.c.seq.in_(seqs))
        .order_by(entries.c.seq)
    )
    return [Version(row.seq, row.at, text_of(row.payload)) for row in rows]
