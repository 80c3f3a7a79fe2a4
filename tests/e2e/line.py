"""The line between a browser and the server, which a test can cut as a tunnel or a lift does."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Line:
    """Passes TCP connections on to the server, while it is whole.

    Attributes:
        url: Where the browser reaches the server through it; the same after every cut.
    """

    def __init__(self, port: int) -> None:
        self.url = ""
        self._port = port  # of the server
        self._own = 0  # the line's own port, once it was up
        self._server: asyncio.Server | None = None  # set while it is whole
        self._ends: set[asyncio.StreamWriter] = set()  # both ends of every connection
        self._answers = asyncio.Event()  # whether what the server says arrives
        self._answers.set()

    async def mend(self) -> None:
        """Let connections through again."""
        self._answers.set()
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._own)
        self._own = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._own}"

    async def cut(self) -> None:
        """Reset every connection and let nobody through."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self._ends):
            # Without lingering a close is a reset: the browser sees a line that broke.
            raw: socket.socket = end.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            end.transport.abort()

    def swallow_answers(self) -> None:
        """Keep every connection: what the browser says arrives, and no answer comes back."""
        self._answers.clear()

    def give_answers(self) -> None:
        """Let what was kept of the answers arrive, and those that follow."""
        self._answers.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, far_writer}
        try:
            await asyncio.gather(
                self._flow(reader, far_writer),
                self._flow(far_reader, writer, self._answers),
                return_exceptions=True,
            )
        finally:
            self._ends -= {writer, far_writer}

    async def _flow(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        gate: asyncio.Event | None = None,
    ) -> None:
        try:
            while data := await source.read(65_536):
                if gate is not None:
                    await gate.wait()
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A whole line to the server on that port of the loopback interface; gone at the end."""
    line = Line(port)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
