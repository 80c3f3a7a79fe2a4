"""On days that are not worked the windows for answering stand still, if the marketplace says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.clock import Sweeper
from orders.commands import take_step
from orders.deadlines import COUNTS_WORKING_DAYS, due, window_end
from orders.events import Timer
from orders.policy import DAY, HOUR, Policy
from orders.views import situation
from orders.workflow import Verb
from orders.working_days import after_worked, is_worked
from tests.orders.world import MONDAY, Watch, kinds_of, open_room, opened

# Paris changes at night, Cairo, Havana and Beirut have changed at midnight.
ZONES = st.sampled_from(["Europe/Paris", "Africa/Cairo", "America/Havana", "Asia/Beirut", "UTC"])
STARTS = st.integers(-3000 * DAY, 1500 * DAY).map(lambda s: MONDAY + timedelta(seconds=s))
LENGTHS = st.integers(1, 60 * DAY)
PARIS = ZoneInfo("Europe/Paris")
WORKING = Policy(working_days_only=True)


def paris(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=PARIS)  # type: ignore[arg-type,misc]


@given(STARTS, LENGTHS, ZONES)
def test_working_time_is_never_shorter_than_plain_time(
    start: datetime, seconds: int, zone: str
) -> None:
    assert after_worked(start, seconds, "FR", zone) >= due(start, seconds)


@given(STARTS, LENGTHS, LENGTHS, ZONES)
def test_a_longer_window_and_one_that_begins_later_never_end_sooner(
    start: datetime, seconds: int, more: int, zone: str
) -> None:
    end = after_worked(start, seconds, "FR", zone)
    assert end < after_worked(start, seconds + more, "FR", zone)
    assert end <= after_worked(start + timedelta(seconds=more), seconds, "FR", zone)


@given(STARTS, LENGTHS, LENGTHS, ZONES)
def test_a_window_in_two_parts_ends_when_the_whole_does(
    start: datetime, first: int, second: int, zone: str
) -> None:
    parts = after_worked(after_worked(start, first, "FR", zone), second, "FR", zone)
    assert parts == after_worked(start, first + second, "FR", zone)


@given(STARTS, LENGTHS, ZONES)
def test_no_window_ends_on_a_day_that_is_not_worked(
    start: datetime, seconds: int, zone: str
) -> None:
    last = after_worked(start, seconds, "FR", zone) - timedelta(microseconds=1)
    assert is_worked(last.astimezone(ZoneInfo(zone)).date(), "FR")


@given(STARTS, LENGTHS, st.sampled_from(Timer))
def test_switched_off_it_is_plain_time(start: datetime, seconds: int, timer: Timer) -> None:
    assert window_end(timer, start, seconds, Policy()) == due(start, seconds)


@pytest.mark.parametrize("timer", [t for t in Timer if t not in COUNTS_WORKING_DAYS])
def test_what_is_no_window_for_answering_is_plain_time(timer: Timer) -> None:
    assert window_end(timer, MONDAY, 9 * DAY, WORKING) == due(MONDAY, 9 * DAY)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (paris(2026, 11, 27, 18), 48, paris(2026, 12, 1, 18)),  # Friday evening to Tuesday
        (paris(2026, 11, 28, 10), 24, paris(2026, 12, 1)),  # a Saturday begins on Monday
        (paris(2026, 12, 24, 12), 24, paris(2026, 12, 28, 12)),  # Christmas is a Friday
        (paris(2026, 5, 13, 9), 48, paris(2026, 5, 18, 9)),  # Ascension Day
        (paris(2026, 3, 27, 12), 24, paris(2026, 3, 30, 12)),  # the short Sunday stands still
        (paris(2026, 11, 24, 9), 48, paris(2026, 11, 26, 9)),
    ],
)
def test_a_window_over_days_that_are_not_worked(start: datetime, hours: int, end: datetime) -> None:
    assert window_end(Timer.BRIEF_WINDOW, start, hours * HOUR, WORKING) == end


def test_a_worked_day_has_the_hours_it_has() -> None:
    # in Cairo the Friday 26 April 2024 had no midnight: it began at one, and lasted 23 hours
    start = datetime(2024, 4, 25, 23, tzinfo=ZoneInfo("Africa/Cairo"))
    monday = datetime(2024, 4, 29, 1, tzinfo=ZoneInfo("Africa/Cairo"))
    assert after_worked(start, 25 * HOUR, "FR", "Africa/Cairo") == monday


async def test_windows_of_an_order_stand_still_and_fire_when_they_are_due(
    own_database_url: str,
) -> None:
    watch = Watch(datetime(2026, 11, 27, 18, tzinfo=UTC))
    async with opened(own_database_url, watch) as database:
        room, sweeper = await open_room(database, WORKING), Sweeper(database)
        async with database.reading() as conn:
            seen = await situation(conn, room.order, room.buyer, watch.now)
        tuesday = watch.now + timedelta(days=4)
        assert [clock.due for clock in seen.deadlines] == [tuesday]
        watch.now = tuesday - timedelta(seconds=1)
        await sweeper.sweep()
        assert "OrderCancelled" not in await kinds_of(database, room.order)
        watch.now = tuesday
        await sweeper.sweep()
        assert "OrderCancelled" in await kinds_of(database, room.order)


async def test_the_review_that_a_delivery_opens_counts_working_days(database_url: str) -> None:
    watch = Watch(datetime(2026, 11, 23, 9, tzinfo=UTC))
    async with opened(database_url, watch) as database:
        room = await open_room(database, WORKING)
        await take_step(database, room.order, room.seller, Verb.START, "s1")
        await take_step(database, room.order, room.seller, Verb.DELIVER, "d1")
        async with database.reading() as conn:
            seen = await situation(conn, room.order, room.buyer, watch.now)
        assert [clock.due for clock in seen.deadlines] == [watch.now + timedelta(days=9)]
