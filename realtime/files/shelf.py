"""What lies where: files that are kept, those on their way in, and what is cleared away.

A file arrives under a name that says it is not whole; only when all of it is there it is looked
into, kept in the store, and told to the database: what an order knows of is there, whatever was
cut short. What is left of interrupted uploads is cleared away; a kept file that no order knows,
because the process ended in between, once it is an hour old.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from orders.database import Database, portions
from orders.events import FileId
from orders.files import erased, known_of, to_erase
from orders.locking import lock
from realtime.files.content import FILM, FILM_SOUND, Sniffer
from realtime.files.store import CHUNK, Store
from realtime.files.tracks import only_sound

PART = ".part"
"""The ending of a file that is still arriving."""
THUMB = ".thumb"
"""The ending of a small picture's name."""
TWIN = ".whole"
"""Ends the second name of bytes under which they go to the store."""
STALE = 3600.0
"""Seconds after which nobody can still be about to tell the database of a file."""
BUFFER = 256 * 1024
"""Bytes collected before they are written, in a thread."""
ERASE_EVERY = 2.0
"""Seconds between two looks for removed files."""


class Staged(msgspec.Struct, frozen=True):
    """A whole file that no order knows yet. `type` is what its bytes say."""

    path: Path
    size: int
    type: str
    sha256: bytes


class Arriving:
    """A file on its way in by one request. `size` counts what came."""

    def __init__(self, folder: Path) -> None:
        """Choose its name; `Shelf.arriving` opens it."""
        self.size = 0
        self._path = folder / (secrets.token_hex(16) + PART)
        self._waiting = bytearray()
        self._handle = -1

    async def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._waiting += chunk
        if len(self._waiting) >= BUFFER:
            await self._write()

    async def whole(self) -> Staged:
        """Say that this was all of it; return what came."""
        await self._write()
        return await staged(self._path)

    def begin(self) -> None:
        """Create the file, for its owner only."""
        self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def end(self) -> None:
        """Close it; nothing is left of a file that was not kept."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._path.unlink(missing_ok=True)

    async def _write(self) -> None:
        chunk, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(write_all, self._handle, chunk)


class Shelf:
    """The store of kept files and the folder of those on their way."""

    def __init__(self, database: Database, store: Store, folder: Path) -> None:
        """Use `folder`, which is made if need be, for what is on its way."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = database
        self.store = store
        self.folder = folder
        self._looked = 0.0
        self._tidied: float | None = None

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[Arriving]:
        """Receive a file; unless it is kept, nothing is left of it."""
        arriving = Arriving(self.folder)
        await asyncio.to_thread(arriving.begin)
        try:
            yield arriving
        finally:
            # not in a thread: a cancelled request may not wait, and closing is quick
            arriving.end()

    @asynccontextmanager
    async def bench(self) -> AsyncIterator[Path]:
        """Have an empty folder on the disk of the store; it is gone afterwards."""
        folder = self.folder / (secrets.token_hex(16) + PART)
        await asyncio.to_thread(folder.mkdir, 0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def keep(self, path: Path, thumb: Path | None) -> FileId:
        """Keep a file, and a small picture of it, under a new name."""
        file = FileId(secrets.token_hex(16))
        if thumb is not None:
            await self.store.keep(thumb, file + THUMB)
        await self.store.keep(path, file)
        return file

    async def discard(self, file: FileId) -> None:
        """Erase a file that no order knows of, and what was made of it."""
        await self.store.discard(file)
        await self.store.discard(file + THUMB)

    async def tidy(self) -> None:
        """Clear away what earlier processes left unfinished; a chore for once an hour."""
        now = time.monotonic()
        if self._tidied is not None and now < self._tidied + STALE:
            return
        self._tidied = now
        before = time.time() - STALE
        await asyncio.to_thread(_sweep, self.folder, before)
        names = [name for name in await self.store.older(before) if not name.endswith(PART)]
        for some in portions(names):
            for name in await self._unknown(some):
                await self.store.discard(name)

    async def erase_removed(self) -> None:
        """Erase the bytes of files that were redacted; a chore of the `Caretaker`."""
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

    async def _unknown(self, names: Sequence[str]) -> list[str]:
        async with self._database.reading() as conn:
            known = await known_of(conn, [name.removesuffix(THUMB) for name in names])
        return [name for name in names if name.removesuffix(THUMB) not in known]


async def staged(path: Path) -> Staged:
    """Read a whole file once: what it is, how large, and its hash."""
    return await asyncio.to_thread(_staged, path)


@asynccontextmanager
async def with_twin(path: Path) -> AsyncIterator[Path]:
    """Give the bytes a second name for a while, or a copy where the disk knows no such thing."""
    twin = twin_of(path)
    await asyncio.to_thread(_name_again, path, twin)
    try:
        yield twin
    finally:
        twin.unlink(missing_ok=True)


def twin_of(path: Path) -> Path:
    """Return that second name."""
    return path.with_suffix(TWIN)


def write_all(handle: int, chunk: bytes) -> None:
    """Write all bytes of it."""
    left = memoryview(chunk)
    while left:
        left = left[os.write(handle, left) :]


def _staged(path: Path) -> Staged:
    sniffer, digest, size = Sniffer(), hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sniffer.feed(chunk)
            digest.update(chunk)
            size += len(chunk)
        kind = sniffer.found()
        if kind == FILM and only_sound(file, size):
            kind = FILM_SOUND
    return Staged(path, size, kind, digest.digest())


def _name_again(path: Path, twin: Path) -> None:
    twin.unlink(missing_ok=True)  # of one that was cut short
    try:
        twin.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, twin)


def _sweep(folder: Path, before: float) -> None:
    for path in folder.glob("*" + PART):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
