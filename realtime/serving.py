"""The server around the application: uvicorn with our sizes, our lines and our way to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from realtime.addresses import near
from realtime.app import OrderRoom
from realtime.transport import Line

BACKLOG = 2048
"""Connections that wait to be accepted: everybody comes back at once after a restart."""

SEND_BUFFER = 128 * 1024
"""Bytes the kernel takes for a connection; by itself it would grow to several megabytes."""

GLANCE = 0.01
"""Seconds between two looks at who is still being answered while the server stops."""


COLLECT = (5_000, 10, 20)
"""Objects made, and runs of the younger generation, between two looks of the garbage collector.

A look takes some three milliseconds for five thousand objects that stay.
"""


class RoomServer(uvicorn.Server):
    """Serves an `OrderRoom`; a stop lets the sockets go before it closes them."""

    def __init__(self, room: OrderRoom) -> None:
        """Prepare; `serve` does the work."""
        super().__init__(
            uvicorn.Config(
                room,
                loop="uvloop",
                http="httptools",
                ws=Line,
                ws_max_size=room.limits.transport_bytes,
                ws_per_message_deflate=False,  # 40 KiB a socket, for messages of 200 bytes
                ws_ping_interval=None,  # ours carry the heads and are judged by their answers
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=int(room.limits.stop_within),
                backlog=BACKLOG,
            )
        )
        self._room = room
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()  # asked to stop a second time
        self.serving = asyncio.Event()
        """Set once connections are taken."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then take connections."""
        await super().startup(sockets)
        self.serving.set()

    async def main_loop(self) -> None:
        """Keep the answers' date of today until asked to stop, and notice that at once."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Begin to stop in good order; asked again, stop without waiting."""
        self.force_exit = self.should_exit
        if self.force_exit:
            self._hurry.set()
        self.should_exit = True
        self._stopping.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that we are not ready, stop listening, send the sockets elsewhere, then end."""
        self._room.turn_away()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._room.limits.drain_notice):
                await self._hurry.wait()
        for listener in self.servers:
            listener.close()
        await self._room.drain()
        for listening in sockets or ():
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._wait_tasks_to_complete()
        for task in self.server_state.tasks:  # they had their time
            task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def _wait_tasks_to_complete(self) -> None:
        """Wait until the last answer is given and the last line closed; uvicorn waits longer.

        It sleeps a tenth of a second even where nobody is there.
        """
        state = self.server_state
        while (state.connections or state.tasks) and not self.force_exit:  # noqa: ASYNC110 - sets
            await asyncio.sleep(GLANCE)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGTERM and SIGINT. A second one stops without waiting."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


def settle() -> None:
    """Let the garbage collector be once everything is there.

    What is there stays: it need not be looked at again and again. And the collector looks at the
    rest less often than usual, but at little at a time, because every look holds up all messages
    and the packets of all calls. Calls that are over are freed without it (`voice.adapter`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one. Raises `OSError` if it is taken."""
    _allow_sockets()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()  # every address is those of IPv4 too
    listener = socket.create_server(
        (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both
    )
    # inherited by every connection: what the kernel holds for a browser that does not read
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.setblocking(False)  # noqa: FBT003 - the socket's own interface
    return listener


def _allow_sockets() -> None:
    """Use as many file handles as the machine gives us: every connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def address(listener: socket.socket) -> str:
    """Return where a browser on this machine finds the listener."""
    host, port = listener.getsockname()[:2]
    return near(host, port)
