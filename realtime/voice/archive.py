"""The work of the media process that writes recordings: it starts, keeps and gives them up.

What was written is kept in the transaction whose entry tells of it. Its bytes stay with the
process until that is durable, so it is tried again for as long as the store or the database is
away. What a process that died had on its disk is taken over by the next one that finds the file,
or given up after `recording_gone_seconds`; the entry says which.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import select, update

from orders import timeline
from orders.database import Database, portions
from orders.errors import Unavailable
from orders.events import (
    CLOCK,
    FileId,
    OrderId,
    PersonId,
    RecordedVoice,
    RecordingEnd,
    RecordingGone,
    RecordingId,
    RecordingKept,
    RecordingStopped,
)
from orders.files import keep_voice
from orders.locking import lock
from orders.tables import calls, media_processes, recordings
from orders.timeline import Draft
from realtime.voice.consent import Recording, RecordingState
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.recordings import find, recording_of, tell
from realtime.voice.takes import Recorder, Take, Taken, salvage

log = structlog.get_logger(__name__)

SUFFIX = ".opus"


class Shelved(msgspec.Struct, frozen=True):
    """A file that is in the store."""

    file: FileId
    size: int
    sha256: bytes


class Store(msgspec.Struct, frozen=True):
    """Where finished files go: `keep` stores the bytes of one, which stays where it is.

    `discard` erases one that nobody knows of.
    """

    keep: Callable[[Path], Awaitable[Shelved]]
    discard: Callable[[FileId], Awaitable[None]]


class Archive:
    """What this run of the process records: compares itself with the database, keeps, gives up."""

    def __init__(
        self,
        database: Database,
        node: Node,
        recorder: Recorder,
        store: Store,
        limits: VoiceLimits,
    ) -> None:
        """Nothing is recorded yet."""
        self._database = database
        self._node = node
        self._recorder = recorder
        self._store = store
        self._limits = limits
        # Files being written, by recording; who speaks in each.
        self._running: dict[RecordingId, dict[PersonId, Take]] = {}
        self._began: dict[RecordingId, float] = {}
        # What of it is closed, until it is clear what became of it.
        self._closed: dict[RecordingId, dict[PersonId, Taken | None]] = {}
        self._again: dict[RecordingId, float] = {}
        self._cleared = False

    async def tend(self) -> None:
        """Start what should be on, stop what should not, keep what is over."""
        own = self._node.incarnation
        async with self._database.reading() as conn:
            rows = await conn.execute(
                select(recordings, calls.c.caller, calls.c.callee, calls.c.incarnation.label("at"))
                .join(
                    calls,
                    (calls.c.order_id == recordings.c.order_id)
                    & (calls.c.call_id == recordings.c.call_id),
                )
                .where(
                    recordings.c.incarnation == own,
                    recordings.c.state.in_([RecordingState.ON, RecordingState.OVER]),
                )
            )
            mine = [
                (OrderId(row.order_id), recording_of(row), (row.caller, row.callee), row.at)
                for row in rows
            ]
        for gone in self._running.keys() - {each.id for _, each, _, _ in mine}:
            await self._abandon(gone)
        for order, recording, people, carrier in mine:
            with self._trying(recording) as due:
                if not due:
                    continue
                if recording.state is RecordingState.OVER:
                    await self._finish(order, recording)
                elif carrier != own:
                    await self._stop(order, recording, RecordingEnd.MOVED)
                elif recording.id not in self._running:
                    self._begin(recording, people)
                elif time.monotonic() - self._began[recording.id] > self._limits.recording_seconds:
                    await self._stop(order, recording, RecordingEnd.LONGEST)

    async def close(self) -> None:
        """Stop and keep everything: this run of the process ends."""
        own = self._node.incarnation
        if not self._running:
            return
        async with self._database.reading() as conn:
            rows = await conn.execute(
                select(recordings).where(
                    recordings.c.incarnation == own,
                    recordings.c.state.in_([RecordingState.ON, RecordingState.OVER]),
                )
            )
            mine = [(OrderId(row.order_id), recording_of(row)) for row in rows]
        self._again.clear()
        for order, recording in mine:
            with self._trying(recording):
                if recording.state is RecordingState.ON:
                    await self._stop(order, recording, RecordingEnd.MOVED)
                else:
                    await self._finish(order, recording)

    async def clear(self) -> None:
        """Erase, once, what processes left behind that died after it was clear what became of it.

        Files of a recording that is not settled stay: somebody writes them, or takes them over.
        """
        if self._cleared:
            return
        names = await asyncio.to_thread(self._lying)
        for some in portions(sorted(names)):
            async with self._database.reading() as conn:
                settled = await conn.scalars(
                    select(recordings.c.recording_id).where(
                        recordings.c.recording_id.in_(some),
                        recordings.c.state.in_([RecordingState.KEPT, RecordingState.GONE]),
                    )
                )
                over = [RecordingId(each) for each in settled]
            for recording in over:
                await self._forget(recording)
        self._cleared = True

    async def rescue(self) -> None:
        """Take over, or give up, what processes were writing that are gone. A chore."""
        now = await self._database.now()
        async with self._database.reading() as conn:
            alive = select(media_processes.c.incarnation).where(
                media_processes.c.incarnation == recordings.c.incarnation,
                media_processes.c.lease_until > now,
            )
            rows = await conn.execute(
                select(recordings).where(
                    recordings.c.state.in_([RecordingState.ON, RecordingState.OVER]),
                    recordings.c.incarnation != self._node.incarnation,
                    ~alive.exists(),
                )
            )
            left = [(OrderId(row.order_id), recording_of(row), row.changed_at) for row in rows]
        patience = timedelta(seconds=self._limits.recording_gone_seconds)
        for order, recording, since in left:
            with self._trying(recording) as due:
                if not due:
                    continue
                if recording.state is RecordingState.ON:
                    await self._over(order, recording, RecordingEnd.MOVED)
                    continue
                found = await asyncio.to_thread(self._left_by, recording.id)
                if found:
                    await self._keep(order, recording, found, whole=False)
                elif now - since > patience:
                    await self._give_up(order, recording, RecordingEnd.FAILED)

    @contextmanager
    def _trying(self, recording: Recording) -> Iterator[bool]:
        """Say whether it is time to try; one that fails holds up no other, and waits a while."""
        now = time.monotonic()
        try:
            yield now >= self._again.get(recording.id, now)
        except Unavailable as error:
            log.warning("a recording waits", reason=error.facts.get("reason"))
        except Exception:
            log.exception("a recording could not be looked after")
        else:
            return
        self._again[recording.id] = now + self._limits.recording_again_seconds

    def _begin(self, recording: Recording, people: Sequence[PersonId]) -> None:
        now = time.monotonic()
        takes = {
            person: self._recorder.begin(f"{recording.id}-{person}{SUFFIX}", now)
            for person in people
        }
        self._running[recording.id], self._began[recording.id] = takes, now
        self._node.record(recording.call, {str(person): take for person, take in takes.items()})

    async def _stop(self, order: OrderId, recording: Recording, why: RecordingEnd) -> None:
        """Stop for no person's wish, and keep what there is."""
        self._node.record(recording.call, {})
        await self._over(order, recording, why)
        await self._finish(order, recording)

    async def _over(self, order: OrderId, recording: Recording, why: RecordingEnd) -> None:
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            if (await find(tx.conn, order, recording.id)).state is RecordingState.ON:
                event = RecordingStopped(recording.id, recording.call, why)
                await tell(tx, locked, event, Draft(CLOCK, event))

    async def _finish(self, order: OrderId, recording: Recording) -> None:
        """What is over is closed and kept."""
        self._node.record(recording.call, {})
        takes = self._running.get(recording.id, {})
        taken = await self._close(recording.id)
        found = {person: each for person, each in taken.items() if each is not None}
        if any(each.packets for each in found.values()):
            await self._keep(order, recording, found, whole=len(found) == len(taken))
            return
        failed = any(take.failed for take in takes.values())
        await self._give_up(order, recording, RecordingEnd.FAILED if failed else RecordingEnd.EMPTY)

    async def _close(self, recording: RecordingId) -> dict[PersonId, Taken | None]:
        """Close the files; done already it says the same again."""
        if recording not in self._closed:
            now = time.monotonic()  # one end for both: they are played beside each other
            takes = self._running.get(recording, {})
            self._closed[recording] = {
                person: await self._recorder.end(take, now) for person, take in takes.items()
            }
        return self._closed[recording]

    async def _keep(
        self,
        order: OrderId,
        recording: Recording,
        found: dict[PersonId, Taken],
        *,
        whole: bool,
    ) -> None:
        shelved = {person: await self._store.keep(each.path) for person, each in found.items()}
        # an answer that is lost leaves files that are perhaps known: `tidy` finds out later
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            now = await find(tx.conn, order, recording.id)
            still = now.state is RecordingState.OVER
            if still:
                voices = tuple(
                    RecordedVoice(
                        person, shelved[person].file, shelved[person].size,
                        round(each.seconds), each.lost,
                    )
                    for person, each in found.items()
                )  # fmt: skip
                until = tx.now + timedelta(seconds=locked.facts.policy.recording_kept)
                event = RecordingKept(recording.id, recording.call, voices, until, whole)
                _, (entry,) = await timeline.append(
                    tx, locked.head, locked.owes, [Draft(CLOCK, event)]
                )
                await keep_voice(
                    tx,
                    entry,
                    [
                        (
                            person,
                            f"{locked.part_of(person)}{SUFFIX}",
                            each.file,
                            each.size,
                            each.sha256,
                        )
                        for person, each in shelved.items()
                    ],
                )
                await tx.conn.execute(
                    update(recordings)
                    .where(
                        recordings.c.order_id == order,
                        recordings.c.recording_id == recording.id,
                    )
                    .values(state=RecordingState.KEPT, kept_seq=entry.seq, erase_at=until)
                )
        await self._forget(recording.id)
        if not still:
            for each in shelved.values():
                await self._store.discard(each.file)

    async def _give_up(self, order: OrderId, recording: Recording, why: RecordingEnd) -> None:
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            if (await find(tx.conn, order, recording.id)).state is RecordingState.OVER:
                event = RecordingGone(recording.id, recording.call, why)
                await tell(tx, locked, event, Draft(CLOCK, event))
        await self._forget(recording.id)

    async def _abandon(self, recording: RecordingId) -> None:
        """Erase what was written: consent was withdrawn before it was kept, or it is kept."""
        await self._close(recording)
        await self._forget(recording)

    async def _forget(self, recording: RecordingId) -> None:
        """Erase what lies here of a recording of which it is clear what became."""
        await asyncio.to_thread(self._erase, recording)
        for held in (self._running, self._began, self._closed, self._again):
            held.pop(recording, None)

    def _erase(self, recording: RecordingId) -> None:
        for path in self._recorder.folder.glob(f"{recording}-*"):
            path.unlink(missing_ok=True)

    def _lying(self) -> set[str]:
        """The recordings of which anything lies in our folder."""
        return {path.name.partition("-")[0] for path in self._recorder.folder.glob("r_*-*")}

    def _left_by(self, recording: RecordingId) -> dict[PersonId, Taken]:
        """What a process that is gone wrote on our disk."""
        if not self._recorder.folder.is_dir():
            return {}
        names = sorted(self._recorder.folder.glob(f"{recording}-*{SUFFIX}"))
        told = {
            PersonId(path.name.removesuffix(SUFFIX).removeprefix(f"{recording}-")): salvage(path)
            for path in names
        }
        return {person: each for person, each in told.items() if each.seconds > 0}
