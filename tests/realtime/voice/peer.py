"""A browser's end of a call with the packets in plain sight.

ICE, DTLS and SRTP are aiortc's, as real as a browser's; but nothing is encoded or decoded:
a test hands over RTP packets and looks at those that came, byte by byte.
"""

import asyncio
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aioice import Candidate
from aioice.ice import StunProtocol
from aioice.stun import Message
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from pylibsrtp import Error as SrtpError

from realtime.patience import Patience
from realtime.voice.leg import Reach

HEADER = struct.Struct("!BBHLL")


def rtp(
    sequence: int,
    *,
    timestamp: int | None = None,
    ssrc: int = 0xABCD,
    payload_type: int = 96,
    payload: bytes = b"opus",
    marker: bool = False,
    extension: bytes = b"",
) -> bytes:
    """An RTP packet; `extension` is the whole one-byte-header block's content, padded."""
    first = 0x90 if extension else 0x80
    head = HEADER.pack(
        first,
        (0x80 if marker else 0) | payload_type,
        sequence & 0xFFFF,
        (960 * sequence if timestamp is None else timestamp) & 0xFFFFFFFF,
        ssrc,
    )
    if extension:
        head += struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension
    return head + payload


class Peer:
    """One browser connection, from its offer to its end.

    Attributes:
        heard: RTP packets that came, decrypted.
        reports: RTCP packets that came, decrypted.
        refused: packets that our SRTP refused, which would be the server's fault.
        asked: checks that the server sent by itself.
        deaf: nothing that comes is heard or answered.
    """

    def __init__(self, *, opus: int = 96, reach: Reach | None = None) -> None:
        self.heard: list[bytes] = []
        self.reports: list[bytes] = []
        self.refused = 0
        self.asked = 0
        self.deaf = False
        self._opus = opus
        self._came = asyncio.Event()
        self._ready = asyncio.Event()
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self._pc.addTransceiver("audio")
        self._dtls = transceiver.receiver.transport
        self._connection = self._dtls.transport._connection
        self.ssrc = transceiver.sender._ssrc

        async def started(parameters: object) -> None:
            self._ready.set()

        transceiver.sender.send = started  # type: ignore[method-assign]
        transceiver.receiver.receive = started  # type: ignore[method-assign]
        pass_on = self._connection.data_received
        answer = self._connection.request_received
        gather = self._connection.get_component_candidates

        def request_received(
            message: Message, addr: tuple[str, int], protocol: StunProtocol
        ) -> None:
            if not self.deaf:
                self.asked += 1
                answer(message, addr, protocol)
                self._came.set()

        def data_received(data: bytes, component: int) -> None:
            if self.deaf:
                return
            if not 128 <= data[0] <= 191:
                pass_on(data, component)
                return
            try:
                if 192 <= data[1] <= 223:
                    self.reports.append(self._dtls._rx_srtp.unprotect_rtcp(data))
                else:
                    self.heard.append(self._dtls._rx_srtp.unprotect(data))
            except SrtpError:
                self.refused += 1
            self._came.set()

        async def candidates(
            component: int, addresses: list[str], timeout: int = 5
        ) -> list[Candidate]:
            return await gather(component, (reach or Reach()).addresses(), timeout)

        self._connection.request_received = request_received  # type: ignore[method-assign]
        self._connection.data_received = data_received  # type: ignore[method-assign]
        self._connection.get_component_candidates = candidates  # type: ignore[method-assign]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def offer(self) -> str:
        """The offer, with the payload type of Opus that this browser prefers."""
        await self._pc.setLocalDescription()
        text = str(self._pc.localDescription.sdp)
        own = str(self._opus)
        return text.replace("SAVPF 96 ", f"SAVPF {own} ").replace("rtpmap:96 ", f"rtpmap:{own} ")

    async def accept(self, answer: str) -> None:
        """Take the answer and wait until media can flow."""
        await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(self._ready.wait(), 60)

    def send(self, packet: bytes) -> None:
        """Protect and send an RTP packet."""
        self.send_raw(self._dtls._tx_srtp.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send an RTCP packet."""
        self.send_raw(self._dtls._tx_srtp.protect_rtcp(packet))

    def send_raw(self, datagram: bytes) -> None:
        """Send whatever it is from our socket to the server's."""
        pair = self._connection._nominated[1]
        pair.protocol.transport.sendto(datagram, pair.remote_addr)

    @property
    def server(self) -> tuple[str, int]:
        """The server's address in use."""
        return self._connection._nominated[1].remote_addr

    def vanish(self) -> None:
        """Fall silent like a browser without network: nothing is sent, not even a goodbye."""
        for protocol in self._connection._protocols:
            protocol.transport.abort()

    async def until(self, holds: Callable[[], bool], limit: float = 5) -> None:
        """Wait until something holds that an arriving packet can make true."""
        async with Patience(limit):
            while not holds():
                self._came.clear()
                await self._came.wait()

    async def close(self) -> None:
        """Hang up the connection."""
        await self._pc.close()
