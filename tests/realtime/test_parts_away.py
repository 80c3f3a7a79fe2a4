"""What people notice when a part of the scaled size is away, and that all of it heals by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.faults import outages
from tests.faults.world import World, public_folder, scaled, start_again
from tests.socket_browser import Browser, Frame

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    with public_folder() as folder:
        async with scaled(folder, random.Random(1)) as made:
            yield made


async def _sees(browser: Browser, person: str) -> None:
    """Wait until the last word about the person is that they are online, for sure."""
    async with asyncio.timeout(40.0):
        while True:
            said = [
                told
                for frame in browser.frames
                if frame["t"] in {"room", "presence"}
                for told in (frame["presence"] if frame["t"] == "room" else [frame["presence"]])
                if told["person"] == person
            ]
            if said and said[-1]["known"] and said[-1]["online"]:
                return
            await asyncio.sleep(0.05)


async def test_without_redis_people_go_on_talking_and_nobody_claims_to_know_who_is_there(
    world: World,
) -> None:
    await outages.redis(world, 0.0)  # for minutes in `make faults`


async def test_people_of_a_process_that_died_do_not_stay_online(world: World) -> None:
    here, there = world.gateways
    order = await here.order()
    try:
        async with here.browser(order.buyer) as buyer, there.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await _sees(buyer, order.seller)
            mark = len(buyer.frames)
            there.kill()
            await seller.closed()
            await buyer.hears(
                lambda f: f["t"] == "presence" and not f["presence"]["online"],
                since=mark,
                within=60.0,
            )
    finally:
        await start_again(there)


async def test_a_postgresql_that_stands_still_refuses_in_seconds_and_closes_no_socket(
    world: World,
) -> None:
    assert world.postgres is not None
    here, _ = world.gateways
    order = await here.order()
    async with here.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        world.postgres.pause()
        try:
            async with asyncio.timeout(60):
                refusal = await buyer.refused(
                    t="message.send", order=order.id, id="m1", text="late"
                )
            assert refusal["code"] == "unavailable"
            assert refusal["facts"]["retry_after"] > 0
        finally:
            world.postgres.resume()
        done = await _insisted(buyer, order.id)
        await buyer.reaches(order.id, done["seq"])
        assert buyer.close_code is None
        assert buyer.texts(order.id) == ["late"]


async def test_a_postgresql_that_died_is_used_again_without_a_restart(world: World) -> None:
    await outages.postgres(world, 0.0)


async def _insisted(browser: Browser, order: str) -> Frame:
    """Send until it is done, as a browser does; a minute is enough for all to heal."""
    async with asyncio.timeout(60):
        while True:
            answer = await browser.ask(t="message.send", order=order, id="m1", text="late")
            if answer["t"] == "done":
                return answer
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("days", [400, -400])
async def test_a_worker_whose_wall_clock_jumps_fires_what_is_due_and_nothing_else(
    world: World, days: int
) -> None:
    here, _ = world.gateways
    later = await here.order()
    async with here.browser(later.buyer) as waiting:
        await waiting.subscribe(later.id)
        before = waiting.orders[later.id].upto
        clock = world.clocks[-1]  # the worker's
        clock.runs(timedelta(days=days))
        try:
            soon = await here.order(policy={"brief_window": 1})
            async with here.browser(soon.buyer) as buyer:
                await buyer.subscribe(soon.id)
                await buyer.hears(
                    lambda f: f["t"] == "situation" and f["situation"]["state"] == "cancelled",
                    within=60.0,
                )
        finally:
            clock.runs(timedelta(0))
        assert waiting.orders[later.id].upto == before
