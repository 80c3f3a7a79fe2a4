"""Which tests run at the same time when several workers share the machine.

The tests wait more than they work, so there is one worker more than there are processors. But a
browser is starved where there are three, and what starves it is mostly another one: the tests
with a browser make one unit of work, which one worker does from the beginning on, one test after
the other. (So the servers in demo mode that they share are started once, too.) All other modules
are dealt out whole, since some share a server; those with a test that says it takes longer than
others come first, so that none of them is what everybody waits for at the end.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

MOST = 4
"""Workers; with more of them the browser's tests, which are a third of all, still take as long."""

BROWSER = ("tests/e2e/", "tests/realtime/voice/test_chromium.py")
"""Where the tests with a browser are."""


class Turns(LoadScopeScheduling):  # type: ignore[misc]
    """Deals out modules in their order, those with a browser together."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]


def workers() -> int:
    """How many there should be on this machine."""
    return min(len(os.sched_getaffinity(0)) + 1, MOST)


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests in the order in which their modules are dealt out."""
    long = {item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("timeout")}

    def turn(item: pytest.Item) -> int:
        if item.nodeid.startswith(BROWSER):
            return 0
        return 1 if item.nodeid.partition("::")[0] in long else 2

    return sorted(items, key=turn)
