"""Escrow balances, and a refund is promised for a day on which banks work."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.money import (
    Account,
    Means,
    Movement,
    MovementKind,
    Visibility,
    balances,
    hold,
    refund,
    release,
    visibility,
)

CENTS = st.integers(min_value=1, max_value=100_000_000)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MOVEMENTS = st.builds(
    Movement,
    st.sampled_from(MovementKind),
    st.sampled_from(Account),
    st.sampled_from(Account),
    CENTS,
)
PARIS = "Europe/Paris"

HOLIDAYS_2026 = frozenset(
    {
        date(2026, 1, 1),
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),  # Ascension
        date(2026, 5, 25),  # Whit Monday
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    }
)
"""The public holidays of France in 2026 (Code du travail, art. L3133-1)."""


@given(st.lists(MOVEMENTS))
def test_whatever_moves_the_sum_over_all_accounts_is_zero(movements: list[Movement]) -> None:
    postings = [posting for movement in movements for posting in movement.postings()]
    assert sum(balances(postings).values()) == 0


@given(CENTS)
def test_a_refund_takes_back_exactly_what_the_payment_put_in(cents: int) -> None:
    totals = balances([*hold(cents).postings(), *refund(cents).postings()])
    assert set(totals.values()) == {0}


@given(CENTS)
def test_a_release_brings_the_payment_to_the_seller(cents: int) -> None:
    totals = balances([*hold(cents).postings(), *release(cents).postings()])
    assert totals == {
        Account.PAYMENT: -cents,
        Account.ESCROW: 0,
        Account.SELLER: cents,
        Account.PLATFORM: 0,
    }


@pytest.mark.parametrize("means", [Means.WALLET, Means.PAYPAL])
def test_wallet_and_paypal_show_a_refund_at_once(means: Means) -> None:
    refunded = datetime(2026, 4, 3, 12, tzinfo=UTC)
    assert visibility(means, refunded, "FR", PARIS) == Visibility(means, at_once=True)


@pytest.mark.parametrize(
    ("refunded", "earliest", "latest"),
    [
        # an ordinary Monday: Tuesday, Wednesday, Thursday, Friday, and Monday
        (datetime(2026, 11, 23, 10, tzinfo=UTC), date(2026, 11, 26), date(2026, 11, 30)),
        # the Friday before Easter Monday: the first working day is Tuesday
        (datetime(2026, 4, 3, 16, tzinfo=UTC), date(2026, 4, 9), date(2026, 4, 13)),
        # a Saturday
        (datetime(2026, 11, 21, 10, tzinfo=UTC), date(2026, 11, 25), date(2026, 11, 27)),
        # 23:30 UTC on the eve of 11 November is 0:30 of the holiday in Paris: counted from there
        (datetime(2026, 11, 10, 23, 30, tzinfo=UTC), date(2026, 11, 16), date(2026, 11, 18)),
        # an hour and a half earlier it is still the 10th, and the holiday still does not count
        (datetime(2026, 11, 10, 22, 0, tzinfo=UTC), date(2026, 11, 16), date(2026, 11, 18)),
        # 23:30 UTC on a Monday is Tuesday in Paris: one day later than at 22:30
        (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 26), date(2026, 11, 30)),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), date(2026, 11, 27), date(2026, 12, 1)),
        # Ascension, a Thursday: the Friday after it is worked
        (datetime(2026, 5, 13, 10, tzinfo=UTC), date(2026, 5, 19), date(2026, 5, 21)),
        # over Christmas and New Year
        (datetime(2026, 12, 24, 10, tzinfo=UTC), date(2026, 12, 30), date(2027, 1, 4)),
    ],
)
def test_a_card_shows_a_refund_after_three_to_five_working_days(
    refunded: datetime, earliest: date, latest: date
) -> None:
    shown = visibility(Means.CARD, refunded, "FR", PARIS)
    assert shown == Visibility(Means.CARD, at_once=False, earliest=earliest, latest=latest)


def _is_worked(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS_2026


@given(st.integers(0, 340 * 24 * 60).map(lambda m: NEW_YEAR + timedelta(minutes=m)))
def test_between_refund_and_card_lie_exactly_that_many_worked_days(refunded: datetime) -> None:
    shown = visibility(Means.CARD, refunded, "FR", PARIS)
    today = refunded.astimezone(ZoneInfo(PARIS)).date()
    for promised, working_days in ((shown.earliest, 3), (shown.latest, 5)):
        assert promised is not None
        assert _is_worked(promised)
        passed = [today + timedelta(days=n) for n in range(1, (promised - today).days + 1)]
        assert sum(map(_is_worked, passed)) == working_days
