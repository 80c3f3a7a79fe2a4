"""What a recording holds: of a process that was killed, in a bucket, over mute and hold."""

import asyncio
import itertools
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from orders.database import Database
from orders.events import (
    CallId,
    PersonId,
    RecordingEnd,
    RecordingId,
    RecordingKept,
    RecordingStopped,
)
from orders.files import find_file
from realtime.files.bucket import Account, Bucket
from realtime.voice import recordings
from realtime.voice.ogg import PRE_SKIP, UNIT, samples
from tests.orders.world import Room, opened, verified
from tests.realtime.voice.peer import Peer
from tests.realtime.voice.talking import CLOCK, FRAME, Voice
from tests.realtime.voice.test_ogg import decoded, pages, pitch, spoken
from tests.realtime.voice.test_recordings import (
    LIMITS,
    Office,
    consented,
    joined,
    kept,
    office,
    recordable,
    recording_now,
    talk,
    told,
)

ROOT = Path(__file__).parents[3]
TONE = 440
EDGE = CLOCK // 5
"""Samples around a change that belong to neither side: a frame, and how it is heard out."""
NEAR = UNIT
"""Samples by which a file may be wrong: the shortest frame fills its gaps."""


@asynccontextmanager
async def both_there(
    made: Office, room: Room
) -> AsyncIterator[tuple[CallId, RecordingId, dict[PersonId, Voice]]]:
    """A recorded call in which nobody has said anything yet."""
    async with Peer() as buyer, Peer() as seller:
        call = await talk(made, room)
        await joined(made, room, room.buyer, call, buyer)
        await joined(made, room, room.seller, call, seller)
        recording = await consented(made, room, call)
        async with asyncio.timeout(60):
            while not recording_now(made, call):
                await asyncio.sleep(0.01)
        yield call, recording, {room.buyer: Voice(buyer), room.seller: Voice(seller)}


@asynccontextmanager
async def both_speak(
    made: Office, room: Room
) -> AsyncIterator[tuple[CallId, RecordingId, dict[PersonId, Voice]]]:
    """A recorded call in which both say a tone all the time."""
    async with both_there(made, room) as (call, recording, voices):
        speaking = [asyncio.create_task(each.speak()) for each in voices.values()]
        try:
            yield call, recording, voices
        finally:
            for task in speaking:
                task.cancel()
            await asyncio.gather(*speaking, return_exceptions=True)


async def heard_all(made: Office, call: CallId, voices: dict[PersonId, Voice]) -> None:
    """Wait until whatever was said so far has come to the node."""
    wanted = {person: voice.sent for person, voice in voices.items()}
    async with asyncio.timeout(60):
        for person, count in wanted.items():
            while (
                heard := made.board.node.hearing(call, person)
            ) is None or heard.received < count:
                await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Part:
    """What one person said while no gate moved."""

    passes: bool
    """No gate was closed."""
    packets: list[bytes]
    said: list[int]
    """The timestamp of each."""


def placed(file: bytes) -> list[tuple[int, bytes]]:
    """The packets of a file that hold sound, and the sample at which each begins."""
    found, at = [], 0
    for packet in [each for _, _, held in pages(file) for each in held][2:]:
        if len(packet) > 2:
            found.append((at, packet))
        at += samples(packet)
    return found


async def test_of_a_process_that_is_killed_everything_but_the_last_second_is_kept(
    own_database_url: str, tmp_path: Path
) -> None:
    async with opened(own_database_url) as database:
        room = await recordable(database)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "tests/realtime/voice/recorded.py"),
            own_database_url, *(room.order, room.buyer, room.seller), str(tmp_path),
            stdout=PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        recording = RecordingId(line.decode().strip())
        assert recording
        process.kill()
        await process.wait()
        async with office(database, tmp_path) as next_one:
            async with asyncio.timeout(60):
                while not isinstance((await told(database, room))[-1][1], RecordingKept):
                    await next_one.board.end_lapsed()
                    await asyncio.sleep(0.1)
            event = await kept(next_one, room)
            assert event.recording == recording
            assert not event.whole
            assert {each.person for each in event.voices} == {room.buyer, room.seller}
            for voice in event.voices:
                file = await next_one.read(voice.file)
                assert [kind for kind, _, _ in pages(file)].count(2) == 1  # begun once
                wave = decoded(file)
                assert len(wave) >= CLOCK
                assert abs(pitch(wave[CLOCK // 4 : CLOCK]) - TONE) < 5
                async with database.reading() as conn:  # and it is a file of the order
                    assert (await find_file(conn, room.order, voice.file)).size == len(file)
            assert list(next_one.folder.iterdir()) == []
        events = [event for _, event in await told(database, room)]
        assert any(
            isinstance(each, RecordingStopped) and each.end is RecordingEnd.MOVED for each in events
        )
        await verified(database, room.order)


async def test_a_recording_is_kept_in_a_bucket_and_erased_there(
    database: Database, tmp_path: Path, s3_bucket: dict[str, str]
) -> None:
    account = Account(s3_bucket["ORDER_ROOM_S3_ENDPOINT"], "us-east-1", "test", "test")
    bucket = Bucket(s3_bucket["ORDER_ROOM_FILES_URL"], account)
    room = await recordable(database)
    async with office(database, tmp_path, store=bucket) as made:
        async with both_speak(made, room) as (call, recording, voices):
            async with asyncio.timeout(60):
                while min(each.sent for each in voices.values()) < 30:
                    await asyncio.sleep(0.02)
            await heard_all(made, call, voices)
            await made.board.hang_up(room.order, room.seller, call, "bye")
        event = await kept(made, room)
        for voice in event.voices:
            wave = decoded(await made.read(voice.file))
            assert abs(pitch(wave[CLOCK // 10 : CLOCK // 2]) - TONE) < 10
        assert list(made.folder.iterdir()) == []
        await recordings.erase(database, room.order, room.buyer, recording, "erase")
        made.shelf._looked = 0.0
        await made.shelf.erase_removed()
        assert [await bucket.size(voice.file) for voice in event.voices] == [None, None]


async def test_mute_and_hold_are_silence_of_the_right_length_in_both_files(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    both = (room.buyer, room.seller)
    parts: dict[PersonId, list[Part]] = {person: [] for person in both}
    tone = itertools.cycle(spoken(1.0))
    async with office(database, tmp_path) as made:
        async with both_there(made, room) as (call, recording, voices):
            assert made.board._carried._archive is not None
            began = made.board._carried._archive._began[recording]
            node = made.board.node

            async def speak(passes: dict[PersonId, bool]) -> None:
                words = {person: [next(tone) for _ in range(40)] for person in both}
                said = await asyncio.gather(*(voices[each].say(words[each]) for each in both))
                await heard_all(made, call, voices)
                for person, times in zip(both, said, strict=True):
                    parts[person].append(Part(passes[person], words[person], times))

            first = time.monotonic() - began
            await speak({room.buyer: True, room.seller: True})
            node.mute(call, room.buyer, muted=True)
            await speak({room.buyer: False, room.seller: True})
            node.mute(call, room.buyer, muted=False)
            await speak({room.buyer: True, room.seller: True})
            node.hold(call, room.seller, holding=True)
            await speak({room.buyer: False, room.seller: False})
            node.hold(call, room.seller, holding=False)
            await speak({room.buyer: True, room.seller: True})
            last = time.monotonic() - began
            await made.board.hang_up(room.order, room.buyer, call, "bye")
        event = await kept(made, room)
        over = time.monotonic() - began
        files = {each.person: await made.read(each.file) for each in event.voices}

    lengths = [len(decoded(file)) / CLOCK for file in files.values()]
    assert abs(lengths[0] - lengths[1]) <= 2 * NEAR / CLOCK
    assert last - NEAR / CLOCK <= lengths[0] + PRE_SKIP / CLOCK <= over
    for person, file in files.items():
        found = placed(file)
        heard = [part for part in parts[person] if part.passes]
        assert [packet for _, packet in found] == [each for part in heard for each in part.packets]
        # Where each stands is told by when it was said, over every silence.
        said = [at for part in heard for at in part.said]
        for (at, _), when in zip(found, said, strict=True):
            assert abs((at - found[0][0]) - (when - said[0])) <= NEAR
        assert first - NEAR / CLOCK <= found[0][0] / CLOCK <= over
        # And so it sounds.
        wave = np.abs(decoded(file)) / np.max(np.abs(decoded(file)))
        shift = found[0][0] - said[0] - PRE_SKIP
        for before, part, after in zip(
            parts[person], parts[person][1:], parts[person][2:], strict=False
        ):
            if part.passes:
                assert wave[shift + part.said[0] : shift + part.said[-1] + FRAME].max() > 0.5
            else:
                silence = wave[shift + before.said[-1] + EDGE : shift + after.said[0] - EDGE]
                assert len(silence) > 40 * FRAME - 2 * EDGE
                assert silence.max() < 0.1


async def test_the_longest_recording_stops_is_kept_and_says_so(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    short = msgspec.structs.replace(LIMITS, recording_seconds=0.5)
    async with (
        office(database, tmp_path, short) as made,
        both_speak(made, room) as (call, recording, _),
    ):
        event = await kept(made, room)
        assert event.whole
        assert call in made.board.node.calls  # the talk goes on
        events = [event for _, event in await told(database, room)]
        assert RecordingStopped(recording, call, RecordingEnd.LONGEST) in events
