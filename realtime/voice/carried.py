"""The calls that this process's node carries, beside those that it should carry.

The database says which those are. A node that missed something (another process decided, or this
one was interrupted after its commit) learns it from there within `renew_seconds`: whenever the
lease of its process is renewed, the calls it holds are compared with the ones it should hold.

The other way round, a party that the node has not heard for too long ends the call, and so does
a lease that lapsed, which any process notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from orders.database import Database
from orders.errors import Refused, Unavailable
from orders.events import CallEnd, CallId, OrderId, PersonId
from realtime import telemetry
from realtime.voice import callbook, carriers
from realtime.voice.afar import Afar, Hold, Mute
from realtime.voice.archive import Archive, Store
from realtime.voice.calls import Call
from realtime.voice.gates import Newest
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.measured import Heard, Measured
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from realtime.voice.takes import Recorder

log = structlog.get_logger(__name__)

OnSignal = Callable[[OrderId, CallId, PersonId, str], None]
"""Told (order, call, person, media), media being one of `connected`, `reconnecting`, `gone`,
`elsewhere`, `moved`, a `node.Gate` or a `quality.Word`. Called on the event loop; must not
block."""

_RETOLD_AFTER = 5.0
"""Seconds after which every process listens again that listens at all."""


class CarriedCalls:
    """The node of this process, its lease and its calls. Await `run`, and `close` at the end."""

    def __init__(
        self,
        database: Database,
        *,
        limits: VoiceLimits,
        reach: Reach,
        on_signal: OnSignal,
        address: str,
        path: MediaPath,
        afar: Afar | None,
        recordings: tuple[Path, Store] | None,
    ) -> None:
        """Prepare a node without calls. The parameters are those of `Switchboard`."""
        self.node = Node(
            limits=limits,
            reach=reach,
            on_connected=lambda call, person: self._signal(call, person, "connected"),
            on_silent=lambda call, person: self._signal(call, person, "reconnecting"),
            on_gone=self._gone,
            on_replaced=lambda call, person: self._signal(call, person, "elsewhere"),
            on_word=self._signal,
            path=path,
        )
        self._database = database
        self._limits = limits
        self._on_signal = on_signal
        self._address = address
        self._afar = afar
        # The order of each call that the node carries or may be asked to carry.
        self._orders: dict[CallId, OrderId] = {}
        self._measured = Measured(database, self.node)
        self._newest = Newest()
        # Calls with a vanished party, until their end is written.
        self._lost: set[CallId] = set()
        self._nudged = asyncio.Event()
        self._proving = False  # it starts, and will carry calls in a moment
        self._running = False
        self._tended_at: float | None = None  # when `run` looked last
        self._busy = True  # whether there was anything to look after, as of the last look
        self._archive: Archive | None = None
        if recordings is not None:
            folder, store = recordings
            recorder = Recorder(folder, limits)
            self._archive = Archive(database, self.node, recorder, store, limits)
        # The end of our lease as last written; None before the first.
        self._lease_until: datetime | None = None

    @property
    def is_full(self) -> bool:
        """No further call should begin here."""
        return len(self._orders) >= self._limits.calls_per_node or self.node.overloaded

    def ring(self, order: OrderId, call: CallId) -> None:
        """Remember a call that begins here."""
        self._orders[call] = order

    def carry(self, order: OrderId, call: Call) -> None:
        """Remember a call that the node carries or may be asked to carry."""
        if call.id not in self._orders:
            self._measured.take_over(call)
        self._orders[call.id] = order

    def expect(self, order: OrderId, call: Call) -> None:
        """Await both parties of an answered call, if this process carries it."""
        if call.incarnation != self.node.incarnation:
            return
        self.carry(order, call)
        # Refused means that the call was ended here in the meantime.
        with contextlib.suppress(Refused):
            self.node.expect(call.id, call.caller)
            self.node.expect(call.id, call.callee)

    def gate(self, gate: Mute | Hold) -> None:
        """Close or open a gate, unless the same was asked for later in the other sense."""
        if not self._newest.is_newest(gate):
            return
        match gate:
            case Mute(call=call, person=person, on=on):
                self.node.mute(call, person, muted=on)
            case Hold(call=call, person=person, on=on):
                self.node.hold(call, person, holding=on)

    def heard(self, call: CallId) -> Heard:
        """How the two of the call were heard, as far as it is known here."""
        return self._measured.of(call)

    def forget(self, call: CallId) -> None:
        """The call is over, or carried elsewhere."""
        self.node.end(call)
        self._orders.pop(call, None)
        self._measured.forget(call)
        self._lost.discard(call)
        self._newest.forget(call)

    def nudge(self) -> None:
        """Compare with the database at once."""
        self._nudged.set()

    def retell(self) -> None:
        """Say anew what the parties let through: the processes may have missed it.

        Said twice, because some of them listen again later than others.
        """
        self.node.retell()
        asyncio.get_running_loop().call_later(_RETOLD_AFTER, self.node.retell)

    async def run(self) -> None:
        """Keep the lease and the node's calls up to date until cancelled."""
        self._proving = True
        try:
            self.node.start()
            await self.node.prove()
        finally:
            self._proving = False
        self._running = True
        try:
            while True:
                try:
                    await self._tend()
                except Unavailable:
                    log.warning("the switchboard waits for the database")
                except Exception:
                    log.exception("the switchboard could not compare its calls")
                self._tended_at = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.renew_seconds):
                        await self._nudged.wait()
                self._nudged.clear()
        finally:
            self._running = False

    async def close(self) -> None:
        """Stop in good order: the calls of this process move on, and their media goes on.

        Another media process takes them over, or this one does after its restart; a call that
        nobody takes within `handover_seconds` ends as stopped, and both see why. An unreachable
        database is left alone: the lease lapses by itself.
        """
        try:
            await self._measured.write(self._orders)
            await carriers.leave(
                self._database, self.node.incarnation, self._limits.handover_seconds
            )
            async with self._database.reading() as conn:
                carried = await callbook.carried_by(conn, self.node.incarnation)
                to = await carriers.least_loaded(
                    conn, self._database, without=self.node.incarnation
                )
            if to is not None and carried:
                wanted = [(order, call.id) for order, call in carried]
                self._announce(await carriers.hand_over(self._database, wanted, to), carried)
                await self._until_left()
            if self._archive is not None:
                await self._archive.close()
        except Unavailable:
            log.warning("the switchboard closes without the database")
        await self.node.close()

    async def end_lapsed(self) -> None:
        """Move the calls of media processes whose lease lapsed, or end them: a `Chore`.

        While this process runs, its own lease is renewed first: being able to look proves that
        it lives, even if something held it up for longer than a lease. While it starts, it waits:
        what its former run left behind it can take over as soon as it has proved itself.
        """
        if self._proving:
            return
        now, busy = await callbook.busy(self._database)
        if self._running:
            await self.keep_lease(now)
        if not busy:
            return
        await self._rescue()
        await callbook.end_lapsed(self._database)
        if self._archive is not None:
            await self._archive.rescue()

    async def keep_lease(self, now: datetime) -> None:
        """Renew the lease of this process if it is time to."""
        if self._lease_until is not None:
            left = (self._lease_until - now).total_seconds()
            if left > self._limits.lease_seconds - self._limits.renew_seconds:
                return
        async with self._database.transaction() as tx:
            until = await callbook.renew(
                tx,
                self.node.incarnation,
                address=self._address,
                # the calls that an overloaded process carries stay: moving them is no relief
                capacity=0 if self.node.overloaded else self._limits.calls_per_node,
                lease=self._limits.lease_seconds,
            )
        self._lease_until = until

    def _signal(self, call: str, person: str, media: str) -> None:
        order = self._orders.get(CallId(call))
        if order is not None:
            self._on_signal(order, CallId(call), PersonId(person), media)

    def _gone(self, call: str, person: str) -> None:
        self._signal(call, person, "gone")
        self._lost.add(CallId(call))
        self._nudged.set()

    async def _tend(self) -> None:
        now, busy = await callbook.busy(self._database)
        await self.keep_lease(now)
        if self._archive is not None:
            await self._archive.clear()
        for call in list(self._lost):
            order = self._orders.get(call)
            if order is not None:
                heard = self._measured.of(call)
                await callbook.end(self._database, order, call, CallEnd.FAILED, heard)
            self.forget(call)
        self._export()
        await self._measured.write(self._orders, self._limits.sound_seconds)
        # once more after the last has ended: it has to be let go of
        if busy or self._busy or self.node.calls or self._orders:
            if not self._stood_still():
                await self._rescue()
            await self._compare()
            if self._archive is not None:
                await self._archive.tend()
        self._busy = busy

    def _stood_still(self) -> bool:
        """Whether this process did nothing for so long that others may have stood still with it.

        Their leases lapsed then, and are being renewed.
        """
        if self._tended_at is None:
            return False
        since = time.monotonic() - self._tended_at
        return since > self._limits.renew_seconds + self._limits.lease_seconds / 2

    def _export(self) -> None:
        """What the operator's graphs show."""
        counters = self.node.counted
        telemetry.MEDIA_CALLS.labels(self.node.path).set(len(self.node.calls))
        telemetry.MEDIA_LAG.set(self.node.lag)
        telemetry.MEDIA_BUFFER.set(self.node.receive_buffer)
        for name in counters.__struct_fields__:
            telemetry.MEDIA_PACKETS.labels(name).set(getattr(counters, name))

    async def _compare(self) -> None:
        """Let the node hold the calls that it should hold, and no others."""
        # What the node holds is read first: what it takes on meanwhile is newer than the answer.
        held = {CallId(call) for call in self.node.calls} | set(self._orders)
        async with self._database.reading() as conn:
            carried = await callbook.carried_by(conn, self.node.incarnation)
        for over in held - {call.id for _, call in carried}:
            self.forget(over)
        for order, call in carried:
            self.carry(order, call)
            if call.answered_at is not None:
                self.expect(order, call)

    async def _rescue(self) -> None:
        """Give calls that a media process left behind to the one with the most room."""
        async with self._database.reading() as conn:
            wanted = await carriers.left_behind(conn, self._database)
            to = await carriers.least_loaded(conn, self._database) if wanted else None
        if to is None:
            return
        moved = await carriers.hand_over(self._database, wanted, to)
        async with self._database.reading() as conn:
            carried = await callbook.carried_by(conn, to)
        self._announce(moved, carried)
        if to == self.node.incarnation:
            self._nudged.set()
        elif self._afar is not None:
            await self._afar.look(to)

    def _announce(
        self, moved: Sequence[tuple[OrderId, CallId]], carried: Sequence[tuple[OrderId, Call]]
    ) -> None:
        """Tell the browsers of answered calls that they should come after."""
        for order, call in carried:
            if (order, call.id) in moved and call.answered_at is not None:
                for person in (call.caller, call.callee):
                    self._on_signal(order, call.id, person, "moved")

    async def _until_left(self) -> None:
        """Go on carrying what was handed over until its browsers are gone, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.handover_seconds):
                while self.node.connected:  # noqa: ASYNC110 - the node has no such event
                    await asyncio.sleep(self._limits.pulse_seconds)
