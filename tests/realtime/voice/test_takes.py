"""Files of one voice as they are written: closed once, and whole as far as they go."""

import asyncio
from pathlib import Path

from realtime.voice.limits import VoiceLimits
from realtime.voice.takes import Recorder, salvage
from tests.realtime.voice.peer import rtp
from tests.realtime.voice.test_ogg import pages, spoken


async def test_a_disk_that_is_behind_costs_the_recording_and_not_the_call(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, VoiceLimits(recording_queue=10))
    take = recorder.begin("slow.opus", 0.0)
    hear = take.tap(None)
    packets = spoken(1.0)
    for number, payload in enumerate(packets):
        hear(rtp(number, payload=payload), number / 50)
    taken = await recorder.end(take)
    assert taken is not None
    assert taken.lost > 0
    assert taken.lost + taken.packets == len(packets)


async def test_a_file_is_closed_once_however_often_that_is_asked(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, VoiceLimits())
    take = recorder.begin("once.opus", 0.0)
    hear = take.tap(None)
    for number, payload in enumerate(spoken(0.5)):
        hear(rtp(number, payload=payload), number / 50)
    asked = asyncio.create_task(recorder.end(take, 0.5))
    await asyncio.sleep(0)
    asked.cancel()  # as a process that stops does
    async with asyncio.timeout(20):
        first = await recorder.end(take, 0.6)
        assert first is not None
        held = first.path.read_bytes()
        await asyncio.sleep(0.3)  # the thread has nothing to do any more, and ends
        assert await recorder.end(take, 0.7) == first
    assert first.path.read_bytes() == held
    assert [kind for kind, _, _ in pages(held)].count(4) == 1


async def test_a_disk_that_refuses_costs_the_recording_and_not_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file", VoiceLimits())
    take = recorder.begin("never.opus", 0.0)
    take.tap(None)(rtp(1, payload=spoken(0.1)[0]), 0.0)
    assert await recorder.end(take) is None


def test_any_beginning_of_a_file_is_whole_up_to_its_last_page(tmp_path: Path) -> None:
    from realtime.voice.ogg import OggOpus

    file = OggOpus(5)
    packets = spoken(0.5)
    parts = [file.head()]
    for each in packets:
        parts += [file.put(each), file.page()]
    out = b"".join(parts)
    path = tmp_path / "cut.opus"
    for cut in range(0, len(out), 97):
        path.write_bytes(out[:cut])
        salvage(path)
        assert out.startswith(path.read_bytes())
        assert all(kind in (0, 2) for kind, _, _ in pages(path.read_bytes()))
