"""Values as a language writes them: money, days, moments, lengths of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_location
from babel.lists import format_list
from babel.numbers import format_currency, get_currency_precision
from babel.units import format_unit

from realtime.texts.catalogue import LOCALES, known_language, sentence

_NO_BREAK = "\u00a0"
_IN_HOURS = timedelta(hours=72)
"""Up to here a length is told in hours, as the customer's "48 hours"; beyond in days."""


def money(language: str, cents: int, currency: str) -> str:
    """Return an amount such as "45,00 €". `cents` are the currency's smallest unit."""
    amount = Decimal(cents).scaleb(-get_currency_precision(currency))
    return str(format_currency(amount, currency, locale=LOCALES[known_language(language)]))


def day(language: str, date: date) -> str:
    """Return a day such as "mercredi 25 novembre"; without a year, for days that are near."""
    spoken = known_language(language)
    number = "'1er'" if spoken == "fr" and date.day == 1 else "d"
    return str(format_date(date, f"EEEE {number}{_NO_BREAK}MMMM", locale=LOCALES[spoken]))


def moment_here(language: str, at: datetime, zone: str, now: datetime) -> str:
    """Return when something was said: the time, and the day if it is not today.

    Short, for a place where a `moment` stands near by.
    """
    day_of = at.astimezone(ZoneInfo(zone)).date()
    time = clock(language, at, zone)
    if day_of == now.astimezone(ZoneInfo(zone)).date():
        return time
    return sentence(language, "moment.here", day=day(language, day_of), time=time)


def moment(language: str, at: datetime, zone: str) -> str:
    """Return a day and time with whose clock it is: "… 25 novembre à 14:30 (heure de Paris)".

    `zone` is an IANA name. The city is told because sellers live everywhere.
    """
    spoken = known_language(language)
    local = at.astimezone(ZoneInfo(zone))
    city = get_timezone_location(zone, locale=LOCALES[spoken], return_city=True)
    return sentence(
        spoken,
        "moment.utc" if zone == "UTC" else "moment",
        day=day(spoken, local.date()),
        time=clock(spoken, at, zone),
        city=city,
    )


def clock(language: str, at: datetime, zone: str) -> str:
    """Return the time of day, "14:30", on the clocks of `zone`."""
    locale = LOCALES[known_language(language)]
    return str(format_time(at.astimezone(ZoneInfo(zone)), "HH:mm", locale=locale))


def length(millis: int) -> str:
    """Return how long a sound is, as players write it: "0:42"."""
    minutes, seconds = divmod(round(millis / 1000), 60)
    return f"{minutes}:{seconds:02}"


def duration(language: str, length: timedelta) -> str:
    """Return a length in its two largest units: "36 heures", "2 heures et 5 minutes", "4 jours".

    Rounded to the minute, below two minutes to the second. Never negative.
    """
    locale = LOCALES[known_language(language)]
    seconds = max(round(length.total_seconds()), 0)
    if seconds < 120:  # noqa: PLR2004 - two minutes, see above
        return str(format_unit(seconds, "duration-second", locale=locale))
    minutes = round(seconds / 60)
    if timedelta(minutes=minutes) <= _IN_HOURS:
        units = (("hour", minutes // 60), ("minute", minutes % 60))
    else:
        hours = round(minutes / 60)
        units = (("day", hours // 24), ("hour", hours % 24))
    parts = [
        format_unit(number, f"duration-{unit}", locale=locale) for unit, number in units if number
    ]
    return str(format_list(parts, locale=locale))


def listed(language: str, names: Sequence[str]) -> str:
    """Return names joined as the language joins them: "Inès, Tom et Ana"."""
    return str(format_list(names, locale=LOCALES[known_language(language)]))
