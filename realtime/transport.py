"""The line under a socket: uvicorn's WebSocket protocol, and a way to give up on it.

uvicorn waits with everything, the close frame included, until the browser takes what was sent
before. A browser that takes nothing would keep its line for ever; the application cannot reach
the transport. This subclass hands it a way to: say why, and drop the line soon after.
"""

from __future__ import annotations

from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
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
            self.scope["extensions"][GIVE_UP] = self.give_up  # type: ignore[typeddict-item,index]

    def give_up(self, code: int, patience: float) -> None:
        """Queue a close frame and cut the line after `patience` seconds, taken or not."""
        if self.transport.is_closing():
            return
        try:
            self.conn.send_close(code)
        except InvalidState:
            pass  # a close frame is on its way already
        else:
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.loop.call_later(patience, self.transport.abort)
