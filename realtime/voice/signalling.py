"""The switchboard: what people ask of a call.

Each command is one transaction on the order's lock: look up the repeat, decide, save, append.
Whatever the node has to do follows after the commit; one that missed it learns it from the
database, see `realtime.voice.carried`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from orders import repeats
from orders.commands import command_digest
from orders.database import Database, Transaction
from orders.errors import (
    CallOver,
    InCall,
    Malformed,
    OrderUnknown,
    Refused,
    Unavailable,
)
from orders.events import CallId, OrderId, PersonId
from orders.locking import LockedOrder, lock, peek
from orders.timeline import Position
from orders.timers import DueTimer
from realtime.voice import callbook, carriers
from realtime.voice.afar import PATIENCE, Afar, Asked, Hold, Look, Mute, Question, Test
from realtime.voice.archive import Store
from realtime.voice.calls import (
    Call,
    CallState,
    Leaving,
    Verb,
    accept,
    check_answerable,
    check_media,
    decline,
    hang_up,
    part,
    start,
)
from realtime.voice.carried import CarriedCalls, OnSignal
from realtime.voice.gates import DistantGates
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.plane import MediaPath


class Switchboard:
    """Calls of this process's node. Await `run` in a task of its own, and `close` at the end.

    Every command answers with the place of its entry in the timeline, raises a `Refused` when
    nothing was changed, and may be repeated under its client id.
    """

    def __init__(  # noqa: PLR0913 - what one process has of each
        self,
        database: Database,
        *,
        limits: VoiceLimits,
        reach: Reach,
        on_signal: OnSignal,
        address: str = "",
        path: MediaPath = MediaPath.AUTO,
        carries: bool = True,
        afar: Afar | None = None,
        recordings: tuple[Path, Store] | None = None,
    ) -> None:
        """Prepare the switchboard and its node.

        `address` is where other processes reach this one, and is only written down. `path` is how
        packets are to be forwarded, see `realtime.voice.plane`. A process that `carries` no calls
        leaves them to others, which are reached over `afar`; without it there are none.
        `recordings` is the folder in which calls are recorded, and where finished files go.
        """
        self._database = database
        self._carries = carries
        self._afar = afar
        self._carried = CarriedCalls(
            database,
            limits=limits,
            reach=reach,
            on_signal=on_signal,
            address=address,
            path=path,
            afar=afar,
            recordings=recordings,
        )
        self.node = self._carried.node
        self._distant = None if afar is None else DistantGates(afar, self._present)
        self._stamps = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, order: OrderId, person: PersonId, client_id: str, to: PersonId | None = None
    ) -> Position:
        """Ring the other party; if the other party rings already, take that call.

        `to` may name whom. Raises `OrderUnknown`, `Malformed` (if `to` is not the other party),
        `CallsClosed`, `InCall`, `IdReused`, and `Unavailable`, with reason `no_media` where no
        media process has room.
        """
        content = command_digest(Verb.START, to or "")
        call: CallId | None = None
        carrier = ""
        # A call whose media process holds no lease would be ended by the next sweep.
        if self._carries:
            await self._carried.keep_lease(await self._database.now())
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await repeats.find(tx, locked.head, person, client_id, content)
            if first is not None:
                return first
            if to not in {None, locked.other(person)}:
                raise Malformed(where="to")
            present = start(locked.facts, role, person, await callbook.find_open(tx.conn, order))
            if present is None:
                carrier = await self._carrier(tx)
                call, position = await callbook.ring(
                    tx, locked, person, carrier, client_id, content
                )
            else:
                event = accept(present, person, role)
                position, _ = await callbook.answer(tx, locked, event, person, client_id, content)
        if present is not None:
            self._carried.expect(order, present)
        elif call is not None and carrier == self.node.incarnation:
            self._carried.ring(order, call)
        return position

    async def accept(
        self,
        order: OrderId,
        person: PersonId,
        call: CallId,
        client_id: str,
        leaving: Leaving | None = None,
    ) -> Position:
        """Take the ringing call. Of two devices, one gets it and the other `CallOver`.

        If the person is in a call of another order, `leaving` says what becomes of that; the other
        call is hung up before this one is taken. Raises `OrderUnknown`, `CallUnknown`, `CallOver`,
        `NotYours`, `CallsClosed` (the order closed while it rang), `InCall` (they are in another
        call and do not leave it), `IdReused`, `Unavailable`.
        """
        content = command_digest(Verb.ACCEPT, call, *((leaving,) if leaving else ()))
        if leaving is Leaving.HANG_UP:
            await self._hang_up_elsewhere(order, person, call, client_id)
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await repeats.find(tx, locked.head, person, client_id, content)
            if first is not None:
                return first
            found = await callbook.find(tx.conn, order, call)
            event = accept(found, person, role)
            check_answerable(locked.facts, role)
            position, left = await callbook.answer(
                tx, locked, event, person, client_id, content, hold=leaving is Leaving.HOLD
            )
        self._carried.expect(order, found)
        await self._leave(person, left)
        return position

    async def decline(
        self, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> Position:
        """Refuse the ringing call, on every device of the person. Raises as `accept`."""
        return await self._end(Verb.DECLINE, order, person, call, client_id)

    async def hang_up(
        self, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> Position:
        """Take back a ringing call, or end the talk. Raises as `accept`."""
        return await self._end(Verb.HANG_UP, order, person, call, client_id)

    async def part(self, tx: Transaction, locked: LockedOrder, person: PersonId) -> None:
        """End the order's call, because the person blocks the other party: a `Parting`.

        Whoever carries it sees that as soon as it compares its calls with the database.
        """
        found = await callbook.find_open(tx.conn, locked.id)
        if found is not None:
            found = self._as_heard(found)
            event = part(found, person, locked.role_of(person), tx.now)
            await callbook.finish(tx, locked, event, person)

    async def offer(
        self, order: OrderId, person: PersonId, call: CallId, leg: str, sdp: str
    ) -> str:
        """Answer a browser's offer; the answer is complete.

        Whoever carries the call is asked, and the next one if the call moves meanwhile: a browser
        often notices before we do that a media process died.

        Repeat-safe by `leg`. Raises `OrderUnknown`, `CallUnknown`, `CallOver`, `WrongState` (it
        rings and was not answered), what `Node.join` raises, and `Unavailable`, with reason
        `media_elsewhere` if another process carries the call and does not answer.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            found = await self._present(order, person, call, Verb.OFFER)
            if found.incarnation == self.node.incarnation:
                self._carried.carry(order, found)
                return await self.node.join(call, person, sdp, leg)
            if self._afar is None:
                raise Unavailable(reason="media_elsewhere")
            try:
                return await self._afar.offer(found.incarnation, order, person, call, leg, sdp)
            except Unavailable as silence:
                if silence.facts.get("reason") != "media_elsewhere" or loop.time() >= until:
                    raise

    async def mute(self, order: OrderId, person: PersonId, call: CallId, on: bool) -> None:  # noqa: FBT001 - as the frame has it
        """Close the gate behind the person's microphone (`on`), or open it.

        A media process that cannot be reached is told as soon as it can, unless the call is over
        by then. Raises as `offer`, but never `media_elsewhere` for that.
        """
        stamp = next(self._stamps)  # before anything is awaited: commands overtake each other
        await self._gate(Mute("", order, person, call, on, self.node.incarnation, stamp))

    async def hold(self, order: OrderId, person: PersonId, call: CallId, on: bool) -> None:  # noqa: FBT001 - as the frame has it
        """Put the call on hold for the person (`on`), or go on. May be repeated.

        Going on with a call that was left for another one puts that other one on hold. Raises as
        `mute`, `WrongState` while it rings, for the caller too, and `InCall` if they are calling
        somebody else.
        """
        stamp = next(self._stamps)  # before anything is awaited: commands overtake each other
        if not on:
            await self._take_up(order, person, call)
        await self._gate(Hold("", order, person, call, on, self.node.incarnation, stamp))

    async def test(self, order: OrderId, person: PersonId, leg: str, sdp: str) -> str:
        """Answer the offer of a member's browser that wants to hear itself; no call is needed.

        Repeat-safe by `leg`. Raises `OrderUnknown`, what `Echoes.join` raises, and `Unavailable`.
        """
        async with self._database.reading() as conn:
            (await peek(conn, order)).role_of(person)
            to: str | None = self.node.incarnation
            if self._afar is not None and not self._carries:
                to = await carriers.least_loaded(conn, self._database)
        if to is None:
            raise Unavailable(reason="no_media")
        if to != self.node.incarnation and self._afar is not None:
            return await self._afar.test(to, order, person, leg, sdp)
        return await self.node.echoes.join(person, sdp, leg)

    async def look(self, order: OrderId) -> None:
        """Something was decided about the order's call: let whoever carries it see at once."""
        async with self._database.reading() as conn:
            found = await callbook.find_open(conn, order)
        if found is None or found.incarnation == self.node.incarnation:
            self._carried.nudge()
        elif self._afar is not None:
            await self._afar.look(found.incarnation)

    async def fire_ring(self, tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
        """A ring's clock is at zero: a `Firing` for the sweeper."""
        await callbook.fire_ring(tx, locked, clock)

    async def end_lapsed(self) -> None:
        """Move the calls of media processes whose lease lapsed, or end them: a `Chore`."""
        await self._carried.end_lapsed()

    async def run(self) -> None:
        """Keep the lease and the node's calls up to date until cancelled."""
        await self._carried.run()

    async def serve(self) -> None:
        """Answer what other processes ask of this one's calls, until cancelled."""
        if self._afar is not None:
            await self._afar.serve(self.node.incarnation, self._asked)

    def retell(self) -> None:
        """Say anew what the parties let through: the processes may have missed it."""
        self._carried.retell()

    async def close(self) -> None:
        """Give up what is still to be told, and close as `CarriedCalls.close` does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._distant is not None:
            await self._distant.close()
        await self._carried.close()

    async def _end(
        self, verb: Verb, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> Position:
        content = command_digest(verb, call)
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await repeats.find(tx, locked.head, person, client_id, content)
            if first is not None:
                return first
            found = self._as_heard(await callbook.find(tx.conn, order, call))
            if verb is Verb.DECLINE:
                event = decline(found, person, role)
            else:
                event = hang_up(found, person, role, tx.now)
            position = await callbook.finish(tx, locked, event, person, client_id, content)
        if found.incarnation == self.node.incarnation:
            self._carried.forget(call)
            self._carried.nudge()  # what was recorded is kept now
        elif self._afar is not None:
            # nobody waits for it: the media process looks by itself soon
            self._background(self._afar.look(found.incarnation))
        return position

    def _as_heard(self, call: Call) -> Call:
        """The call with what is measured of it here until now, if this process carries it."""
        if call.incarnation != self.node.incarnation:
            return call
        return replace(call, heard=self._carried.heard(call.id) or call.heard)

    async def _hang_up_elsewhere(
        self, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> None:
        """Hang up the call that the person is in, if this one still rings for them."""
        async with self._database.reading() as conn:
            seen = await peek(conn, order)
            role = seen.role_of(person)
            found = await callbook.find(conn, order, call)
            other = await callbook.other_call(conn, person, call)
        if other is None or (other.call.state is CallState.RINGING and other.call.callee == person):
            return
        accept(found, person, role)
        check_answerable(seen.facts, role)
        with contextlib.suppress(CallOver):
            await self.hang_up(other.order, person, other.call.id, client_id)

    async def _take_up(self, order: OrderId, person: PersonId, call: CallId) -> None:
        """Let the person go on with a call, if they left it for another one."""
        async with self._database.reading() as conn:
            if not await callbook.is_left(conn, person, call):
                return
            found = await callbook.find(conn, order, call)
        try:
            async with self._database.transaction() as tx:
                await lock(tx, order)
                left = await callbook.take_up(tx, person, call)
        except InCall:
            await self._leave(person, callbook.Other(order, found))
            raise
        await self._leave(person, left)

    async def _leave(self, person: PersonId, other: callbook.Other | None) -> None:
        """Close the gates of a call that the person left on hold, wherever it is carried."""
        if other is None:
            return
        on, stamp = True, next(self._stamps)
        gate = Hold("", other.order, person, other.call.id, on, self.node.incarnation, stamp)
        with contextlib.suppress(Refused):  # it ended meanwhile
            await self._gate(gate)

    async def _present(self, order: OrderId, person: PersonId, call: CallId, verb: Verb) -> Call:
        """The call, if the person may be heard in it now.

        Read without the lock: the node remembers which calls ended, and so meets an end that
        comes in between.
        """
        async with self._database.reading() as conn:
            (await peek(conn, order)).role_of(person)
            found = await callbook.find(conn, order, call)
        if person not in {found.caller, found.callee}:
            raise OrderUnknown(order=order)
        check_media(found, person, verb)
        return found

    async def _carrier(self, tx: Transaction) -> str:
        """The media process that a new call goes to: this one in the embedded size."""
        if self._carries and self._afar is None:
            if self._carried.is_full:
                raise Unavailable(reason="no_media")
            return self.node.incarnation
        found = await carriers.least_loaded(tx.conn, self._database)
        if found is None:
            raise Unavailable(reason="no_media")
        return found

    async def _asked(self, asked: Asked) -> str:
        """What another process asks of a call that this one carries."""
        match asked:
            case Question():
                return await self.offer(asked.order, asked.person, asked.call, asked.leg, asked.sdp)
            case Mute() | Hold():
                await self._gate(asked)
            case Test():
                return await self.node.echoes.join(asked.person, asked.sdp, asked.leg)
            case Look():
                self._carried.nudge()
            case never:
                assert_never(never)
        return ""

    async def _gate(self, gate: Mute | Hold) -> None:
        verb = Verb.MUTE if isinstance(gate, Mute) else Verb.HOLD
        found = await self._present(gate.order, gate.person, gate.call, verb)
        if found.incarnation != self.node.incarnation:
            if self._distant is None:
                raise Unavailable(reason="media_elsewhere")
            await self._distant.tell(found.incarnation, gate)
            return
        self._carried.carry(gate.order, found)
        self._carried.gate(gate)

    def _background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
