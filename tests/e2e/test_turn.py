"""A browser whose network lets no UDP out calls through a TURN server, over TCP."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from realtime.voice.leg import Reach
from tests.browser import People, open_browser
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.windows import Windows
from tests.harness import Process
from tests.servers import TURN_SECRET, Server, turn


@dataclass(frozen=True)
class Closed:
    """A service that sends browsers to a TURN server."""

    server: Process
    turn: Server
    log: Path


@pytest.fixture
async def closed(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Closed]:
    folder = tmp_path / "turn"
    media = next(address for address in Reach().addresses() if "." in address)
    relay = turn(folder, media)
    relay.start()
    path = tmp_path / "orders.sqlite3"
    shutil.copy(sqlite_template, path)
    server = Process(
        f"sqlite+aiosqlite:///{path}",
        tmp_path,
        ORDER_ROOM_TURN_URLS=relay.url,
        ORDER_ROOM_TURN_SECRET=TURN_SECRET,
    )
    await server.start("--demo")
    try:
        yield Closed(server, relay, folder / "log")
    finally:
        await server.stop()
        relay.stop()


async def test_a_call_without_udp_goes_through_the_turn_server(
    closed: Closed, windows: Windows
) -> None:
    order = await closed.server.order()
    url = closed.server.url
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    async with open_browser("--force-webrtc-ip-handling-policy=disable_non_proxied_udp") as shut:
        behind = People(shut)
        locked = Windows(behind)
        buyer = await locked.open(url, order, "buyer", scripts=[microphone(BUYER)])
        await buyer.part("call-start").click()
        await seller.part("call-accept").click()
        await buyer.call_is("active")
        await hears(seller, BUYER)
        await hears(buyer, SELLER)
        await buyer.part("call-hang-up").click()
        await behind.leave()
        assert behind.troubles == []
        assert locked.unforgiven == []
    log = closed.log.read_text(errors="replace")
    assert "ALLOCATE processed, success" in log, "the sound went another way"
