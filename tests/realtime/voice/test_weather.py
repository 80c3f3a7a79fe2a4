"""Calls over a network that loses and delays: the relay makes nothing worse."""

import asyncio
import random
import re
import socket

import pytest

from realtime.voice.adapter import Identity
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from tests.realtime.voice.caller import Caller
from tests.realtime.voice.listening import decoded, encoded, score, speech
from tests.realtime.voice.peer import HEADER, rtp
from tests.realtime.voice.ways import WAYS

FRAMES = 250
LOSS, JITTER = 0.05, 0.03


class Weather:
    """A hop between one caller and the server, which loses and delays what the caller says.

    Attributes:
        passed: sequence numbers of the caller's packets that were let through.
        storms: it loses and delays; before, it does not.
    """

    def __init__(self, server: tuple[str, int], chance: random.Random) -> None:
        self.passed: set[int] = set()
        self.storms = False
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._inner, self._outer = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)
        )
        for each in (self._inner, self._outer):
            each.setblocking(False)
            each.bind((LOOPBACK, 0))
        self._outer.connect(server)
        self._caller: tuple[str, int] | None = None
        self._loop.add_reader(self._inner, self._from_caller)
        self._loop.add_reader(self._outer, self._from_server)

    @property
    def address(self) -> tuple[str, int]:
        name: tuple[str, int] = self._inner.getsockname()
        return name

    def close(self) -> None:
        for each in (self._inner, self._outer):
            self._loop.remove_reader(each)
            each.close()

    def _from_caller(self) -> None:
        data, self._caller = self._inner.recvfrom(2_048)
        if not 128 <= data[0] <= 191 or 192 <= data[1] <= 223:
            self._outer.send(data)
        elif not self.storms or self._chance.random() >= LOSS:
            # The header travels in clear.
            self.passed.add(HEADER.unpack_from(data)[2])
            late = self._chance.uniform(0, JITTER) if self.storms else 0
            self._loop.call_later(late, self._outer.send, data)

    def _from_server(self) -> None:
        data = self._outer.recv(2_048)
        if self._caller is not None:
            self._inner.sendto(data, self._caller)


@pytest.mark.parametrize("way", WAYS)
async def test_speech_over_a_bad_network_sounds_the_same_with_the_relay_as_without(
    way: str,
) -> None:
    node = Node(
        limits=VoiceLimits(),
        reach=Reach(bind=(LOOPBACK,)),
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        path=MediaPath(way),
    )
    identity = Identity()
    buyer, seller = Caller(identity), Caller(identity)
    spoken = dict(enumerate(encoded(speech(FRAMES))))
    async with node:
        answer = await node.join("call", "buyer", buyer.offer(), "1")
        candidate = re.search(r"udp \d+ (\S+) (\d+) typ", answer)
        assert candidate is not None
        weather = Weather((candidate[1], int(candidate[2])), random.Random(5))
        host, port = weather.address
        await buyer.accept(re.sub(r"(udp \d+) \S+ \d+ typ", rf"\1 {host} {port} typ", answer))
        await seller.accept(await node.join("call", "seller", seller.offer(), "1"))
        async with asyncio.timeout(60):
            while node.connected < 2:
                await asyncio.sleep(0.01)
        # What would come before the first packet that arrived is not part of the stream.
        buyer.send(rtp(0, payload=spoken[0]))
        await seller.until(lambda: len(seller.heard) == 1)
        weather.storms = True
        for n in range(1, FRAMES):
            buyer.send(rtp(n, payload=spoken[n]))
            await asyncio.sleep(0.01)  # twice as fast as speech: the rate allows it for a while
        await seller.until(lambda: len(seller.heard) == len(weather.passed))
        weather.close()
        await asyncio.gather(buyer.close(), seller.close())

    assert seller.refused == 0
    assert 0.9 * FRAMES < len(weather.passed) < FRAMES
    numbers = [HEADER.unpack_from(each)[2] for each in seller.heard]
    assert numbers != sorted(numbers)  # the network did reorder
    relayed = {
        (ours - numbers[0]) & 0xFFFF: each[12:]
        for ours, each in zip(numbers, seller.heard, strict=True)
    }
    direct = {n: spoken[n] for n in weather.passed}
    assert relayed == direct
    whole, alone = decoded(spoken, FRAMES), decoded(direct, FRAMES)
    through = score(decoded(relayed, FRAMES), whole)
    without = score(alone, whole)
    print(f"understood: {through:.3f} through the relay, {without:.3f} without")  # noqa: T201
    assert through == pytest.approx(without, abs=0.001)
    assert 0.7 < without < 0.99  # the weather is heard
