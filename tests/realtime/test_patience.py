"""A limit of time that does not count the time in which the process stood still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from realtime.patience import Patience

LIMIT = 0.4


async def _answered_late() -> None:
    """Stand still for longer than the limit; the answer takes some turns of the loop after that."""
    loop, answered = asyncio.get_running_loop(), asyncio.Event()
    async with Patience(LIMIT):
        loop.call_later(0.1, loop.call_later, 0.05, answered.set)
        loop.call_soon(time.sleep, 2 * LIMIT)
        await answered.wait()


async def _answered_after_the_last_part() -> None:
    loop, answered = asyncio.get_running_loop(), asyncio.Event()
    async with Patience(LIMIT):
        loop.call_later(LIMIT - 0.02, time.sleep, 2 * LIMIT)
        loop.call_later(LIMIT - 0.01, loop.call_later, 0.01, answered.set)
        await answered.wait()


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
@pytest.mark.parametrize("late", [_answered_late, _answered_after_the_last_part])
def test_an_answer_that_comes_right_after_standing_still_is_taken(
    new_loop: Callable[[], asyncio.AbstractEventLoop], late: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(late())


async def test_who_does_not_answer_is_given_up_and_not_before() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with Patience(LIMIT):
            await asyncio.Event().wait()
    assert time.monotonic() - began >= LIMIT


async def test_what_ends_in_time_is_not_disturbed_later() -> None:
    with pytest.raises(LookupError):
        async with Patience(0.05):
            raise LookupError
    async with Patience(0.05):
        pass
    await asyncio.sleep(0.2)


async def test_who_is_cancelled_meanwhile_is_cancelled() -> None:
    async def wait() -> None:
        async with Patience(60.0):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
