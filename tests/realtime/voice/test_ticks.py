"""The clock by which a busy port reads."""

import asyncio
import contextlib
import itertools
import sys
import time
from pathlib import Path

import pytest
import uvloop

from realtime.voice.port import TICK
from realtime.voice.ticks import Ticks

WAYS = [True, False] if sys.platform == "linux" else [False]


@pytest.fixture(params=WAYS, ids=lambda exact: "kernel" if exact else "loop")
def exact(request: pytest.FixtureRequest) -> bool:
    """Who counts."""
    return bool(request.param)


async def gaps(count: int, seconds: float, work: float, *, exact: bool) -> list[float]:
    """How long it was from the start of each call to that of the next; a call takes `work`."""
    starts: list[float] = []
    enough = asyncio.Event()

    def tick() -> None:
        starts.append(time.monotonic())
        while time.monotonic() < starts[-1] + work:
            pass
        if len(starts) > count:
            enough.set()

    ticks = Ticks(seconds, tick, exact=exact)
    assert ticks.exact == exact
    ticks.start()
    async with asyncio.timeout(60):
        await enough.wait()
    ticks.close()
    return [after - before for before, after in itertools.pairwise(starts)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's timer is Linux's")
async def test_what_a_call_takes_is_not_added_to_the_tick() -> None:
    # A loop that pauses after each call takes 0.08 s at the least, on any machine.
    assert min(await gaps(10, 0.05, 0.03, exact=True)) < 0.07


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's timer is Linux's")
def test_a_busy_port_is_called_a_thousand_times_a_second() -> None:
    async def best() -> float:
        # half of a tick goes into reading, as with four hundred calls
        found = await gaps(200, TICK, TICK / 2, exact=True)
        return min(sum(found[n : n + 20]) for n in range(len(found) - 20))

    # The machine may have no time for us at one moment; the event loop's own clock, which adds
    # the reading to a whole millisecond, never comes to twenty calls in thirty milliseconds.
    until = time.monotonic() + 60
    while (took := uvloop.run(best())) > 1.1 * 20 * TICK:
        assert time.monotonic() < until, took


async def test_it_never_calls_more_often_than_it_should(exact: bool) -> None:
    calls = []
    ticks = Ticks(0.02, lambda: calls.append(time.monotonic()), exact=exact)
    began = time.monotonic()
    ticks.start()
    await asyncio.sleep(0.3)
    ticks.close()
    assert 1 <= len(calls) <= (time.monotonic() - began) / 0.02
    assert calls[0] - began > 0.015


async def test_a_call_that_takes_long_is_followed_by_one_more_and_not_by_all_it_missed(
    exact: bool,
) -> None:
    found = await gaps(3, 0.02, 0.1, exact=exact)
    assert min(found) >= 0.1
    calls = []
    ticks = Ticks(0.02, lambda: calls.append(1), exact=exact)
    ticks.start()
    time.sleep(0.2)  # the event loop stands still for ten ticks
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ticks.stop()
    assert len(calls) == 1
    ticks.close()


async def test_it_can_be_stopped_from_its_own_call_and_started_again(exact: bool) -> None:
    calls = []
    again = asyncio.Event()

    def tick() -> None:
        calls.append(1)
        ticks.stop()
        again.set()

    ticks = Ticks(0.001, tick, exact=exact)
    for times in (1, 2, 3):
        ticks.start()
        async with asyncio.timeout(60):
            await again.wait()
        again.clear()
        await asyncio.sleep(0.02)
        assert len(calls) == times
    ticks.stop()
    ticks.close()
    ticks.close()


def timers() -> int:
    """Descriptors of this process that are such timers."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += "timerfd" in str(each.readlink())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's timer is Linux's")
async def test_closing_gives_the_descriptor_back() -> None:
    before = timers()
    ticks = Ticks(0.001, lambda: None)
    assert timers() == before + 1
    ticks.start()
    ticks.close()
    assert timers() == before
