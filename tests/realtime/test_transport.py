"""The line under a socket: whatever way the bytes come, the same frames arrive."""

from __future__ import annotations

import asyncio
import random
import resource
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import connect

from realtime.serving import listen
from realtime.transport import Line

SEED = 20261123
MASK = b"\x11\x22\x33\x44"
HELLO = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def _echo(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    with suppress(ClientDisconnected, RuntimeError):  # the line may be closed by now
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})


@asynccontextmanager
async def _line() -> AsyncIterator[int]:
    """Serve an echo; yield its port."""
    config = uvicorn.Config(
        _echo, ws=Line, lifespan="off", log_config=None, ws_per_message_deflate=False,
        ws_max_size=100_000, ws_ping_interval=None,
    )  # fmt: skip
    server, listener = uvicorn.Server(config), listen("127.0.0.1", 0)
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


def _frame(first: int, payload: bytes, mask: bytes = MASK) -> bytes:
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    if len(payload) < 126:
        return struct.pack("!BB", first, 0x80 | len(payload)) + mask + masked
    if len(payload) < 1 << 16:
        return struct.pack("!BBH", first, 0x80 | 126, len(payload)) + mask + masked
    return struct.pack("!BBQ", first, 0x80 | 127, len(payload)) + mask + masked


async def _opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HELLO)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _heard(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one frame of the server, which masks nothing."""
    async with asyncio.timeout(60):
        first, length = await reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await reader.readexactly(8))
        return first, await reader.readexactly(length)


def test_who_listens_may_open_as_many_sockets_as_the_machine_gives() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        listen("127.0.0.1", 0).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 90_000])
async def test_a_text_of_any_length_comes_back_as_it_was(size: int) -> None:
    text = ("é" + "x" * size)[:size]
    async with _line() as port, connect(f"ws://127.0.0.1:{port}", compression=None) as socket:
        for said in (text, "after it", text):
            await socket.send(said)
            assert await socket.recv() == said


async def test_frames_cut_and_glued_anyhow_arrive_in_order() -> None:
    moments = random.Random(SEED)
    texts = ["é" * moments.choice([0, 1, 60, 63, 200, 2000]) + str(n) for n in range(300)]
    stream = b"".join(_frame(0x81, text.encode()) for text in texts)
    async with _line() as port:
        reader, writer = await _opened(port)

        async def write() -> None:
            at = 0
            while at < len(stream):
                step = moments.choice([1, 2, 3, 5, 7, 100, 5000])
                writer.write(stream[at : at + step])
                at += step
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        for text in texts:
            assert await _heard(reader) == (0x81, text.encode())
        await writing
        writer.close()


async def test_control_frames_between_texts_are_answered_and_disturb_nothing() -> None:
    async with _line() as port:
        reader, writer = await _opened(port)
        writer.write(_frame(0x81, b"one") + _frame(0x89, b"are you there?") + _frame(0x8A, b""))
        writer.write(_frame(0x81, b"two"))
        heard = [await _heard(reader) for _ in range(3)]
        assert sorted(heard) == [(0x81, b"one"), (0x81, b"two"), (0x8A, b"are you there?")]
        writer.write(_frame(0x81, b"three") + _frame(0x88, struct.pack("!H", 1000)))
        assert await _heard(reader) in {(0x81, b"three"), (0x88, struct.pack("!H", 1000))}
        writer.close()


async def test_a_text_in_pieces_is_put_together_and_what_follows_is_heard() -> None:
    async with _line() as port:
        reader, writer = await _opened(port)
        writer.write(_frame(0x81, b"before") + _frame(0x01, "é".encode()[:1]))
        writer.write(_frame(0x89, b"ping") + _frame(0x80, "é".encode()[1:]))
        writer.write(_frame(0x81, b"behind"))
        heard = [await _heard(reader) for _ in range(4)]
        texts = [payload for first, payload in heard if first == 0x81]
        assert texts == [b"before", "é".encode(), b"behind"]
        assert (0x8A, b"ping") in heard
        writer.close()


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (_frame(0x81, b"\xff\xfe"), 1007),
        (_frame(0x01, b"\xff") + _frame(0x80, b"\xfe"), 1007),
        (b"\x81\x02hi", 1002),  # not masked
        (_frame(0xC1, b"a reserved bit"), 1002),
        (_frame(0x80, b"continues nothing"), 1002),
        (_frame(0x83, b"an unknown kind"), 1002),
        (_frame(0x81, b"x" * 100_001), 1009),
    ],
)
async def test_what_breaks_the_protocol_ends_the_line_with_its_code_and_is_no_error_of_ours(
    broken: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with _line() as port:
        reader, writer = await _opened(port)
        writer.write(_frame(0x81, b"good") + broken)
        heard = await _heard(reader)
        if heard == (0x81, b"good"):
            heard = await _heard(reader)
        assert heard[0] == 0x88
        assert struct.unpack("!H", heard[1][:2]) == (code,)
        writer.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_who_sends_and_does_not_read_is_not_read_either() -> None:
    async with _line() as port:
        _, writer = await _opened(port)
        frame = _frame(0x81, b"x" * 60_000)

        async def write() -> None:
            for _ in range(2000):  # 120 MB: more than all buffers between us
                writer.write(frame)
                await writer.drain()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(write(), 1)
        writer.transport.abort()
