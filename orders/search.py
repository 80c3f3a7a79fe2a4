"""Searching what was said: in one order, or in all of one's own; the newest first.

Only what the person is a member of is looked at. What is found is held against what stands on the
timeline now, and shown with the places of what was found.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Database
from orders.edited import newest_texts
from orders.errors import Malformed, OrderUnknown, TextEmpty, TextTooLong
from orders.events import Event, FileShared, OrderId, PersonId
from orders.search_index import behind, catch_up, scope, text_of
from orders.search_words import Hit, Term, excerpt, terms_of
from orders.tables import entries, instant, micros, orders, participants, search_docs

QUERY_MAX = 200
PAGE = 20
ORDERS_MOST = 1_000
"""The newest so many orders of a person are searched."""
PATIENCE = 2.0
"""Seconds that an answer waits for the index; a longer backlog is told as `behind`."""
_CURSOR = re.compile(r"\d{1,17}\.\d{1,15}\.[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_event_decoder = msgspec.json.Decoder(Event)


class Results(msgspec.Struct, frozen=True):
    """A page of what was found. `next` asks for the page after it; None at the end.

    `behind` counts orders whose newest words are not indexed yet; 0 nearly always.
    """

    hits: tuple[Hit, ...] = ()
    next: str | None = None
    behind: int = 0


async def search(
    database: Database,
    person: PersonId,
    asked: str,
    order: OrderId | None = None,
    before: str | None = None,
    reach: Collection[OrderId] | None = None,
) -> Results:
    """Find what was asked for in one order or, of those in `reach`, in all of the person's.

    Raises `TextEmpty`, `TextTooLong`, `OrderUnknown` for an order that is not theirs, `Malformed`
    for a `before` that is not of ours, `Unavailable`.
    """
    if not asked.strip():
        raise TextEmpty
    if len(asked) > QUERY_MAX:
        raise TextTooLong(limit=QUERY_MAX, length=len(asked))
    place = None if before is None else _place(before)
    terms = terms_of(asked)
    async with database.reading() as conn:
        ids = await _mine(conn, person, order, reach)
        late = await behind(conn, ids, ORDERS_MOST) if ids else []
    if not ids or not terms:
        return Results()
    left = await _bring_up(database, late)
    async with database.reading() as conn:
        found = await _found(conn, terms, ids, place, sqlite=database.is_sqlite)
        shown = found[:PAGE]
        hits = await _shown(conn, terms, shown)
    last = shown[-1] if len(found) > PAGE else None
    return Results(tuple(hits), None if last is None else _cursor(*last), left)


async def _mine(
    conn: AsyncConnection,
    person: PersonId,
    order: OrderId | None,
    reach: Collection[OrderId] | None,
) -> list[OrderId]:
    wanted = (
        select(orders.c.id)
        .join(participants, participants.c.order_id == orders.c.id)
        .where(participants.c.person_id == person, participants.c.revoked_at.is_(None))
        .order_by(orders.c.last_at.desc())
        .limit(ORDERS_MOST)
    )
    if order is not None:
        wanted = wanted.where(orders.c.id == order)
    if reach is not None:
        wanted = wanted.where(orders.c.id.in_(reach))
    ids = list(await conn.scalars(wanted))
    if order is not None and not ids:
        raise OrderUnknown(order=order)
    return ids


async def _bring_up(database: Database, late: Sequence[OrderId]) -> int:
    """Index the orders that are behind, as long as our patience lasts; return how many are left."""
    until = time.monotonic() + PATIENCE
    for number, order in enumerate(late):
        more = True
        while more:
            if time.monotonic() > until:
                return len(late) - number
            async with database.transaction() as tx:
                more = await catch_up(tx, order)
    return 0


async def _found(
    conn: AsyncConnection,
    terms: Sequence[Term],
    ids: Sequence[OrderId],
    before: tuple[datetime, OrderId, int] | None,
    *,
    sqlite: bool,
) -> list[tuple[datetime, OrderId, int]]:
    docs = search_docs.c
    matches: ColumnElement[bool]
    if sqlite:
        matches = docs.doc.in_(
            text("SELECT rowid FROM search_words WHERE search_words MATCH :asked").bindparams(
                asked=_fts5(terms, ids)
            )
        )
    else:
        matches = docs.words.op("@@")(
            text("CAST(:asked AS tsquery)").bindparams(asked=_ts(terms, ids))
        )
    wanted = select(docs.at, docs.order_id, docs.seq).where(matches, docs.order_id.in_(ids))
    if before is not None:
        at, order, seq = before
        wanted = wanted.where(
            or_(
                docs.at < at,
                and_(docs.at == at, docs.order_id < order),
                and_(docs.at == at, docs.order_id == order, docs.seq < seq),
            )
        )
    rows = await conn.execute(
        wanted.order_by(docs.at.desc(), docs.order_id.desc(), docs.seq.desc()).limit(PAGE + 1)
    )
    return [(row.at, row.order_id, row.seq) for row in rows]


async def _shown(
    conn: AsyncConnection, terms: Sequence[Term], found: Sequence[tuple[datetime, OrderId, int]]
) -> list[Hit]:
    if not found:
        return []
    places = [(order, seq) for _, order, seq in found]
    rows = {
        (row.order_id, row.seq): row
        for row in await conn.execute(
            select(
                entries.c.order_id, entries.c.seq, entries.c.at, entries.c.actor, entries.c.kind,
                entries.c.payload,
            ).where(tuple_(entries.c.order_id, entries.c.seq).in_(places))
        )
    }  # fmt: skip
    newest = {
        (order, seq): words
        for order in {order for order, _ in places}
        for seq, words in (
            await newest_texts(conn, order, [s for o, s in places if o == order])
        ).items()
    }
    hits = []
    for place in places:
        row = rows[place]
        if row.payload is None:
            continue
        event = _event_decoder.decode(row.payload)
        said = newest.get(place) or text_of(event)
        part = excerpt(said, terms)
        if part is not None:
            millis = event.millis if isinstance(event, FileShared) and event.voice else 0
            hits.append(
                Hit(
                    row.order_id, row.seq, row.at, row.actor, row.kind, part.text, part.ranges,
                    millis,
                )
            )  # fmt: skip
    return hits


def _fts5(terms: Sequence[Term], ids: Sequence[OrderId]) -> str:
    """Say it as SQLite's FTS5 does. Words are letters and digits only, so quoting is safe."""
    scopes = " OR ".join(f'"{order}"' for order in ids)

    def said(term: Term) -> str:
        other = f' OR "{" ".join(term.other)}"' if term.other else ""
        return f'("{" ".join(term.words)}"{"*" if term.prefix else ""}{other})'

    words = " AND ".join(map(said, terms))
    return f"order_id : ({scopes}) AND words : ({words})"


def _ts(terms: Sequence[Term], ids: Sequence[OrderId]) -> str:
    """Say it as PostgreSQL's tsquery does."""
    scopes = " | ".join(f"'{scope(order)}'" for order in ids)

    def run(words: Sequence[str]) -> str:
        return " <-> ".join(f"'{word}'" for word in words)

    def said(term: Term) -> str:
        other = f" | ({run(term.other)})" if term.other else ""
        return f"(({run(term.words)}{':*' if term.prefix else ''}){other})"

    words = " & ".join(map(said, terms))
    return f"({scopes}) & {words}"


def _cursor(at: datetime, order: OrderId, seq: int) -> str:
    return f"{micros(at)}.{seq}.{order}"


def _place(cursor: str) -> tuple[datetime, OrderId, int]:
    at, _, rest = cursor.partition(".")
    seq, _, order = rest.partition(".")
    if not _CURSOR.fullmatch(cursor):
        raise Malformed(where="before")
    return instant(int(at)), OrderId(order), int(seq)
