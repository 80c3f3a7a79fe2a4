"""Escrow in double entry, and when a refund becomes visible.

Amounts are integer cents. Every movement is a set of postings whose sum is zero, tied to the
entry that tells it; `escrow` is what we still hold. A movement's name is unique per order, so
doing it twice is impossible by the table's key.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from orders.working_days import calendar, nth_worked


class Account(StrEnum):
    """Where money stands. `payment` is the outside: the buyer's means of payment."""

    PAYMENT = "payment"
    ESCROW = "escrow"
    SELLER = "seller"
    PLATFORM = "platform"


class Means(StrEnum):
    """How the buyer paid. Known to the buyer and the marketplace only."""

    WALLET = "wallet"
    PAYPAL = "paypal"
    CARD = "card"


class MovementKind(StrEnum):
    """What a movement of money is for."""

    HOLD = "hold"
    REFUND = "refund"
    RELEASE = "release"
    EXPIRE = "expire"


class Settled(StrEnum):
    """What the payment system has made of a movement."""

    ORDERED = "ordered"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CALLED_OFF = "called_off"
    """A charge nobody wants any more: the order moved on, or the buyer took the option back."""


class Movement(msgspec.Struct, frozen=True):
    """Cents that go from one account to another; stored as two postings that add up to zero."""

    kind: MovementKind
    source: Account
    target: Account
    cents: int
    ref: str = ""
    """Tells movements of one kind apart: empty for the one an order has at most once."""

    @property
    def name(self) -> str:
        """The movement's name, unique per order: its kind, and its ref if it has one."""
        return f"{self.kind}:{self.ref}" if self.ref else str(self.kind)

    @property
    def into_escrow(self) -> int:
        """By how much the movement changes what is held."""
        return self.cents if self.target is Account.ESCROW else -self.cents

    def postings(self) -> tuple[tuple[Account, int], tuple[Account, int]]:
        """Return (account, signed cents) for both sides."""
        return (self.source, -self.cents), (self.target, self.cents)


class Visibility(msgspec.Struct, frozen=True):
    """When a refund shows on the buyer's side: at once, or between two dates (inclusive)."""

    means: Means
    at_once: bool
    earliest: date | None = None
    latest: date | None = None


CARD_WORKING_DAYS = (3, 5)
"""A card refund appears after 3 to 5 working days (ComeUp article 1729)."""


def kind_named(name: str) -> MovementKind:
    """Return the kind of a movement from its name."""
    return MovementKind(name.partition(":")[0])


def option_of(name: str) -> int | None:
    """Return the option, by the entry that proposed it, that a movement of this name pays for."""
    kind, _, ref = name.partition(":")
    return int(ref) if kind == MovementKind.HOLD and ref else None


def hold(cents: int, ref: str = "") -> Movement:
    """Return the movement of a payment into escrow; `ref` names the option it is for, if any."""
    return Movement(MovementKind.HOLD, Account.PAYMENT, Account.ESCROW, cents, ref)


def refund(cents: int, ref: str = "") -> Movement:
    """Return the movement of escrowed money back to the means of payment used."""
    return Movement(MovementKind.REFUND, Account.ESCROW, Account.PAYMENT, cents, ref)


def release(cents: int) -> Movement:
    """Return the movement of escrowed money to the seller's wallet."""
    return Movement(MovementKind.RELEASE, Account.ESCROW, Account.SELLER, cents)


def expire(cents: int) -> Movement:
    """Return the movement of what an expired order held to the marketplace (article 1757)."""
    return Movement(MovementKind.EXPIRE, Account.ESCROW, Account.PLATFORM, cents)


def balances(postings: Iterable[tuple[Account, int]]) -> dict[Account, int]:
    """Add up postings per account. The sum over all accounts is always zero."""
    totals = dict.fromkeys(Account, 0)
    for account, cents in postings:
        totals[account] += cents
    return totals


def visibility(means: Means, refunded: datetime, country: str, time_zone: str) -> Visibility:
    """Say when a refund ordered at `refunded` will be visible on `means`.

    Wallet and PayPal show it at once. A card needs 3 to 5 working days, counted from the day
    after the refund in the marketplace's calendar: no weekends, no public holidays.
    """
    if means is not Means.CARD:
        return Visibility(means, at_once=True)
    day = refunded.astimezone(ZoneInfo(time_zone)).date()
    first, last = CARD_WORKING_DAYS
    return Visibility(
        means,
        at_once=False,
        earliest=nth_worked(day, first, country),
        latest=nth_worked(day, last, country),
    )


def knows_country(country: str) -> bool:
    """Tell whether the public holidays of this country (ISO 3166-1, two letters) are known."""
    try:
        calendar(country)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=32)
def knows_time_zone(time_zone: str) -> bool:
    """Tell whether this is the IANA name of a time zone."""
    return time_zone in available_timezones()
