"""Reminders stand inside the window, in order, and do not crowd."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.deadlines import MARK_LAST_CALL, Mark, due, marks, next_mark
from orders.events import Timer
from orders.policy import DAY, HOUR, Policy
from tests.orders.world import MONDAY

STARTS = st.integers(-1000 * DAY, 1000 * DAY).map(lambda s: MONDAY + timedelta(seconds=s))
LENGTHS = st.integers(min_value=1, max_value=400 * DAY)
POLICIES = st.builds(
    Policy,
    reminders_percent=st.lists(st.integers(1, 99), max_size=8).map(tuple),
    last_call=st.integers(1, 30 * DAY),
)


@given(STARTS, LENGTHS, POLICIES)
def test_marks_are_sorted_and_inside_the_window(
    start: datetime, seconds: int, policy: Policy
) -> None:
    end = due(start, seconds)
    found = marks(start, end, policy)
    assert found == sorted(found)
    assert all(start < mark.at < end for mark in found)


@given(STARTS, LENGTHS, POLICIES)
def test_in_a_long_window_nobody_is_reminded_twice_in_a_minute(
    start: datetime, seconds: int, policy: Policy
) -> None:
    end = due(start, seconds)
    if end - start > timedelta(hours=1):
        pairs = pairwise(marks(start, end, policy))
        assert all(b.at - a.at >= timedelta(minutes=1) for a, b in pairs)


@given(STARTS, LENGTHS, POLICIES, st.integers(-DAY, 500 * DAY))
def test_the_next_mark_is_the_first_of_those_to_come(
    start: datetime, seconds: int, policy: Policy, elapsed: int
) -> None:
    end, now = due(start, seconds), start + timedelta(seconds=elapsed)
    to_come = [mark for mark in marks(start, end, policy) if mark.at > now]
    assert next_mark(start, end, now, policy) == (to_come[0] if to_come else None)


def test_two_days_are_reminded_at_half_three_quarters_nine_tenths_and_the_last_hour() -> None:
    end = due(MONDAY, 48 * HOUR)
    assert [(mark.percent, end - mark.at) for mark in marks(MONDAY, end, Policy())] == [
        (50, timedelta(hours=24)),
        (75, timedelta(hours=12)),
        (90, timedelta(hours=4, minutes=48)),
        (MARK_LAST_CALL, timedelta(hours=1)),
    ]


@pytest.mark.parametrize(("days", "leads"), [(152, [30, 7, 1]), (40, [7, 1]), (3, [1]), (1, [])])
def test_the_longest_life_is_reminded_of_while_there_is_time_to_do_something(
    days: int, leads: list[int]
) -> None:
    end = due(MONDAY, days * DAY)
    found = marks(MONDAY, end, Policy(), Timer.ORDER_LIFE)
    assert [(end - mark.at).days for mark in found] == leads
    assert found == sorted(found)
    first = next_mark(MONDAY, end, MONDAY, Policy(), Timer.ORDER_LIFE)
    assert first == (found[0] if found else None)


def test_three_minutes_have_no_last_hour() -> None:
    found = marks(MONDAY, due(MONDAY, 180), Policy())
    assert [mark.percent for mark in found] == [50, 75, 90]


def test_marks_that_fall_together_are_told_once_under_the_later_name() -> None:
    end = due(MONDAY, 2 * HOUR)  # half of it is the last hour
    found = marks(MONDAY, end, Policy(reminders_percent=(50,)))
    assert found == [Mark(end - timedelta(hours=1), MARK_LAST_CALL)]


@pytest.mark.parametrize("seconds", [1, 180, 48 * HOUR, 400 * DAY])
def test_a_window_is_elapsed_time_nights_and_changes_of_clock_included(seconds: int) -> None:
    eve_of_summer_time = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert (due(eve_of_summer_time, seconds) - eve_of_summer_time).total_seconds() == seconds
