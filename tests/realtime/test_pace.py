"""How fast one person may call over HTTP."""

import pytest

from orders.errors import RateExceeded
from orders.events import PersonId
from realtime.limits import Limits
from realtime.pace import Pace

LIMITS = Limits(commands_per_second=2.0, commands_burst=4)


def test_each_person_has_a_burst_and_then_a_rate() -> None:
    now = 100.0
    pace = Pace(LIMITS, lambda: now)
    ada, sam = PersonId("ada"), PersonId("sam")
    for _ in range(4):
        pace.take(ada)
    with pytest.raises(RateExceeded) as refused:
        pace.take(ada)
    assert refused.value.facts == {"limit": "commands_per_second", "retry_after": 1}
    pace.take(sam)
    now += 0.5
    pace.take(ada)


def test_whoever_has_been_quiet_is_forgotten() -> None:
    now = 100.0
    pace = Pace(LIMITS, lambda: now)
    for n in range(1000):
        now += 0.1
        pace.take(PersonId(f"p{n}"))
    assert len(pace) <= 22
