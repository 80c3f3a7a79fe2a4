"""Arithmetic of time: when a window ends and at which marks people are reminded.

Time is an argument everywhere; nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from orders.events import Timer
from orders.policy import Policy
from orders.working_days import after_worked

MARK_LAST_CALL = 100
"""The `percent` under which the last mark before zero is told."""


LIFE_LEADS = tuple(timedelta(days=days) for days in (30, 7, 1))
"""How long before the end of an order's longest life people are reminded of it: fractions of five
months would come when nobody thinks of the end, and the last one too late to do anything."""


class Mark(msgspec.Struct, frozen=True, order=True):
    """A moment inside a window at which both parties are reminded of its end."""

    at: datetime
    percent: int


class Outage(msgspec.Struct, frozen=True):
    """A time in which we were not there: nobody could act, whatever their clock said."""

    since: datetime
    until: datetime


def due(start: datetime, seconds: int) -> datetime:
    """Return the end of a window that begins at `start`. Plain elapsed time, nights included."""
    return start + timedelta(seconds=seconds)


COUNTS_WORKING_DAYS = frozenset(
    {
        Timer.BRIEF_WINDOW,
        Timer.REVIEW,
        Timer.REVISION_ANSWER,
        Timer.REVISION_CHOICE,
        Timer.CANCEL_ANSWER,
    }
)
"""The windows in which somebody has to answer. Not what was sold in days (the delivery date),
nor a ring, the time to talk after the end, or an order's longest life."""


def window_end(timer: Timer, start: datetime, seconds: int, policy: Policy) -> datetime:
    """Return the end of a clock's window: plain elapsed time, or working days where set so.

    With `policy.working_days_only` the windows for answering stand still on weekends and public
    holidays of the policy's country, from midnight to midnight in its time zone. Time that the
    parties agree on later is plain elapsed time.
    """
    if policy.working_days_only and timer in COUNTS_WORKING_DAYS:
        return after_worked(start, seconds, policy.country, policy.time_zone)
    return due(start, seconds)


def after_outages(
    start: datetime, end: datetime, credited: datetime, outages: Sequence[Outage]
) -> datetime:
    """Return when a window ends that stood still in those outages that ended after `credited`.

    A window that was over before an outage began gains nothing; one that was open has as much
    time left after it as before. `outages` are in the order of time.
    """
    for outage in outages:
        since = max(outage.since, start)
        if credited < outage.until and since < min(end, outage.until):
            end += outage.until - since
    return end


def marks(start: datetime, end: datetime, policy: Policy, timer: Timer | None = None) -> list[Mark]:
    """Return the reminder marks of the window [start, end], earliest first.

    Fractions of the window's length, plus one fixed mark `last_call` before zero where the
    window is at least twice as long as that. Marks that fall together are told once, under
    the later name: two reminders in one minute help nobody. An order's longest life has marks
    of its own, `LIFE_LEADS` before its end.
    """
    length = end - start
    if timer is Timer.ORDER_LIFE:
        leads = [lead for lead in LIFE_LEADS if length >= 2 * lead]
        return [Mark(end - lead, int(100 * (1 - lead / length))) for lead in leads]
    found = [Mark(start + length * percent / 100, percent) for percent in policy.reminders_percent]
    last_call = timedelta(seconds=policy.last_call)
    if length >= 2 * last_call:
        found.append(Mark(end - last_call, MARK_LAST_CALL))
    kept: list[Mark] = []
    for mark in sorted(found):
        if kept and mark.at - kept[-1].at < timedelta(minutes=1) and length > timedelta(hours=1):
            kept[-1] = mark
        else:
            kept.append(mark)
    return kept


def next_mark(
    start: datetime, end: datetime, now: datetime, policy: Policy, timer: Timer | None = None
) -> Mark | None:
    """Return the first mark strictly after `now`, or None when only zero is left."""
    return next((mark for mark in marks(start, end, policy, timer) if mark.at > now), None)
