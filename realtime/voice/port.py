"""The one UDP port of a media process, which all its legs share.

What comes in is told apart by its first byte (RFC 7983) and, media and DTLS, by the address it
comes from. An address belongs to a leg from the moment it proved to know the leg's password in
a STUN check; before that nothing from it is believed or answered.

There is one socket per local address, so that an answer leaves from where the question came to.
While little comes, each datagram wakes the process; above `BUSY` datagrams a second it looks
once a millisecond instead and finds several, which costs half of the CPU a packet and adds
about a millisecond of delay, where a frame of speech is twenty.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from functools import partial

import structlog

from orders.errors import Unavailable
from realtime.voice import adapter
from realtime.voice.adapter import Handshake, Identity, Keys
from realtime.voice.agent import Agent
from realtime.voice.forwarding import DATAGRAMS, Address, Forwarder, Line
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Candidate, Offer, Transport, advertised
from realtime.voice.track import Counters, Media

log = structlog.get_logger(__name__)

BUSY = 4_000
"""Datagrams a second, above which reading is by the clock; about forty calls talking."""

QUIET = 3_000
"""Below this it is by wake-up again."""

TICK = 0.001
WINDOW = 0.1
BURSTS = 8
"""Most batches read at one tick, so that a flood cannot keep everything else waiting."""

RECEIVE_BUFFER = 4 << 20
"""Bytes that the kernel may keep for us: a tenth of a second at 100,000 packets a second."""

IDENTITY_LIFE = 24 * 3_600.0
"""Seconds until new legs get a new certificate."""

_HOST_PREFERENCE = 126
"""Type preference of host candidates (RFC 8445 section 5.1.2.2)."""

_SO_RCVBUFFORCE = 33


class Port:
    """The sockets of a process, and its legs. `open` before the first leg, `close` at the end.

    Attributes:
        counters: datagrams that belong to no leg, under `unwanted`, and checks of forgers under
            `rejected`.
    """

    def __init__(self, limits: VoiceLimits, reach: Reach, forwarder: Forwarder) -> None:
        """Prepare; needs a running event loop."""
        self.counters = Counters()
        self.forwarder = forwarder
        self._limits = limits
        self._reach = reach
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._by_name: dict[str, SharedLeg] = {}
        self._by_address: dict[Address, SharedLeg] = {}
        # Legs by the SSRC they were heard with; looked at for strangers only, and made anew
        # at most twice a second.
        self._by_source: dict[int, list[SharedLeg]] = {}
        self._sources_at = 0.0
        self._identity = Identity()
        self._identity_at = time.monotonic()
        self._busy = False
        self._tick_at: asyncio.TimerHandle | None = None
        self._window_at = time.monotonic()
        self._window_count = 0

    @property
    def busy(self) -> bool:
        """Reading is by the clock at the moment."""
        return self._busy

    def open(self) -> None:
        """Listen. An address that cannot be had is left out with a warning."""
        port = self._reach.port
        for host in self._reach.addresses():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            made = socket.socket(family, socket.SOCK_DGRAM)
            try:
                made.setblocking(False)  # noqa: FBT003 - the socket module's
                if family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                _enlarge(made)
                made.bind((host, port))
            except OSError as error:
                made.close()
                log.warning("an address for media cannot be had", error=error.strerror)
                continue
            port = port or made.getsockname()[1]
            self._sockets.append(made)
        self._listen()

    async def close(self) -> None:
        """Close every leg, then the sockets."""
        await asyncio.gather(*(each.close() for each in list(self._by_name.values())))
        if self._tick_at is not None:
            self._tick_at.cancel()
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self._sockets.clear()
        self.forwarder.close()

    @property
    def address(self) -> tuple[str, int] | None:
        """The first address, as this machine reaches it; None if there is none."""
        return self._sockets[0].getsockname()[:2] if self._sockets else None

    def candidates(self) -> tuple[Candidate, ...]:
        """Where browsers find us, the first address preferred."""
        found = []
        for index, each in enumerate(self._sockets):
            host, port = each.getsockname()[:2]
            priority = _HOST_PREFERENCE << 24 | (0xFFFF - index) << 8 | 255
            found.append(
                Candidate(foundation=str(index + 1), priority=priority, host=host, port=port)
            )
        return advertised(tuple(found), self._reach.advertise)

    def leg(
        self,
        offer: Offer,
        *,
        on_connected: Callable[[], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> SharedLeg:
        """Make a leg for an offer. An `OpenLeg`."""
        if time.monotonic() - self._identity_at > IDENTITY_LIFE:
            self._identity, self._identity_at = Identity(), time.monotonic()
        made = SharedLeg(
            self,
            offer,
            identity=self._identity,
            limits=self._limits,
            on_connected=on_connected,
            on_rtcp=on_rtcp,
            on_closed=on_closed,
        )
        self._by_name[made.agent.ufrag] = made
        return made

    def put(self, address: Address, leg: SharedLeg) -> None:
        """What comes from the address is the leg's."""
        if self._by_address.get(address) is not leg:
            self._by_address[address] = leg
            self.forwarder.put(address, leg.media)

    def drop(self, address: Address, leg: SharedLeg) -> None:
        """What comes from the address is nobody's, if it was the leg's."""
        if self._by_address.get(address) is leg:
            del self._by_address[address]
            self.forwarder.drop(address)

    def forget(self, leg: SharedLeg) -> None:
        """The leg is over."""
        self._by_name.pop(leg.agent.ufrag, None)
        for _, address in leg.agent.paths:
            self.drop(address, leg)
        for sharing in self._by_source.values():
            if leg in sharing:
                sharing.remove(leg)
        self.forwarder.lock(leg.media)

    # ----------------------------------------------------------------------- reading

    def _listen(self) -> None:
        for each in self._sockets:
            self._loop.add_reader(each, self._readable, each, partial(self._control, each))

    def _readable(
        self, source: socket.socket, on_control: Callable[[bytes, Address], None]
    ) -> None:
        now = time.monotonic()
        self._window_count += self.forwarder.read(source, now, on_control)
        if now - self._window_at >= WINDOW and self._rate(now) > BUSY:
            self._busy = True
            for each in self._sockets:
                self._loop.remove_reader(each)
            self._tick_at = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        for each in self._sockets:
            on_control = partial(self._control, each)
            for _ in range(BURSTS):
                came = self.forwarder.read(each, now, on_control)
                self._window_count += came
                if came < DATAGRAMS:
                    break
        if now - self._window_at >= WINDOW and self._rate(now) < QUIET:
            self._busy = False
            self._listen()
        else:
            self._tick_at = self._loop.call_later(TICK, self._tick)

    def _rate(self, now: float) -> float:
        """Datagrams a second since the last question."""
        rate = self._window_count / (now - self._window_at)
        self._window_at, self._window_count = now, 0
        return rate

    # ----------------------------------------------------------------- what is not media

    def _control(self, source: socket.socket, datagram: bytes, address: Address) -> None:
        first = datagram[0] if datagram else 255
        if first < 4:  # noqa: PLR2004 - RFC 7983: STUN
            self._check(source, datagram, address)
            return
        leg = self._by_address.get(address)
        if leg is None:
            if len(datagram) < 12 or not self._adopt(source, datagram, address):  # noqa: PLR2004
                self.counters.unwanted += 1
        elif 20 <= first <= 63:  # noqa: PLR2004 - DTLS
            leg.handshake_came(datagram)
        elif 128 <= first <= 191 and len(datagram) > 1:  # noqa: PLR2004 - media and reports
            leg.media_came(datagram, is_report=192 <= datagram[1] <= 223)  # noqa: PLR2004
        else:
            leg.control.unwanted += 1

    def _check(self, source: socket.socket, datagram: bytes, address: Address) -> None:
        check = adapter.read_check(datagram)
        if check is None:
            self.counters.unwanted += 1
        elif adapter.is_request(check):
            name, _, _ = str(check.attributes.get("USERNAME", "")).partition(":")
            leg = self._by_name.get(name)
            if leg is None:
                self.counters.rejected += 1
            else:
                leg.checked(check, (source, address))
        elif adapter.is_answer(check):
            leg = self._by_address.get(address)
            if leg is None or not leg.check_answered(check, (source, address)):
                self.counters.rejected += 1

    def _adopt(self, source: socket.socket, datagram: bytes, address: Address) -> bool:
        """Media from an address that nobody knows: a NAT may have given the browser a new one.

        If it is authentic it counts, and the address is asked whether it answers.
        """
        if not 128 <= datagram[0] <= 191 or 192 <= datagram[1] <= 223:  # noqa: PLR2004
            return False
        now = time.monotonic()
        if now - self._sources_at > 0.5:  # noqa: PLR2004 - twice a second, whatever is sent
            self._sources_at = now
            self._by_source = {}
            for each in self._by_name.values():
                if each.connected and (ssrc := each.media.reception.ssrc) is not None:
                    self._by_source.setdefault(ssrc, []).append(each)
        # Browsers draw the number; that two drew the same is rare, that ten did is an attack.
        candidates = self._by_source.get(int.from_bytes(datagram[8:12], "big"), [])[:2]
        return any(each.moved(datagram, (source, address), now) for each in candidates)


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
        self.connected = False
        self.control = Counters()
        self.agent: Agent[Line] = Agent(offer.ufrag, offer.password)
        self._port = port
        self._limits = limits
        self._identity = identity
        self._on_connected = on_connected
        self._on_rtcp = on_rtcp
        self._on_closed = on_closed
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
            on_over=self._over,
        )
        # Set by the handshake's end, by `answer`, and by `_over` once nothing more may happen.
        self._keys: Keys | None = None
        self._timeout: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

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
        if self._closing is not None or not candidates:
            await self.close()
            raise Unavailable(reason="no_address")
        loop = asyncio.get_running_loop()
        self._timeout = loop.call_later(self._limits.connect_seconds, self._expired)
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
        if line is not None and self._closing is None:
            _send_to(line[0], self.agent.ask(line), line[1])

    async def close(self) -> None:
        """Say goodbye and leave the port."""
        self._over()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    # ------------------------------------------------------------ what the port hands over

    def checked(self, check: adapter.Check, line: Line) -> None:
        """A check that names us; one that does not know the password is counted and no more."""
        if self._closing is not None:
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
        if self._closing is not None or not self.agent.answered(check, line):
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
        if self._closing is None and not self._handshake.feed(datagram):
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
        if self._closing is not None:
            return
        if self._timeout is not None:
            self._timeout.cancel()
        self._keys = keys
        self._port.forwarder.unlock(self.media, keys)
        self.connected = True
        self.media.heard_at = time.monotonic()
        self._on_connected()

    def _expired(self) -> None:
        if not self.connected:
            self._over()

    def _over(self) -> None:
        """Nothing more comes in or goes out; the goodbye is said in the background."""
        if self._closing is not None:
            return
        if self._timeout is not None:
            self._timeout.cancel()
        self.connected = False
        self._keys = None
        self._port.forget(self)
        self._closing = asyncio.get_running_loop().create_task(self._handshake.close())
        self._on_closed()
        # Told for the last time; what refers to nobody is freed without the garbage collector.
        self._on_connected = self._on_closed = _nobody
        self._on_rtcp = _nobody


def _nobody(*_: object) -> None:
    """Whom a leg tells that is over."""


def _send_to(source: socket.socket, datagram: bytes, address: Address) -> bool:
    """Send; False if the kernel would not have it."""
    try:
        source.sendto(datagram, address)
    except OSError:
        return False
    return True


def _enlarge(made: socket.socket) -> None:
    """Let the kernel keep more for us; beyond its limit only if we may."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECEIVE_BUFFER)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except OSError:
        log.debug("the receive buffer stays at the system's limit")
