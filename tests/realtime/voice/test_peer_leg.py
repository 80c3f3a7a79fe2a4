"""The fallback leg: one browser's connection with sockets of its own."""

import inspect
import socket

import pytest
from aioice.ice import Connection
from aiortc import RTCConfiguration, RTCPeerConnection

from orders.errors import Unavailable
from realtime.voice import peer_leg as module
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.peer_leg import PRIVATE_NAMES, PeerLeg
from realtime.voice.sdp import read_offer
from tests.realtime.voice.offers import CHROMIUM

LIMITS = VoiceLimits()


OFFER = read_offer(CHROMIUM, LIMITS)


def leg(reach: Reach | None = None) -> PeerLeg:
    return PeerLeg(
        OFFER,
        limits=LIMITS,
        reach=reach or Reach(),
        on_connected=lambda: None,
        on_rtcp=lambda packet: None,
        on_closed=lambda: None,
    )


async def answered(reach: Reach) -> str:
    made = leg(reach)
    try:
        return await made.answer(OFFER, redundant=False)
    finally:
        await made.close()


async def test_every_private_name_that_the_leg_uses_exists() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = peer.addTransceiver("audio")
    dtls = transceiver.receiver.transport
    owners: dict[str, object] = {
        "aioice.ice.Connection": dtls.transport._connection,
        "aiortc.RTCDtlsTransport": dtls,
        "aiortc.RTCIceTransport": dtls.transport,
        "aiortc.RTCRtpSender": transceiver.sender,
    }
    for name in PRIVATE_NAMES:
        owner, _, attribute = name.rpartition(".")
        assert hasattr(owners[owner], attribute), name
    assert dtls._rx_srtp is None
    assert dtls._tx_srtp is None
    assert isinstance(dtls.transport._connection._nominated, dict)
    await peer.close()


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("data_received", ["self", "data", "component"]),
        ("check_incoming", ["self", "message", "addr", "protocol"]),
        ("get_component_candidates", ["self", "component", "addresses", "timeout"]),
    ],
)
def test_the_methods_that_the_leg_replaces_take_what_it_takes(
    method: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(getattr(Connection, method)).parameters) == parameters


async def test_no_decoder_thread_and_no_media_task_is_started() -> None:
    made = leg()
    await made.answer(OFFER, redundant=False)
    assert made._peer.getSenders()[0].send.__module__ == module.__name__
    assert made._peer.getReceivers()[0].receive.__module__ == module.__name__
    await made.close()


async def test_a_machine_with_loopback_only_still_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The machine is the outside world: here it has no interface but loopback.
    monkeypatch.setattr("ifaddr.get_adapters", list)
    assert f" {LOOPBACK} " in await answered(Reach())


async def test_the_named_address_alone_is_listened_on() -> None:
    text = await answered(Reach(bind=(LOOPBACK,)))
    assert text.count("a=candidate:") == 1
    assert f"c=IN IP4 {LOOPBACK}\r\n" in text


async def test_the_advertised_address_is_the_only_one_a_browser_learns() -> None:
    text = await answered(Reach(bind=(LOOPBACK,), advertise="203.0.113.9"))
    assert LOOPBACK not in text
    assert "203.0.113.9" in text


@pytest.mark.parametrize(
    "reach",
    [
        Reach(bind=("203.0.113.9",)),
        Reach(bind=(LOOPBACK,), advertise="2001:db8::9"),
    ],
    ids=["not ours", "of a family we do not listen on"],
)
async def test_without_an_address_that_works_the_leg_is_unavailable(reach: Reach) -> None:
    made = leg(reach)
    with pytest.raises(Unavailable) as refused:
        await made.answer(OFFER, redundant=False)
    assert refused.value.facts == {"reason": "no_address"}
    await made.close()


async def test_a_closed_leg_frees_its_port() -> None:
    text = await answered(Reach(bind=(LOOPBACK,)))
    port = int(text.split("m=audio ")[1].split(" ")[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((LOOPBACK, port))
