"""Engine and transaction: commit, then announce.

Two sizes, one behaviour. On SQLite one connection writes (`BEGIN IMMEDIATE`, WAL,
`synchronous=FULL`: an acknowledgement means the disk has it) and others read beside it. On
PostgreSQL every transaction may write, and rows are locked.

A transaction collects what it wrote to timelines; leaving it commits first and announces
afterwards, so nobody is ever told what was not kept. Time inside a transaction is read once:
from the database's clock on PostgreSQL, so that all processes agree.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    event,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

from orders.errors import Unavailable
from orders.events import Entry, OrderId
from orders.owing import Membership, Owed, OwedFor, Owes
from orders.tables import instant, meta

__all__ = [
    "Announce",
    "Announcement",
    "Clock",
    "Database",
    "Membership",
    "Owed",
    "OwedFor",
    "Owes",
    "Transaction",
    "migrate",
    "padded",
    "portions",
]

ANSWER_WITHIN = 5.0
"""Seconds that PostgreSQL may take for a connection or a statement. A server that stands still,
or a line that swallows everything, is an outage: whoever waits is refused and may ask again."""

RETRY_AFTER = 2
"""Seconds after which it is worth asking again when the database could not be reached."""

ASKED_AT_ONCE = 500
"""Orders, people or files that are asked about in one statement."""

STATEMENTS = 500
"""Prepared statements that a connection to PostgreSQL keeps; lists come in several lengths each."""
SERVER_SETTINGS = {"synchronous_commit": "on", "jit": "off", "lock_timeout": "4s"}
"""Of every session on PostgreSQL. Who waits for a lock longer than that is told to come again."""
BUSY = 10_000
"""Milliseconds for which a connection to SQLite waits while another one writes."""
CHECKPOINT_PAGES = 16_000
"""Pages of SQLite's log (64 MiB) after which its writer tidies up itself, if nobody else does."""

Clock = Callable[[], datetime]
T = TypeVar("T")


class Announcement(msgspec.Struct, frozen=True, gc=False):
    """What was appended to one order by a committed transaction.

    `entries` are wire-encoded (see `timeline.wire`), consecutive, ending at `upto`; `link` is
    the chain at `upto`. `situation` says that something besides messages changed, so viewers
    need their situation again.
    """

    order: OrderId
    after: int
    upto: int
    entries: tuple[bytes, ...]
    link: bytes
    situation: bool


Announce = Callable[[Sequence[Announcement]], None]
"""Told after the commit; must not block and must not fail."""
Watch = Callable[[], AbstractContextManager[None]]
"""Makes what is around a write, from waiting for its turn to its commit."""


@dataclass(slots=True)
class Transaction:
    """An open write. Nothing in it is true before it ends without an exception."""

    conn: AsyncConnection
    now: datetime
    locks_rows: bool
    """Whether rows are locked one by one (PostgreSQL) or the whole file is (SQLite)."""
    owed_for: OwedFor
    announcements: list[Announcement] = field(default_factory=list)


class Database:
    """The open database. Made by `Database.open`; one per process."""

    def __init__(self, url: URL, clock: Clock | None) -> None:
        """Prepare the engines; nothing is opened yet."""
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._clock = clock
        self._announce: Announce = _tell_nobody
        self._owed_for: OwedFor = _owe_nothing
        self.watch: Watch = nullcontext
        """Around every write; set by `on_write`."""
        self._writing = asyncio.Lock()
        self._writer: AsyncEngine
        self._reader: AsyncEngine
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(url, pool_size=4, begin="BEGIN")
        else:
            self._writer = _postgres_engine(url)
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._lent = _Lent()
        for pool in {self._writer.pool, self._reader.pool}:
            self._lent.watch(pool)

    @classmethod
    async def open(cls, url: str, clock: Clock | None = None) -> Database:
        """Open the database at `url` (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`).

        `clock` replaces the database's clock; tests use it to make time an argument.
        Raises whatever the driver raises if there is no database to talk to.
        """
        database = cls(make_url(url), clock)
        async with database.reading() as conn:
            await conn.execute(select(1))
        return database

    def on_commit(self, announce: Announce) -> None:
        """Say who is told of appended entries, after each commit."""
        self._announce = announce

    def on_write(self, watch: Watch) -> None:
        """Say what is to be around every write, such as a measurement."""
        self.watch = watch

    def on_append(self, owed_for: OwedFor) -> None:
        """Say what entries make owed; written in the transaction of the entry."""
        self._owed_for = owed_for

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Tell what was committed outside a `transaction`."""
        if announcements:
            self._announce(announcements)

    @property
    def owed_for(self) -> OwedFor:
        """What entries make owed."""
        return self._owed_for

    @property
    def clock(self) -> Clock | None:
        """What tells the time; None if the database does."""
        return self._clock or (_system_clock if self.is_sqlite else None)

    async def close(self) -> None:
        """Close all connections; who still uses one is waited for, as long as an answer may take.

        A connection that is given back later would stay open for ever: nobody looks for it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._lent.all_back.wait()
        await self._writer.dispose()
        await self._reader.dispose()  # the same connections on PostgreSQL: nothing is left to do

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a write; leaving it commits and then announces.

        Raises `Unavailable` if the database cannot be reached; nothing is half done then.
        """
        try:
            with self.watch():
                async with self.turn(), self._writer.begin() as conn:
                    tx = Transaction(
                        conn, await self._now(conn), not self.is_sqlite, self._owed_for
                    )
                    yield tx
        except (DBAPIError, OSError, PoolTimeoutError) as error:
            if _is_outage(error):
                raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
            raise
        self.announce(tx.announcements)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a read. Raises `Unavailable` if the database cannot be reached.

        On SQLite all of its statements see the same moment. On PostgreSQL each sees its own, as in
        any transaction that is READ COMMITTED, so none is opened: that would be two more round
        trips, which are most of what a small read costs.
        """
        try:
            async with self._reader.connect() as conn:
                yield conn
        except (DBAPIError, OSError, PoolTimeoutError) as error:
            if _is_outage(error):
                raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
            raise

    async def glance(self, value: Select[T]) -> tuple[datetime, T | None]:
        """Read the time and one value, as cheaply as can be: for what is asked all day.

        Raises `Unavailable` if the database cannot be reached.
        """
        if self.is_sqlite:
            async with self.reading() as conn:
                return (self._clock or _system_clock)(), await conn.scalar(value)
        try:
            async with self._reader.connect() as conn:
                row = (await conn.execute(select(_PG_NOW, value.scalar_subquery()))).one()
        except (DBAPIError, OSError, PoolTimeoutError) as error:
            if _is_outage(error):
                raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
            raise
        return self._clock() if self._clock is not None else instant(row[0]), row[1]

    async def now(self, conn: AsyncConnection | None = None) -> datetime:
        """Return the time that transactions would see; asked on `conn` if one is open anyway."""
        if conn is not None:
            return await self._now(conn)
        if self._clock is not None or self.is_sqlite:
            return (self._clock or _system_clock)()
        async with self.reading() as own:
            return await self._now(own)

    async def epoch(self) -> str:
        """Return the name of this history; it changes when a backup was restored."""
        async with self.reading() as conn:
            found = await conn.scalar(select(meta.c.value).where(meta.c.key == "epoch"))
        return str(found)

    async def new_epoch(self) -> str:
        """Name a new history, after a backup was restored; return the name.

        Browsers that hold entries of the lost history forget them and read again.
        """
        name = secrets.token_hex(8)
        async with self.transaction() as tx:
            await tx.conn.execute(update(meta).where(meta.c.key == "epoch").values(value=name))
        return name

    async def _now(self, conn: AsyncConnection) -> datetime:
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return _system_clock()
        return instant(int(await conn.scalar(select(_PG_NOW)) or 0))

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        """Hold a connection of PostgreSQL's driver for a long time.

        For the statements that are sent all day: what stands between costs more than they do.
        Raises `Unavailable` if there is none to be had.
        """
        try:
            conn = await self._reader.connect()
        except (DBAPIError, OSError, PoolTimeoutError) as error:
            raise Unavailable(reason="database", retry_after=RETRY_AFTER) from error
        try:
            yield (await conn.get_raw_connection()).driver_connection
        finally:
            await conn.invalidate()  # what state it is in is its user's business
            await conn.close()

    async def empty_log(self) -> bool:
        """Copy SQLite's log into its file and empty it; False while somebody still reads in it."""
        async with self.turn(), self._writer.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            if driver is None:
                raise AssertionError(driver)  # it was just opened
            await driver.execute("PRAGMA busy_timeout=0")
            try:
                found = await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = await found.fetchone()
            finally:
                await driver.execute(f"PRAGMA busy_timeout={BUSY}")
        return not row[0]

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let SQLite's writers queue here, in order, rather than time out on its lock."""
        if not self.is_sqlite:
            yield
            return
        async with self._writing:
            yield


class _Lent:
    """The connections that are in use."""

    def __init__(self) -> None:
        self._entries: set[ConnectionPoolEntry] = set()
        self.all_back = asyncio.Event()
        self.all_back.set()

    def watch(self, pool: Pool) -> None:
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


def portions(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list of any length into those of at most `ASKED_AT_ONCE`, a statement each."""
    for start in range(0, len(ids), ASKED_AT_ONCE):
        yield ids[start : start + ASKED_AT_ONCE]


def padded(ids: Sequence[T]) -> list[T]:
    """Repeat the last one until the length is a power of two.

    For `in_`: a statement has as many texts as its list has lengths, and each text is compiled,
    prepared and planned anew.
    """
    size = 1 << max(0, len(ids) - 1).bit_length()
    return [*ids, *([ids[-1]] * (size - len(ids)))] if ids else []


_PG_NOW: ColumnElement[int] = literal_column(
    "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
)


async def migrate(url: str) -> None:
    """Bring the schema at `url` to the newest version; does nothing if it is there already.

    Safe to run from several processes at once: PostgreSQL's advisory lock, or SQLite's write
    lock, lets one of them work and the others find it done.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        if target.database:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        engine = _sqlite_engine(target, pool_size=1, begin="BEGIN IMMEDIATE")
    else:
        engine = create_async_engine(target)
    try:
        async with engine.begin() as conn:
            if target.get_backend_name() != "sqlite":
                await conn.execute(text("select pg_advisory_xact_lock(7236119)"))
            await conn.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(conn: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "orders:migrations")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def _postgres_engine(url: URL) -> AsyncEngine:
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


def _sqlite_engine(url: URL, pool_size: int, begin: str) -> AsyncEngine:
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


def _system_clock() -> datetime:
    return datetime.now(UTC)


def _tell_nobody(_announcements: Sequence[Announcement]) -> None:
    """Announce nothing: the process has no sockets."""


def _owe_nothing(_owes: Owes, _entry: Entry) -> Sequence[Owed]:
    """Owe no mails: the process was not given a notice policy."""
    return ()
