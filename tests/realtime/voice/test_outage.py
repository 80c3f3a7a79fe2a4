"""A call that runs outlives Redis: it is heard, renewed, muted and hung up without it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from orders.database import Database
from realtime.voice.limits import VoiceLimits
from tests.harness import Process, TestOrder
from tests.orders.world import opened
from tests.realtime.voice.peer import Peer, rtp
from tests.servers import Server
from tests.socket_browser import Browser

LEASE = VoiceLimits().lease_seconds


@asynccontextmanager
async def _processes(database_url: str, redis_url: str, folder: Path) -> AsyncIterator[Process]:
    """A gateway, a worker and a media process; the gateway is given."""
    prefix = f"t-{secrets.token_hex(6)}"
    made = [
        Process(
            database_url,
            folder,
            role=role,
            ORDER_ROOM_REDIS_URL=redis_url,
            ORDER_ROOM_REDIS_PREFIX=prefix,
        )
        for role in ("gateway", "worker", "media")
    ]
    async with AsyncExitStack() as stack:
        for each in made:
            stack.push_async_callback(asyncio.to_thread, each.kill)
        await asyncio.gather(*(each.start() for each in made))
        yield made[0]


async def _called(buyer: Browser, seller: Browser, order: TestOrder) -> str:
    async with asyncio.timeout(60):
        while True:  # until a media process has registered
            if (await buyer.ask(t="call.start", order=order.id))["t"] == "done":
                break
            await asyncio.sleep(0.2)
    batch = await seller.hears(
        lambda f: f["t"] == "batch" and f["entries"][-1]["event"]["kind"] == "call_rang"
    )
    call = str(batch["entries"][-1]["event"]["call"])
    await seller.do("call.accept", order.id, call=call)
    return call


async def _joined(browser: Browser, order: TestOrder, call: str) -> Peer:
    peer = Peer()
    sdp = await peer.offer()
    async with asyncio.timeout(60):
        while True:  # as a browser does, if the media process was not heard in time
            answer = await browser.ask(t="call.offer", order=order.id, call=call, leg="1", sdp=sdp)
            if answer["t"] != "refused":
                break
            assert answer["facts"]["reason"] == "media_elsewhere", answer
            await asyncio.sleep(0.2)
    await peer.accept(answer["sdp"])
    return peer


async def _hears(listener: Peer, speaker: Peer, number: int) -> None:
    """Speak until it is heard: a gate may be about to open."""
    payload = f"word {number}".encode()
    async with asyncio.timeout(60):
        for n in range(1 << 16):
            speaker.send(rtp(1000 * number + n, payload=payload))
            await asyncio.sleep(0.02)
            if any(packet.endswith(payload) for packet in listener.heard):
                return


async def _silent(listener: Peer, speaker: Peer, number: int) -> None:
    """Speak until half a second of it was not heard any more: a gate is about to close."""
    async with asyncio.timeout(60):
        heard = -1
        while heard < len(listener.heard):
            heard = len(listener.heard)
            for n in range(25):
                speaker.send(rtp(1000 * number + n))
                await asyncio.sleep(0.02)


async def _lease(database: Database) -> float:
    async with database.reading() as conn:
        (until,) = (await conn.exec_driver_sql("SELECT lease_until FROM media_processes")).one()
    return float(until) / 1_000_000


@pytest.mark.timeout(400)
async def test_a_running_call_outlives_redis(
    postgres_copy: str, private_redis: Server, tmp_path: Path
) -> None:
    async with (
        _processes(postgres_copy, private_redis.url, tmp_path) as gateway,
        opened(postgres_copy) as database,
        gateway.browser((order := await gateway.order()).buyer) as buyer,
        gateway.browser(order.seller) as seller,
    ):
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        call = await _called(buyer, seller, order)
        async with (
            await _joined(buyer, order, call) as caller,
            await _joined(seller, order, call) as callee,
        ):
            await _hears(callee, caller, 1)
            await asyncio.to_thread(private_redis.kill)
            lease = await _lease(database)
            mark = len(seller.frames)
            # asked for while nobody can tell the media process, and taken back
            await buyer.send(t="call.mute", order=order.id, call=call, on=False)
            await buyer.send(t="call.mute", order=order.id, call=call, on=True)
            async with asyncio.timeout(60):
                while await _lease(database) < lease + 2 * LEASE:
                    await asyncio.sleep(0.1)
            await _hears(callee, caller, 2)
            await asyncio.to_thread(private_redis.start)
            await seller.hears(
                lambda f: f["t"] == "call" and f["media"] == "muted",
                since=mark,
                within=60.0,
            )
            await _silent(callee, caller, 3)
            await buyer.send(t="call.mute", order=order.id, call=call, on=False)
            await _hears(callee, caller, 4)
            await asyncio.to_thread(private_redis.kill)
            done = await seller.do("call.hang_up", order.id, call=call)
            await buyer.reaches(order.id, done["seq"], within=60.0)
            async with asyncio.timeout(60):  # the media process has seen it, and let both go
                while caller._connection._nominated or callee._connection._nominated:
                    await asyncio.sleep(0.05)
            ended = buyer.orders[order.id].entries[done["seq"]]["event"]
            assert ended["kind"] == "call_ended"
            assert ended["end"] == "completed"
