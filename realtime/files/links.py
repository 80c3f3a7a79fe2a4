"""Short-lived links to files, for the places of a page that cannot send a header.

A link is signed (HMAC-SHA256, RFC 2104) and bound to a person, a file and an end. It opens the
door only as far as its person could walk in: membership is looked up again when it is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import msgspec

from orders.errors import FileUnknown, LinkOver
from orders.events import FileId, OrderId, PersonId

_PURPOSE = b"order-room: links to files"
"""Keeps this key apart from the secret it is derived from, which signs other things."""
_SIGNATURE_BYTES = 32


class Link(msgspec.Struct, frozen=True, array_like=True):
    """Whom a link lets have which file, and until when (seconds since 1970)."""

    order: OrderId
    file: FileId
    person: PersonId
    ends: int

    @property
    def ends_at(self) -> datetime:
        """The end as a moment."""
        return datetime.fromtimestamp(self.ends, UTC)


class FileLinks:
    """Makes and checks links with one secret."""

    def __init__(self, secret: str, life: float) -> None:
        """Take the secret, and how many seconds a link lives."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
        self._life = timedelta(seconds=life)

    def make(
        self, order: OrderId, file: FileId, person: PersonId, now: datetime
    ) -> tuple[str, Link]:
        """Return the signed text of a link, safe in a URL, and what it says."""
        link = Link(order, file, person, int((now + self._life).timestamp()))
        payload = msgspec.json.encode(link)
        signed = hmac.digest(self._key, payload, hashlib.sha256) + payload
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode(), link

    def check(self, file: FileId, text: str, now: datetime) -> Link:
        """Return what the link says. Raises `FileUnknown` if it is not ours, `LinkOver`."""
        try:
            signed = base64.b64decode(
                text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, UnicodeError, ValueError):
            raise FileUnknown from None
        signature, payload = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, hmac.digest(self._key, payload, hashlib.sha256)):
            raise FileUnknown
        link = msgspec.json.decode(payload, type=Link)
        if link.file != file:
            raise FileUnknown
        if now >= link.ends_at:
            raise LinkOver
        return link
