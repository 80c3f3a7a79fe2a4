"""Two thousand calls leave nothing behind."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

CALLS = 2_000


class Held(msgspec.Struct):
    """What the process held at one moment."""

    kilobytes: int
    descriptors: int
    threads: int
    tasks: int
    calls: int
    objects: int


@pytest.mark.timeout(600)
async def test_two_thousand_calls_leave_memory_descriptors_tasks_and_threads_as_they_were() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.realtime.voice.soak", str(CALLS)),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, told.decode()
    early, warm, last = (msgspec.json.decode(line, type=Held) for line in out.splitlines())
    for field in ("descriptors", "threads", "tasks", "calls"):
        assert getattr(last, field) == getattr(early, field), (field, early, last)
    assert last.calls == 0
    # Half an object or four kilobytes a call would be a leak; the allocator moves by less. The
    # garbage collector comes as seldom as in a media process, and is not needed.
    assert last.objects - warm.objects < (CALLS - 1_000) / 2, (warm, last)
    assert last.kilobytes - warm.kilobytes < 4_000, (warm, last)
    assert last.kilobytes - early.kilobytes < 8_000, (early, last)
