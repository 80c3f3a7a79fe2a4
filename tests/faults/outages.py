"""What is away for minutes, and what the README promises meanwhile, looked at again and again.

`run.py` does it at the end of a long run, while everybody writes; the tests do it for a moment.
Raises `AssertionError`, or `HarnessError`, where a promise is broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests import servers
from tests.faults.ledger import token_of
from tests.faults.world import World, start_server
from tests.harness import Process, Server, TestOrder
from tests.socket_browser import Browser, Frame, HarnessError

REDIS, POSTGRES = 125.0, 60.0
"""Seconds that each is away in a long run."""
ROUND = 8.0
"""Seconds between two looks at everything."""
SOON = 15.0
"""Seconds in which what one says on one process has to be told on another without Redis. Usual
is one; but sixteen others write on the same machine."""
REFUSED_WITHIN = 15.0
"""Seconds until somebody is told that the database is away."""
WELL = 60.0
"""Seconds until all is as before once what was away is back."""
REPORTS = 10
"""Reports, and changes of a block, that one person may make at once; a minute brings one more."""


@dataclass
class Two:
    """The two of an order, each on another gateway; lines that nothing else breaks."""

    order: TestOrder
    buyer: Browser
    seller: Browser
    here: Process
    there: Process
    said: int = 0

    async def talk(self) -> float:
        """Each says something; return the seconds until the other had it, at most."""
        slowest = 0.0
        for writer, reader in ((self.buyer, self.seller), (self.seller, self.buyer)):
            self.said += 1
            done = await writer.say(self.order.id, f"{self.said}")
            answered = time.monotonic()
            await reader.reaches(self.order.id, done["seq"], within=SOON)
            slowest = max(slowest, time.monotonic() - answered)
        return slowest

    @property
    def heard(self) -> tuple[int, int]:
        """How many frames each has heard."""
        return len(self.buyer.frames), len(self.seller.frames)

    async def see_each_other(self, *, known: bool, since: tuple[int, int]) -> None:
        """Wait until the last word to each, later than `since`, is that the other is here for sure.

        Or, if not `known`, that nobody knows.
        """
        for browser, other, mark in (
            (self.buyer, self.order.seller, since[0]),
            (self.seller, self.order.buyer, since[1]),
        ):
            async with asyncio.timeout(WELL):
                while (said := _said_of(browser, other, mark)) != (known, known):
                    assert said is None or said[0] <= said[1], "online, though nobody knows"
                    await asyncio.sleep(0.05)

    def check(self) -> None:
        """Both have everything that was said, once, in the same order, on their first line."""
        told = [f"{n}" for n in range(1, self.said + 1)]
        assert self.buyer.texts(self.order.id) == self.seller.texts(self.order.id) == told
        assert self.buyer.close_code is self.seller.close_code is None


async def redis(world: World, length: float) -> float:
    """Kill Redis, which forgets everything, and start it again after `length` seconds.

    Return the longest that anything said on one gateway took to be shown on the other.
    """
    assert world.redis is not None
    slowest = 0.0
    async with _two(world) as two:
        await two.see_each_other(known=True, since=(0, 0))
        await two.talk()
        assert await _blocks(two.here, await two.here.order(), two.there) == 0
        before = two.heard
        async with _away(world, world.redis, length) as left:
            await two.see_each_other(known=False, since=before)
            assert await _blocks(two.here, await two.here.order(), two.there) > 0
            while True:
                slowest = max(slowest, await two.talk())
                await _signs_in(two)
                for browser in (two.buyer, two.seller):
                    refusal = await browser.refused(t="call.start", order=two.order.id)
                    told = refusal["code"], refusal["facts"].get("reason")
                    assert told == ("unavailable", "media_elsewhere"), refusal
                if left() <= 0:
                    break
                await asyncio.sleep(min(ROUND, left()))
            before = two.heard
        await two.see_each_other(known=True, since=before)
        await two.talk()
        two.check()
    return slowest


async def postgres(world: World, length: float) -> float:
    """Kill PostgreSQL and start it again after `length` seconds.

    Return the longest that anybody waited for a refusal.
    """
    assert world.postgres is not None
    slowest = 0.0
    async with _two(world) as two:
        processes = [process.pid for process in world.processes]
        await two.talk()
        async with _away(world, world.postgres, length) as left:
            while True:
                for gateway, browser in ((two.here, two.buyer), (two.there, two.seller)):
                    began = time.monotonic()
                    async with asyncio.timeout(REFUSED_WITHIN):
                        refusal = await browser.refused(
                            t="message.send", order=two.order.id, id="late", text="late"
                        )
                    slowest = max(slowest, time.monotonic() - began)
                    assert refusal["code"] == "unavailable", refusal
                    await _is_told_to_come_back(gateway, browser.person)
                if left() <= 0:
                    break
                await asyncio.sleep(min(ROUND, left()))
        done = await _insist(two.buyer, two.order.id)
        await two.seller.reaches(two.order.id, done["seq"], within=WELL)
        assert two.seller.texts(two.order.id)[-1] == "late"
        assert two.buyer.close_code is two.seller.close_code is None
        assert [process.pid for process in world.processes] == processes
    return slowest


@asynccontextmanager
async def _two(world: World) -> AsyncIterator[Two]:
    here, there = world.gateways
    order = await here.order()
    async with (
        here.browser(order.buyer, token=token_of(order.buyer)) as buyer,
        there.browser(order.seller, token=token_of(order.seller)) as seller,
    ):
        for browser in (buyer, seller):
            await browser.subscribe(order.id)
        yield Two(order, buyer, seller, here, there)


@asynccontextmanager
async def _away(
    world: World, server: servers.Server, length: float
) -> AsyncIterator[Callable[[], float]]:
    """Have it dead, and tell how many seconds more; it is back afterwards whatever happens."""
    await asyncio.to_thread(server.kill)
    since = time.monotonic()
    try:
        yield lambda: since + length - time.monotonic()
        name = "redis" if server is world.redis else "postgres"
        world.away[name] = max(world.away.get(name, 0.0), time.monotonic() - since)
    finally:
        await start_server(server)


def _said_of(browser: Browser, person: str, since: int) -> tuple[bool, bool] | None:
    """What was said last of the person: whether online, and whether that is known."""
    said = [
        (told["online"], told["known"])
        for frame in browser.frames[since:]
        if frame["t"] in {"room", "presence"}
        for told in (frame["presence"] if frame["t"] == "room" else [frame["presence"]])
        if told["person"] == person
    ]
    return said[-1] if said else None


async def _blocks(one: Server, order: TestOrder, other: Server) -> int:
    """Use up a limit of one person on one process; return how much is left on another."""
    left = 0
    for server in (one, other):
        browser = Browser(server, order.buyer)
        await browser.open(token_of(order.buyer))
        try:
            for number in range(REPORTS + 1):
                answer = await browser.ask(t="block", order=order.id, on=False)
                if answer["t"] == "refused":
                    assert answer["code"] == "rate_exceeded", answer
                    left = number
                    break
            else:
                raise AssertionError("a limit does not hold on one process")
        finally:
            await browser.close()
    return left


async def _signs_in(two: Two) -> None:
    """Either opens the order anew and reads all of it; nobody claims to know where the other is."""
    for gateway, me, other in (
        (two.here, two.order.buyer, two.order.seller),
        (two.there, two.order.seller, two.order.buyer),
    ):
        browser = Browser(gateway, me)
        await browser.open(await gateway.token(me))
        try:
            known = await browser.subscribe(two.order.id)
            assert browser.texts(two.order.id) == [f"{n}" for n in range(1, two.said + 1)]
            assert known.room is not None
            (there,) = [each for each in known.room["presence"] if each["person"] == other]
            assert not there["known"], there
            assert not there["online"], there
        finally:
            await browser.close()


async def _is_told_to_come_back(gateway: Server, person: str) -> None:
    """Whoever comes meanwhile is refused in words, by the socket and over HTTP."""
    browser = Browser(gateway, person)
    async with asyncio.timeout(REFUSED_WITHIN):
        with contextlib.suppress(HarnessError):
            await browser.open(token_of(person))
        await browser.closed()
    assert not browser.welcome
    assert browser.frames[-1]["code"] == "unavailable", browser.frames
    async with gateway.http(headers={"Authorization": f"Bearer {token_of(person)}"}) as http:
        for path in ("/readyz", "/api/v1/me/orders"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert int(answer.headers["Retry-After"]) > 0


async def _insist(browser: Browser, order: str) -> Frame:
    """Send until it is done, as a browser does, on the same line."""
    async with asyncio.timeout(WELL):
        while True:
            answer = await browser.ask(t="message.send", order=order, id="late", text="late")
            if answer["t"] == "done":
                return answer
            await asyncio.sleep(0.5)
