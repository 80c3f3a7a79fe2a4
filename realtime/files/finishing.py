"""From a whole file to an entry: looked into, cleaned, scanned, kept, told.

With a virus scanner (`ORDER_ROOM_CLAMD`) a file is told once its verdict is there, or after some
seconds without: then it is `scanning` and nobody can have it, or `unchecked` where the marketplace
lets files through (`ORDER_ROOM_SCANNER_AWAY`). The verdict that comes later is an entry of its
own. What is infected is told too and stays in quarantine: both parties see why it cannot be had.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import structlog
from msgspec.structs import replace

from orders.commands import command_digest
from orders.database import Database
from orders.errors import Refused, Unavailable
from orders.events import OrderId, PersonId, Scan
from orders.files import Upload, scanned, share, to_scan
from orders.timeline import Position
from realtime import telemetry
from realtime.files.clamd import Away, NotScannedError, ScannerAwayError
from realtime.files.looks import Examiner
from realtime.files.shelf import Shelf, Staged
from realtime.files.store import Disk

log = structlog.get_logger(__name__)

Scanner = Callable[[AsyncIterator[bytes]], Awaitable[Scan]]
"""Says whether bytes are `CLEAN` or `INFECTED`; raises `ScannerAwayError`."""
RESCAN_EVERY = 5.0
"""Seconds between two rounds over the files that wait for a verdict."""
RESCAN_AT_ONCE = 100


class Finisher:
    """Makes entries of whole files. One per process."""

    def __init__(
        self, database: Database, shelf: Shelf, scanner: Scanner | None, away: Away
    ) -> None:
        """Take where files are kept, and who scans them."""
        self._database = database
        self._shelf = shelf
        self._scanner = scanner
        self._away = away
        self._examiner = Examiner()
        self._looked = 0.0

    async def finish(
        self,
        file: Staged,
        name: str,
        order: OrderId,
        person: PersonId,
        client_id: str,
        *,
        voice: bool = False,
    ) -> tuple[Position, bool]:
        """Share a whole file; tell whether that was done before. Its staged bytes may be moved.

        With `voice` it is a voice note, if it can be heard at all; else a file like any other.
        Raises what `orders.files.share` raises; nothing of the file is kept then.
        """
        began = time.monotonic()
        # the digest is of what was sent: what is kept of it may change with our libraries
        said = ("file.share", name, file.sha256.hex(), file.size)
        content = command_digest(*said, "voice") if voice else command_digest(*said)
        async with self._shelf.bench() as bench:
            seen = await self._examiner.examine(file.path, file.type, bench)
            scan = await self._scan(seen.path)
            kept = await self._shelf.keep(seen.path, seen.thumb)
        looks = replace(seen.looks, voice=True) if voice and seen.looks.millis else seen.looks
        new = Upload(kept, name, seen.size, seen.type, file.sha256, scan, looks)
        try:
            place, repeated = await share(self._database, order, person, new, client_id, content)
        except Unavailable:
            raise  # perhaps it was told after all: only `tidy` knows, later
        except Refused:
            await self._shelf.discard(kept)
            raise
        if repeated:
            await self._shelf.discard(kept)
        else:
            telemetry.FILES.labels(scan or "none").inc()
            telemetry.EXAMINED.observe(time.monotonic() - began)
        return place, repeated

    async def scan_waiting(self) -> None:
        """Ask again about files without a verdict; a chore of the `Caretaker`."""
        now = time.monotonic()
        if self._scanner is None or now < self._looked + RESCAN_EVERY:
            return
        self._looked = now
        async with self._database.reading() as conn:
            waiting = await to_scan(conn, RESCAN_AT_ONCE)
        for order, file in waiting:
            size = await self._shelf.store.size(file.file)
            if size is None:
                continue  # it is being erased
            try:
                verdict = await self._scanner(self._shelf.store.read(file.file, 0, size))
            except NotScannedError:
                continue  # the others need not wait for it
            except ScannerAwayError:
                return
            await scanned(self._database, order, file.seq, verdict)

    async def _scan(self, path: Path) -> Scan | None:
        if self._scanner is None:
            return None
        disk = Disk(path.parent)
        size = await disk.size(path.name)
        try:
            return await self._scanner(disk.read(path.name, 0, size or 0))
        except ScannerAwayError as error:
            log.warning("the virus scanner is away", error=str(error), then=self._away)
            return Scan.SCANNING if self._away is Away.HOLD else Scan.UNCHECKED
