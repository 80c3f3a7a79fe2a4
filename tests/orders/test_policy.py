"""An order keeps the settings it was created with, and none that make no sense."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.policy import DAY, HOUR, CallsBy, Policy, decode, encode

SECONDS = st.integers(1, 400 * DAY)
POLICIES = st.builds(
    Policy,
    brief_window=SECONDS,
    delivery=SECONDS,
    review=SECONDS,
    chat_tail=SECONDS,
    ring=SECONDS,
    unread_mail_after=SECONDS,
    reminders_percent=st.lists(st.integers(1, 99), max_size=5).map(tuple),
    last_call=SECONDS,
    calls_by=st.sampled_from(CallsBy),
    country=st.sampled_from(["FR", "BE", "DE"]),
    time_zone=st.sampled_from(["Europe/Paris", "Indian/Reunion"]),
    text_max=st.integers(1, 20_000),
    note_max=st.integers(1, 5_000),
)


@given(POLICIES)
def test_settings_come_back_as_they_were_stored(policy: Policy) -> None:
    assert decode(encode(policy)) == policy


def test_only_what_differs_is_stored_so_that_nothing_stands_still_by_accident() -> None:
    assert encode(Policy()) == b"{}"
    assert encode(Policy(ring=20)) == b'{"ring":20}'


def test_the_defaults_are_those_of_the_help_articles() -> None:
    settings = Policy()
    assert settings.brief_window == 48 * HOUR
    assert (settings.delivery, settings.review, settings.chat_tail) == (7 * DAY, 7 * DAY, 7 * DAY)
    assert settings.ring == 30
    assert settings.unread_mail_after == 180
    assert settings.calls_by is CallsBy.BOTH


@pytest.mark.parametrize(
    "bad",
    [
        b'{"brief_window":0}',
        b'{"brief_window":-1}',
        b'{"delivery":34560001}',
        b'{"ring":"30"}',
        b'{"ring":1.5}',
        b'{"reminders_percent":[0]}',
        b'{"reminders_percent":[100]}',
        b'{"calls_by":"buyer"}',
        b'{"country":"fr"}',
        b'{"country":"FRANCE"}',
        b'{"text_max":20001}',
        b'{"note_max":0}',
        b'{"brief_windows":3600}',
        b"[]",
        b"",
    ],
)
def test_settings_outside_their_bounds_or_unknown_are_refused(bad: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(bad)
