"""From both consents to two files and their end, over every way that packets can take."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sqlalchemy import update

from orders.database import Database
from orders.errors import FileUnknown, OrderUnknown, RecordingClosed, RecordingOver, Unavailable
from orders.events import (
    CallId,
    EntryRedacted,
    Event,
    PersonId,
    RecordingAgreed,
    RecordingAsked,
    RecordingEnd,
    RecordingGone,
    RecordingId,
    RecordingKept,
    RecordingStopped,
)
from orders.files import find_file
from orders.policy import Policy
from orders.redaction import redact
from orders.tables import media_processes
from orders.tables import recordings as table
from realtime.files.shelf import Shelf
from realtime.files.store import Disk, Store
from realtime.running import keeping
from realtime.voice import recordings
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.plane import MediaPath
from realtime.voice.signalling import Switchboard
from tests.orders.world import Room, entries_of, open_room, verified
from tests.realtime.voice.desk import until
from tests.realtime.voice.peer import Peer, rtp
from tests.realtime.voice.test_ogg import decoded, pages, pitch, spoken

LIMITS = VoiceLimits(pulse_seconds=0.05, renew_seconds=0.1, lag_seconds=60.0)
KEPT = timedelta(days=30)


class Office:
    """A switchboard that records into a folder, with its task running."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        limits: VoiceLimits,
        path: MediaPath,
        store: Store | None = None,
    ) -> None:
        self.database = database
        self.shelf = Shelf(database, store or Disk(folder / "files"), folder / "files")
        self.folder = folder / "recordings"
        self.board = Switchboard(
            database,
            limits=limits,
            reach=Reach(),
            on_signal=lambda *_: None,
            path=path,
            recordings=(self.folder, keeping(self.shelf)),
        )

    async def read(self, voice: str) -> bytes:
        size = await self.shelf.store.size(voice)
        assert size is not None
        return b"".join([piece async for piece in self.shelf.store.read(voice, 0, size)])


@asynccontextmanager
async def office(
    database: Database,
    folder: Path,
    limits: VoiceLimits = LIMITS,
    path: MediaPath = MediaPath.AUTO,
    store: Store | None = None,
) -> AsyncIterator[Office]:
    made = Office(database, folder, limits, path, store)
    running = asyncio.create_task(made.board.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await made.board.close()


async def told(database: Database, room: Room) -> list[tuple[PersonId, Event]]:
    return [
        (entry.actor, entry.event)
        for entry in await entries_of(database, room.order)
        if entry.event is not None and type(entry.event).__name__.startswith("Recording")
    ]


async def last(database: Database, room: Room) -> Event | None:
    return (await entries_of(database, room.order))[-1].event


async def recordable(database: Database) -> Room:
    return await open_room(database, Policy(recording=True))


async def talk(made: Office, room: Room) -> CallId:
    board = made.board
    await board.start(room.order, room.buyer, "ring")
    rang = [e.event for e in await entries_of(made.database, room.order)]
    call = next(e.call for e in reversed(rang) if type(e).__name__ == "CallRang")  # type: ignore[union-attr]
    await board.accept(room.order, room.seller, call, "accept")
    return call


async def consented(made: Office, room: Room, call: CallId) -> RecordingId:
    database = made.database
    await recordings.ask(database, room.order, room.buyer, call, "ask")
    asked = (await told(database, room))[-1][1]
    assert isinstance(asked, RecordingAsked)
    await recordings.answer(database, room.order, room.seller, asked.recording, "agree", agree=True)
    await made.board.look(room.order)
    return asked.recording


async def joined(made: Office, room: Room, person: PersonId, call: CallId, peer: Peer) -> None:
    sdp = await peer.offer()
    await peer.accept(await made.board.offer(room.order, person, call, "leg", sdp))


def recording_now(made: Office, call: CallId) -> bool:
    parties = made.board.node._calls.get(call, {})
    return len(parties) == 2 and all(
        party.take is not None and party.current is not None for party in parties.values()
    )


async def kept(made: Office, room: Room) -> RecordingKept:
    async def is_kept() -> bool:
        return isinstance(await last(made.database, room), RecordingKept)

    await until(is_kept)
    event = await last(made.database, room)
    assert isinstance(event, RecordingKept)
    return event


@pytest.mark.parametrize("way", ["native", "python", "peer"])
async def test_both_files_hold_bit_for_bit_what_was_heard(
    database: Database, tmp_path: Path, way: str
) -> None:
    room = await recordable(database)
    async with (
        office(database, tmp_path, path=MediaPath(way)) as made,
        Peer() as buyer,
        Peer() as seller,
    ):
        call = await talk(made, room)
        await joined(made, room, room.buyer, call, buyer)
        await joined(made, room, room.seller, call, seller)
        await made.board.look(room.order)
        packets = spoken(1.0)
        before = [os.urandom(30) for _ in range(5)]
        for number, payload in enumerate(before):
            buyer.send(rtp(number, payload=payload))
        await seller.until(lambda: len(seller.heard) == len(before))
        await consented(made, room, call)
        async with asyncio.timeout(60):
            while not recording_now(made, call):
                await asyncio.sleep(0.01)
        for number, payload in enumerate(packets):
            buyer.send(rtp(100 + number, payload=payload))
            seller.send(rtp(7_000 + number, payload=payload[:1] + payload[1:][::-1]))
            await asyncio.sleep(0.005)
        await seller.until(lambda: len(seller.heard) == len(before) + len(packets))
        await buyer.until(lambda: len(buyer.heard) == len(packets))
        await made.board.hang_up(room.order, room.buyer, call, "bye")
        event = await kept(made, room)
        files = {voice.person: await made.read(voice.file) for voice in event.voices}
        assert event.whole
        assert [voice.lost for voice in event.voices] == [0, 0]

        def payloads(file: bytes) -> list[bytes]:
            return [each for _, _, held in pages(file) for each in held if len(each) > 2][2:]

        assert payloads(files[room.buyer]) == packets
        assert payloads(files[room.seller]) == [each[:1] + each[1:][::-1] for each in packets]
        assert list(made.folder.iterdir()) == []
    await verified(database, room.order)


async def test_nothing_is_recorded_without_the_marketplace_or_by_strangers(
    database: Database, tmp_path: Path
) -> None:
    room, other = await open_room(database), await recordable(database)
    async with office(database, tmp_path) as made:
        call = await talk(made, room)
        with pytest.raises(RecordingClosed):
            await recordings.ask(database, room.order, room.buyer, call, "ask")
        call = await talk(made, other)
        with pytest.raises(OrderUnknown):
            await recordings.ask(database, other.order, room.buyer, call, "ask")
        assert await told(database, room) == []


async def test_said_twice_is_said_once(database: Database, tmp_path: Path) -> None:
    room = await recordable(database)
    async with office(database, tmp_path) as made:
        call = await talk(made, room)
        first = await recordings.ask(database, room.order, room.buyer, call, "ask")
        assert await recordings.ask(database, room.order, room.buyer, call, "ask") == first
        await recordings.ask(database, room.order, room.seller, call, "me too")
        events = [type(event) for _, event in await told(database, room)]
        assert events == [RecordingAsked, RecordingAgreed]


async def test_a_question_ends_with_its_call(database: Database, tmp_path: Path) -> None:
    room = await recordable(database)
    async with office(database, tmp_path) as made:
        call = await talk(made, room)
        await recordings.ask(database, room.order, room.buyer, call, "ask")
        event = (await told(database, room))[-1][1]
        assert isinstance(event, RecordingAsked)
        await made.board.hang_up(room.order, room.buyer, call, "bye")
        with pytest.raises(RecordingOver):
            await recordings.answer(
                database, room.order, room.seller, event.recording, "late", agree=True
            )


@asynccontextmanager
async def recorded(
    database: Database,
    folder: Path,
    room: Room,
    store: Store | None = None,
    limits: VoiceLimits = LIMITS,
) -> AsyncIterator[tuple[Office, CallId, RecordingId]]:
    """A call in which the buyer has said a second of a tone while it was recorded."""
    async with (
        office(database, folder, limits, store=store) as made,
        Peer() as buyer,
        Peer() as seller,
    ):
        call = await talk(made, room)
        await joined(made, room, room.buyer, call, buyer)
        await joined(made, room, room.seller, call, seller)
        recording = await consented(made, room, call)
        async with asyncio.timeout(60):
            while not recording_now(made, call):
                await asyncio.sleep(0.01)
        packets = spoken(1.0)
        for number, payload in enumerate(packets):
            buyer.send(rtp(number, payload=payload))
            await asyncio.sleep(0.02)
        await seller.until(lambda: len(seller.heard) == len(packets))
        yield made, call, recording


async def test_withdrawing_stops_at_once_and_afterwards_erases(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    async with recorded(database, tmp_path, room) as (made, call, recording):
        await recordings.stop(database, room.order, room.seller, recording, "stop")
        await made.board.look(room.order)
        event = await kept(made, room)
        assert call in made.board.node.calls
        assert (room.seller, RecordingStopped(recording, call, RecordingEnd.WITHDRAWN)) in (
            await told(database, room)
        )
        voice = next(each for each in event.voices if each.person == room.buyer)
        wave = decoded(await made.read(voice.file))
        loudness = np.abs(wave)
        loud = wave[loudness > np.max(loudness) / 2]
        assert len(loud) > 0
        assert abs(pitch(wave[24_000:60_000]) - 440) < 5
        await recordings.erase(database, room.order, room.seller, recording, "erase")
        await recordings.erase(database, room.order, room.seller, recording, "again")
        erased = await last(database, room)
        assert isinstance(erased, EntryRedacted)
        assert erased.recording == recording
        async with database.reading() as conn:
            with pytest.raises(FileUnknown):
                await find_file(conn, room.order, voice.file)
        made.shelf._looked = 0.0
        await made.shelf.erase_removed()
        assert await made.shelf.store.size(voice.file) is None
    await verified(database, room.order)


async def test_the_operator_erases_and_so_does_time(database: Database, tmp_path: Path) -> None:
    room = await recordable(database)
    async with recorded(database, tmp_path, room) as (made, call, recording):
        await made.board.hang_up(room.order, room.buyer, call, "bye")
        event = await kept(made, room)
        seq = (await entries_of(database, room.order))[-1].seq
        assert event.until - (await entries_of(database, room.order))[-1].at == KEPT
        async with database.transaction() as tx:
            await tx.conn.execute(
                update(table)
                .where(table.c.recording_id == recording)
                .values(erase_at=tx.now - timedelta(seconds=1))
            )
        await recordings.expire(database)
        await redact(database, room.order, seq)
        assert (await entries_of(database, room.order, seq - 1))[0].event is None
        async with database.reading() as conn:
            found = await recordings.find(conn, room.order, recording)
        assert found.state == "gone"
    await verified(database, room.order)


async def test_a_process_that_stops_keeps_what_it_recorded(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    async with recorded(database, tmp_path, room) as (_, call, recording):
        pass
    events = [event for _, event in await told(database, room)]
    assert RecordingStopped(recording, call, RecordingEnd.MOVED) in events
    assert isinstance(events[-1], RecordingKept)
    assert events[-1].whole


async def test_what_a_dead_process_wrote_is_taken_over_by_the_next_on_its_disk(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    async with office(database, tmp_path) as made:
        call = await talk(made, room)
        recording = await consented(made, room, call)
        async with asyncio.timeout(60):
            while call not in made.board.node.calls:
                await asyncio.sleep(0.01)
    # as a kill leaves it: a run of another name, and a file cut in the middle of a page
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(table)
            .where(table.c.recording_id == recording)
            .values(state="on", incarnation="killed", kept_seq=0)
        )
    from realtime.voice.ogg import OggOpus

    file = OggOpus(5)
    out = file.head() + b"".join(file.put(each) for each in spoken(1.0)) + file.page()
    (tmp_path / "recordings").mkdir(exist_ok=True)
    (tmp_path / "recordings" / f"{recording}-{room.buyer}.opus").write_bytes(out + out[:40])
    async with office(database, tmp_path) as next_one:
        await next_one.board.end_lapsed()
        await next_one.board.end_lapsed()
        event = await kept(next_one, room)
        assert not event.whole
        assert [voice.seconds for voice in event.voices] == [1]
        wave = decoded(await next_one.read(event.voices[0].file))
        assert abs(pitch(wave[12_000:36_000]) - 440) < 5


class Forgetful(Disk):
    """A store whose word is lost so often after it kept a file, as that of a database may be."""

    def __init__(self, folder: Path, times: int) -> None:
        super().__init__(folder)
        self.left = times

    async def keep(self, path: Path, name: str) -> None:
        await super().keep(path, name)
        if self.left:
            self.left -= 1
            raise Unavailable(reason="database")


async def test_what_could_not_be_kept_is_kept_later(database: Database, tmp_path: Path) -> None:
    room = await recordable(database)
    store = Forgetful(tmp_path / "files", 3)
    eager = msgspec.structs.replace(LIMITS, recording_again_seconds=0.1)
    async with recorded(database, tmp_path, room, store, eager) as (made, call, recording):
        await made.board.hang_up(room.order, room.buyer, call, "bye")
        event = await kept(made, room)
        assert (event.recording, event.whole, store.left) == (recording, True, 0)
        voice = next(each for each in event.voices if each.person == room.buyer)
        assert abs(pitch(decoded(await made.read(voice.file))[24_000:60_000]) - 440) < 5
        await only(tmp_path)


async def test_what_a_process_had_stored_when_it_died_is_kept_by_the_next(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    never = Forgetful(tmp_path / "files", 1_000)
    async with recorded(database, tmp_path, room, never) as (made, call, recording):
        await made.board.hang_up(room.order, room.buyer, call, "bye")
        async with asyncio.timeout(60):
            while never.left == 1_000:
                await asyncio.sleep(0.01)
    assert not isinstance(await last(database, room), RecordingKept | RecordingGone)
    await lapsed(database)
    async with office(database, tmp_path) as next_one:
        await next_one.board.end_lapsed()
        event = await kept(next_one, room)
        assert event.recording == recording
        voice = next(each for each in event.voices if each.person == room.buyer)
        assert abs(pitch(decoded(await next_one.read(voice.file))[24_000:60_000]) - 440) < 5
        await only(tmp_path)


async def test_what_lies_about_of_a_recording_that_is_kept_is_erased(
    database: Database, tmp_path: Path
) -> None:
    room = await recordable(database)
    async with recorded(database, tmp_path, room) as (_, _, recording):
        pass
    await only(tmp_path)
    # the process died between its commit and erasing them
    for suffix in (".opus", ".whole"):
        (tmp_path / "recordings" / f"{recording}-{room.buyer}{suffix}").write_bytes(b"OggS")
    foreign = tmp_path / "recordings" / f"r_0123-{room.buyer}.opus"
    foreign.write_bytes(b"OggS")  # no recording of this database
    async with office(database, tmp_path):
        await only(tmp_path, foreign)


async def only(folder: Path, *left: Path) -> None:
    """Wait until nothing else lies where recordings are written."""
    async with asyncio.timeout(60):
        while list((folder / "recordings").iterdir()) != list(left):
            await asyncio.sleep(0.01)


async def lapsed(database: Database) -> None:
    """Let every media process have been heard of last a while ago."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(media_processes).values(lease_until=tx.now - timedelta(seconds=1))
        )


async def test_what_nobody_finds_is_given_up_and_said(database: Database, tmp_path: Path) -> None:
    room = await recordable(database)
    impatient = msgspec.structs.replace(LIMITS, recording_gone_seconds=0.0)
    async with office(database, tmp_path) as made:
        call = await talk(made, room)
        recording = await consented(made, room, call)
        async with asyncio.timeout(60):
            while call not in made.board.node.calls:
                await asyncio.sleep(0.01)
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(table)
            .where(table.c.recording_id == recording)
            .values(state="on", incarnation="killed", kept_seq=0)
        )
    async with office(database, tmp_path / "elsewhere", impatient) as next_one:
        await next_one.board.end_lapsed()
        await next_one.board.end_lapsed()
    assert (await told(database, room))[-1][1] == RecordingGone(
        recording, call, RecordingEnd.FAILED
    )
