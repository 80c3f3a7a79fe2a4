"""The messages' way to PostgreSQL: one connection held for good, three prepared statements.

All rows of a statement travel as arrays, one a column, and are one insert. An order whose row is
locked elsewhere is left out, so nobody waits for somebody else's command; unless the caller wants
to wait, and then only for `WAIT_MS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import BigInteger, Integer, LargeBinary, Table

from orders.database import RETRY_AFTER, Database, says_outage
from orders.errors import Unavailable
from orders.events import OrderId
from orders.lanes import ORDER_COLUMNS, Asked, Found, Judge, Lane, orders_of, repeats_of
from orders.reacting import ANSWERABLE
from orders.tables import Instant, entries, instant, micros, notices
from orders.timeline import Composed

WAIT_MS = 100
"""Milliseconds that a group waits for orders held elsewhere: several commits of another process.

Orders are locked in the order of their names, so two groups that wait do not wait for each other.
"""


def open_lane(database: Database) -> Lane:
    """Return a lane; its connection is made when it is first needed, and anew when it was lost."""
    connection = _Connection(database)
    return Lane(connection.commit, connection.close)


class _Connection:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: AsyncExitStack | None = None
        self._driver: Any = None

    async def commit(self, asked: Asked, judge: Judge) -> Composed:
        if asked.wait:
            try:
                return await self._attempt(asked, judge)
            except asyncpg.LockNotAvailableError:
                asked = msgspec.structs.replace(asked, wait=False)
        return await self._attempt(asked, judge)

    async def _attempt(self, asked: Asked, judge: Judge) -> Composed:
        driver = await self._connected()
        try:
            await driver.execute(_BEGIN_WAITING if asked.wait else "BEGIN")
            try:
                composed = judge(await self._find(driver, asked))
                await _write(driver, composed)
            except Exception:
                if not driver.is_closed():
                    await driver.execute("ROLLBACK")
                raise
            await driver.execute("COMMIT")
        except Exception as error:
            if asked.wait and isinstance(error, asyncpg.LockNotAvailableError):
                raise
            gone = driver.is_closed() or isinstance(error, (asyncpg.InterfaceError, OSError))
            if gone:
                await self.close()
            if gone or (isinstance(error, asyncpg.PostgresError) and says_outage(error)):
                raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
            raise
        except BaseException:  # cut short: nobody knows where it stands
            await self.close()
            raise
        return composed

    async def close(self) -> None:
        held, self._held, self._driver = self._held, None, None
        if held is not None:
            await held.aclose()

    async def _connected(self) -> Any:  # noqa: ANN401 - the driver has no type to speak of
        if self._driver is not None and self._driver.is_closed():
            await self.close()
        if self._driver is None:
            stack = AsyncExitStack()
            self._driver = await stack.enter_async_context(self._database.driver())
            self._held = stack
            # every row is found by its key: a plan made while the tables were small must not stay
            await self._driver.execute("SET enable_seqscan = off")
        return self._driver

    async def _find(self, driver: Any, asked: Asked) -> Found:  # noqa: ANN401
        rows = await driver.fetch(_LOCK if asked.wait else _LOCK_FREE, asked.orders)
        # a statement of its own: its snapshot is taken once the locks are held
        columns = [list(column) for column in zip(*asked.keys, strict=True)]
        told = await driver.fetch(_READ, [row[0] for row in rows], *columns)
        locked = orders_of(rows, [row[1:5] for row in told if row[0] == "member"])
        missing = [order for order in asked.orders if order not in locked]
        unknown: frozenset[OrderId] = frozenset()
        if missing:
            known = {row[0] for row in await driver.fetch(_KNOWN, missing)}
            unknown = frozenset(missing) - known
        return Found(
            now=self._now(next(row[4] for row in told if row[0] == "now")),
            owed_for=self._database.owed_for,
            locked=locked,
            repeats=repeats_of(
                (row[1], row[2], row[3], row[4], row[5], row[6])
                for row in told
                if row[0] == "repeat"
            ),
            unknown=unknown,
            quoted=await _quoted(driver, asked.quotes) if asked.quotes else frozenset(),
        )

    def _now(self, told: int) -> datetime:
        clock = self._database.clock
        return instant(told) if clock is None else clock()


async def _quoted(
    driver: Any,  # noqa: ANN401
    quotes: Sequence[tuple[OrderId, int]],
) -> frozenset[tuple[OrderId, int]]:
    orders, seqs = zip(*quotes, strict=True)
    rows = await driver.fetch(_QUOTED, list(orders), list(seqs), list(ANSWERABLE))
    return frozenset((OrderId(row[0]), row[1]) for row in rows)


async def _write(driver: Any, composed: Composed) -> None:  # noqa: ANN401
    if not composed.entries:
        return
    heads = [head for head, _ in composed.told.values()]
    await driver.execute(
        _WRITE,
        *_columns(entries, composed.entries),
        [head.order for head in heads],
        [head.seq for head in heads],
        [micros(head.at) for head in heads],
        [head.link for head in heads],
        *_columns(notices, composed.notices, _NOTICE_COLUMNS),
    )


_NOTICE_COLUMNS = (
    "order_id", "person_id", "kind", "opened_seq", "state", "due", "wake_at", "attempts",
)  # fmt: skip


def _columns(
    table: Table, rows: Sequence[dict[str, Any]], names: Sequence[str] | None = None
) -> list[list[Any]]:
    columns = []
    for name in names or [column.name for column in table.columns]:
        cells = [row[name] for row in rows]
        if isinstance(table.columns[name].type, Instant):
            cells = [None if cell is None else micros(cell) for cell in cells]
        columns.append(cells)
    return columns


def _arrays(table: Table, names: Sequence[str], first: int) -> str:
    """Write `unnest` of one array a column, the first of them parameter number `first`."""
    types = []
    for number, name in enumerate(names, first):
        match table.columns[name].type:
            case LargeBinary():
                kind = "bytea"
            case Instant() | BigInteger():
                kind = "bigint"
            case Integer():
                kind = "integer"
            case _:
                kind = "text"
        types.append(f"${number}::{kind}[]")
    return f"unnest({', '.join(types)})"


_ENTRY_COLUMNS = [column.name for column in entries.columns]
_HEADS = len(_ENTRY_COLUMNS) + 1
_NOTICES = _HEADS + 4

_LOCK = f"""
    SELECT {", ".join(ORDER_COLUMNS)} FROM orders WHERE id = ANY($1::text[])
    ORDER BY id FOR UPDATE
"""  # noqa: S608 - names of our own columns
_LOCK_FREE = f"{_LOCK} SKIP LOCKED"
_READ = """
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
_BEGIN_WAITING = f"BEGIN; SET LOCAL lock_timeout = '{WAIT_MS}ms'"
_QUOTED = """
    SELECT e.order_id, e.seq FROM unnest($1::text[], $2::bigint[]) AS q (order_id, seq)
    JOIN entries e USING (order_id, seq) WHERE e.kind = ANY($3::text[])
"""
_KNOWN = "SELECT id FROM orders WHERE id = ANY($1::text[])"
_WRITE = f"""
    WITH told AS (
        INSERT INTO entries ({", ".join(_ENTRY_COLUMNS)})
        SELECT * FROM {_arrays(entries, _ENTRY_COLUMNS, 1)}
    ), moved AS (
        UPDATE orders SET last_seq = h.seq, last_at = h.at, last_link = h.link
        FROM unnest(${_HEADS}::text[], ${_HEADS + 1}::bigint[], ${_HEADS + 2}::bigint[],
                    ${_HEADS + 3}::bytea[]) AS h (id, seq, at, link)
        WHERE orders.id = h.id
    )
    INSERT INTO notices ({", ".join(_NOTICE_COLUMNS)})
    SELECT * FROM {_arrays(notices, _NOTICE_COLUMNS, _NOTICES)}
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own columns
