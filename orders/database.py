"""The open database, and its transactions: commit, then announce.

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
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from orders.engines import (
    ANSWER_WITHIN,
    BUSY,
    RETRY_AFTER,
    Lent,
    check_file,
    outages_refuse,
    postgres_engine,
    sqlite_engine,
)
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

ASKED_AT_ONCE = 500
"""Orders, people or files that are asked about in one statement."""

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
            self._writer = sqlite_engine(url, pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = sqlite_engine(url, pool_size=4, begin="BEGIN")
        else:
            self._writer = postgres_engine(url)
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._lent = Lent()
        for pool in {self._writer.pool, self._reader.pool}:
            self._lent.watch(pool)

    @classmethod
    async def open(cls, url: str, clock: Clock | None = None) -> Database:
        """Open the database at `url` (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`).

        `clock` replaces the database's clock; tests use it to make time an argument.
        Raises whatever the driver raises if there is no database to talk to.
        """
        target = make_url(url)
        if target.get_backend_name() == "sqlite":
            with outages_refuse():
                check_file(target)
        database = cls(target, clock)
        try:
            async with database.reading() as conn:
                await conn.execute(select(1))
        except BaseException:
            await database.close()
            raise
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
        with outages_refuse(), self.watch():
            async with self.turn(), self._writer.begin() as conn:
                tx = Transaction(conn, await self._now(conn), not self.is_sqlite, self._owed_for)
                yield tx
        self.announce(tx.announcements)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a read. Raises `Unavailable` if the database cannot be reached.

        On SQLite all of its statements see the same moment. On PostgreSQL each sees its own, as in
        any transaction that is READ COMMITTED, so none is opened: that would be two more round
        trips, which are most of what a small read costs.
        """
        with outages_refuse():
            async with self._reader.connect() as conn:
                yield conn

    async def glance(self, value: Select[T]) -> tuple[datetime, T | None]:
        """Read the time and one value, as cheaply as can be: for what is asked all day.

        Raises `Unavailable` if the database cannot be reached.
        """
        if self.is_sqlite:
            async with self.reading() as conn:
                return (self._clock or _system_clock)(), await conn.scalar(value)
        with outages_refuse():
            async with self._reader.connect() as conn:
                row = (await conn.execute(select(_PG_NOW, value.scalar_subquery()))).one()
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
        check_file(target)
        engine = sqlite_engine(target, pool_size=1, begin="BEGIN IMMEDIATE")
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


def _system_clock() -> datetime:
    return datetime.now(UTC)


def _tell_nobody(_announcements: Sequence[Announcement]) -> None:
    """Announce nothing: the process has no sockets."""


def _owe_nothing(_owes: Owes, _entry: Entry) -> Sequence[Owed]:
    """Owe no mails: the process was not given a notice policy."""
    return ()
