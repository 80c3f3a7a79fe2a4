"""The line under a socket: uvicorn's WebSocket protocol, and a way to give up on it.

uvicorn waits with everything, the close frame included, until the browser takes what was sent
before. A browser that takes nothing would keep its line for ever; the application cannot reach
the transport. This subclass hands it a way to: say why, and drop the line soon after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

GIVE_UP = "order_room.give_up"
"""Key of the scope's extension: a callable taking (close code, seconds of patience)."""

GiveUp = Callable[[int, float], None]


class Line(WebSocketsSansIOProtocol):
    """One connection. Its scope has the extension `GIVE_UP`."""

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake; the application starts with the way out in its scope."""
        super().handle_connect(event)
        if self.handshake_initiated and hasattr(self, "scope"):
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[GIVE_UP] = self.give_up

    def give_up(self, code: int, patience: float) -> None:
        """Queue a close frame and cut the line after `patience` seconds, taken or not."""
        if self.transport.is_closing():
            return
        if not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        if self.read_paused:  # the browser's own close frame has to be heard
            self.read_paused = False
            self.transport.resume_reading()
        if self.close_timer is not None:
            self.close_timer.cancel()
        # cancelled when the browser answers, as uvicorn's own timer would be
        self.close_timer = self.loop.call_later(patience, self.transport.abort)
