"""Everybody comes back at once: the door lets in as many as it can serve.

The others are told when to come again.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from orders.errors import RateExceeded
from orders.events import PersonId
from realtime.bus.asking import Asker
from realtime.bus.nodes import Nodes
from realtime.limits import Limits
from realtime.patience import Patience
from realtime.rates import Rates
from tests.harness import Process, scaled, serving
from tests.servers import Server
from tests.socket_browser import HarnessError


async def test_silent_sockets_take_no_more_than_their_share(database_url: str) -> None:
    limits = Limits(unwelcomed=3, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        silent = [server.at_the_door() for _ in range(3)]
        try:
            for browser in silent:
                await browser.connect()
            refused = server.at_the_door()
            with pytest.raises(InvalidStatus) as told:
                await refused.connect()
            answer = told.value.response
            assert answer.status_code == 503
            assert 1 <= int(answer.headers["Retry-After"]) <= 8
        finally:
            for browser in silent:
                await browser.close()
        async with server.browser(order.buyer) as buyer:  # there is room again
            assert buyer.welcome


async def test_hellos_wait_for_their_turn_and_are_all_answered(database_url: str) -> None:
    limits = Limits(
        hellos_at_once=1,
        hello_turn=60.0,
        hello_within=60.0,
        sockets_per_person=50,
        hellos_burst=50,
        drain=0.0,
    )
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        token = await server.token(order.buyer)
        browsers = [server.at_the_door(order.buyer) for _ in range(30)]
        await asyncio.gather(*(browser.open(token) for browser in browsers))
        assert all(browser.welcome for browser in browsers)
        await asyncio.gather(*(browser.close() for browser in browsers))


async def test_whoever_says_hello_all_the_time_is_told_to_wait(database_url: str) -> None:
    limits = Limits(hellos_per_second=0.01, hellos_burst=2, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        token = await server.token(order.buyer)
        for _ in range(2):
            async with server.browser(order.buyer, token=token):
                pass
        late = server.at_the_door(order.buyer)
        with pytest.raises(HarnessError):
            await late.open(token)
        (refusal,) = late.frames
        assert (refusal["code"], refusal["facts"]["limit"]) == (
            "rate_exceeded",
            "hellos_per_second",
        )
        assert refusal["facts"]["retry_after"] >= 1
        assert await late.closed() == 4000
        async with server.browser(order.seller):
            pass  # the limit is one person's alone


async def test_a_rate_is_one_over_all_processes_and_each_processes_own_without_redis(
    private_redis: Server,
) -> None:
    askers = [Asker(Nodes(private_redis.url)) for _ in range(2)]
    running = [asyncio.create_task(asker.run()) for asker in askers]
    one, two = (Rates(Limits(), asker, "t") for asker in askers)
    ada = PersonId("ada")
    try:
        for n in range(4):
            await (one, two)[n % 2].take("x", ada, 0.01, 4)
        for rates in (one, two):
            with pytest.raises(RateExceeded) as told:
                await rates.take("x", ada, 0.01, 4)
            assert 0 < int(told.value.facts["retry_after"] or 0) <= 100
        await asyncio.to_thread(private_redis.kill)
        async with Patience(5.0):  # nobody waits for a Redis that is away
            for _ in range(4):
                await one.take("x", ada, 0.01, 4)
            with pytest.raises(RateExceeded):
                await one.take("x", ada, 0.01, 4)
            await two.take("x", ada, 0.01, 4)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_process_that_stops_moves_its_sockets_one_after_the_other(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path, ORDER_ROOM_DRAIN="2") as server:
        orders = [await server.order() for _ in range(10)]
        browsers = [server.at_the_door(order.buyer) for order in orders]
        for browser, order in zip(browsers, orders, strict=True):
            await browser.open(await server.token(order.buyer))
            await browser.subscribe(order.id)
        stopping = asyncio.create_task(server.stop())
        moves = [await browser.hears(lambda f: f["t"] == "move") for browser in browsers]
        delays = sorted(move["delay"] for move in moves)
        assert delays[0] < 0.3
        assert delays[-1] > 1.5
        assert [await browser.closed() for browser in browsers] == [4000] * 10
        assert await stopping == 0


async def test_a_rolling_restart_loses_nothing(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with scaled(postgres_url, redis_url, tmp_path, ORDER_ROOM_DRAIN="0.5") as processes:
        here, there = processes.gateways
        order = await here.order()
        async with there.browser(order.seller) as seller, here.browser(order.buyer) as buyer:
            await seller.subscribe(order.id)
            await buyer.subscribe(order.id)
            stopping = asyncio.create_task(here.stop())
            await buyer.hears(lambda f: f["t"] == "move")
            done = await seller.say(order.id, "while you move")
            await buyer.closed()
            assert await stopping == 0
            buyer.server = there
            await buyer.reopen()
            await buyer.reaches(order.id, done["seq"])
            assert buyer.texts(order.id) == ["while you move"]
