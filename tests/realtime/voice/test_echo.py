"""Who tests their microphone hears themselves over the way of a call, and nobody else."""

import asyncio

import pytest

from orders.errors import IdReused, SdpRefused, TooManyOpen
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import Peer, rtp
from tests.realtime.voice.test_port import REACH


def carrying(path: str = "native", limits: VoiceLimits | None = None) -> Node:
    return Node(
        limits=limits or VoiceLimits(),
        reach=REACH,
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        path=MediaPath(path),
    )


async def until_over(node: Node) -> None:
    async with asyncio.timeout(60):
        while len(node.echoes):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["native", "python", "peer"])
async def test_what_one_says_comes_back_whole_and_to_nobody_else(path: str) -> None:
    async with carrying(path) as node, Peer() as one, Peer() as other:
        for person, peer in (("one", one), ("other", other)):
            await peer.accept(await node.echoes.join(person, await peer.offer(), "1"))
        # The handshake may be over here a moment before it is there.
        async with asyncio.timeout(60):
            n = 0
            while not one.heard:
                one.send(rtp(n, payload=b"hello, me"))
                n += 1
                await asyncio.sleep(0.05)
        assert {packet[12:] for packet in one.heard} == {b"hello, me"}
        assert (one.refused, other.heard) == (0, [])
        assert len(node.echoes) == 2
        await one.close()
        await other.close()


async def test_a_test_ends_by_itself() -> None:
    async with carrying(limits=VoiceLimits(echo_seconds=4.0)) as node, Peer() as peer:
        await peer.accept(await node.echoes.join("one", await peer.offer(), "1"))
        await until_over(node)


async def test_only_so_many_test_at_once_and_each_once() -> None:
    async with carrying(limits=VoiceLimits(echoes_per_node=1)) as node:
        await node.echoes.join("one", CHROMIUM, "1")
        with pytest.raises(TooManyOpen):
            await node.echoes.join("other", CHROMIUM, "1")
        await node.echoes.join("one", CHROMIUM, "2")
        async with asyncio.timeout(60):
            while len(node.echoes) != 1:
                await asyncio.sleep(0.02)


async def test_a_repeated_offer_gets_the_same_answer_and_another_is_refused() -> None:
    async with carrying() as node:
        first = await node.echoes.join("one", CHROMIUM, "1")
        assert await node.echoes.join("one", CHROMIUM, "1") == first
        with pytest.raises(IdReused):
            await node.echoes.join("one", CHROMIUM.replace("TUGr", "TUGs"), "1")
        with pytest.raises(SdpRefused):
            await node.echoes.join("one", "v=0\r\nnonsense", "2")
        assert len(node.echoes) == 1
