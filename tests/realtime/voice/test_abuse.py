"""What strangers and hostile browsers send: no other call notices, and counters tell."""

import asyncio
import itertools
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from aioice import stun

from orders.errors import SdpRefused
from realtime.voice.adapter import Identity
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from tests.realtime.voice.caller import Caller
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import HEADER, rtp
from tests.realtime.voice.ways import WAYS

LIMITS = VoiceLimits(pulse_seconds=0.05)
UNANSWERED = msgspec.structs.replace(LIMITS, connect_seconds=4.0)
"""For those who never answer; the others have to be connected in this time."""
IDENTITY = Identity()
FRAME = 0.02


@asynccontextmanager
async def carrying(way: str, limits: VoiceLimits) -> AsyncIterator[Node]:
    node = Node(
        limits=limits,
        reach=Reach(bind=(LOOPBACK,)),
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        path=MediaPath(way),
    )
    async with node:
        yield node


async def call(node: Node, name: str) -> tuple[Caller, Caller]:
    """Two who are in a call."""
    ends = Caller(IDENTITY), Caller(IDENTITY)
    for person, end in zip(("buyer", "seller"), ends, strict=True):
        await end.accept(await node.join(name, person, end.offer(), "1"))
    async with asyncio.timeout(60):
        while any(node._calls[name][person].current is None for person in ("buyer", "seller")):
            await asyncio.sleep(0.005)
    return ends


Attack = Callable[[Node, Caller, socket.socket], Awaitable[None]]


async def garbage(node: Node, inside: Caller, outside: socket.socket) -> None:
    for first, size in itertools.product(range(0, 256, 5), (0, 1, 11, 12, 200, 1_400)):
        outside.send(bytes([first])[:size] + os.urandom(max(0, size - 1)))
        await asyncio.sleep(0)


async def oversized(node: Node, inside: Caller, outside: socket.socket) -> None:
    for n in range(20):
        inside.send(rtp(10 + n, payload=bytes(1_300)))
        outside.send(bytes([128]) + bytes(9_000))
        await asyncio.sleep(0.005)


async def spoofed(node: Node, inside: Caller, outside: socket.socket) -> None:
    """Media that names the attacked browser's source and comes from elsewhere, or without keys."""
    for n in range(200):
        outside.send(rtp(n, payload=os.urandom(60)))
        inside.send_raw(rtp(n, payload=os.urandom(60)))
        await asyncio.sleep(0.001)


async def replayed(node: Node, inside: Caller, outside: socket.socket) -> None:
    sealed = inside.keys.seal(rtp(50, payload=b"once"))
    for _ in range(200):
        inside.send_raw(sealed)
        await asyncio.sleep(0.001)


async def forged_checks(node: Node, inside: Caller, outside: socket.socket) -> None:
    overheard = stun.parse_message(inside.checks[0])
    for n in range(200):
        forged = stun.Message(
            stun.Method.BINDING, stun.Class.REQUEST, attributes=dict(overheard.attributes)
        )
        forged.add_message_integrity(b"guess %d" % n)
        outside.send(bytes(forged))
        await asyncio.sleep(0.001)


async def nonsense(node: Node, inside: Caller, outside: socket.socket) -> None:
    """Sealed with the right keys, and no report."""
    for _ in range(50):
        sealed = inside.keys.seal_report(b"\x81\xc8\x00\x01" + bytes(4))
        assert sealed is not None
        inside.send_raw(sealed)
        await asyncio.sleep(0.001)


async def second_client(node: Node, inside: Caller, outside: socket.socket) -> None:
    hello = b"\x16\xfe\xff\x00\x00" + bytes(6) + b"\x00\x40" + b"\x01" + bytes(63)
    for _ in range(100):
        inside.send_raw(hello)
        outside.send(hello)
        await asyncio.sleep(0.001)


async def ten_times_the_rate(node: Node, inside: Caller, outside: socket.socket) -> None:
    for n in range(1_500):
        inside.send(rtp(100 + n, payload=bytes(80)))
        if n % 10 == 0:
            await asyncio.sleep(0.01)


async def silent_browsers(node: Node, inside: Caller, outside: socket.socket) -> None:
    """Browsers that ask for a call and never answer."""
    for n in range(40):
        await node.join(f"never {n}", "buyer", CHROMIUM, "1")
    async with asyncio.timeout(60):
        while any(party.joining for n in range(40) for party in node._calls[f"never {n}"].values()):
            await asyncio.sleep(0.02)


async def endless_offers(node: Node, inside: Caller, outside: socket.socket) -> None:
    """Ten thousand lines, more candidates than a machine has addresses, video, and no Opus."""
    candidate = "a=candidate:1 1 udp 1 198.51.100.%d 9 typ host\r\n"
    for text, reason in (
        (CHROMIUM + "a=x\r\n" * 10_000, "too_large"),
        (CHROMIUM + "".join(candidate % n for n in range(100)), "too_large"),
        (CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n", "has_video"),
        (CHROMIUM.replace("opus", "silk"), "no_opus"),
    ):
        for n in range(50):
            with pytest.raises(SdpRefused) as refused:
                await node.join("offered", "buyer", text, str(n))
            assert refused.value.facts["reason"] == reason
            await asyncio.sleep(0)
    assert "offered" not in node.calls


ATTACKS: dict[Attack, str | None] = {
    garbage: "unwanted",
    oversized: "excess",
    spoofed: "rejected",
    replayed: "rejected",
    forged_checks: "rejected",
    nonsense: "malformed",
    second_client: "intruders",
    ten_times_the_rate: "excess",
    # Refusals are answers with a code of their own, which HTTP and the socket count.
    silent_browsers: None,
    endless_offers: None,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("way", WAYS)
async def test_another_call_does_not_notice_and_counters_tell(way: str, attack: Attack) -> None:
    async with carrying(way, UNANSWERED if attack is silent_browsers else LIMITS) as node:
        speaker, listener = await call(node, "bystanders")
        inside, victim = await call(node, "attacked")
        spoken: list[bytes] = []
        speaking = True

        async def speak() -> None:
            while speaking:
                spoken.append(os.urandom(80))
                speaker.send(rtp(len(spoken), payload=spoken[-1]))
                await asyncio.sleep(FRAME)

        talk = asyncio.create_task(speak())
        await listener.until(lambda: bool(listener.heard), 60)
        name = ATTACKS[attack]
        before = 0 if name is None else getattr(node.counted, name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            outside.setblocking(False)
            outside.connect(inside.socket.getpeername())
            await attack(node, inside, outside)
        await asyncio.sleep(5 * FRAME)
        speaking = False
        await talk
        await listener.until(lambda: len(listener.heard) == len(spoken), 60)

        assert [each[12:] for each in listener.heard] == spoken
        numbers = [HEADER.unpack_from(each)[2] for each in listener.heard]
        assert {(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)} == {1}
        assert (listener.refused, speaker.refused, speaker.heard) == (0, 0, [])
        async with asyncio.timeout(60):  # of calls that are on, once a second
            while name is not None and getattr(node.counted, name) == before:
                await asyncio.sleep(FRAME)
        victim.send(rtp(1, payload=b"still here"))  # and the attacked call lives on
        await inside.until(lambda: bool(inside.heard), 60)
        for end in (speaker, listener, inside, victim):
            await end.close()
