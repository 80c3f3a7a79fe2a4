"""A call to ourselves at the start of a media process: does a packet really get through?

Two ends in this process check their path, shake hands and speak one packet each, over the
sockets, the libraries and the compiled code that browsers will use. What fails here would fail
for everybody, and is better known before the first call.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

import structlog

from realtime.patience import Patience
from realtime.voice import adapter
from realtime.voice.adapter import Handshake, Identity, Keys
from realtime.voice.agent import token
from realtime.voice.leg import Leg
from realtime.voice.plane import Plane
from realtime.voice.relay import HEADER
from realtime.voice.sdp import Agreed, Offer

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds that the whole may take; usual are a few hundredths."""

_AGAIN_AFTER = 0.1
_OPUS = 96


async def try_out(plane: Plane, patience: float = PATIENCE) -> bool:
    """Two ends speak to each other through the plane; False if one was not heard.

    True as well where there is nothing to try: no shared port, or no address.
    """
    if plane.address is None:
        return True
    ends = [_End(plane, plane.address), _End(plane, plane.address)]
    try:
        async with Patience(patience):
            for end in ends:
                await end.connect()
            for end, other in (ends, reversed(ends)):
                other.leg.media.stream.hear(end.agreed)
                end.leg.media.listen(other.leg.media)
            for end, other in (ends, reversed(ends)):
                await end.is_heard_by(other)
    except (TimeoutError, OSError) as error:
        log.warning("a call to ourselves failed", error=type(error).__name__)
        return False
    finally:
        for end in ends:
            end.leg.media.listen(None)
            await end.close()
    return True


class _End:
    """One end: a socket, and the plane's leg for it."""

    agreed = Agreed(opus=_OPUS)

    def __init__(self, plane: Plane, server: tuple[str, int]) -> None:
        self._server = server
        self._socket = socket.socket(
            socket.AF_INET6 if ":" in server[0] else socket.AF_INET, socket.SOCK_DGRAM
        )
        self._socket.setblocking(False)  # noqa: FBT003 - the socket module's
        self._identity = Identity()
        self._ufrag = token(6)
        self._offer = Offer(
            agreed=self.agreed,
            name="0",
            ufrag=self._ufrag,
            password=token(24),
            fingerprints=(("sha-256", self._identity.fingerprint),),
            setup="actpass",
        )
        self._connected = asyncio.Event()
        self._answered = asyncio.Event()
        self._heard = asyncio.Event()
        self._keys: Keys | None = None
        self._handshake: Handshake | None = None
        self.leg: Leg = plane.leg(
            self._offer,
            on_connected=self._connected.set,
            on_rtcp=lambda _: None,
            on_closed=lambda: None,
        )

    async def connect(self) -> None:
        """Take the leg's answer, check the path, shake hands."""
        answer = await self.leg.answer(self._offer, redundant=False)
        ufrag, password, digest = (
            found[1] if (found := re.search(rf"a={key}(\S+)", answer)) else ""
            for key in ("ice-ufrag:", "ice-pwd:", "fingerprint:sha-256 ")
        )
        self._handshake = Handshake(
            self._identity,
            active=False,
            fingerprints=(("sha-256", digest),),
            pending=64,
            send=self._send,
            on_keys=self._keyed,
            on_over=lambda: None,
        )
        self._socket.connect(self._server)
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        self._handshake.start()
        check = adapter.nominate(username=f"{ufrag}:{self._ufrag}", password=password)
        await _again_until(self._answered, lambda: self._send(check))
        await self._connected.wait()

    async def is_heard_by(self, other: _End) -> None:
        """Speak until the other end has heard it."""
        sequence = 0

        def speak() -> None:
            nonlocal sequence
            sequence += 1
            if self._keys is not None:
                packet = HEADER.pack(0x80, _OPUS, sequence, 960 * sequence, 1) + b"self-call"
                self._send(self._keys.seal(packet))

        await _again_until(other._heard, speak)

    async def close(self) -> None:
        """End the leg and this end of it."""
        asyncio.get_running_loop().remove_reader(self._socket)
        try:
            if self._handshake is not None:
                await self._handshake.close()
            await self.leg.close()
        finally:  # the process may be stopping: what waits is cancelled
            self._socket.close()

    def _keyed(self, keys: Keys) -> None:
        self._keys = keys

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError:
            return  # what is lost is sent again

    def _readable(self) -> None:
        try:
            datagram = self._socket.recv(2_048)
        except OSError:
            return
        first = datagram[0] if datagram else 255
        if first < 4:  # noqa: PLR2004 - RFC 7983: STUN
            self._answered.set()
        elif 20 <= first <= 63 and self._handshake is not None:  # noqa: PLR2004 - DTLS
            self._handshake.feed(datagram)
        elif self._keys is not None and (self._keys.read(datagram) or b"").endswith(b"self-call"):
            self._heard.set()


async def _again_until(reached: asyncio.Event, act: Callable[[], None]) -> None:
    while not reached.is_set():
        act()
        try:
            async with asyncio.timeout(_AGAIN_AFTER):
                await reached.wait()
        except TimeoutError:
            continue
