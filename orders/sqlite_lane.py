"""The messages' way to SQLite: a thread with a connection of its own, a whole transaction at once.

Every statement gives the interpreter away and has to get it back from a busy event loop, so
there are few of them: what is read comes as one value of JSON, what is written as one statement
for many rows. Orders that are remembered are not read at all: they are written only if all of them
still are as they were. Another thread copies the log back into the file while commits go on, which
would otherwise make one of them wait now and then.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import LargeBinary, Table

from orders.database import Database
from orders.engines import RETRY_AFTER, says_outage
from orders.errors import Unavailable
from orders.events import OrderId
from orders.lanes import NOTHING, Asked, Found, Judge, Lane, orders_of, repeats_of
from orders.locking import LockedOrder
from orders.reacting import ANSWERABLE
from orders.remembering import Memory
from orders.tables import Instant, entries, micros, notices, orders
from orders.timeline import Composed

T = TypeVar("T")

COPY_AFTER = 8_000
"""Messages after which the log is copied back, if they do not pause before: some 200 MiB of it.

The disk is busy then for longer than a commit takes, so it is better done seldom: a page that many
messages have changed is copied once.
"""
LOG_LARGE = 256 << 20
"""Bytes of the log from which on it is also cut, for which commits have to wait, in a pause.

More than it becomes where messages come without a pause: a commit into a log that has to grow
takes twice as long as one that writes over what was copied back, because the disk notes the size.
"""
LOOK_EVERY = 0.25
"""Seconds between two looks at the log; without a message meanwhile there is a pause."""
AT_ONCE = 64
"""Rows of one insert at most; fewer rows go in halves, so that few statements are prepared."""

_decode = msgspec.json.Decoder(tuple[list[Any], list[Any], list[Any]]).decode


def open_lane(database: Database) -> Lane:
    """Return a lane; its threads run from its first use until it is closed."""
    lane = _Thread(database)
    return Lane(lane.commit, lane.close, lane.commit_remembered, lane.memory.heard)


class _Thread:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._path = str(database.url.database)
        self._work: ThreadPoolExecutor | None = None
        self._conn: sqlite3.Connection | None = None
        self._closing = threading.Event()
        self._stored = 0  # messages; read by the thread that copies the log back
        self.memory = Memory()

    async def commit_remembered(self, asked: Asked, judge: Judge) -> Composed:
        found = self.memory.found(asked, self._clock(), self._database.owed_for)
        composed = judge(found) if found else NOTHING
        if not found or not composed.entries:
            return NOTHING
        try:
            await self._in_turn(lambda conn: _write(conn, composed, found.locked))
        except Unavailable:
            self.memory.forget(composed.told)
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the usual way meets it too
            self.memory.forget(composed.told)
            return NOTHING
        return self._has_stored(composed, found)

    async def commit(self, asked: Asked, judge: Judge) -> Composed:
        def write(conn: sqlite3.Connection) -> tuple[Found, Composed]:
            found = self._find(conn, asked)
            composed = judge(found)
            if composed.entries:
                _write(conn, composed, found.locked)
            return found, composed

        found, composed = await self._in_turn(write)
        return self._has_stored(composed, found)

    def _has_stored(self, composed: Composed, found: Found) -> Composed:
        self._stored += len(composed.entries)
        self.memory.stored(composed, found.locked)
        return composed

    async def _in_turn(self, write: Callable[[sqlite3.Connection], T]) -> T:
        """Do it in the thread and in a transaction, when it is our turn to write."""
        if self._work is None:
            self._work = ThreadPoolExecutor(2, thread_name_prefix="sqlite-lane")
            self._work.submit(_copy_back, self._path, lambda: self._stored, self._closing)
        async with self._database.turn():
            loop = asyncio.get_running_loop()
            try:
                return await loop.run_in_executor(self._work, self._commit, write)
            except sqlite3.Error as error:
                if says_outage(error):
                    raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
                raise

    async def close(self) -> None:
        if self._work is None:
            return
        self._closing.set()
        await asyncio.to_thread(self._work.shutdown)
        self._work, self._closing = None, threading.Event()
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _commit(self, write: Callable[[sqlite3.Connection], T]) -> T:
        if self._conn is None:
            self._conn = _connect(self._path)
        conn = self._conn
        conn.execute("BEGIN IMMEDIATE")
        try:
            done = write(conn)
            conn.execute("COMMIT")
        except BaseException:
            conn.rollback()
            raise
        return done

    def _clock(self) -> datetime:
        clock = self._database.clock
        if clock is None:
            raise AssertionError(clock)  # SQLite has none of its own that we use
        return clock()

    def _find(self, conn: sqlite3.Connection, asked: Asked) -> Found:
        wanted = (
            msgspec.json.encode(asked.orders).decode(),
            msgspec.json.encode(asked.keys).decode(),
        )
        ((told,),) = conn.execute(_READ, wanted).fetchall()
        rows, members, repeats = _decode(told)
        for row in rows:
            for place in _BLOBS:
                row[place] = bytes.fromhex(row[place])
        locked = orders_of(rows, members)
        return Found(
            now=self._clock(),
            owed_for=self._database.owed_for,
            locked=locked,
            repeats=repeats_of(
                (order, actor, client_id, seq, at, bytes.fromhex(digest) if digest else None)
                for order, actor, client_id, seq, at, digest in repeats
            ),
            unknown=frozenset(asked.orders) - locked.keys(),
            quoted=_quoted(conn, asked.quotes) if asked.quotes else frozenset(),
        )


def _quoted(
    conn: sqlite3.Connection, quotes: Sequence[tuple[OrderId, int]]
) -> frozenset[tuple[OrderId, int]]:
    rows = conn.execute(_QUOTED, (msgspec.json.encode(quotes).decode(),)).fetchall()
    return frozenset((OrderId(order), seq) for order, seq, kind in rows if kind in ANSWERABLE)


def _connect(path: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
    ):
        conn.execute(f"PRAGMA {pragma}")
    return conn


def _copy_back(path: str, stored: Callable[[], int], closing: threading.Event) -> None:
    """Copy the log back in pauses, and seldom without one, until told to stop.

    A look that fails is made up for by the next.
    """
    log = Path(path + "-wal")
    conn = _connect(path)
    copied = before = 0
    try:
        while not closing.wait(LOOK_EVERY):
            now = stored()
            paused, before = now == before, now
            if now == copied or not (paused or now - copied >= COPY_AFTER):
                continue
            large = paused and log.exists() and log.stat().st_size >= LOG_LARGE
            try:
                conn.execute(
                    f"PRAGMA wal_checkpoint({'TRUNCATE' if large else 'PASSIVE'})"
                ).fetchall()
            except sqlite3.OperationalError:
                continue
            copied = now
    finally:
        conn.close()


class _ChangedError(Exception):
    """An order is not as it was remembered."""


def _write(
    conn: sqlite3.Connection, composed: Composed, orders: Mapping[OrderId, LockedOrder]
) -> None:
    """Store what was composed of how the orders were.

    Raises `_ChangedError` if one of them is not so any more, and `sqlite3.IntegrityError` if one
    of the messages was stored before.
    """
    heads = [(head, orders[head.order]) for head, _ in composed.told.values()]
    for place, size in _shares(len(heads)):
        cells: list[Any] = []
        for head, was in heads[place : place + size]:
            cells += (head.order, head.seq, micros(head.at), head.link)
            cells += (was.head.seq, was.head.link, was.revision)
        if conn.execute(_MOVE[size], cells).rowcount < size:
            raise _ChangedError
    _ENTRIES.write(conn, composed.entries)
    _NOTICES.write(conn, composed.notices)


class _Into:
    """An insert of rows of a table, some columns of which are instants."""

    def __init__(self, verb: str, table: Table, columns: Sequence[str]) -> None:
        self._instants = [n for n in columns if isinstance(table.columns[n].type, Instant)]
        others = [name for name in columns if name not in self._instants]
        self._others = itemgetter(*others)
        names = ", ".join((*others, *self._instants))
        self._begin = f"{verb} INTO {table.name} ({names}) VALUES "
        self._row = f"({','.join('?' * len(columns))})"

    def write(self, conn: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> None:
        for place, size in _shares(len(rows)):
            cells: list[Any] = []
            for row in rows[place : place + size]:
                cells += self._others(row)
                cells += [micros(row[name]) for name in self._instants]
            conn.execute(self._begin + ",".join([self._row] * size), cells)


def _shares(count: int) -> list[tuple[int, int]]:
    """Cut `count` rows into (place, size), each size a power of two."""
    shares, place = [], 0
    while place < count:
        size = min(AT_ONCE, 1 << ((count - place).bit_length() - 1))
        shares.append((place, size))
        place += size
    return shares


_MOVE = {
    size: f"""
        UPDATE orders SET last_seq = h.column2, last_at = h.column3, last_link = h.column4
        FROM (VALUES {",".join(["(?,?,?,?,?,?,?)"] * size)}) AS h
        WHERE id = h.column1 AND last_seq = h.column5 AND last_link = h.column6
        AND revision = h.column7
    """  # noqa: S608 - question marks
    for size in (1 << n for n in range(AT_ONCE.bit_length()))
}
"""Moves so many heads that are where, and orders that are what, they are said to be."""
_ENTRIES = _Into("INSERT", entries, [column.name for column in entries.columns])
_NOTICES = _Into(
    "INSERT OR IGNORE",
    notices,
    ("order_id", "person_id", "kind", "opened_seq", "state", "attempts", "due", "wake_at"),
)
_BLOBS = tuple(n for n, c in enumerate(orders.columns) if isinstance(c.type, LargeBinary))
_CELLS = ", ".join(
    f"hex({c.name})" if isinstance(c.type, LargeBinary) else c.name for c in orders.columns
)
_READ = f"""
    SELECT json_array(
        json((SELECT json_group_array(json_array({_CELLS}))
         FROM orders WHERE id IN (SELECT value FROM json_each(?1)))),
        json((SELECT json_group_array(json_array(order_id, person_id, role, barred)) FROM
            (SELECT order_id, person_id, role, revoked_at IS NOT NULL AS barred FROM participants
             WHERE order_id IN (SELECT value FROM json_each(?1)) ORDER BY role))),
        json((SELECT json_group_array(json_array(
            e.order_id, e.actor, e.client_id, e.seq, e.at, hex(e.command_digest)))
         FROM json_each(?2) AS k CROSS JOIN entries AS e
         ON e.order_id = json_extract(k.value, '$[0]')
         AND e.actor = json_extract(k.value, '$[1]')
         AND e.client_id = json_extract(k.value, '$[2]'))))
"""  # noqa: S608 - names of our own columns
_QUOTED = """
    SELECT e.order_id, e.seq, e.kind FROM json_each(?1) AS q CROSS JOIN entries AS e
    ON e.order_id = json_extract(q.value, '$[0]') AND e.seq = json_extract(q.value, '$[1]')
"""
