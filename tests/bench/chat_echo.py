"""A bare WebSocket echo on the server software of the room: the yardstick of the chat's load."""

import sys

import uvicorn
from starlette.types import Receive, Scope, Send

from realtime.transport import Line


async def _echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """A bare ASGI application that says everything back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def serve(port: int) -> None:
    """Be the echo, on the server software of the room and with its settings."""
    uvicorn.run(
        _echo,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws=Line,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    serve(int(sys.argv[1]))
