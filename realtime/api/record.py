"""The record of an order over HTTP: as a data file, as a page, and the keys it is sealed with."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from orders import export, people
from orders import record as records
from orders.locking import peek
from orders.record import Record
from realtime.api.answers import edge_of, order_of
from realtime.api.me import for_host_pages, identity_of
from realtime.record.page import POLICY, render

KEYS_PATH = "/.well-known/order-room-record-keys"
PAGE_POLICY = f"sandbox allow-modals; {POLICY}; frame-ancestors 'self'"
"""The page is other people's words: it is shown, may be printed, and can do nothing else."""
KEYS_KEPT = 3600
"""Seconds for which anybody may keep the published keys."""


@for_host_pages
async def data(request: Request) -> Response:
    """Answer with the record as the file that the verifier reads."""
    made, _, _ = await _record(request)
    file = await asyncio.to_thread(records.write, made)
    return Response(file, headers=_headers(made, "json"), media_type="application/json")


@for_host_pages
async def page(request: Request) -> Response:
    """Answer with the record as a page, in the reader's language."""
    made, language, zone = await _record(request)
    where = edge_of(request).settings.base_url + KEYS_PATH
    shown = await asyncio.to_thread(render, made, language, zone, where)
    return Response(
        shown,
        headers={
            **_headers(made, "html"),
            "Content-Security-Policy": PAGE_POLICY,
        },
        media_type="text/html",
    )


async def keys(request: Request) -> Response:
    """Publish the keys that records are and were sealed with, as a JSON Web Key Set (RFC 7517)."""
    published = records.write_keys(edge_of(request).record_keys)
    return Response(
        published,
        headers={
            "Cache-Control": f"public, max-age={KEYS_KEPT}",
            "Access-Control-Allow-Origin": "*",
        },
        media_type="application/json",
    )


async def _record(request: Request) -> tuple[Record, str, str]:
    """Seal what the asker may know; return it with their language and their clocks' zone."""
    edge, identity = edge_of(request), await identity_of(request)
    order = identity.within(order_of(request))
    limits = edge.limits
    await edge.rates.take(
        "records_per_second", identity.person, limits.records_per_second, limits.records_burst
    )
    async with edge.database.reading() as conn:
        story = await export.gather(conn, order, identity.person)
        zone = (await peek(conn, order)).facts.policy.time_zone
        known = await people.known(conn, identity.person)
    language = request.query_params.get("language") or identity.language
    now = await edge.database.now()
    made = await asyncio.to_thread(export.sealed, story, edge.record_key, now)
    return made, language or (known.language if known else ""), zone


def _headers(made: Record, kind: str) -> dict[str, str]:
    # an order's id is made of letters that need no quoting
    return {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="order-{made.order.id}-record.{kind}"',
    }
