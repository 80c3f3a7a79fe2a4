"""What the operator's graphs are told of each second of each direction of a call."""

import asyncio

import pytest

from realtime import telemetry
from realtime.voice.adapter import Identity
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from tests.realtime.voice.caller import Caller
from tests.realtime.voice.peer import rtp
from tests.realtime.voice.test_port import carrying
from tests.realtime.voice.ways import WAYS

WHAT = ("score", "loss", "jitter_seconds", "round_trip_seconds", "level_decibels")

LEVEL = "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
QUIET = b"\x10\x28\x00\x00"
"""The audio level (RFC 6464) under number 1: 40 dB below the loudest possible."""


def measured(what: str) -> tuple[float, float]:
    """How many seconds so far, and the sum over them."""
    name = f"order_room_media_{what}"
    count = telemetry.REGISTRY.get_sample_value(f"{name}_count")
    total = telemetry.REGISTRY.get_sample_value(f"{name}_sum")
    assert count is not None
    assert total is not None
    return count, total


async def joined(node: Node, person: str) -> Caller:
    made = Caller(Identity())
    await made.accept(await node.join("call", person, made.offer() + LEVEL, "1"))
    return made


@pytest.mark.parametrize("way", WAYS)
async def test_each_second_of_each_direction_is_told_once_in_all_its_measures(way: str) -> None:
    async with carrying(MediaPath(way)) as node:
        buyer, seller = await joined(node, "buyer"), await joined(node, "seller")
        async with asyncio.timeout(60):
            while node.connected < 2:
                await asyncio.sleep(0.01)
        before = {what: measured(what) for what in WHAT}
        loop = asyncio.get_running_loop()
        began, n = loop.time(), 0
        while loop.time() < began + 3.5 or measured("score")[0] < before["score"][0] + 4:
            n += 1
            buyer.send(rtp(n, extension=QUIET))
            if n % 4:  # of the seller a quarter is lost, of the buyer nothing
                seller.send(rtp(n, extension=QUIET))
            await asyncio.sleep(0.02)
        took = loop.time() - began
        await asyncio.gather(buyer.close(), seller.close())

    seconds = {what: measured(what)[0] - before[what][0] for what in WHAT}
    mean = {what: (measured(what)[1] - before[what][1]) / seconds[what] for what in WHAT}
    assert len(set(seconds.values())) == 1
    assert 4 <= seconds["score"] <= 2 * (took + 1)
    assert 1 < mean["score"] < 4.2
    assert 0.08 < mean["loss"] < 0.2
    assert 0 <= mean["jitter_seconds"] < 1
    assert 0 <= mean["round_trip_seconds"] < 1
    assert mean["level_decibels"] == pytest.approx(40, abs=0.5)
