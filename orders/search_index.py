"""The index of words: one row for everything on a timeline that has some.

It follows the timelines by a position per order, behind the commit and off the way of messages:
who searches brings the orders they search up to date first, so nothing is ever missed and an
answer is never old; in between, orders that have gone quiet are done in the background.

What is edited, withdrawn or erased leaves the index in the transaction that does it. The row with
the order's position is the turnstile: whoever reads entries for the index holds it, and so does
whoever empties one, so a text cannot slip in while it is taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Transaction
from orders.erasure import written_in
from orders.events import Event, FileShared, MessageEdited, OrderId
from orders.search_words import words_of
from orders.tables import entries, orders, search_docs, search_heads

AT_ONCE = 500
"""Entries that are read in one go."""
VOICE_NOTE = "message vocal · voice note"
"""What a voice note is found by, in either language; its file's name says nothing."""
POSITIONS = 16_383
"""The last position PostgreSQL can keep of a word; what comes later is found without its place."""
_event_decoder = msgspec.json.Decoder(Event)


def text_of(event: Event) -> str:
    """Return what can be found of an event: all that could be erased of it."""
    if isinstance(event, FileShared) and event.voice:
        return VOICE_NOTE
    return " · ".join(written_in(event))


async def catch_up(tx: Transaction, order: OrderId) -> bool:
    """Index what was added to an order's timeline; return whether there may be more."""
    upto = await _hold(tx, order)
    rows = (
        await tx.conn.execute(
            select(entries.c.seq, entries.c.at, entries.c.payload)
            .where(entries.c.order_id == order, entries.c.seq > upto)
            .order_by(entries.c.seq)
            .limit(AT_ONCE)
        )
    ).all()
    if not rows:
        return False
    words: dict[int, list[str]] = {}
    since: dict[int, datetime] = {}
    edited: set[int] = set()
    for row in rows:
        event = None if row.payload is None else _event_decoder.decode(row.payload)
        if event is None:
            continue
        seq = row.seq
        since[seq] = row.at
        if isinstance(event, MessageEdited):
            seq = event.message
            edited.add(seq)
        words[seq] = [word.text for word in words_of(text_of(event))]
    # a message that was edited keeps its place among the results
    before = [seq for seq in edited if seq not in since]
    if before:
        times = await tx.conn.execute(
            select(entries.c.seq, entries.c.at).where(
                entries.c.order_id == order, entries.c.seq.in_(before)
            )
        )
        since |= {time.seq: time.at for time in times}
    if edited:
        await _delete(tx, order, edited)
    docs = [
        {"order_id": order, "seq": seq, "at": since[seq], "words": _stored(tx, order, found)}
        for seq, found in words.items()
        if found
    ]
    if docs:
        await tx.conn.execute(insert(search_docs), docs)
    await tx.conn.execute(
        update(search_heads).where(search_heads.c.order_id == order).values(upto=rows[-1].seq)
    )
    return len(rows) == AT_ONCE


async def unindex(tx: Transaction, order: OrderId, seqs: Sequence[int]) -> None:
    """Take texts out of the index, before they are emptied or become others."""
    await _hold(tx, order)
    await _delete(tx, order, seqs)


async def behind(
    conn: AsyncConnection,
    ids: Sequence[OrderId] | None,
    most: int,
    quiet_since: datetime | None = None,
) -> list[OrderId]:
    """Return those of the orders, or of all, whose newest entries are not indexed yet.

    With `quiet_since`, only those to which nothing was added since then.
    """
    wanted = (
        select(orders.c.id)
        .outerjoin(search_heads, search_heads.c.order_id == orders.c.id)
        .where(orders.c.last_seq > func.coalesce(search_heads.c.upto, 0))
        .order_by(orders.c.last_at.desc())
        .limit(most)
    )
    if ids is not None:
        wanted = wanted.where(orders.c.id.in_(ids))
    if quiet_since is not None:
        wanted = wanted.where(orders.c.last_at < quiet_since)
    return list(await conn.scalars(wanted))


async def _hold(tx: Transaction, order: OrderId) -> int:
    """Lock the order's position in the index, and return it."""
    dialect = postgresql if tx.locks_rows else sqlite
    await tx.conn.execute(
        dialect.insert(search_heads).values(order_id=order, upto=0).on_conflict_do_nothing()
    )
    row = select(search_heads.c.upto).where(search_heads.c.order_id == order)
    if tx.locks_rows:
        row = row.with_for_update()
    return int(await tx.conn.scalar(row) or 0)


async def _delete(tx: Transaction, order: OrderId, seqs: Iterable[int]) -> None:
    await tx.conn.execute(
        delete(search_docs).where(
            search_docs.c.order_id == order, search_docs.c.seq.in_(list(seqs))
        )
    )


def scope(order: OrderId) -> str:
    """Return the word that stands for an order: no text can have it."""
    return f"#{order}"


def _stored(tx: Transaction, order: OrderId, words: Sequence[str]) -> str:
    """Return words as the database keeps them: with their places, or one after the other."""
    if not tx.locks_rows:
        return " ".join(words)
    places: dict[str, list[int]] = {scope(order): [1]}
    for place, word in enumerate(words, start=1):
        places.setdefault(word, []).append(min(place, POSITIONS))
    return " ".join(
        f"'{word}':" + ",".join(map(str, sorted(set(at))[:256])) for word, at in places.items()
    )
