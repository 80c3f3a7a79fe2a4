"""Two pages of a real Chromium hear each other's tone through the node."""

import asyncio

import pytest
from playwright.async_api import Page

from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from tests.browser import People

OFFER = """async (frequency) => {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const outlet = audio.createMediaStreamDestination();
  tone.frequency.value = frequency;
  tone.connect(outlet);
  tone.start();
  const connection = new RTCPeerConnection();
  connection.addTrack(outlet.stream.getAudioTracks()[0], outlet.stream);
  const analyser = audio.createAnalyser();
  analyser.fftSize = 8192;
  connection.ontrack = ({streams, track}) => {
    const stream = streams[0] ?? new MediaStream([track]);
    const element = new Audio();  // without it Chromium plays the stream to nobody
    element.srcObject = stream;
    element.play();
    audio.createMediaStreamSource(stream).connect(analyser);
  };
  Object.assign(window, {audio, connection, analyser});
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}"""

ACCEPT = "(sdp) => connection.setRemoteDescription({type: 'answer', sdp})"

LOUDEST = """() => {
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const loudest = levels.indexOf(Math.max(...levels));
  return levels[loudest] < -60 ? 0 : loudest * audio.sampleRate / analyser.fftSize;
}"""

LOST = """async () => {
  const stats = [...(await connection.getStats()).values()];
  return stats.find(({type}) => type === 'inbound-rtp').packetsLost;
}"""


async def hears(page: Page, frequency: float) -> None:
    async with asyncio.timeout(60):
        while await page.evaluate(LOUDEST) != pytest.approx(frequency, abs=15):
            await asyncio.sleep(0.1)


async def sends_twice(node: Node, person: str) -> None:
    """The other one gets redundant frames (RFC 2198) of this person, and nothing else."""
    attachment = node._calls["call"][person].current
    assert attachment is not None
    kinds: list[int] = []
    attachment.leg.media.tap(lambda packet, _: kinds.append(packet[1] & 0x7F))
    async with asyncio.timeout(60):
        while len(kinds) < 20:
            await asyncio.sleep(0.02)
    attachment.leg.media.tap(None)
    assert set(kinds) == {attachment.agreed.red}


async def test_two_pages_hear_each_others_tone_and_a_reconnected_one_goes_on(
    people: People,
) -> None:
    silent = asyncio.Event()
    async with Node(
        limits=VoiceLimits(),
        reach=Reach(),
        on_connected=lambda *_: None,
        on_silent=lambda *_: silent.set(),
        on_gone=lambda *_: None,
        on_replaced=lambda *_: None,
    ) as node:

        async def call(page: Page, person: str, frequency: int, leg_id: str) -> None:
            offer = await page.evaluate(OFFER, frequency)
            await page.evaluate(ACCEPT, await node.join("call", person, offer, leg_id))

        buyer, seller = await people.arrive(), await people.arrive()
        await call(buyer, "buyer", 440, "1")
        await call(seller, "seller", 1000, "1")
        await hears(buyer, 1000)
        await hears(seller, 440)
        for person in ("buyer", "seller"):
            await sends_twice(node, person)

        # The buyer's tab opens a second connection; the seller hears the new tone in the
        # stream that it already plays.
        again = await people.arrive()
        await call(again, "buyer", 660, "2")
        await hears(seller, 660)
        await hears(again, 1000)
        assert await seller.evaluate(LOST) == 0

        await seller.close()
        async with asyncio.timeout(60):
            await silent.wait()
