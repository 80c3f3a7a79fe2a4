"""A virus scanner between a file and whoever would open it; and S3 behind both."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from orders import timeline
from orders.events import OrderId
from orders.fold import View, fold
from orders.redaction import redact
from orders.views import snapshot
from realtime.limits import Limits
from tests.harness import InProcess, TestOrder, serving
from tests.pictures import picture, sound
from tests.servers import HARMLESS, Server, free_port
from tests.sharing import fetch, link_of, send
from tests.socket_browser import Browser, Frame

LIMITS = Limits(drain=0.05, scan_within=2.0)


async def _event(browser: Browser, order: TestOrder, seq: int) -> Frame:
    event: Frame = (await browser.reaches(order.id, seq)).entries[seq]["event"]
    return event


async def test_a_clean_file_says_so_and_an_infected_one_is_kept_from_both(
    database_url: str, clamd_url: str
) -> None:
    shop = {"ORDER_ROOM_CLAMD": clamd_url}
    async with serving(database_url, environment=shop) as server:
        order = await server.order()
        async with server.browser(order.seller) as seller:
            await seller.subscribe(order.id)
            clean = (await send(server, order, b"Bonjour", key="u1")).json()
            assert clean["scan"] == (await _event(seller, order, clean["seq"]))["scan"] == "clean"
            linked = await link_of(server, order, clean["file"], order.seller)
            good = linked.json()["url"]
            assert (await fetch(server, good)).content == b"Bonjour"

            made = await send(server, order, b"text " + HARMLESS, key="u2")
            assert made.status_code == 201
            infected = made.json()
            assert (await _event(seller, order, infected["seq"]))["scan"] == "infected"
            for person in (order.buyer, order.seller):
                refused = await link_of(server, order, infected["file"], person)
                assert (refused.status_code, refused.json()["code"]) == (403, "file_infected")
            stolen = await fetch(server, good.replace(clean["file"], infected["file"]))
            assert stolen.status_code == 404


async def test_without_a_scanner_files_are_held_until_it_answers(
    own_database_url: str, private_clamd: Server
) -> None:
    shop = {"ORDER_ROOM_CLAMD": private_clamd.url}
    async with serving(own_database_url, environment=shop, limits=LIMITS) as server:
        order = await server.order()
        async with server.browser(order.seller) as seller:
            await seller.subscribe(order.id)
            held = (await send(server, order, b"Bonjour", key="u1")).json()
            bad = (await send(server, order, HARMLESS, key="u2")).json()
            assert (await _event(seller, order, bad["seq"]))["scan"] == "scanning"
            refused = await link_of(server, order, held["file"], order.seller)
            assert (refused.status_code, refused.json()["code"]) == (409, "file_scanning")
            await _folds(server, order, {held["seq"], bad["seq"]})
            private_clamd.start()
            told = [await _event(seller, order, bad["seq"] + n) for n in (1, 2)]
        assert [(one["kind"], one["shared"], one["scan"]) for one in told] == [
            ("file_scanned", held["seq"], "clean"),
            ("file_scanned", bad["seq"], "infected"),
        ]
        assert (await link_of(server, order, held["file"], order.seller)).status_code == 200
        refused = await link_of(server, order, bad["file"], order.seller)
        assert refused.json()["code"] == "file_infected"
        await _folds(server, order, {bad["seq"]})


async def test_a_marketplace_may_let_files_through_and_says_that_they_are_unchecked(
    database_url: str,
) -> None:
    shop = {
        "ORDER_ROOM_CLAMD": f"tcp://127.0.0.1:{free_port()}",
        "ORDER_ROOM_SCANNER_AWAY": "allow",
    }
    async with serving(database_url, environment=shop, limits=LIMITS) as server:
        order = await server.order()
        made = (await send(server, order)).json()
        assert made["scan"] == "unchecked"
        linked = (await link_of(server, order, made["file"], order.seller)).json()
        assert linked["scan"] == "unchecked"
        assert (await fetch(server, linked["url"])).status_code == 200


async def _thumb_and_parts(server: InProcess, order: TestOrder) -> tuple[Frame, Frame]:
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        image = (await send(server, order, picture("PNG", (900, 300)), key="u1")).json()
        shown = await _event(seller, order, image["seq"])
        song = (await send(server, order, sound(), key="u2")).json()
        heard = await _event(seller, order, song["seq"])
    assert (shown["width"], shown["height"], shown["thumb"]) == (900, 300, True)
    assert (heard["millis"], max(heard["peaks"])) == (2000, 100)
    linked = (await link_of(server, order, image["file"], order.seller)).json()
    small = await fetch(server, linked["thumb"])
    assert (small.headers["content-type"], small.content[:4]) == ("image/webp", b"RIFF")
    assert small.headers["content-security-policy"].startswith("sandbox")
    url = (await link_of(server, order, song["file"], order.seller)).json()["url"]
    async with server.http() as http:
        part = await http.get(url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.headers["content-range"]) == (206, "bytes 4-7/32044")
        assert part.content == sound()[4:8]
        none = await http.get(url, headers={"Range": "bytes=99999-"})
        assert (none.status_code, none.headers["content-range"]) == (416, "bytes */32044")
        head = await http.head(url)
        assert (head.status_code, head.headers["content-length"]) == (200, "32044")
        assert head.headers["accept-ranges"] == "bytes"
    assert (await link_of(server, order, song["file"], order.seller)).json()["thumb"] is None
    refused = await fetch(server, f"{url}&as=thumb")
    assert refused.json()["code"] == "file_unknown"
    return image, song


async def test_a_picture_has_a_thumbnail_a_sound_can_be_entered_anywhere_and_both_are_erased(
    server: InProcess,
) -> None:
    order = await server.order()
    image, song = await _thumb_and_parts(server, order)
    folder = server.edge.settings.var / "files"
    kept = {image["file"], image["file"] + ".thumb", song["file"]}
    assert {path.name for path in folder.iterdir()} == kept
    for one in (image, song):
        await redact(server.edge.database, OrderId(order.id), one["seq"])
    async with server.browser(order.seller) as seller:
        timeline = await seller.subscribe(order.id, fresh=True)
        assert timeline.entries[song["seq"]]["event"] is None  # and the waveform with it
    await _until_empty(folder)


async def test_kept_in_a_bucket_all_is_the_same(
    database_url: str, s3_bucket: dict[str, str]
) -> None:
    async with serving(database_url, environment=s3_bucket) as server:
        order = await server.order()
        image, song = await _thumb_and_parts(server, order)
        store = server.edge.shelf.store
        names = {image["file"], image["file"] + ".thumb", song["file"]}
        assert set(await store.older(time.time() + 60)) == names
        assert list((server.edge.settings.var / "files").iterdir()) == []
        for one in (image, song):
            await redact(server.edge.database, OrderId(order.id), one["seq"])
        ends = time.monotonic() + 60
        while await store.older(time.time() + 60):
            assert time.monotonic() < ends
            await asyncio.sleep(0.05)


async def test_while_the_bucket_is_away_nothing_is_told_and_trying_again_is_safe(
    own_database_url: str, tmp_path: Path, s3_bucket: dict[str, str]
) -> None:
    away = {**s3_bucket, "ORDER_ROOM_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    async with serving(own_database_url, var=tmp_path, environment=away) as server:
        order = await server.order()
        refused = await send(server, order)
        assert (refused.status_code, refused.json()["facts"]) == (503, {"reason": "files"})
    async with serving(own_database_url, var=tmp_path, environment=s3_bucket) as server:
        made = await send(server, order)
        assert made.status_code == 201
        linked = (await link_of(server, order, made.json()["file"], order.buyer)).json()
        assert (await fetch(server, linked["url"])).content == b"Bonjour"


async def _folds(server: InProcess, order: TestOrder, withheld: set[int]) -> None:
    """A reader of the entries knows which files are withheld, as the rows do."""
    database, view = server.edge.database, View(OrderId(order.id))
    async with database.reading() as conn:
        for row in await timeline.read(conn, OrderId(order.id), 0, 1000):
            view = fold(view, timeline.entry(row))
        assert view == await snapshot(conn, OrderId(order.id))
    assert view.withheld == withheld


async def _until_empty(folder: Path) -> None:
    ends = time.monotonic() + 60
    while list(folder.iterdir()):
        assert time.monotonic() < ends, "it did not happen in time"
        await asyncio.sleep(0.02)
