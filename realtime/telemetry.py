"""Logs and metrics, without personal data.

Log lines are JSON with an event in plain words and identifiers only: no names, addresses, texts,
tokens or session descriptions. Of an exception its type and its places in the code are logged,
never its message, because a driver's message quotes the row.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, Final

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from starlette.types import Scope

REGISTRY = CollectorRegistry()
SOCKETS = Gauge("order_room_sockets", "Open sockets with a good hello", registry=REGISTRY)
REFUSALS = Counter("order_room_refusals", "Refused requests by code", ["code"], registry=REGISTRY)
APPENDS = Histogram(
    "order_room_append_seconds",
    "From a message read off the socket to its durable commit",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
    registry=REGISTRY,
)
COMMANDS = Counter("order_room_commands", "Frames carried out by type", ["type"], registry=REGISTRY)

FILES = Counter(
    "order_room_files",
    "Files shared, by what the scanner said at once",
    ["scan"],
    registry=REGISTRY,
)
EXAMINED = Histogram(
    "order_room_file_seconds",
    "From a file's last byte to its entry",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    registry=REGISTRY,
)
LETTERS = Counter("order_room_bus_letters", "Messages published to Redis", registry=REGISTRY)
DEAF = Counter("order_room_bus_deaf", "How often the bus lost its line", registry=REGISTRY)
BUS_WHOLE = Gauge("order_room_bus_whole", "1 while other processes are heard", registry=REGISTRY)
BUS_LAG = Histogram(
    "order_room_bus_lag_seconds",
    "From publishing to hearing, by way of Redis",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 3.0),
    registry=REGISTRY,
)


TOGETHER = Histogram(
    "order_room_batch_messages",
    "Messages that one transaction stored",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
LATENESS = Histogram(
    "order_room_clock_lateness_seconds",
    "From a deadline's due time to the transaction that carried it out",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0, 300.0, 3600.0),
    registry=REGISTRY,
)
RESUMES = Counter(
    "order_room_resumes",
    "Orders that a socket began to follow: resumed from a position, reset, or fresh",
    ["outcome"],
    registry=REGISTRY,
)
HINTS_MISSED = Counter(
    "order_room_hints_missed",
    "Followed orders whose new entries only a ping or a look at the heads brought to light",
    registry=REGISTRY,
)
CLOSES = Counter(
    "order_room_closes", "Sockets that we closed, by code", ["code"], registry=REGISTRY
)
REQUESTS = Counter(
    "order_room_http_requests",
    "HTTP requests by route, never by address",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_TIME = Histogram(
    "order_room_http_seconds",
    "From a request's headers to its answer's",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
    registry=REGISTRY,
)
MEDIA_CALLS = Gauge(
    "order_room_media_calls", "Calls carried, by how their packets go", ["path"], registry=REGISTRY
)
MEDIA_LAG = Gauge(
    "order_room_media_lag_seconds", "How late the media process lately ran", registry=REGISTRY
)
MEDIA_BUFFER = Gauge(
    "order_room_media_buffer_bytes",
    "What the kernel keeps of the sound that comes, as it granted it; 0 without a shared port",
    registry=REGISTRY,
)
MEDIA_PACKETS = Gauge(
    "order_room_media_packets",
    "Packets of all legs, up to a second ago, by what came of them",
    ["what"],
    registry=REGISTRY,
)
MEDIA_UNREAD = Counter(
    "order_room_media_unread",
    "Questions of other processes that this version could not read",
    registry=REGISTRY,
)
MEDIA_SCORE = Histogram(
    "order_room_media_score",
    "Opinion score of one direction in one second (ITU-T G.107)",
    buckets=(1.5, 2, 2.5, 3.1, 3.6, 4, 4.2, 4.4),
    registry=REGISTRY,
)
MEDIA_LOSS = Histogram(
    "order_room_media_loss",
    "Share of what one said in one second that did not come to the other",
    buckets=(0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    registry=REGISTRY,
)
MEDIA_JITTER = Histogram(
    "order_room_media_jitter_seconds",
    "Jitter of one direction in one second (RFC 3550), both hops together",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
    registry=REGISTRY,
)
MEDIA_ROUND_TRIP = Histogram(
    "order_room_media_round_trip_seconds",
    "From one browser to the other and back, in one second",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0),
    registry=REGISTRY,
)
MEDIA_LEVEL = Histogram(
    "order_room_media_level_decibels",
    "How far below the loudest possible a microphone was in one second (RFC 6464)",
    buckets=(10, 20, 30, 40, 50, 60, 80, 100, 126),
    registry=REGISTRY,
)
TASKS = Gauge("order_room_tasks", "Tasks of the event loop", registry=REGISTRY)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those with a label of their own: anybody can invent more."""


def carried_out(kind: type[msgspec.Struct]) -> None:
    """Count a frame that is carried out."""
    _commands(kind).inc()


def one_second(
    *, score: float, loss: float, jitter: float, round_trip: float, level: float | None
) -> None:
    """Count one second of one direction of a call; `level` is None if the browser told of none."""
    MEDIA_SCORE.observe(score)
    MEDIA_LOSS.observe(loss)
    MEDIA_JITTER.observe(jitter)
    MEDIA_ROUND_TRIP.observe(round_trip)
    if level is not None:
        MEDIA_LEVEL.observe(level)


@cache
def _commands(kind: type[msgspec.Struct]) -> Counter:
    return COMMANDS.labels(str(kind.__struct_config__.tag))


def refused(code: str) -> None:
    """Count a refusal."""
    REFUSALS.labels(code).inc()


def method_of(scope: Scope) -> str:
    """Return the method of an HTTP request, or "other" for one that hardly anybody uses."""
    method = str(scope["method"])
    return method if method in METHODS else "other"


def route_of(scope: Scope) -> str:
    """Return the template of the address, known once it was routed; "" if there is none."""
    return str(getattr(scope.get("route"), "path", ""))


def requested(scope: Scope, status: int, seconds: float) -> None:
    """Count an HTTP request that was routed."""
    route = route_of(scope)
    REQUESTS.labels(method_of(scope), route, str(status)).inc()
    REQUEST_TIME.labels(route).observe(seconds)


def metrics() -> tuple[bytes, str]:
    """Return the metrics of this process and their media type. Called in its event loop."""
    TASKS.set(len(asyncio.all_tasks()))
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def name_of(error: BaseException) -> str:
    """Return the kind of an exception, for a log line."""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _place(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any] | str:
    """Replace an exception by its type and the places it passed."""
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = name_of(error)
        event["trace"] = [
            f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def _sentence(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any] | str:
    """Keep the sentence of what the event loop tells.

    What follows shows the task, the callback's arguments or the connection: people's words, the
    messages of exceptions, addresses.
    """
    if event["_record"].name == "asyncio":
        event["event"] = re.split(r"[<(\n]", event["event"] + "\n")[0].strip()
    return event


PROCESSORS: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _place,
)
"""What every log line passes before it is rendered."""


def configure(level: str) -> None:
    """Write log lines as JSON to standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*PROCESSORS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[_sentence, *PROCESSORS],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
