"""A database that cannot be reached for a while, as in a failover."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
from sqlalchemy import make_url


@asynccontextmanager
async def _administrator(url: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    target = make_url(url)
    plain = target.set(drivername="postgresql", database="postgres")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        yield connection, str(target.database)
    finally:
        await connection.close()


async def cut_connections(url: str) -> None:
    """Cut every connection to the PostgreSQL database at `url`, whatever it is doing."""
    async with _administrator(url) as (server, name):
        await server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )


async def kill_backend(url: str) -> None:
    """Let one of the processes that serve the database at `url` die, as when memory runs out.

    PostgreSQL then throws everybody out and recovers.
    """
    async with _administrator(url) as (server, name):
        pid = await server.fetchval(
            "SELECT max(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        os.kill(pid, signal.SIGKILL)
        with suppress(asyncpg.PostgresError, OSError):  # it is thrown out too
            while True:
                await server.fetchval("SELECT pg_sleep(0.01)")


@asynccontextmanager
async def no_room(url: str) -> AsyncIterator[None]:
    """Take all connections that the PostgreSQL at `url` has to give."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with AsyncExitStack() as taken:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                connection = await asyncpg.connect(plain)
                taken.push_async_callback(connection.close)
        yield


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """Let nobody who connects write, as a standby after a failover does."""
    async with _administrator(url) as (server, name):
        await server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        yield
    finally:
        async with _administrator(url) as (server, name):
            await server.execute("SET default_transaction_read_only = off")  # it may concern us too
            await server.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


@asynccontextmanager
async def outage(url: str) -> AsyncIterator[None]:
    """Make the PostgreSQL database at `url` unreachable: connections cut, new ones refused."""
    async with _administrator(url) as (server, name):
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await cut_connections(url)
    try:
        yield
    finally:
        async with _administrator(url) as (server, name):
            await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
