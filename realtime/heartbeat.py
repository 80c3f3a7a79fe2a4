"""What happens to sockets by the clock: pings, a look at who is silent, and catching up.

A hint that was lost costs one period: the ping says how far every order goes. Whenever the bus
says that it was deaf, or is not whole, the database is asked at once.

A process that stood still, because the machine had no time for it, holds that against nobody: it
did not listen meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import structlog

from orders import access, inbox
from orders.database import Database, portions
from orders.errors import Unavailable
from orders.events import OrderId
from realtime import telemetry
from realtime.bus import Bus
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.patience import STOOD_STILL
from realtime.protocol import Ping
from realtime.tails import Tails

log = structlog.get_logger(__name__)

PINGS_AT_ONCE = 16
"""Sockets that are pinged without a pause. All answer, and messages would have to wait for that."""
PING_PAUSE = 0.01
"""Seconds of the pause, if there are not too many sockets for it."""


class Heartbeat:
    """The rhythm of one process; `run` does the work."""

    def __init__(
        self, database: Database, tails: Tails, bus: Bus, hub: Hub, limits: Limits
    ) -> None:
        """Hear from the bus when it may have missed something."""
        self._database = database
        self._tails = tails
        self._bus = bus
        self._hub = hub
        self._followers = hub.followers
        self._limits = limits
        self._pings = 0
        self._gap = asyncio.Event()  # hints may have been missed
        self._pinged: dict[OrderId, int] = {}  # how far the orders shown here went at the last ping
        self._before: dict[OrderId, int] = {}  # and at the one before, or when read after a gap
        bus.subscribe(lambda _: None, lambda _: None, self._gap.set)

    async def run(self) -> None:
        """Ping, and look after the sockets, until cancelled."""
        loop = asyncio.get_running_loop()
        next_ping = loop.time() + self._limits.ping_every
        next_look = loop.time()
        next_around = loop.time() + self._limits.presence_every
        tick = min(self._limits.watch_every, self._limits.ping_every)
        while True:
            looked = loop.time()
            missed = await self._missed(tick)
            stood = loop.time() - looked - tick
            for session in list(self._hub.every()):
                if stood > STOOD_STILL:
                    session.forgive(stood)
                session.judge(loop.time())
            try:
                unheard = not self._bus.is_whole or self._bus.misses_somebody
                if missed or (unheard and loop.time() >= next_look):
                    next_look = loop.time() + self._limits.look_every
                    await self._catch_up(missed=missed)
                if missed:  # perhaps also that somebody came
                    await self._hub.attendance.look_for(list(self._followers.rooms))
                self._hub.attendance.listen()
                if loop.time() >= next_around or self._hub.attendance.should_look:
                    next_around = loop.time() + self._limits.presence_every
                    await self._hub.attendance.look_around()
                if loop.time() >= next_ping:
                    next_ping = loop.time() + self._limits.ping_every
                    self._hub.start(self._ping())
            except Exception:
                log.exception("a ping failed")

    async def _missed(self, within: float) -> bool:
        """Wait for so long, or until hints may have been missed; return whether they may."""
        try:
            async with asyncio.timeout(within):
                await self._gap.wait()
        except TimeoutError:
            return False
        self._gap.clear()
        return True

    async def _catch_up(self, *, missed: bool) -> None:
        """Ask the database how far the orders of this process go: hints may have been missed.

        Where some were `missed`, a step may stand before a message that was heard: whatever order
        has grown lately needs its situation again. That is since the last ping but one: the last
        may have gone out before it was noticed that something was missed. If the database cannot
        be reached, it is asked again after a moment.
        """
        shown = list(self._followers.orders)
        listed = [order for order in self._followers.listed if order not in self._followers.orders]
        asked = time.monotonic()
        try:
            async with self._database.reading() as conn:
                for some in portions(shown):
                    for order, head in (await inbox.heads(conn, some)).items():
                        self._goes_to(order, head, doubtful=missed)
                for some in portions(listed):
                    for order, head in (await inbox.heads(conn, some)).items():
                        self._lists_to(order, head)
                for people_here in portions(self._hub.persons):
                    barred = await access.barred(conn, people_here)
                    self._hub.standing.read(barred, asked)
        except Unavailable:
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(self._limits.look_every, self._gap.set)

    def _goes_to(self, order: OrderId, head: int, *, doubtful: bool = False) -> None:
        """Pass on how far an order on somebody's screen goes; what is new may be a step."""
        self._tails.reached(order, head)
        if doubtful:
            doubtful = self._before.get(order, 0) < head
            self._before[order] = head
        for session in self._followers.orders.get(order, ()):
            follow = session.follows.get(order)
            if follow is not None and follow.head < head:
                telemetry.HINTS_MISSED.inc()
                session.hint(order, head, situation=True)
                session.changed(order)
            elif doubtful:
                session.hint(order, head, situation=True)

    def _lists_to(self, order: OrderId, head: int) -> None:
        if order in self._followers.listed and self._followers.heads.get(order, 0) < head:
            for session in self._followers.listed[order]:
                session.changed(order)
        if order in self._followers.listed:
            self._followers.heads[order] = head

    async def _ping(self) -> None:
        """Send every socket a sign of life with the heads and due times of its orders.

        Read for all orders of this process at once, so a hint that was lost costs one period.
        Without a database the ping goes out without them. The sockets are pinged a few at a time,
        all of them within `limits.ping_within`.
        """
        self._pings += 1
        heads: dict[OrderId, int] = {}
        dues: dict[OrderId, datetime] = {}
        try:
            now = await self._database.now()
            async with self._database.reading() as conn:
                for some in portions(list(self._followers.orders)):
                    heads |= await inbox.heads(conn, some)
                    dues |= await inbox.dues(conn, some)
            self._before, self._pinged = self._pinged, heads
        except Unavailable:
            now = datetime.now(UTC)
        for order, head in heads.items():
            self._goes_to(order, head)
        sessions = list(self._hub.every())
        pause = self._limits.ping_within * PINGS_AT_ONCE / max(len(sessions), 1)
        for place, session in enumerate(sessions):
            if place and place % PINGS_AT_ONCE == 0:
                await asyncio.sleep(min(pause, PING_PAUSE))
            mine = {str(order): heads[order] for order in session.follows if order in heads}
            running = {str(order): dues[order] for order in session.follows if order in dues}
            session.signal(("ping",), Ping(self._pings, now, mine, running))
