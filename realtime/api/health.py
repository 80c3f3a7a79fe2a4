"""Is it alive, is it ready, what does it measure."""

from __future__ import annotations

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from orders.errors import Unavailable
from realtime import telemetry
from realtime.api.answers import answer, edge_of


async def ready(request: Request) -> Response:
    """Answer 200 while new work is welcome and the database answers, 503 otherwise."""
    edge = edge_of(request)
    if not edge.ready:
        raise Unavailable(reason="stopping")
    async with edge.database.reading() as conn:
        await conn.execute(text("select 1"))
    return answer({"ready": True, "sockets": edge.hub.sockets})


async def metrics(_request: Request) -> Response:
    """Answer with the metrics in Prometheus' text format."""
    content, media_type = telemetry.metrics()
    return Response(content, media_type=media_type)
