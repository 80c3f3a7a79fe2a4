"""Credentials for a TURN server (RFC 8656), for browsers whose network lets no UDP through.

The server and we share a secret; a user name carries the time at which it ends, and its password
is the HMAC of it. Nobody else can make one, the TURN server asks nobody, and a credential that
leaks is worth nothing soon after. This is what coturn calls `use-auth-secret`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from realtime.protocol.outbound import IceServer

TTL = timedelta(hours=1)
"""How long a credential opens the door. A call that goes on keeps the allocation it has."""
SCHEMES = ("turn:", "turns:")


class Turn(msgspec.Struct, frozen=True):
    """A TURN server that this service sends browsers to."""

    urls: tuple[str, ...]
    secret: str

    def __repr__(self) -> str:
        """Say where it is, and nothing of the secret."""
        return f"Turn({', '.join(self.urls)})"

    def admit(self, now: datetime) -> tuple[IceServer, datetime]:
        """Return a credential for one person, and when it ends.

        The name says nothing of who it is for: it appears in the logs of the TURN server.
        """
        ends = now + TTL
        username = f"{int(ends.timestamp())}:{secrets.token_hex(6)}"
        # the algorithm that TURN servers know this scheme by; it signs, it keeps nothing secret
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(self.urls, username, base64.b64encode(digest).decode()), ends


def checked(urls: Sequence[str]) -> tuple[str, ...]:
    """Return the URLs. Raises `ValueError` if one is not of a TURN server."""
    for url in urls:
        if not url.startswith(SCHEMES):
            raise ValueError(f"{url} is not turn:host:port or turns:host:port")
    return tuple(urls)
