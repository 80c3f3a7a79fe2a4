"""Calls in the database: their rows, who is in one, and the leases that keep them alive.

Rows of calls are written under the lock of their order, in the transaction of the entry that
tells it; then the persons' rows, in sorted order, so that two transactions never wait for each
other in a circle. A person has a row for each call they are in: whoever rings or is rung is in
a call. At most one of them is not on hold; the others were left for it, and can be taken up again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import Row, Select, and_, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import deadlines, timeline
from orders.commands import insert_new
from orders.database import Database, Transaction
from orders.decisions import TimerSet
from orders.errors import CallUnknown, InCall, Unavailable
from orders.events import (
    CLOCK,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallId,
    CallRang,
    OrderId,
    PersonId,
    Timer,
)
from orders.locking import LockedOrder, lock, lock_free
from orders.tables import calls, media_processes, persons_in_call, recordings
from orders.timeline import Draft, Position
from orders.timers import DueTimer, end_timer, set_timer
from realtime.voice.calls import Call, CallState, break_off, ring_out
from realtime.voice.consent import RecordingState, call_over
from realtime.voice.quality import Tally

log = structlog.get_logger(__name__)


class Other(NamedTuple):
    """Another call of a person, and whose order it is."""

    order: OrderId
    call: Call


FORGOTTEN = timedelta(days=1)
"""A lapsed lease is deleted after so long; until then it says when its process was last there."""


async def find(conn: AsyncConnection, order: OrderId, call: CallId) -> Call:
    """Read one call. Raises `CallUnknown` if the order has none of this id."""
    row = (
        await conn.execute(select(calls).where(calls.c.order_id == order, calls.c.call_id == call))
    ).first()
    if row is None:
        raise CallUnknown(call=call)
    return _call(row)


async def find_open(conn: AsyncConnection, order: OrderId) -> Call | None:
    """Read the order's call that has not ended, if there is one."""
    row = (
        await conn.execute(
            select(calls).where(calls.c.order_id == order, calls.c.state != CallState.ENDED)
        )
    ).first()
    return None if row is None else _call(row)


async def ring(
    tx: Transaction,
    locked: LockedOrder,
    caller: PersonId,
    incarnation: str,
    client_id: str,
    content: bytes,
) -> tuple[CallId, Position]:
    """Let the other party ring; if they are in a call of another order, this one waits.

    Raises `InCall` if the caller is in a call of another order; nothing was changed then.
    """
    callee = locked.other(caller)
    call = CallId("c_" + secrets.token_hex(10))
    taken = [
        person
        for person in sorted((caller, callee))
        if not await _claim(tx, locked.id, person, call)
    ]
    if caller in taken:
        raise InCall(who="you")
    due = deadlines.due(tx.now, locked.facts.policy.ring)
    clock = TimerSet(Timer.RING, tx.now, due)
    await set_timer(tx, locked.id, clock, locked.facts.policy, ref=call)
    draft = Draft(caller, CallRang(call, waiting=callee in taken), client_id, content)
    _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
    await tx.conn.execute(
        insert(calls).values(
            order_id=locked.id,
            call_id=call,
            caller=caller,
            callee=callee,
            state=CallState.RINGING,
            incarnation=incarnation,
            rang_at=entry.at,
        )
    )
    return call, Position(entry.seq, entry.at)


async def answer(
    tx: Transaction,
    locked: LockedOrder,
    event: CallAnswered,
    actor: PersonId,
    client_id: str,
    content: bytes,
    *,
    hold: bool = False,
) -> tuple[Position, Other | None]:
    """Write that the call was answered: ringing ends, talk begins.

    With `hold` a talk that the actor is in is put on hold for it, and returned: its media process
    is to be told. Raises `InCall` if the actor is in another call and does not leave it so.
    """
    left = await _make_room(tx, actor, event.call, hold=hold)
    # claimed since it rang, unless it waited
    claimed = await _claim(tx, locked.id, actor, event.call)
    if not claimed and await _elsewhere(tx.conn, event.call, actor):
        raise InCall(who="you")
    _, told = await timeline.append(
        tx, locked.head, locked.owes, [Draft(actor, event, client_id, content)]
    )
    await end_timer(tx, locked.id, Timer.RING, event.call)
    await tx.conn.execute(
        update(calls)
        .where(calls.c.order_id == locked.id, calls.c.call_id == event.call)
        .values(state=CallState.ACTIVE, answered_at=told[0].at)
    )
    return Position(told[0].seq, told[0].at), left


async def other_call(conn: AsyncConnection, person: PersonId, call: CallId) -> Other | None:
    """The call that a person is in and has not put on hold, if it is not this one."""
    row = (
        await conn.execute(
            _talking(person)
            .join(calls, _same_call)
            .add_columns(calls)
            .where(persons_in_call.c.call_id != call)
        )
    ).first()
    return None if row is None else Other(OrderId(row.order_id), _call(row))


async def is_left(conn: AsyncConnection, person: PersonId, call: CallId) -> bool:
    """Say whether the person left this call on hold for another one."""
    held = await conn.scalar(
        select(persons_in_call.c.held).where(
            persons_in_call.c.person_id == person, persons_in_call.c.call_id == call
        )
    )
    return bool(held)


async def take_up(tx: Transaction, person: PersonId, call: CallId) -> Other | None:
    """Go on with a call that the person left; the one they are in is left for it, and returned.

    Under the lock of the call's order. Raises `InCall` if they are calling somebody.
    """
    left = await _make_room(tx, person, call, hold=True)
    try:
        await tx.conn.execute(
            update(persons_in_call)
            .where(persons_in_call.c.person_id == person, persons_in_call.c.call_id == call)
            .values(held=False)
        )
    except IntegrityError as error:  # another device was quicker
        raise InCall(who="you") from error
    return left


async def finish(
    tx: Transaction,
    locked: LockedOrder,
    event: CallEnded,
    actor: PersonId,
    client_id: str | None = None,
    content: bytes | None = None,
) -> Position:
    """Write that the call is over: its clock stops, and both persons are free again."""
    _, told = await timeline.append(
        tx, locked.head, locked.owes, [Draft(actor, event, client_id, content)]
    )
    await end_timer(tx, locked.id, Timer.RING, event.call)
    await tx.conn.execute(
        update(calls)
        .where(calls.c.order_id == locked.id, calls.c.call_id == event.call)
        .values(state=CallState.ENDED, ended_at=told[0].at, end=event.end)
    )
    for state in (RecordingState.ASKED, RecordingState.ON):
        await tx.conn.execute(
            update(recordings)
            .where(
                recordings.c.order_id == locked.id,
                recordings.c.call_id == event.call,
                recordings.c.state == state,
            )
            .values(state=call_over(state), changed_at=tx.now)
        )
    await _release(tx, locked.id, event.call)
    return Position(told[0].seq, told[0].at)


async def fire_ring(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
    """A ring's clock is at zero: the call was not answered. A `Firing` of the sweeper."""
    call = await find(tx.conn, locked.id, CallId(clock.ref))
    event = ring_out(call, busy=await _elsewhere(tx.conn, call.id, call.callee))
    if event is None:
        await end_timer(tx, locked.id, clock.timer, clock.ref)
    else:
        await finish(tx, locked, event, CLOCK)


async def end(
    database: Database,
    order: OrderId,
    call: CallId,
    reason: CallEnd,
    heard: Mapping[PersonId, Tally] | None = None,
) -> None:
    """End a call for no person's wish; nothing happens if it is over already.

    `heard` is what was measured of it; if that is nothing, what its row has stands.
    """
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        found = await find(tx.conn, order, call)
        event = break_off(replace(found, heard=heard or found.heard), reason, tx.now)
        if event is not None:
            await finish(tx, locked, event, CLOCK)


async def note_sound(
    database: Database,
    incarnation: str,
    heard: Mapping[tuple[OrderId, CallId], Mapping[PersonId, Tally]],
) -> None:
    """Keep what was measured of calls that this media process carries, should it die.

    Without the orders' locks: only the carrier writes it, and nothing is decided by it.
    """
    async with database.transaction() as tx:
        for order, call in sorted(heard):
            await tx.conn.execute(
                update(calls)
                .where(
                    calls.c.incarnation == incarnation,
                    calls.c.state == CallState.ACTIVE,
                    calls.c.order_id == order,
                    calls.c.call_id == call,
                )
                .values(sound=msgspec.json.encode(heard[order, call]))
            )


async def carried_by(conn: AsyncConnection, incarnation: str) -> Sequence[tuple[OrderId, Call]]:
    """The calls that have not ended and are carried by this media process."""
    rows = await conn.execute(_OPEN.where(calls.c.incarnation == incarnation))
    return [(row.order_id, _call(row)) for row in rows]


async def busy(database: Database) -> tuple[datetime, bool]:
    """Return the time, and whether anybody anywhere is in a call or is recorded.

    One small read, so that looking after calls costs next to nothing while there are none.
    """
    now, found = await database.glance(_BUSY)
    return now, bool(found)


async def end_lapsed(database: Database) -> None:
    """End every call whose media process let its lease lapse. A chore of the sweeper."""
    async with database.reading() as conn:
        rows = await conn.execute(_lapsed(await database.now()))
        lapsed = [(OrderId(row.order_id), CallId(row.call_id)) for row in rows]
    for order, call in lapsed:
        try:
            await _end_if_lapsed(database, order, call)
        except Unavailable:
            raise
        except Exception:
            log.exception("a call without a media process could not be ended", order=order)


async def _end_if_lapsed(database: Database, order: OrderId, call: CallId) -> None:
    async with database.transaction() as tx:
        locked = (await lock_free(tx, [order])).get(order)
        if locked is None:
            return  # held by a command or another sweeper; the next pass looks again
        still = (await tx.conn.execute(_lapsed(tx.now).where(calls.c.call_id == call))).first()
        if still is None:
            return
        stopped = await tx.conn.scalar(
            select(media_processes.c.draining).where(
                media_processes.c.incarnation == still.incarnation
            )
        )
        end = CallEnd.STOPPED if stopped else CallEnd.FAILED
        event = break_off(_call(still), end, tx.now)
        if event is not None:
            await finish(tx, locked, event, CLOCK)


async def renew(
    tx: Transaction,
    incarnation: str,
    *,
    address: str,
    capacity: int,
    lease: float,
) -> datetime:
    """Keep a media process registered for `lease` seconds from now; return the lease's end.

    New calls pass by one without `capacity`; those that it carries stay.
    """
    until = tx.now + timedelta(seconds=lease)
    renewed = await tx.conn.execute(
        update(media_processes)
        .where(media_processes.c.incarnation == incarnation)
        .values(lease_until=until, capacity=capacity)
    )
    if renewed.rowcount == 0:
        await tx.conn.execute(
            delete(media_processes).where(media_processes.c.lease_until < tx.now - FORGOTTEN)
        )
        # Two of our own first commands may come at once.
        await tx.conn.execute(
            insert_new(tx, media_processes).values(
                incarnation=incarnation,
                address=address,
                capacity=capacity,
                draining=False,
                started_at=tx.now,
                lease_until=until,
            )
        )
    return until


async def _make_room(
    tx: Transaction, person: PersonId, call: CallId, *, hold: bool
) -> Other | None:
    """Let the person into this call: whatever else they are in waits, or is put on hold.

    What only rings for them rings on, as a call that waits. Raises `InCall` otherwise.
    """
    # two devices that take two calls at once meet here; the second sees what the first one did
    await tx.conn.execute(_talking(person).with_for_update())
    other = await other_call(tx.conn, person, call)
    if other is None:
        return None
    row = and_(persons_in_call.c.person_id == person, persons_in_call.c.call_id == other.call.id)
    if other.call.state is CallState.RINGING and other.call.callee == person:
        await tx.conn.execute(delete(persons_in_call).where(row))
        return None
    if not hold or other.call.state is not CallState.ACTIVE:
        raise InCall(who="you")
    await tx.conn.execute(update(persons_in_call).where(row).values(held=True))
    return other


async def _claim(tx: Transaction, order: OrderId, person: PersonId, call: CallId) -> bool:
    """Note that the person is in this call; False if they are in another one."""
    done = await tx.conn.execute(
        insert_new(tx, persons_in_call).values(person_id=person, order_id=order, call_id=call)
    )
    return done.rowcount == 1


async def _elsewhere(conn: AsyncConnection, call: CallId, person: PersonId) -> bool:
    """Say whether the person is in another call than this one, and not on hold there."""
    there = await conn.scalar(
        select(persons_in_call.c.call_id).where(
            persons_in_call.c.person_id == person, ~persons_in_call.c.held
        )
    )
    return there not in {None, call}


async def _release(tx: Transaction, order: OrderId, call: CallId) -> None:
    await tx.conn.execute(
        delete(persons_in_call).where(
            persons_in_call.c.order_id == order, persons_in_call.c.call_id == call
        )
    )


def _talking(person: PersonId) -> Select[Any]:
    """The row of the call that the person has not put on hold."""
    return select(persons_in_call.c.order_id).where(
        persons_in_call.c.person_id == person, ~persons_in_call.c.held
    )


_same_call = and_(
    persons_in_call.c.order_id == calls.c.order_id, persons_in_call.c.call_id == calls.c.call_id
)

# The few persons in a call lead to the open calls; the table of calls only grows.
_OPEN = (
    select(calls)
    .join(
        persons_in_call,
        and_(
            persons_in_call.c.order_id == calls.c.order_id,
            persons_in_call.c.call_id == calls.c.call_id,
            persons_in_call.c.person_id == calls.c.caller,
        ),
    )
    .where(calls.c.state != CallState.ENDED)
)


def _lapsed(now: datetime) -> Select[Any]:
    """The open calls that no living media process carries."""
    alive = select(media_processes.c.incarnation).where(
        media_processes.c.incarnation == calls.c.incarnation,
        media_processes.c.lease_until > now,
    )
    return _OPEN.where(~alive.exists())


_BUSY = select(
    or_(
        exists(select(persons_in_call.c.call_id)),
        exists(
            select(recordings.c.call_id).where(
                recordings.c.state.in_([RecordingState.ON, RecordingState.OVER])
            )
        ),
    )
)
_heard = msgspec.json.Decoder(dict[PersonId, Tally])


def _call(row: Row[Any]) -> Call:
    return Call(
        id=CallId(row.call_id),
        caller=PersonId(row.caller),
        callee=PersonId(row.callee),
        state=CallState(row.state),
        incarnation=row.incarnation,
        answered_at=row.answered_at,
        end=CallEnd(row.end) if row.end else None,
        heard=_heard.decode(row.sound) if row.sound else {},
    )
