"""One connection to Redis that says when it is dead.

The library's own listener connects again in silence and waits without end for a peer that has
vanished; both would make a process deaf without anybody noticing. So this is a plain connection:
what breaks is raised, nothing is repeated, and nothing waits longer than `ANSWER_WITHIN`, not
counting the time in which we stood still ourselves.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio import Connection
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from realtime.patience import Patience

ANSWER_WITHIN = 2.0
"""Seconds that Redis may take to answer. Usual is a third of a millisecond."""

GONE = (RedisError, OSError, asyncio.TimeoutError)
"""What a connection raises that is of no use any more."""


class Link:
    """A connection that is open from `open` until something is raised, or `close`."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection over."""
        self._connection = connection

    @classmethod
    async def open(cls, url: str, name: str, at: tuple[str, int] | None = None) -> Link:
        """Connect to `redis://…`, `rediss://…` or `unix://…`. Raises one of `GONE`.

        `at` is another host and port that is spoken to in the same way.
        """
        told: dict[str, Any] = dict(parse_url(url))
        if at is not None:
            told |= {"host": at[0], "port": at[1]}
        kind: type[Any] = told.pop("connection_class", Connection)
        if kind in {Connection, SSLConnection}:
            told |= {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}
        connection = kind(
            **told,
            protocol=2,
            client_name=name,
            socket_timeout=None,  # the library's own way to wait may swallow a cancellation
            socket_connect_timeout=None,  # the same
            retry=Retry(NoBackoff(), 0),
        )
        link = cls(connection)
        try:
            async with Patience(ANSWER_WITHIN):
                await connection.connect()
        except BaseException:
            await link.close()
            raise
        return link

    async def say(self, *command: str | bytes | int) -> None:
        """Send a command whose answer `hear` will return."""
        async with Patience(ANSWER_WITHIN):
            await self._connection.send_command(*command, check_health=False)

    async def ask(self, commands: Sequence[Iterable[str | bytes | int]]) -> list[Any]:
        """Send commands in one go and return their answers, in one round trip."""
        packed = self._connection.pack_commands(commands)
        async with Patience(ANSWER_WITHIN):
            await self._connection.send_packed_command(packed, check_health=False)
            return [await self._connection.read_response() for _ in commands]

    async def hear(self, within: float) -> list[Any] | None:
        """Return the next message, or None if there is none within so many seconds."""
        heard: list[Any] | None = await self._connection.read_response(
            timeout=within, disconnect_on_error=False
        )
        return heard

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        try:
            await self._connection.disconnect(nowait=True)
        except GONE:
            return


_KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
}
