"""Our half of ICE for one leg: it answers the browser's checks and never looks for a path.

An ICE-lite agent (RFC 8445 section 2.5) with a public address has nothing to find out: the
browser is controlling, tries our addresses, and says which path it wants. Nothing here does
input or output: a check goes in, and what should be sent, and where media should go, come out.

An address is believed only after it showed our password. The first one that did is used. A later
one is used only once it has *answered* a check of ours (RFC 7675 in spirit): whoever overheard a
check can repeat it from a false address, but cannot answer there, so media cannot be turned
against a third party.
"""

from __future__ import annotations

import secrets
import string
from typing import Generic, TypeVar

from realtime.voice import adapter
from realtime.voice.adapter import Check

PathT = TypeVar("PathT")

_ALPHABET = string.ascii_letters + string.digits
_PRIORITY = 0x6EFFFFFF
"""Of a peer-reflexive candidate (RFC 8445 section 5.1.2.1); nobody compares it."""

PATHS = 8
"""Most addresses that one browser may show; more are as good as an attack."""


def token(length: int) -> str:
    """A name or password of letters and digits (RFC 8839 section 5.4)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Agent(Generic[PathT]):
    """One leg's paths.

    Attributes:
        ufrag, password: ours, for the answer.
        path: where media goes; None before the first believed check.
        paths: every path that showed our password, with the time it was last heard.
        forged: checks that named us and did not know the password.
    """

    def __init__(self, remote_ufrag: str, remote_password: str) -> None:
        """Draw our half of the credentials."""
        self.ufrag = token(8)
        self.password = token(24)
        self.path: PathT | None = None
        self.paths: dict[PathT, float] = {}
        self.forged = 0
        self._remote_ufrag = remote_ufrag
        self._remote_password = remote_password
        self._tie_breaker = secrets.randbits(64)
        # Our checks that are not answered, by their transaction.
        self._asked: dict[PathT, bytes] = {}

    def checked(self, check: Check, path: PathT, address: tuple[str, int]) -> list[bytes]:
        """A request came over `path` from `address`; what to send back over it, if anything.

        A path that proved itself should be handed to `adopt`.
        """
        username = f"{self.ufrag}:{self._remote_ufrag}"
        if check.attributes.get("USERNAME") != username or not adapter.knows(check, self.password):
            self.forged += 1
            return []
        if "ICE-CONTROLLED" in check.attributes:
            return [adapter.role_conflict(check, self.password)]
        out = [adapter.answer(check, address, self.password)]
        if self.path is None:
            self.path = path
        elif path != self.path and "USE-CANDIDATE" in check.attributes:
            # Towards an ICE-lite agent a browser names only the path that it has chosen.
            out.append(self.ask(path))
        return out

    def ask(self, path: PathT) -> bytes:
        """Our own check, to be sent over `path`; its answer makes it the path of media.

        Asked again before it was answered, it is the same check: either answer will do.
        """
        transaction = self._asked.pop(path, None) or secrets.token_bytes(12)
        if len(self._asked) >= PATHS:
            del self._asked[next(iter(self._asked))]
        self._asked[path] = transaction
        return adapter.request(
            transaction,
            username=f"{self._remote_ufrag}:{self.ufrag}",
            password=self._remote_password,
            priority=_PRIORITY,
            tie_breaker=self._tie_breaker,
        )

    def answered(self, check: Check, path: PathT) -> bool:
        """An answer came over `path`; True if media moves there now."""
        if self._asked.get(path) != check.transaction_id:
            return False
        if not adapter.knows(check, self._remote_password):
            self.forged += 1
            return False
        del self._asked[path]
        if self.path is not None and path != self.path:
            self._asked.pop(self.path, None)  # a late answer from there must not lead media back
        self.path = path
        return True

    def adopt(self, path: PathT, now: float) -> PathT | None:
        """Something authentic came over `path`; returns one that is forgotten for it, if any."""
        gone = None
        if path not in self.paths and len(self.paths) >= PATHS:
            gone = self._forget_oldest()
        self.paths[path] = now
        return gone

    def _forget_oldest(self) -> PathT:
        oldest = min((each for each in self.paths if each != self.path), key=self.paths.__getitem__)
        del self.paths[oldest]
        return oldest
