"""Rates, with time as an argument; and sizes that fit into each other."""

from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.policy import Policy
from realtime.limits import Bucket, Limits


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    bucket = Bucket(rate=2.0, burst=3, now=100.0)
    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(100.0) == pytest.approx(0.5)
    assert bucket.take(100.5) == 0.0
    assert bucket.take(100.5) == pytest.approx(0.5)


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 100),
    steps=st.lists(st.floats(0, 10), max_size=200),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, steps: list[float]) -> None:
    now, passed = 0.0, 0
    bucket = Bucket(rate, burst, now)
    for step in steps:
        now += step
        passed += bucket.take(now) == 0.0
    assert passed <= burst + rate * now + 1e-6 * len(steps) + 1


def test_the_limits_agree_with_each_other() -> None:
    limits = Limits()
    assert limits.frame_bytes < limits.transport_bytes
    assert limits.batch_entries <= 100
    assert 20 <= limits.ping_every <= 25
    assert limits.silence > 2 * limits.ping_every
    assert limits.slow_send < limits.silence
    assert limits.token_life <= 15 * 60


def test_the_longest_message_of_any_policy_fits_a_frame_and_a_body() -> None:
    hints = get_type_hints(Policy, include_extras=True)
    longest = hints["text_max"].__metadata__[0].le
    widest = len('"\\ud83d\\ude00"') - 2  # a character beyond the basic plane, escaped
    around = 2_000
    limits = Limits()
    assert longest * widest + around < limits.frame_bytes
    assert limits.body_bytes == limits.frame_bytes
