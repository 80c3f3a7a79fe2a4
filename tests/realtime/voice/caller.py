"""A light end of a call for measuring: one socket, a real ICE check, a real DTLS handshake.

A `Peer` has all of aiortc's connection and costs ten milliseconds of CPU and half a megabyte;
hundreds of them at once would measure themselves. A caller has the parts alone.
"""

import asyncio
import re
import socket
from collections.abc import Callable

from aioice import stun
from pylibsrtp import Error as SrtpError

from realtime.patience import Patience
from realtime.voice.adapter import Handshake, Identity, Keys
from realtime.voice.agent import token
from realtime.voice.sdp import Agreed, Offer

ANSWERED = 0.1
"""Seconds after which an unanswered check is sent again."""

OPUS = 96


class Caller:
    """One browser's end. Its socket is blocking-free and connected once `accept` returned.

    Attributes:
        keys: of its media; set by `accept`.
        ssrc: of what it hears.
        heard: RTP packets that came, decrypted.
        refused: packets that our SRTP refused, which would be the server's fault.
        checks: what it sent to check its path.
        socket: where its media goes in and out.
    """

    keys: Keys

    def __init__(self, identity: Identity) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.ssrc = 0
        self.heard: list[bytes] = []
        self.refused = 0
        self.checks: list[bytes] = []
        self._identity = identity
        self._ufrag, self._password = token(6), token(24)
        self._theirs = ("", "")
        self._reached = asyncio.Event()
        self._ready = asyncio.Event()
        self._came = asyncio.Event()
        self._handshake: Handshake | None = None

    def offer(self) -> str:
        """Its offer."""
        return Offer(
            agreed=Agreed(opus=OPUS),
            name="0",
            ufrag=self._ufrag,
            password=self._password,
            fingerprints=(("sha-256", self._identity.fingerprint),),
            setup="actpass",
        ).reduced()

    async def accept(self, answer: str) -> None:
        """Take the answer, check the path, shake hands; media can flow afterwards."""

        def value(key: str) -> str:
            found = re.search(rf"a={key}:(\S+)", answer)
            assert found is not None, key
            return found[1]

        self._theirs = value("ice-ufrag"), value("ice-pwd")
        if (source := re.search(r"a=ssrc:(\d+)", answer)) is not None:
            self.ssrc = int(source[1])
        digest = re.search(r"a=fingerprint:sha-256 (\S+)", answer)
        candidate = re.search(r"a=candidate:\S+ 1 udp \d+ (\d+\.\S+) (\d+)", answer)
        assert digest is not None
        assert candidate is not None
        loop = asyncio.get_running_loop()
        self.socket.connect((candidate[1], int(candidate[2])))
        self._handshake = Handshake(
            self._identity,
            active=value("setup") == "passive",
            fingerprints=(("sha-256", digest[1]),),
            pending=64,
            send=self._send,
            on_keys=self._keyed,
            on_over=lambda: None,
        )
        loop.add_reader(self.socket, self._readable)
        async with asyncio.timeout(60):
            while not self._reached.is_set():
                self.check()
                try:
                    await asyncio.wait_for(self._reached.wait(), ANSWERED)
                except TimeoutError:
                    continue
            self._handshake.start()
            await self._ready.wait()

    def check(self) -> None:
        """Send one ICE check that names this path."""
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self._theirs[0]}:{self._ufrag}",
                "PRIORITY": 1,
                "ICE-CONTROLLING": 1,
                "USE-CANDIDATE": None,
            },
        )
        message.add_message_integrity(self._theirs[1].encode())
        self.checks.append(bytes(message))
        self._send(bytes(message))

    def send(self, packet: bytes) -> None:
        """Protect and send an RTP packet."""
        self._send(self.keys._tx.protect(packet))

    def send_raw(self, datagram: bytes) -> None:
        """Send whatever it is."""
        self._send(datagram)

    async def until(self, holds: Callable[[], bool], limit: float = 5) -> None:
        """Wait until something holds that an arriving packet can make true."""
        async with Patience(limit):
            while not holds():
                self._came.clear()
                await self._came.wait()

    def move(self) -> socket.socket:
        """Go on from another port, as after a NAT forgot us; returns the old one, unread."""
        loop = asyncio.get_running_loop()
        old, server = self.socket, self.socket.getpeername()
        loop.remove_reader(old)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(server)
        loop.add_reader(self.socket, self._readable)
        return old

    def hold(self) -> None:
        """Read nothing any more: somebody else reads the socket."""
        asyncio.get_running_loop().remove_reader(self.socket)

    async def close(self) -> None:
        """Say goodbye."""
        self.hold()
        try:
            if self._handshake is not None:
                await self._handshake.close()
        finally:
            self.socket.close()

    def _send(self, datagram: bytes) -> None:
        try:
            self.socket.send(datagram)
        except OSError:
            return  # as the network may lose any datagram

    def _keyed(self, keys: Keys) -> None:
        self.keys = keys
        self._ready.set()

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data = self.socket.recv(2_048)
            except OSError:
                return
            if data[:1] < b"\x04":
                self._checked(data)
            elif 20 <= data[0] <= 63 and self._handshake is not None:
                self._handshake.feed(data)
            elif 128 <= data[0] <= 191 and not 192 <= data[1] <= 223:
                try:
                    self.heard.append(bytes(self.keys._rx.unprotect(data)))
                except SrtpError:
                    self.refused += 1
                self._came.set()

    def _checked(self, data: bytes) -> None:
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            self._reached.set()
        elif message.message_class == stun.Class.REQUEST:
            told = stun.Message(
                stun.Method.BINDING,
                stun.Class.RESPONSE,
                message.transaction_id,
                {"XOR-MAPPED-ADDRESS": self.socket.getpeername()[:2]},
            )
            told.add_message_integrity(self._password.encode())
            self._send(bytes(told))
