"""Is it alive, is it ready, what does it measure."""

from __future__ import annotations

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from orders.errors import Unauthenticated, Unavailable
from realtime import telemetry
from realtime.api.answers import answer, edge_of
from realtime.auth import check_service_key
from realtime.edge import Edge

READY = "ready"


async def alive(request: Request) -> Response:
    """Answer 200 unless a part of this process has ended, which only a new process repairs."""
    edge = edge_of(request)
    if edge.ended:
        raise Unavailable(reason="ended", part=edge.ended[0])
    return answer({"alive": True, "ready": edge.ready})


async def ready(request: Request) -> Response:
    """Answer 200 while new work is welcome and can be done; 503 says which part cannot.

    A bus that hears nobody does not count: new entries are then found in the database, a moment
    later, and taking every process out of service would not bring Redis back.
    """
    edge = edge_of(request)
    parts = {
        "process": _process(edge),
        "database": await _database(edge),
        "bus": READY if edge.hub.hears_others else "deaf",
    }
    for part in ("process", "database"):
        if parts[part] != READY:
            raise Unavailable(reason=parts[part], **parts)
    return answer({"ready": True, "sockets": edge.hub.sockets, "parts": parts})


def _process(edge: Edge) -> str:
    if edge.ended:
        return "ended"
    return READY if edge.ready else "stopping"


async def _database(edge: Edge) -> str:
    try:
        async with edge.database.reading() as conn:
            await conn.execute(text("select 1"))
    except Unavailable:
        return "unreachable"
    return READY


async def metrics(request: Request) -> Response:
    """Answer with the metrics in Prometheus' text format, for the holder of their key.

    How busy a marketplace is, and with what, is not for everybody.
    """
    key = edge_of(request).settings.metrics_key
    if key is None:
        raise Unauthenticated
    check_service_key(request.headers.get("authorization"), key)
    content, media_type = telemetry.metrics()
    return Response(content, media_type=media_type)
