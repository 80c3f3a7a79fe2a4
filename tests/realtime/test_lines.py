"""The life of a line: pings, silence, slowness, tokens, the stop of the server."""

import asyncio
import json
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from orders.events import PersonId
from realtime.limits import Limits
from realtime.protocol import Close
from tests.harness import InProcess, serving


def _narrow(server: InProcess) -> socket.socket:
    """A line to the server that holds little for who does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
    made.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    made.setblocking(False)
    return made


async def test_a_ping_carries_the_heads_of_the_followed_orders(database_url: str) -> None:
    async with serving(database_url, limits=Limits(ping_every=0.1, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            ping = await buyer.hears(lambda f: f["t"] == "ping")
            assert ping["heads"] == {}
            await buyer.subscribe(order.id)
            ping = await buyer.hears(lambda f: f["t"] == "ping" and f["heads"] != {})
            assert ping["heads"] == {order.id: 3}
            situation = buyer.orders[order.id].situation
            assert situation is not None
            assert ping["dues"] == {order.id: situation["deadlines"][0]["due"]}


async def test_a_silent_browser_is_taken_for_gone_and_an_answering_one_is_not(
    database_url: str,
) -> None:
    limits = Limits(ping_every=0.1, silence=2.0, watch_every=0.1, drain=0.0)
    async with (
        serving(database_url, limits=limits) as server,
        server.browser("silent") as silent,
        server.browser("alive") as alive,
    ):
        silent.answers_pings = False
        assert await silent.closed() == Close.SILENT
        assert alive.close_code is None


async def test_time_in_which_the_process_stood_still_is_nobodys_silence(database_url: str) -> None:
    limits = Limits(ping_every=0.1, silence=2.0, watch_every=0.1, drain=0.0)
    async with serving(database_url, limits=limits) as server, server.browser("alive") as alive:
        await alive.hears(lambda f: f["t"] == "ping")
        time.sleep(2.5)  # the event loop stands still, and the browser in it
        mark = len(alive.frames)
        last = await alive.hears(lambda f: f["t"] == "ping", since=mark)
        await alive.hears(lambda f: f["t"] == "ping" and f["n"] > last["n"] + 1, since=mark)
        assert alive.close_code is None


async def test_a_browser_that_does_not_read_costs_itself_only(database_url: str) -> None:
    limits = Limits(slow_send=0.5, watch_every=0.1, close_patience=5.0, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        token = await server.token(order.buyer)
        async with (
            connect(server.ws_url, sock=_narrow(server), compression=None, max_queue=1) as slow,
            server.browser(order.seller) as seller,
            server.browser(order.buyer) as phone,
        ):
            await slow.send(json.dumps({"t": "hello", "token": token}))
            await slow.recv()
            await slow.send(json.dumps({"t": "subscribe", "order": order.id}))
            await phone.subscribe(order.id)
            last, size = 0, 0
            while server.edge.hub.sockets == 3:
                # never the same twice: that would be stopped by flood control
                last = (await seller.say(order.id, f"{size:x<5000}"))["seq"]
                size += 5000
                assert size < 50_000_000, "the slow browser was never noticed"
            await phone.reaches(order.id, last)
            with suppress(ConnectionClosedError):
                async for _ in slow:
                    pass
            assert slow.close_code == Close.TOO_SLOW
            await seller.say(order.id, "we go on")


async def test_who_asks_much_reads_nothing_and_vanishes_leaves_nothing_behind(
    database_url: str,
) -> None:
    limits = Limits(
        commands_in_flight=2, commands_per_second=1e6, commands_burst=1_000_000, slow_send=600
    )
    async with serving(database_url, limits=limits) as server:
        token = await server.token("eager")
        eager = await connect(server.ws_url, sock=_narrow(server), compression=None, max_queue=1)
        await eager.send(json.dumps({"t": "hello", "token": token}))
        await eager.recv()
        eager.transport.pause_reading()
        (session,) = server.edge.hub._mine(PersonId("eager"))
        ask = json.dumps({"t": "subscribe", "order": "o" * 64, "id": "x" * 64})
        async with asyncio.timeout(60):
            # until the line is full: answers wait behind the one on its way, in all places
            while session._listens:
                await eager.send(ask)
                await asyncio.sleep(0)
        served = [task for task in asyncio.all_tasks() if "run_asgi" in repr(task.get_coro())]
        assert served
        eager.transport.abort()
        await eager.wait_closed()
        async with asyncio.timeout(60):
            await asyncio.wait(served)


async def test_who_vanishes_in_mid_sentence_follows_nothing_afterwards(database_url: str) -> None:
    limits = Limits(commands_in_flight=1, commands_per_second=1e6, commands_burst=1_000_000)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        hub = server.edge.hub
        for _ in range(10):
            socket = await connect(server.ws_url, compression=None)
            await socket.send(json.dumps({"t": "hello", "token": await server.token(order.buyer)}))
            await socket.recv()
            for n in range(15):  # each waits until the one before was done
                mark = {"t": "mark", "order": order.id, "seq": 1}
                ask = {"t": "subscribe", "id": f"s{n}", "order": order.id}
                await socket.send(json.dumps(mark))
                await socket.send(json.dumps(ask))
            socket.transport.abort()
            await socket.wait_closed()
        async with asyncio.timeout(60):
            while hub.sockets or any("_command" in repr(t.get_coro()) for t in asyncio.all_tasks()):
                await asyncio.sleep(0.01)
        assert not hub.followers.orders


async def test_a_token_that_ended_ends_the_socket(database_url: str) -> None:
    limits = Limits(token_leeway=0.0, watch_every=0.1, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        token = server.edge.tokens.mint(PersonId("x"), life=6).token
        async with server.browser("x", token=token) as browser:
            ends = datetime.fromisoformat(browser.welcome["token_ends"])
            assert await browser.closed() == Close.TOKEN_ENDED
            assert datetime.now(UTC) >= ends


async def test_a_newer_token_keeps_the_socket(database_url: str) -> None:
    limits = Limits(token_leeway=0.0, watch_every=0.1, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        longer = await server.token(order.buyer)
        short = server.edge.tokens.mint(PersonId(order.buyer), life=6).token
        async with server.browser(order.buyer, token=short) as browser:
            await browser.send(t="refresh", token=longer)
            refreshed = await browser.hears(lambda f: f["t"] == "refreshed")
            assert refreshed["token_ends"] > browser.welcome["token_ends"]
            ended = datetime.fromisoformat(browser.welcome["token_ends"])
            while datetime.now(UTC) <= ended:
                await browser.say(order.id, "still talking")
                await asyncio.sleep(0.2)
            await browser.say(order.id, "past the first token's end")


async def test_a_newer_token_of_somebody_else_ends_the_socket(server: InProcess) -> None:
    async with server.browser("x") as browser:
        await browser.send(t="refresh", token=await server.token("y"))
        assert await browser.closed() == Close.TOKEN_REFUSED
        assert [f["code"] for f in browser.frames if f["t"] == "refused"] == ["token_invalid"]


async def test_a_refresh_looks_again_at_who_is_a_member(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        async with server.edge.database.transaction() as tx:
            await tx.conn.execute(
                text("DELETE FROM participants WHERE order_id = :o AND person_id = :p"),
                {"o": order.id, "p": order.buyer},
            )
        refused = await buyer.refused(t="message.send", order=order.id, text="still a member?")
        assert refused["code"] == "order_unknown"
        await buyer.send(t="refresh", token=await server.token(order.buyer))
        await buyer.hears(lambda f: f["t"] == "refreshed")
        await buyer.hears(lambda f: f["t"] == "inbox" and f["gone"] == [order.id])
        mark = len(buyer.frames)
        done = await seller.say(order.id, "among ourselves")
        await seller.reaches(order.id, done["seq"])
        await buyer.refused(t="history", order=order.id, before=2)
        assert {f["t"] for f in buyer.frames[mark:]} == {"refused"}


async def test_a_newer_token_for_other_orders_lists_those_and_no_others(server: InProcess) -> None:
    one, two = await server.orders_of_one_seller()
    narrow = await server.token(one.seller, orders=[one.id])
    async with server.browser(one.seller, token=narrow) as seller:
        assert [line["order"] for line in seller.welcome["inbox"]] == [one.id]
        mark = len(seller.frames)
        await seller.send(t="refresh", token=await server.token(one.seller))
        told = await seller.hears(lambda f: f["t"] == "inbox", since=mark)
        assert ([line["order"] for line in told["lines"]], told.get("gone")) == ([two.id], None)
        await seller.subscribe(two.id)
        mark = len(seller.frames)
        await seller.send(t="refresh", token=narrow)
        told = await seller.hears(lambda f: f["t"] == "inbox", since=mark)
        assert (told["lines"], told["gone"]) == ([], [two.id])
        assert (await seller.refused(t="history", order=two.id, before=2))["code"] == (
            "order_unknown"
        )


async def test_a_stopping_server_tells_everybody_to_come_back(database_url: str) -> None:
    async with serving(database_url, limits=Limits(drain=0.3)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            server.stop()
            for browser in (buyer, seller):
                move = await browser.hears(lambda f: f["t"] == "move")
                assert 0 < move["delay"] <= 0.3
                assert await browser.closed() == Close.RESTART


async def test_a_message_on_its_way_when_the_server_stops_is_kept_if_it_was_answered(
    own_database_url: str,
) -> None:
    async with serving(own_database_url, limits=Limits(drain=0.2)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            acknowledged = 0
            server.stop()
            for n in range(1000):
                try:
                    await buyer.say(order.id, f"{n}")
                except Exception:  # noqa: BLE001 - the line ended, in whichever way
                    break
                acknowledged += 1
    async with serving(own_database_url) as server, server.browser(order.buyer) as buyer:
        await buyer.send(t="subscribe", order=order.id, after=0)
        await buyer.reaches(order.id, 3 + acknowledged)
        assert buyer.texts(order.id)[:acknowledged] == [f"{n}" for n in range(acknowledged)]
