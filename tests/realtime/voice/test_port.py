"""The port that all calls of a process share: who is believed, who is not, and what moves."""

import asyncio
import gc
import itertools
import os
import socket
import threading
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import pytest
from aioice import stun

from realtime.patience import Patience
from realtime.voice.adapter import Identity
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath
from realtime.voice.quality import Word
from realtime.voice.sdp import read_offer
from realtime.voice.shared_leg import SharedLeg
from realtime.voice.track import Counters
from tests.realtime.voice.caller import Caller
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import HEADER, rtp
from tests.realtime.voice.ways import WAYS
from tests.waiting import until

LIMITS = VoiceLimits(pulse_seconds=0.05)
REACH = Reach(bind=(LOOPBACK,))
IDENTITY = Identity()

SETUPS = int(os.environ.get("VOICE_SETUPS", "60"))
"""Calls set up and torn down in a row; 2,000 take about a minute."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> MediaPath:
    """Every test of this file runs over Python's path and over C's."""
    return MediaPath(request.param)


@asynccontextmanager
async def carrying(way: MediaPath, limits: VoiceLimits = LIMITS) -> AsyncIterator[Node]:
    node = Node(
        limits=limits,
        reach=REACH,
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        path=way,
    )
    async with node:
        assert node.path == way
        yield node


async def joined(node: Node, person: str, leg: str = "1", call: str = "call") -> Caller:
    made = Caller(IDENTITY)
    await made.accept(await node.join(call, person, made.offer(), leg))
    party = node._calls[call][person]
    async with asyncio.timeout(60):
        while party.current is None or party.current.leg_id != leg:
            await asyncio.sleep(0.005)
    return made


def counted(node: Node, person: str = "buyer") -> Counters:
    current = node._calls["call"][person].current
    assert current is not None
    return current.leg.counters


@asynccontextmanager
async def talking(node: Node) -> AsyncIterator[tuple[Caller, Caller]]:
    """Two who hear each other."""
    buyer, seller = await joined(node, "buyer"), await joined(node, "seller")
    buyer.send(rtp(0, payload=b"hello"))
    await seller.until(lambda: len(seller.heard) == 1)
    seller.send(rtp(0, payload=b"hello"))
    await buyer.until(lambda: len(buyer.heard) == 1)
    try:
        yield buyer, seller
    finally:
        await buyer.close()
        await seller.close()


async def hears(ear: socket.socket, within: float = 60.0) -> bytes | None:
    """The next datagram, or None if none comes."""
    try:
        async with Patience(within):
            return await asyncio.get_running_loop().sock_recv(ear, 2_048)
    except TimeoutError:
        return None


NOTHING = 0.2
"""Seconds without a datagram after which none comes any more."""


@contextmanager
def stranger_to(caller: Caller) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.connect(caller.socket.getpeername())
        yield made


async def still_talk(buyer: Caller, seller: Caller, sequence: int) -> None:
    before = len(seller.heard), len(buyer.heard)
    buyer.send(rtp(sequence, payload=b"there"))
    seller.send(rtp(sequence, payload=b"back"))
    await seller.until(lambda: len(seller.heard) == before[0] + 1)
    await buyer.until(lambda: len(buyer.heard) == before[1] + 1)
    assert seller.heard[-1][12:] == b"there"
    assert buyer.heard[-1][12:] == b"back"
    assert (buyer.refused, seller.refused) == (0, 0)


async def test_all_calls_share_one_port_and_closing_frees_it(way: MediaPath) -> None:
    async with carrying(way) as node:
        callers = [
            await joined(node, person, call=f"call {number}")
            for number in range(3)
            for person in ("buyer", "seller")
        ]
        ports = {each.socket.getpeername() for each in callers}
        assert len(ports) == 1
        for each in callers:
            await each.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(ports.pop())


async def test_the_port_is_the_one_of_the_settings(way: MediaPath) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    node = Node(
        limits=LIMITS,
        reach=msgspec.structs.replace(REACH, port=port),
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        path=way,
    )
    async with node:
        answer = await node.join("call", "buyer", CHROMIUM, "1")
        assert f"m=audio {port} " in answer
        assert "a=ice-lite\r\n" in answer


async def test_every_byte_arrives_in_order_and_gaps_stay(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        spoken = {n: os.urandom(1 + n % 300) for n in range(10, 400) if n % 7}
        for n, payload in spoken.items():
            buyer.send(rtp(n, payload=payload))
            if n % 20 == 0:
                await asyncio.sleep(0.2)  # within the leg's rate
        await seller.until(lambda: len(seller.heard) == 1 + len(spoken))
        heard = seller.heard[1:]
        assert [packet[12:] for packet in heard] == list(spoken.values())
        first = HEADER.unpack_from(heard[0])[2]
        assert [(HEADER.unpack_from(each)[2] - first) & 0xFFFF for each in heard] == [
            n - 10 for n in spoken
        ]


async def test_a_check_without_the_password_is_not_answered(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        check = stun.parse_message(buyer.checks[0])
        forged = stun.Message(
            stun.Method.BINDING, stun.Class.REQUEST, attributes=dict(check.attributes)
        )
        forged.add_message_integrity(b"guessed")
        with stranger_to(buyer) as stranger:
            stranger.send(bytes(forged))
            assert await hears(stranger, NOTHING) is None
            stranger.send(rtp(1, payload=os.urandom(30)))
            assert await hears(stranger, NOTHING) is None
        await until(lambda: counted(node).rejected >= 1)
        await still_talk(buyer, seller, 1)


async def test_who_repeats_an_overheard_check_does_not_get_the_media(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        with stranger_to(buyer) as thief:
            thief.send(buyer.checks[-1])
            for _ in ("an answer", "a question"):
                got = await hears(thief)
                assert got is not None
                assert got[0] < 4
            for n in range(1, 4):
                await still_talk(buyer, seller, n)
            assert await hears(thief, NOTHING) is None


async def test_who_gets_a_new_address_is_followed_once_it_answered(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        await asyncio.sleep(0.6)  # what the port knows of sources is as old as half a second
        buyer.move().close()
        buyer.send(rtp(1, payload=b"from elsewhere"))
        await seller.until(lambda: len(seller.heard) == 2)
        async with asyncio.timeout(60):
            n = 1
            while len(buyer.heard) == 1:
                seller.send(rtp(n, payload=b"found you"))
                n += 1
                await asyncio.sleep(0.02)
        assert seller.heard[-1][12:] == b"from elsewhere"
        assert buyer.heard[-1][12:] == b"found you"
        assert buyer.refused == 0


async def test_a_check_from_a_new_address_moves_the_media_too(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        buyer.move().close()
        buyer.check()
        async with asyncio.timeout(60):
            n = 1
            while len(buyer.heard) == 1:
                seller.send(rtp(n, payload=b"found you"))
                n += 1
                await asyncio.sleep(0.02)
        await still_talk(buyer, seller, 500)


async def test_a_second_handshake_on_a_leg_is_refused(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        hello = b"\x16\xfe\xff\x00\x00" + bytes(6) + b"\x00\x40" + b"\x01" + bytes(63)
        for _ in range(3):
            buyer.send_raw(hello)
        await still_talk(buyer, seller, 1)
        assert counted(node).intruders == 3


async def test_a_repeated_packet_is_heard_once(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        sealed = buyer.keys._tx.protect(rtp(1, payload=b"once"))
        for _ in range(5):
            buyer.send_raw(sealed)
        await seller.until(lambda: len(seller.heard) == 2)
        await still_talk(buyer, seller, 2)
        assert [packet[12:] for packet in seller.heard] == [b"hello", b"once", b"there"]
        assert counted(node).rejected == 4


async def test_oversized_and_wild_packets_harm_nobody(way: MediaPath) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        buyer.send(rtp(1, payload=bytes(1_250)))
        for size in (0, 1, 2, 11, 12, 100, 1_472, 9_000):
            for first in (0, 3, 20, 22, 63, 64, 127, 128, 191, 192, 255):
                buyer.send_raw(bytes([first])[:size] + os.urandom(max(0, size - 1)))
            await asyncio.sleep(0.01)
        await still_talk(buyer, seller, 2)
        assert counted(node).excess == 1
        assert counted(node).rejected > 0


async def test_ten_times_the_rate_is_cut_and_the_other_call_does_not_notice(
    way: MediaPath,
) -> None:
    async with carrying(way) as node, talking(node) as (buyer, seller):
        third = await joined(node, "buyer", call="another")
        fourth = await joined(node, "seller", call="another")
        spoken, began = 0, time.monotonic()
        for n in range(1, 101):
            for burst in range(10):
                third.send(rtp(10 * n + burst, payload=bytes(40)))
            if n % 2:
                buyer.send(rtp(n, payload=bytes(40)))
                spoken += 1
            await asyncio.sleep(0.01)
        await seller.until(lambda: len(seller.heard) == 1 + spoken)
        allowed = LIMITS.packets_per_second * (LIMITS.burst_seconds + time.monotonic() - began)
        assert len(fourth.heard) <= allowed + 1
        for each in (third, fourth):
            await each.close()


async def test_a_connection_over_which_no_sound_comes_is_told(way: MediaPath) -> None:
    told: list[tuple[str, str]] = []

    def tell(call: str, person: str, word: str) -> None:
        told.append((person, word))

    node = Node(
        limits=LIMITS,
        reach=REACH,
        on_connected=lambda *_: None,
        on_silent=lambda *_: None,
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
        on_word=tell,
        path=way,
    )
    async with node, talking(node) as (buyer, seller):
        async with asyncio.timeout(60):
            n = 1
            while ("seller", Word.ONE_WAY) not in told:
                buyer.send(rtp(n))
                seller.check()  # the connection lives
                n += 1
                await asyncio.sleep(0.05)
            assert ("buyer", Word.ONE_WAY) not in told
            while ("seller", Word.HEARD) not in told:
                seller.send(rtp(n))
                n += 1
                await asyncio.sleep(0.05)


async def test_the_other_one_hears_through_ten_changes_of_leg(way: MediaPath) -> None:
    async with carrying(way) as node:
        seller = await joined(node, "seller")
        buyer = await joined(node, "buyer", "0")
        speaking = True
        current = buyer
        sent = 0

        async def speak() -> None:
            nonlocal sent
            while speaking:
                current.send(rtp(1_000 + sent, ssrc=id(current) & 0xFFFF, payload=b"%d" % sent))
                sent += 1
                await asyncio.sleep(0.02)

        task = asyncio.create_task(speak())
        old = []
        for leg in range(1, 11):
            made = await joined(node, "buyer", str(leg))
            old.append(current)
            current = made
            await asyncio.sleep(0.1)
        speaking = False
        await task
        await asyncio.sleep(0.1)
        assert seller.refused == 0
        numbers = [HEADER.unpack_from(each)[2] for each in seller.heard]
        steps = [(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)]
        assert set(steps) == {1}  # for the listener nothing is missing
        heard = [int(each[12:]) for each in seller.heard]
        missing = [b - a - 1 for a, b in itertools.pairwise(heard)]
        assert max(missing) <= 15  # 300 ms
        for each in (*old, current, seller):
            await each.close()


async def test_what_is_over_is_freed_without_the_garbage_collector(way: MediaPath) -> None:
    """Else keys and TLS state of long calls would lie there until it comes, and it holds up all."""
    over: list[weakref.ref[object]] = []

    def remember(node: Node, call: str) -> None:
        for party in node._calls[call].values():
            for each in (party.current, party.joining):
                if each is not None:
                    leg = each.leg
                    assert isinstance(leg, SharedLeg)
                    over.extend(weakref.ref(part) for part in (leg, leg._handshake._dtls))

    limits = msgspec.structs.replace(LIMITS, connect_seconds=0.2)
    async with carrying(way, limits) as node:
        gc.collect()
        gc.disable()
        try:
            ends = [await joined(node, "buyer"), await joined(node, "seller")]
            remember(node, "call")
            ends.append(await joined(node, "buyer", "2"))  # takes the place of the first
            await node.join("another", "buyer", CHROMIUM, "1")  # never answers
            for call in ("call", "another"):
                remember(node, call)
            node.end("call")
            await asyncio.gather(*(each.close() for each in ends))
            ends.clear()
            async with asyncio.timeout(60):
                while any(each() is not None for each in over):
                    await asyncio.sleep(0.02)
            assert len(over) == 2 * 5
        finally:
            gc.enable()


async def test_who_gets_more_than_can_be_read_takes_no_new_call_until_it_is_read(
    way: MediaPath,
) -> None:
    """The event loop may be on time all the while: only so much is read at one tick."""
    limits = msgspec.structs.replace(LIMITS, lag_seconds=0.02)
    async with carrying(way, limits) as node, talking(node) as (buyer, seller):
        plane = node._plane
        assert plane is not None
        assert plane.behind == 0
        with stranger_to(buyer) as stranger:
            async with asyncio.timeout(60):
                while plane.behind <= limits.lag_seconds:
                    for _ in range(2_000):
                        stranger.send(b"more than can be read")
                    await asyncio.sleep(0)
        assert node.overloaded
        async with asyncio.timeout(60):
            while node.overloaded or plane.behind:
                await asyncio.sleep(0.01)
        await still_talk(buyer, seller, 1)


async def test_a_datagram_over_which_we_stumble_does_not_stop_the_reading(way: MediaPath) -> None:
    stumbled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: stumbled.append(what))

    def stumble(_: bytes) -> None:
        raise RuntimeError

    async with carrying(way) as node, talking(node) as (buyer, seller):
        plane, odd = node._plane, Caller(IDENTITY)
        assert plane is not None
        offer = read_offer(odd.offer(), LIMITS)
        leg = plane.leg(offer, on_connected=lambda: None, on_rtcp=stumble, on_closed=lambda: None)
        await odd.accept(await leg.answer(offer, redundant=False))
        report = odd.keys.seal_report(b"\x80\xc9\x00\x01" + bytes(4))
        assert report is not None
        port = plane._port
        assert port is not None
        with stranger_to(buyer) as stranger:
            async with asyncio.timeout(60):
                while not (port.busy and stumbled):
                    for _ in range(500):
                        stranger.send(b"much to read")
                    if port.busy:
                        odd.send_raw(report)
                    await asyncio.sleep(0.002)
        await still_talk(buyer, seller, 1)
        await odd.close()
        await leg.close()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4_096


@pytest.mark.timeout(600)
async def test_calls_that_come_and_go_leave_nothing_behind(way: MediaPath) -> None:
    async with carrying(way) as node:

        async def one(number: int) -> None:
            call = f"call {number}"
            ends = await asyncio.gather(
                joined(node, "buyer", call=call), joined(node, "seller", call=call)
            )
            ends[0].send(rtp(1))
            await ends[1].until(lambda: bool(ends[1].heard))
            node.end(call)
            await asyncio.gather(*(each.close() for each in ends))

        for number in range(20):
            await one(-1 - number)
        await asyncio.sleep(0.2)
        before = open_files(), len(asyncio.all_tasks()), threading.active_count()
        memory = resident()
        for number in range(SETUPS):
            await one(number)
        async with asyncio.timeout(60):
            while len(asyncio.all_tasks()) > before[1] or open_files() > before[0]:
                await asyncio.sleep(0.05)
        assert threading.active_count() <= before[2]
        # Twelve megabytes in all, or six kilobytes a call, are caches that fill up.
        assert resident() - memory < max(12 << 20, SETUPS * 6_000)
