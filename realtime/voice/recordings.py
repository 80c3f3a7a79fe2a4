"""Recordings in the database.

What people ask is one transaction under the order's lock each. The process that carries the call
reads from the database which recordings are on (`archive`), as it reads which calls it carries: so
nothing is recorded before both consents are durable. A recording belongs to one run of one process;
when the call moves on it stops, and both may ask again.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import repeats, timeline
from orders.commands import command_digest
from orders.database import Database, Transaction
from orders.errors import OrderUnknown, RecordingUnknown
from orders.events import (
    CallId,
    OrderId,
    PersonId,
    RecordingEnd,
    RecordingGone,
    RecordingId,
    Role,
)
from orders.locking import LockedOrder, lock
from orders.redaction import erase_recording
from orders.tables import calls, recordings
from orders.timeline import Draft, Position
from realtime.voice import callbook, consent
from realtime.voice.consent import Recording, RecordingState, Told, Verb


async def ask(
    database: Database, order: OrderId, person: PersonId, call: CallId, client_id: str
) -> Position:
    """Ask to record the call; if the other party asked already, agree.

    Raises `OrderUnknown`, `CallUnknown`, `IdReused`, `Unavailable` and what `consent.ask` raises.
    """
    content = command_digest(Verb.ASK, call)
    async with database.transaction() as tx:
        locked, _ = await _party(tx, order, person)
        first = await repeats.find(tx, locked.head, person, client_id, content)
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
        return await tell(tx, locked, event, Draft(person, event, client_id, content))


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
        first = await repeats.find(tx, locked.head, person, client_id, content)
        if first is not None:
            return first
        found = await find(tx.conn, order, recording)
        event = consent.answer(found, person, role, agree=agree)
        return await tell(tx, locked, event, Draft(person, event, client_id, content))


async def stop(
    database: Database, order: OrderId, person: PersonId, recording: RecordingId, client_id: str
) -> Position:
    """Withdraw during the call: take the question back, or stop at once. Raises as `answer`."""
    content = command_digest(Verb.STOP, recording)
    async with database.transaction() as tx:
        locked, role = await _party(tx, order, person)
        first = await repeats.find(tx, locked.head, person, client_id, content)
        if first is not None:
            return first
        event = consent.stop(await find(tx.conn, order, recording), person, role)
        return await tell(tx, locked, event, Draft(person, event, client_id, content))


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
        return await tell(tx, locked, event, Draft(person, event, client_id))


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
    return recording_of(row)


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
    return None if row is None else recording_of(row)


async def tell(tx: Transaction, locked: LockedOrder, event: Told, draft: Draft) -> Position:
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


def recording_of(row: Row[Any]) -> Recording:
    """Read a row."""
    return Recording(
        id=RecordingId(row.recording_id),
        call=CallId(row.call_id),
        asked_by=PersonId(row.asked_by),
        state=RecordingState(row.state),
        incarnation=row.incarnation,
        kept=row.kept_seq,
    )
