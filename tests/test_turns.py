"""Tests are dealt out so that browsers do not starve each other."""

import pytest

from tests import turns


def test_every_test_with_a_browser_takes_turns_with_the_others(
    request: pytest.FixtureRequest,
) -> None:
    loose = {
        item.nodeid.partition("::")[0]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames
    }
    assert {name for name in loose if not name.startswith(turns.BROWSER)} == set()


def test_the_browsers_tests_come_first_then_modules_with_long_ones_and_modules_stay_whole(
    request: pytest.FixtureRequest,
) -> None:
    def module(item: pytest.Item) -> str:
        return item.nodeid.partition("::")[0]

    items = turns.in_order(list(reversed(request.session.items)))
    assert sorted(map(module, items)) == sorted(map(module, request.session.items))
    first = [item.nodeid.startswith(turns.BROWSER) for item in items]
    assert first == sorted(first, reverse=True)
    long = {module(item) for item in items if item.get_closest_marker("timeout")}
    rest = [module(item) in long for item in items if not item.nodeid.startswith(turns.BROWSER)]
    assert rest == sorted(rest, reverse=True)


def test_there_are_more_workers_than_processors_but_not_many() -> None:
    assert 2 <= turns.workers() <= turns.MOST
