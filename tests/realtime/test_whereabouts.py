"""Where people are, over all processes: one that is silent is neither alive nor gone."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orders.events import PersonId
from realtime.bus.asking import Asker
from realtime.bus.nodes import Nodes
from realtime.limits import Limits
from realtime.whereabouts import Found, InRedis

ADA, BOB = PersonId("ada"), PersonId("bob")


@asynccontextmanager
async def _two(redis_url: str, limits: Limits) -> AsyncIterator[tuple[Asker, InRedis, InRedis]]:
    """Two processes, the second of which has said that it lives and that Ada is with it.

    It says so again as the limits tell.
    """
    asker = Asker(Nodes(redis_url))
    prefix = f"t-{secrets.token_hex(6)}"
    here = InRedis(asker, prefix, Limits(), list, lambda _: None)
    there = InRedis(asker, prefix, limits, lambda: [ADA], lambda _: None)
    tasks = [asyncio.create_task(run()) for run in (asker.run, here.run, there.run)]
    try:
        async with asyncio.timeout(60):
            while await here.elsewhere([ADA, BOB]) != Found({ADA}, set()):
                await asyncio.sleep(0.01)
        yield asker, here, there
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_of_people_in_a_silent_process_nobody_knows_until_its_key_lapses(
    redis_url: str,
) -> None:
    seldom = Limits(presence_lives=290.0)
    async with _two(redis_url, seldom) as (asker, here, there):
        key = there._process(there._me)
        await asker.ask(("PEXPIRE", key, 200_000))  # as if it had been silent for 100 s
        assert await here.elsewhere([ADA, BOB]) == Found(set(), {ADA})
        assert await here.left(ADA) is None
        assert await here.left(BOB) is False
        await here.came([ADA])
        assert await there.elsewhere([ADA]) == Found({ADA}, set()), "with one that lives"
        await asker.ask(("DEL", key))
        assert await here.elsewhere([ADA]) == Found(set(), set())


async def test_nobody_counts_as_gone_because_redis_has_forgotten_everybody(redis_url: str) -> None:
    async with _two(redis_url, Limits()) as (asker, here, there):
        for process in (here, there):
            await asker.ask(("DEL", process._process(process._me)))
        await asker.ask(("DEL", there._person(ADA)))
        told: list[Found | None] = []
        async with asyncio.timeout(60):
            while not told or told[-1] is None:
                told.append(await here.elsewhere([ADA, BOB]))
                await asyncio.sleep(0.05)
        assert told[0] is None
        assert told[-1] == Found({ADA}, set()), "never nobody, before everybody has said it again"


async def test_a_process_that_began_while_redis_was_away_counts_nobody_as_gone_either(
    redis_url: str,
) -> None:
    async with _two(redis_url, Limits()) as (asker, here, there):
        away = Asker(Nodes("redis://127.0.0.1:1/0"))
        new = InRedis(away, here._prefix, Limits(), list, lambda _: None)
        tasks = [asyncio.create_task(run()) for run in (away.run, new.run)]
        async with asyncio.timeout(60):
            while new._all_back != math.inf:
                await asyncio.sleep(0.01)
        assert await new.elsewhere([ADA]) is None
        await asker.ask(("DEL", there._process(there._me)))
        await asker.ask(("DEL", there._person(ADA)))
        new._asker = asker
        told: list[Found | None] = []
        async with asyncio.timeout(60):
            while not told or told[-1] is None:
                told.append(await new.elsewhere([ADA, BOB]))
                await asyncio.sleep(0.05)
        assert told[0] is None
        assert told[-1] == Found({ADA}, set()), "never nobody, before everybody has said it again"
        for task in reversed(tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_process_that_redis_has_forgotten_says_again_who_is_there(redis_url: str) -> None:
    async with _two(redis_url, Limits()) as (asker, here, there):
        before = there._me
        await asker.ask(("DEL", there._process(before)), ("DEL", there._person(ADA)))
        async with asyncio.timeout(60):
            while await here.elsewhere([ADA]) != Found({ADA}, set()):
                await asyncio.sleep(0.05)
        assert there._me != before
