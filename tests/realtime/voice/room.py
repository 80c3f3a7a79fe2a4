"""A node, what it reported, and what its two browsers heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from tests.realtime.voice.peer import HEADER, Peer

LIMITS = VoiceLimits(pulse_seconds=0.05)


class Room:
    """A node with what it reported."""

    def __init__(self, limits: VoiceLimits, reach: Reach | None, path: MediaPath) -> None:
        self.told: list[tuple[str, str]] = []
        self.words: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        self.node = Node(
            limits=limits,
            reach=reach or Reach(),
            on_connected=self._teller("connected"),
            on_silent=self._teller("silent"),
            on_gone=self._teller("gone"),
            on_replaced=self._teller("replaced"),
            on_word=lambda call, person, word: self.words.append((person, word)),
            path=path,
        )

    def _teller(self, what: str) -> Callable[[str, str], None]:
        def tell(call_id: str, person_id: str) -> None:
            assert call_id == "call"
            self.told.append((what, person_id))
            self._news.set()

        return tell

    async def until_told(self, what: str, person: str) -> None:
        await self._until(lambda: (what, person) in self.told)

    async def join(self, person: str, peer: Peer, leg_id: str = "1") -> None:
        """Connect; both ends have done their handshake then, so that nothing sent is too early."""
        before = self._joined(person)
        await peer.accept(await self.node.join("call", person, await peer.offer(), leg_id))
        await self._until(lambda: self._joined(person) > before)

    def _joined(self, person: str) -> int:
        return sum(self.told.count((how, person)) for how in ("connected", "replaced"))

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def opened(
    path: MediaPath, limits: VoiceLimits = LIMITS, reach: Reach | None = None
) -> AsyncIterator[Room]:
    """A room whose packets take that way."""
    room = Room(limits, reach, path)
    async with room.node:
        assert room.node.path == path
        yield room


class Opened(Protocol):
    """What the fixture `opened` gives: a room over the way that the test runs over."""

    def __call__(
        self, limits: VoiceLimits = LIMITS, reach: Reach | None = None
    ) -> AbstractAsyncContextManager[Room]: ...


async def heard(peer: Peer, payloads: list[bytes]) -> None:
    """Wait until the peer has heard exactly these payloads, in this order."""
    await peer.until(lambda: len(peer.heard) >= len(payloads))
    assert [packet[12:] for packet in peer.heard] == payloads
    assert peer.refused == 0


def sequences(peer: Peer) -> list[int]:
    return [HEADER.unpack_from(packet)[2] for packet in peer.heard]


async def received(room: Room, person: str, count: int) -> None:
    """Wait until the node has heard so many packets of a person's present leg."""
    async with asyncio.timeout(60):
        while (hearing := room.node.hearing("call", person)) is None or hearing.received < count:
            await asyncio.sleep(0.01)
