"""The fallback leg: ICE, DTLS and SRTP by aiortc's own connection, its media path set aside.

It opens a socket per leg and address and costs twice as much as a leg on the shared port, but
needs nothing of ours below RTP. It leans on these private names; a test holds it to the list
(`PRIVATE_NAMES`):

- `RTCDtlsTransport._rx_srtp`, `._tx_srtp`: the SRTP sessions after the handshake;
- `RTCIceTransport._connection`: the ICE agent, and of it
  - `data_received`: called for every datagram that is not STUN,
  - `check_incoming`: called for every STUN check that proved to know our password,
  - `get_component_candidates`: told on which addresses to listen,
  - `_nominated`: the pair of addresses in use,
  - `build_request`, and its pair's `protocol.request`: a check of ours, and its answer,
  - `_queue`: what waits for the handshake;
- `RTCRtpSender._ssrc`: the SSRC we send with.

Nothing of aiortc's decoders, encoders, jitter buffer and report loops starts, because the two
coroutines that would start them are replaced on the instances. Media takes this way instead:
datagram, unprotect, `Track.take`, protect, datagram. Whatever else arrives goes on to aiortc
untouched.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import structlog
from aioice import Candidate as IceCandidate
from aioice import stun
from aioice.ice import CandidatePair, StunProtocol
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters, RTCRtpSendParameters
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from orders.errors import Unavailable
from realtime.voice.adapter import write_answer
from realtime.voice.leg import Reach
from realtime.voice.life import Life
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Candidate, Offer, Transport, advertised
from realtime.voice.track import Track

log = structlog.get_logger(__name__)

PRIVATE_NAMES = (
    "aioice.ice.Connection._nominated",
    "aioice.ice.Connection._queue",
    "aioice.ice.Connection.build_request",
    "aioice.ice.Connection.check_incoming",
    "aioice.ice.Connection.data_received",
    "aioice.ice.Connection.get_component_candidates",
    "aiortc.RTCDtlsTransport._rx_srtp",
    "aiortc.RTCDtlsTransport._tx_srtp",
    "aiortc.RTCIceTransport._connection",
    "aiortc.RTCRtpSender._ssrc",
)
"""Names without a promise behind them, which is why the three packages are pinned exactly."""


class _PeerTrack(Track):
    """A track that knows the leg which sends what its browser should hear."""

    __slots__ = ("leg",)

    leg: PeerLeg


class PeerLeg:
    """One browser's connection with sockets of its own. A `Leg`."""

    def __init__(
        self,
        offer: Offer,
        *,
        limits: VoiceLimits,
        reach: Reach,
        on_connected: Callable[[], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> None:
        """Prepare; no socket is opened before `answer`. Needs a running event loop."""
        self.cname = secrets.token_hex(8)
        self._limits = limits
        self._reach = reach
        self._on_rtcp = on_rtcp
        self._life = Life(let_go=self._let_go, on_connected=on_connected, on_closed=on_closed)
        self._loop = asyncio.get_running_loop()
        # Our own check while it is not answered.
        self._asking: set[asyncio.Task[None]] = set()
        # From the handshake's end to the leg's.
        self._rx: Session | None = None
        self._tx: Session | None = None

        # Without the empty list aiortc would ask a public STUN server for our address.
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self._peer.addTransceiver("audio", direction="sendrecv")
        self._sender = transceiver.sender
        self._dtls = transceiver.receiver.transport
        self._ice = self._dtls.transport
        self.ssrc: int = self._sender._ssrc  # noqa: SLF001 - see the module's list
        self.media = _PeerTrack(
            limits,
            self.ssrc,
            offer.agreed,
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
        )
        self.media.leg = self
        self.counters = self.media.counters

        async def start_sending(parameters: RTCRtpSendParameters) -> None:  # noqa: ARG001
            self._established()

        async def start_receiving(parameters: RTCRtpReceiveParameters) -> None:
            """Start nothing: media never reaches aiortc's receiver."""

        transceiver.sender.send = start_sending  # type: ignore[method-assign]
        transceiver.receiver.receive = start_receiving  # type: ignore[method-assign]
        self._peer.on("connectionstatechange", self._state_changed)
        self._hook_connection()

    @property
    def connected(self) -> bool:
        """The handshake is done and the leg is not closed."""
        return self._life.connected

    async def answer(self, offer: Offer, *, redundant: bool) -> str:
        """Gather every address of ours, then write the one answer."""
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(offer.reduced(), "offer"))
            await self._peer.setLocalDescription()
        except Exception as error:
            # aiortc has no root for what goes wrong inside it, and a close in the middle of
            # either step comes out as any of several. The message may hold the offer: not logged.
            log.warning("an offer could not be answered", error=type(error).__name__)
            await self.close()
            raise Unavailable(reason="leg_closed") from error
        candidates = advertised(self._gathered(), self._reach.advertise)
        if self._life.over or not candidates:
            await self.close()
            raise Unavailable(reason="no_address")
        self._life.awaited(self._limits.connect_seconds)
        credentials = self._ice.iceGatherer.getLocalParameters()
        digests = {
            each.algorithm: each.value for each in self._dtls.getLocalParameters().fingerprints
        }
        transport = Transport(
            ufrag=credentials.usernameFragment or "",
            password=credentials.password or "",
            fingerprint=digests["sha-256"],
            candidates=candidates,
        )
        return write_answer(
            offer,
            transport,
            ssrc=self.ssrc,
            cname=self.cname,
            identifier=secrets.randbits(62),
            redundant=redundant,
        )

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send an RTP packet; it is dropped and counted if that cannot be done."""
        pair = self._connection._nominated.get(1)  # noqa: SLF001 - see the module's list
        if pair is None or self._tx is None:
            self.counters.unsent += 1
            return
        try:
            pair.protocol.transport.sendto(self._tx.protect(packet), pair.remote_addr)
        except (SrtpError, ValueError):
            self.counters.unsent += 1
        else:
            self.counters.sent += 1

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send a compound RTCP packet."""
        pair = self._connection._nominated.get(1)  # noqa: SLF001 - see the module's list
        if pair is None or self._tx is None:
            self.counters.unsent += 1
            return
        try:
            pair.protocol.transport.sendto(self._tx.protect_rtcp(packet), pair.remote_addr)
        except (SrtpError, ValueError):
            self.counters.unsent += 1
        else:
            self.counters.sent += 1

    def ask(self) -> None:
        """Send a check of ours over the path in use."""
        pair = self._connection._nominated.get(1)  # noqa: SLF001 - see the module's list
        if pair is not None and not self._life.over and not self._asking:
            self._asking.add(task := self._loop.create_task(self._ask(pair)))
            task.add_done_callback(self._asking.discard)

    async def _ask(self, pair: CandidatePair) -> None:
        password = self._connection.remote_password or ""
        with contextlib.suppress(stun.TransactionError, ConnectionError):
            await pair.protocol.request(
                self._connection.build_request(pair, nominate=False),
                pair.remote_addr,
                integrity_key=password.encode(),
                retransmissions=0,
            )
            self.media.heard_at = monotonic()

    async def close(self) -> None:
        """Say goodbye to the browser's DTLS and close the sockets. May be called repeatedly."""
        await self._life.close()

    def _gathered(self) -> tuple[Candidate, ...]:
        """The addresses on which this leg listens."""
        return tuple(
            Candidate(
                foundation=each.foundation, priority=each.priority, host=each.ip, port=each.port
            )
            for each in self._ice.iceGatherer.getLocalCandidates()
        )

    def _hook_connection(self) -> None:
        """Step between the ICE agent and aiortc."""
        connection = self._connection = self._ice._connection  # noqa: SLF001 - module's list
        waiting = connection._queue  # noqa: SLF001 - see the module's list
        pass_on = connection.data_received
        check = connection.check_incoming
        gather = connection.get_component_candidates
        counters = self.counters
        limit = self._limits.pending_datagrams

        def data_received(data: bytes, component: int) -> None:
            # The first byte tells the protocols apart (RFC 7983): 128 to 191 is media.
            if data and 128 <= data[0] <= 191:  # noqa: PLR2004
                session = self._rx
                if session is None or len(data) < 2:  # noqa: PLR2004
                    counters.unwanted += 1
                    return
                # The second byte tells RTP from RTCP (RFC 5761 section 4).
                is_report = 192 <= data[1] <= 223  # noqa: PLR2004
                try:
                    packet = session.unprotect_rtcp(data) if is_report else session.unprotect(data)
                except (SrtpError, ValueError):
                    counters.rejected += 1
                    return
                if is_report:
                    counters.received += 1
                    self.media.heard_at = monotonic()
                    self._on_rtcp(packet)
                    return
                buffer = bytearray(packet)
                size = self.media.take(buffer, len(buffer), monotonic())
                if size and isinstance(self.media.listener, _PeerTrack):
                    self.media.listener.leg.send_rtp(bytes(buffer[:size]))
            elif data and waiting.qsize() < limit:
                pass_on(data, component)
            else:
                counters.unwanted += 1

        def check_incoming(
            message: stun.Message, addr: tuple[str, int], protocol: StunProtocol
        ) -> None:
            self.media.heard_at = monotonic()
            check(message, addr, protocol)

        async def get_component_candidates(
            component: int,
            addresses: list[str],  # noqa: ARG001 - ours instead, which may include loopback
            timeout: int = 5,  # noqa: ASYNC109 - the signature is aioice's
        ) -> list[IceCandidate]:
            found = await gather(component, self._reach.addresses(), timeout)
            if self._life.over:
                # These sockets were opened after the agent closed those it had.
                await connection.close()
            return found

        connection.data_received = data_received  # type: ignore[method-assign]
        connection.check_incoming = check_incoming  # type: ignore[method-assign]
        connection.get_component_candidates = get_component_candidates  # type: ignore[method-assign]

    def _established(self) -> None:
        if self._life.over or self._life.connected:
            return
        self._rx = self._dtls._rx_srtp  # noqa: SLF001 - see the module's list
        self._tx = self._dtls._tx_srtp  # noqa: SLF001 - see the module's list
        self.media.heard_at = monotonic()
        self._life.connect()

    def _state_changed(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self._life.end()

    def _let_go(self) -> Coroutine[Any, Any, None]:
        """Nothing more comes in or goes out; the sockets are closed in the background."""
        self._rx = self._tx = None
        for each in self._asking:
            each.cancel()
        return self._peer.close()
