"""The folder of shared files: random names, readable by the owner only.

A file arrives under a name that says it is not whole, is flushed to the disk, and only then
renamed and told to the database: what an order knows of is there, whatever was cut short. What
is left of interrupted uploads is cleared away at the start; a file that is whole and that no
order knows, because the process ended in between, once it is an hour old.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orders.database import Database
from orders.events import FileId
from orders.files import Upload, erased, known_of, to_erase
from orders.locking import lock
from realtime.files.content import Sniffer

PART = ".part"
"""The ending of a file that is still arriving."""
STALE = 3600.0
"""Seconds after which nobody can still be about to tell the database of a file."""
BUFFER = 256 * 1024
"""Bytes collected before they are written, in a thread."""
ERASE_EVERY = 2.0
"""Seconds between two looks for removed files."""


class Arriving:
    """A file on its way in. `size` counts what came."""

    def __init__(self, folder: Path) -> None:
        """Choose its name; `Shelf.arriving` opens it."""
        self.file = FileId(secrets.token_hex(16))
        self.size = 0
        self.kept = False
        self._path = folder / self.file
        self._part = self._path.with_suffix(PART)
        self._sniffer = Sniffer()
        self._hash = hashlib.sha256()
        self._waiting = bytearray()
        self._handle = -1

    async def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._waiting += chunk
        if len(self._waiting) >= BUFFER:
            await self._write()

    async def keep(self, name: str) -> Upload:
        """Make the file safe on disk under its own name; return what to tell the order of it."""
        await self._write()
        await asyncio.to_thread(self._settle)
        self.kept = True
        kind = self._sniffer.found()
        return Upload(self.file, name, self.size, kind, self._hash.digest())

    def begin(self) -> None:
        """Create the file, for its owner only."""
        self._handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def end(self) -> None:
        """Close it; nothing is left of a file that was not kept."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._part.unlink(missing_ok=True)

    async def _write(self) -> None:
        chunk, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(self._take, chunk)

    def _take(self, chunk: bytes) -> None:
        self._sniffer.feed(chunk)
        self._hash.update(chunk)
        left = memoryview(chunk)
        while left:
            left = left[os.write(self._handle, left) :]

    def _settle(self) -> None:
        os.fsync(self._handle)
        self._part.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Shelf:
    """The folder, and looking after it."""

    def __init__(self, database: Database, folder: Path) -> None:
        """Use `folder`, which is made if need be."""
        self._database = database
        self._folder = folder
        self._looked = 0.0

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[Arriving]:
        """Receive a file; unless it is kept, nothing is left of it."""
        arriving = Arriving(self._folder)
        await asyncio.to_thread(arriving.begin)
        try:
            yield arriving
        finally:
            # not in a thread: a cancelled request may not wait, and closing is quick
            arriving.end()

    def path(self, file: FileId) -> Path:
        """Return where a file lies that an order knows of."""
        return self._folder / file

    async def discard(self, file: FileId) -> None:
        """Erase a file that no order knows of."""
        await asyncio.to_thread(self.path(file).unlink, missing_ok=True)

    async def tidy(self) -> None:
        """Make the folder, and clear away what earlier processes left unfinished."""
        stale = await asyncio.to_thread(self._stale)
        for start in range(0, len(stale), 500):
            names = [path.name for path in stale[start : start + 500]]
            async with self._database.reading() as conn:
                known = await known_of(conn, names)
            for path in stale[start : start + 500]:
                if path.name not in known:
                    await asyncio.to_thread(path.unlink, missing_ok=True)

    async def erase_removed(self) -> None:
        """Erase the bytes of files that were redacted; a `Chore` of the sweeper."""
        now = time.monotonic()
        if now < self._looked + ERASE_EVERY:
            return
        self._looked = now
        async with self._database.reading() as conn:
            removed = await to_erase(conn)
        for order, file, kept in removed:
            if not kept:  # another order shares these bytes
                await self.discard(file)
            async with self._database.transaction() as tx:
                await lock(tx, order)
                await erased(tx, order, file)

    def _stale(self) -> list[Path]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = time.time() - STALE
        return [path for path in self._folder.iterdir() if path.stat().st_mtime < old]
