"""One browser's connection over the port that all legs of the process share."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from orders.errors import Unavailable
from realtime.voice import adapter
from realtime.voice.adapter import Handshake, Identity, Keys
from realtime.voice.agent import Agent
from realtime.voice.forwarding import Address, Line
from realtime.voice.life import Life
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Offer, Transport
from realtime.voice.track import Counters, Media

if TYPE_CHECKING:
    from realtime.voice.port import Port


class SharedLeg:
    """One browser's connection over the shared port. A `Leg`."""

    def __init__(
        self,
        port: Port,
        offer: Offer,
        *,
        identity: Identity,
        limits: VoiceLimits,
        on_connected: Callable[[], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> None:
        """Prepare; the port makes legs."""
        self.ssrc = secrets.randbits(32)
        self.cname = secrets.token_hex(8)
        self.control = Counters()
        self.agent: Agent[Line] = Agent(offer.ufrag, offer.password)
        self._port = port
        self._limits = limits
        self._identity = identity
        self._on_rtcp = on_rtcp
        self._life = Life(let_go=self._let_go, on_connected=on_connected, on_closed=on_closed)
        self._media = port.forwarder.track(
            limits,
            self.ssrc,
            offer.agreed,
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
        )
        self._handshake = Handshake(
            identity,
            active=offer.our_setup == "active",
            fingerprints=offer.fingerprints,
            pending=limits.pending_datagrams,
            send=self._send,
            on_keys=self._established,
            on_over=self._life.end,
        )
        self._keys: Keys | None = None  # from the handshake's end to the leg's

    @property
    def connected(self) -> bool:
        """The handshake is done and the leg is not closed."""
        return self._life.connected

    @property
    def media(self) -> Media:
        """What is heard and sent over the leg."""
        return self._media

    @property
    def counters(self) -> Counters:
        """A copy."""
        total = Counters()
        total.add(self.control)
        total.add(self._media.counters)
        total.rejected += self.agent.forged
        return total

    async def answer(self, offer: Offer, *, redundant: bool) -> str:
        """The one answer."""
        candidates = self._port.candidates()
        if self._life.over or not candidates:
            await self.close()
            raise Unavailable(reason="no_address")
        self._life.awaited(self._limits.connect_seconds)
        transport = Transport(
            ufrag=self.agent.ufrag,
            password=self.agent.password,
            fingerprint=self._identity.fingerprint,
            candidates=candidates,
        )
        return adapter.write_answer(
            offer,
            transport,
            ssrc=self.ssrc,
            cname=self.cname,
            identifier=secrets.randbits(62),
            redundant=redundant,
            lite=True,
        )

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send a compound RTCP packet."""
        sealed = None if self._keys is None else self._keys.seal_report(packet)
        if sealed is None or not self._send(sealed):
            self.control.unsent += 1
        else:
            self.control.sent += 1

    def ask(self) -> None:
        """Send a check of ours over the path in use."""
        line = self.agent.path
        if line is not None and not self._life.over:
            _send_to(line[0], self.agent.ask(line), line[1])

    async def close(self) -> None:
        """Say goodbye and leave the port."""
        await self._life.close()

    # ------------------------------------------------------------ what the port hands over

    def checked(self, check: adapter.Check, line: Line) -> None:
        """A check that names us; one that does not know the password is counted and no more."""
        if self._life.over:
            return
        source, address = line
        path = self.agent.path
        out = self.agent.checked(check, line, (address[0], address[1]))
        if not out:
            return
        self._believe(line, time.monotonic())
        for each in out:
            _send_to(source, each, address)
        if path is None and self.agent.path is not None:
            self._port.forwarder.aim(self.media, self.agent.path)
            self._handshake.start()

    def check_answered(self, check: adapter.Check, line: Line) -> bool:
        """An answer to our own check; False if it is not one."""
        if self._life.over or not self.agent.answered(check, line):
            return False
        self._believe(line, time.monotonic())
        self._port.forwarder.aim(self.media, line)
        return True

    def moved(self, packet: bytes, line: Line, now: float) -> bool:
        """Media from a strange address; False if it is not authentic."""
        if self._keys is None or not self._port.forwarder.stray(self.media, packet, now):
            return False
        _send_to(line[0], self.agent.ask(line), line[1])
        self._believe(line, now)
        return True

    def handshake_came(self, datagram: bytes) -> None:
        """DTLS from one of our addresses."""
        if not self._life.over and not self._handshake.feed(datagram):
            self.control.intruders += 1

    def media_came(self, datagram: bytes, *, is_report: bool) -> None:
        """Media that the forwarder left to us: reports, and what came before the handshake."""
        if self._keys is None:
            self.control.unwanted += 1
        elif not is_report:
            self._port.forwarder.stray(self.media, datagram, time.monotonic())
        elif (report := self._keys.read_report(datagram)) is None:
            self.control.rejected += 1
        else:
            self.control.received += 1
            self.media.heard_at = time.monotonic()
            self._on_rtcp(report)

    # -------------------------------------------------------------------------- its end

    def _believe(self, line: Line, now: float) -> None:
        self.media.heard_at = now
        gone = self.agent.adopt(line, now)
        if gone is not None:
            self._port.drop(gone[1], self)
        self._port.put(line[1], self)

    def _send(self, datagram: bytes) -> bool:
        line = self.agent.path
        return line is not None and _send_to(line[0], datagram, line[1])

    def _established(self, keys: Keys) -> None:
        if self._life.over:
            return
        self._keys = keys
        self._port.forwarder.unlock(self.media, keys)
        self.media.heard_at = time.monotonic()
        self._life.connect()

    def _let_go(self) -> Coroutine[Any, Any, None]:
        """Nothing more comes in or goes out."""
        self._keys = None
        self._on_rtcp = _nobody
        self._port.forget(self)
        return self._handshake.close()


def _nobody(_: bytes) -> None:
    """Whom a leg tells that is over."""


def _send_to(source: socket.socket, datagram: bytes, address: Address) -> bool:
    """Send; False if the kernel would not have it."""
    try:
        source.sendto(datagram, address)
    except OSError:
        return False
    return True
