"""aiortc, aioice and pylibsrtp, as far as a leg on the shared socket needs them.

The handshake, SRTP, and three formats: the answer's SDP, STUN and RTCP. What those packages keep
private and we lean on is used here and in `peer_leg` (the fallback), and nowhere else; a test
holds both to their lists. The list of this file is `PRIVATE_NAMES`:

- `RTCDtlsTransport._rx_srtp`, `._tx_srtp`: the SRTP sessions after the handshake;
- `RTCDtlsTransport._set_role`: who begins the handshake;
- `RTCCertificate._create_ssl_context`: replaced, so that all legs share one TLS context;
- `Session._srtp` and the module `pylibsrtp._binding`: libsrtp itself, to work in place.

`RTCDtlsTransport` asks of its transport a coroutine `_recv` and a coroutine `_send`; `_Wire`
is an object that has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from aioice import stun
from aiortc import rtp, sdp
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceParameters
from aiortc.rtcrtpparameters import (
    ParametersDict,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)
from OpenSSL import SSL
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session, _binding

from realtime.voice.sdp import (
    AUDIO_LEVEL,
    MID,
    OPUS_CLOCK,
    OPUS_PROFILE,
    PROFILE,
    Offer,
    Transport,
)

PRIVATE_NAMES = (
    "aiortc.RTCCertificate._create_ssl_context",
    "aiortc.RTCDtlsTransport._rx_srtp",
    "aiortc.RTCDtlsTransport._set_role",
    "aiortc.RTCDtlsTransport._tx_srtp",
    "pylibsrtp.Session._srtp",
    "pylibsrtp._binding.ffi",
    "pylibsrtp._binding.lib.srtp_protect",
    "pylibsrtp._binding.lib.srtp_unprotect",
)
"""Names without a promise behind them, which is why the three packages are pinned exactly."""

_ffi = _binding.ffi
_lib = _binding.lib

_HANDSHAKE = 22
_CLIENT_HELLO = 1


class Keys:
    """Both directions of one leg's SRTP."""

    __slots__ = ("_rx", "_tx", "rx", "tx")

    def __init__(self, rx: Session, tx: Session) -> None:
        """Take over the sessions of a finished handshake."""
        self._rx, self._tx = rx, tx
        # libsrtp's own sessions; alive as long as the two objects above.
        self.rx = rx._srtp[0]  # noqa: SLF001 - see the module's list
        self.tx = tx._srtp[0]  # noqa: SLF001 - see the module's list

    def read(self, packet: bytes) -> bytes | None:
        """The RTP packet inside, or None if it is not authentic."""
        try:
            return bytes(self._rx.unprotect(packet))
        except (SrtpError, ValueError):
            return None

    def seal(self, packet: bytes) -> bytes:
        """The RTP packet, protected."""
        return bytes(self._tx.protect(packet))

    def read_report(self, packet: bytes) -> bytes | None:
        """The RTCP packet inside, or None if it is not authentic."""
        try:
            return bytes(self._rx.unprotect_rtcp(packet))
        except (SrtpError, ValueError):
            return None

    def seal_report(self, packet: bytes) -> bytes | None:
        """The RTCP packet, protected; None if it is too long."""
        try:
            return bytes(self._tx.protect_rtcp(packet))
        except (SrtpError, ValueError):
            return None


class InPlace:
    """SRTP in a buffer of its own, without a copy.

    Attributes:
        buffer: the packet, from its first byte on.
        view: the same memory, to cut a piece off without a copy.
    """

    __slots__ = ("_at", "_size", "buffer", "view")

    def __init__(self, size: int) -> None:
        """Make the buffer; a packet must leave 144 bytes free behind it."""
        self.buffer = bytearray(size)
        self.view = memoryview(self.buffer)
        self._at = _ffi.from_buffer(self.buffer)
        self._size = _ffi.new("int *")

    def unprotect(self, keys: Keys, size: int) -> int:
        """Verify and decrypt; the size that is left, or 0 if it is not authentic or a repeat."""
        self._size[0] = size
        return 0 if _lib.srtp_unprotect(keys.rx, self._at, self._size) else int(self._size[0])

    def protect(self, keys: Keys, size: int) -> int:
        """Encrypt and sign; the size it has grown to, or 0 if libsrtp refuses the number."""
        self._size[0] = size
        return 0 if _lib.srtp_protect(keys.tx, self._at, self._size) else int(self._size[0])


def srtp_functions() -> tuple[int, int]:
    """Addresses of libsrtp's unprotect and protect, for code that cannot call Python."""
    return tuple(
        int(_ffi.cast("uintptr_t", _ffi.addressof(_lib, name)))
        for name in ("srtp_unprotect", "srtp_protect")
    )  # type: ignore[return-value]


def srtp_session(session: Any) -> int:  # noqa: ANN401 - cffi's data has no type
    """Address of one of the sessions of `Keys`."""
    return int(_ffi.cast("uintptr_t", session))


class _Certificate(RTCCertificate):
    """A certificate whose TLS context is made once: it costs more than a handshake's share."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            context = super()._create_ssl_context(srtp_profiles)
            # A browser never needs a second handshake on one connection, an attacker may.
            context.set_options(SSL.OP_NO_RENEGOTIATION)
            context.set_mode(SSL.MODE_RELEASE_BUFFERS)
            self._context = context
        return self._context


class Identity:
    """Who the server is in the handshakes of its legs.

    Attributes:
        fingerprint: SHA-256 digest of the certificate, in upper-case hexadecimal pairs.
    """

    def __init__(self) -> None:
        """Make a key and a certificate."""
        self.certificate = _Certificate.generateCertificate()
        self.fingerprint = next(
            each.value for each in self.certificate.getFingerprints() if each.algorithm == "sha-256"
        )


def _nobody(*_: object) -> None:
    """Whom something tells that is over."""


class _Wire:
    """The transport that a handshake runs over: datagrams in a queue, and a callable to send."""

    def __init__(self, send: Callable[[bytes], object], limit: int) -> None:
        self._send_now = send
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._wanted: asyncio.Future[None] | None = None
        self._closed = False

    def feed(self, datagram: bytes) -> bool:
        """Add a datagram; False if too many wait."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(datagram)
        self._wake()
        return True

    def close(self) -> None:
        """Let whoever waits know that nothing will come; nothing is sent any more."""
        self._closed = True
        self._send_now = _nobody
        self._wake()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    async def _recv(self) -> bytes:
        while not self._waiting:
            if self._closed:
                raise ConnectionError("the leg is closed")
            self._wanted = asyncio.get_running_loop().create_future()
            try:
                await self._wanted
            finally:
                self._wanted = None
        return self._waiting.popleft()

    async def _send(self, datagram: bytes) -> None:
        self._send_now(datagram)


class Handshake:
    """DTLS with one browser: keys for its media, and its goodbye."""

    def __init__(
        self,
        identity: Identity,
        *,
        active: bool,
        fingerprints: tuple[tuple[str, str], ...],
        pending: int,
        send: Callable[[bytes], object],
        on_keys: Callable[[Keys], None],
        on_over: Callable[[], None],
    ) -> None:
        """Prepare a handshake that we begin if `active`.

        The browser must show a certificate with one of the `fingerprints` (algorithm, digest).
        `pending` datagrams may wait. `on_over` is told if the handshake fails or the browser
        ends the connection, perhaps more than once.
        """
        self._on_keys = on_keys
        self._on_over = on_over
        self._fingerprints = [RTCDtlsFingerprint(*each) for each in fingerprints]
        self._wire = _Wire(send, pending)
        self._active = active
        self._dtls = RTCDtlsTransport(cast("Any", self._wire), [identity.certificate])
        self._dtls._set_role("client" if active else "server")  # noqa: SLF001 - module's list
        self._dtls.on("statechange", self._changed)
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """`start` was called."""
        return self._task is not None

    def start(self) -> None:
        """Begin, or await the browser's beginning."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def feed(self, datagram: bytes) -> bool:
        """A DTLS datagram of the browser's address; False if it has no business here."""
        intrudes = (
            len(datagram) > 13  # noqa: PLR2004 - the record's header (RFC 6347 section 4.1)
            and datagram[0] == _HANDSHAKE
            and datagram[13] == _CLIENT_HELLO
            and datagram[3:5] == b"\0\0"
            and (self._active or self._dtls.state == "connected")
        )
        return not intrudes and self._wire.feed(datagram)

    async def close(self) -> None:
        """Say goodbye and stop."""
        await self._dtls.stop()
        self._wire.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._dtls.remove_all_listeners()
        # Nothing here leads back to its owner: both are freed now, keys and TLS state with them,
        # and not when the garbage collector comes by, which holds up the packets of all calls.
        self._on_keys = self._on_over = _nobody

    async def _run(self) -> None:
        with contextlib.suppress(SSL.Error, ConnectionError):
            await self._dtls.start(RTCDtlsParameters(fingerprints=self._fingerprints))
        if self._dtls.state != "connected":
            self._on_over()
            return
        self._on_keys(
            Keys(
                self._dtls._rx_srtp,  # noqa: SLF001 - see the module's list
                self._dtls._tx_srtp,  # noqa: SLF001 - see the module's list
            )
        )

    def _changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._on_over()


# ------------------------------------------------------------------------------------- STUN

Check = stun.Message


def read_check(datagram: bytes) -> Check | None:
    """A STUN binding message, or None if it is none. It has proved nothing yet."""
    try:
        message = stun.parse_message(datagram)
    except (ValueError, IndexError, KeyError, struct.error):
        return None
    return message if message.message_method == stun.Method.BINDING else None


def is_request(check: Check) -> bool:
    """It asks for an answer."""
    return check.message_class == stun.Class.REQUEST


def is_answer(check: Check) -> bool:
    """It answers a request of ours."""
    return check.message_class == stun.Class.RESPONSE


def knows(check: Check, password: str) -> bool:
    """Whoever sent it knows the password (MESSAGE-INTEGRITY, RFC 8489 section 14.5)."""
    return check.check_message_integrity(password.encode())


def answer(check: Check, address: tuple[str, int], password: str) -> bytes:
    """The answer to a request that came from `address`."""
    told = {"XOR-MAPPED-ADDRESS": address}
    return _signed(password, stun.Class.RESPONSE, told, check.transaction_id)


def role_conflict(check: Check, password: str) -> bytes:
    """The answer to one who takes our part: it should take the other (RFC 8445 section 7.3.1.1)."""
    told = {"ERROR-CODE": (487, "Role Conflict")}
    return _signed(password, stun.Class.ERROR, told, check.transaction_id)


def request(
    transaction: bytes, *, username: str, password: str, priority: int, tie_breaker: int
) -> bytes:
    """Our own check of an address: will it answer?"""
    told = {"USERNAME": username, "PRIORITY": priority, "ICE-CONTROLLED": tie_breaker}
    return _signed(password, stun.Class.REQUEST, told, transaction)


def nominate(*, username: str, password: str) -> bytes:
    """A browser's check that names its path; for our own calls to ourselves."""
    told = {"USERNAME": username, "PRIORITY": 1, "ICE-CONTROLLING": 1, "USE-CANDIDATE": None}
    return _signed(password, stun.Class.REQUEST, told)


def _signed(
    password: str, kind: stun.Class, attributes: dict[str, Any], transaction: bytes | None = None
) -> bytes:
    """A binding message whose sender shows the password; None draws a transaction of its own."""
    message = stun.Message(stun.Method.BINDING, kind, transaction, attributes)
    message.add_message_integrity(password.encode())
    return bytes(message)


# -------------------------------------------------------------------------------------- SDP


def write_answer(
    offer: Offer,
    transport: Transport,
    *,
    ssrc: int,
    cname: str,
    identifier: int,
    redundant: bool = False,
    lite: bool = False,
) -> str:
    """The complete answer to `offer`: nothing is added or changed later.

    `ssrc` and `cname` name the stream we shall send; `identifier` is any number that tells two
    sessions apart. The transport needs at least one candidate. `redundant` asks the browser to
    send each frame twice, if it offered that; `lite` says that we answer checks and send none.
    """
    first, codecs = transport.candidates[0], _codecs(offer, redundant=redundant)
    media = sdp.MediaDescription("audio", first.port, PROFILE, [c.payloadType for c in codecs])
    media.host = first.host
    media.direction = "sendrecv"
    media.msid = f"{cname} voice"
    media.rtcp_port, media.rtcp_host, media.rtcp_mux = 9, "0.0.0.0", True  # noqa: S104 - RFC 8840
    media.ssrc = [sdp.SsrcDescription(ssrc=ssrc, cname=cname)]
    media.rtp.muxId = offer.name
    media.rtp.codecs = codecs
    media.rtp.headerExtensions = [
        RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        for number, uri in ((offer.agreed.audio_level, AUDIO_LEVEL), (offer.agreed.mid, MID))
        if number is not None
    ]
    media.dtls = RTCDtlsParameters(
        fingerprints=[RTCDtlsFingerprint("sha-256", transport.fingerprint)],
        role=sdp.DTLS_SETUP_ROLE[offer.our_setup],
    )
    media.ice = RTCIceParameters(
        iceLite=lite, usernameFragment=transport.ufrag, password=transport.password
    )
    media.ice_candidates = [
        RTCIceCandidate(1, each.foundation, each.host, each.port, each.priority, "udp", "host")
        for each in transport.candidates
    ]
    media.ice_candidates_complete = True
    answer = sdp.SessionDescription()
    answer.origin = f"- {identifier} 1 IN IP4 0.0.0.0"
    answer.group = [sdp.GroupDescription("BUNDLE", [offer.name])]
    answer.msid_semantic = [sdp.GroupDescription("WMS", ["*"])]
    answer.media = [media]
    return str(answer)


def _codecs(offer: Offer, *, redundant: bool) -> list[RTCRtpCodecParameters]:
    """What the answer names; what stands first a browser sends, the rest it is ready to hear."""

    def codec(name: str, number: int, channels: int, wishes: str = "") -> RTCRtpCodecParameters:
        meant: ParametersDict = sdp.parameters_from_sdp(wishes) if wishes else {}
        return RTCRtpCodecParameters(
            f"audio/{name}", OPUS_CLOCK, channels, number, parameters=meant
        )

    agreed = offer.agreed
    found = [codec("opus", agreed.opus, 2, OPUS_PROFILE)]
    if agreed.red is not None:
        twice = codec("red", agreed.red, 2, f"{agreed.opus}/{agreed.opus}")
        found.insert(0 if redundant else 1, twice)
    if agreed.telephone_event is not None:
        found.append(codec("telephone-event", agreed.telephone_event, 1))
    return found


# ------------------------------------------------------------------------------------- RTCP

Reported = rtp.RtcpReceiverInfo
"""How one source is heard (RFC 3550 section 6.4.1), in the units of the wire."""

SenderReport = rtp.RtcpSrPacket
Report = SenderReport | rtp.RtcpRrPacket

NAME = 1
"""CNAME, of the items that describe a source (RFC 3550 section 6.5.1)."""


def read_reports(packet: bytes) -> list[Report]:
    """The sender and receiver reports of a compound packet; other kinds are passed over.

    Raises:
        ValueError: it is not RTCP.
    """
    return [each for each in rtp.RtcpPacket.parse(packet) if isinstance(each, Report)]


def write_report(
    ssrc: int, cname: str, sent: tuple[int, int, int, int] | None, heard: Reported | None
) -> bytes:
    """A compound packet of the source `ssrc`: its report, and its name.

    It is a sender report if something was `sent`: NTP time in 32.32 bits, RTP timestamp, packets
    and octets. `heard` tells of the one source that is listened to.
    """
    blocks = [] if heard is None else [heard]
    if sent is None:
        report: Report = rtp.RtcpRrPacket(ssrc, blocks)
    else:
        report = SenderReport(ssrc, rtp.RtcpSenderInfo(*sent), blocks)
    named = rtp.RtcpSdesPacket([rtp.RtcpSourceInfo(ssrc, [(NAME, cname.encode("ascii"))])])
    return bytes(report) + bytes(named)


def write_goodbye(ssrc: int) -> bytes:
    """The source says nothing more; goes behind a report."""
    return bytes(rtp.RtcpByePacket([ssrc]))
