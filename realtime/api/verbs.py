"""Everything a person does, over HTTP: each row of `contract.twins` as a route.

Nothing is decided here. The frame is put together from the address, the key and the body, and
handed to what the socket hands it to.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orders.errors import Malformed
from realtime.acts import act
from realtime.api.answers import Endpoint, answer, edge_of, order_of, read
from realtime.api.me import for_host_pages, identity_of
from realtime.contract.twins import TWINS, Twin
from realtime.protocol import Act, Id


def _twin(twin: Twin) -> Endpoint:
    @for_host_pages
    async def endpoint(request: Request) -> Response:
        edge, identity = edge_of(request), await identity_of(request)
        fields: dict[str, Any] = {"order": identity.within(order_of(request))}
        if twin.keyed:
            fields["id"] = client_id(request)
        if twin.body is not None:
            body = await read(request, twin.body, empty=b"{}" if twin.may_be_empty else b"")
            fields |= msgspec.structs.asdict(body)
        frame: Act = twin.frame(**fields)  # type: ignore[assignment]  # a row is one of `Act`
        done = await act(edge, identity.person, frame)
        return Response(status_code=204) if done is None else answer(done)

    return endpoint


def client_id(request: Request) -> str:
    """Return the command's id. Raises `Malformed`."""
    try:
        return msgspec.convert(request.headers.get("idempotency-key", ""), Id)
    except msgspec.ValidationError:
        raise Malformed(where="Idempotency-Key") from None


ROUTES = [Route(twin.path, _twin(twin), methods=["POST", "OPTIONS"]) for twin in TWINS]
