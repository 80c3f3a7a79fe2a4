"""The connection to one browser, as the node sees it; there are two kinds.

`realtime.voice.shared_leg` has the usual one: all legs of a process share one socket per address.
`realtime.voice.peer_leg` has the fallback: aiortc's own connection, with sockets of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from aioice.ice import get_host_addresses

from realtime.voice.sdp import Offer
from realtime.voice.track import Counters, Media

LOOPBACK = "127.0.0.1"


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where browsers find the media process."""

    bind: tuple[str, ...] = ()
    """Addresses to listen on. None named: every address of the machine, loopback apart; on a
    machine that has no other, loopback."""

    advertise: str | None = None
    """The address that browsers are told, if a one-to-one NAT stands before the machine. Ports
    must pass through it unchanged, and `bind` should name the one address behind it."""

    port: int = 0
    """The UDP port of every address; 0 lets the system choose one at start."""

    def addresses(self) -> list[str]:
        """What to listen on now; interfaces may come and go between two calls."""
        return list(self.bind) or get_host_addresses(use_ipv4=True, use_ipv6=True) or [LOOPBACK]


class Leg(Protocol):
    """One browser's connection. Made for one offer, answered once, closed once.

    Attributes:
        ssrc: the SSRC of what we send to this browser.
        cname: the name of that stream's source in reports; random, it names no person.
    """

    ssrc: int
    cname: str

    @property
    def connected(self) -> bool:
        """The handshake is done and the leg is not closed."""

    @property
    def media(self) -> Media:
        """What is heard and sent over the leg."""

    @property
    def counters(self) -> Counters:
        """Media's, and what else was counted; perhaps a copy."""

    async def answer(self, offer: Offer, *, redundant: bool) -> str:
        """The one answer; `redundant` asks for each frame twice, if the browser offers that.

        The browser has `connect_seconds` from now to complete the handshake.

        Raises:
            Unavailable: no address is open, or the leg was closed meanwhile.
        """

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send a compound RTCP packet; dropped and counted if that cannot be done."""

    def ask(self) -> None:
        """Let the browser show that it is there; an answer moves `media.heard_at`."""

    async def close(self) -> None:
        """Say goodbye to the browser's DTLS and stop. May be called repeatedly."""


class OpenLeg(Protocol):
    """Makes a leg for an offer; nothing is sent before the leg's `answer`.

    The callables are called on the event loop and must not block: `on_connected` once when
    media can flow, `on_rtcp` with each authentic report, `on_closed` exactly once, after which
    nothing is told any more.
    """

    def __call__(
        self,
        offer: Offer,
        *,
        on_connected: Callable[[], None],
        on_rtcp: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> Leg:
        """Make it."""
