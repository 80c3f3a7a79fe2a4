"""Recording a call, as both live it: asked, agreed, seen to be on, heard afterwards, erased."""

import asyncio
import io
import re
from urllib.parse import urljoin

import av
import numpy as np
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.test_network_change import CONNECTIONS
from tests.e2e.windows import Window, Windows

RATE = 48_000
ERASED = re.compile("The recording was erased\\.|L’enregistrement a été effacé\\.")
REMOVED = re.compile("message was removed|message a été retiré")

ARRIVED = """async () => {
  let sum = 0;
  for (const connection of window.connections)
    for (const report of (await connection.getStats()).values())
      if (report.type === 'inbound-rtp') sum += report.packetsReceived;
  return sum;
}"""
A_SECOND = 50
"""Packets of the sound of one person."""


async def hear_each_other_for_a_second(*windows: Window) -> None:
    """Wait until so much more sound has come to each, however long the machine takes for it."""
    before = [await window.page.evaluate(ARRIVED) for window in windows]
    async with asyncio.timeout(60):
        for window, came in zip(windows, before, strict=True):
            while await window.page.evaluate(ARRIVED) < came + A_SECOND:
                await asyncio.sleep(0.1)


async def saved(window: Window, person: str) -> bytes:
    """What the window saves of a voice, fetched by its link."""
    button = window.page.locator(
        f'[data-test="recorded-voice"][data-person="{person}"] [data-test="recorded-save"]'
    )
    async with window.page.expect_response(lambda r: "/api/v1/me/orders/" in r.url) as said:
        await button.click()
    url = (await (await said.value).json())["url"]
    answer = await window.page.request.get(urljoin(window.page.url, url))
    assert answer.headers["content-type"] == "audio/ogg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return await answer.body()


def tone(file: bytes) -> float:
    with av.open(io.BytesIO(file), "r") as opened:
        wave = np.concatenate([f.to_ndarray().mean(axis=0) for f in opened.decode(audio=0)])
    loud = wave[len(wave) // 2 :]
    strength = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    return float(np.argmax(strength)) * RATE / len(loud)


async def test_a_call_is_recorded_when_both_agree_and_erased_when_one_wants(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order(policy={"recording": True})
    voices = [microphone(BUYER), CONNECTIONS], [microphone(SELLER), CONNECTIONS]
    buyer = await windows.open(server.url, order, "buyer", scripts=voices[0])
    seller = await windows.open(server.url, order, "seller", scripts=voices[1])
    await buyer.part("call-start").click()
    await seller.part("call-accept").click()
    await hears(buyer, SELLER)
    await hears(seller, BUYER)

    await buyer.part("recording-ask").click()
    await expect(buyer.part("recording-waiting")).to_be_visible()
    await expect(seller.part("recording-asked")).to_contain_text("The two of you can listen")
    await expect(seller.part("recording-asked")).to_contain_text("30")
    await seller.part("recording-refuse").click()
    await expect(buyer.part("recording-ask")).to_be_visible()

    await buyer.part("recording-ask").click()
    await seller.part("recording-agree").click()
    for window in (buyer, seller):
        await expect(window.part("recording-on")).to_be_visible()
    # a second of each voice, and the lamp comes back with the page
    await seller.page.reload()
    await expect(seller.part("recording-on")).to_be_visible()
    await hears(seller, BUYER)
    await hears(buyer, SELLER)
    await hear_each_other_for_a_second(buyer, seller)
    await buyer.part("call-hang-up").click()

    for window in (buyer, seller):
        await expect(window.part("recorded-voice")).to_have_count(2)
        assert tone(await saved(window, order.buyer)) == pytest.approx(BUYER, abs=5)
        assert tone(await saved(window, order.seller)) == pytest.approx(SELLER, abs=5)

    await seller.part("recorded-erase").click()
    await seller.part("recorded-erase-yes").click()
    for window in (buyer, seller):
        await expect(window.part("recorded-voice")).to_have_count(0)
        # said at its place, and not as if it had been a message
        await expect(window.page.get_by_text(ERASED)).to_be_visible()
        await expect(window.page.get_by_text(REMOVED)).to_have_count(0)
    await expect(seller.page.get_by_text("You erased the recording")).to_be_visible()


async def test_nobody_is_asked_where_calls_are_not_recorded(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer", scripts=[microphone(BUYER)])
    seller = await windows.open(server.url, order, "seller", scripts=[microphone(SELLER)])
    await buyer.part("call-start").click()
    await seller.part("call-accept").click()
    await hears(buyer, SELLER)
    await expect(buyer.part("recording-ask")).to_have_count(0)
