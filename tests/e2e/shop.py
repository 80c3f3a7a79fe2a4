"""The page of a marketplace that shows the room inside itself, on an origin of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from realtime.serving import address, listen

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The shop</title>
<link rel="icon" href="data:,">
<style>body {{ margin: 0 }} order-room {{ height: 100vh }}</style>
<script type="module" src="{room}/embed.js"></script>
<script type="module">
  const room = document.querySelector('order-room');
  await customElements.whenDefined('order-room');
  room.token = async () => (await fetch('/token', {{method: 'POST'}})).text();
</script>
<main><order-room order="{order}" src="{room}/ws" language="en"></order-room></main>
"""


class Shop:
    """A host page for one order and one person.

    Attributes:
        url: Where the page is.
        handed_out: How many tokens the page has fetched.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.handed_out = 0
        self._room = ""
        self._order = ""
        self._tokens: Iterator[str] = iter(())

    def show(self, room: str, order: str, tokens: Iterator[str]) -> None:
        """Show that order of the server at `room`; each fetch gets the next of the tokens."""
        self._room, self._order, self._tokens = room, order, tokens

    async def page(self, request: Request) -> Response:
        return HTMLResponse(PAGE.format(room=self._room, order=self._order))

    async def token(self, request: Request) -> Response:
        self.handed_out += 1
        return PlainTextResponse(next(self._tokens))


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    """A shop on a free port, in this event loop."""
    listener = listen("127.0.0.1", 0)
    shop = Shop(address(listener))
    routes = [Route("/", shop.page), Route("/token", shop.token, methods=["POST"])]
    config = uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        yield shop
    finally:
        server.should_exit = True
        await serving
