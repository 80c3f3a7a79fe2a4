"""What no entry tells, read again once a word of it may have been missed.

How far people have read, who hides and which two are apart travel between processes as signals, and
a signal may be lost: a subscription is killed, Redis is away, a process is cut off alone. So may
the hint that an order was opened, of which nobody has a head yet, and that a mediator joined, whose
sockets nobody here had to know of. For entries there are heads to compare. These here are stored as
well, so they are read for the rooms and people of this process whenever the bus says that something
was missed, every few seconds while it is deaf, and told to those who listen here as if they had
been said just now. (Whose access was taken away or given back is read by the hub, with the heads:
see `standing`.)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog

from orders import inbox, people, safety, watermarks
from orders.database import Database, portions
from orders.errors import Unavailable
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks
from realtime.attendance import Attendance
from realtime.bus import (
    AccessChanged,
    Bus,
    MarkMoved,
    OnGap,
    OnHint,
    OnSignal,
    PartiesParted,
    PresenceHidden,
    Signal,
)
from realtime.veil import Veil

log = structlog.get_logger(__name__)

EVERY = 3.0
"""Seconds between two looks while the bus is deaf: a mark can wait longer than a message."""
SLACK = 20.0
"""Seconds before the bus was last known to be whole from which on marks are read again: how late
a deaf line or a silent process is noticed, and then some."""


class Reminding:
    """A bus of which those who listen in this process can also be told alone."""

    def __init__(self, bus: Bus) -> None:
        """Pass everything on to the bus."""
        self._bus = bus
        self._listeners: list[OnSignal] = []
        self.publish_hint = bus.publish_hint
        self.publish_signal = bus.publish_signal
        self.attend = bus.attend
        self.ignore = bus.ignore

    @property
    def is_whole(self) -> bool:
        """Whether what others say is heard."""
        return self._bus.is_whole

    @property
    def misses_somebody(self) -> bool:
        """Whether another process has fallen silent."""
        return self._bus.misses_somebody

    def subscribe(self, on_hint: OnHint, on_signal: OnSignal, on_gap: OnGap) -> None:
        """Have all of it told to these, and what `remind` is given."""
        self._listeners.append(on_signal)
        self._bus.subscribe(on_hint, on_signal, on_gap)

    def remind(self, signal: Signal) -> None:
        """Tell it here, as if it had been heard."""
        for listener in self._listeners:
            listener(signal)


class Afresh:
    """Reads again what may have been missed. One per process; `run` does the work."""

    def __init__(
        self,
        database: Database,
        bus: Reminding,
        veil: Veil,
        attendance: Attendance,
    ) -> None:
        """Begin as somebody who has missed nothing."""
        self._database = database
        self._bus = bus
        self._veil = veil
        self._attendance = attendance
        self._missed = asyncio.Event()
        self._whole_at = time.monotonic()
        self._told: dict[tuple[OrderId, PersonId], Watermarks] = {}  # during this outage
        self._opened: set[tuple[OrderId, PersonId]] = set()  # the same, of access
        bus.subscribe(lambda _: None, lambda _: None, self._missed.set)

    async def run(self) -> None:
        """Look whenever something may have been missed, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(EVERY):
                    await self._missed.wait()
            except TimeoutError:
                if self._bus.is_whole and not self._bus.misses_somebody:
                    self._whole_at = time.monotonic()
                    self._told.clear()
                    self._opened.clear()
                    continue
            self._missed.clear()
            try:
                await self._look()
            except Unavailable:
                await asyncio.sleep(EVERY)
                self._missed.set()
            except Exception:
                log.exception("what may have been missed was not read again")

    async def _look(self) -> None:
        deaf = timedelta(seconds=time.monotonic() - self._whole_at + SLACK)
        rooms = self._veil.orders
        here = list(self._attendance.here())
        async with self._database.reading() as conn:
            since = await self._database.now(conn) - deaf
            for some in portions(rooms):
                self._tell_marks(await watermarks.moved_in(conn, some, since))
                self._tell_access(await inbox.mediated(conn, some, since))
                apart = await safety.apart_of(conn, some)
                for order in some:
                    if (order in apart) != self._veil.is_apart(order):
                        self._bus.remind(PartiesParted(order, order in apart))
            for those in portions(here):
                self._tell_marks(await watermarks.moved_by(conn, those, since))
                self._tell_access(await inbox.opened(conn, those, since))
            for those in portions(list({*here, *self._attendance.in_rooms()})):
                hiding = await people.hiding(conn, those)
                for person in those:
                    if (person in hiding) != self._veil.hides(person):
                        self._bus.remind(PresenceHidden(person, person in hiding))

    def _tell_marks(self, moved: Sequence[tuple[OrderId, PersonId, Watermarks]]) -> None:
        for order, person, marks in moved:
            if self._told.get((order, person)) != marks:
                self._told[order, person] = marks
                self._bus.remind(MarkMoved(order, person, marks.read, marks.delivered))

    def _tell_access(self, found: Sequence[tuple[OrderId, PersonId]]) -> None:
        for order, person in found:
            if (order, person) not in self._opened:
                self._opened.add((order, person))
                self._bus.remind(AccessChanged(order, person, allowed=True))
