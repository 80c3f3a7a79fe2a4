"""Asking ClamAV's daemon about a file: its INSTREAM command, over TCP or a Unix socket.

See clamd(8): `zINSTREAM`, then pieces each led by its length (four bytes, network order), then a
length of zero; the answer is `stream: OK`, `stream: NAME FOUND`, or an error.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from enum import StrEnum
from urllib.parse import urlsplit

from orders.events import Scan

PIECE = 64 * 1024


class Away(StrEnum):
    """What happens to a file when the scanner does not answer."""

    HOLD = "hold"
    ALLOW = "allow"


class ScannerAwayError(Exception):
    """The scanner cannot say now whether the file is clean."""


class NotScannedError(ScannerAwayError):
    """The scanner is there and will not look at this file: it is too large for its settings."""


class Clamd:
    """The daemon at one address."""

    def __init__(self, address: str, within: float) -> None:
        """Take `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`; `within` is in seconds.

        Raises `ValueError` if it is neither.
        """
        url = urlsplit(address)
        if url.scheme == "unix" and url.path:
            self._host, self._port, self._path = "", 0, url.path
        elif url.scheme == "tcp" and url.hostname:
            self._host, self._port, self._path = url.hostname, url.port or 3310, ""
        else:
            raise ValueError("neither tcp://host:port nor unix:///path")
        self._within = within

    async def scan(self, content: AsyncIterator[bytes]) -> Scan:
        """Return `CLEAN` or `INFECTED`. Raises `ScannerAwayError`, `NotScannedError`."""
        try:
            async with asyncio.timeout(self._within):
                said = await self._ask(content)
        except (OSError, TimeoutError, EOFError) as error:
            raise ScannerAwayError(type(error).__name__) from None
        if said == "stream: OK":
            return Scan.CLEAN
        if said.startswith("stream: ") and said.endswith(" FOUND"):
            return Scan.INFECTED
        raise NotScannedError(said[:100])

    async def _ask(self, content: AsyncIterator[bytes]) -> str:
        if self._path:
            reader, writer = await asyncio.open_unix_connection(self._path)
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(b"zINSTREAM\0")
            # it may answer and hang up in the middle: too large, or its limits are reached
            with suppress(ConnectionResetError, BrokenPipeError):
                async for chunk in content:
                    for start in range(0, len(chunk), PIECE):
                        piece = chunk[start : start + PIECE]
                        writer.write(struct.pack(">I", len(piece)) + piece)
                        await writer.drain()
                writer.write(struct.pack(">I", 0))
                await writer.drain()
            said = await reader.readuntil(b"\0")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return said.rstrip(b"\0").decode(errors="replace").strip()
