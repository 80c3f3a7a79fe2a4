"""A database that cannot be reached for a while, as in a failover."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
