"""Two browsers talk through the node, over real UDP, DTLS and SRTP."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import uvloop

from orders.errors import CallOver, IdReused, SdpRefused, TooManyOpen
from realtime.voice.leg import LOOPBACK, Reach
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import Peer, rtp
from tests.realtime.voice.room import LIMITS, Opened, heard, received, sequences


async def both_hear_each_other(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer(opus=111) as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        spoken = [os.urandom(1 + 3 * n) for n in range(50)]
        for n, payload in enumerate(spoken):
            buyer.send(rtp(n, payload=payload))
            seller.send(rtp(30_000 + n, payload_type=111, payload=payload[::-1]))
        await heard(seller, spoken)
        await heard(buyer, [payload[::-1] for payload in spoken])
        assert {packet[1] & 0x7F for packet in seller.heard} == {111}
        assert {packet[1] & 0x7F for packet in buyer.heard} == {96}


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_both_hear_each_other_byte_by_byte_on_either_event_loop(
    opened: Opened, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(both_hear_each_other(opened))


async def test_loss_and_reordering_reach_the_listener_as_they_are(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        order = [0, 1, 2, 5, 4, 9]
        for n in order:
            buyer.send(rtp(n))
        await seller.until(lambda: len(seller.heard) == len(order))
        first = sequences(seller)[0]
        assert [(each - first) & 0xFFFF for each in sequences(seller)] == order


async def test_who_reconnects_is_heard_on_in_the_same_stream(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        for n in range(10):
            buyer.send(rtp(60_000 + n, ssrc=1, payload=b"old %d" % n))
        await seller.until(lambda: len(seller.heard) == 10)
        async with Peer(opus=111) as again:
            await room.join("buyer", again, "2")
            for n in range(10):
                again.send(rtp(7 + n, ssrc=2, payload_type=111, payload=b"new %d" % n))
            await seller.until(lambda: len(seller.heard) == 20)
            first = sequences(seller)[0]
            assert [(each - first) & 0xFFFF for each in sequences(seller)] == list(range(20))
            assert {packet[8:12] for packet in seller.heard} == {seller.heard[0][8:12]}
            assert seller.refused == 0
            # And the one who came back hears the other.
            seller.send(rtp(1, payload=b"welcome"))
            await heard(again, [b"welcome"])


async def test_nobody_falls_silent_while_a_leg_is_replaced(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as again, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        await room.join("buyer", again, "2")
        again.send(rtp(1, payload=b"still here"))
        await heard(seller, [b"still here"])
        assert room.told == [("connected", "buyer"), ("connected", "seller"), ("replaced", "buyer")]


async def test_the_old_leg_is_heard_until_the_new_one_is_connected(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller, Peer() as never:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        await room.node.join("call", "buyer", await never.offer(), "2")
        buyer.send(rtp(1, payload=b"meanwhile"))
        await heard(seller, [b"meanwhile"])


async def test_a_muted_party_is_not_heard_and_its_pause_is_not_loss(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        buyer.send(rtp(0, payload=b"hello"))
        await heard(seller, [b"hello"])
        room.node.mute("call", "buyer", muted=True)
        for n in range(1, 9):
            buyer.send(rtp(n, payload=b"secret"))
        # The other way stays open, and what comes last proves that the rest was dropped.
        seller.send(rtp(0, payload=b"are you there?"))
        await heard(buyer, [b"are you there?"])
        hearing = room.node.hearing("call", "buyer")
        assert hearing is not None
        assert hearing.muted
        while hearing.received < 9:
            await asyncio.sleep(0.01)
            hearing = room.node.hearing("call", "buyer")
            assert hearing is not None
        room.node.mute("call", "buyer", muted=False)
        buyer.send(rtp(9, payload=b"back"))
        await heard(seller, [b"hello", b"back"])
        before, after = sequences(seller)
        assert (after - before) & 0xFFFF == 1


async def test_on_hold_nobody_hears_anybody_until_everyone_who_holds_goes_on(
    opened: Opened,
) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        buyer.send(rtp(0, payload=b"one moment"))
        seller.send(rtp(0, payload=b"sure"))
        await heard(seller, [b"one moment"])
        await heard(buyer, [b"sure"])
        room.node.hold("call", "buyer", holding=True)
        room.node.hold("call", "seller", holding=True)
        room.node.hold("call", "buyer", holding=False)
        for n in range(1, 9):
            buyer.send(rtp(n, payload=b"secret"))
            seller.send(rtp(n, payload=b"humming"))
        await received(room, "buyer", 9)
        await received(room, "seller", 9)
        room.node.hold("call", "seller", holding=False)
        buyer.send(rtp(9, payload=b"back"))
        seller.send(rtp(9, payload=b"hello again"))
        await heard(seller, [b"one moment", b"back"])
        await heard(buyer, [b"sure", b"hello again"])
        for each in (buyer, seller):  # what was held back is no loss
            before, after = sequences(each)
            assert (after - before) & 0xFFFF == 1
        assert room.words == [
            ("buyer", "held"),
            ("seller", "held"),
            ("buyer", "resumed"),
            ("seller", "resumed"),
        ]


async def test_a_hold_outlives_the_leg_of_whoever_reconnects_and_is_told_again(
    opened: Opened,
) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        room.node.hold("call", "buyer", holding=True)
        async with Peer() as again:
            await room.join("seller", again, "2")
            again.send(rtp(0, ssrc=7, payload=b"anybody?"))
            buyer.send(rtp(0, payload=b"secret"))
            await received(room, "seller", 1)
            await received(room, "buyer", 1)
            assert room.words == [("buyer", "held")] * 2
            room.node.hold("call", "buyer", holding=False)
            again.send(rtp(1, ssrc=7, payload=b"there you are"))
            buyer.send(rtp(1, payload=b"back"))
            await heard(buyer, [b"there you are"])
            await heard(again, [b"back"])


async def test_who_says_again_whether_they_are_muted_is_told_what_holds_for_the_other(
    opened: Opened,
) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        room.node.hold("call", "buyer", holding=True)
        room.node.hold("call", "buyer", holding=False)
        room.node.mute("call", "buyer", muted=True)
        room.words.clear()
        room.told.clear()
        # the seller may have heard nothing of all that: their line was down
        room.node.mute("call", "seller", muted=False)
        assert room.words == [
            ("seller", "unmuted"),
            ("buyer", "muted"),
            ("buyer", "resumed"),
            ("buyer", "quality_good"),
            ("buyer", "heard"),
        ]
        assert room.told == [("connected", "buyer")]
        buyer.vanish()
        await room.until_told("silent", "buyer")
        room.told.clear()
        room.node.mute("call", "seller", muted=False)
        assert room.told == [("silent", "buyer")]


async def test_a_repeated_request_gets_the_same_answer(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer:
        offer = await buyer.offer()
        asked = (room.node.join("call", "buyer", offer, "1") for _ in range(3))
        answers = await asyncio.gather(*asked)
        await buyer.accept(answers[0])
        answers.append(await room.node.join("call", "buyer", offer, "1"))
        assert len(set(answers)) == 1


async def test_another_offer_under_the_same_leg_id_is_refused(opened: Opened) -> None:
    async with opened() as room:
        await room.node.join("call", "buyer", CHROMIUM, "1")
        with pytest.raises(IdReused):
            await room.node.join("call", "buyer", CHROMIUM.replace("TUGr", "TUGs"), "1")


async def test_a_late_request_of_a_replaced_leg_does_not_push_out_the_new_one(
    opened: Opened,
) -> None:
    async with opened() as room:
        await room.node.join("call", "buyer", CHROMIUM, "1")
        await room.node.join("call", "buyer", CHROMIUM, "2")
        with pytest.raises(CallOver):
            await room.node.join("call", "buyer", CHROMIUM, "1")


async def test_a_cancelled_request_can_be_repeated(opened: Opened) -> None:
    async with opened() as room:
        first = asyncio.ensure_future(room.node.join("call", "buyer", CHROMIUM, "1"))
        await asyncio.sleep(0)
        first.cancel()
        assert "m=audio" in await room.node.join("call", "buyer", CHROMIUM, "1")


async def test_nonsense_is_refused_and_nothing_is_opened(opened: Opened) -> None:
    async with opened() as room:
        with pytest.raises(SdpRefused):
            await room.node.join("call", "buyer", "v=0\r\nnonsense", "1")
        assert not room.node.calls


async def test_a_third_person_is_refused(opened: Opened) -> None:
    async with opened() as room:
        room.node.expect("call", "buyer")
        room.node.expect("call", "seller")
        with pytest.raises(TooManyOpen):
            await room.node.join("call", "stranger", CHROMIUM, "1")


async def test_a_hiccup_is_no_overload_but_an_event_loop_that_stays_late_is(opened: Opened) -> None:
    limits = msgspec.structs.replace(LIMITS, pulse_seconds=0.02, lag_seconds=0.5)
    async with opened(limits) as room:

        def late() -> int:
            return sum(each > limits.lag_seconds for each in room.node._pulse._late)

        async def held_up() -> None:
            before = late()
            await asyncio.sleep(0)  # the pulse waits for its next beat
            time.sleep(2 * limits.lag_seconds)  # the very thing: the event loop stands still
            async with asyncio.timeout(60):
                while late() == before:
                    await asyncio.sleep(0)

        await held_up()
        assert not room.node.overloaded
        await held_up()
        await held_up()
        assert room.node.overloaded
        async with asyncio.timeout(60):
            while room.node.overloaded:
                await asyncio.sleep(0.02)


async def test_a_full_node_takes_no_further_call(opened: Opened) -> None:
    async with opened(msgspec.structs.replace(LIMITS, calls_per_node=1)) as room:
        room.node.expect("call", "buyer")
        with pytest.raises(TooManyOpen):
            room.node.expect("another", "buyer")
        room.node.end("call")
        room.node.expect("another", "buyer")


async def test_a_call_that_ended_stays_ended(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer:
        await room.join("buyer", buyer)
        room.node.end("call")
        with pytest.raises(CallOver):
            await room.node.join("call", "buyer", CHROMIUM, "2")
        assert not room.node.calls
        # The browser was told: the last report carries a BYE.
        await buyer.until(lambda: bool(buyer.reports))
        assert buyer.reports[-1][-8:-4] == b"\x81\xcb\x00\x01"


async def test_who_left_may_come_back(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as again, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        room.node.leave("call", "buyer")
        await room.join("buyer", again, "2")
        again.send(rtp(1, payload=b"back"))
        await heard(seller, [b"back"])


async def test_garbage_at_the_port_harms_nothing(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        forged = rtp(500, payload=os.urandom(60))
        noise = [
            b"",
            b"\x80",
            b"\x80\xc8",
            forged,
            b"\x80\xc8\x00\x06" + os.urandom(40),
            *(bytes([first]) + os.urandom(size) for first in range(256) for size in (0, 19, 90)),
            os.urandom(1_400),
            bytes(65_000),
        ]
        with socket.socket(
            socket.AF_INET6 if ":" in buyer.server[0] else socket.AF_INET, socket.SOCK_DGRAM
        ) as stranger:
            for datagram in noise:
                # a turn of the loop each: it reads one at a time, and what is sent faster is
                # dropped by the socket's buffer, not by the server
                stranger.sendto(datagram, buyer.server)
                await asyncio.sleep(0)
                buyer.send_raw(datagram[:1_400])
                await asyncio.sleep(0)
        # Authentic packets with nonsense inside.
        buyer.send(b"\x80" + bytes(11) + b"\xff" * 20)
        buyer.send_rtcp(b"\x81\xc8\x00\x01" + bytes(4))
        buyer.send(rtp(1, payload=bytes(1_250)))
        buyer.send(rtp(2, payload=b"clear"))
        seller.send(rtp(1, payload=b"and back"))
        await heard(seller, [b"clear"])
        await heard(buyer, [b"and back"])


async def test_a_flood_is_cut_to_the_rate_of_speech(opened: Opened) -> None:
    async with opened() as room, Peer() as buyer, Peer() as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        began = time.monotonic()
        for n in range(400):
            buyer.send(rtp(n, payload=bytes(20)))
            await asyncio.sleep(0)
        await seller.until(lambda: len(seller.heard) >= 100)
        hearing = room.node.hearing("call", "seller")
        assert hearing is not None
        assert hearing.state == "connected"
        allowed = LIMITS.packets_per_second * (LIMITS.burst_seconds + time.monotonic() - began)
        assert len(seller.heard) <= allowed + 1


async def test_two_browsers_of_one_machine_meet_over_loopback(opened: Opened) -> None:
    reach = Reach(bind=(LOOPBACK,))
    async with opened(reach=reach) as room, Peer(reach=reach) as buyer, Peer(reach=reach) as seller:
        await room.join("buyer", buyer)
        await room.join("seller", seller)
        buyer.send(rtp(1, payload=b"near"))
        await heard(seller, [b"near"])


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_calls_leave_no_socket_and_no_task_behind(opened: Opened) -> None:
    async with opened() as room:

        async def one(number: int) -> None:
            call = f"call {number}"
            await room.node.join(call, "buyer", CHROMIUM, "1")
            await room.node.join(call, "buyer", CHROMIUM, "2")
            # and two that are replaced or ended while they are being answered
            asked = [
                asyncio.ensure_future(room.node.join(call, "seller", CHROMIUM, leg_id))
                for leg_id in "34"
            ]
            for _ in range(number):
                await asyncio.sleep(0)
            room.node.end(call)
            await asyncio.gather(*asked, return_exceptions=True)

        await one(0)
        before = open_files(), len(asyncio.all_tasks())
        for number in range(1, 25):
            await one(number)
        async with asyncio.timeout(60):
            while open_files() > before[0] or len(asyncio.all_tasks()) > before[1]:
                await asyncio.sleep(0.01)
