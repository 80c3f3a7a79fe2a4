"""Where whole files are kept: a folder, or a bucket of an S3 service (`bucket`).

A file is put there under a random name once it is complete, and never changed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024
"""Bytes handed out at once."""


class Store(Protocol):
    """Keeps files under names."""

    async def keep(self, path: Path, name: str) -> None:
        """Take over the file at `path`, durably: it is there afterwards, whatever happens."""

    async def size(self, name: str) -> int | None:
        """Return how many bytes a file has; None if there is none of that name."""

    def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read the bytes from `start` to `end` (exclusive)."""

    async def discard(self, name: str) -> None:
        """Erase a file; one that is not there is erased already."""

    async def older(self, than: float) -> list[str]:
        """Return the names of files that were put here before that moment (Unix seconds)."""


class Disk:
    """A folder that only its owner reads."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made if need be."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    async def keep(self, path: Path, name: str) -> None:
        """Rename the file, which lies on the same disk, after flushing it."""
        await asyncio.to_thread(_settle, path, self._folder / name)

    async def size(self, name: str) -> int | None:
        """Return how many bytes a file has."""
        try:
            return (await asyncio.to_thread((self._folder / name).stat)).st_size
        except FileNotFoundError:
            return None

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read bytes, each piece in a thread."""
        file: BinaryIO = await asyncio.to_thread((self._folder / name).open, "rb")
        try:
            await asyncio.to_thread(file.seek, start)
            while start < end and (
                piece := await asyncio.to_thread(file.read, min(CHUNK, end - start))
            ):
                start += len(piece)
                yield piece
        finally:
            file.close()

    async def discard(self, name: str) -> None:
        """Erase a file."""
        await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    async def older(self, than: float) -> list[str]:
        """Return the names of old files, those cut short while arriving included."""
        return await asyncio.to_thread(_older, self._folder, than)


def flush(path: Path) -> None:
    """Have a file on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(path: Path, kept: Path) -> None:
    path.chmod(0o600)
    path.touch()  # its age here begins now, however long it lay elsewhere
    flush(path)
    path.rename(kept)
    flush(kept.parent)


def _older(folder: Path, than: float) -> list[str]:
    return [path.name for path in folder.iterdir() if path.stat().st_mtime < than]
