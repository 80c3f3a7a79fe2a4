"""The line under a socket: uvicorn's WebSocket protocol, made cheap, and a way to give up on it.

Nearly every frame is one piece of text of a few hundred bytes. Those are taken apart and put
together here, a tenth of the work of the general way; whatever is not such a frame (control frames,
fragments, what breaks RFC 6455) goes to the protocol implementation underneath, which sees whole
frames only and so never knows what it missed.

uvicorn waits with everything, the close frame included, until the browser takes what was sent
before. A browser that takes nothing would keep its line for ever; the application cannot reach
the transport. This subclass hands it a way to: say why, and drop the line soon after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.speedups import apply_mask

GIVE_UP = "order_room.give_up"
"""Key of the scope's extension: a callable taking (close code, seconds of patience)."""

GiveUp = Callable[[int, float], None]

AHEAD = 16
"""Frames that wait for the application before nothing more is read."""
TEXT = 0x81
"""First byte of a text frame in one piece, without extensions (RFC 6455, 5.2)."""
MASKED, CONTROL = 0x80, 0x08
SHORT, MEDIUM, LONG = 126, 1 << 16, 127
"""Lengths below the first fit the second byte, below the second two more; then come eight."""


class Line(WebSocketsSansIOProtocol):
    """One connection. Its scope has the extension `GIVE_UP`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """Begin with the handshake."""
        super().__init__(*arguments, **settings)
        self._rest = b""  # the beginning of a frame
        self._plain = True  # whether frames are taken apart here

    def data_received(self, data: bytes) -> None:
        """Take frames apart as they come."""
        if not (self._plain and self.handshake_complete) or self.close_sent:
            super().data_received(self._rest + data)
            self._rest = b""
            return
        if self.conn.reader.buffer:  # sent before the handshake was answered
            self._give_way(data)
            return
        data = self._rest + data if self._rest else data
        at, size = 0, len(data)
        while size - at > 1:
            first, second = data[at], data[at + 1]
            length, head = second & LONG, 6
            if length >= SHORT:
                if length == LONG:
                    self._give_way(data[at:])
                    return
                if size - at < 4:  # noqa: PLR2004 - where the length ends
                    break
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 8
            usual = second & MASKED and length <= self.config.ws_max_size
            if not usual or (first != TEXT and not first & CONTROL):
                self._give_way(data[at:])
                return
            end = at + head + length
            if end > size:
                break
            if first != TEXT:
                super().data_received(data[at:end])
                if self.transport.is_closing():
                    return
            elif not self._text(data[at + head : end], data[at + head - 4 : at + head]):
                self._give_way(data[at:])
                return
            at = end
        self._rest = data[at:]

    def _give_way(self, data: bytes) -> None:
        """Leave this and everything that follows to the general way."""
        self._plain, self._rest = False, b""
        super().data_received(data)

    def _text(self, masked: bytes, mask: bytes) -> bool:
        """Hand a text to the application; False if it is none."""
        try:
            text = apply_mask(masked, mask).decode()
        except UnicodeDecodeError:
            return False
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if not self.read_paused and self.queue.qsize() >= AHEAD:
            self.read_paused = True
            self.transport.pause_reading()
        return True

    def send_receive_event_to_app(self) -> None:
        """Hand on what the general way put together; what is no text ends the line.

        uvicorn does so too, but as an error with a trace in the log: the error is the browser's.
        """
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own type is not public
        """Write a frame once the browser took enough of those before it."""
        text = message.get("text")
        if text is None or not self.handshake_complete:
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            await super().send(message)  # which says why not
            return
        payload = text.encode()
        length = len(payload)
        if length < SHORT:
            head = bytes((TEXT, length))
        elif length < MEDIUM:
            head = bytes((TEXT, SHORT)) + length.to_bytes(2, "big")
        else:
            head = bytes((TEXT, LONG)) + length.to_bytes(8, "big")
        self.transport.write(head + payload)

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
