"""The timeline: append and read. Entries are written here; `orders.emptying` empties them.

An entry is (order, seq, at, actor, event), chained by hashes from the first one:

    digest = SHA-256(salt || payload)            16 random bytes of salt; payload as stored
    link   = SHA-256(previous link || head || digest)
    head   = JSON array [order, seq, at in microseconds, actor, kind], without spaces

The first entry's previous link is 32 zero bytes. Redaction removes payload and salt and keeps
digest and link, so the chain stays valid and the content cannot be guessed from its digest. An
author who withdraws a message empties it in the same way.

The order's row is the turnstile: its lock is taken before `append` and held to the commit, so
numbers have no gaps, times never go back, and readers meet entries in commit order.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, insert, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Announcement, Owed, OwedFor, Owes, Transaction, padded
from orders.errors import OrderUnknown
from orders.events import (
    Emptying,
    Entry,
    EntryRedacted,
    Event,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    OrderId,
    PersonId,
    ReactionAdded,
    ReactionRemoved,
    emptied_by,
    kind_of,
)
from orders.tables import (
    entries,
    micros,
    notices,
    orders,
)

GENESIS = bytes(32)
SALT_BYTES = 16

_encode = msgspec.json.Encoder().encode
_event_decoder = msgspec.json.Decoder(Event)
_emptying_decoder = msgspec.json.Decoder(Emptying)
_EMPTYING = {str(kind.__struct_config__.tag) for kind in (EntryRedacted, MessageWithdrawn)}
QUIET = (MessageSent, MessageEdited, ReactionAdded, ReactionRemoved)
"""Events that change nobody's situation."""


class Head(msgspec.Struct, frozen=True):
    """The end of an order's timeline, read under the order's lock."""

    order: OrderId
    seq: int
    at: datetime
    link: bytes


class Position(msgspec.Struct, frozen=True):
    """Where a command came to stand: the answer to it, the first time and every time."""

    seq: int
    at: datetime


class Draft(msgspec.Struct, frozen=True):
    """An event on its way into the timeline, with the command that asked for it, if any."""

    actor: PersonId
    event: Event
    client_id: str | None = None
    command_digest: bytes | None = None
    passes_turn: bool = False
    """Whether it is a message after which it is somebody else's turn: situations change."""


class WireEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry as browsers get it: the same bytes for every member."""

    seq: int
    at: datetime
    actor: str
    event: msgspec.Raw | None
    client_id: str | None = None


def number(head: Head, now: datetime, drafts: Sequence[Draft]) -> tuple[Head, list[dict[str, Any]]]:
    """Give drafts their place after `head`; return the new head and rows for the table."""
    rows: list[dict[str, Any]] = []
    at = max(now, head.at)
    seq, link = head.seq, head.link
    for draft in drafts:
        seq += 1
        kind = kind_of(draft.event)
        payload = _encode(draft.event)
        salt = secrets.token_bytes(SALT_BYTES)
        digest = digest_of(salt, payload)
        link = link_of(link, head.order, seq, at, draft.actor, kind, digest)
        rows.append(
            {
                "order_id": head.order,
                "seq": seq,
                "at": at,
                "actor": draft.actor,
                "kind": kind,
                "payload": payload,
                "salt": salt,
                "digest": digest,
                "link": link,
                "client_id": draft.client_id,
                "command_digest": draft.command_digest,
            }
        )
    return Head(head.order, seq, at, link), rows


def digest_of(salt: bytes, payload: bytes) -> bytes:
    """Return SHA-256(salt || payload)."""
    return hashlib.sha256(salt + payload).digest()


def link_of(
    previous: bytes, order: str, seq: int, at: datetime, actor: str, kind: str, digest: bytes
) -> bytes:
    """Return the hash that chains an entry to the one before it."""
    head = _encode([order, seq, micros(at), actor, kind])
    return hashlib.sha256(previous + head + digest).digest()


async def append(
    tx: Transaction, head: Head, owes: Owes, drafts: Sequence[Draft]
) -> tuple[Head, list[Entry]]:
    """Store what happened to one order, and what it makes owed, in the caller's transaction.

    The caller holds the order's lock and read `head` under it. Returns the new head and the
    entries. They are announced after the commit.
    """
    stored = await append_many(tx, [(head, owes, drafts)])
    return stored[head.order]


class Composed(msgspec.Struct, frozen=True):
    """What is about to be written for several orders: rows for the tables, and whom to tell."""

    told: dict[OrderId, tuple[Head, list[Entry]]]
    entries: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    announcements: list[Announcement]


def compose(
    now: datetime, owed_for: OwedFor, batch: Sequence[tuple[Head, Owes, Sequence[Draft]]]
) -> Composed:
    """Give drafts their place, find what they make owed, and say it for the wire. No I/O."""
    composed = Composed({}, [], [], [])
    for head, owes, drafts in batch:
        new_head, new_rows = number(head, now, drafts)
        told = [
            Entry(head.order, row["seq"], row["at"], draft.actor, draft.event, draft.client_id)
            for row, draft in zip(new_rows, drafts, strict=True)
        ]
        composed.entries.extend(new_rows)
        for entry in told:
            composed.notices.extend(_owed_row(entry, owed) for owed in owed_for(owes, entry))
        composed.told[head.order] = new_head, told
        composed.announcements.append(
            Announcement(
                order=head.order,
                after=head.seq,
                upto=new_head.seq,
                entries=tuple(_wire_of_row(row) for row in new_rows),
                link=new_head.link,
                situation=any(
                    draft.passes_turn or not isinstance(draft.event, QUIET) for draft in drafts
                ),
            )
        )
    return composed


def unmoved(head: Head, *, situation: bool = False) -> Announcement:
    """Announce how far an order goes, although nothing was added."""
    return Announcement(head.order, head.seq, head.seq, (), head.link, situation)


async def append_many(
    tx: Transaction,
    batch: Sequence[tuple[Head, Owes, Sequence[Draft]]],
) -> dict[OrderId, tuple[Head, list[Entry]]]:
    """Do `append` for several orders with one insert; each order at most once in `batch`."""
    composed = compose(tx.now, tx.owed_for, batch)
    await write(tx, composed)
    return composed.told


async def write(tx: Transaction, composed: Composed) -> None:
    """Write what was composed under the orders' locks; it is announced after the commit."""
    tx.announcements.extend(composed.announcements)
    if not composed.entries:
        return
    await tx.conn.execute(insert(entries), composed.entries)
    await tx.conn.execute(
        _MOVE_HEAD,
        [
            {"o": head.order, "seq": head.seq, "at": head.at, "link": head.link}
            for head, _ in composed.told.values()
        ],
    )
    if composed.notices:
        # one open notice of a kind per person is enough; a second reason joins the first, and has
        # it looked at sooner if it is due sooner, unless it is in somebody's hands already
        dialect = postgresql if tx.locks_rows else sqlite
        owed = dialect.insert(notices)
        await tx.conn.execute(
            owed.on_conflict_do_update(
                index_elements=[notices.c.order_id, notices.c.person_id, notices.c.kind],
                index_where=notices.c.state == literal_column("'open'"),
                set_={"due": owed.excluded.due, "wake_at": owed.excluded.wake_at},
                where=(notices.c.attempts == 0) & (owed.excluded.wake_at < notices.c.wake_at),
            ),
            composed.notices,
        )


_MOVE_HEAD = (
    update(orders)
    .where(orders.c.id == bindparam("o"))
    .values(last_seq=bindparam("seq"), last_at=bindparam("at"), last_link=bindparam("link"))
)


def _owed_row(entry: Entry, owed: Owed) -> dict[str, Any]:
    return {
        "order_id": entry.order,
        "person_id": owed.to,
        "kind": owed.kind,
        "opened_seq": entry.seq,
        "state": "open",
        "due": owed.due,
        "wake_at": owed.due,
        "attempts": 0,
    }


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry as its row has it; give it to `entry` to decode or to `wire` to forward."""

    order_id: OrderId
    seq: int
    at: datetime
    actor: PersonId
    payload: bytes | None
    client_id: str | None
    link: bytes


_COLUMNS = (
    entries.c.order_id,
    entries.c.seq,
    entries.c.at,
    entries.c.actor,
    entries.c.payload,
    entries.c.client_id,
    entries.c.link,
)


async def read(conn: AsyncConnection, order: OrderId, after: int, limit: int) -> list[StoredEntry]:
    """Read up to `limit` entries following `after`, in order."""
    found = await conn.execute(
        select(*_COLUMNS)
        .where(entries.c.order_id == order, entries.c.seq > after)
        .order_by(entries.c.seq)
        .limit(limit)
    )
    return [StoredEntry(*row) for row in found]


async def read_after(
    conn: AsyncConnection, places: Sequence[tuple[OrderId, int]], limit: int
) -> dict[tuple[OrderId, int], list[StoredEntry]]:
    """Do `read` for several orders, each after its own entry, in one statement.

    An order may be among them more than once; one without newer entries is left out.
    """
    runs = (
        and_(entries.c.order_id == order, entries.c.seq > after, entries.c.seq <= after + limit)
        for order, after in padded(places)
    )
    rows = await conn.execute(
        select(*_COLUMNS).where(or_(*runs)).order_by(entries.c.order_id, entries.c.seq)
    )
    read_by: dict[OrderId, list[StoredEntry]] = {}
    for row in rows:
        read_by.setdefault(row.order_id, []).append(StoredEntry(*row))
    return {
        (order, after): [row for row in read_by[order] if after < row.seq <= after + limit]
        for order, after in places
        if order in read_by
    }


async def links_at(
    conn: AsyncConnection, places: Sequence[tuple[OrderId, int]]
) -> dict[tuple[OrderId, int], bytes]:
    """Return the links of entries; the genesis link for 0. What does not exist is left out."""
    found = await conn.execute(
        select(entries.c.order_id, entries.c.seq, entries.c.link).where(
            tuple_(entries.c.order_id, entries.c.seq).in_(padded(places))
        )
    )
    links = {(OrderId(row.order_id), int(row.seq)): bytes(row.link) for row in found}
    return links | {place: GENESIS for place in places if place[1] == 0}


async def read_before(
    conn: AsyncConnection, order: OrderId, before: int, limit: int
) -> list[StoredEntry]:
    """Read the page of up to `limit` rows that ends just before `before`, oldest first."""
    found = await conn.execute(
        select(*_COLUMNS)
        .where(entries.c.order_id == order, entries.c.seq < before)
        .order_by(entries.c.seq.desc())
        .limit(limit)
    )
    return [StoredEntry(*row) for row in found][::-1]


def entry(row: StoredEntry) -> Entry:
    """Decode a row of `read`."""
    event = None if row.payload is None else _event_decoder.decode(row.payload)
    return Entry(row.order_id, row.seq, row.at, row.actor, event, row.client_id)


def wire(row: StoredEntry) -> bytes:
    """Encode a row of `read` for browsers, without decoding its payload."""
    return _wire(row.seq, row.at, row.actor, row.payload, row.client_id)


def _wire_of_row(row: dict[str, Any]) -> bytes:
    return _wire(row["seq"], row["at"], row["actor"], row["payload"], row["client_id"])


def _wire(seq: int, at: datetime, actor: str, payload: bytes | None, client: str | None) -> bytes:
    event = None if payload is None else msgspec.Raw(payload)
    return _encode(WireEntry(seq, at, actor, event, client))


async def verify(conn: AsyncConnection, order: OrderId) -> int:
    """Walk an order's chain and return its length.

    Raises `ValueError` naming the first entry that does not fit: a missing number, a time that
    goes back, a payload that is not the digest's, a link that does not follow, an ending that is
    not the one the order's row knows, or an entry emptied without a word. Raises `OrderUnknown`.
    """
    head = (
        await conn.execute(
            select(orders.c.last_seq, orders.c.last_link).where(orders.c.id == order)
        )
    ).first()
    if head is None:
        raise OrderUnknown(order=order)
    previous, at, expected = GENESIS, None, 0
    emptied: set[int] = set()
    rest: dict[int, Event | None] = {}
    rows = await conn.execute(
        select(entries).where(entries.c.order_id == order).order_by(entries.c.seq)
    )
    for row in rows:
        expected += 1
        if row.seq != expected:
            raise ValueError(f"entry {expected} is missing")
        if at is not None and row.at < at:
            raise ValueError(f"entry {row.seq} is earlier than the one before it")
        if row.payload is None or row.salt is None:
            emptied.add(row.seq)
            rest[row.seq] = row.payload and _event_decoder.decode(row.payload)
        elif digest_of(row.salt, row.payload) != row.digest:
            raise ValueError(f"entry {row.seq} was changed")
        link = link_of(previous, order, row.seq, row.at, row.actor, row.kind, row.digest)
        if link != row.link:
            raise ValueError(f"entry {row.seq} does not follow the one before it")
        if row.kind in _EMPTYING and row.payload is not None:
            said = _emptying_decoder.decode(row.payload)
            left = said.left if isinstance(said, EntryRedacted) else None
            for seq in emptied_by(said) & rest.keys():
                if rest[seq] != left:
                    raise ValueError(f"entry {seq} was changed")
            emptied -= emptied_by(said)
        # entries may have been added since the order's row was read
        if row.seq == head.last_seq and link != head.last_link:
            raise ValueError(f"entry {row.seq} is not the one the order knows as its last")
        previous, at = link, row.at
    if expected < head.last_seq:
        raise ValueError(f"entry {expected + 1} is missing")
    if emptied:
        raise ValueError(f"entry {min(emptied)} was emptied without a word")
    return expected
