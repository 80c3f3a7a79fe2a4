"""Law 3: nothing lost, nothing twice, on any screen, whatever happens to the line.

The harness's browser checks every batch by the browser's rules as it arrives: consecutive, no
gaps, no repeats. What it shows in the end is compared with the stored timeline.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from orders.database import Database
from orders.events import MessageSent, OrderId
from realtime.limits import Limits
from tests.harness import InProcess, TestOrder, serving
from tests.orders.world import entries_of, opened, verified
from tests.socket_browser import Browser, HarnessError

SEED = 20261126
LIMITS = Limits(
    drain=0.05, presence_grace=0.2, ring_entries=16, batch_entries=10, hellos_burst=10_000
)
"""A short memory and short batches, so that resuming reads the database and comes in pieces; and
people may come back as often as it takes."""


async def _write(server: InProcess, room: TestOrder, chance: random.Random) -> None:
    async with server.browser(room.buyer) as buyer, server.browser(room.seller) as seller:
        for n in range(60):
            await chance.choice([buyer, seller]).say(room.id, f"message {n}")
            if n == 30:
                await seller.do("order.start", room.id)
            await asyncio.sleep(chance.uniform(0, 0.01))


async def _shaken(
    browser: Browser, order: str, chance: random.Random, enough: asyncio.Event
) -> int:
    """Follow the order on a line that breaks again and again; return how often it did."""
    token = await browser.server.token(browser.person)
    broken = 0
    while not enough.is_set():
        await browser.open(token)
        try:
            await browser.subscribe(order, fresh=chance.random() < 0.1)
            await asyncio.wait_for(enough.wait(), chance.uniform(0.0, 0.25))
        except (TimeoutError, HarnessError):
            pass
        await chance.choice([browser.cut, browser.close])()
        browser.frames.clear()
        broken += 1
    await browser.open(token)
    await browser.subscribe(order)
    return broken


async def _check(database: Database, browser: Browser, room: TestOrder) -> None:
    told = await entries_of(database, OrderId(room.id))
    assert await verified(database, OrderId(room.id)) == len(told)
    shown = (await browser.reaches(room.id, len(told))).entries
    first = min(shown)  # a fresh page shows the newest part; older parts are asked for
    assert sorted(shown) == list(range(first, len(told) + 1))
    for entry in told[first - 1 :]:
        frame = shown[entry.seq]
        assert frame["actor"] == entry.actor
        if isinstance(entry.event, MessageSent):
            assert frame["event"] == {"kind": "message_sent", "text": entry.event.text}
    situation = browser.orders[room.id].situation
    assert situation is not None
    assert situation["state"] == "in_progress"


@pytest.mark.timeout(600)
async def test_lines_that_break_at_random_lose_nothing_and_double_nothing(
    own_database_url: str,
) -> None:
    async with serving(own_database_url, limits=LIMITS) as server:
        rooms = [await server.order() for _ in range(2)]
        watchers = [
            (Browser(server, person), room)
            for room in rooms
            for person in (room.buyer, room.seller, room.buyer)
        ]
        enough = asyncio.Event()
        shaking = [
            asyncio.create_task(_shaken(browser, room.id, random.Random(SEED + n), enough))
            for n, (browser, room) in enumerate(watchers)
        ]
        await asyncio.gather(
            *(_write(server, room, random.Random(f"{SEED}-{n}")) for n, room in enumerate(rooms))
        )
        enough.set()
        broken = await asyncio.gather(*shaking)
        assert min(broken) >= 2
        async with opened(own_database_url) as database:
            for browser, room in watchers:
                await _check(database, browser, room)
                await browser.close()
