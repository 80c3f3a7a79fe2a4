"""What the messages' lane says to PostgreSQL: statements, and their parameters.

All rows of a statement travel as arrays, one a column, so a statement has one text however many
rows it stores. An array costs the driver a few microseconds, and each number in one as much as a
whole text; so numbers travel as one text that the server reads, what has a fixed length in one
piece, and what always is the same not at all. A message that comes alone, as nearly all do where
little is written, has a statement without arrays: it costs half.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orders.events import MessageSent
from orders.lanes import ORDER_COLUMNS
from orders.locking import LockedOrder
from orders.tables import instant, micros
from orders.timeline import Composed, Head

WAIT_MS = 100
"""Milliseconds that a group waits for orders held elsewhere: several commits of another process.

Orders are locked in the order of their names, so two groups that wait do not wait for each other.
"""


def rows_of(composed: Composed) -> list[Any]:
    """Return what `WRITE` stores of messages: entries, heads, notices."""
    rows, notes = composed.entries, composed.notices
    heads = [head for head, _ in composed.told.values()]
    return [
        [row["order_id"] for row in rows],
        _numbers(row["seq"] for row in rows),
        _numbers(micros(row["at"]) for row in rows),
        [row["actor"] for row in rows],
        [row["payload"] for row in rows],
        [row["salt"] + row["digest"] + row["link"] + row["command_digest"] for row in rows],
        [row["client_id"] for row in rows],
        [head.order for head in heads],
        _numbers(head.seq for head in heads),
        _numbers(micros(head.at) for head in heads),
        [head.link for head in heads],
        [note["order_id"] for note in notes],
        [note["person_id"] for note in notes],
        [note["kind"] for note in notes],
        _numbers(note["opened_seq"] for note in notes),
        _numbers(micros(note["due"]) for note in notes),
    ]


def proof_of(orders: Sequence[LockedOrder]) -> list[Any]:
    """Return what `WRITE_REMEMBERED` takes besides: how the orders were, in the heads' order."""
    return [
        _numbers(order.head.seq for order in orders),
        [order.head.link for order in orders],
        _numbers(order.revision for order in orders),
    ]


def is_one(composed: Composed) -> bool:
    """Whether it is one message, owed to one person at most: `WRITE_ONE` stores that."""
    return len(composed.entries) == 1 and len(composed.notices) <= 1


def one_of(composed: Composed, order: LockedOrder) -> list[Any]:
    """Return what `WRITE_ONE` stores, and how the order was."""
    (row,) = composed.entries
    owed: list[Any] = [None, None, None]
    for note in composed.notices:
        owed = [note["person_id"], note["kind"], micros(note["due"])]
    return [
        row["order_id"],
        row["seq"],
        micros(row["at"]),
        row["actor"],
        row["payload"],
        row["salt"],
        row["digest"],
        row["link"],
        row["client_id"],
        row["command_digest"],
        *owed,
        order.head.seq,
        order.head.link,
        order.revision,
    ]


def moved_of(orders: Sequence[LockedOrder]) -> list[Any]:
    """Return what `MOVED` takes."""
    return [
        [order.id for order in orders],
        _numbers(order.head.seq for order in orders),
        _numbers(order.revision for order in orders),
    ]


def heads_of(rows: Iterable[Sequence[Any]]) -> list[Head]:
    """Read the heads that `MOVED` returns."""
    return [Head(order, seq, instant(at), link) for order, seq, at, link in rows]


def _numbers(values: Iterable[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"


_MESSAGE = str(MessageSent.__struct_config__.tag)
_NEW = """
    unnest($1::text[], $2::text::bigint[], $3::text::bigint[], $4::text[], $5::bytea[],
           $6::bytea[], $7::text[]) AS n (order_id, seq, at, actor, payload, hashes, client_id)
"""
_HEADS = "$8::text[], $9::text::bigint[], $10::text::bigint[], $11::bytea[]"
_NOTES = "$12::text[], $13::text[], $14::text[], $15::text::bigint[], $16::text::bigint[]"


def _stores(held: str) -> str:
    """Write the part that stores `rows_of`; `held` joins to the orders that may be written."""
    return f"""
    told AS (
        INSERT INTO entries (order_id, seq, at, actor, kind, payload, salt, digest, link,
                             client_id, command_digest)
        SELECT n.order_id, n.seq, n.at, n.actor, '{_MESSAGE}', n.payload, substr(n.hashes, 1, 16),
               substr(n.hashes, 17, 32), substr(n.hashes, 49, 32), n.client_id,
               substr(n.hashes, 81)
        FROM {_NEW} {held.format("n.order_id")}
    ), moved AS (
        UPDATE orders SET last_seq = n.seq, last_at = n.at, last_link = n.link
        FROM unnest({_HEADS}) AS n (id, seq, at, link) {held.format("n.id")}
        WHERE orders.id = n.id
    ), owed AS (
        INSERT INTO notices (order_id, person_id, kind, opened_seq, due, wake_at, state, attempts)
        SELECT n.order_id, n.person_id, n.kind, n.seq, n.due, n.due, 'open', 0
        FROM unnest({_NOTES}) AS n (order_id, person_id, kind, seq, due)
        {held.format("n.order_id")}
        ON CONFLICT DO NOTHING
    )
    """  # noqa: S608 - our own names


WRITE = f"WITH {_stores('')} SELECT 1"
"""Stores `rows_of` under locks that are held."""
WRITE_REMEMBERED = f"""
    WITH repeated AS MATERIALIZED (
        SELECT e.order_id FROM unnest($1::text[], $4::text[], $7::text[])
        AS k (order_id, actor, client_id) JOIN entries e USING (order_id, actor, client_id)
    ), held AS MATERIALIZED (
        SELECT o.id
        FROM unnest($8::text[], $17::text::bigint[], $18::bytea[], $19::text::bigint[])
        AS a (id, seq, link, revision) JOIN orders o USING (id)
        WHERE o.last_seq = a.seq AND o.last_link = a.link AND o.revision = a.revision
        AND o.id NOT IN (SELECT order_id FROM repeated)
        FOR UPDATE OF o SKIP LOCKED
    ), {_stores("JOIN held ON held.id = {}")}
    SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint, array(SELECT id FROM held)
"""  # noqa: S608 - our own names
"""Locks the orders that still are as `proof_of` says and stores what of `rows_of` is theirs, but
nothing of an order to which one of the messages was sent before.

Returns the time, and which orders they were. What was committed since the statement began has
moved an order's head or counted up its revision; both are looked at again once it is locked, in
the newest row.
"""
WRITE_ONE = f"""
    WITH held AS MATERIALIZED (
        SELECT o.id FROM orders o
        WHERE o.id = $1 AND o.last_seq = $14 AND o.last_link = $15 AND o.revision = $16
        AND NOT EXISTS (
            SELECT FROM entries e WHERE e.order_id = $1 AND e.actor = $4 AND e.client_id = $9
        )
        FOR UPDATE OF o SKIP LOCKED
    ), told AS (
        INSERT INTO entries (order_id, seq, at, actor, kind, payload, salt, digest, link,
                             client_id, command_digest)
        SELECT id, $2::bigint, $3::bigint, $4, '{_MESSAGE}', $5::bytea, $6::bytea, $7::bytea,
               $8::bytea, $9, $10::bytea
        FROM held
    ), moved AS (
        UPDATE orders SET last_seq = $2, last_at = $3, last_link = $8
        FROM held WHERE orders.id = held.id
    ), owed AS (
        INSERT INTO notices (order_id, person_id, kind, opened_seq, due, wake_at, state, attempts)
        SELECT id, $11::text, $12::text, $2, $13::bigint, $13, 'open', 0 FROM held
        WHERE $11 IS NOT NULL
        ON CONFLICT DO NOTHING
    )
    SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint, array(SELECT id FROM held)
"""  # noqa: S608 - our own names
"""Does what `WRITE_REMEMBERED` does for `one_of`."""
MOVED = """
    SELECT o.id, o.last_seq, o.last_at, o.last_link
    FROM unnest($1::text[], $2::text::bigint[], $3::text::bigint[]) AS a (id, seq, revision)
    JOIN orders o USING (id, revision) WHERE o.last_seq > a.seq
"""
"""Finds the heads of orders of which nothing else has changed: somebody else wrote in them."""
LOCK = f"""
    SELECT {", ".join(ORDER_COLUMNS)} FROM orders WHERE id = ANY($1::text[])
    ORDER BY id FOR UPDATE
"""  # noqa: S608 - our own names
LOCK_FREE = f"{LOCK} SKIP LOCKED"
READ = """
    SELECT 'now', NULL, NULL, NULL,
           (extract(epoch from clock_timestamp()) * 1000000)::bigint, NULL::bigint, NULL::bytea
    UNION ALL
    (SELECT 'member', order_id, person_id, role, (revoked_at IS NOT NULL)::int::bigint, NULL, NULL
     FROM participants WHERE order_id = ANY($1::text[]) ORDER BY role)
    UNION ALL
    SELECT 'repeat', e.order_id, e.actor, e.client_id, e.seq, e.at, e.command_digest
    FROM unnest($2::text[], $3::text[], $4::text[]) AS k (order_id, actor, client_id)
    JOIN entries e USING (order_id, actor, client_id)
"""
BEGIN_WAITING = f"BEGIN; SET LOCAL lock_timeout = '{WAIT_MS}ms'"
QUOTED = """
    SELECT e.order_id, e.seq FROM unnest($1::text[], $2::bigint[]) AS q (order_id, seq)
    JOIN entries e USING (order_id, seq) WHERE e.kind = ANY($3::text[])
"""
KNOWN = "SELECT id FROM orders WHERE id = ANY($1::text[])"
