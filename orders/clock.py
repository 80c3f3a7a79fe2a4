"""The sweeper: what is due happens, once, and never early.

It reads without locks which orders have something due; then it locks the *order*, re-reads its
due clocks and decides. However many sweepers run, the lock lets one of them act, and the others
find nothing left. A few orders share a transaction, because most of its cost is beginning and
ending it; if anything in it fails, each of them gets one of its own. A firing that fails even
there is put off, a little longer each time, so that it starves nobody.

It sleeps until the earliest due time or a nudge, and never longer than half a second, because
a nudge may be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.brief_rows import items_of
from orders.commands import carry_out, save_facts
from orders.database import Database, Transaction
from orders.deadlines import marks
from orders.decisions import expire
from orders.errors import Unavailable
from orders.events import CLOCK, DeadlineNear, OrderId, Timer
from orders.locking import LockedOrder, hold, lock_free
from orders.outages import BEAT, beat
from orders.tables import timers
from orders.timeline import Draft
from orders.timers import (
    DueTimer,
    end_timer,
    first_due,
    give_back,
    look_again,
    put_off,
    running,
    wake_at,
)
from orders.workflow import REMINDED

log = structlog.get_logger(__name__)

PERIOD = 0.5
"""Seconds the sweeper sleeps at most."""
AT_ONCE = 100
"""Orders looked up in one pass."""
TOGETHER = 10
"""Orders that share a transaction: more would keep people's commands waiting for its end."""
RETRY_FIRST, RETRY_MOST = timedelta(seconds=1), timedelta(minutes=5)

Firing = Callable[[Transaction, LockedOrder, DueTimer], Awaitable[None]]
"""Carries out one clock at zero, in the transaction that holds the order's lock."""
Chore = Callable[[], Awaitable[None]]
"""Something else to look after in every pass, such as lapsed leases."""


class Sweeper:
    """Looks after all clocks of the database. Any number may run at the same time."""

    def __init__(
        self,
        database: Database,
        firings: Mapping[Timer, Firing] | None = None,
        chores: Sequence[Chore] = (),
        outage_least: timedelta | None = None,
    ) -> None:
        """Take further firings (a ring's end is known to `realtime.voice`) and chores.

        If nobody swept for `outage_least`, it was an outage, and clocks that ran through it are
        given the time back; without it they fire at once.
        """
        self._database = database
        self._firings: dict[Timer, Firing] = {
            **dict.fromkeys((t for t in Timer if t is not Timer.RING), fire_step),
            **(firings or {}),
        }
        self._chores = chores
        self._outage_least = outage_least
        self._beaten: datetime | None = None  # the last beat of this sweeper
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look sooner: a clock was set or moved."""
        self._nudged.set()

    async def run(self) -> None:
        """Sweep until cancelled. An unreachable database is waited for."""
        while True:
            wait = PERIOD
            try:
                _, wait = await self._pass()
            except Unavailable:
                log.warning("sweeper waits for the database")
            except Exception:
                log.exception("a sweep failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), wait)
            self._nudged.clear()

    async def sweep(self) -> int:
        """Do everything that is due now; return how many orders had something due."""
        found, _ = await self._pass()
        return found

    async def _pass(self) -> tuple[int, float]:
        """Return how many orders had something due, and how long nothing else will be."""
        due: list[OrderId] = []
        wait = PERIOD
        # what an idle pass costs is this one read, answered by the index whatever the number
        async with self._database.reading() as conn:
            now = await self._database.now(conn)
            first: datetime | None = await conn.scalar(select(func.min(timers.c.wake_at)))
            if first is not None and first <= now:
                due, wait = await _due_orders(conn, now), 0
            elif first is not None:
                wait = min(max((first - now).total_seconds(), 0.005), PERIOD)
        await self._beat(now)
        for place in range(0, len(due), TOGETHER):
            for order in await self._look_after_few(due[place : place + TOGETHER]):
                await self._look_after(order)
        for chore in self._chores:
            await chore()
        return len(due), wait

    async def _look_after_few(self, few: Sequence[OrderId]) -> Sequence[OrderId]:
        """Carry out what is due for a few orders; return those that have to be taken singly.

        Those are the orders of a call that rings, as a ring's end touches persons, who may be
        in other orders too, and everything as soon as something fails: nothing was done then.
        """
        alone: set[OrderId] = set()
        if len(few) == 1:
            return few
        while True:
            try:
                async with self._database.transaction() as tx:
                    held = await lock_free(tx, [order for order in few if order not in alone])
                    clocks = await first_due(tx, list(held))
                    alone |= {order for order, clock in clocks.items() if clock.timer is Timer.RING}
                    clocks = {o: clock for o, clock in clocks.items() if o not in alone}
                    for order, clock in clocks.items():
                        await self._act(tx, held[order], clock)
            except Exception as error:  # noqa: BLE001
                why = type(error).__name__
                log.warning("deadlines failed together and are tried singly", error=why)
                return few
            if not clocks:
                return sorted(alone)

    async def _look_after(self, order: OrderId) -> None:
        """Carry out what is due for one order, a transaction each; put off what fails."""
        while True:
            clock: DueTimer | None = None
            try:
                async with self._database.transaction() as tx:
                    locked = (await lock_free(tx, [order])).get(order)
                    if locked is None:
                        return  # held by a command or another sweeper; the next pass looks again
                    clock = (await first_due(tx, [order])).get(order)
                    if clock is None:
                        return
                    await self._act(tx, locked, clock)
            except Exception:
                log.exception("a deadline failed and is put off", order=order)
                # if it failed because the database is away, this raises `Unavailable`
                if not await self._put_off(order, clock):
                    return

    async def _beat(self, now: datetime) -> None:
        """Say that we are there, before the first sweep and every few seconds after it."""
        least = self._outage_least
        if least is None or (self._beaten is not None and now - self._beaten < BEAT):
            return
        async with self._database.transaction() as tx:
            ended = await beat(tx, least)
        self._beaten = now
        if ended is not None:
            log.warning("there was an outage", since=ended.since, until=ended.until)

    async def _act(self, tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
        if self._outage_least is not None and await _give_back(tx, locked, clock):
            return
        if tx.now < clock.due:
            await _remind(tx, locked, clock)
        else:
            await self._firings[clock.timer](tx, locked, clock)

    async def _put_off(self, order: OrderId, clock: DueTimer | None) -> bool:
        """Look later at the clock that failed; at all that are due if they could not be read."""
        async with self._database.transaction() as tx:
            if not await hold(tx, order):
                return False
            await put_off(tx, order, clock, pause_after)
            return clock is not None


async def _due_orders(conn: AsyncConnection, now: datetime) -> list[OrderId]:
    rows = await conn.execute(
        select(timers.c.order_id, func.min(timers.c.wake_at).label("first"))
        .where(timers.c.wake_at <= now)
        .group_by(timers.c.order_id)
        .order_by("first")
        .limit(AT_ONCE)
    )
    return [OrderId(row.order_id) for row in rows]


def pause_after(attempts: int) -> timedelta:
    """Return how long a clock is left alone that has failed so often before."""
    doubled: int = 2 ** min(attempts, 10)
    return min(RETRY_FIRST * doubled, RETRY_MOST)


async def fire_step(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
    """Carry out a clock of the process; one whose state has passed is only removed."""
    clocks = await running(tx.conn, locked.id)
    now = max(tx.now, locked.head.at)
    items = await items_of(tx.conn, locked.id) if clock.timer is Timer.BRIEF_WINDOW else ()
    decision = expire(locked.facts, clock.timer, clock.due, now, clocks, items)
    if decision is None:
        await end_timer(tx, locked.id, clock.timer, clock.ref)
    else:
        await carry_out(tx, locked, decision, CLOCK)


async def _give_back(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> bool:
    """Move a clock that ran through an outage, and say why. A ring is over in any case."""
    if clock.timer is Timer.RING:
        return False
    told = await give_back(tx, locked.id, clock, locked.facts.policy)
    if told is None:
        return False
    if clock.timer is Timer.DELIVERY:
        await save_facts(tx, msgspec.structs.replace(locked.facts, delivery_due=told.due))
    await timeline.append(tx, locked.head, locked.owes, [Draft(CLOCK, told)])
    return True


async def _remind(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
    """Tell the mark that was reached. After an outage only the latest of those missed."""
    policy = locked.facts.policy
    following = wake_at(clock.timer, clock.start, clock.due, tx.now, policy)
    await look_again(tx, locked.id, clock, following, 0)
    passed = [m for m in marks(clock.start, clock.due, policy) if m.at <= tx.now]
    if clock.timer in REMINDED and passed:
        near = DeadlineNear(clock.timer, clock.due, passed[-1].percent)
        await timeline.append(tx, locked.head, locked.owes, [Draft(CLOCK, near)])
