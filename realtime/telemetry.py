"""Logs and metrics, without personal data.

Log lines are JSON with an event in plain words and identifiers only: no names, addresses, texts,
tokens or session descriptions. Of an exception its type and its places in the code are logged,
never its message, because a driver's message quotes the row.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

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

LETTERS = Counter("order_room_bus_letters", "Messages published to Redis", registry=REGISTRY)
DEAF = Counter("order_room_bus_deaf", "How often the bus lost its line", registry=REGISTRY)
BUS_WHOLE = Gauge("order_room_bus_whole", "1 while other processes are heard", registry=REGISTRY)
BUS_LAG = Histogram(
    "order_room_bus_lag_seconds",
    "From publishing to hearing, by way of Redis",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 3.0),
    registry=REGISTRY,
)


def refused(code: str) -> None:
    """Count a refusal."""
    REFUSALS.labels(code).inc()


def metrics() -> tuple[bytes, str]:
    """Return the metrics of this process and their media type."""
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
            foreign_pre_chain=PROCESSORS,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
