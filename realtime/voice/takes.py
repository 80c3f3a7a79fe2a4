"""Writing what people say into files, beside the media: one thread, behind a bounded queue.

The event loop only appends to the queue. When the disk is slow and the queue is full, what comes
is not written and is counted: the recording has a gap there, and the call does not notice.
A page is written every second; what a process that was killed leaves behind is whole up to there.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from realtime.voice.limits import VoiceLimits
from realtime.voice.ogg import OPUS_CLOCK, whole
from realtime.voice.relay import Malformed
from realtime.voice.speech import Speech
from realtime.voice.track import Tap

log = structlog.get_logger(__name__)

_LOOK = 0.1
"""Seconds between two looks into the queue while something is recorded."""
_PAGE = 1.0
"""Seconds of sound in a page, at most."""
_TAIL = 192 * 1024
"""More than two pages; the last whole one is in the last so many bytes."""


class Taken(msgspec.Struct, frozen=True):
    """A file that is closed. `lost` counts packets that came and are not in it."""

    path: Path
    seconds: float
    packets: int
    lost: int


class Take:
    """One person's file while it is written.

    Attributes:
        path: of the file.
        dropped: packets that found the queue full.
    """

    def __init__(self, path: Path, began: float, write: Callable[[Job], bool]) -> None:
        """A file whose time begins at `began`, monotonic; `write` takes jobs to the thread."""
        self.path = path
        self.dropped = 0
        self.speech = Speech(secrets.randbits(32), began)
        # The thread's: open from its first job on; None again once the disk refused it.
        self.file: BinaryIO | None = None
        self.failed = False
        self.paged = began
        self._write = write

    def tap(self, red: int | None) -> Tap:
        """What a leg gives its packets to; `red` marks redundant audio among them."""

        def tap(packet: bytes, now: float) -> None:
            if not self._write(Job(self, packet, now, red)):
                self.dropped += 1

        return tap


class Job:
    """A packet for the thread; without one, the end of the file."""

    __slots__ = ("at", "done", "packet", "red", "take")

    def __init__(
        self,
        take: Take,
        packet: bytes,
        at: float,
        red: int | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        """Of a take, at a moment."""
        self.take, self.packet, self.at, self.red, self.done = take, packet, at, red, done


class Recorder:
    """The files that are being written, and the thread that does it while there are any."""

    def __init__(self, folder: Path, limits: VoiceLimits) -> None:
        """Use `folder`, which is made by the first recording."""
        self.folder = folder
        self._limit = limits.recording_queue
        self._jobs: deque[Job] = deque()
        self._open: set[Take] = set()
        self._thread: threading.Thread | None = None

    def begin(self, name: str, now: float) -> Take:
        """A new file of that name."""
        take = Take(self.folder / name, now, self._put)
        self._open.add(take)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._thread.start()
        return take

    async def end(self, take: Take, at: float | None = None) -> Taken | None:
        """Close a file, whose time ends `at`, by default now; None if nothing could be written.

        Asked again, because whoever waited was cancelled, it says the same.
        """
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(done.set)

        if take in self._open:
            self._jobs.append(Job(take, b"", time.monotonic() if at is None else at, done=tell))
            await done.wait()
        speech = take.speech
        if take.failed and not take.path.exists():
            return None
        lost = speech.lost + take.dropped
        return Taken(take.path, speech.seconds, speech.packets, lost)

    def _put(self, job: Job) -> bool:
        if len(self._jobs) >= self._limit:
            return False
        self._jobs.append(job)
        return True

    def _run(self) -> None:
        while self._open or self._jobs:
            while self._jobs:
                job = self._jobs.popleft()
                try:
                    self._do(job)
                except OSError as error:
                    self._fail(job.take, error)
                finally:
                    if job.done is not None:
                        self._open.discard(job.take)
                        job.done()
            time.sleep(_LOOK)

    def _do(self, job: Job) -> None:
        take, speech = job.take, job.take.speech
        if take.failed:
            speech.lost += 1 if job.packet else 0
            return
        if take.file is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            take.file = take.path.open("xb", buffering=0)
            take.path.chmod(0o600)
            take.file.write(speech.head())
        if take.file.closed:
            return  # whoever waited for its end went away, and asks again
        if not job.packet:
            take.file.write(speech.end(job.at))
            take.file.close()
            return
        try:
            out = speech.hear(job.packet, job.at, red=job.red)
        except Malformed:
            speech.lost += 1
            return
        if job.at - take.paged >= _PAGE:
            take.paged = job.at
            out += speech.page()
        if out:
            take.file.write(out)

    def _fail(self, take: Take, error: OSError) -> None:
        log.error("a recording cannot be written", error=type(error).__name__)
        take.failed = True
        if take.file is not None:
            take.file.close()


def salvage(path: Path) -> Taken:
    """Take over a file that another process left unfinished: what is whole of it stays."""
    size = path.stat().st_size
    begin = max(0, size - _TAIL)
    with path.open("r+b") as file:
        file.seek(begin)
        end, length = whole(file.read())
        file.truncate(begin + end)
    return Taken(path, length / OPUS_CLOCK, 0, 0)
