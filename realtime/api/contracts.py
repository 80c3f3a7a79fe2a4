"""The published contracts: two documents for programs, one page for people."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from realtime.api.answers import answer, edge_of
from realtime.contract import asyncapi, openapi
from realtime.contract.page import POLICY, page

# Anybody may read them, from any page: they are the same for all.
SHARED = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}


async def http_document(request: Request) -> Response:
    """Answer with the HTTP calls as OpenAPI."""
    where = edge_of(request).settings.base_url
    return answer(await asyncio.to_thread(openapi.published, where), headers=SHARED)


async def socket_document(request: Request) -> Response:
    """Answer with the frames of the socket as AsyncAPI."""
    where = edge_of(request).settings.base_url
    return answer(await asyncio.to_thread(asyncapi.published, where), headers=SHARED)


async def to_read(request: Request) -> Response:
    """Answer with both as a page."""
    edge = edge_of(request)
    shown = await asyncio.to_thread(page, edge.settings.base_url, edge.limits)
    return HTMLResponse(
        shown,
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": f"{POLICY}; frame-ancestors 'self'",
        },
    )
