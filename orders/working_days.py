"""Which days are worked in a country, and whose midnight begins them.

Rules of the `holidays` library: the country's own weekend and its public holidays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays


@lru_cache(maxsize=64)
def calendar(country: str) -> holidays.HolidayBase:
    """Return the country's public holidays; they are worked out year by year as asked for."""
    return holidays.country_holidays(country)


def is_worked(day: date, country: str) -> bool:
    """Tell whether a day is neither of the weekend nor a public holiday."""
    return bool(calendar(country).is_working_day(day))


@lru_cache(maxsize=4096)
def nth_worked(day: date, number: int, country: str) -> date:
    """Return the so-manyth worked day after a day."""
    return calendar(country).get_nth_working_day(day, number)


def after_worked(start: datetime, seconds: int, country: str, time_zone: str) -> datetime:
    """Return the moment, in UTC, at which so many seconds of working days have passed.

    A day counts from midnight to midnight in `time_zone`, 23 or 25 hours where the clocks
    change; on a day that is not worked time stands still.
    """
    zone = ZoneInfo(time_zone)
    at, left = start.astimezone(UTC), timedelta(seconds=seconds)
    while True:
        day = at.astimezone(zone).date()
        end = _midnight(day + timedelta(days=1), zone)
        if is_worked(day, country):
            if left <= end - at:
                return at + left
            left -= end - at
        at = end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Some clocks change at midnight, so that it comes twice or never: the later reading of it
    # always lies behind whatever is still the day before.
    first = datetime.combine(day, time.min, zone)
    return max(first.astimezone(UTC), first.replace(fold=1).astimezone(UTC))
