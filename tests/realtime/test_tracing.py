"""Traces: what was done and how long it took, for an OpenTelemetry collector, and never who."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.harness import SERVICE_KEY, serving


class Collector:
    """An OTLP collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []

    def spans(self) -> list[Span]:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found

    def one(self, name: str) -> Span:
        (span,) = [span for span in self.spans() if span.name == name]
        return span

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            length = packed = 0
            while (line := await reader.readline()) != b"\r\n":
                name, _, value = line.decode().lower().partition(":")
                if name == "content-length":
                    length = int(value)
                packed = packed or (name == "content-encoding" and "gzip" in value)
            body = await reader.readexactly(length)
            self.bodies.append(gzip.decompress(body) if packed else body)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    async with await asyncio.start_server(collector.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        collector.url = f"http://127.0.0.1:{port}/v1/traces"
        yield collector


def _said(span: Span) -> dict[str, object]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


async def test_requests_frames_and_commits_are_spans(database_url: str) -> None:
    async with collecting() as collector:
        traced = {"ORDER_ROOM_OTEL_URL": collector.url}
        async with serving(database_url, environment=traced) as server:
            order = await server.order()
            token = await server.token(order.buyer)
            async with server.browser(order.buyer, token=token) as buyer:
                await buyer.subscribe(order.id)
                await buyer.say(order.id, "Zwiebelkuchen")
                await buyer.refused(t="order.start", order=order.id)
                await buyer.do("brief.hand_over", order.id)
            caller = f"00-{'ab' * 16}-{'cd' * 8}-01"
            headers = {"Authorization": f"Bearer {token}", "traceparent": caller}
            async with server.http(headers) as http:
                await http.get(f"/api/v1/me/orders/{order.id}")
        handed = collector.one("frame brief.hand_over")
        commits = [span for span in collector.spans() if span.name == "commit"]
        assert handed.span_id in {span.parent_span_id for span in commits}
        assert any(not span.parent_span_id for span in commits), "a batch of messages has none"
        assert not collector.one("frame message.send").parent_span_id
        refused = collector.one("frame order.start")
        assert _said(refused)["order_room.refused"] == "not_yours"
        assert refused.status.code == Status.STATUS_CODE_UNSET, "a refusal is an answer"
        assert _said(collector.one("POST /api/v1/orders")) == {
            "http.request.method": "POST",
            "http.route": "/api/v1/orders",
            "http.response.status_code": 201,
        }
        read = collector.one("GET /api/v1/me/orders/{order}")
        assert read.trace_id == bytes.fromhex("ab" * 16), "in its caller's trace"
        sent = b"".join(collector.bodies)
        for secret in (order.id, order.buyer, "Ada Buyer", "post.test", "Zwiebelkuchen", token):
            assert secret.encode() not in sent
        assert SERVICE_KEY.encode() not in sent


async def test_a_collector_that_is_away_holds_nobody_up(database_url: str) -> None:
    nobody = {"ORDER_ROOM_OTEL_URL": "http://127.0.0.1:1/v1/traces"}
    async with serving(database_url, environment=nobody) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.say(order.id, "as always")


def test_without_the_setting_nothing_of_it_is_loaded() -> None:
    asked = "import sys, realtime.app; print('realtime.tracing' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
