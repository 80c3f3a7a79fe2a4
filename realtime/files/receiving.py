"""Uploads that go on where they stood: bytes are taken, flushed, and only then counted.

The offset a browser is told is what is safely on disk. It is noted every few megabytes, and when
the line breaks; what lies beyond it after a crash is cut off and sent again. One request writes
to an upload at a time: a newer one of the same person sends the older one away, because it was
the line that broke and the server has not noticed yet.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from msgspec.structs import replace

from orders import uploads
from orders.database import Database
from orders.errors import Malformed, OffsetWrong, Refused, Unavailable, UploadBusy
from orders.events import FileId
from orders.files import files_of
from orders.uploads import Pending
from realtime.files.finishing import Finisher
from realtime.files.shelf import staged, twin_of, with_twin, write_all
from realtime.limits import Limits

log = structlog.get_logger(__name__)

NOTED_EVERY = 4 * 1024 * 1024
"""Bytes after which the offset is noted: so much at most is sent again after a crash."""
BUFFER = 256 * 1024
LOOK_EVERY = 30.0
"""Seconds between two looks for uploads that were given up or left unfinished."""
LEFT_AFTER = timedelta(seconds=120)
"""After that time nobody is still making a file of a whole upload."""


class Receiver:
    """Takes the bytes of uploads. One per process; all processes share one folder."""

    def __init__(
        self, database: Database, folder: Path, finisher: Finisher, limits: Limits
    ) -> None:
        """Use `folder`, which is made if need be."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = database
        self._folder = folder
        self._finisher = finisher
        self._limits = limits
        self._writing: dict[str, _Writing] = {}
        self._looked = 0.0

    async def take(self, upload: Pending, offset: int, chunks: AsyncIterator[bytes]) -> Pending:
        """Take bytes from `offset` on; return the upload as it stands then, shared if whole.

        Raises `OffsetWrong`, `UploadBusy`, `UploadUnknown`, `Malformed` for more bytes than were
        told, `Unavailable` when the line falls silent, and what sharing raises. What came is kept.
        What became of a settled upload is told again, from whatever offset it is asked.
        """
        if upload.is_settled:
            return _settled(upload)
        async with self._hold(upload) as handle:
            upload = await self._left(await self._again(upload), handle)
            if upload.is_settled:
                return _settled(upload)
            if offset != upload.received:
                raise OffsetWrong(offset=upload.received)
            if not upload.is_whole:
                upload = await self._fill(upload, handle, chunks)
            if upload.is_whole:
                upload = await self._finish(upload)
        return upload

    async def seen(self, upload: Pending) -> Pending:
        """Return the upload as far as its bytes are there: so far it really is."""
        path = self._path(upload)
        if upload.is_settled or await asyncio.to_thread(_size, path) >= upload.received:
            return upload
        upload = await self._again(upload)  # settled meanwhile it needs its bytes no more
        if upload.is_settled:
            return upload
        there = await asyncio.to_thread(_size, path)
        return replace(upload, received=min(there, upload.received))

    def in_hand(self, upload: str) -> int:
        """Return how many bytes have come to an upload that is being written to here; or 0."""
        return self._writing[upload].came if upload in self._writing else 0

    async def cancel(self, upload: Pending) -> None:
        """Drop an upload and its bytes; what it shared already stays."""
        async with self._hold(upload):
            await uploads.forget(self._database, upload)
            path = self._path(upload)
            for name in (path, twin_of(path)):
                await asyncio.to_thread(name.unlink, missing_ok=True)

    async def tidy(self) -> None:
        """Give up what was left, and finish what is whole; a chore of the `Caretaker`."""
        now = time.monotonic()
        if now < self._looked + LOOK_EVERY:
            return
        self._looked = now
        await self.clear()

    async def clear(self) -> None:
        """Do at once what `tidy` does from time to time."""
        at = await self._database.now()
        async with self._database.reading() as conn:
            over = timedelta(seconds=self._limits.upload_life)
            given_up = await uploads.untouched(conn, at - over, 100)
            left = await uploads.unfinished(conn, at - LEFT_AFTER, 10)
        for upload in given_up:
            with suppress(UploadBusy):
                await self.cancel(upload)
        for upload in left:
            try:
                async with self._hold(upload) as handle:
                    now = await self._left(await self._again(upload), handle)
                    if now.is_whole and not now.is_settled:
                        await self._finish(now)
            except (Refused, OSError) as error:
                log.warning("an upload could not be finished", error=type(error).__name__)

    async def _left(self, upload: Pending, handle: int) -> Pending:
        """Count only what is here: a folder may be lost, or be another machine's.

        What was written and never counted is cut off.
        """
        if upload.is_settled:
            return upload
        there = (await asyncio.to_thread(os.fstat, handle)).st_size
        if there >= upload.received:
            await asyncio.to_thread(_cut, handle, upload.received)
            return upload
        log.warning("bytes of an upload are missing", counted=upload.received, there=there)
        await uploads.lost(self._database, upload, there)
        await asyncio.to_thread(_cut, handle, there)
        return await self._again(upload)

    async def _fill(self, upload: Pending, handle: int, chunks: AsyncIterator[bytes]) -> Pending:
        """Write what comes behind what is there; note how far it came, whatever ends it."""
        clock = asyncio.get_running_loop().time
        patience = self._limits.upload_silence
        received, noted, waiting = upload.received, upload.received, bytearray()
        try:
            async with asyncio.timeout(patience) as silence:
                writing = self._writing[upload.upload] = _Writing(silence)
                async for chunk in chunks:
                    if received + len(waiting) + len(chunk) > upload.length:
                        raise Malformed(where="more bytes than Upload-Length")
                    waiting += chunk
                    writing.came = received + len(waiting)
                    if len(waiting) >= BUFFER:
                        await asyncio.to_thread(write_all, handle, bytes(waiting))
                        received += len(waiting)
                        waiting.clear()
                        if received - noted >= NOTED_EVERY:
                            await self._note(upload, handle, received)
                            noted = received
                    silence.reschedule(clock() + patience)
        except TimeoutError:
            raise Unavailable(reason="upload_slow") from None
        finally:
            self._writing.pop(upload.upload, None)
            await asyncio.to_thread(write_all, handle, bytes(waiting))
            received += len(waiting)
            if received > noted or not upload.length:
                await self._note(upload, handle, received)
        return await self._again(upload)

    async def _finish(self, upload: Pending) -> Pending:
        path = self._path(upload)
        try:
            async with with_twin(path) as twin:  # it is moved; ours stays until settled
                place, _ = await self._finisher.finish(
                    await staged(twin), upload.name, upload.order, upload.person, upload.client_id
                )
        except Unavailable:
            raise
        except Refused as refusal:
            await uploads.settle(self._database, upload, code=refusal.code)
            path.unlink(missing_ok=True)
            raise
        async with self._database.reading() as conn:
            shelf = await files_of(conn, upload.order)
        file = next((f.file for f in shelf.values() if f.seq == place.seq), None)
        await uploads.settle(self._database, upload, file=file or FileId(""), seq=place.seq)
        path.unlink(missing_ok=True)
        return await self._again(upload)

    async def _note(self, upload: Pending, handle: int, received: int) -> None:
        await asyncio.to_thread(os.fsync, handle)
        await uploads.came(self._database, upload, received)

    async def _again(self, upload: Pending) -> Pending:
        async with self._database.reading() as conn:
            return await uploads.find(conn, upload.order, upload.person, upload.upload)

    @asynccontextmanager
    async def _hold(self, upload: Pending) -> AsyncIterator[int]:
        """Hold the upload's file; an older request to it here notes what it has and ends."""
        gives_up = time.monotonic() + self._limits.upload_hand_over
        held = _Held(self._path(upload))
        while not held.take():
            older = self._writing.get(upload.upload)
            if older is not None and not older.silence.expired():
                older.silence.reschedule(asyncio.get_running_loop().time())
            if time.monotonic() > gives_up:
                raise UploadBusy
            await asyncio.sleep(0.01)
        try:
            yield held.handle
        finally:
            held.give_back()

    def _path(self, upload: Pending) -> Path:
        return self._folder / upload.upload


def _settled(upload: Pending) -> Pending:
    if upload.refusal is not None:
        raise upload.refusal
    return upload


@dataclass(slots=True)
class _Writing:
    """A request that writes to an upload. `came` counts what is on the disk or about to be."""

    silence: asyncio.Timeout
    came: int = 0


class _Held:
    """The file of an upload, which nobody else writes to, in any process, while it is held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.handle = -1

    def take(self) -> bool:
        """Open it; False if somebody else holds it, or took it away before it was ours."""
        self.handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close()
            return False
        if not self._is_there():
            self._close()
            return False
        return True

    def give_back(self) -> None:
        """Let the next one have it; a file without bytes says no more than none."""
        if not os.fstat(self.handle).st_size and self._is_there():
            self._path.unlink()
        self._close()

    def _is_there(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self.handle), self._path.stat())
        return False

    def _close(self) -> None:
        os.close(self.handle)
        self.handle = -1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _cut(handle: int, length: int) -> None:
    os.ftruncate(handle, length)
    os.lseek(handle, length, os.SEEK_SET)
