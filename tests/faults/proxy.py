"""A TCP line that misbehaves when told to: it swallows everything, or breaks."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Proxy:
    """Listens on a port of its own and passes everything on to `host:port`.

    While it swallows, bytes vanish in both directions and the lines stay open: to both ends it
    looks as if the other one had nothing to say. New lines are accepted and lead nowhere. While it
    is mute, this is so for what `host:port` says alone.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._lines: set[asyncio.WriteTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._heard = asyncio.Event()
        self._heard.set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def swallow(self) -> None:
        """Become a black hole."""
        self._open.clear()

    def mute(self) -> None:
        """Pass on what comes, and lose all answers."""
        self._heard.clear()

    def heal(self) -> None:
        """Be a good line again. Lines from before have lost bytes, so they are broken first."""
        self.cut()
        self._open.set()
        self._heard.set()

    def cut(self) -> None:
        """Break all lines, without a word."""
        for line in list(self._lines):
            line.abort()
        self._lines.clear()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        mine = [writer.transport]
        self._lines.add(writer.transport)
        try:
            await self._open.wait()
            there, away = await asyncio.open_connection(*self._target)
            mine.append(away.transport)
            self._lines.add(away.transport)
            await asyncio.gather(
                self._carry(reader, away, self._open),
                self._carry(there, writer, self._open, self._heard),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for line in mine:
                self._lines.discard(line)
                line.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *passing: asyncio.Event
    ) -> None:
        while data := await reader.read(64 * 1024):
            if all(each.is_set() for each in passing):
                writer.write(data)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
        writer.transport.abort()
