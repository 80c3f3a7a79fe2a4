"""The HTTP calls as an OpenAPI 3.1 document."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from orders.errors import Refused
from realtime.contract.calls import CALLS, Call, Who
from realtime.contract.given import Bytes
from realtime.contract.refusals import catalogue, meaning
from realtime.contract.schemas import reached, ref
from realtime.contract.shapes import Refusal
from realtime.protocol import VERSION

Json = dict[str, Any]
ABOUT = """The marketplace's backend opens rooms and carries out movements of money with its service
key; a person's page reads and acts with a party token, which the backend mints. What happens in
a room is heard over the WebSocket: see `/api/asyncapi.json`, and `/api/docs` for both to read.

Everything that a person does over the socket can be done over HTTP: the frame `order.start` is
`POST /api/v1/me/orders/{order}/order.start`, with the frame's `id` as `Idempotency-Key` and its
other fields as the body. The id is the same in both: a command that was sent over a lost socket
may be repeated over HTTP, and gets the first answer. The backend may make every call under
`/api/v1/me` for a person, with its service key and the person's id in `X-On-Behalf-Of`.

Every refusal has the shape `Refusal`: a stable code, a sentence in the reader's language and
facts for programs. A refused call changed nothing. Beside the codes of each call, any address may
answer `not_found` (404), `method_refused` (405) and `unavailable` (503: try again after
`Retry-After` seconds, it is safe). Who wants `text/html` more than JSON by `Accept`, as a browser
that opens an address does, reads the same as a page. Every answer carries `X-Request-Id`. Pages
of the origins in `ORDER_ROOM_ALLOWED_ORIGINS` may make the calls under `/api/v1/me` from a browser
(CORS); no cookie is ever asked for.

Calls that take an `Idempotency-Key` may be repeated after a lost line: the same key with the same
content is carried out once, and answered alike each time."""
SECURITY = {
    Who.BACKEND: {
        "type": "http",
        "scheme": "bearer",
        "description": "The marketplace's service key. It never leaves the backend.",
    },
    Who.MONITOR: {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of the metrics, `ORDER_ROOM_METRICS_KEY`.",
    },
    Who.PARTY: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A party token from `POST /api/v1/tokens`. It lives some minutes.",
    },
}


ASKERS = {
    Who.ANYBODY: (),
    Who.BACKEND: (Who.BACKEND,),
    Who.MONITOR: (Who.MONITOR,),
    Who.PARTY: (Who.PARTY, Who.BACKEND),  # the backend on somebody's behalf
}


def document(base_url: str) -> Json:
    """Return the whole document for a server that is reached at `base_url`."""
    paths: dict[str, Json] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "Order room: HTTP", "version": str(VERSION), "description": ABOUT},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": reached([paths, ref(Refusal)]),
            "securitySchemes": {who.value: scheme for who, scheme in SECURITY.items()},
        },
        "x-refusals": catalogue(),
    }


def _operation(call: Call) -> Json:
    made: Json = {
        "operationId": call.name,
        "summary": call.about.partition(". ")[0].rstrip("."),
        "description": call.about,
        "security": [{who.value: []} for who in ASKERS[call.who]],
        "parameters": [
            {
                "name": given.name,
                "in": given.place,
                "description": given.about,
                "required": given.required,
                "schema": given.schema,
                "example": given.example,
            }
            for given in call.all_given()
        ],
        "responses": {
            **{
                str(status): {
                    "description": body.about if isinstance(body, Bytes) else _first(body),
                    "content": _content(body),
                }
                if body is not None
                else {"description": "It is done."}
                for status, body in call.gives.items()
            },
            **_refusals(call.refusals()),
        },
    }
    if call.takes is not None:
        made["requestBody"] = {"required": not call.may_be_empty, "content": _content(call.takes)}
    return made


def _refusals(kinds: tuple[type[Refused], ...]) -> dict[str, Json]:
    by_status: dict[int, list[type[Refused]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": "\n".join(f"- `{kind.code}`: {meaning(kind).about}" for kind in found),
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [ref(Refusal)],
                        "properties": {"code": {"enum": [kind.code for kind in found]}},
                    }
                },
                "text/html": {},
            },
        }
        for status, found in by_status.items()
    }


def _content(body: type[msgspec.Struct] | Bytes) -> Json:
    if isinstance(body, Bytes):
        return {body.media_type: {}}
    return {"application/json": {"schema": ref(body)}}


def _first(body: type[msgspec.Struct]) -> str:
    return (body.__doc__ or "").partition("\n")[0]


published = functools.cache(document)
"""The document, made once for each address."""
