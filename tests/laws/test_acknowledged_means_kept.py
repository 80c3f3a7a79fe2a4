"""Law 1: what was acknowledged is in the order's timeline exactly once, after any crash.

The real server is killed as in a power cut, at random moments, while fifty people write to each
other. Each insists on a message under the same id until it is acknowledged, as a browser does.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import WebSocketException

from orders.database import Database
from orders.events import Entry, MessageSent, OrderId
from tests.harness import Process, TestOrder
from tests.orders.world import entries_of, opened, verified
from tests.socket_browser import Browser, HarnessError

ROOMS = 25
KILLS = 3
SEED = 20261123

AWAY = (OSError, HarnessError, WebSocketException, httpx2.TransportError)
"""What a browser meets while its server is dead."""


@dataclass
class Writer:
    """A person with a browser, who writes and never gives a message up."""

    server: Process
    order: str
    person: str
    rest: random.Random
    token: str = ""
    kept: dict[str, tuple[int, str]] = field(default_factory=dict)
    """What was acknowledged: client id -> (seq, at)."""
    repeats: int = 0

    def __post_init__(self) -> None:
        self.browser = Browser(self.server, self.person)

    async def write(self, enough: asyncio.Event) -> None:
        """Write one message after the other until told that it is enough."""
        while not enough.is_set():
            await self._insist(f"{len(self.kept)}")
            await asyncio.sleep(self.rest.uniform(0, 0.03))

    async def _insist(self, client_id: str) -> None:
        while client_id not in self.kept:
            try:
                if self.browser.close_code is not None or not self.browser.welcome:
                    await self.come_back()
                done = await self.browser.say(
                    self.order, f"{self.person} says {client_id}", id=client_id
                )
            except AWAY:
                self.repeats += 1
                await asyncio.sleep(self.rest.uniform(0.02, 0.2))
            else:
                self.kept[client_id] = done["seq"], done["at"]

    async def come_back(self) -> None:
        """Open a line and follow the order from where this browser stood."""
        await self.browser.close()
        self.browser.frames.clear()
        self.browser.welcome = {}
        self.token = self.token or await self.server.token(self.person)
        await self.browser.open(self.token)
        await self.browser.subscribe(self.order)

    async def converge(self, seq: int) -> None:
        """Have the whole order on the screen."""
        while True:
            try:
                if self.browser.close_code is not None:
                    await self.come_back()
                await self.browser.reaches(self.order, seq)
            except AWAY:
                await asyncio.sleep(0.1)
            else:
                return


async def _kill_now_and_then(
    server: Process, writers: list[Writer], moments: random.Random
) -> None:
    """Kill the server in the midst of talk: counted in messages, however slow the machine is."""
    for _ in range(KILLS):
        enough = sum(len(writer.kept) for writer in writers) + moments.randint(100, 300)
        while sum(len(writer.kept) for writer in writers) < enough:
            await asyncio.sleep(0.002)
        await asyncio.sleep(moments.uniform(0, 0.03))
        server.kill()
        await server.start()


@pytest.mark.timeout(600)
async def test_what_was_acknowledged_is_there_exactly_once_after_any_crash(
    own_database_url: str, tmp_path: Path
) -> None:
    moments = random.Random(SEED)
    async with Process(own_database_url, tmp_path) as server:
        rooms = [await server.order() for _ in range(ROOMS)]
        writers = [
            Writer(server, room.id, person, random.Random(f"{SEED}-{n}-{person[:5]}"))
            for n, room in enumerate(rooms)
            for person in (room.buyer, room.seller)
        ]
        enough = asyncio.Event()
        async with asyncio.timeout(400), asyncio.TaskGroup() as everybody:
            for writer in writers:
                everybody.create_task(writer.write(enough))
            await _kill_now_and_then(server, writers, moments)
            enough.set()
        async with opened(own_database_url) as database:
            for room in rooms:
                told = await _check(database, room, writers)
                for writer in (w for w in writers if w.order == room.id):
                    await writer.converge(len(told))
                    _check_screen(writer, told)
        for writer in writers:
            await writer.browser.close()
    assert sum(writer.repeats for writer in writers) >= 50, "the kills disturbed nobody"


async def _check(database: Database, room: TestOrder, writers: list[Writer]) -> list[Entry]:
    order = OrderId(room.id)
    told = await entries_of(database, order)
    assert await verified(database, order) == len(told)
    stored = [
        (entry.actor, entry.client_id, entry.event.text, entry.seq)
        for entry in told
        if isinstance(entry.event, MessageSent)
    ]
    kept = [
        (writer.person, client_id, f"{writer.person} says {client_id}", seq)
        for writer in writers
        if writer.order == room.id
        for client_id, (seq, _) in writer.kept.items()
    ]
    assert sorted(stored, key=str) == sorted(kept, key=str)
    return told


def _check_screen(writer: Writer, told: list[Entry]) -> None:
    """Law 3, on the way: nothing is lost and nothing doubled on the screen either."""
    shown = writer.browser.orders[writer.order].entries
    texts = [entry.event.text for entry in told if isinstance(entry.event, MessageSent)]
    assert writer.browser.texts(writer.order) == texts
    assert sorted(shown) == [entry.seq for entry in told]
