"""What can be shown of a file, and the file as it is kept: without what it tells beside itself.

`examine` starts `examining` for pictures and sounds, a few at a time. What cannot be opened is
shown by nobody: its type becomes that of unknown bytes. It is kept as it came, but for what a
picture tells as far as that can be found.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

import msgspec

from orders.files import Looks
from realtime.files import examining
from realtime.files.content import CLOSED, UNKNOWN
from realtime.files.metadata import strip

AT_ONCE = 2
WITHIN = 40.0
"""Seconds for one file, the waiting for its process included."""
_PICTURE, _SOUND = "image/", "audio/"
_SCRIPT = Path(examining.__file__)


class Examined(msgspec.Struct, frozen=True):
    """What a file is and looks like. Its bytes, and a small picture, may lie in new places."""

    type: str
    path: Path
    size: int
    looks: Looks = Looks()
    thumb: Path | None = None


class _Seen(msgspec.Struct, frozen=True):
    width: int = 0
    height: int = 0
    turned: bool = False
    thumb: bool = False
    millis: int = 0
    peaks: tuple[int, ...] = ()


class Examiner:
    """Looks into files. One per process."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._places = asyncio.Semaphore(AT_ONCE)

    async def examine(self, path: Path, kind: str, folder: Path) -> Examined:
        """Look into the file at `path`, recognised as `kind`; `folder` is empty and for this.

        What pictures tell beside themselves is gone from what is returned.
        """
        size = (await asyncio.to_thread(path.stat)).st_size
        if not kind.startswith((_PICTURE, _SOUND)):
            return Examined(kind, path, size)
        if kind in CLOSED:
            return await _kept(kind, path, path, folder)
        what: Literal["picture", "sound"] = "picture" if kind.startswith(_PICTURE) else "sound"
        async with self._places:
            seen = await _look(what, path, folder)
        if seen is None and what == "sound":
            return Examined(kind, path, size)
        if seen is None:  # some program may open it all the same
            kept = await _kept(kind, path, path, folder)
            return Examined(UNKNOWN, kept.path, kept.size)
        if what == "picture":
            source = folder / "upright" if seen.turned else path
            kept = await _kept(kind, source, path, folder)
            if kept.type == UNKNOWN:
                return kept
            path, size = kept.path, kept.size
        looks = Looks(seen.width, seen.height, seen.thumb, seen.millis, seen.peaks)
        return Examined(kind, path, size, looks, folder / "thumb" if seen.thumb else None)


async def _kept(kind: str, source: Path, path: Path, folder: Path) -> Examined:
    """Return `source` without what it tells; if it is damaged, `path` as unknown bytes."""
    try:
        clean = await asyncio.to_thread(_cleaned, kind, source, folder / "clean")
    except ValueError:
        kind, clean = UNKNOWN, path
    return Examined(kind, clean, (await asyncio.to_thread(clean.stat)).st_size)


async def _look(what: str, path: Path, folder: Path) -> _Seen | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_SCRIPT), what, str(path), str(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        return None
    try:
        return msgspec.json.decode(said, type=_Seen)
    except msgspec.DecodeError:
        return None


def _cleaned(kind: str, source: Path, target: Path) -> Path:
    before = source.read_bytes()
    after = strip(kind, before)
    if after == before:
        return source
    target.write_bytes(after)
    return target
