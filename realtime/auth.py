"""Who is asking: party tokens of browsers, and the key of the marketplace's backend.

A party token is a JSON Web Token (RFC 7519), HS256, for one person, for at most a quarter of an
hour. It says who the person is, never what they may do: membership is looked up at every
command. A token may be narrowed to some orders, for a host page that shows one of them.

Sockets and HTTP take a `CheckToken`; a marketplace's own key set fits there too.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import access
from orders.errors import OrderUnknown, TokenExpired, TokenInvalid, Unauthenticated
from orders.events import OrderId, PersonId
from realtime.limits import Limits
from realtime.settings import Secret

AUDIENCE = "order-room"
ALGORITHM = "HS256"


class Identity(msgspec.Struct, frozen=True):
    """Whom a good token speaks for. `ends` already contains the leeway for clocks."""

    person: PersonId
    token_ends: datetime
    ends: datetime
    orders: frozenset[OrderId] | None = None
    """The orders the token is narrowed to; None for all of the person's."""
    language: str | None = None
    barred: frozenset[OrderId] = frozenset()
    """The orders to which the marketplace took the person's access away; see `known_identity`."""

    def reaches(self, order: OrderId) -> bool:
        """Whether the token is good for this order, if the person is a member of it."""
        return order not in self.barred and (self.orders is None or order in self.orders)

    def without(self, barred: frozenset[OrderId]) -> Identity:
        """Return the same, reaching none of the barred orders."""
        return msgspec.structs.replace(self, barred=barred) if barred else self

    def within(self, order: OrderId) -> OrderId:
        """Return the order if the token reaches it. Raises `OrderUnknown` if it does not."""
        if not self.reaches(order):
            raise OrderUnknown(order=order)
        return order


async def known_identity(conn: AsyncConnection, identity: Identity) -> Identity:
    """Look up which orders the person may not see any more."""
    found = await access.barred(conn, [identity.person])
    return identity.without(found[identity.person])


class Minted(msgspec.Struct, frozen=True):
    """A new token, and when it ends."""

    token: str
    expires: datetime


CheckToken = Callable[[str], Identity]
"""Returns whom a token speaks for; raises `TokenInvalid` or `TokenExpired`."""


class _Claims(msgspec.Struct, frozen=True):
    aud: str
    sub: str = msgspec.field()
    exp: int = msgspec.field()
    iat: int = 0
    orders: tuple[str, ...] | None = None
    lang: str | None = None


class Tokens:
    """Makes and checks tokens with one shared secret. `audience` keeps kinds of tokens apart."""

    def __init__(
        self,
        secret: Secret,
        limits: Limits,
        audience: str = AUDIENCE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the secret; `clock` is the machine's unless a test says otherwise."""
        self._key = OctKey.import_key(secret.reveal())
        self._limits = limits
        self._audience = audience
        self._clock = clock
        self._registry = JWSRegistry(algorithms=[ALGORITHM])

    def mint(
        self,
        person: PersonId,
        orders: Sequence[OrderId] | None = None,
        language: str | None = None,
        life: float | None = None,
    ) -> Minted:
        """Make a token for the person; `life` in seconds, by default the longest allowed."""
        now = self._clock()
        ends = now + timedelta(seconds=life if life is not None else self._limits.token_life)
        claims: dict[str, object] = {
            "aud": self._audience,
            "sub": person,
            "iat": int(now.timestamp()),
            "exp": int(ends.timestamp()),
        }
        if orders is not None:
            claims["orders"] = list(orders)
        if language is not None:
            claims["lang"] = language
        token = jwt.encode({"alg": ALGORITHM}, claims, self._key, registry=self._registry)
        return Minted(token, ends.replace(microsecond=0))

    def check(self, token: str) -> Identity:
        """Return whom the token speaks for. Raises `TokenInvalid` or `TokenExpired`."""
        now, limits = self._clock(), self._limits
        leeway = timedelta(seconds=limits.token_leeway)
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(limits.token_leeway),
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            found = jwt.decode(token, self._key, registry=self._registry).claims
            registry.validate(found)
            claims = msgspec.convert(found, _Claims)
        except ExpiredTokenError:
            raise TokenExpired from None
        except (JoseError, msgspec.ValidationError, ValueError):
            raise TokenInvalid from None
        # as numbers: an end in milliseconds lies in no year that a calendar has
        if claims.exp > now.timestamp() + limits.token_life + limits.token_leeway:
            raise TokenInvalid  # a token that lives longer than we allow was not made here
        ends = datetime.fromtimestamp(claims.exp, UTC)
        return Identity(
            person=PersonId(claims.sub),
            token_ends=ends,
            ends=ends + leeway,
            orders=None if claims.orders is None else frozenset(map(OrderId, claims.orders)),
            language=claims.lang,
        )


def bearer(authorization: str | None) -> str:
    """Return the token of an `Authorization: Bearer …` header. Raises `Unauthenticated`."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Unauthenticated
    return value.strip()


def check_service_key(authorization: str | None, key: Secret) -> None:
    """Let the marketplace's backend pass. Raises `Unauthenticated` for anybody else.

    The comparison takes the same time wherever the keys differ.
    """
    if not hmac.compare_digest(bearer(authorization).encode(), key.reveal().encode()):
        raise Unauthenticated
