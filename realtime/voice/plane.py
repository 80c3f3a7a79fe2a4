"""How a media process forwards: chosen once at its start, and reported.

| path     | what it is                                                              |
|----------|-------------------------------------------------------------------------|
| `native` | one shared port, packets in batches in C                                |
| `python` | one shared port, packet by packet in Python                             |
| `peer`   | aiortc's own connections, a socket per leg: slower, needs the least     |
| `auto`   | `native` where a compiler is or was, else `python`                      |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from functools import partial

import structlog

from realtime.voice import native
from realtime.voice.forwarding import PlainForwarder
from realtime.voice.leg import Leg, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.native import NativeForwarder
from realtime.voice.peer_leg import PeerLeg
from realtime.voice.port import Port
from realtime.voice.sdp import Offer
from realtime.voice.track import Counters

log = structlog.get_logger(__name__)


class MediaPath(StrEnum):
    """What an operator may ask for."""

    AUTO = "auto"
    NATIVE = "native"
    PYTHON = "python"
    PEER = "peer"


class Plane:
    """The legs of a process and the way of their packets. `open` first, `close` at the end.

    Attributes:
        path: the one in use, never `auto`.
    """

    def __init__(self, limits: VoiceLimits, reach: Reach, wanted: MediaPath) -> None:
        """Choose. Where `native` is wanted and cannot be had, it is `python`."""
        built = native.load() if wanted in (MediaPath.AUTO, MediaPath.NATIVE) else None
        self.path = MediaPath.PYTHON
        self._port: Port | None = None
        self._open: Callable[..., Leg]
        if wanted is MediaPath.PEER:
            self.path = wanted
            self._open = partial(PeerLeg, limits=limits, reach=reach)
            return
        if built is not None:
            self.path = MediaPath.NATIVE
            self._port = Port(limits, reach, NativeForwarder(built, 2 * limits.calls_per_node))
        else:
            self._port = Port(limits, reach, PlainForwarder())
        self._open = self._port.leg

    @property
    def counters(self) -> Counters:
        """What came to the port and belonged to no leg."""
        return Counters() if self._port is None else self._port.counters

    @property
    def behind(self) -> float:
        """Seconds for which more came to the shared port than could be read."""
        return 0.0 if self._port is None else self._port.behind

    @property
    def receive_buffer(self) -> int:
        """Bytes that the kernel keeps of what comes to the shared port; 0 without one."""
        return 0 if self._port is None else self._port.receive_buffer

    @property
    def address(self) -> tuple[str, int] | None:
        """One address of the port, as this machine reaches it; None without a shared port."""
        return None if self._port is None else self._port.address

    def open(self) -> None:
        """Listen. Needs a running event loop."""
        if self._port is not None:
            self._port.open()
        log.info("media is carried", path=self.path, receive_buffer=self.receive_buffer)

    async def close(self) -> None:
        """Close every leg and socket."""
        if self._port is not None:
            await self._port.close()

    def leg(
        self,
        offer: Offer,
        *,
        on_connected: Callable[[], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> Leg:
        """Make a leg. An `OpenLeg`."""
        return self._open(offer, on_connected=on_connected, on_rtcp=on_rtcp, on_closed=on_closed)


async def prepare() -> None:
    """Make the process fit for media, before its first call.

    What can be built is built away from the event loop, so that the choice at start is quick.
    """
    await asyncio.to_thread(native.load)
