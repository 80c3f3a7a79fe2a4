"""Credentials of the TURN server: made here, checked there, useless soon after."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from realtime.voice.turn import TTL, Turn, checked
from tests.orders.world import MONDAY

TURN = Turn(("turn:turn.test:3478", "turns:turn.test:443?transport=tcp"), "the shared secret")


def test_a_credential_is_what_the_turn_server_will_compute() -> None:
    server, ends = TURN.admit(MONDAY)
    assert ends == MONDAY + TTL
    assert server.urls == TURN.urls
    until, _, name = server.username.partition(":")
    assert int(until) == int(ends.timestamp())
    assert len(name) == 12
    signed = hmac.new(b"the shared secret", server.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(server.credential) == signed


def test_no_two_people_share_a_name_and_the_secret_is_never_shown() -> None:
    names = {TURN.admit(MONDAY + timedelta(seconds=1))[0].username for _ in range(100)}
    assert len(names) == 100
    assert "secret" not in repr(TURN)


@pytest.mark.parametrize("url", ["turn.test", "stun:turn.test", "https://turn.test", ""])
def test_an_address_that_is_no_turn_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="turn"):
        checked([url])
