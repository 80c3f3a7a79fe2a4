"""Recordings in the database, and the work of the media process that writes them.

What people ask is one transaction under the order's lock each. The process that carries the call
reads from the database which recordings are on, as it reads which calls it carries: so nothing
is recorded before both consents are durable. A recording belongs to one run of one process; when
the call moves on it stops, and both may ask again.

What was written is kept in the transaction whose entry tells of it. Its bytes stay with the
process until that is durable, so it is tried again for as long as the store or the database is
away. What a process that died had on its disk is taken over by the next one that finds the file,
or given up after `recording_gone_seconds`; the entry says which.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.commands import command_digest
from orders.database import Database, Transaction, portions
from orders.errors import OrderUnknown, RecordingUnknown, Unavailable
from orders.events import (
    CLOCK,
    CallId,
    FileId,
    OrderId,
    PersonId,
    RecordedVoice,
    RecordingEnd,
    RecordingGone,
    RecordingId,
    RecordingKept,
    RecordingStopped,
    Role,
)
from orders.files import keep_voice
from orders.locking import LockedOrder, lock
from orders.redaction import erase_recording
from orders.tables import calls, media_processes, recordings
from orders.timeline import Draft, Position
from realtime.voice import callbook, consent
from realtime.voice.consent import Recording, RecordingState, Told, Verb
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
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


# ------------------------------------------------------------------------ what people ask


async def ask(
    database: Database, order: OrderId, person: PersonId, call: CallId, client_id: str
) -> Position:
    """Ask to record the call; if the other party asked already, agree.

    Raises `OrderUnknown`, `CallUnknown`, `IdReused`, `Unavailable` and what `consent.ask` raises.
    """
    content = command_digest(Verb.ASK, call)
    async with database.transaction() as tx:
        locked, _ = await _party(tx, order, person)
        first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
        if first is not None:
            return first
        found = await callbook.find(tx.conn, order, call)
        present = await _open(tx.conn, order, call)
        policy = locked.facts.policy
        kept = int(policy.recording_kept) if policy.recording else 0
        new = RecordingId("r_" + secrets.token_hex(10))
        event = consent.ask(found, present, person, new, kept=kept)
        if present is None:
            await tx.conn.execute(
                insert(recordings).values(
                    order_id=order,
                    recording_id=event.recording,
                    call_id=call,
                    asked_by=person,
                    state=RecordingState.ASKED,
                    incarnation="",
                    changed_at=tx.now,
                    kept_seq=0,
                )
            )
        return await _tell(tx, locked, event, Draft(person, event, client_id, content))


async def answer(
    database: Database,
    order: OrderId,
    person: PersonId,
    recording: RecordingId,
    client_id: str,
    *,
    agree: bool,
) -> Position:
    """Agree to be recorded, or refuse.

    Raises `OrderUnknown`, `RecordingUnknown`, `IdReused`, `Unavailable` and what
    `consent.answer` raises.
    """
    content = command_digest(Verb.ANSWER, recording, agree)
    async with database.transaction() as tx:
        locked, role = await _party(tx, order, person)
        first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
        if first is not None:
            return first
        found = await find(tx.conn, order, recording)
        event = consent.answer(found, person, role, agree=agree)
        return await _tell(tx, locked, event, Draft(person, event, client_id, content))


async def stop(
    database: Database, order: OrderId, person: PersonId, recording: RecordingId, client_id: str
) -> Position:
    """Withdraw during the call: take the question back, or stop at once. Raises as `answer`."""
    content = command_digest(Verb.STOP, recording)
    async with database.transaction() as tx:
        locked, role = await _party(tx, order, person)
        first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
        if first is not None:
            return first
        event = consent.stop(await find(tx.conn, order, recording), person, role)
        return await _tell(tx, locked, event, Draft(person, event, client_id, content))


async def erase(
    database: Database, order: OrderId, person: PersonId, recording: RecordingId, client_id: str
) -> Position:
    """Withdraw afterwards: what was recorded is erased. Repeating it is harmless.

    Raises as `answer`, and what `consent.may_erase` raises.
    """
    async with database.transaction() as tx:
        locked, _ = await _party(tx, order, person)
        found = await find(tx.conn, order, recording)
        if found.state is RecordingState.GONE:
            return Position(locked.head.seq, locked.head.at)
        consent.may_erase(found)
        if found.state is RecordingState.KEPT:
            await erase_recording(tx, locked, found.kept, person)
            return Position(locked.head.seq + 1, max(tx.now, locked.head.at))
        event = RecordingGone(found.id, found.call, RecordingEnd.WITHDRAWN)
        return await _tell(tx, locked, event, Draft(person, event, client_id))


async def find(conn: AsyncConnection, order: OrderId, recording: RecordingId) -> Recording:
    """Read one recording. Raises `RecordingUnknown`."""
    row = (
        await conn.execute(
            select(recordings).where(
                recordings.c.order_id == order, recordings.c.recording_id == recording
            )
        )
    ).first()
    if row is None:
        raise RecordingUnknown
    return _recording(row)


async def expire(database: Database) -> None:
    """Erase what was kept for as long as it may be. A chore."""
    async with database.reading() as conn:
        rows = await conn.execute(
            select(recordings.c.order_id, recordings.c.recording_id)
            .where(recordings.c.erase_at <= await database.now())
            .limit(100)
        )
        due = [(OrderId(row.order_id), RecordingId(row.recording_id)) for row in rows]
    for order, recording in due:
        async with database.transaction() as tx:
            locked = await lock(tx, order)
            found = await find(tx.conn, order, recording)
            if found.state is RecordingState.KEPT:
                await erase_recording(tx, locked, found.kept)


async def _party(tx: Transaction, order: OrderId, person: PersonId) -> tuple[LockedOrder, Role]:
    """The order under its lock, and the person's part; a mediator is no party of a call."""
    locked = await lock(tx, order)
    role = locked.role_of(person)
    if role not in (Role.BUYER, Role.SELLER):
        raise OrderUnknown(order=order)
    return locked, role


async def _open(conn: AsyncConnection, order: OrderId, call: CallId) -> Recording | None:
    row = (
        await conn.execute(
            select(recordings).where(
                recordings.c.order_id == order,
                recordings.c.call_id == call,
                recordings.c.state.in_([RecordingState.ASKED, RecordingState.ON]),
            )
        )
    ).first()
    return None if row is None else _recording(row)


async def _tell(tx: Transaction, locked: LockedOrder, event: Told, draft: Draft) -> Position:
    """Save where the recording stands after an event, and append it."""
    change: dict[str, Any] = {"state": consent.after(event), "changed_at": tx.now}
    if change["state"] is RecordingState.ON:
        change["incarnation"] = await tx.conn.scalar(
            select(calls.c.incarnation).where(
                calls.c.order_id == locked.id, calls.c.call_id == event.call
            )
        )
    await tx.conn.execute(
        update(recordings)
        .where(recordings.c.order_id == locked.id, recordings.c.recording_id == event.recording)
        .values(**change)
    )
    _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
    return Position(entry.seq, entry.at)


def _recording(row: Row[Any]) -> Recording:
    return Recording(
        id=RecordingId(row.recording_id),
        call=CallId(row.call_id),
        asked_by=PersonId(row.asked_by),
        state=RecordingState(row.state),
        incarnation=row.incarnation,
        kept=row.kept_seq,
    )


# ----------------------------------------------------------------- what the process writes


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
                (OrderId(row.order_id), _recording(row), (row.caller, row.callee), row.at)
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
            mine = [(OrderId(row.order_id), _recording(row)) for row in rows]
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
            left = [(OrderId(row.order_id), _recording(row), row.changed_at) for row in rows]
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
                await _tell(tx, locked, event, Draft(CLOCK, event))

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
                await _tell(tx, locked, event, Draft(CLOCK, event))
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
