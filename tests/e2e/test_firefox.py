"""A call between Firefox and Chromium, through our relay: each hears the other's tone."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import LOUD, hears, microphone
from tests.e2e.test_call import BUYER, SELLER, ends_of
from tests.e2e.windows import Windows
from tests.firefox import Fox, open_firefox

TONE = """async (player) => {
  const stream = player.srcObject;
  if (!stream?.active || stream.getAudioTracks().length === 0) return {level: 0, tone: 0};
  // without a sound card only an offline context runs: record a moment, then look at it
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = ({data}) => parts.push(data);
  const over = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  setTimeout(() => recorder.stop(), 1000);
  await over;
  const offline = new OfflineAudioContext(1, 48000, 48000);
  let sound;
  try {
    sound = await offline.decodeAudioData(await new Blob(parts).arrayBuffer());
  } catch {
    return {level: 0, tone: 0};  // nothing came in this moment, not even silence
  }
  const wave = sound.getChannelData(0).slice(-24000);
  const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
  const rises = wave.reduce((n, x, i) => n + (i > 0 && wave[i - 1] < 0 && x >= 0 ? 1 : 0), 0);
  return {level, tone: rises * sound.sampleRate / wave.length};
}"""
"""How loud a page plays, and how many times a second its sound swings."""


async def fox_hears(fox: Fox, frequency: int) -> None:
    sound: dict[str, float] = {}
    try:
        async with asyncio.timeout(60):
            while True:
                sound = await fox.part("remote-audio", TONE)
                if sound["level"] > LOUD and sound["tone"] == pytest.approx(frequency, abs=15):
                    return
    except TimeoutError:
        pytest.fail(f"Firefox hears {sound}", pytrace=False)


async def test_firefox_and_chromium_hear_each_other(
    small_stage: Stage, windows: Windows, tmp_path: Path
) -> None:
    url = small_stage.server.url
    order = await small_stage.server.order()
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    async with open_firefox(tmp_path, {"media.navigator.audio.fake_frequency": BUYER}) as fox:
        await fox.open(f"{url}/demo/as/{order.buyer}?order={order.id}")
        await fox.press("call-start")
        await seller.call_is("ringing")
        await seller.part("call-accept").click()
        await seller.call_is("active")
        await fox.sees("call", "data-call-state", "active")
        await hears(seller, BUYER)
        await fox_hears(fox, SELLER)

        # the other way round: Firefox is called, and accepts
        await fox.press("call-hang-up")
        await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
        await seller.part("call-start").click()
        await fox.press("call-accept")
        await fox.sees("call", "data-call-state", "active")
        await fox_hears(fox, SELLER)
        await hears(seller, BUYER)
        await seller.part("call-hang-up").click()
        await fox.sees("call-ended")
    assert [end for end, _ in await ends_of(small_stage, order)] == ["completed", "completed"]
