"""A disk without room refuses what cannot be kept, shows what is there, and needs no restart."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest

from tests.harness import Process
from tests.socket_browser import Browser, Frame

LONG = "x" * 4_000
MOST = 1_000
"""Messages after which the disk must be full: some megabytes."""


def _largest(folder: Path) -> int:
    return max(file.stat().st_size for file in folder.glob("orders.sqlite3*"))


async def _until_refused(browser: Browser, order: str, kept: dict[str, int]) -> Frame:
    for n in range(MOST):
        client_id = f"m-{n}"
        answer = await browser.ask(t="message.send", order=order, id=client_id, text=f"{n} {LONG}")
        if answer["t"] == "refused":
            return answer
        kept[client_id] = answer["seq"]
    raise AssertionError("there was room for everything")


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_disk_without_room_refuses_and_goes_on_once_there_is_some(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            kept: dict[str, int] = {}
            # no file of the process may grow beyond the largest of the database's
            soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (_largest(tmp_path), hard))
            refusal = await _until_refused(buyer, order.id, kept)
            assert (refusal["code"], refusal["facts"]["reason"]) == ("unavailable", "database")
            page = await seller.ask(t="history", order=order.id, before=1_000_000)
            assert page["t"] == "page", "what is there is shown"
            async with server.http() as http:
                assert (await http.get("/healthz")).status_code == 200

            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
            client_id = f"m-{len(kept)}"
            async with asyncio.timeout(60):
                while True:
                    answer = await buyer.ask(
                        t="message.send",
                        order=order.id,
                        id=client_id,
                        text=f"{len(kept)} {LONG}",
                    )
                    if answer["t"] == "done":
                        break
                    await asyncio.sleep(0.1)
            kept[client_id] = answer["seq"]
            await seller.reaches(order.id, answer["seq"])
            assert sorted(kept.values()) == list(range(4, 4 + len(kept)))
            assert [text.split()[0] for text in seller.texts(order.id)] == [
                f"{n}" for n in range(len(kept))
            ]
            assert buyer.close_code is None
            assert seller.close_code is None
        assert '"level": "error"' not in server.log()
