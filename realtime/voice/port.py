"""The one UDP port of a media process, which all its legs share.

What comes in is told apart by its first byte (RFC 7983) and, media and DTLS, by the address it
comes from. An address belongs to a leg from the moment it proved to know the leg's password in
a STUN check; before that nothing from it is believed or answered.

There is one socket per local address, so that an answer leaves from where the question came to.
While little comes, each datagram wakes the process; above `BUSY` datagrams a second it looks
once a millisecond instead and finds several, which costs half of the CPU a packet and adds
half a millisecond of delay on average, where a frame of speech is twenty.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Callable
from functools import partial

import structlog

from realtime.voice import adapter
from realtime.voice.adapter import Identity
from realtime.voice.forwarding import DATAGRAMS, Address, Forwarder
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Candidate, Offer, advertised
from realtime.voice.shared_leg import SharedLeg
from realtime.voice.ticks import Ticks
from realtime.voice.track import Counters

log = structlog.get_logger(__name__)

BUSY = 4_000
"""Datagrams a second, above which reading is by the clock; about forty calls talking."""

QUIET = 3_000
"""Below this it is by wake-up again."""

TICK = 0.001
WINDOW = 0.1
BURSTS = 8
"""Most batches read at one tick, so that a flood cannot keep everything else waiting."""

BUFFER = 4 << 20
"""Bytes that the kernel shall keep for us: a tenth of a second at 100,000 packets a second."""

IDENTITY_LIFE = 24 * 3_600.0
"""Seconds until new legs get a new certificate."""

_PATIENCE = 10 * TICK
"""Seconds since all was read that are nothing to speak of: a few ticks."""

_HOST_PREFERENCE = 126
"""Type preference of host candidates (RFC 8445 section 5.1.2.2)."""

_SO_RCVBUFFORCE = 33


class Port:
    """The sockets of a process, and its legs. `open` before the first leg, `close` at the end.

    Attributes:
        counters: datagrams that belong to no leg, under `unwanted`, and checks of forgers under
            `rejected`.
        receive_buffer: bytes that the kernel keeps of what comes, the least of all sockets;
            0 before `open`.
    """

    def __init__(
        self, limits: VoiceLimits, reach: Reach, forwarder: Forwarder, buffer: int = BUFFER
    ) -> None:
        """Prepare; needs a running event loop."""
        self.counters = Counters()
        self.receive_buffer = 0
        self.forwarder = forwarder
        self._limits = limits
        self._reach = reach
        self._buffer = buffer
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
        self._ticks = Ticks(TICK, self._tick)
        self._window_at = time.monotonic()
        self._window_count = 0
        # When a tick last read all that had come.
        self._emptied_at = 0.0

    @property
    def busy(self) -> bool:
        """Reading is by the clock at the moment."""
        return self._busy

    @property
    def behind(self) -> float:
        """Seconds for which more came than could be read; 0 while it is read as it comes.

        The event loop runs on meanwhile, so its own lag does not tell of it.
        """
        late = time.monotonic() - self._emptied_at if self._busy else 0.0
        return late if late > _PATIENCE else 0.0

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
                kept = _enlarge(made, self._buffer)
                made.bind((host, port))
            except OSError as error:
                made.close()
                log.warning("an address for media cannot be had", error=error.strerror)
                continue
            port = port or made.getsockname()[1]
            self._sockets.append(made)
            self.receive_buffer = min(kept, self.receive_buffer or kept)
        if self._sockets and self.receive_buffer < self._buffer:
            log.warning(
                "the kernel keeps less of what comes than it should: raise net.core.rmem_max",
                asked=self._buffer,
                granted=self.receive_buffer,
            )
        self._listen()

    async def close(self) -> None:
        """Close every leg, then the sockets."""
        await asyncio.gather(*(each.close() for each in list(self._by_name.values())))
        self._ticks.close()
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
            self._busy, self._emptied_at = True, now
            for each in self._sockets:
                self._loop.remove_reader(each)
            self._ticks.start()

    def _tick(self) -> None:
        now = time.monotonic()
        try:
            if self._read_all(now):
                self._emptied_at = now
        finally:  # whatever one datagram does to us, those of all others are read
            if now - self._window_at >= WINDOW and self._rate(now) < QUIET:
                self._busy = False
                self._ticks.stop()
                self._listen()

    def _read_all(self, now: float) -> bool:
        """Read what came, up to a bound; False if more is there."""
        emptied = 0
        for each in self._sockets:
            on_control = partial(self._control, each)
            for _ in range(BURSTS):
                came = self.forwarder.read(each, now, on_control)
                self._window_count += came
                if came < DATAGRAMS:
                    emptied += 1
                    break
        return emptied == len(self._sockets)

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


def _enlarge(made: socket.socket, size: int) -> int:
    """Let the kernel keep so many bytes for us, beyond its usual limit only if we may.

    Returns how many bytes of what comes it will keep.
    """
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    with contextlib.suppress(OSError):  # takes a privilege, and is Linux's
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    kept = made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # Linux answers twice what it was asked for: its own book-keeping is in it (socket(7)).
    return kept // 2 if sys.platform == "linux" else kept
