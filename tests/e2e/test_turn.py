"""A browser whose network lets no UDP out calls through a TURN server, over TCP."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser

from realtime.voice.leg import Reach
from tests.browser import People, chromium, open_browser
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.test_network_change import CONNECTIONS
from tests.e2e.windows import Windows
from tests.harness import Process
from tests.links import Firewall, firewall
from tests.servers import TURN_SECRET, turn

ROUTE = """async () => {
  const found = [];
  for (const connection of window.connections) {
    const stats = await connection.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      const pair = stats.get(report.selectedCandidatePairId);
      const {candidateType, relayProtocol} = stats.get(pair.localCandidateId);
      found.push([candidateType, relayProtocol]);
    }
  }
  return found;
}"""
"""By which kind of way the page's connections lead, and over what to the relay."""


RELAY_ALONE = """
const configure = RTCPeerConnection.prototype.setConfiguration;
RTCPeerConnection.prototype.setConfiguration = function (wanted) {
  configure.call(this, {...wanted, iceTransportPolicy: 'relay'});
};
"""
"""A browser that tries no address but the relay's. It needs no privilege, as a firewall does."""


@dataclass(frozen=True)
class Relayed:
    """A service that sends browsers to a TURN server, which writes into `log`."""

    server: Process
    log: Path


@asynccontextmanager
async def relayed(
    template: Path, folder: Path, *, listen: str, host: str = "127.0.0.1"
) -> AsyncIterator[Relayed]:
    """The two of them: the TURN server, for TCP only, listens at one address, we at the other."""
    media = next(address for address in Reach().addresses() if "." in address)
    relay = turn(folder / "turn", media, listen)
    relay.start()
    path = folder / "orders.sqlite3"
    shutil.copy(template, path)
    server = Process(
        f"sqlite+aiosqlite:///{path}",
        folder,
        ORDER_ROOM_TURN_URLS=relay.url,
        ORDER_ROOM_TURN_SECRET=TURN_SECRET,
        HOST=host,
    )
    await server.start("--demo")
    try:
        yield Relayed(server, folder / "turn" / "log")
    finally:
        await server.stop()
        relay.stop()


@pytest.fixture
async def closed(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Firewall, Relayed]]:
    """A network without UDP, and the two as it reaches them."""
    with firewall() as wall:
        async with relayed(sqlite_template, tmp_path, listen=wall.host, host="0.0.0.0") as at:
            yield wall, at


@pytest.fixture
async def near(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Relayed]:
    async with relayed(sqlite_template, tmp_path, listen="127.0.0.1") as at:
        yield at


async def talk(
    at: Relayed, windows: Windows, browser: Browser, url: str, scripts: Sequence[str] = ()
) -> None:
    """Somebody in that browser calls the seller at `url`; the sound goes through the relay."""
    order = await at.server.order()
    seller = await windows.open(at.server.url, order, "seller", scripts=[microphone(SELLER)])
    people = People(browser)
    theirs = Windows(people)
    buyer = await theirs.open(
        url, order, "buyer", scripts=[microphone(BUYER), *scripts, CONNECTIONS]
    )
    await buyer.part("call-start").click()
    await seller.part("call-accept").click()
    await buyer.call_is("active")
    await hears(seller, BUYER)
    await hears(buyer, SELLER)
    # one that took the place of another, because the machine stood still, went the same way
    ways = {tuple(way) for way in await buyer.page.evaluate(ROUTE)}
    assert ways == {("relay", "tcp")}
    await buyer.part("call-hang-up").click()
    await people.leave()
    assert people.troubles == []
    assert theirs.unforgiven == []
    assert "ALLOCATE processed, success" in at.log.read_text(errors="replace")


async def test_behind_a_firewall_that_drops_udp_a_call_goes_through_the_turn_server(
    closed: tuple[Firewall, Relayed], windows: Windows, tmp_path: Path
) -> None:
    wall, at = closed
    assert wall.passes_udp()
    wall.shut_udp()
    assert not wall.passes_udp()
    url = f"http://{wall.host}:{at.server.port}"
    async with open_browser(
        f"--unsafely-treat-insecure-origin-as-secure={url}",
        path=str(wall.inside(chromium(), tmp_path)),
    ) as inside:
        await talk(at, windows, inside, url)
    assert not wall.passes_udp()


async def test_a_browser_that_takes_no_other_way_calls_through_the_turn_server(
    near: Relayed, windows: Windows, browser: Browser
) -> None:
    await talk(near, windows, browser, near.server.url, scripts=[RELAY_ALONE])
