"""Sharing a file, and having it: one upload request, and downloads by short-lived links."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from orders import views
from orders.errors import (
    FileInfected,
    FileScanning,
    FileTooLarge,
    FileUnknown,
    Malformed,
    OrderUnknown,
    TooManyOpen,
    Unavailable,
)
from orders.events import FileId, OrderId, PersonId, Scan
from orders.files import SharedFile, admit, files_of, find_file
from orders.locking import peek
from realtime.api.answers import answer, edge_of, order_of
from realtime.api.me import for_host_pages, identity_of
from realtime.edge import Edge
from realtime.files.content import TEXT
from realtime.files.handing import THUMB_TYPE, disposition, ranged
from realtime.files.naming import clean
from realtime.files.shelf import THUMB, Arriving

log = structlog.get_logger(__name__)

CLIENT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
THUMB_KEPT = 300
"""Seconds for which a browser may keep a small picture: as long as its link works."""
FILE_POLICY = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
)
"""A file is somebody else's: whatever it is, it runs nothing and reaches nothing."""
SOUND_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
)
"""In a tab of its own a sound is fetched again by the page around it, which must be of our origin
for that. It runs nothing either: the browser made the page, and what it plays is no page."""


@for_host_pages
async def upload(request: Request) -> Response:
    """Share the body as a file of the order: 201, or 200 if this was done before.

    `Idempotency-Key` is the command's client id; `X-File-Name` the name, percent-encoded;
    `X-Voice-Note: 1` tells that it was spoken in the room. The body is the file itself; what it is
    called or said to be decides nothing.
    """
    edge, identity = edge_of(request), await identity_of(request)
    order, person = identity.within(order_of(request)), identity.person
    client_id = request.headers.get("idempotency-key", "")
    if not CLIENT_ID.fullmatch(client_id):
        raise Malformed(where="Idempotency-Key")
    name = clean(unquote(request.headers.get("x-file-name", ""), errors="replace"))
    voice = request.headers.get("x-voice-note")
    if voice not in {None, "1"}:
        raise Malformed(where="X-Voice-Note")
    async with one_of_few(edge, person):
        return await _receive(request, edge, order, person, client_id, name, voice=bool(voice))


@for_host_pages
async def link(request: Request) -> Response:
    """Answer with what the file is, and a link to it that works for some minutes."""
    edge, identity = edge_of(request), await identity_of(request)
    order = identity.within(order_of(request))
    file = FileId(request.path_params["file"])
    async with edge.database.reading() as conn:
        await views.role_of(conn, order, identity.person)
        found = await find_file(conn, order, file)
    if found.scan is Scan.SCANNING:
        raise FileScanning
    if found.scan is Scan.INFECTED:
        raise FileInfected
    text, made = edge.file_links.make(order, file, identity.person, await edge.database.now())
    url = f"/files/{quote(file)}?link={text}"  # on this server, whatever its name is outside
    thumb = f"{url}&as=thumb" if found.looks.thumb else None
    return answer({**_told(found), "url": url, "thumb": thumb, "expires": made.ends_at})


async def download(request: Request) -> Response:
    """Hand out a file, or its small picture (`as=thumb`), to a member who holds a good link.

    One range of bytes may be asked for (RFC 9110, section 14), so that a sound can be entered
    anywhere.
    """
    edge, file = edge_of(request), FileId(request.path_params["file"])
    text = request.query_params.get("link", "")
    made = edge.file_links.check(file, text, await edge.database.now())
    try:
        async with edge.database.reading() as conn:
            await views.role_of(conn, made.order, made.person)
            found = await find_file(conn, made.order, file)
    except OrderUnknown:
        raise FileUnknown from None
    if found.scan is Scan.SCANNING:
        raise FileScanning
    if found.scan is Scan.INFECTED:
        raise FileInfected
    small = request.query_params.get("as") == "thumb"
    if small and not found.looks.thumb:
        raise FileUnknown
    name = file + THUMB if small else file
    size = await edge.shelf.store.size(name)
    if size is None:
        log.error("a file is not where it should be", order=made.order, file=file)
        raise FileUnknown
    kind = THUMB_TYPE if small else found.type
    headers = {
        "Content-Security-Policy": SOUND_POLICY if kind.startswith("audio/") else FILE_POLICY,
        "Cache-Control": f"private, max-age={THUMB_KEPT}" if small else "private, no-store",
        # the room is embedded in the marketplace's pages; the link is the permission
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": disposition(found.name, kind),
        "Content-Type": f"{kind}; charset=utf-8" if kind == TEXT else kind,
        "Accept-Ranges": "bytes",
    }
    wanted = ranged(request.headers.get("range"), size)
    if wanted is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    if wanted.partial:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{size}"
    status = 206 if wanted.partial else 200
    headers["Content-Length"] = str(wanted.end - wanted.start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    content = edge.shelf.store.read(name, wanted.start, wanted.end)
    return StreamingResponse(content, status, headers)


async def _receive(
    request: Request,
    edge: Edge,
    order: OrderId,
    person: PersonId,
    client_id: str,
    name: str,
    *,
    voice: bool,
) -> Response:
    told = request.headers.get("content-length", "")
    async with edge.database.reading() as conn:
        found = await peek(conn, order)
        # most uploads that cannot be are refused before their bytes; `share` judges again
        await admit(conn, found, person, int(told) if told.isdigit() else 1)
    async with edge.shelf.arriving() as arriving:
        try:
            await _fill(request, edge, arriving, found.facts.policy.file_max)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        whole = await arriving.whole()
        place, repeated = await edge.finisher.finish(
            whole, name, order, person, client_id, voice=voice
        )
    async with edge.database.reading() as conn:
        shelf = await files_of(conn, order)
    shared = next((known for known in shelf.values() if known.seq == place.seq), None)
    if shared is None:
        raise FileUnknown  # it was removed since
    return answer({**_told(shared), "seq": place.seq, "at": place.at}, 200 if repeated else 201)


async def _fill(request: Request, edge: Edge, arriving: Arriving, most: int) -> None:
    """Take the body; a silent or endless one is given up. Raises `FileTooLarge`."""
    limits, clock = edge.limits, asyncio.get_running_loop().time
    ends = clock() + limits.upload_within
    try:
        async with asyncio.timeout(limits.upload_silence) as patience:
            async for chunk in request.stream():
                if arriving.size + len(chunk) > most:
                    raise FileTooLarge(limit=most)
                await arriving.feed(chunk)
                patience.reschedule(min(ends, clock() + limits.upload_silence))
    except TimeoutError:
        raise Unavailable(reason="upload_slow") from None


@asynccontextmanager
async def one_of_few(edge: Edge, person: PersonId) -> AsyncIterator[None]:
    """Be one of the person's uploads at this moment. Raises `TooManyOpen`."""
    most = edge.limits.uploads_per_person
    if edge.uploads[person] >= most:
        raise TooManyOpen(limit=most, what="uploads")
    edge.uploads[person] += 1
    try:
        yield
    finally:
        edge.uploads[person] -= 1
        if not edge.uploads[person]:
            del edge.uploads[person]


def _told(found: SharedFile) -> dict[str, object]:
    told = {"file": found.file, "name": found.name, "size": found.size, "type": found.type}
    return {**told, "scan": found.scan} if found.scan is not None else {**told}
