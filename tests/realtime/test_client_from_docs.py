"""The page suffices: a client written from it alone gets through everything a line can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from realtime.limits import Limits
from realtime.protocol import Close
from tests import published
from tests.harness import InProcess, TestOrder, serving
from tests.realtime.client_from_docs import Client, ClosedError, Frame, RefusedError

ANSWERED_IN = 30


def client(server: InProcess, order: TestOrder, person: str, url: str = "") -> Client:
    async def token() -> str:
        return await server.token(person)

    made = Client(url or server.url, token, order.id)
    made.log = as_published
    return made


def as_published(way: str, frame: Frame) -> None:
    {"said": published.said, "heard": published.heard}[way](frame)


async def test_it_chats_and_comes_back(server: InProcess) -> None:
    order = await server.order()
    buyer, seller = (client(server, order, who) for who in (order.buyer, order.seller))
    async with asyncio.timeout(ANSWERED_IN), buyer, seller:
        await buyer.command("message.send", text="Bonjour")
        await seller.until(lambda: seller.texts() == ["Bonjour"])

        seller.cut()  # what is said meanwhile is there when it comes back
        await buyer.command("message.send", text="Are you there?")
        await seller.until(lambda: seller.texts() == ["Bonjour", "Are you there?"])
        await seller.command("order.start", note="I have it all.")
        await buyer.until(lambda: (buyer.situation or {}).get("state") == "in_progress")
    assert seller.times_welcomed == 2
    assert sorted(seller.entries) == list(range(1, seller.position + 1))


async def test_it_repeats_a_command_safely(server: InProcess) -> None:
    order = await server.order()
    async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
        first = await buyer.command("message.send", id="m-1", text="Once")
        again = await buyer.command("message.send", id="m-1", text="Once")
        assert again == first

        buyer.cut()  # asked for while the line is gone: sent when it is back
        await buyer.command("message.send", id="m-2", text="Twice")
        await buyer.until(lambda: buyer.texts() == ["Once", "Twice"])

        with pytest.raises(RefusedError) as refused:
            await buyer.command("message.send", id="m-1", text="Other words")
        assert refused.value.code == "id_reused"
        assert buyer.texts() == ["Once", "Twice"]


async def test_it_does_the_same_over_http(server: InProcess) -> None:
    order = await server.order()
    seller = client(server, order, order.seller)
    async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
        posted = await seller.post("message.send", id="m-1", text="Without a socket")
        await buyer.until(lambda: buyer.texts() == ["Without a socket"])
        assert await seller.post("message.send", id="m-1", text="Without a socket") == posted
        done = await buyer.command("message.send", id="m-9", text="Over the socket")
        assert await buyer.post("message.send", id="m-9", text="Over the socket") == done
        with pytest.raises(RefusedError) as refused:
            await buyer.post("order.start")
        assert refused.value.code == "not_yours"
        told = await seller.history()
        assert told == [buyer.entries[n] for n in sorted(buyer.entries)]
        assert await seller.history(after=posted["seq"]) == told[posted["seq"] :]


async def test_it_repairs_a_gap(server: InProcess) -> None:
    """One batch is lost on the way, which TCP does not do, but a careless proxy might."""
    order = await server.order()
    async with (
        asyncio.timeout(ANSWERED_IN),
        _losing_a_batch(server) as (url, lose),
        client(server, order, order.buyer, url) as buyer,
        client(server, order, order.seller) as seller,
    ):
        await buyer.until(lambda: buyer.position == 3)
        lost = lose()
        await seller.command("message.send", text="lost on the way")
        await lost.wait()  # by itself: both in one batch would leave no gap
        await seller.command("message.send", text="not lost")
        await buyer.until(lambda: buyer.texts() == ["lost on the way", "not lost"])
        assert buyer.gaps >= 1
        assert buyer.times_welcomed == 1, "on the same line"


async def test_it_stays_while_tokens_come_and_go(database_url: str) -> None:
    limits = Limits(token_life=2.0, token_leeway=10.0, watch_every=0.1, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
            await buyer.until(lambda: buyer.times_refreshed >= 4)
            await buyer.command("message.send", text="still here")
            assert buyer.times_welcomed == 1


async def test_it_waits_as_long_as_it_is_told(database_url: str) -> None:
    slow = {"ORDER_ROOM_COMMANDS_PER_SECOND": "4"}
    limits = Limits(commands_burst=3, drain=0.0)
    async with serving(database_url, environment=slow, limits=limits) as server:
        order = await server.order()
        async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
            said = [f"{n}" for n in range(6)]
            await asyncio.gather(*(buyer.command("message.send", text=text) for text in said))
            await buyer.until(lambda: sorted(buyer.texts()) == said)


async def test_it_moves_when_the_server_restarts(database_url: str) -> None:
    limits = Limits(drain=0.2, presence_grace=0.2)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
            await buyer.command("message.send", text="before")
            await server.edge.hub.drain()
            server.edge.hub.attendance.leaving_for_good = False
            await buyer.command("message.send", text="after")
            await buyer.until(lambda: buyer.texts() == ["before", "after"])
            assert buyer.times_welcomed == 2


async def test_it_does_not_come_back_where_it_must_not(database_url: str) -> None:
    limits = Limits(sockets_per_person=1, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as first:
            await first.until(lambda: first.position == 3)
            async with client(server, order, order.buyer) as second:
                await second.until(lambda: second.position == 3)
                with pytest.raises(ClosedError) as closed:
                    await first.until(lambda: False)
                assert closed.value.code == Close.TOO_MANY


async def test_it_knows_the_servers_time(server: InProcess) -> None:
    order = await server.order()
    async with asyncio.timeout(ANSWERED_IN), client(server, order, order.buyer) as buyer:
        await buyer.until(lambda: buyer.situation is not None)
        assert abs((buyer.now() - await server.edge.database.now()).total_seconds()) < 30


@asynccontextmanager
async def _losing_a_batch(
    server: InProcess,
) -> AsyncIterator[tuple[str, Callable[[], asyncio.Event]]]:
    """A proxy before the server that loses the next batch once it was told to, and says when."""
    losing: asyncio.Event | None = None

    def lose() -> asyncio.Event:
        nonlocal losing
        losing = asyncio.Event()
        return losing

    async def between(page: ServerConnection) -> None:
        nonlocal losing
        async with connect(server.ws_url) as room:

            async def to_the_room() -> None:
                async for frame in page:
                    await room.send(frame)

            async def to_the_page() -> None:
                nonlocal losing
                async for frame in room:
                    if losing is not None and json.loads(frame)["t"] == "batch":
                        losing.set()
                        losing = None
                    else:
                        await page.send(frame)

            await _first_of(to_the_room(), to_the_page())

    async with serve(between, "127.0.0.1", 0) as proxy:
        port = next(iter(proxy.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}", lose


async def _first_of(*works: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
