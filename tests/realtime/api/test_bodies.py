"""A body that is too large."""

from __future__ import annotations

import asyncio

import pytest

from tests.harness import InProcess


async def opened(server: InProcess, head: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request and the first byte of its body."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n{")
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("size", [30_000_000, 3_000_000_000])
async def test_a_file_too_large_is_refused_in_a_sentence_however_large(
    server: InProcess, size: int
) -> None:
    order = await server.order()
    token = await server.token(order.buyer)
    head = (
        f"POST /api/v1/me/orders/{order.id}/files HTTP/1.1\nHost: room.test\n"
        f"Authorization: Bearer {token}\nIdempotency-Key: k\nContent-Length: {size}"
    )
    reader, writer = await opened(server, head)
    answer = await reader.readuntil(b"}}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"file_too_large"' in answer
