"""The line under a socket: uvicorn's WebSocket protocol, made cheap, and a way to give up on it.

Nearly every frame is one piece of text of a few hundred bytes. Those are taken apart and put
together here, a tenth of the work of the general way; whatever is not such a frame (control frames,
fragments, what breaks RFC 6455) goes to the protocol implementation underneath, which sees whole
frames only and so never knows what it missed.

The handshake and the hello go through ASGI. Then whoever serves the socket listens to the line
itself: texts come as calls, without a queue and a task in between, and what is said is written at
once as long as the browser takes it. `receive` tells of the end alone.

uvicorn waits with everything, the close frame included, until the browser takes what was sent
before. A browser that takes nothing would keep its line for ever; `give_up` says why, and drops
the line soon after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.speedups import apply_mask

LINE = "order_room.line"
"""Key of the scope's extension: the `Line`."""

Heard = Callable[[str | None], None]
"""Takes a text; None stands for a frame that is not text."""

AHEAD = 16
"""Frames that wait for the application before nothing more is read."""
TEXT = 0x81
"""First byte of a text frame in one piece, without extensions (RFC 6455, 5.2)."""
MASKED, CONTROL = 0x80, 0x08
SHORT, MEDIUM, LONG = 126, 1 << 16, 127
"""Lengths below the first fit the second byte, below the second two more; then come eight."""


class Line(WebSocketsSansIOProtocol):
    """One connection. Its scope has it as the extension `LINE`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """Begin with the handshake."""
        super().__init__(*arguments, **settings)
        self._rest = b""  # what was not taken apart yet
        self._plain = True  # whether frames are taken apart here
        self._heard: Heard | None = None
        self._held = False
        self._advancing = False
        self._waiting: deque[str | None] = deque()  # put together the general way, while held

    # --- what the browser says ---------------------------------------------------------------

    def listen(self, heard: Heard) -> None:
        """Hand every text to `heard` from now on, those that wait for `receive` first."""
        self._heard = heard
        kept = []
        while not self.queue.empty():
            message = cast("dict[str, Any]", self.queue.get_nowait())
            if message["type"] == "websocket.receive":
                self._waiting.append(message.get("text"))
            else:
                kept.append(message)
        for message in kept:
            self.queue.put_nowait(cast("Any", message))
        self.read_paused = False
        self._held = True
        self.go_on()

    def hold(self) -> None:
        """Hand on nothing more and read nothing more, until told to `go_on`."""
        if not self._held:
            self._held = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Hand on what waits, then read again."""
        if not self._held:
            return
        self._held = False
        if self._advancing:  # whoever takes frames apart goes on by itself
            self.transport.resume_reading()
            return
        self._hand_on()
        if self._rest:
            self.data_received(b"")
        if not self._held and not self.transport.is_closing():
            self.transport.resume_reading()

    def _hand_on(self) -> None:
        while self._waiting and not self._held and self._heard is not None:
            self._heard(self._waiting.popleft())

    def data_received(self, data: bytes) -> None:
        """Take frames apart as they come."""
        data = self._rest + data if self._rest else data
        if self._held and self._plain:
            self._rest = data
            return
        self._advancing = True
        try:
            self._rest = b""
            self._rest = self._advance(data)
        finally:
            self._advancing = False

    def _advance(self, data: bytes) -> bytes:
        """Take frames apart; return what is left of the data."""
        if not (self._plain and self.handshake_complete) or self.close_sent:
            super().data_received(data)
            return b""
        if self.conn.reader.buffer:  # sent before the handshake was answered
            return self._give_way(data)
        at, size = 0, len(data)
        while size - at > 1 and not self._held:
            first, second = data[at], data[at + 1]
            length, head = second & LONG, 6
            if length >= SHORT:
                if length == LONG:
                    return self._give_way(data[at:])
                if size - at < 4:  # noqa: PLR2004 - where the length ends
                    break
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 8
            usual = second & MASKED and length <= self.config.ws_max_size
            if not usual or (first != TEXT and not first & CONTROL):
                return self._give_way(data[at:])
            end = at + head + length
            if end > size:
                break
            if first != TEXT:
                super().data_received(data[at:end])
            elif not self._text(data[at + head : end], data[at + head - 4 : at + head]):
                return self._give_way(data[at:])
            if self.transport.is_closing() or self.close_sent:
                return b""
            at = end
        return data[at:]

    def _give_way(self, data: bytes) -> bytes:
        """Leave this and everything that follows to the general way."""
        self._plain = False
        super().data_received(data)
        return b""

    def _text(self, masked: bytes, mask: bytes) -> bool:
        """Hand a text on; False if it is none."""
        try:
            text = apply_mask(masked, mask).decode()
        except UnicodeDecodeError:
            return False
        if self._heard is not None:
            self._heard(text)
            return True
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
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
            if self._heard is not None:
                self.frames = []
                self._waiting.append(text)
                self._hand_on()
                return
        elif self._heard is not None and not self.close_sent:
            self.frames = []
            self._waiting.append(None)
            self._hand_on()
            return
        super().send_receive_event_to_app()

    # --- what is said to it ------------------------------------------------------------------

    def say(self, *payloads: bytes) -> bool:
        """Write text frames, whether or not the browser takes anything; False if it has gone.

        They leave in one go, which costs as much as one of them. Who says much looks at
        `writable` before.
        """
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            return False
        parts: list[bytes] = []
        for payload in payloads:
            parts += (_head(len(payload)), payload)
        self.transport.write(b"".join(parts))
        return True

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own type is not public
        """Write a frame once the browser took enough of those before it."""
        text = message.get("text")
        if text is None or not self.handshake_complete:
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.say(text.encode()):
            await super().send(message)  # which says why not

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake; the application starts with the line in its scope."""
        super().handle_connect(event)
        if self.handshake_initiated and hasattr(self, "scope"):
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[LINE] = self

    def give_up(self, code: int, patience: float) -> None:
        """Queue a close frame and cut the line after `patience` seconds, taken or not."""
        if self.transport.is_closing():
            return
        if not self.close_sent:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.go_on()  # the browser's own close frame has to be heard
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        if self.close_timer is not None:
            self.close_timer.cancel()
        # cancelled when the browser answers, as uvicorn's own timer would be
        self.close_timer = self.loop.call_later(patience, self.transport.abort)


def _head(length: int) -> bytes:
    """Write what precedes a text of so many bytes."""
    if length < SHORT:
        return bytes((TEXT, length))
    if length < MEDIUM:
        return bytes((TEXT, SHORT)) + length.to_bytes(2, "big")
    return bytes((TEXT, LONG)) + length.to_bytes(8, "big")
