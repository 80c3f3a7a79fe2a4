"""One tap in a mail: what a link answers, sealed for one person, one purpose and a few days.

A link opens a small page with one button; opening it changes nothing, because mail scanners open
whatever they find. What it says is sealed (AES-256-GCM, NIST SP 800-38D): nobody reads a name or
an order out of the address, and nobody makes one up. It opens the door only as far as its person
could walk in: membership is looked up again when it is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orders.errors import LinkOver, NotFound
from orders.events import OrderId, PersonId
from orders.proposals import TIMES_MAX
from orders.working_days import is_worked

PATH = "/answer"
_PURPOSE = b"order-room: answers from a mail"
"""Keeps this key apart from the secret it is derived from, which signs other things."""
_NONCE_BYTES = 12
_LONGEST = 2_048
"""Characters of the longest link that is looked at."""
FIRST_HOUR, LAST_HOUR = 9, 18
"""Suggested times lie on working days between these, on the clocks of the order."""
SUGGESTED_AHEAD = timedelta(hours=2)
"""So far ahead at least: the other one has to read it first."""
APART = timedelta(hours=3)


class Tap(StrEnum):
    """What a link does."""

    PICK = "pick"
    """Agree on a proposed time to talk."""
    NONE = "none"
    """Say that none of them suits."""
    PROPOSE = "propose"
    """Propose times to talk, after a missed call."""


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """What is answered.

    `about` is the entry: the proposal, or the call that was missed. `times` holds the one that is
    picked, or those that are proposed; empty where they are suggested when the page is opened.
    """

    tap: Tap
    about: int
    times: tuple[datetime, ...] = ()


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What a link says: whose answer it is, to what, and until when (seconds since 1970)."""

    order: OrderId
    person: PersonId
    choice: Choice
    ends: int

    @property
    def client_id(self) -> str:
        """The id of its command: the same link pressed twice is the same command."""
        said = msgspec.json.encode((self.order, self.person, self.choice))
        return f"mail-{hashlib.sha256(said).hexdigest()[:32]}"


TapLink = Callable[[OrderId, PersonId, Choice, datetime], str]
"""The address of the page that answers so; the last argument is now."""


class OneTap:
    """Makes and opens links with one secret."""

    def __init__(self, secret: str, life: float, base_url: str) -> None:
        """Take the secret, how many seconds a link lives, and where browsers reach us."""
        self._cipher = AESGCM(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256))
        self._life = timedelta(seconds=life)
        self._page = base_url + PATH

    def link(self, order: OrderId, person: PersonId, choice: Choice, now: datetime) -> str:
        """Return the address of the page that answers so."""
        return f"{self._page}?t={self.seal(order, person, choice, now)}"

    def seal(self, order: OrderId, person: PersonId, choice: Choice, now: datetime) -> str:
        """Return the text of a link, safe in a URL. It ends with the time that it picks."""
        ends = now + self._life
        if choice.tap is Tap.PICK:
            ends = min(ends, choice.times[0])
        sealed = Sealed(order, person, choice, int(ends.timestamp()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, msgspec.json.encode(sealed), _PURPOSE)
        return base64.urlsafe_b64encode(box).rstrip(b"=").decode()

    def open(self, text: str, now: datetime) -> Sealed:
        """Return what the link says. Raises `NotFound` if it is not ours, `LinkOver`."""
        try:
            box = base64.b64decode(
                text[:_LONGEST].encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
            )
            plain = self._cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _PURPOSE)
        except (binascii.Error, UnicodeError, ValueError, InvalidTag):
            raise NotFound(path=PATH) from None
        sealed = msgspec.json.decode(plain, type=Sealed)
        if int(now.timestamp()) >= sealed.ends:
            raise LinkOver
        return sealed


def suggested(now: datetime, zone: str, country: str) -> tuple[datetime, ...]:
    """Return times to propose: on `country`'s working days, in their hours, on `zone`'s clocks."""
    here = ZoneInfo(zone)
    at = (now + SUGGESTED_AHEAD).astimezone(here)
    at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found: list[datetime] = []
    while len(found) < TIMES_MAX:
        worked = is_worked(at.date(), country)
        if worked and FIRST_HOUR <= at.hour <= LAST_HOUR:
            found.append(at.astimezone(UTC))
            at += APART
        elif worked and at.hour < FIRST_HOUR:
            at = at.replace(hour=FIRST_HOUR)
        else:
            at = datetime.combine(at.date() + timedelta(days=1), time(FIRST_HOUR), here)
    return tuple(found)
