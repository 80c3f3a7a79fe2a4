"""The pages and the bundle of the browser client, as the build left them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from orders.errors import NotFound

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


async def embed(_request: Request) -> Response:
    """Answer with the custom element for host pages, which load it from another origin."""
    path = built() / "embed.js"
    if not path.is_file():
        raise NotFound(path="/embed.js")
    return FileResponse(
        path,
        media_type="text/javascript",
        headers={
            "Cache-Control": "no-cache",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
        },
    )


class Assets(StaticFiles):
    """Files whose names carry the hash of their content: they never change."""

    def __init__(self) -> None:
        """Serve the folder `assets` of the built client, once it exists."""
        super().__init__(directory=built() / "assets", check_dir=False)

    async def check_config(self) -> None:
        """Serve nothing, rather than fail, while the client is not built."""
        if not await asyncio.to_thread(Path(self.directory or ".").is_dir):
            raise HTTPException(404)

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Answer with a file that may be kept for ever, and be used by host pages."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
