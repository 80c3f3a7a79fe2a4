"""What a report is. Pure; `safety` takes and keeps them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from orders.events import OrderId, PersonId


class ReportReason(StrEnum):
    """What somebody is reported for."""

    HARASSMENT = "harassment"
    SCAM = "scam"
    CONTACT = "contact"
    SPAM = "spam"
    ILLEGAL = "illegal"
    OTHER = "other"


class Reported(msgspec.Struct, frozen=True):
    """A report that was taken, under this id."""

    report: str
    at: datetime


class Report(msgspec.Struct, frozen=True):
    """A report, as the marketplace and a mediator read it.

    `about` is the person it is about, `message` the entry it points to, if any.
    """

    order: OrderId
    report: str
    by: PersonId
    about: PersonId
    message: int | None
    reason: ReportReason
    note: str
    at: datetime
    handled_at: datetime | None = None
    handled_note: str = ""
