"""The sweeper: what is due happens, once, and never early.

It reads without locks which orders have something due; then it locks the *orders*, re-reads their
due clocks and decides. However many sweepers run, the locks let one of them act, and the others
find nothing left. Orders share a transaction and its statements, because most of a firing's cost
is beginning, asking and ending; if anything in it fails, each of them gets one of its own. A
firing that fails even there is put off, a little longer each time, so that it starves nobody.

It sleeps until the earliest due time or a nudge, and never longer than a second, because
a nudge may be lost, or was given to another process. After a pass that found something it rests
for a moment, so that what comes due meanwhile shares the next transaction.

Chores judge other processes by when they were last heard of. After a moment in which this one stood
still they wait for the next pass: the others may have stood still with it, and speak up now.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import func, select

from orders.brief_rows import items_of_all
from orders.changes import Change, decided, write
from orders.database import Database, Transaction
from orders.deadlines import marks
from orders.decisions import RunningTimer, expire
from orders.errors import Unavailable
from orders.events import CLOCK, DeadlineNear, OrderId, TimeGivenBack, Timer
from orders.locking import LockedOrder, hold, lock_free
from orders.outages import BEAT, beat
from orders.proposal_rows import open_ones_of
from orders.tables import timers
from orders.timeline import Draft
from orders.timers import (
    Clocks,
    DueTimer,
    MovedClock,
    clocks_of,
    given_back,
    put_off,
    running,
    wake_at,
)
from orders.workflow import REMINDED

log = structlog.get_logger(__name__)

PERIOD = 1.0
"""Seconds the sweeper sleeps at most."""
REST = 0.1
"""Seconds it rests after a pass that found something: nobody minds a tenth of a second."""
STOOD_STILL = 1.0
"""Seconds by which a pass comes late for other reasons than that it is busy here."""
AT_ONCE = 200
"""Clocks looked up in one pass."""
TOGETHER = 50
"""Orders that share a transaction: more would keep people's commands waiting for its end."""
RETRY_FIRST, RETRY_MOST = timedelta(seconds=1), timedelta(minutes=5)

Firing = Callable[[Transaction, LockedOrder, DueTimer], Awaitable[None]]
"""Carries out one clock at zero, in the transaction that holds the order's lock."""
Chore = Callable[[], Awaitable[None]]
"""Something else to look after in every pass, such as lapsed leases."""
Late = Callable[[float], None]
"""Told by how many seconds a clock fired late, once that is committed."""


class Sweeper:
    """Looks after all clocks of the database. Any number may run at the same time."""

    def __init__(
        self,
        database: Database,
        firings: Mapping[Timer, Firing] | None = None,
        chores: Sequence[Chore] = (),
        outage_least: timedelta | None = None,
        late: Late = lambda _seconds: None,
    ) -> None:
        """Take chores, and firings for clocks that are not of the process, such as a ring's.

        If nobody swept for `outage_least`, it was an outage, and clocks that ran through it are
        given the time back; without it they fire at once. `late` is told of each firing.
        """
        self._database = database
        self._firings = firings or {}
        self._chores = chores
        self._outage_least = outage_least
        self._late = late
        self._beaten: datetime | None = None  # the last beat of this sweeper
        self._nudged = asyncio.Event()
        self._expected: float | None = None  # when `run` meant to look again
        self._held_up = False  # the last pass left its chores to the next

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
            self._expected = time.monotonic() + wait
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._nudged.wait()
            self._nudged.clear()

    async def sweep(self) -> int:
        """Do everything that is due now; return how many orders had something due."""
        found, _ = await self._pass()
        return found

    async def _pass(self) -> tuple[int, float]:
        """Return how many orders had something due, and how long nothing has to be done."""
        due: Sequence[OrderId] = ()
        wait = PERIOD
        # what an idle pass costs is this one read, answered by the index whatever the number
        now, first = await self._database.glance(select(func.min(timers.c.wake_at)))
        if first is not None and first <= now:
            due, full = await self._due_orders(now)
            wait = 0.0 if full else REST
        elif first is not None:
            wait = min(max((first - now).total_seconds(), 0.005), PERIOD)
        await self._beat(now)
        for place in range(0, len(due), TOGETHER):
            for order in await self._look_after_few(due[place : place + TOGETHER]):
                await self._look_after(order)
        if not self._stood_still():
            for chore in self._chores:
                await chore()
        return len(due), wait

    def _stood_still(self) -> bool:
        """Whether this pass comes late; the one after such a pass does not, however late it is."""
        expected, self._expected = self._expected, None
        late = expected is not None and time.monotonic() - expected > STOOD_STILL
        self._held_up = late and not self._held_up
        return self._held_up

    async def _due_orders(self, now: datetime) -> tuple[Sequence[OrderId], bool]:
        """Return the orders of the clocks that are due longest, and whether there may be more."""
        async with self._database.reading() as conn:
            rows = await conn.scalars(
                select(timers.c.order_id)
                .where(timers.c.wake_at <= now)
                .order_by(timers.c.wake_at)
                .limit(AT_ONCE)
            )
            found = rows.all()
        return tuple(map(OrderId, dict.fromkeys(found))), len(found) == AT_ONCE

    async def _look_after_few(self, few: Sequence[OrderId]) -> Sequence[OrderId]:
        """Carry out what is due for a few orders; return those that have to be taken singly.

        Those are the orders whose clock has a firing of its own (a ring's end touches persons,
        who may be in other orders too), and everything as soon as something fails: nothing of
        that transaction was done then.
        """
        alone: list[OrderId] = []
        left = few
        while left:
            try:
                async with self._database.transaction() as tx:
                    left, apart, fired = await self._together(tx, left)
            except Exception as error:  # noqa: BLE001
                why = type(error).__name__
                log.warning("deadlines failed together and are tried singly", error=why)
                return few
            alone += apart
            for seconds in fired:
                self._late(seconds)
        return alone

    async def _together(
        self, tx: Transaction, few: Sequence[OrderId]
    ) -> tuple[list[OrderId], list[OrderId], list[float]]:
        """Carry out a clock of each order.

        Return who has another, who is to go alone, and how late those were that fired.
        """
        held = await lock_free(tx, few)
        changes: list[Change] = []
        at_zero: list[tuple[LockedOrder, Clocks]] = []
        apart: list[OrderId] = []
        more: list[OrderId] = []
        for order, clocks in (await clocks_of(tx, list(held))).items():
            if not clocks.due:
                continue
            early = self._before_zero(tx, held[order], clocks)
            if early is not None:
                changes.append(early)
            elif self._goes_alone(clocks.due[0]):
                apart.append(order)
                continue
            else:
                at_zero.append((held[order], clocks))
            if len(clocks.due) > 1:
                more.append(order)
        changes += await _fired(tx, [(locked, c.due[0], c.running) for locked, c in at_zero])
        await write(tx, changes)
        more += [
            change.locked.id
            for change in changes
            if any(clock.due <= tx.now for clock in change.opens)
            or any(clock.wake_at <= tx.now for clock in change.moves)
        ]
        late = [_lateness(tx, clocks.due[0]) for _, clocks in at_zero]
        return list(dict.fromkeys(more)), apart, late

    async def _look_after(self, order: OrderId) -> None:
        """Carry out what is due for one order, a transaction each; put off what fails."""
        while True:
            clock: DueTimer | None = None
            late: float | None = None
            try:
                async with self._database.transaction() as tx:
                    locked = (await lock_free(tx, [order])).get(order)
                    if locked is None:
                        return  # held by a command or another sweeper; the next pass looks again
                    clocks = (await clocks_of(tx, [order])).get(order)
                    if clocks is None or not clocks.due:
                        return
                    clock = clocks.due[0]
                    early = self._before_zero(tx, locked, clocks)
                    if early is not None:
                        await write(tx, [early])
                    else:
                        late = _lateness(tx, clock)
                        if self._goes_alone(clock):
                            await self._firings[clock.timer](tx, locked, clock)
                        else:
                            await write(tx, await _fired(tx, [(locked, clock, clocks.running)]))
                if late is not None:
                    self._late(late)
            except Exception:
                log.exception("a deadline failed and is put off", order=order)
                # if it failed because the database is away, this raises `Unavailable`
                if not await self._put_off(order, clock):
                    return

    def _goes_alone(self, clock: DueTimer) -> bool:
        return clock.timer is Timer.RING or clock.timer in self._firings

    def _before_zero(self, tx: Transaction, locked: LockedOrder, clocks: Clocks) -> Change | None:
        """Return what happens to the clock instead of firing; None if it is at zero."""
        clock = clocks.due[0]
        if self._outage_least is not None and clock.timer is not Timer.RING:
            back = given_back(clock, clocks.lost)
            if back is not None:
                return _give_back(tx, locked, clock, back, clocks.lost[-1].until)
        return _remind(tx, locked, clock) if tx.now < clock.due else None

    async def _beat(self, now: datetime) -> None:
        """Say that we are there, before the first sweep and every few seconds after it."""
        least = self._outage_least
        if least is None:
            return
        if self._beaten is not None and timedelta() <= now - self._beaten < BEAT:
            return
        async with self._database.transaction() as tx:
            ended = await beat(tx, least)
        self._beaten = now
        if ended is not None:
            log.warning("there was an outage", since=ended.since, until=ended.until)

    async def _put_off(self, order: OrderId, clock: DueTimer | None) -> bool:
        """Look later at the clock that failed; at all that are due if they could not be read."""
        async with self._database.transaction() as tx:
            if not await hold(tx, order):
                return False
            await put_off(tx, order, clock, pause_after)
            return clock is not None


def _lateness(tx: Transaction, clock: DueTimer) -> float:
    return (tx.now - clock.due).total_seconds()


def pause_after(attempts: int) -> timedelta:
    """Return how long a clock is left alone that has failed so often before."""
    doubled: int = 2 ** min(attempts, 10)
    return min(RETRY_FIRST * doubled, RETRY_MOST)


async def fire_step(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
    """Carry out a clock of the process; one whose state has passed is only removed."""
    clocks = await running(tx.conn, locked.id)
    await write(tx, await _fired(tx, [(locked, clock, clocks)]))


async def _fired(
    tx: Transaction, due: Sequence[tuple[LockedOrder, DueTimer, tuple[RunningTimer, ...]]]
) -> list[Change]:
    """Decide what happens to orders, a clock of each of which is at zero."""
    if not due:
        return []
    proposals = await open_ones_of(tx.conn, [locked.id for locked, _, _ in due])
    briefed = [locked.id for locked, clock, _ in due if clock.timer is Timer.BRIEF_WINDOW]
    items = await items_of_all(tx.conn, briefed) if briefed else {}
    changes: list[Change] = []
    for locked, clock, clocks in due:
        order, now = locked.id, max(tx.now, locked.head.at)
        decision = expire(locked.facts, clock.timer, clock.due, now, clocks, items.get(order, ()))
        changes.append(
            Change(locked, ends=((clock.timer, clock.ref),))
            if decision is None
            else decided(locked, decision, CLOCK, proposals.get(order, ()))
        )
    return changes


def _give_back(
    tx: Transaction, locked: LockedOrder, clock: DueTimer, due: datetime, credited: datetime
) -> Change:
    """Move a clock that ran through an outage, and say why."""
    seconds = round((due - clock.due).total_seconds())
    wakes = wake_at(clock.timer, clock.start, due, tx.now, locked.facts.policy)
    facts = None
    if clock.timer is Timer.DELIVERY:
        facts = msgspec.structs.replace(locked.facts, delivery_due=due)
    return Change(
        locked,
        drafts=(Draft(CLOCK, TimeGivenBack(clock.timer, clock.due, due, seconds)),),
        facts=facts,
        moves=(MovedClock(clock.timer, clock.ref, due, wakes, credited),),
    )


def _remind(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> Change:
    """Tell the mark that was reached. After an outage only the latest of those missed."""
    policy = locked.facts.policy
    following = wake_at(clock.timer, clock.start, clock.due, tx.now, policy)
    reached = marks(clock.start, clock.due, policy, clock.timer)
    passed = [m for m in reached if m.at <= tx.now]
    near: tuple[Draft, ...] = ()
    if clock.timer in REMINDED and passed:
        near = (Draft(CLOCK, DeadlineNear(clock.timer, clock.due, passed[-1].percent)),)
    move = MovedClock(clock.timer, clock.ref, clock.due, following, clock.credited)
    return Change(locked, near, moves=(move,))
