"""A call that comes before anybody touched the page: it is seen at once, and heard from a touch on.

The browser here keeps to its usual rules about sound, which the other tests switch off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser import DESKTOP, PHONE, People, open_browser
from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.untouched import EAR, STRICT, Untouched
from tests.e2e.windows import Window, Windows

RINGTONE = (659.25, 880.0)
"""Its two notes, in hertz."""


async def anywhere(ringing: Untouched) -> None:
    """A click beside everything that could be pressed."""
    await ringing.page.mouse.click(2, 2)


async def a_key(ringing: Untouched) -> None:
    """A letter that nobody reads; a modifier alone would not count."""
    await ringing.page.keyboard.press("a")


async def a_tap(ringing: Untouched) -> None:
    """A finger beside everything that could be pressed."""
    await ringing.page.touchscreen.tap(2, 2)


async def the_button(ringing: Untouched) -> None:
    """The button that the hint names: pointer and click come as two touches of one moment."""
    button = await ringing.shows("enable-sound")
    await ringing.page.mouse.click(button["x"], button["y"])


Gesture = Callable[[Untouched], Awaitable[None]]


@pytest.fixture
async def theirs() -> AsyncIterator[Windows]:
    async with open_browser(STRICT) as browser:
        people = People(browser)
        windows = Windows(people)
        windows.forgive("AudioContext was not allowed to start")  # which is what is tried here
        yield windows
        await people.leave()
        assert people.troubles == []
        assert windows.unforgiven == []


@pytest.mark.parametrize("gesture", [anywhere, a_key, a_tap, the_button])
async def test_a_page_that_nobody_touched_rings_for_the_eye_and_after_one_gesture_for_the_ear(
    small_stage: Stage, windows: Windows, theirs: Windows, gesture: Gesture
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order(policy={"ring": 180})
    page = await theirs.page(
        locale="en-GB",
        size=PHONE if gesture is a_tap else DESKTOP,
        scripts=[microphone(SELLER), EAR],
    )
    await page.goto(f"{url}/demo/as/{order.seller}?order={order.id}")
    seller = await Untouched.of(page)
    await seller.shows("composer")
    plain = await seller.ask("document.title")
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER)])
    await buyer.part("call-start").click()

    # For the eye: who calls, the title that flashes, and why nothing is heard.
    hint = await seller.shows("enable-sound")
    assert hint["text"].strip()
    call = await seller.shows("call")
    assert call["ringing"] == "ringing"
    assert "Ada Buyer is calling" in call["text"]
    assert "silent until you click" in call["text"]
    assert await seller.ask("""new Promise((resolve) => {
        const title = document.querySelector('title');
        new MutationObserver(() => resolve(document.title)).observe(title, {childList: true});
      })""") in {"Call from Ada Buyer", plain}
    assert not await seller.touched()
    assert await seller.ask("contexts.map(({state}) => state)") == ["suspended"]
    assert (await seller.part("enable-sound")) is not None

    await gesture(seller)
    assert await seller.plays(*RINGTONE) == 1
    await seller.hides("enable-sound")

    # From here on the page has been touched and may be looked at like any other.
    called = Window(page, url, order.id, order.seller)
    await called.call_is("ringing")
    await called.part("call-accept").click()
    await hears(called, BUYER)
    await hears(buyer, SELLER)
    await buyer.part("call-hang-up").click()
    await expect(called.part("call-ended")).to_have_attribute("data-end", "completed")


SLOW_DEVICE = """
const Swift = AudioContext;
window.AudioContext = class extends Swift {
  constructor(...given) { super(...given); this.suspend(); }
  async resume() {
    await new Promise((begins) => setTimeout(begins, 1500));
    return super.resume();
  }
};
"""
"""A speaker that takes its time until it plays, though nothing is forbidden."""


async def test_a_device_that_begins_late_rings_without_a_touch(
    small_stage: Stage, windows: Windows
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order(policy={"ring": 180})
    page = await windows.page(locale="en-GB", scripts=[microphone(SELLER), EAR, SLOW_DEVICE])
    await page.goto(f"{url}/demo/as/{order.seller}?order={order.id}")
    seller = await Untouched.of(page)
    await seller.shows("composer")
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER)])
    await buyer.part("call-start").click()
    assert await seller.plays(*RINGTONE) == 1
    await seller.hides("enable-sound")
    assert not await seller.touched()
    await buyer.part("call-hang-up").click()
    await seller.shows("call-ended")


async def test_a_page_that_was_touched_before_rings_aloud_at_once(
    small_stage: Stage, windows: Windows, theirs: Windows
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order(policy={"ring": 180})
    page = await theirs.page(locale="en-GB", scripts=[microphone(SELLER), EAR])
    await page.goto(f"{url}/demo/as/{order.seller}?order={order.id}")
    seller = await Untouched.of(page)
    await seller.shows("composer")
    await anywhere(seller)
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER)])
    await buyer.part("call-start").click()
    assert await seller.plays(*RINGTONE) == 1
    await buyer.part("call-hang-up").click()
    await seller.shows("call-ended")
