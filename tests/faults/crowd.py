"""Many sockets that mostly listen: what a deploy moves from one process to the next."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests import published
from tests.faults.ledger import token_of
from tests.harness import Server, TestOrder
from tests.socket_browser import Frame

if TYPE_CHECKING:
    from tests.faults.world import World

AT_ONCE = 50
"""Sockets that are being opened at the same time."""


EACH = 10
"""Sockets of one person: half of what a process allows."""


@dataclass
class Listener:
    """A socket that follows one order and comes back whenever it is sent away."""

    servers: list[Server]
    room: TestOrder
    person: str
    chance: random.Random
    upto: int = 0
    here: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while it is welcome and follows its order."""
    gaps: int = 0
    _turn: asyncio.Semaphore | None = None

    async def listen(self, turn: asyncio.Semaphore) -> None:
        """Follow the order until cancelled, resuming from the own position."""
        while True:
            await turn.acquire()
            self._turn = turn
            try:
                await self._follow()
            except (OSError, WebSocketException, TimeoutError):
                pass
            finally:
                self._arrived()
            self.here.clear()
            await asyncio.sleep(self.chance.uniform(0.1, 1.5))

    def _arrived(self) -> None:
        """Let the next one connect."""
        if self._turn is not None:
            self._turn.release()
            self._turn = None

    async def _follow(self) -> None:
        server = self.chance.choice(self.servers)
        async with connect(
            server.ws_url, compression=None, max_size=None, open_timeout=20, ping_interval=None
        ) as socket:
            hello = {"t": "hello", "token": token_of(self.person), "version": 1}
            await socket.send(json.dumps(hello))
            async for text in socket:
                frame = json.loads(text)
                published.heard(frame)
                match frame["t"]:
                    case "welcome":
                        asked: Frame = {"t": "subscribe", "order": self.room.id}
                        if self.upto:
                            asked |= {"after": self.upto, "epoch": frame["epoch"]}
                        await socket.send(json.dumps(asked))
                    case "batch":
                        if not frame.get("reset") and frame["after"] != self.upto:
                            self.gaps += 1
                        self.upto = frame["upto"]
                    case "situation":
                        self.here.set()
                        self._arrived()
                    case "ping":
                        await socket.send(json.dumps({"t": "pong", "n": frame["n"]}))
                    case _:
                        pass


@dataclass
class Crowd:
    """Listeners and the tasks that keep them here."""

    listeners: list[Listener]
    tasks: list[asyncio.Task[None]]


async def gather(world: World, number: int) -> Crowd:
    """Open so many sockets; return once all are welcome."""
    turn = asyncio.Semaphore(AT_ONCE)
    rooms = [await world.gateways[0].order() for _ in range(ceil(number / EACH / 2))]
    people = [(room, person) for room in rooms for person in (room.buyer, room.seller)]
    listeners = [
        Listener(
            world.doors,
            *people[n % len(people)],
            random.Random(f"{world.chance.random()}"),
        )
        for n in range(number)
    ]
    crowd = Crowd(listeners, [asyncio.create_task(each.listen(turn)) for each in listeners])
    await all_back(crowd)
    return crowd


async def all_back(crowd: Crowd) -> None:
    """Wait until every socket is welcome again, and has seen no gap. Raises `TimeoutError`."""
    async with asyncio.timeout(120 + len(crowd.listeners) / 5):
        for listener in crowd.listeners:
            await listener.here.wait()
    gaps = sum(listener.gaps for listener in crowd.listeners)
    assert gaps == 0, f"{gaps} gaps in the crowd"


async def disperse(crowd: Crowd) -> None:
    """Close all sockets."""
    for task in crowd.tasks:
        task.cancel()
    for ended in await asyncio.gather(*crowd.tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
