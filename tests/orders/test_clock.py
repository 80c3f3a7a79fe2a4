"""What is due happens: once, never early, late after an outage, and for each order by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import structlog
from sqlalchemy import select, text, update

from orders.clock import RETRY_MOST, Firing, Sweeper, fire_step
from orders.commands import take_step
from orders.database import Database, Transaction
from orders.decisions import TimerSet
from orders.events import DeadlineFired, DeadlineNear, OrderId, Timer
from orders.locking import LockedOrder, lock
from orders.policy import DAY, Policy
from orders.tables import orders, timers
from orders.timers import DueTimer, end_timer, set_timer
from orders.workflow import Verb
from tests.orders.world import (
    MONDAY,
    Room,
    Watch,
    entries_of,
    kinds_of,
    open_room,
    opened,
    verified,
)

CANCELLED = ["DeadlineFired", "OrderCancelled", "MoneyRefunded", "DeadlineSet"]
ZERO = timedelta(hours=48)
QUIET = Policy(reminders_percent=(), last_call=200 * DAY)
"""Settings by which nobody is reminded of anything."""


@pytest.fixture(autouse=True)
def _short_log() -> Iterator[None]:
    """Say failures in a line: the traceback for people costs a second a failure."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


async def _reminders(database: Database, room: Room) -> list[int]:
    told = [entry.event for entry in await entries_of(database, room.order)]
    return [event.percent for event in told if isinstance(event, DeadlineNear)]


async def _wakes_at(database: Database, order: OrderId) -> datetime:
    """When the sweeper will look at the order next."""
    async with database.reading() as conn:
        found = await conn.scalar(
            select(timers.c.wake_at).where(timers.c.order_id == order).order_by(timers.c.wake_at)
        )
    assert isinstance(found, datetime)
    return found


# ------------------------------------------------------------------------------- once


async def test_nothing_happens_a_moment_before_zero_and_everything_at_zero(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database, QUIET), Sweeper(database)
        watch.now = MONDAY + ZERO - timedelta(microseconds=1)
        assert await sweeper.sweep() == 0
        assert await verified(database, room.order) == 3
        watch.forward(microseconds=1)
        assert await sweeper.sweep() == 1
        assert await kinds_of(database, room.order, after=3) == CANCELLED
        assert await sweeper.sweep() == 0


async def test_however_many_sweepers_there_are_a_clock_fires_once(own_database_url: str) -> None:
    watch = Watch()
    async with (
        opened(own_database_url, watch) as one,
        opened(own_database_url, watch) as two,
        opened(own_database_url, watch) as three,
    ):
        rooms = [await open_room(one) for _ in range(12)]
        watch.now = MONDAY + ZERO
        sweepers = [Sweeper(database) for database in (one, one, two, two, three, three)]
        while sum(await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))):
            pass
        for room in rooms:
            assert (await kinds_of(one, room.order, after=3)) == CANCELLED
            assert await verified(one, room.order) == 7


async def test_after_an_outage_of_days_a_clock_fires_late_and_once(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database), Sweeper(database)
        watch.forward(days=5)
        await sweeper.sweep()
        await sweeper.sweep()
        assert await kinds_of(database, room.order, after=3) == CANCELLED
        fired = (await entries_of(database, room.order))[3]
        assert fired.event == DeadlineFired(Timer.BRIEF_WINDOW, MONDAY + ZERO)
        assert fired.at == watch.now


async def test_clocks_that_open_one_another_all_fire_in_turn(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        settings = Policy(delivery=DAY, review=DAY, chat_tail=DAY, reminders_percent=())
        room, sweeper = await open_room(database, settings), Sweeper(database)
        await take_step(database, room.order, room.seller, Verb.START, "s1")
        watch.forward(days=2)
        await sweeper.sweep()  # late; there is no clock for being late
        await take_step(database, room.order, room.seller, Verb.DELIVER, "d1")
        for _ in range(2):
            watch.forward(days=2)
            await sweeper.sweep()
        fired = [
            entry.event.timer
            for entry in await entries_of(database, room.order)
            if isinstance(entry.event, DeadlineFired)
        ]
        assert fired == [Timer.DELIVERY, Timer.REVIEW, Timer.CHAT_TAIL]


async def test_a_clock_that_was_stopped_in_time_never_fires(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database, QUIET), Sweeper(database)
        watch.now = MONDAY + ZERO
        await take_step(database, room.order, room.seller, Verb.START, "s1")
        assert await sweeper.sweep() == 0
        assert "OrderCancelled" not in await kinds_of(database, room.order)


async def test_a_step_and_its_deadline_in_the_same_moment_exclude_each_other(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database, opened(own_database_url, watch) as two:
        for _ in range(6):
            room = await open_room(database, QUIET)
            watch.forward(hours=48)
            await asyncio.gather(
                take_step(database, room.order, room.seller, Verb.START, "s1"),
                Sweeper(two).sweep(),
                return_exceptions=True,
            )
            told = await kinds_of(database, room.order)
            assert ("OrderStarted" in told) != ("OrderCancelled" in told)
            await verified(database, room.order)


# --------------------------------------------------------------- each order by itself


def _fails_for(order: OrderId, failure: Callable[[Transaction], object]) -> Firing:
    async def fire(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
        await fire_step(tx, locked, clock)
        if locked.id == order:
            failed = failure(tx)
            if asyncio.iscoroutine(failed):
                await failed

    return fire


def _raise(error: Exception) -> Callable[[Transaction], object]:
    def fail(_tx: Transaction) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "failure",
    [
        _raise(RuntimeError("a bug")),
        _raise(TimeoutError()),
        _raise(ConnectionResetError()),
        lambda tx: tx.conn.execute(text("select * from no_such_table")),
    ],
    ids=["bug", "timeout", "reset", "statement"],
)
async def test_an_order_that_fails_blocks_no_other_and_changes_nothing(
    own_database_url: str, failure: Callable[[Transaction], object]
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        bad = await open_room(database)
        watch.forward(seconds=1)
        good = await open_room(database)
        watch.now = MONDAY + 2 * ZERO
        sweeper = Sweeper(database, {Timer.BRIEF_WINDOW: _fails_for(bad.order, failure)})
        await sweeper.sweep()
        assert await kinds_of(database, good.order, after=3) == CANCELLED
        assert await verified(database, bad.order) == 3
        assert await _wakes_at(database, bad.order) == watch.now + timedelta(seconds=1)

        watch.forward(seconds=1)
        await Sweeper(database).sweep()
        assert await kinds_of(database, bad.order, after=3) == CANCELLED


async def test_an_order_that_goes_on_failing_is_tried_ever_more_rarely_and_blocks_nobody(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        bad = await open_room(database, QUIET)
        watch.now = MONDAY + ZERO
        bug = _fails_for(bad.order, _raise(RuntimeError("a bug")))
        sweeper = Sweeper(database, {Timer.BRIEF_WINDOW: bug})
        pauses = []
        for failures in (0, 1, 2, 3, 1000):
            async with database.transaction() as tx:
                await tx.conn.execute(update(timers).values(attempts=failures))
            assert await sweeper.sweep() == 1
            pauses.append(await _wakes_at(database, bad.order) - watch.now)
            watch.now = await _wakes_at(database, bad.order)
        assert pauses == [*(timedelta(seconds=s) for s in (1, 2, 4, 8)), RETRY_MOST]


@pytest.mark.parametrize(
    "damage",
    [
        update(orders).values(policy=b'{"from_a_later_version":1}'),
        update(orders).values(state="from_a_later_version"),
        update(timers)
        .where(timers.c.timer == Timer.BRIEF_WINDOW)
        .values(timer="from_a_later_version"),
    ],
    ids=["policy", "state", "timer"],
)
async def test_an_order_that_cannot_even_be_read_is_put_off_and_blocks_nobody(
    own_database_url: str, damage: object
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        bad = await open_room(database)
        async with database.transaction() as tx:
            await tx.conn.execute(damage)  # type: ignore[call-overload]
        watch.forward(seconds=1)
        good = await open_room(database)
        watch.now = MONDAY + 2 * ZERO
        sweeper = Sweeper(database)
        assert await sweeper.sweep() == 2
        assert await kinds_of(database, good.order, after=3) == CANCELLED
        assert await _wakes_at(database, bad.order) == watch.now + timedelta(seconds=1)
        assert await sweeper.sweep() == 0


async def test_one_clock_of_an_order_that_fails_holds_up_no_other_of_it(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        await _ring(database, room, "call-1", watch.now + timedelta(hours=1))
        watch.now = MONDAY + ZERO
        # nobody handed in what a ring does at zero, so that clock fails
        await Sweeper(database).sweep()
        assert "OrderCancelled" in await kinds_of(database, room.order)


async def test_an_order_held_elsewhere_is_passed_over_and_comes_later(
    postgres_copy: str,
) -> None:
    watch = Watch()
    async with opened(postgres_copy, watch) as database, opened(postgres_copy, watch) as elsewhere:
        held, free = await open_room(database), await open_room(database)
        watch.now = MONDAY + ZERO
        sweeper = Sweeper(database)
        async with elsewhere.transaction() as tx:
            await lock(tx, held.order)
            async with asyncio.timeout(60):
                await sweeper.sweep()
            assert await kinds_of(database, free.order, after=3) == CANCELLED
            assert await kinds_of(database, held.order, after=3) == []
        await sweeper.sweep()
        assert await kinds_of(database, held.order, after=3) == CANCELLED


# -------------------------------------------------------------------------- reminders


async def test_each_mark_is_told_once_and_at_its_time(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database), Sweeper(database)
        for minutes in range(0, 48 * 60, 12):
            watch.now = MONDAY + timedelta(minutes=minutes)
            await sweeper.sweep()
            await sweeper.sweep()
        told = [
            (entry.at - MONDAY, entry.event.percent)
            for entry in await entries_of(database, room.order)
            if isinstance(entry.event, DeadlineNear)
        ]
        assert told == [
            (timedelta(hours=24), 50),
            (timedelta(hours=36), 75),
            (timedelta(hours=43, minutes=12), 90),
            (timedelta(hours=47), 100),
        ]


async def test_after_a_long_outage_only_the_latest_mark_is_told(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database), Sweeper(database)
        watch.forward(hours=44)
        await sweeper.sweep()
        await sweeper.sweep()
        assert await _reminders(database, room) == [90]
        watch.forward(hours=3)
        await sweeper.sweep()
        assert await _reminders(database, room) == [90, 100]


async def test_after_zero_nobody_is_reminded_of_what_has_happened(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database), Sweeper(database)
        watch.forward(hours=49)
        await sweeper.sweep()
        assert await _reminders(database, room) == []


async def test_a_mark_is_told_once_by_many_sweepers(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as one, opened(own_database_url, watch) as two:
        room = await open_room(one)
        watch.forward(hours=25)
        sweepers = [Sweeper(database) for database in (one, two, one, two)]
        while sum(await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))):
            pass
        assert await _reminders(one, room) == [50]


async def test_a_window_that_began_in_the_past_skips_the_marks_that_have_passed(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, paid_at=MONDAY - timedelta(hours=30))
        sweeper = Sweeper(database)
        await sweeper.sweep()
        assert await _reminders(database, room) == []
        watch.forward(hours=6)
        await sweeper.sweep()
        assert await _reminders(database, room) == [75]


# ------------------------------------------------------------------- rings, chores, run


async def _ring(database: Database, room: Room, call: str, due: datetime) -> None:
    async with database.transaction() as tx:
        locked = await lock(tx, room.order)
        ring = TimerSet(Timer.RING, tx.now, due)
        await set_timer(tx, room.order, ring, locked.facts.policy, ref=call)


async def test_what_a_ring_does_at_zero_is_handed_in_and_told_which_call(
    own_database_url: str,
) -> None:
    watch = Watch()
    fired: list[tuple[OrderId, DueTimer]] = []

    async def fire_ring(tx: Transaction, locked: LockedOrder, clock: DueTimer) -> None:
        await end_timer(tx, locked.id, clock.timer, clock.ref)
        fired.append((locked.id, clock))

    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        due = watch.now + timedelta(seconds=30)
        await _ring(database, room, "call-1", due)
        sweeper = Sweeper(database, {Timer.RING: fire_ring})
        watch.forward(seconds=29)
        await sweeper.sweep()
        assert fired == []
        watch.forward(seconds=1)
        await sweeper.sweep()
        await sweeper.sweep()
    assert fired == [(room.order, DueTimer(Timer.RING, "call-1", MONDAY, due, 0, MONDAY))]


async def test_orders_that_share_a_transaction_each_get_what_is_theirs(
    own_database_url: str,
) -> None:
    watch = Watch()
    told: list[OrderId] = []
    async with opened(own_database_url, watch) as database:
        cancelled = [await open_room(database) for _ in range(4)]
        extended, gone = await open_room(database), await open_room(database)
        watch.forward(hours=1)
        later = await open_room(database)
        async with database.transaction() as tx:
            window = timers.c.timer == Timer.BRIEF_WINDOW
            mine = timers.c.order_id == extended.order
            await tx.conn.execute(update(timers).where(window, mine).values(due=MONDAY + 2 * ZERO))
            await tx.conn.execute(
                update(orders).where(orders.c.id == gone.order).values(state="in_progress")
            )
        database.on_commit(lambda news: told.extend(each.order for each in news))
        watch.now = MONDAY + ZERO
        assert await Sweeper(database).sweep() == 7
        for room in cancelled:
            assert await kinds_of(database, room.order, after=3) == CANCELLED
            assert await verified(database, room.order) == 7
        assert await _reminders(database, extended) == [50]
        assert await _reminders(database, later) == [100]
        assert await kinds_of(database, gone.order, after=3) == []  # its clock is only removed
        assert sorted(told) == sorted(room.order for room in (*cancelled, extended, later))
        assert await Sweeper(database).sweep() == 0
