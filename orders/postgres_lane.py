"""The messages' way to PostgreSQL: one connection held for good, a few prepared statements.

All rows of a statement travel as arrays, one a column, and are one insert. An order whose row is
locked elsewhere is left out, so nobody waits for somebody else's command; unless the caller wants
to wait, and then only for `WAIT_MS`.

A round trip costs as much as some ten messages. Orders that are remembered take one statement, a
transaction by itself; others take five: begin, lock, read, write, commit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import BigInteger, Integer, LargeBinary, Table

from orders.database import RETRY_AFTER, Database, says_outage
from orders.errors import Unavailable
from orders.events import OrderId
from orders.lanes import (
    NOTHING,
    ORDER_COLUMNS,
    Asked,
    Found,
    Judge,
    Lane,
    orders_of,
    part_of,
    repeats_of,
)
from orders.reacting import ANSWERABLE
from orders.remembering import CarriedClock, Memory
from orders.tables import Instant, entries, instant, micros, notices
from orders.timeline import Composed

WAIT_MS = 100
"""Milliseconds that a group waits for orders held elsewhere: several commits of another process.

Orders are locked in the order of their names, so two groups that wait do not wait for each other.
"""


def open_lane(database: Database) -> Lane:
    """Return a lane; its connection is made when it is first needed, and anew when it was lost."""
    connection = _Connection(database)
    return Lane(
        connection.commit,
        connection.close,
        connection.commit_remembered,
        connection.memory.heard,
    )


class _Connection:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: AsyncExitStack | None = None
        self._driver: Any = None
        self._time = CarriedClock()
        self.memory = Memory()

    async def commit_remembered(self, asked: Asked, judge: Judge) -> Composed:
        quoting = {order for order, _ in asked.quotes}
        known = self.memory.recall(order for order in asked.orders if order not in quoting)
        clock = self._database.clock
        now = self._time.now(time.monotonic()) if clock is None else clock()
        if not known or now is None:
            return NOTHING
        composed = judge(
            Found(now, self._database.owed_for, known, {}, frozenset(), frozenset(), certain=False)
        )
        if not composed.entries:
            return NOTHING
        driver = await self._connected()
        judged = [known[order] for order in composed.told]
        keys = [key for key in asked.keys if key.order in composed.told]
        try:
            told, held = await driver.fetchrow(
                _WRITE_REMEMBERED,
                [order.id for order in judged],
                [order.head.seq for order in judged],
                [order.head.link for order in judged],
                [order.revision for order in judged],
                *map(list, zip(*keys, strict=True)),
                *_rows(composed),
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the usual way meets it too
            self.memory.forget(composed.told)
            await self._failed(error, driver)
            return NOTHING
        except BaseException:  # cut short: nobody knows where it stands
            await self.close()
            raise
        self._time.tell(instant(told), time.monotonic())
        stored = frozenset(held)
        for order in judged:
            if order.id in stored:
                self.memory.moved(order, composed.told[order.id][0])
        if len(stored) == len(judged):
            return composed
        self.memory.forget(order.id for order in judged if order.id not in stored)
        return part_of(composed, stored)

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
                found = await self._find(driver, asked)
                composed = judge(found)
                if composed.entries:
                    await driver.execute(_WRITE, *_rows(composed))
            except Exception:
                if not driver.is_closed():
                    await driver.execute("ROLLBACK")
                raise
            await driver.execute("COMMIT")
        except Exception as error:
            if not (asked.wait and isinstance(error, asyncpg.LockNotAvailableError)):
                await self._failed(error, driver)
            raise
        except BaseException:  # cut short: nobody knows where it stands
            await self.close()
            raise
        for head, _ in composed.told.values():
            self.memory.moved(found.locked[head.order], head)
        return composed

    async def _failed(self, error: Exception, driver: Any) -> None:  # noqa: ANN401
        """Raise `Unavailable` if the database is away; let go of a line that is gone."""
        gone = driver.is_closed() or isinstance(error, (asyncpg.InterfaceError, OSError))
        if gone:
            await self.close()
        if gone or (isinstance(error, asyncpg.PostgresError) and says_outage(error)):
            raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error

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
        now = instant(next(row[4] for row in told if row[0] == "now"))
        self._time.tell(now, time.monotonic())
        clock = self._database.clock
        return Found(
            now=now if clock is None else clock(),
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


async def _quoted(
    driver: Any,  # noqa: ANN401
    quotes: Sequence[tuple[OrderId, int]],
) -> frozenset[tuple[OrderId, int]]:
    orders, seqs = zip(*quotes, strict=True)
    rows = await driver.fetch(_QUOTED, list(orders), list(seqs), list(ANSWERABLE))
    return frozenset((OrderId(row[0]), row[1]) for row in rows)


def _rows(composed: Composed) -> list[list[Any]]:
    """Return what is written, column by column: entries, heads, notices."""
    heads = [head for head, _ in composed.told.values()]
    return [
        *_columns(entries, composed.entries),
        [head.order for head in heads],
        [head.seq for head in heads],
        [micros(head.at) for head in heads],
        [head.link for head in heads],
        *_columns(notices, composed.notices, _NOTICE_COLUMNS),
    ]


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


def _written(first: int, *, only_held: bool) -> str:
    """Write the statement's part that stores `_rows`, the first of them parameter number `first`.

    Of orders that are not among the `held` nothing is stored, if there is such a table.
    """
    heads, notes = first + len(_ENTRY_COLUMNS), first + len(_ENTRY_COLUMNS) + 4
    held = "JOIN held ON held.id = n.{}" if only_held else ""
    entry_columns, notice_columns = ", ".join(_ENTRY_COLUMNS), ", ".join(_NOTICE_COLUMNS)
    return f"""
    told AS (
        INSERT INTO entries ({entry_columns}) SELECT n.*
        FROM {_arrays(entries, _ENTRY_COLUMNS, first)} AS n ({entry_columns})
        {held.format("order_id")}
    ), moved AS (
        UPDATE orders SET last_seq = n.seq, last_at = n.at, last_link = n.link
        FROM unnest(${heads}::text[], ${heads + 1}::bigint[], ${heads + 2}::bigint[],
                    ${heads + 3}::bytea[]) AS n (id, seq, at, link)
        {held.format("id")}
        WHERE orders.id = n.id
    ), owed AS (
        INSERT INTO notices ({notice_columns}) SELECT n.*
        FROM {_arrays(notices, _NOTICE_COLUMNS, notes)} AS n ({notice_columns})
        {held.format("order_id")}
        ON CONFLICT DO NOTHING
    )
    """  # noqa: S608 - names of our own columns


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
_WRITE = f"WITH {_written(1, only_held=False)} SELECT 1"
_WRITE_REMEMBERED = f"""
    WITH repeated AS MATERIALIZED (
        SELECT e.order_id FROM unnest($5::text[], $6::text[], $7::text[])
        AS k (order_id, actor, client_id) JOIN entries e USING (order_id, actor, client_id)
    ), held AS MATERIALIZED (
        SELECT o.id FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[])
        AS a (id, seq, link, revision) JOIN orders o USING (id)
        WHERE o.last_seq = a.seq AND o.last_link = a.link AND o.revision = a.revision
        AND o.id NOT IN (SELECT order_id FROM repeated)
        FOR UPDATE OF o SKIP LOCKED
    ), {_written(8, only_held=True)}
    SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint, array(SELECT id FROM held)
"""  # noqa: S608 - as above
"""What was committed since the statement began has moved the order's head or counted up its
revision; under the lock both are looked at again, in the newest row."""
