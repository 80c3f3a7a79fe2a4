"""Party tokens and the service key."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from orders.errors import OrderUnknown, TokenExpired, TokenInvalid, Unauthenticated
from orders.events import OrderId, PersonId
from realtime.auth import Tokens, bearer, check_service_key
from realtime.limits import Limits
from realtime.settings import Secret

SECRET = Secret("a-secret-for-the-tests-of-tokens-0123456789")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANA = PersonId("ana")


def _tokens(now: datetime = NOW, secret: Secret = SECRET, **changes: float) -> Tokens:
    return Tokens(secret, Limits(**changes), clock=lambda: now)  # type: ignore[arg-type]


def test_a_token_says_who_for_how_long_and_for_which_orders() -> None:
    minted = _tokens().mint(ANA, [OrderId("o_1")], "en")
    identity = _tokens().check(minted.token)
    assert identity.person == ANA
    assert identity.language == "en"
    assert identity.token_ends == minted.expires == NOW + timedelta(minutes=15)
    assert identity.within(OrderId("o_1")) == "o_1"
    with pytest.raises(OrderUnknown):
        identity.within(OrderId("o_2"))


def test_a_token_without_orders_reaches_all_of_the_persons() -> None:
    assert _tokens().check(_tokens().mint(ANA).token).within(OrderId("o_any")) == "o_any"


def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    token = _tokens().mint(ANA, life=60).token
    late = NOW + timedelta(seconds=60)
    assert _tokens(late + timedelta(seconds=9)).check(token).person == ANA
    with pytest.raises(TokenExpired):
        _tokens(late + timedelta(seconds=11)).check(token)


def _forged(**claims: object) -> str:
    told = {
        "aud": "order-room",
        "sub": "ana",
        "exp": int(NOW.timestamp()) + 60,
        **claims,
    }
    header = {"alg": "HS256"}
    return jwt.encode(
        header, {k: v for k, v in told.items() if v is not None}, OctKey.import_key(SECRET.reveal())
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": None},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": int(NOW.timestamp()) + 3600},
        {"exp": int(NOW.timestamp()) * 1000},  # in milliseconds
        {"exp": 10**18},
        {"exp": 2**63},
        {"orders": "o_1"},
        {"orders": [1]},
        {"nbf": int(NOW.timestamp()) + 600},
    ],
    ids=str,
)
def test_a_token_with_other_claims_is_not_ours(claims: dict[str, object]) -> None:
    with pytest.raises(TokenInvalid):
        _tokens().check(_forged(**claims))


def test_our_own_claims_pass_the_same_way() -> None:
    assert _tokens().check(_forged()).person == ANA


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 10_000])
def test_what_is_no_token_at_all_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        _tokens().check(token)


def test_a_token_signed_with_nothing_is_invalid() -> None:
    head, body, _ = _forged().split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for token in (f"{unsigned}.{body}.", f"{head}.{body}."):
        with pytest.raises(TokenInvalid):
            _tokens().check(token)


def test_another_secret_makes_other_tokens() -> None:
    other = _tokens(secret=Secret("another-secret-of-another-server-0123456789"))
    with pytest.raises(TokenInvalid):
        _tokens().check(other.mint(ANA).token)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic abc", "abc"])
def test_a_header_without_a_bearer_is_nobody(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer(header)


def test_only_the_service_key_passes() -> None:
    check_service_key(f"bearer {SECRET.reveal()}", SECRET)
    for wrong in ("Bearer x", f"Bearer {SECRET.reveal()}x", "Bearer é"):
        with pytest.raises(Unauthenticated):
            check_service_key(wrong, SECRET)
