"""Time that our own outages took from people is given back: once, under the lock, with a reason."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.clock import Sweeper
from orders.commands import create_order, take_step
from orders.database import Database
from orders.deadlines import Outage, after_outages
from orders.decisions import TimerSet
from orders.events import DeadlineFired, PersonId, TimeGivenBack, Timer
from orders.fold import View, fold
from orders.inbox import dues, inbox
from orders.locking import lock
from orders.outages import beat
from orders.policy import DAY, Policy
from orders.timers import DueTimer, end_timer, set_timer
from orders.views import situation, snapshot
from orders.workflow import Verb
from tests.orders.world import (
    MONDAY,
    Room,
    Watch,
    entries_of,
    kinds_of,
    new_order,
    open_room,
    opened,
    verified,
)

LEAST = timedelta(minutes=5)
QUIET = Policy(reminders_percent=(), last_call=200 * DAY)
ZERO = timedelta(hours=48)
MOMENTS = st.integers(-DAY, 10 * DAY).map(lambda s: MONDAY + timedelta(seconds=s))


def _sweeper(database: Database) -> Sweeper:
    return Sweeper(database, outage_least=LEAST)


async def _shown(database: Database, room: Room, watch: Watch) -> list[datetime]:
    async with database.reading() as conn:
        seen = await situation(conn, room.order, room.buyer, watch.now)
    return [clock.due for clock in seen.deadlines]


async def _given(database: Database, room: Room) -> list[TimeGivenBack]:
    told = [entry.event for entry in await entries_of(database, room.order)]
    return [event for event in told if isinstance(event, TimeGivenBack)]


# ------------------------------------------------------------------------------- the rule


@given(MOMENTS, st.integers(0, 5 * DAY), st.lists(st.integers(1, DAY), max_size=8))
def test_a_window_never_gets_shorter_nor_longer_than_the_outages(
    start: datetime, length: int, cuts: list[int]
) -> None:
    at, outages = MONDAY, []
    for since, until in zip(cuts[::2], cuts[1::2], strict=False):
        begun = at + timedelta(seconds=since)
        at = begun + timedelta(seconds=until)
        outages.append(Outage(begun, at))
    end = start + timedelta(seconds=length)
    later = after_outages(start, end, MONDAY, outages)
    lost = sum(((o.until - o.since) for o in outages), timedelta())
    assert end <= later <= end + lost
    assert after_outages(start, later, at, outages) == later  # credited up to the last of them
    stepwise = end
    for outage in outages:
        stepwise = after_outages(start, stepwise, outage.since, [outage])
    assert stepwise == later  # one after the other or all at once


def test_as_much_time_is_left_after_an_outage_as_before_it() -> None:
    hour = timedelta(hours=1)
    outage = [Outage(MONDAY + hour, MONDAY + 3 * hour)]
    due = [after_outages(MONDAY, MONDAY + n * hour, MONDAY, outage) - MONDAY for n in (1, 2, 4)]
    assert due == [hour, 4 * hour, 6 * hour]
    inside = MONDAY + 2 * hour
    assert after_outages(inside, inside + hour, MONDAY, outage) == inside + 2 * hour


# -------------------------------------------------------------------------- in the database


async def test_a_clock_that_ran_through_an_outage_fires_later_and_says_why(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        await _sweeper(database).sweep()
        watch.now = MONDAY + ZERO + timedelta(hours=1)  # away for 49 hours
        due = watch.now + ZERO
        sweeper = _sweeper(database)
        await sweeper.sweep()
        gone = ZERO + timedelta(hours=1)
        given_back = TimeGivenBack(
            Timer.BRIEF_WINDOW, MONDAY + ZERO, due, int(gone.total_seconds())
        )
        assert await _given(database, room) == [given_back]
        assert await _shown(database, room, watch) == [due]
        while watch.now < due - timedelta(minutes=4):
            watch.forward(minutes=4)
            await sweeper.sweep()
        assert "OrderCancelled" not in await kinds_of(database, room.order)
        watch.now = due
        await sweeper.sweep()
        entries = await entries_of(database, room.order)
        fired = [e.event for e in entries if isinstance(e.event, DeadlineFired)]
        assert fired == [DeadlineFired(Timer.BRIEF_WINDOW, due)]
        assert len(await _given(database, room)) == 1
        await verified(database, room.order)
        view = View(room.order)
        for entry in entries:
            view = fold(view, entry)
        async with database.reading() as conn:
            assert view == await snapshot(conn, room.order)


async def test_people_see_the_time_given_back_before_any_clock_is_looked_at(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        await _sweeper(database).sweep()
        watch.forward(hours=2)
        await _sweeper(database).sweep()
        assert await _shown(database, room, watch) == [MONDAY + ZERO + timedelta(hours=2)]
        assert await _given(database, room) == []


async def test_two_outages_are_given_back_each_once_by_many_sweepers(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as one, opened(own_database_url, watch) as two:
        room = await open_room(one)  # reminded of half of it: looked at twice
        await _sweeper(one).sweep()
        for _ in range(2):
            watch.forward(hours=30)
            sweepers = [_sweeper(database) for database in (one, two, one)]
            while sum(await asyncio.gather(*(sweeper.sweep() for sweeper in sweepers))):
                pass
        assert [event.seconds for event in await _given(one, room)] == [30 * 3600] * 2
        assert await _shown(one, room, watch) == [MONDAY + ZERO + timedelta(hours=60)]


@pytest.mark.parametrize("least", [None, timedelta(hours=3)], ids=["off", "below"])
async def test_off_or_below_the_length_a_clock_fires_at_once(
    own_database_url: str, least: timedelta | None
) -> None:
    watch = Watch(MONDAY)
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        watch.forward(hours=47)
        await Sweeper(database, outage_least=least).sweep()
        watch.forward(hours=2)
        await Sweeper(database, outage_least=least).sweep()
        assert "OrderCancelled" in await kinds_of(database, room.order)
        assert await _given(database, room) == []


async def test_a_clock_that_ran_ahead_and_was_set_right_gives_nothing_to_new_orders(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        sweeper = _sweeper(database)
        await sweeper.sweep()
        watch.forward(days=30)
        await sweeper.sweep()
        watch.forward(days=-30, minutes=1)
        await sweeper.sweep()
        room = await open_room(database, QUIET)
        assert await _shown(database, room, watch) == [watch.now + ZERO]
        watch.forward(hours=1)
        await sweeper.sweep()
        soon = MONDAY + timedelta(minutes=1) + ZERO
        hour = timedelta(hours=1)
        assert await _shown(database, room, watch) == [soon + hour], "a true outage counts as ever"


async def test_the_delivery_date_moves_with_its_clock(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        await take_step(database, room.order, room.seller, Verb.START, "s1")
        await _sweeper(database).sweep()
        watch.forward(days=8)
        await _sweeper(database).sweep()
        async with database.transaction() as tx:
            locked = await lock(tx, room.order)
        assert locked.facts.delivery_due == MONDAY + timedelta(days=15)
        assert "OrderLate" not in await kinds_of(database, room.order)


async def test_a_ring_is_over_after_an_outage(own_database_url: str) -> None:
    watch, rings = Watch(), []

    async def fire_ring(tx: object, locked: object, clock: DueTimer) -> None:
        rings.append(clock.ref)
        await end_timer(tx, locked.id, clock.timer, clock.ref)  # type: ignore[attr-defined,arg-type]

    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        await _sweeper(database).sweep()
        async with database.transaction() as tx:
            ring = TimerSet(Timer.RING, watch.now, watch.now + timedelta(seconds=30))
            await set_timer(tx, room.order, ring, QUIET, ref="call-1")
        watch.forward(hours=1)
        await Sweeper(database, {Timer.RING: fire_ring}, outage_least=LEAST).sweep()
    assert rings == ["call-1"]


# ------------------------------------------------------------------------------ for real

SWEEP = """
import asyncio, sys
from datetime import timedelta
from orders.clock import Sweeper
from orders.database import Database

async def main():
    database = await Database.open(sys.argv[1])
    sweeper = Sweeper(database, outage_least=timedelta(seconds=1))
    await sweeper.sweep()
    print("swept", flush=True)
    await sweeper.run()

asyncio.run(main())
"""


async def test_a_sweeper_killed_and_started_again_gives_the_time_back(
    own_database_url: str,
) -> None:
    async def started() -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SWEEP, own_database_url, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        while await process.stdout.readline() not in {b"swept\n", b""}:
            pass  # it says on the same stream that there was an outage
        return process

    async with opened(own_database_url) as database:
        first = await started()
        room = await open_room(database, Policy(brief_window=2, reminders_percent=()))
        first.send_signal(signal.SIGKILL)
        await first.wait()
        due = (await entries_of(database, room.order))[0].at + timedelta(seconds=2)
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 1)
        second = await started()
        try:
            async with asyncio.timeout(60):
                while "OrderCancelled" not in await kinds_of(database, room.order):
                    await asyncio.sleep(0.05)
        finally:
            second.kill()
            await second.wait()
        # the second sweeper stands still for a moment too if the machine does, and gives that back
        back = (await _given(database, room))[-1]
        fired = next(
            e for e in await entries_of(database, room.order) if isinstance(e.event, DeadlineFired)
        )
        assert fired.event == DeadlineFired(Timer.BRIEF_WINDOW, back.due)
        assert fired.at >= back.due > due


async def test_lists_and_pings_show_the_time_given_back_before_the_clock_was_moved(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database, QUIET)
        sooner = await open_room(
            database, msgspec.structs.replace(QUIET, brief_window=2 * DAY - 60)
        )
        await _sweeper(database).sweep()
        watch.forward(hours=10)
        async with database.transaction() as tx:
            await beat(tx, LEAST)  # the outage is known, and no clock was looked at since
        fair = MONDAY + ZERO + timedelta(hours=10)
        async with database.reading() as conn:
            (line,) = await inbox(conn, room.buyer)
            told = await dues(conn, [room.order, sooner.order])
        assert line.due == fair
        assert told == {room.order: fair, sooner.order: fair - timedelta(minutes=1)}
        assert await _shown(database, room, watch) == [fair]
        assert await _given(database, room) == [], "nothing was told yet"


async def test_the_list_is_in_the_order_of_what_is_fair(own_database_url: str) -> None:
    """An order paid after the outage may be more urgent than one that ran through it."""
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        early = new_order(QUIET)
        await create_order(database, "shop", early.reference, early)
        await _sweeper(database).sweep()
        watch.forward(hours=10)
        async with database.transaction() as tx:
            await beat(tx, LEAST)
        late = new_order(msgspec.structs.replace(QUIET, brief_window=40 * 3600), buyer=early.buyer)
        await create_order(database, "shop", late.reference, late)
        async with database.reading() as conn:
            lines = await inbox(conn, PersonId(early.buyer.person))
    assert [line.due for line in lines] == [
        MONDAY + timedelta(hours=50),
        MONDAY + timedelta(hours=58),
    ]
