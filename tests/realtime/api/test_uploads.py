"""Resumable uploads: a file goes on where it stood, whatever was cut short."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from orders.tables import uploads
from realtime.limits import Limits
from tests.harness import InProcess, Process, Server, TestOrder, serving

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


class Sender:
    """One person's uploads to an order."""

    def __init__(self, server: Server, order: TestOrder, person: str) -> None:
        self.server, self.order, self.person = server, order, person

    async def ask(
        self, method: str, path: str, content: bytes | AsyncIterator[bytes] = b"", **headers: str
    ) -> httpx2.Response:
        token = await self.server.token(self.person)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.server.http({"Authorization": f"Bearer {token}", **TUS}) as http:
            return await http.request(method, path, content=content, headers=told)

    async def begin(self, length: int, name: str = "texte.txt", key: str = "u1") -> httpx2.Response:
        return await self.ask(
            "POST",
            f"/api/v1/me/orders/{self.order.id}/uploads",
            Upload_Length=str(length),
            Upload_Metadata=f"filename {b64encode(name.encode()).decode()},filetype dGV4dA==",
            Idempotency_Key=key,
        )

    async def place(self, length: int, name: str = "texte.txt", key: str = "u1") -> str:
        made = await self.begin(length, name, key)
        assert made.status_code == 201, made.text
        return str(made.headers["location"])

    async def more(
        self, place: str, offset: int, content: bytes | AsyncIterator[bytes]
    ) -> httpx2.Response:
        return await self.ask("PATCH", place, content, Upload_Offset=str(offset), **BYTES)

    async def offset(self, place: str) -> int:
        answer = await self.ask("HEAD", place)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"])


def waiting(server: InProcess) -> list[Path]:
    return list((server.edge.settings.var / "uploads").iterdir())


async def test_a_file_in_three_pieces_is_shared_when_the_last_is_there(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    content = os.urandom(700_000)
    async with server.browser(order.seller) as seller:
        timeline = await seller.subscribe(order.id)
        place = await me.place(len(content), name="données.bin")
        for start, end in ((0, 1), (1, 300_000)):
            answer = await me.more(place, start, content[start:end])
            assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
            assert "order-file" not in answer.headers
            assert await me.offset(place) == end
        told = (await me.ask("GET", place)).json()
        assert (told["state"], told["offset"], told["file"]) == ("receiving", 300_000, None)
        done = await me.more(place, 300_000, content[300_000:])
        assert done.status_code == 204
        file, seq = done.headers["order-file"], int(done.headers["order-seq"])
        await seller.reaches(order.id, seq)
        event = timeline.entries[seq]["event"]
    assert (event["file"], event["name"], event["size"]) == (file, "données.bin", 700_000)
    linked = (await me.ask("GET", f"/api/v1/me/orders/{order.id}/files/{file}")).json()
    async with server.http() as http:
        assert (await http.get(linked["url"])).content == content
    told = (await me.ask("GET", place)).json()
    assert (told["state"], told["file"], told["seq"]) == ("shared", file, seq)
    again = await me.more(place, 700_000, b"")
    assert (again.status_code, again.headers["order-seq"]) == (204, str(seq))
    assert waiting(server) == []


async def test_an_upload_goes_on_after_the_server_was_started_again(
    own_database_url: str, tmp_path: Path
) -> None:
    content = os.urandom(100_000)
    async with serving(own_database_url, var=tmp_path) as server:
        order = await server.order()
        me = Sender(server, order, order.buyer)
        place = await me.place(len(content))
        await me.more(place, 0, content[:40_000])
    async with serving(own_database_url, var=tmp_path) as server:
        me = Sender(server, order, order.buyer)
        assert await me.offset(place) == 40_000
        assert (await me.begin(len(content))).headers["location"] == place
        assert (await me.more(place, 40_000, content[40_000:])).headers["order-seq"]


async def test_what_arrived_before_the_line_broke_is_kept(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(900_000)
    token = await server.token(order.buyer)
    _, writer = await asyncio.open_connection(*server.url.removeprefix("http://").split(":"))
    writer.write(
        f"PATCH {place} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: {BYTES['Content-Type']}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Length: 900000\r\n\r\n".encode()
        + bytes(400_000)
    )
    await writer.drain()
    ends = time.monotonic() + 60
    while sum(path.stat().st_size for path in waiting(server)) < 200_000:
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)
    writer.transport.abort()
    while (offset := await me.offset(place)) == 0:
        assert time.monotonic() < ends
    done = await me.more(place, offset, bytes(900_000 - offset))
    assert done.headers["order-seq"]


async def test_bytes_beyond_the_noted_offset_are_cut_off_and_sent_again(
    server: InProcess,
) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(10)
    await me.more(place, 0, b"Bonj")
    (path,) = waiting(server)
    path.write_bytes(b"Bonj" + b"never flushed")
    done = await me.more(place, 4, "our à".encode())
    linked = await me.ask("GET", f"/api/v1/me/orders/{order.id}/files/{done.headers['order-file']}")
    async with server.http() as http:
        assert (await http.get(linked.json()["url"])).content == "Bonjour à".encode()


@pytest.mark.parametrize("left", [b"", b"Bo", None])
async def test_only_bytes_that_are_there_are_told(server: InProcess, left: bytes | None) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(7)
    await me.more(place, 0, b"Bonj")
    (path,) = waiting(server)
    if left is None:
        path.unlink()  # another disk, or one put back
    else:
        path.write_bytes(left)
    there = len(left or b"")
    assert await me.offset(place) == there
    assert (await me.ask("GET", place)).json()["offset"] == there
    begun = await me.begin(7)
    assert (begun.headers["upload-offset"], begun.json()["offset"]) == (str(there), there)
    done = await me.more(place, there, b"Bonjour"[there:])
    assert done.headers["order-seq"]


async def test_a_newer_request_sends_the_older_one_away(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(11)

    overtaken = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield b"Bonjour"
        await overtaken.wait()
        yield b"never"

    older = asyncio.create_task(me.more(place, 0, stalls()))
    ends = time.monotonic() + 60
    while server.edge.receiver.in_hand(place.rpartition("/")[2]) != 7:
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)
    newer = await me.more(place, 7, b" toi")
    overtaken.set()
    assert (newer.status_code, "order-seq" in newer.headers) == (204, True)
    (told,) = await asyncio.gather(older, return_exceptions=True)
    # who is still sending may find the line closed before the refusal is read
    assert isinstance(told, httpx2.ReadError) or getattr(told, "status_code", 0) == 503


async def test_what_another_process_writes_to_is_left_to_it(database_url: str) -> None:
    limits = Limits(drain=0.05, upload_hand_over=0.1)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        me = Sender(server, order, order.buyer)
        place = await me.place(10)
        await me.more(place, 0, b"Bonj")
        (path,) = waiting(server)
        with path.open("rb+") as other:
            fcntl.flock(other, fcntl.LOCK_EX)  # as another gateway on the same folder does
            for refused in (await me.more(place, 4, b"our"), await me.ask("DELETE", place)):
                assert (refused.status_code, refused.json()["code"]) == (423, "upload_busy")
        assert (await me.more(place, 4, b"our")).headers["upload-offset"] == "7"


async def test_wrong_offsets_and_too_many_bytes_change_nothing(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(10)
    await me.more(place, 0, b"Bonj")
    refused = await me.more(place, 0, b"Bonj")
    assert (refused.status_code, refused.json()["code"]) == (409, "offset_wrong")
    assert refused.json()["facts"] == {"offset": 4}
    refused = await me.more(place, 4, b"our, and much more")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    assert await me.offset(place) == 4


async def test_the_version_and_the_kind_of_bytes_are_asked_for(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(4)
    refused = await me.ask("PATCH", place, b"Bonj", Tus_Resumable="0.2.2", **BYTES)
    assert (refused.status_code, refused.json()["code"]) == (412, "tus_version_refused")
    assert refused.headers["tus-version"] == "1.0.0"
    refused = await me.ask("PATCH", place, b"Bonj", Upload_Offset="0", Content_Type="text/plain")
    assert (refused.status_code, refused.json()["code"]) == (415, "media_type_refused")
    async with server.http() as http:
        told = await http.request("OPTIONS", f"/api/v1/me/orders/{order.id}/uploads")
    assert told.headers["tus-extension"] == "creation,termination,expiration"
    assert told.headers["tus-resumable"] == "1.0.0"


async def test_begun_twice_an_upload_is_one(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(10)
    await me.more(place, 0, b"Bonj")
    again = await me.begin(10)
    assert (again.status_code, again.headers["location"]) == (200, place)
    assert again.headers["upload-offset"] == "4"
    other = await me.begin(11)
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


async def test_a_cancelled_upload_leaves_nothing(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(10)
    await me.more(place, 0, b"Bonj")
    assert (await me.ask("DELETE", place)).status_code == 204
    assert waiting(server) == []
    refused = await me.ask("GET", place)
    assert (refused.status_code, refused.json()["code"]) == (404, "upload_unknown")


async def test_an_upload_is_ones_own(server: InProcess) -> None:
    order = await server.order()
    place = await Sender(server, order, order.buyer).place(10)
    for person, code in ((order.seller, "upload_unknown"), ("nobody", "order_unknown")):
        other = Sender(server, order, person)
        for answer in (await other.ask("GET", place), await other.more(place, 0, b"x")):
            assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_limits_hold_before_the_first_byte(database_url: str) -> None:
    async with serving(database_url, limits=Limits(drain=0.05, uploads_open=2)) as server:
        order = await server.order(policy={"file_max": 1000})
        me = Sender(server, order, order.buyer)
        refused = await me.begin(1001)
        assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
        assert (await me.begin(0)).json()["code"] == "file_empty"
        await me.place(10, key="u1")
        place = await me.place(10, key="u2")
        refused = await me.begin(10, key="u3")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_open")
        await me.ask("DELETE", place)
        assert (await me.begin(10, key="u3")).status_code == 201


async def test_an_upload_refused_at_its_last_byte_is_refused_again(server: InProcess) -> None:
    order = await server.order(policy={"files_max": 1})
    me = Sender(server, order, order.buyer)
    place = await me.place(7)
    assert (await me.more(await me.place(4, key="u2"), 0, b"Bonj")).headers["order-seq"]
    for answer in (
        await me.more(place, 0, b"Bonjour"),
        await me.more(place, 0, b"Bonjour"),  # its answer was lost
        await me.more(place, 7, b""),
        await me.begin(7),
    ):
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_files")
    told = (await me.ask("GET", place)).json()
    assert (told["state"], told["code"]) == ("refused", "too_many_files")


async def test_an_upload_that_lay_too_long_is_given_up(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(10)
    await me.more(place, 0, b"Bonj")
    await _age(server, place, server.edge.limits.upload_life + 1)
    refused = await me.ask("GET", place)
    assert (refused.status_code, refused.json()["code"]) == (410, "upload_over")
    await server.edge.receiver.clear()
    assert (await me.ask("GET", place)).json()["code"] == "upload_unknown"
    assert waiting(server) == []


async def test_a_whole_upload_that_nobody_finished_is_finished_later(server: InProcess) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    place = await me.place(7)
    await me.more(place, 0, b"Bonj")
    (path,) = waiting(server)
    path.write_bytes(b"Bonjour")  # the process ended between the last byte and the entry
    async with server.edge.database.transaction() as tx:
        await tx.conn.execute(
            update(uploads).where(uploads.c.upload_id == path.name).values(received=7)
        )
    assert (await me.ask("GET", place)).json()["state"] == "finishing"
    await _age(server, place, 300)
    await server.edge.receiver.clear()
    told = (await me.ask("GET", place)).json()
    assert (told["state"], bool(told["seq"])) == ("shared", True)


async def test_a_killed_server_has_every_byte_it_counted(
    own_database_url: str, tmp_path: Path
) -> None:
    content = os.urandom(9_000_000)
    server = Process(own_database_url, tmp_path)
    await server.start()
    try:
        order = await server.order()
        me = Sender(server, order, order.buyer)
        place = await me.place(len(content))
        killed = asyncio.Event()
        sending = asyncio.create_task(me.more(place, 0, _all_but_the_end(content, killed)))
        ends = time.monotonic() + 30
        while (noted := await me.offset(place)) == 0:
            assert time.monotonic() < ends
        server.kill()
        killed.set()
        await asyncio.gather(sending, return_exceptions=True)
        await server.start()
        offset = await me.offset(place)
        assert noted <= offset < len(content)
        done = await me.more(place, offset, content[offset:])
        file = done.headers["order-file"]
        linked = await me.ask("GET", f"/api/v1/me/orders/{order.id}/files/{file}")
        async with server.http() as http:
            assert (await http.get(linked.json()["url"])).content == content
    finally:
        await server.stop()


async def _all_but_the_end(content: bytes, over: asyncio.Event) -> AsyncIterator[bytes]:
    for start in range(0, len(content) - 500_000, 500_000):
        yield content[start : start + 500_000]
        await asyncio.sleep(0.1)
    await over.wait()


async def _age(server: InProcess, place: str, seconds: float) -> None:
    """Let the upload's last byte have come so long ago."""
    touched = await server.edge.database.now() - timedelta(seconds=seconds)
    async with server.edge.database.transaction() as tx:
        await tx.conn.execute(
            update(uploads)
            .where(uploads.c.upload_id == place.rpartition("/")[2])
            .values(touched=touched)
        )
