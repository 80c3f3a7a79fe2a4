"""The network between a browser and the media process: it loses what a test tells it to lose."""

from __future__ import annotations

import asyncio
import random
import re
from typing import cast

from playwright.async_api import Page

DIVERT = """
  const answer = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function (told) {
    return answer.call(this, {type: told.type, sdp: await throughTheWeather(told.sdp)});
  };
"""
"""Lets a page's media go where `Weather.divert` leads it."""

_CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+) (\d+\.\S+) (\d+) typ")


class _Hop(asyncio.DatagramProtocol):
    """One browser's way to the server and back."""

    def __init__(self, weather: Weather, server: tuple[str, int]) -> None:
        self._weather = weather
        self._server = server
        self._browsers: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self._waiting: dict[tuple[str, int], list[bytes]] = {}
        self._opening: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._weather.loses(data):
            return
        outward = self._browsers.get(addr)
        if outward is not None:
            outward.sendto(data)
        elif addr in self._waiting:
            self._waiting[addr].append(data)
        else:
            self._waiting[addr] = [data]
            opening = asyncio.get_running_loop().create_task(self._open(addr))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, browser: tuple[str, int]) -> None:
        outward, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Back(self._weather, self.transport, browser), remote_addr=self._server
        )
        self._browsers[browser] = outward
        for data in self._waiting.pop(browser):
            outward.sendto(data)

    def close(self) -> None:
        self.transport.close()
        for outward in self._browsers.values():
            outward.close()


class _Back(asyncio.DatagramProtocol):
    """What the server says to one browser."""

    def __init__(
        self, weather: Weather, inward: asyncio.DatagramTransport, browser: tuple[str, int]
    ) -> None:
        self._weather, self._inward, self._browser = weather, inward, browser

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        if not self._weather.loses(data) and not self._inward.is_closing():
            self._inward.sendto(data, self._browser)


class Weather:
    """A network that carries everything until `loss` says otherwise.

    Attributes:
        loss: share of media packets that get lost on either way; reports and checks do not.
        cut: whether everything gets lost.
    """

    def __init__(self) -> None:
        self.loss = 0.0
        self.cut = False
        self._chance = random.Random(11)
        self._hops: list[_Hop] = []

    async def over(self, page: Page) -> None:
        """Let the page's media go through here; its scripts must contain `DIVERT`."""
        await page.expose_function("throughTheWeather", self.divert)

    async def divert(self, sdp: str) -> str:
        """Let who reads this answer find the server through here."""
        found = _CANDIDATE.search(sdp)
        assert found is not None, sdp
        hop = _Hop(self, (found[2], int(found[3])))
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: hop, local_addr=("127.0.0.1", 0)
        )
        self._hops.append(hop)
        port = hop.transport.get_extra_info("sockname")[1]
        lines = [line for line in sdp.split("\r\n") if not line.startswith("a=candidate")]
        at = next(n for n, line in enumerate(lines) if line.startswith("a=ice-ufrag"))
        lines.insert(at, f"{found[1]} 127.0.0.1 {port} typ host")
        return "\r\n".join(lines)

    def loses(self, data: bytes) -> bool:
        """Whether this datagram gets lost: media is told from reports as in RFC 5761."""
        media = 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
        return self.cut or (media and self._chance.random() < self.loss)

    def close(self) -> None:
        """Let go of every address."""
        for hop in self._hops:
            hop.close()
