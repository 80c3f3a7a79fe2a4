"""Taking the content out of entries: what was withdrawn, edited, redacted or erased.

Rows, digests and links stay, so the chain still verifies; salts go, so nobody can guess the
content. `orders.redaction` says which entries may be emptied so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import repeats
from orders.database import Owes, Transaction
from orders.events import MARKETPLACE, EntryRedacted, Event, OrderId, PersonId, RecordingId
from orders.scrubbing import owe
from orders.search_index import unindex
from orders.tables import entries, message_versions, reactions, withdrawn
from orders.timeline import Draft, Head, append

_encode = msgspec.json.Encoder().encode


class Emptied(msgspec.Struct, frozen=True):
    """What an entry held before it was emptied."""

    seq: int
    payload: bytes
    salt: bytes


async def empty(tx: Transaction, order: OrderId, seqs: Sequence[int]) -> list[Emptied]:
    """Take content, salt and the command's digest from entries, and return what they held.

    The rows, their digests and links stay, so the chain still verifies, and nobody can guess the
    content, not from commands that said it again either. Reactions to them and their words in the
    search index go as well. The caller appends the entry that says so. What is empty already is
    left out.
    """
    these = (entries.c.order_id == order) & entries.c.seq.in_(seqs)
    rows = await tx.conn.execute(
        select(entries.c.seq, entries.c.payload, entries.c.salt)
        .where(these, entries.c.payload.is_not(None))
        .order_by(entries.c.seq)
    )
    held = [Emptied(row.seq, bytes(row.payload), bytes(row.salt)) for row in rows]
    await unindex(tx, order, seqs)
    await tx.conn.execute(
        update(entries).where(these).values(payload=None, salt=None, command_digest=None)
    )
    await repeats.forget(tx, order, seqs)
    await tx.conn.execute(
        delete(reactions).where(reactions.c.order_id == order, reactions.c.message.in_(seqs))
    )
    return held


async def strip(
    tx: Transaction, head: Head, owes: Owes, seq: int, left: Event, *, current: bool
) -> Head:
    """Leave of entry `seq` what `left` says, without anybody's words, and append that it is so.

    The salt and the command's digest go, so that nobody can guess the words; the row's digest
    and link stay. Who checks the chain finds in the appended entry what must be left.
    """
    await unindex(tx, head.order, [seq])
    await owe(tx)
    await tx.conn.execute(
        update(entries)
        .where(entries.c.order_id == head.order, entries.c.seq == seq)
        .values(payload=_encode(left), salt=None, command_digest=None)
    )
    await repeats.forget(tx, head.order, [seq])
    told = EntryRedacted(seq, left=left, current=current)
    head, _ = await append(tx, head, owes, [Draft(MARKETPLACE, told)])
    return head


async def versions_of(conn: AsyncConnection, order: OrderId, message: int) -> tuple[int, ...]:
    """Return the entries that edited a message, oldest first."""
    found = await conn.scalars(
        select(message_versions.c.seq)
        .where(message_versions.c.order_id == order, message_versions.c.message == message)
        .order_by(message_versions.c.seq)
    )
    return tuple(found)


async def redact(
    tx: Transaction,
    head: Head,
    owes: Owes,
    seq: int,
    actor: PersonId = MARKETPLACE,
    recording: RecordingId | None = None,
) -> Head:
    """Erase the message or file that is entry `seq`, and append that it was erased.

    All versions of a message go, and what was kept of it when its author withdrew it. Doing it
    again appends nothing. `orders.redaction` says what is such an entry. `recording` names the
    one that the entry tells of.
    """
    versions = await versions_of(tx.conn, head.order, seq)
    held = await empty(tx, head.order, [seq, *versions])
    kept = await tx.conn.execute(
        delete(withdrawn).where(withdrawn.c.order_id == head.order, withdrawn.c.message == seq)
    )
    if not held and not kept.rowcount:
        return head
    await owe(tx)
    head, _ = await append(
        tx, head, owes, [Draft(actor, EntryRedacted(seq, versions, recording=recording))]
    )
    return head
