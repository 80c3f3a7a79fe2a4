"""The clocks of an order: set, near, moved, paused, met, at zero."""

from __future__ import annotations

from datetime import datetime

from orders.events.words import Happening, Timer


class DeadlineSet(Happening, frozen=True, tag="deadline_set"):
    """A clock began to run."""

    timer: Timer
    due: datetime


class DeadlineNear(Happening, frozen=True, tag="deadline_near"):
    """A reminder mark was reached: `percent` of the window has passed, or the last hour began."""

    timer: Timer
    due: datetime
    percent: int


class DeadlinePaused(Happening, frozen=True, tag="deadline_paused"):
    """A clock stopped while the order is frozen; `left` is what remains, in seconds."""

    timer: Timer
    left: int


class DeadlineMoved(Happening, frozen=True, tag="deadline_moved"):
    """A clock runs longer because both parties agreed; `proposal` is the entry that asked."""

    timer: Timer
    was: datetime
    due: datetime
    proposal: int


class TimeGivenBack(Happening, frozen=True, tag="time_given_back"):
    """A clock runs `seconds` longer because we were out of order while it ran."""

    timer: Timer
    was: datetime
    due: datetime
    seconds: int


class DeadlineMet(Happening, frozen=True, tag="deadline_met"):
    """A clock stopped because what it waited for happened, or no longer matters."""

    timer: Timer


class DeadlineFired(Happening, frozen=True, tag="deadline_fired"):
    """A clock reached zero; the entry after this one says what it did."""

    timer: Timer
    due: datetime
