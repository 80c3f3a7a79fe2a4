"""Every length and limit of the process, as settings.

The defaults are ComeUp's (its help articles 1729, 1752, 1767 and 1639). A marketplace overrides
them for all its orders, and for one order when it creates it; the order keeps what it was
created with, so a later change of settings moves nobody's deadline.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec

from orders.events import SecretKind

Seconds = Annotated[int, msgspec.Meta(ge=1, le=400 * 24 * 3600)]
Window = Annotated[int, msgspec.Meta(ge=0, le=400 * 24 * 3600)]
HOUR = 3600
DAY = 24 * HOUR


class CallsBy(StrEnum):
    """Who may start a call. ComeUp's own product lets only the seller start."""

    BOTH = "both"
    SELLER = "seller"


class Handling(StrEnum):
    """What happens to a text in which something of a kind was seen."""

    OFF = "off"
    WARN = "warn"
    """Its writer is told once, and may send it knowingly."""
    REFUSE = "refuse"


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens to card numbers, passwords and their like in messages and notes."""

    card: Handling = Handling.WARN
    iban: Handling = Handling.WARN
    phone: Handling = Handling.WARN
    email: Handling = Handling.WARN
    password: Handling = Handling.WARN
    api_key: Handling = Handling.WARN
    login: Handling = Handling.WARN

    def handling(self, kind: SecretKind) -> Handling:
        """Return what happens to a kind."""
        handling: Handling = getattr(self, kind)
        return handling


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings of one order's process. Lengths are in seconds."""

    brief_window: Seconds = 48 * HOUR
    """From payment until the order is cancelled if the seller has not started (article 1729)."""
    delivery: Seconds = 7 * DAY
    """From the start to the delivery date; the service sold usually overrides it."""
    review: Seconds = 7 * DAY
    """From a delivery until the order closes by itself (article 1752)."""
    revision_answer: Seconds = 48 * HOUR
    """How long the seller has to answer a revision request (article 1741)."""
    revision_choice: Seconds = 7 * DAY
    """How long the buyer has to choose after a refused revision (article 1739)."""
    revision: Seconds = 3 * DAY
    """The least time for a new delivery after an accepted revision or a resumed dispute.

    ComeUp's pages do not say how the new date is computed; the old one stands if it is later.
    """
    cancel_answer: Seconds = 48 * HOUR
    """How long the seller has to answer a request to cancel (article 1790)."""
    order_life: Seconds = 152 * DAY
    """The longest life of an order, from payment: five months (article 1757)."""
    extra_time_most: Seconds = 7 * DAY
    """The most time one proposal may add to a clock."""
    extra_times: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    """How often a clock may be lengthened by agreement."""
    option_days_most: Annotated[int, msgspec.Meta(ge=0, le=365)] = 60
    """The most days by which an added option may move the delivery date."""
    chat_tail: Seconds = 7 * DAY
    """How long people may still talk after the order ended (articles 1752, 1760)."""
    ring: Seconds = 30
    """How long a call rings before it counts as not answered."""
    call_request_every: Seconds = HOUR // 4
    """How long to wait before asking to be called again."""
    unread_mail_after: Seconds = 180
    """How long a message may lie unread before an e-mail goes out."""
    reminders_percent: tuple[Annotated[int, msgspec.Meta(ge=1, le=99)], ...] = (50, 75, 90)
    """Marks of a window, in percent of its length, at which both parties are reminded."""
    last_call: Seconds = HOUR
    """A further mark this long before zero, if the window is at least twice as long."""
    calls_by: CallsBy = CallsBy.BOTH
    recording: bool = False
    """Whether a call may be recorded when both of the two consent."""
    recording_kept: Seconds = 30 * DAY
    """How long a recording is kept before it is erased by itself; either party erases it sooner."""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "FR"
    """Whose public holidays count when working days are named."""
    time_zone: str = "Europe/Paris"
    """Whose midnight begins a working day."""
    working_days_only: bool = False
    """Whether the windows for answering count working days of the country alone.

    ComeUp counts plain time, weekends included. Ring, delivery date, the time to talk after the
    end, an order's longest life and agreed extra time are plain time in any case.
    """
    text_max: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 5_000
    """The longest message, in characters."""
    edit_window: Window = 15 * 60
    """How long an author may put a message in other words; 0 for never."""
    edits_most: Annotated[int, msgspec.Meta(ge=0, le=100)] = 20
    """How often one message may be edited."""
    withdraw_window: Window = HOUR
    """How long an author may take a message back; 0 for never."""
    nudge_after: Window = 12 * HOUR
    """How long a seller whose turn it is may be silent before the buyer may nudge them."""
    nudge_every: Window = DAY
    """Between two nudges."""
    file_max: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)] = 25 * 1024 * 1024
    """The largest file, in bytes."""
    files_max: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 100
    """How many files an order may have."""
    screening: Screening = Screening()
    """What happens to a text that carries what is unwise to send (article 1767)."""
    note_max: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 1_000
    """The longest note with a step (a reason, a delivery note), in characters."""


@lru_cache(maxsize=256)
def decode(stored: bytes) -> Policy:
    """Read an order's settings back; fields added since then take their defaults."""
    return msgspec.json.decode(stored, type=Policy)


def encode(policy: Policy) -> bytes:
    """Return the settings as they are stored with the order: only what differs from defaults.

    A default that changes in a later version would move running deadlines; deadlines are rows
    with their own due time, so only windows that open after the change follow it.
    """
    return msgspec.json.encode(policy)
