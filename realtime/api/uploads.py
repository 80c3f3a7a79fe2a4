"""Resumable uploads: tus 1.0.0 (core, creation, termination, expiration) for files of an order.

The protocol is the public one, so any tus client can send. What is ours: the upload is created
with an `Idempotency-Key`, and the answer to its last bytes names the file and its entry.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from email.utils import format_datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from orders import uploads, views
from orders.errors import Malformed, UploadOver
from orders.events import OrderId
from orders.uploads import Pending
from realtime.api.answers import Endpoint, answer, edge_of, order_of
from realtime.api.files import one_of_few
from realtime.api.me import for_host_pages, identity_of
from realtime.api.verbs import client_id
from realtime.files.naming import clean
from realtime.refusals import MediaTypeRefused, TusVersionRefused

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
EXTENSIONS = "creation,termination,expiration"


def tus(endpoint: Endpoint) -> Endpoint:
    """Speak the protocol's version, and say what of it is spoken."""

    async def answered(request: Request) -> Response:
        response = await inner(request)
        response.headers["Tus-Resumable"] = VERSION
        if request.method == "OPTIONS" or response.status_code == TusVersionRefused.status:
            response.headers["Tus-Version"] = VERSION
            response.headers["Tus-Extension"] = EXTENSIONS
        return response

    @for_host_pages
    async def inner(request: Request) -> Response:
        if request.method != "GET" and request.headers.get("tus-resumable") != VERSION:
            raise TusVersionRefused(wanted=VERSION)
        return await endpoint(request)

    return answered


@tus
async def create(request: Request) -> Response:
    """Begin an upload: 201, or 200 if it was begun before under this client id."""
    edge, identity = edge_of(request), await identity_of(request)
    order = identity.within(order_of(request))
    upload, new = await uploads.begin(
        edge.database,
        order,
        identity.person,
        client_id(request),
        _name(request.headers.get("upload-metadata", "")),
        _number(request, "Upload-Length"),
        edge.limits.uploads_open,
    )
    upload = await edge.receiver.seen(upload)
    headers = _headers(request, upload)
    headers["Location"] = f"/api/v1/me/orders/{order}/uploads/{upload.upload}"
    return answer(_told(request, upload), 201 if new else 200, headers)


@tus
async def one(request: Request) -> Response:
    """Say how far an upload has come, take more of it, or drop it."""
    edge, identity = edge_of(request), await identity_of(request)
    order = identity.within(order_of(request))
    async with edge.database.reading() as conn:
        await views.role_of(conn, order, identity.person)
        upload = await uploads.find(
            conn, OrderId(order), identity.person, request.path_params["upload"]
        )
    if await edge.database.now() >= uploads.ends(upload, edge.limits.upload_life):
        raise UploadOver
    match request.method:
        case "DELETE":
            await edge.receiver.cancel(upload)
            return Response(status_code=204)
        case "PATCH":
            return await _more(request, upload)
        case "HEAD":
            upload = await edge.receiver.seen(upload)
            return Response(headers={**_headers(request, upload), "Cache-Control": "no-store"})
        case _:
            upload = await edge.receiver.seen(upload)
            return answer(_told(request, upload), headers=_headers(request, upload))


async def _more(request: Request, upload: Pending) -> Response:
    edge = edge_of(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != BYTES:
        raise MediaTypeRefused(wanted=BYTES)
    offset = _number(request, "Upload-Offset")
    async with one_of_few(edge, upload.person):
        taken = await edge.receiver.take(upload, offset, _until_it_breaks(request))
    headers = _headers(request, taken)
    if taken.file is not None and taken.seq is not None:
        headers |= {"Order-File": taken.file, "Order-Seq": str(taken.seq)}
    return Response(status_code=204, headers=headers)


async def _until_it_breaks(request: Request) -> AsyncIterator[bytes]:
    """Hand out what comes; a line that breaks is an end like any other, and nobody reads more."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        return


def _headers(request: Request, upload: Pending) -> dict[str, str]:
    ends = uploads.ends(upload, edge_of(request).limits.upload_life)
    return {
        "Upload-Offset": str(upload.received),
        "Upload-Length": str(upload.length),
        "Upload-Expires": format_datetime(ends, usegmt=True),
    }


def _told(request: Request, upload: Pending) -> dict[str, object]:
    state = "finishing" if upload.is_whole else "receiving"
    if upload.seq is not None:
        state = "shared"
    elif upload.code is not None:
        state = "refused"
    return {
        "upload": upload.upload,
        "state": state,
        "offset": upload.received,
        "length": upload.length,
        "expires": uploads.ends(upload, edge_of(request).limits.upload_life),
        "file": upload.file,
        "seq": upload.seq,
        "code": upload.code,
    }


def _number(request: Request, name: str) -> int:
    told = request.headers.get(name, "")
    if not told.isascii() or not told.isdigit() or len(told) > 18:  # noqa: PLR2004 - fits 64 bits
        raise Malformed(where=name)
    return int(told)


def _name(metadata: str) -> str:
    """Return the file's name of an `Upload-Metadata` header: pairs of a key and base64."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return clean(base64.b64decode(value, validate=True).decode(errors="replace"))
            except (binascii.Error, ValueError):
                raise Malformed(where="Upload-Metadata") from None
    return clean("")
