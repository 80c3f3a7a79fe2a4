"""The messages' way to PostgreSQL: one connection held for good, a few prepared statements.

An order whose row is locked elsewhere is left out, so nobody waits for somebody else's command;
unless the caller wants to wait, and then only for `WAIT_MS`.

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

from orders import postgres_statements as sql
from orders.database import Database
from orders.engines import RETRY_AFTER, says_outage
from orders.errors import Unavailable
from orders.events import OrderId
from orders.lanes import (
    NOTHING,
    Asked,
    Found,
    Judge,
    Lane,
    orders_of,
    part_of,
    repeats_of,
)
from orders.locking import LockedOrder
from orders.reacting import ANSWERABLE
from orders.remembering import CarriedClock, Memory
from orders.tables import instant
from orders.timeline import Composed, Head


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
        clock = self._database.clock
        now = self._time.now(time.monotonic()) if clock is None else clock()
        found = now and self.memory.found(asked, now, self._database.owed_for)
        composed = judge(found) if found else NOTHING
        if not found or not composed.entries:
            return NOTHING
        driver = await self._connected()
        judged = [found.locked[order] for order in composed.told]
        try:
            told, held, heads = await self._write_remembered(driver, composed, judged)
        except Exception as error:  # noqa: BLE001 - whatever it is, the usual way meets it too
            self.memory.forget(composed.told)
            await self._failed(error, driver)
            return NOTHING
        except BaseException:  # cut short: nobody knows where it stands
            await self.close()
            raise
        self._time.tell(instant(told), time.monotonic())
        stored = frozenset(held)
        if len(stored) < len(judged):
            self.memory.forget(order.id for order in judged if order.id not in stored)
            for head in heads:
                self.memory.moved(found.locked[head.order], head)
        for order in judged:
            if order.id in stored:
                self.memory.moved(order, composed.told[order.id][0])
        return composed if len(stored) == len(judged) else part_of(composed, stored)

    async def _write_remembered(
        self,
        driver: Any,  # noqa: ANN401
        composed: Composed,
        orders: Sequence[LockedOrder],
    ) -> tuple[int, Sequence[OrderId], Sequence[Head]]:
        """Return the time, what was stored, and where the others are that only moved on."""
        if sql.is_one(composed):
            row = await driver.fetchrow(sql.WRITE_ONE, *sql.one_of(composed, orders[0]))
        else:
            row = await driver.fetchrow(
                sql.WRITE_REMEMBERED, *sql.rows_of(composed), *sql.proof_of(orders)
            )
        told, held = row
        if len(held) == len(orders):
            return told, held, ()
        others = sql.moved_of([order for order in orders if order.id not in set(held)])
        return told, held, sql.heads_of(await driver.fetch(sql.MOVED, *others))

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
            await driver.execute(sql.BEGIN_WAITING if asked.wait else "BEGIN")
            try:
                found = await self._find(driver, asked)
                composed = judge(found)
                if composed.entries:
                    await driver.execute(sql.WRITE, *sql.rows_of(composed))
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
        self.memory.stored(composed, found.locked)
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
            # every row is found by its key: a plan made while the tables were small must not
            # stay, and one is enough: planning takes longer than all the rest
            await self._driver.execute(
                "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"
            )
        return self._driver

    async def _find(self, driver: Any, asked: Asked) -> Found:  # noqa: ANN401
        rows = await driver.fetch(sql.LOCK if asked.wait else sql.LOCK_FREE, asked.orders)
        # a statement of its own: its snapshot is taken once the locks are held
        columns = [list(column) for column in zip(*asked.keys, strict=True)]
        told = await driver.fetch(sql.READ, [row[0] for row in rows], *columns)
        locked = orders_of(rows, [row[1:5] for row in told if row[0] == "member"])
        missing = [order for order in asked.orders if order not in locked]
        unknown: frozenset[OrderId] = frozenset()
        if missing:
            known = {row[0] for row in await driver.fetch(sql.KNOWN, missing)}
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
    rows = await driver.fetch(sql.QUOTED, list(orders), list(seqs), list(ANSWERABLE))
    return frozenset((OrderId(row[0]), row[1]) for row in rows)
