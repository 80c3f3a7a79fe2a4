"""Sharing files over HTTP: who may, how much, how it is handed out, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from orders.events import FileId, OrderId, PersonId
from orders.redaction import redact
from orders.tables import participants
from realtime.limits import Limits
from tests.harness import InProcess, serving
from tests.pictures import mp4, picture, sound
from tests.sharing import fetch, link_of, send
from tests.socket_browser import Frame
from tests.waiting import until

NO_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200)
NO_GIF = b"GIF89a/*<script>alert(1)</script>*/"
SMALL = {"policy": {"file_max": 1000, "files_max": 3}}


def folder(server: InProcess) -> Path:
    return server.edge.settings.var / "files"


async def test_a_shared_file_comes_to_the_other_ones_screen_and_disk_whole(
    server: InProcess,
) -> None:
    order = await server.order()
    content = os.urandom(700_000)
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        made = await send(server, order, content, name="données.bin")
        assert made.status_code == 201, made.text
        told = made.json()
        await seller.reaches(order.id, told["seq"])
        async with server.http(
            {"Authorization": f"Bearer {await server.token(order.seller)}"}
        ) as me:
            assert (await me.get("/api/v1/me/orders")).json()["lines"][0]["unread"] == 1
        event: Frame = seller.orders[order.id].entries[told["seq"]]["event"]
    assert event == {
        "kind": "file_shared",
        "file": told["file"],
        "name": "données.bin",
        "size": 700_000,
        "type": "application/octet-stream",
    }
    linked = (await link_of(server, order, told["file"], order.seller)).json()
    assert (linked["name"], linked["size"]) == ("données.bin", 700_000)
    answer = await fetch(server, linked["url"])
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment; filename*=utf-8''donn")
    (kept,) = folder(server).iterdir()
    assert kept.name == told["file"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder(server).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "kind", "shown"),
    [
        (picture("PNG"), "image/png", "inline"),
        (picture("GIF"), "image/gif", "inline"),
        (NO_PNG, "application/octet-stream", "attachment"),
        (b"%PDF-1.7 ...", "application/pdf", "inline"),
        (b"<html><script>alert(1)</script></html>", "text/plain; charset=utf-8", "attachment"),
        (NO_GIF, "application/octet-stream", "attachment"),
        (b"PK\x03\x04" + bytes(30), "application/zip", "attachment"),
        (b"MZ\x90\x00\x03\x00", "application/octet-stream", "attachment"),
    ],
)
async def test_a_file_is_what_its_bytes_say_and_can_do_nothing(
    server: InProcess, content: bytes, kind: str, shown: str
) -> None:
    order = await server.order()
    claims = {"Content-Type": "text/html"}
    made = await send(server, order, content, name="page.html", **claims)
    linked = (await link_of(server, order, made.json()["file"], order.buyer)).json()
    answer = await fetch(server, linked["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith(shown)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_sound_may_play_itself_and_nothing_else(server: InProcess) -> None:
    order = await server.order()
    made = await send(server, order, b"OggS" + bytes(60), name="page.html")
    linked = (await link_of(server, order, made.json()["file"], order.buyer)).json()
    answer = await fetch(server, linked["url"])
    assert answer.headers["content-type"] == "audio/ogg"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'; media-src 'self';")
    assert "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_name_that_wanders_stays_a_name(server: InProcess) -> None:
    order = await server.order()
    for number, name in enumerate(("../../../etc/cron.d/x", "..\\..\\x", "/x", "x\r\nA: b", "")):
        made = await send(server, order, name=name, key=f"u{number}")
        assert made.status_code == 201, made.text
        assert "/" not in made.json()["name"]
        linked = (await link_of(server, order, made.json()["file"], order.buyer)).json()
        assert "a" not in (await fetch(server, linked["url"])).headers
    assert len(list(folder(server).iterdir())) == 5


async def test_sent_twice_a_file_is_shared_once(server: InProcess) -> None:
    order = await server.order()
    first, again = await send(server, order), await send(server, order)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = await send(server, order, b"autre chose")
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")
    assert len(list(folder(server).iterdir())) == 1


async def test_too_large_too_many_or_empty_leaves_nothing(server: InProcess) -> None:
    order = await server.order(**SMALL)

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield bytes(100)

    for content in (bytes(1001), unannounced()):
        refused = await send(server, order, content, key="big")
        assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
    refused = await send(server, order, b"", key="empty")
    assert (refused.status_code, refused.json()["code"]) == (422, "file_empty")
    assert list(folder(server).iterdir()) == []
    for number in range(3):
        assert (await send(server, order, bytes(1000), key=f"u{number}")).status_code == 201
    refused = await send(server, order, key="one more")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    refused = await send(server, order, key="one-more")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_files")
    assert len(list(folder(server).iterdir())) == 3


async def test_a_stranger_shares_nothing_and_has_nothing(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    refused = await send(server, order, by=other.buyer)
    assert (refused.status_code, refused.json()["code"]) == (404, "order_unknown")
    made = (await send(server, order)).json()
    for asked, by in ((order, other.buyer), (other, other.buyer)):
        assert (await link_of(server, asked, made["file"], by)).status_code == 404
    unknown = await link_of(server, order, "nothing", order.buyer)
    assert unknown.json()["code"] == "file_unknown"
    async with server.http() as http:
        assert (await http.post(f"/api/v1/me/orders/{order.id}/files")).status_code == 401


async def test_a_link_ends_with_its_time_and_with_the_membership(server: InProcess) -> None:
    order = await server.order()
    file = (await send(server, order)).json()["file"]
    url = (await link_of(server, order, file, order.seller)).json()["url"]
    assert (await fetch(server, url)).status_code == 200
    for wrong in (url[:-1], url.replace(file, file[::-1]), f"/files/{file}"):
        refused = await fetch(server, wrong)
        assert (refused.status_code, refused.json()["code"]) == (404, "file_unknown")
    past = datetime.now(UTC) - timedelta(seconds=server.edge.limits.file_link_life)
    old, _ = server.edge.file_links.make(
        OrderId(order.id), FileId(file), PersonId(order.buyer), past
    )
    refused = await fetch(server, f"/files/{file}?link={old}")
    assert (refused.status_code, refused.json()["code"]) == (410, "link_over")
    async with server.edge.database.transaction() as tx:
        await tx.conn.execute(
            delete(participants).where(
                participants.c.order_id == order.id, participants.c.person_id == order.seller
            )
        )
    assert (await fetch(server, url)).status_code == 404


async def test_a_page_of_another_site_may_share_if_it_is_allowed_and_only_then(
    database_url: str,
) -> None:
    shop = {"ORDER_ROOM_ALLOWED_ORIGINS": "https://shop.test"}
    async with serving(database_url, environment=shop) as server, server.http() as http:
        for origin, allowed in (("https://shop.test", True), ("https://evil.test", False)):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,idempotency-key,x-file-name",
            }
            answer = await http.options("/api/v1/me/orders/o_1/files", headers=asked)
            assert answer.headers.get("access-control-allow-origin") == (
                origin if allowed else None
            )
            if allowed:
                headers = answer.headers["access-control-allow-headers"].lower().split(", ")
                assert {"authorization", "idempotency-key", "x-file-name"} <= set(headers)
                assert "POST" in answer.headers["access-control-allow-methods"]


async def test_an_interrupted_upload_leaves_nothing(server: InProcess) -> None:
    order = await server.order()
    token = await server.token(order.buyer)
    reader, writer = await asyncio.open_connection(*server.url.removeprefix("http://").split(":"))
    writer.write(
        f"POST /api/v1/me/orders/{order.id}/files HTTP/1.1\r\nHost: x\r\nIdempotency-Key: u1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: 900000\r\n\r\n".encode()
        + bytes(400_000)
    )
    await writer.drain()
    await until(lambda: len(list(folder(server).glob("*.part"))) == 1)
    writer.transport.abort()
    await until(lambda: list(folder(server).iterdir()) == [])
    await until(lambda: not server.edge.uploads)
    assert (await send(server, order)).status_code == 201
    assert reader is not None


async def _in_two(between: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"first"
    await between.wait()
    yield b"last"


async def test_a_silent_upload_is_given_up(database_url: str) -> None:
    limits = Limits(drain=0.05, upload_silence=0.5)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        given_up = asyncio.Event()
        silent = asyncio.create_task(send(server, order, _in_two(given_up)))
        await until(lambda: bool(server.edge.uploads))
        await until(lambda: not server.edge.uploads)
        given_up.set()  # who sends reads the answer then
        assert (await silent).status_code == 503
        assert list(folder(server).iterdir()) == []


async def test_only_a_few_uploads_run_at_once(database_url: str) -> None:
    async with serving(database_url, limits=Limits(drain=0.05, uploads_per_person=1)) as server:
        order = await server.order()
        refused = asyncio.Event()
        slow = asyncio.create_task(send(server, order, _in_two(refused)))
        await until(lambda: bool(server.edge.uploads))
        second = await send(server, order, key="u2")
        assert (second.status_code, second.json()["code"]) == (429, "too_many_open")
        refused.set()
        assert (await slow).status_code == 201
        assert (await send(server, order, key="u2")).status_code == 201


async def test_where_the_chat_is_closed_no_file_comes_in(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        await seller.do("order.start", order.id)
        await seller.do("order.deliver", order.id)
    refused = await send(server, order)
    assert (refused.status_code, refused.json()["code"]) == (409, "chat_closed")
    assert list(folder(server).iterdir()) == []


async def test_a_redacted_file_is_gone_from_screen_and_disk(server: InProcess) -> None:
    order = await server.order()
    made = (await send(server, order)).json()
    url = (await link_of(server, order, made["file"], order.seller)).json()["url"]
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        await redact(server.edge.database, OrderId(order.id), made["seq"])
        await seller.reaches(order.id, made["seq"] + 1)
    assert (await fetch(server, url)).status_code == 404
    assert (await link_of(server, order, made["file"], order.buyer)).status_code == 404
    await until(lambda: list(folder(server).iterdir()) == [])


async def test_a_file_brought_along_by_ordering_again_stays_until_both_orders_let_it_go(
    server: InProcess,
) -> None:
    order = await server.order(brief=["Le texte"])
    made = (await send(server, order)).json()
    async with server.browser(order.buyer) as buyer:
        await buyer.do("brief.give", order.id, item="own-1", files=[made["file"]])
        await buyer.do("order.cancel", order.id)
        people = {
            role: {"person": person, "name": role, "email": f"{person}@post.test"}
            for role, person in (("buyer", order.buyer), ("seller", order.seller))
        }
        again = await server.order(brief=["Le texte"], predecessor=order.id, **people)
        shared = await buyer.subscribe(again.id)
    (seq,) = [
        seq for seq, entry in shared.entries.items() if entry["event"]["kind"] == "file_shared"
    ]
    database, shelf = server.edge.database, server.edge.shelf
    await redact(database, OrderId(order.id), made["seq"])
    await shelf.erase_removed()
    url = (await link_of(server, again, made["file"], order.seller)).json()["url"]
    assert (await fetch(server, url)).content == b"Bonjour"
    await redact(database, OrderId(again.id), seq)
    await until(lambda: list(folder(server).iterdir()) == [])


async def test_what_was_left_behind_is_cleared_at_the_next_start(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url, var=tmp_path) as server:
        order = await server.order()
        kept = (await send(server, order)).json()["file"]
    old = time.time() - 7200
    for name in ("half.part", "orphan", "young.part"):
        (tmp_path / "files" / name).write_bytes(b"x")
    for name in ("half.part", "orphan", kept):
        os.utime(tmp_path / "files" / name, (old, old))
    async with serving(database_url, var=tmp_path) as server:
        left = sorted([kept, "young.part"])
        await until(lambda: sorted(p.name for p in folder(server).iterdir()) == left)


async def test_a_file_given_for_an_item_shows_on_the_list_of_both(server: InProcess) -> None:
    order = await server.order(brief=None)
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        made = (await send(server, order)).json()
        given = await buyer.do(
            "brief.give", order.id, item="voice-over.script", files=[made["file"]]
        )
        await seller.hears(
            lambda f: f["t"] == "situation" and f["situation"]["seq"] >= given["seq"]
        )
        brief = seller.orders[order.id].situation
        assert brief is not None
        item = brief["brief"]["items"][0]
        assert item["label"] == "The text to record"
        assert item["files"] == [
            {"file": made["file"], "name": "texte.txt", "size": 7, "type": "text/plain"}
        ]
        assert item["moves"] == ["accept", "drop", "reopen"]


async def test_what_was_spoken_in_the_room_is_a_voice_note_for_everybody(
    server: InProcess,
) -> None:
    order = await server.order()
    spoken = {"name": "message-vocal.wav", "X-Voice-Note": "1"}
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        note = (await send(server, order, sound(), **spoken)).json()
        again = await send(server, order, sound(), **spoken)
        reused = await send(server, order, sound(), name="message-vocal.wav")
        song = (await send(server, order, sound(), name="song.wav", key="u2")).json()
        mute = (await send(server, order, b"no sound at all", key="u3", **spoken)).json()
        await seller.reaches(order.id, mute["seq"])
        told = [seller.orders[order.id].entries[it["seq"]]["event"] for it in (note, song, mute)]
        found = await seller.ask(t="search", order=order.id, q="voice note")
    assert [event.get("voice", False) for event in told] == [True, False, False]
    assert told[0]["millis"] == 2000
    assert (again.status_code, again.json()["seq"]) == (200, note["seq"])
    assert (reused.status_code, reused.json()["code"]) == (409, "id_reused")
    assert [(hit["seq"], hit["millis"]) for hit in found["hits"]] == [(note["seq"], 2000)]


async def test_what_a_phone_recorded_is_a_voice_note(server: InProcess) -> None:
    order = await server.order()
    spoken = {"name": "message-vocal.m4a", "X-Voice-Note": "1"}
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        note = (await send(server, order, mp4("iso5", flags="frag_keyframe"), **spoken)).json()
        await seller.reaches(order.id, note["seq"])
        told = seller.orders[order.id].entries[note["seq"]]["event"]
    assert (told["type"], told["voice"]) == ("audio/mp4", True)
    assert told["peaks"]


async def test_a_voice_note_is_one_or_is_none(server: InProcess) -> None:
    order = await server.order()
    answer = await send(server, order, sound(), **{"X-Voice-Note": "maybe"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["facts"] == {"where": "X-Voice-Note"}
