"""Traces for OpenTelemetry, if `ORDER_ROOM_OTEL_URL` asks for them (extra `otel`).

Three kinds of spans: a request over HTTP, a frame of a socket, and a commit, which is the child of
either, or stands alone where many people's messages share it. They carry routes, types, codes and
durations; no address, no identifier of a person or an order, no text. An error is told by its
type: its message may quote a row.

Loaded only when it is asked for; without it nothing is wrapped and nothing costs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.errors import Refused
from realtime import telemetry
from realtime.dispatch import CarryOut
from realtime.edge import Edge
from realtime.protocol import Inbound, Outbound
from realtime.session import Session

OUR_MISTAKE = 500
"""HTTP statuses from here on are errors of ours; a refusal is an answer."""


class Tracing:
    """Makes spans and sends them. How many, the SDK's `OTEL_TRACES_SAMPLER` says."""

    def __init__(self, url: str, role: str) -> None:
        """Send spans of this process to an OTLP collector, `http://collector:4318/v1/traces`."""
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "order-room", "order_room.role": role})
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer("order-room")
        self._carrier = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Send what is left, and end. Blocks for as long as the collector takes."""
        self._provider.shutdown()

    def http(self, app: ASGIApp) -> ASGIApp:
        """Wrap the application: a span for each request, in the caller's trace if it names one."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            method = telemetry.method_of(scope)
            caller = self._carrier.extract(dict(Headers(scope=scope)))
            with self._span(method, SpanKind.SERVER, caller) as span:

                async def told(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        route, status = telemetry.route_of(scope), message["status"]
                        span.update_name(f"{method} {route}".strip())
                        span.set_attributes(
                            {
                                "http.request.method": method,
                                "http.route": route,
                                "http.response.status_code": status,
                            }
                        )
                        if status >= OUR_MISTAKE:
                            span.set_status(Status(StatusCode.ERROR))
                    await send(message)

                await app(scope, receive, told)

        return traced

    def frames(self, carry_out: CarryOut) -> CarryOut:
        """Wrap what carries out frames: a span for each."""

        async def traced(edge: Edge, session: Session, frame: Inbound) -> Outbound | None:
            kind = str(type(frame).__struct_config__.tag)
            with self._span(f"frame {kind}", SpanKind.SERVER) as span:
                span.set_attribute("order_room.frame", kind)
                return await carry_out(edge, session, frame)

        return traced

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Be around a transaction, from waiting for its turn to its commit."""
        with self._span("commit", SpanKind.INTERNAL):
            yield

    @contextmanager
    def _span(self, name: str, kind: SpanKind, caller: Context | None = None) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            context=caller,
            kind=kind,
            record_exception=False,  # its message may quote what somebody wrote
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Refused as refusal:
                span.set_attribute("order_room.refused", refusal.code)
                raise
            except Exception as error:
                span.set_attribute("error.type", telemetry.name_of(error))
                span.set_status(Status(StatusCode.ERROR))
                raise
