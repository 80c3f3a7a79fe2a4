"""How each database is spoken to: pools of connections, and which errors mean that it is away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

from orders.errors import Unavailable

ANSWER_WITHIN = 5.0
"""Seconds that PostgreSQL may take for a connection or a statement. A server that stands still,
or a line that swallows everything, is an outage: whoever waits is refused and may ask again."""

RETRY_AFTER = 2
"""Seconds after which it is worth asking again when the database could not be reached."""

STATEMENTS = 500
"""Prepared statements that a connection to PostgreSQL keeps; lists come in several lengths each."""
SERVER_SETTINGS = {"synchronous_commit": "on", "jit": "off", "lock_timeout": "4s"}
"""Of every session on PostgreSQL. Who waits for a lock longer than that is told to come again."""
BUSY = 10_000
"""Milliseconds for which a connection to SQLite waits while another one writes."""
CHECKPOINT_PAGES = 16_000
"""Pages of SQLite's log (64 MiB) after which its writer tidies up itself, if nobody else does."""


def postgres_engine(url: URL) -> AsyncEngine:
    """Prepare a pool of connections to PostgreSQL; none is opened yet."""
    engine = create_async_engine(
        url,
        # none beyond those that are kept: making one costs more than waiting for one
        pool_size=20,
        max_overflow=0,
        # the one used last knows the statements already, the others would prepare them anew
        pool_use_lifo=True,
        pool_timeout=ANSWER_WITHIN,
        isolation_level="READ COMMITTED",
        connect_args={
            "prepared_statement_cache_size": STATEMENTS,
            "server_settings": SERVER_SETTINGS,
            "timeout": ANSWER_WITHIN,
            "command_timeout": ANSWER_WITHIN,
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def look(
        dbapi: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        # the driver knows when the server hung up: no need to ask it three times a transaction
        if dbapi.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def check_file(url: URL) -> None:
    """Open SQLite's file and close it. Raises `sqlite3.OperationalError` if that cannot be done.

    The driver opens it in a thread, which would tell of the failure when its loop is gone already.
    """
    sqlite3.connect(url.database or ":memory:").close()


def sqlite_engine(url: URL, pool_size: int, begin: str) -> AsyncEngine:
    """Prepare a pool of connections to a file; their transactions open with `begin`."""
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=30)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # the driver must not open transactions by itself: ours begin as told below
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY}")
        # what is deleted is overwritten; messages have a connection of their own, and delete none
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def let_go(
        dbapi: DBAPIConnection, _record: ConnectionPoolEntry, _error: BaseException | None
    ) -> None:
        # a command cancelled in mid-statement: closing alone would keep the write lock for as
        # long as anything refers to the statement, such as the traceback of the cancellation
        dbapi.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def start(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine


@contextmanager
def outages_refuse() -> Iterator[None]:
    """Raise `Unavailable` instead of what tells that the database cannot be reached."""
    try:
        yield
    except (DBAPIError, OSError, PoolTimeoutError, sqlite3.OperationalError) as error:
        if _is_outage(error):
            raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
        raise


def _is_outage(error: BaseException) -> bool:
    """Tell a database that cannot be reached from a statement that is wrong."""
    if not isinstance(error, DBAPIError):
        return True  # the machine does not answer, or no connection came free
    return error.connection_invalidated or says_outage(error.orig)


AWAY = ("08", "40", "53", "57", "58", "25006", "55000", "55P03")
"""Beginnings of PostgreSQL's codes (SQLSTATE) for what asking again may mend: no connection, two in
each other's way, no room for one more, an operator or a crash, the system below; a server that may
only be read from, as after a failover, or lets nobody in; a lock that did not come free."""


def says_outage(error: BaseException | None) -> bool:
    """Tell from a driver's words that the database is away or too busy, not the statement wrong."""
    code = getattr(error, "sqlstate", None)  # PostgreSQL's, of either driver
    if isinstance(code, str) and code:
        return code.startswith(AWAY)
    said = str(error).lower()
    return any(
        sign in said
        for sign in ("connection", "database is locked", "disk", "unable to open", "shutting down")
    )


class Lent:
    """The connections that are in use."""

    def __init__(self) -> None:
        """Begin with none."""
        self._entries: set[ConnectionPoolEntry] = set()
        self.all_back = asyncio.Event()
        self.all_back.set()

    def watch(self, pool: Pool) -> None:
        """Count those of the pool."""
        event.listen(pool, "checkout", self._go)
        event.listen(pool, "checkin", self._come_back)

    def _go(
        self, _dbapi: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        self._entries.add(entry)
        self.all_back.clear()

    def _come_back(self, _dbapi: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        self._entries.discard(entry)
        if not self._entries:
            self.all_back.set()
