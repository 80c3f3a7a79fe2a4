"""How a call sounds is said when it is bad; and a call waits while somebody holds it."""

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, hears_nothing, microphone
from tests.e2e.test_call import BUYER, SELLER, both
from tests.e2e.weather import DIVERT, Weather
from tests.e2e.windows import Window, Windows


async def talk(caller: Window, callee: Window) -> None:
    await caller.part("call-start").click()
    await callee.part("call-accept").click()
    await caller.call_is("active")
    await callee.call_is("active")


async def advised(window: Window, advice: str) -> None:
    """Wait until the window says so; empty for nothing."""
    # Seconds pass until a line counts as bad or good, and reports come every five.
    await expect(window.part("call-advice")).to_have_attribute(
        "data-advice", advice, timeout=60_000
    )


async def test_a_call_on_hold_is_silent_for_both_also_after_a_reload(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)
    await talk(buyer, seller)
    await hears(seller, BUYER)
    await hears(buyer, SELLER)

    await buyer.part("call-hold").click()
    await expect(seller.part("call-note")).to_have_text("Ada Buyer put the call on hold")
    await hears_nothing(seller)
    await hears_nothing(buyer)

    await seller.page.reload()
    await seller.call_is("active")
    await expect(seller.part("call-note")).to_have_text("Ada Buyer put the call on hold")
    await buyer.page.reload()
    await buyer.call_is("active")
    await expect(buyer.part("call-hold")).to_have_attribute("data-holding", "true")
    await hears_nothing(seller)

    await buyer.part("call-hold").click()
    await hears(seller, BUYER)
    await hears(buyer, SELLER)
    await expect(seller.part("call-note")).to_have_text("")
    await advised(seller, "")
    await buyer.part("call-hang-up").click()


async def test_a_hold_is_of_its_call_and_of_none_after_it_on_any_screen(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)
    url = small_stage.server.url
    telephone = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    await talk(buyer, seller)
    await buyer.part("call-hold").click()
    await seller.part("call-hold").click()
    await expect(buyer.part("call-note")).to_have_text("En attente des deux côtés")
    await telephone.call_is("elsewhere")
    await buyer.part("call-hang-up").click()
    await telephone.call_is("idle")

    await buyer.part("call-start").click()
    connected = await buyer.part("remote-audio").element_handle()
    await buyer.page.wait_for_function("player => player.srcObject !== null", arg=connected)
    await telephone.part("call-accept").click()
    await telephone.call_is("active")
    await hears(buyer, SELLER)
    await hears(telephone, BUYER)
    await expect(telephone.part("call-hold")).to_have_attribute("data-holding", "false")
    await buyer.part("call-hang-up").click()


async def test_a_microphone_that_gives_nothing_is_told_to_both_with_what_helps(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    url = small_stage.server.url
    dead = microphone(BUYER, volume=0).replace("tone.start();", "tone.start(); window.tone = tone;")
    buyer = await windows.open(url, order, "buyer", scripts=[dead])
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    await talk(buyer, seller)
    await advised(buyer, "my_microphone")
    await expect(buyer.part("call-advice")).to_contain_text("Votre micro ne donne aucun son")
    await advised(seller, "their_microphone")
    await expect(seller.part("call-advice")).to_contain_text("No sound from Ada Buyer’s microphone")

    # Another one is chosen, and it works.
    await buyer.page.evaluate(microphone(BUYER))
    await buyer.part("call-advice-action").click()
    await expect(buyer.part("sound-check-microphone")).to_be_focused()
    await buyer.part("sound-check-microphone").select_option("Casque")
    await buyer.part("sound-check-close").click()
    await hears(seller, BUYER)
    await advised(buyer, "")
    await advised(seller, "")
    await buyer.part("call-hang-up").click()


async def test_a_bad_network_is_told_and_no_longer_once_it_is_good_again(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    url = small_stage.server.url
    weather = Weather()
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER), DIVERT])
    await weather.over(buyer.page)
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    try:
        await talk(buyer, seller)
        await hears(seller, BUYER)
        weather.loss = 0.5
        await advised(seller, "both_bad")
        await advised(buyer, "both_bad")
        weather.loss = 0.0
        await advised(seller, "")
        await advised(buyer, "")
        await buyer.part("call-hang-up").click()
        await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
    finally:
        weather.close()
