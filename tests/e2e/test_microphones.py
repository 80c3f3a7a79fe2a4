"""Microphones that are allowed too late, or come and go in the middle of a call."""

from tests.e2e.conftest import Stage
from tests.e2e.sounds import microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.test_call_quality import talk
from tests.e2e.windows import Window, Windows

WATCH = """
{
  const open = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    await window.allowed;
    const stream = await open(wanted);
    (window.opened ??= []).push(stream.getAudioTracks()[0]);
    return stream;
  };
}
"""
"""A script that remembers the microphones that were opened; after that of the microphone."""


async def _two(stage: Stage, windows: Windows) -> tuple[Window, Window]:
    order, url = await stage.server.order(), stage.server.url
    scripts = [microphone(BUYER), WATCH]
    return (
        await windows.open(url, order, "buyer", scripts=scripts),
        await windows.open(url, order, "seller", scripts=[microphone(SELLER)]),
    )


async def test_a_microphone_that_is_allowed_after_the_end_of_the_call_is_closed_at_once(
    small_stage: Stage, windows: Windows
) -> None:
    buyer, seller = await _two(small_stage, windows)
    await talk(buyer, seller)
    asks = "window.allowed = new Promise((allow) => (window.allow = allow));"
    await buyer.page.context.add_init_script(asks)
    await buyer.page.reload()
    await buyer.call_is("connecting")
    await seller.part("call-hang-up").click()
    await buyer.call_is("ended")
    await buyer.page.evaluate("() => window.allow()")
    await buyer.page.wait_for_function("() => window.opened?.length === 1")
    await buyer.page.wait_for_function("() => window.opened[0].readyState === 'ended'")
