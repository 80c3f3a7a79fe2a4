"""The life of a leg: awaited, connected, over, and what is told of it."""

import asyncio
import gc
import weakref
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from realtime.voice.life import Life


class Carrier:
    """Whatever is let go of, and what was told."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.may_leave = asyncio.Event()
        self.life = Life(
            let_go=self.let_go,
            on_connected=lambda: self.told.append("connected"),
            on_closed=lambda: self.told.append("closed"),
        )

    def let_go(self) -> Coroutine[Any, Any, None]:
        self.told.append("let go")
        return _say_goodbye(self.may_leave, self.told)


async def _say_goodbye(may_leave: asyncio.Event, told: list[str]) -> None:
    await may_leave.wait()
    told.append("goodbye")


@pytest.fixture
def told() -> list[str]:
    return []


async def test_connecting_is_told_once_and_stops_the_waiting(told: list[str]) -> None:
    life = Carrier(told).life
    life.awaited(0.01)
    life.connect()
    life.connect()
    await asyncio.sleep(0.05)
    assert (told, life.connected, life.over) == (["connected"], True, False)


async def test_who_is_not_connected_in_time_is_over(told: list[str]) -> None:
    life = Carrier(told).life
    life.awaited(0.01)
    async with asyncio.timeout(60):
        while not life.over:
            await asyncio.sleep(0.005)
    assert told == ["let go", "closed"]


async def test_the_end_is_told_once_and_closing_waits_for_the_goodbye(told: list[str]) -> None:
    carrier = Carrier(told)
    carrier.life.connect()
    closing = [asyncio.create_task(carrier.life.close()) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert (told, carrier.life.connected) == (["connected", "let go", "closed"], False)
    assert not any(each.done() for each in closing)
    closing[0].cancel()  # whoever waits may give up: the goodbye is said all the same
    carrier.may_leave.set()
    await asyncio.gather(*closing, return_exceptions=True)
    carrier.life.end()
    assert told == ["connected", "let go", "closed", "goodbye"]


async def test_who_connects_too_late_is_not_told_of(told: list[str]) -> None:
    carrier = Carrier(told)
    carrier.may_leave.set()
    await carrier.life.close()
    carrier.life.connect()
    assert (told, carrier.life.connected) == (["let go", "closed", "goodbye"], False)


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


async def test_what_was_let_go_of_is_freed_without_the_garbage_collector(
    told: list[str], without_collector: None
) -> None:
    carrier = Carrier(told)
    carrier.life.awaited(60.0)
    carrier.may_leave.set()
    await carrier.life.close()
    gone = weakref.ref(carrier)
    del carrier
    assert gone() is None
