"""Before the first call one hears oneself, over the way of a call."""

from playwright.async_api import Locator, expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER
from tests.e2e.weather import DIVERT, Weather
from tests.e2e.windows import Window, Windows

SPEAKERS = """
  const inputs = navigator.mediaDevices.enumerateDevices;
  navigator.mediaDevices.enumerateDevices = async () => (await inputs()).concat(
    ['Haut-parleurs', 'Casque'].map((label) => ({label, kind: 'audiooutput', deviceId: label})));
  HTMLMediaElement.prototype.setSinkId = async function (id) { this.setAttribute('sink', id); };
"""
"""Two speakers, and where a player was told to play."""


async def result(window: Window, state: str) -> Locator:
    """Wait for what the test found; its words."""
    # It waits eight seconds for a voice before it says that there is none.
    await expect(window.part("sound-check")).to_have_attribute("data-state", state, timeout=60_000)
    return window.part("sound-check-result")


async def test_who_speaks_hears_themselves_and_is_told_so(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer", scripts=[microphone(BUYER)])
    await buyer.part("sound-check-open").click()
    await expect(buyer.part("sound-check")).to_have_attribute("data-state", "idle")
    await buyer.part("sound-check-start").click()
    await expect(await result(buyer, "heard")).to_contain_text("Nous vous avons bien entendu")
    await hears(buyer, BUYER, "echo-audio")
    await buyer.part("sound-check-close").click()
    await expect(buyer.part("sound-check")).to_be_hidden()
    # It is offered no more, and still there for who looks for it.
    await expect(buyer.part("sound-check-open")).to_be_hidden()
    await buyer.part("more").click()
    await buyer.part("sound-check-menu").click()
    await expect(buyer.part("sound-check")).to_be_visible()


async def test_a_dead_microphone_and_a_network_that_lets_nothing_through_are_told_apart(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    url = small_stage.server.url
    weather = Weather()
    weather.loss = 1.0
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER, volume=0)])
    seller = await windows.open(
        url, order, "seller", size=PHONE, scripts=[microphone(BUYER), DIVERT]
    )
    await weather.over(seller.page)
    try:
        await buyer.part("sound-check-open").click()
        await seller.part("more").click()  # on a phone it is in the menu
        await seller.part("sound-check-menu").click()
        for window in (buyer, seller):
            await window.part("sound-check-start").click()
        await expect(await result(buyer, "silent")).to_contain_text("aucun son")
        await expect(await result(seller, "lost")).to_contain_text("does not get through")

        # A call that comes in the midst of it is not hidden.
        await buyer.part("sound-check-close").click()
        await buyer.part("call-start").click()
        await seller.call_is("ringing")
        await expect(seller.part("sound-check")).to_be_hidden()
        await seller.part("call-decline").click()
    finally:
        weather.close()


async def test_the_chosen_devices_are_remembered_and_used(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    url = small_stage.server.url
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER), SPEAKERS])
    await buyer.part("sound-check-open").click()
    await buyer.part("sound-check-microphone").select_option("Casque")
    await buyer.part("sound-check-speaker").select_option("Casque")
    for player in ("remote-audio", "echo-audio"):
        await expect(buyer.part(player)).to_have_attribute("sink", "Casque")
    await buyer.page.reload()
    await buyer.part("sound-check-open").click()
    for device in ("microphone", "speaker"):
        await expect(buyer.part(f"sound-check-{device}")).to_have_value("Casque")
