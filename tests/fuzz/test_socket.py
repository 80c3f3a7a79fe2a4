"""Whatever is said over the socket, nobody else notices and nothing is left behind.

hypothesis says frames of every type with right and wrong fields, JSON of any shape, and raw bytes
below the frames; a neighbour in the same order talks on all the while. FUZZ multiplies how much
(`make fuzz`).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from realtime.contract.schemas import INBOUND, tag
from realtime.protocol import Close
from tests.fuzz.memory import resident
from tests.harness import METRICS_KEY, Process, TestOrder
from tests.socket_browser import Browser

FUZZ = int(os.environ.get("FUZZ", "1"))
GROWTH = 24 * 1024 * 1024
"""Bytes that a server's memory may settle higher, once it has seen everything."""
ALLOWED = {*map(int, Close), 1000, 1001, 1002, 1003, 1007, 1009}
"""How a line may end. 1011, our fault, is not among them, nor is 1006, an end without a word."""

Say = str | bytes
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=8,
)
IDS = st.sampled_from(["a", "b", "m-1", "x" * 64]) | st.text(max_size=70)
ODDITIES: list[Say] = [
    "",
    "null",
    "{}" * 3,
    '{"t":"hello","token":"again"}',
    '{"t":"message.send","id":"\\ud800","order":"\\udfff","text":"\\u0000"}',
    '{"t":"pong","n":1e400}',
    '{"t":"mark","seq":-0.0}',
    "[" * 30_000,
    '{"t":' * 10_000,
    '{"id":' + "9" * 10_000 + "}",
    '{"t":"message.send","id":"a","id":"b"}',
    "\ufeff{}",
    "x" * 300_000,
    b"",
    bytes(range(256)),
]


HERE = "o_where_the_speaker_is"
"""Stands in a frame for the order of whoever says it."""
LINES_EACH = 25
"""Lines that one person opens: how often somebody may come back is limited."""


def _field(name: str, kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any type
    """A value for a field of a frame: mostly one that fits it, sometimes anything."""
    match name:
        case "order":
            fits: st.SearchStrategy[Any] = st.sampled_from([HERE, HERE, HERE, "o_none"])
        case "id" | "leg":
            fits = IDS
        case "token":
            fits = st.just("no.such.token")
        case _:
            fits = st.from_type(kind).map(msgspec.to_builtins)
    return st.one_of(fits, fits, fits, JSON)


def _frames() -> st.SearchStrategy[Say]:
    kinds = []
    for kind in INBOUND:
        fields = {f.name: _field(f.name, f.type) for f in msgspec.structs.fields(kind)}
        mine = st.fixed_dictionaries({"t": st.just(tag(kind))}, optional=fields)
        whole = st.fixed_dictionaries({"t": st.just(tag(kind)), **fields})
        kinds.append(whole | mine)
    said = st.one_of(kinds) | JSON
    return st.one_of(
        said.map(json.dumps), st.sampled_from(ODDITIES), st.text(), st.binary(max_size=300)
    )


@st.composite
def _wire(draw: st.DrawFn) -> bytes:
    """Bytes below the frames: RFC 6455 with every field free, or none of it."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.binary(max_size=200))
    payload = draw(st.binary(max_size=200))
    first = draw(st.sampled_from([0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0xC1]))
    first = draw(st.just(first) | st.integers(0, 255))
    told = draw(st.sampled_from([len(payload)] * 4 + [len(payload) + 9, 0, 2**16, 2**40, 2**63]))
    masked = 0x80 if draw(st.integers(0, 4)) else 0
    if told < 126:
        head = bytes([first, masked | told])
    elif told < 2**16:
        head = bytes([first, masked | 126]) + struct.pack("!H", told)
    else:
        head = bytes([first, masked | 127]) + struct.pack("!Q", told)
    return head + (b"\0\0\0\0" if masked else b"") + payload


class Room:
    """A server, one order, and somebody in it who must not notice anything."""

    def __init__(self, server: Process, order: TestOrder, neighbour: Browser) -> None:
        self.server = server
        self.order = order
        self.neighbour = neighbour
        self.rounds = self.lines = 0

    async def all_is_well(self) -> None:
        """The neighbour is still here and is heard."""
        self.rounds += 1
        await self.neighbour.say(self.order.id, f"round {self.rounds}")
        assert self.neighbour.close_code is None

    async def newcomer(self) -> Browser:
        """The buyer, on one more device, welcomed; from time to time of a new order."""
        self.lines += 1
        if self.lines % LINES_EACH == 0:
            people = {"person": self.order.seller, "name": "Sam", "email": "sam@post.test"}
            self.order = await self.server.order(seller=people)
        browser = Browser(self.server, self.order.buyer)
        await browser.open(await self.server.token(self.order.buyer))
        return browser


@pytest.fixture
async def room(own_database_url: str, tmp_path: Path) -> Any:  # noqa: ANN401 - a fixture's iterator
    async with Process(own_database_url, tmp_path) as server:
        order = await server.order()
        async with server.browser(order.seller) as neighbour:
            await neighbour.subscribe(order.id)
            yield Room(server, order, neighbour)
        assert '"level": "error"' not in server.log(), server.log()[-3000:]
        assert "Traceback" not in server.log(), server.log()[-3000:]


async def _each(
    examples: int, strategy: st.SearchStrategy[Any], do: Callable[[Any], Awaitable[None]]
) -> None:
    """Do it with each example, in this event loop; a failure is shrunk and raised."""
    loop = asyncio.get_running_loop()

    @hypothesis.settings(
        max_examples=examples * FUZZ,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def one(example: Any) -> None:  # noqa: ANN401 - whatever the strategy makes
        asyncio.run_coroutine_threadsafe(_awaited(do(example)), loop).result()

    await asyncio.to_thread(one)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _no_mistake_of_ours(browser: Browser) -> None:
    for frame in browser.frames:
        assert not (frame["t"] == "refused" and frame["facts"].get("reason") == "internal"), frame
    assert browser.close_code in {None, *ALLOWED}


async def test_frames_of_any_shape_are_answered_and_disturb_nobody(room: Room) -> None:
    async def talk(said: list[Say]) -> None:
        browser = await room.newcomer()
        with suppress(ConnectionClosed):
            for one in said:
                here = one if isinstance(one, bytes) else one.replace(HERE, room.order.id)
                await browser.socket.send(here)
            await browser.send(t="history", id="probe", order=room.order.id, before=1)
        await browser.until_closed_or(lambda f: f.get("id") == "probe")
        _no_mistake_of_ours(browser)
        await browser.close()
        await room.all_is_well()

    await _each(25, st.lists(_frames(), max_size=9), talk)


async def test_bytes_that_are_no_frames_end_their_own_line_only(room: Room) -> None:
    async def write(bits: list[bytes]) -> None:
        browser = await room.newcomer()
        for raw in bits:
            browser.socket.transport.write(raw)
        await asyncio.sleep(0)
        if len(bits) % 2:
            await browser.cut()  # in the middle of a frame, perhaps
        else:
            with suppress(OSError):  # it may have ended already
                browser.socket.transport.write_eof()
            await browser.closed()
        for frame in browser.frames:
            assert frame.get("facts", {}).get("reason") != "internal", frame
        await room.all_is_well()

    await _each(25, st.lists(_wire(), min_size=1, max_size=6), write)


async def test_whoever_never_gets_to_hello_leaves_nothing_behind(room: Room) -> None:
    async def open_line(raw: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", room.server.port)
        writer.write(raw)
        writer.write_eof()
        with suppress(OSError):
            async with asyncio.timeout(60):
                await reader.read()
        writer.close()
        await room.all_is_well()

    upgrade = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    upgrade += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    await _each(
        15,
        st.one_of(
            _wire().map(lambda raw: upgrade + raw),
            st.integers(0, len(upgrade)).map(lambda cut: upgrade[:cut]),
            st.binary(max_size=500),
        ),
        open_line,
    )


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_flood_costs_its_sender_and_grows_nothing(room: Room) -> None:
    """Many lines that say much and read nothing, again and again."""

    async def flood() -> None:
        browser = await room.newcomer()
        junk = [random.choice(ODDITIES[:11]) for _ in range(5)]
        with suppress(ConnectionClosed):  # it may be shown out
            for n in range(150):
                await browser.send(t="mark", order=room.order.id, seq=n % 3)
                await browser.send(
                    t="message.send", id=f"same-{n % 7}", order=room.order.id, text="same"
                )
            for one in junk:
                await browser.socket.send(one)
        await browser.cut()

    async def settled() -> tuple[int, float]:
        await room.all_is_well()
        async with room.server.http() as http:
            while (await http.get("/readyz")).json()["sockets"] > 1:
                await asyncio.sleep(0.05)
        async with room.server.http({"Authorization": f"Bearer {METRICS_KEY}"}) as http:
            told = (await http.get("/metrics")).text
        tasks = float(told.partition("\norder_room_tasks ")[2].split()[0])
        return resident(room.server.pid), tasks

    await asyncio.gather(*(flood() for _ in range(4)))
    memory, tasks = await settled()
    for _ in range(2 * FUZZ):
        await asyncio.gather(*(flood() for _ in range(4)))
    memory_after, tasks_after = await settled()
    assert memory_after - memory < GROWTH
    async with asyncio.timeout(60):  # what lingers ends by itself
        while tasks_after > tasks + 5:
            await asyncio.sleep(0.5)
            _, tasks_after = await settled()
