"""The pages and the bundle of the browser client, as the build left them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from orders.errors import NotFound
from realtime.api.packed import packed

PLACES = (
    Path(__file__).parents[1] / "static",  # in an installed wheel
    Path(__file__).parents[2] / "web" / "dist",  # in a checkout
)
NOT_BUILT = (
    "The server runs, but its pages are not built yet: type `make web`, then load this again.\n"
)


def built() -> Path:
    """Return the folder of the built client; where it will be, if it is not built yet."""
    return next((place for place in PLACES if place.is_dir()), PLACES[-1])


def page(name: str) -> Response:
    """Answer with a page. It is looked up anew each time: its assets carry hashes, it does not."""
    path = built() / name
    if not path.is_file():
        return PlainTextResponse(NOT_BUILT, 503, {"Retry-After": "5"})
    return FileResponse(path, headers={"Cache-Control": "no-cache"})


async def embed(request: Request) -> Response:
    """Answer with the custom element for host pages, which load it from another origin."""
    path = built() / "embed.js"
    if not path.is_file():
        raise NotFound(path="/embed.js")
    response = packed(path, request.headers)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


class Assets(StaticFiles):
    """Files whose names carry the hash of their content: they never change."""

    def __init__(self) -> None:
        """Serve the folder `assets` of the built client, once it exists."""
        super().__init__(directory=built() / "assets", check_dir=False)

    async def check_config(self) -> None:
        """Serve nothing, rather than fail, while the client is not built."""
        if not await asyncio.to_thread(Path(self.directory or ".").is_dir):
            raise HTTPException(404)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,  # noqa: ARG002 - Starlette's signature
        scope: Scope,
        status_code: int = 200,  # noqa: ARG002 - the same
    ) -> Response:
        """Answer with a file that may be kept for ever, and be used by host pages."""
        response = packed(Path(full_path), Headers(scope=scope))
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
