"""Microphones that are allowed too late, or come and go in the middle of a call."""

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, hears_nothing, microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.test_call_quality import talk
from tests.e2e.windows import Window, Windows

WATCH = """
{
  const open = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.asked = (window.asked ?? 0) + 1;
    if (window.refused) throw new DOMException('no', 'NotAllowedError');
    if (window.unplugged) throw new DOMException('none', 'NotFoundError');
    await window.allowed;
    const stream = await open(wanted);
    (window.opened ??= []).push(stream.getAudioTracks()[0]);
    return stream;
  };
}
"""
"""A script that remembers the microphones that were opened; after that of the microphone."""

UNPLUG = """() => {
  const track = window.opened.at(-1);
  track.stop();
  track.dispatchEvent(new Event('ended'));  // what a browser does beside it
}"""
CHANGED = "() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
LIVE = "() => (window.opened ?? []).filter((track) => track.readyState === 'live').length"


async def _two(stage: Stage, windows: Windows) -> tuple[Window, Window]:
    order, url = await stage.server.order(), stage.server.url
    scripts = [microphone(BUYER), WATCH]
    return (
        await windows.open(url, order, "buyer", scripts=scripts),
        await windows.open(url, order, "seller", scripts=[microphone(SELLER)]),
    )


async def test_an_unplugged_microphone_is_replaced_by_one_that_is_there_or_comes(
    small_stage: Stage, windows: Windows
) -> None:
    buyer, seller = await _two(small_stage, windows)
    await talk(buyer, seller)
    await hears(seller, BUYER)

    await buyer.page.evaluate(UNPLUG)  # there is another one
    await buyer.page.wait_for_function("() => window.opened.length === 2")
    await hears(seller, BUYER)
    await buyer.part("call-mute").click()
    await buyer.page.evaluate(UNPLUG)  # who is muted stays so
    await buyer.page.wait_for_function("() => window.opened.length === 3")
    await hears_nothing(seller)
    await buyer.part("call-mute").click()
    await hears(seller, BUYER)

    await buyer.page.evaluate("window.unplugged = true")
    await buyer.page.evaluate(UNPLUG)
    await expect(buyer.part("call-trouble")).to_have_attribute("data-trouble", "missing")
    await hears_nothing(seller)
    await hears(buyer, SELLER)
    await buyer.page.evaluate("window.unplugged = false")
    await buyer.page.evaluate(CHANGED)
    await hears(seller, BUYER)
    await expect(buyer.part("call-trouble")).to_have_count(0)
    assert await buyer.page.evaluate(LIVE) == 1
    await buyer.part("call-hang-up").click()
    await buyer.call_is("ended")
    assert await buyer.page.evaluate(LIVE) == 0


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


async def test_who_refuses_the_microphone_after_a_reload_is_asked_again_only_when_they_wish(
    small_stage: Stage, windows: Windows
) -> None:
    buyer, seller = await _two(small_stage, windows)
    await talk(buyer, seller)
    await buyer.page.context.add_init_script("window.refused = true;")
    await buyer.page.reload()
    await expect(buyer.part("call-trouble")).to_have_attribute("data-trouble", "refused")
    for text in ("Are you there?", "I do not hear you.", "Your microphone, perhaps?"):
        await seller.say(text)
    await buyer.reads("Are you there?", "I do not hear you.", "Your microphone, perhaps?")
    assert await buyer.page.evaluate("window.asked") == 1

    await buyer.page.evaluate("window.refused = false")
    await buyer.part("call-microphone-again").click()
    await hears(seller, BUYER)
    await hears(buyer, SELLER)
    await expect(buyer.part("call-trouble")).to_have_count(0)
    await buyer.part("call-hang-up").click()


async def test_a_headset_that_is_plugged_in_during_the_test_can_be_chosen(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    late = """
    const all = navigator.mediaDevices.enumerateDevices;
    navigator.mediaDevices.enumerateDevices = async () =>
      (await all()).slice(0, window.headset ? 2 : 1);
    """
    scripts = [microphone(BUYER), f"{{{late}}}"]
    buyer = await windows.open(small_stage.server.url, order, "buyer", scripts=scripts)
    await buyer.part("sound-check-open").first.click()
    await buyer.part("sound-check-start").click()
    await expect(buyer.part("sound-check")).to_have_attribute("data-state", "heard")
    await expect(buyer.part("sound-check-microphone")).to_have_count(0)
    await buyer.page.evaluate("window.headset = true")
    await buyer.page.evaluate(CHANGED)
    await buyer.part("sound-check-microphone").select_option("Casque")
    await buyer.part("sound-check-close").click()
