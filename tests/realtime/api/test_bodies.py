"""A body that is too large, or that never comes."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from realtime import telemetry
from tests.harness import SERVICE_KEY, InProcess
from tests.waiting import until


async def opened(server: InProcess, head: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request and the first byte of its body."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n{")
    await writer.drain()
    return reader, writer


def answered(path: str, status: int) -> float:
    labels = {"method": "POST", "route": path, "status": str(status)}
    return telemetry.REGISTRY.get_sample_value("order_room_http_requests_total", labels) or 0.0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v1/tokens", "/api/v1/tokens"),
        ("/answer", "/answer"),
        ("/api/v1/me/orders/o_1/message.send", "/api/v1/me/orders/{order}/message.send"),
    ],
)
async def test_who_goes_away_in_the_middle_of_a_body_is_no_mistake_of_ours(
    server: InProcess, path: str, route: str
) -> None:
    before = answered(route, 400)
    head = (
        f"POST {path} HTTP/1.1\nHost: room.test\nAuthorization: Bearer {SERVICE_KEY}\n"
        "X-On-Behalf-Of: somebody\nIdempotency-Key: k\nContent-Length: 200"
    )
    with capture_logs() as logged:
        _, writer = await opened(server, head)
        writer.close()
        await until(lambda: answered(route, 400) > before)
    assert [line for line in logged if line["log_level"] == "error"] == []


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
