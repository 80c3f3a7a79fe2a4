"""The switchboard: what people ask of a call, and what the media process sees of it.

Each command is one transaction on the order's lock: look up the repeat, decide, save, append.
Whatever the node has to do follows after the commit, and a node that missed it (another process
decided, or this one was interrupted in between) learns it from the database within
`renew_seconds`: it compares the calls it holds with the ones it should hold, whenever it renews
its lease.

The other way round, a party that the node has not heard for too long ends the call, and so does
a lease that lapsed, which any process notices.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import structlog

from orders import timeline
from orders.commands import command_digest
from orders.database import Database, Transaction
from orders.errors import Malformed, OrderUnknown, Refused, TooManyOpen, Unavailable
from orders.events import CallEnd, CallId, OrderId, PersonId
from orders.locking import LockedOrder, lock, peek
from orders.timeline import Position
from orders.timers import DueTimer
from realtime.voice import callbook
from realtime.voice.calls import Call, Verb, accept, check_media, decline, hang_up, start
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath

log = structlog.get_logger(__name__)

OnSignal = Callable[[OrderId, CallId, PersonId, str], None]
"""Told (order, call, person, media), media being one of `connected`, `reconnecting`, `gone`,
`muted`, `unmuted`, `elsewhere`. Called on the event loop; must not block."""


class Switchboard:
    """Calls of this process's node. Await `run` in a task of its own, and `close` at the end.

    Every command answers with the place of its entry in the timeline, raises a `Refused` when
    nothing was changed, and may be repeated under its client id.
    """

    def __init__(
        self,
        database: Database,
        *,
        limits: VoiceLimits,
        reach: Reach,
        on_signal: OnSignal,
        address: str = "",
        path: MediaPath = MediaPath.AUTO,
    ) -> None:
        """Prepare the switchboard and its node.

        `address` is where other processes reach this one, and is only written down. `path` is how
        packets are to be forwarded, see `realtime.voice.plane`.
        """
        self.node = Node(
            limits=limits,
            reach=reach,
            on_connected=lambda call, person: self._signal(call, person, "connected"),
            on_silent=lambda call, person: self._signal(call, person, "reconnecting"),
            on_gone=self._gone,
            on_replaced=lambda call, person: self._signal(call, person, "elsewhere"),
            path=path,
        )
        self._database = database
        self._limits = limits
        self._on_signal = on_signal
        self._address = address
        # The order of each call that this process's node carries or may be asked to carry.
        self._orders: dict[CallId, OrderId] = {}
        # Calls with a vanished party, until their end is written.
        self._lost: set[CallId] = set()
        self._nudged = asyncio.Event()
        self._running = False
        # The end of our lease as last written; None before the first.
        self._lease_until: datetime | None = None

    async def start(
        self, order: OrderId, person: PersonId, client_id: str, to: PersonId | None = None
    ) -> Position:
        """Ring the other party; if the other party rings already, take that call.

        `to` may name whom. Raises `OrderUnknown`, `Malformed` (if `to` is not the other party),
        `CallsClosed`, `InCall`, `TooManyOpen`, `IdReused`, `Unavailable`.
        """
        content = command_digest(Verb.START, to or "")
        call: CallId | None = None
        # A call whose media process holds no lease would be ended by the next sweep.
        if await self._is_late():
            await self._renew()
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
            if first is not None:
                return first
            if to not in {None, locked.other(person)}:
                raise Malformed(where="to")
            present = start(locked.facts, role, person, await callbook.find_open(tx.conn, order))
            if present is None:
                if len(self._orders) >= self._limits.calls_per_node:
                    raise TooManyOpen(limit=self._limits.calls_per_node, what="calls")
                call, position = await callbook.ring(
                    tx, locked, person, self.node.incarnation, client_id, content
                )
            else:
                event = accept(present, person, role)
                position = await callbook.answer(tx, locked, event, person, client_id, content)
        if present is not None:
            self._expect(order, present)
        elif call is not None:
            self._orders[call] = order
        return position

    async def accept(
        self, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> Position:
        """Take the ringing call. Of two devices, one gets it and the other `CallOver`.

        Raises `OrderUnknown`, `CallUnknown`, `CallOver`, `NotYours`, `IdReused`, `Unavailable`.
        """
        content = command_digest(Verb.ACCEPT, call)
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
            if first is not None:
                return first
            found = await callbook.find(tx.conn, order, call)
            event = accept(found, person, role)
            position = await callbook.answer(tx, locked, event, person, client_id, content)
        self._expect(order, found)
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

    async def offer(
        self, order: OrderId, person: PersonId, call: CallId, leg: str, sdp: str
    ) -> str:
        """Answer a browser's offer; the answer is complete.

        Repeat-safe by `leg`. Raises `OrderUnknown`, `CallUnknown`, `CallOver`, `WrongState` (it
        rings and was not answered), what `Node.join` raises, and `Unavailable`, with reason
        `media_elsewhere` if another process carries the call.
        """
        found = await self._present(order, person, call, Verb.OFFER)
        if found.incarnation != self.node.incarnation:
            raise Unavailable(reason="media_elsewhere")
        self._orders[call] = order
        return await self.node.join(call, person, sdp, leg)

    async def mute(self, order: OrderId, person: PersonId, call: CallId, on: bool) -> None:  # noqa: FBT001 - as the frame has it
        """Close the gate behind the person's microphone (`on`), or open it. Raises as `offer`."""
        found = await self._present(order, person, call, Verb.MUTE)
        if found.incarnation != self.node.incarnation:
            raise Unavailable(reason="media_elsewhere")
        self.node.mute(call, person, muted=on)
        self._on_signal(order, call, person, "muted" if on else "unmuted")

    async def fire_ring(self, tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
        """A ring's clock is at zero: a `Firing` for the sweeper."""
        await callbook.fire_ring(tx, locked, clock)

    async def end_lapsed(self) -> None:
        """End the calls of media processes whose lease lapsed: a `Chore` for the sweeper.

        While this process runs, its own lease is renewed first: being able to look proves that
        it lives, even if something held it up for longer than a lease.
        """
        if self._running and await self._is_late():
            await self._renew()
        await callbook.end_lapsed(self._database)

    async def run(self) -> None:
        """Keep the lease and the node's calls up to date until cancelled."""
        self.node.start()
        self._running = True
        try:
            while True:
                try:
                    await self._tend()
                except Unavailable:
                    log.warning("the switchboard waits for the database")
                except Exception:
                    log.exception("the switchboard could not compare its calls")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), self._limits.renew_seconds)
                self._nudged.clear()
        finally:
            self._running = False

    async def close(self) -> None:
        """Stop in good order: every call of this process ends as stopped, and both see why.

        An unreachable database is left alone: the lease lapses by itself.
        """
        try:
            async with self._database.reading() as conn:
                carried = await callbook.carried_by(conn, self.node.incarnation)
            for order, call in carried:
                await callbook.end(self._database, order, call.id, CallEnd.STOPPED)
            await callbook.retire(self._database, self.node.incarnation)
        except Unavailable:
            log.warning("the switchboard closes without the database")
        await self.node.close()

    async def _end(
        self, verb: Verb, order: OrderId, person: PersonId, call: CallId, client_id: str
    ) -> Position:
        content = command_digest(verb, call)
        async with self._database.transaction() as tx:
            locked = await lock(tx, order)
            role = locked.role_of(person)
            first = await timeline.find_repeat(tx.conn, order, person, client_id, content)
            if first is not None:
                return first
            found = await callbook.find(tx.conn, order, call)
            if verb is Verb.DECLINE:
                event = decline(found, person, role)
            else:
                event = hang_up(found, person, role, tx.now)
            position = await callbook.finish(tx, locked, event, person, client_id, content)
        self._forget(call)
        return position

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

    def _expect(self, order: OrderId, call: Call) -> None:
        """Await both parties of an answered call, if this process carries it."""
        if call.incarnation != self.node.incarnation:
            return
        self._orders[call.id] = order
        # Refused means that the call was ended here in the meantime.
        with contextlib.suppress(Refused):
            self.node.expect(call.id, call.caller)
            self.node.expect(call.id, call.callee)

    def _forget(self, call: CallId) -> None:
        self.node.end(call)
        self._orders.pop(call, None)
        self._lost.discard(call)

    def _signal(self, call: str, person: str, media: str) -> None:
        order = self._orders.get(CallId(call))
        if order is not None:
            self._on_signal(order, CallId(call), PersonId(person), media)

    def _gone(self, call: str, person: str) -> None:
        self._signal(call, person, "gone")
        self._lost.add(CallId(call))
        self._nudged.set()

    async def _tend(self) -> None:
        if await self._is_late():
            await self._renew()
        for call in list(self._lost):
            order = self._orders.get(call)
            if order is not None:
                await callbook.end(self._database, order, call, CallEnd.FAILED)
            self._forget(call)
        await self._compare()

    async def _compare(self) -> None:
        """Let the node hold the calls that it should hold, and no others."""
        # What the node holds is read first: what it takes on meanwhile is newer than the answer.
        held = {CallId(call) for call in self.node.calls} | set(self._orders)
        async with self._database.reading() as conn:
            carried = await callbook.carried_by(conn, self.node.incarnation)
        for over in held - {call.id for _, call in carried}:
            self._forget(over)
        for order, call in carried:
            self._orders[call.id] = order
            if call.answered_at is not None:
                self._expect(order, call)

    async def _is_late(self) -> bool:
        """It is time to renew the lease."""
        if self._lease_until is None:
            return True
        left = (self._lease_until - await self._database.now()).total_seconds()
        return left <= self._limits.lease_seconds - self._limits.renew_seconds

    async def _renew(self) -> None:
        async with self._database.transaction() as tx:
            until = await callbook.renew(
                tx,
                self.node.incarnation,
                address=self._address,
                capacity=self._limits.calls_per_node,
                lease=self._limits.lease_seconds,
            )
        self._lease_until = until
