"""A media process hears itself before it takes a call, or takes a plainer path."""

import pytest

from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath, Plane
from realtime.voice.selfcall import try_out

LIMITS = VoiceLimits()
REACH = Reach(bind=(LOOPBACK,))


@pytest.mark.parametrize("path", ["native", "python", "peer"])
async def test_each_path_hears_itself_and_nothing_stays(path: str) -> None:
    plane = Plane(LIMITS, REACH, MediaPath(path))
    plane.open()
    assert await try_out(plane)
    assert plane.path == path
    await plane.close()


async def test_a_process_that_cannot_hear_itself_takes_the_plain_way() -> None:
    deaf = VoiceLimits(packet_bytes=1)
    node = Node(
        limits=deaf,
        reach=REACH,
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
    )
    async with node:
        await node.prove(0.5)
        assert node.path == "peer"
