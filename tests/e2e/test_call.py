"""A voice call in two real browsers, each of which measures the other's sound."""

import re

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, hears_nothing, microphone
from tests.e2e.windows import Window, Windows
from tests.harness import TestOrder

BUYER, SELLER = 440, 1000
"""The tones, in hertz, that stand for the voices."""

FIVE_SECONDS = re.compile(r"^(0:(0[5-9]|[1-5]\d)|[1-9]\d*:\d\d)$")
"""The length of a call that lasts five seconds or more."""


async def both(stage: Stage, windows: Windows, order: TestOrder) -> tuple[Window, Window]:
    url = stage.server.url
    return (
        await windows.open(url, order, "buyer", scripts=[microphone(BUYER)]),
        await windows.open(url, order, "seller", scripts=[microphone(SELLER)]),
    )


async def ends_of(stage: Stage, order: TestOrder) -> list[tuple[str, int]]:
    """How the order's calls ended, and after how many seconds of talk."""
    async with stage.server.backend() as http:
        page = (await http.get(f"/api/v1/orders/{order.id}/entries?limit=500")).json()
    events = [entry["event"] for entry in page["entries"]]
    return [(e["end"], e.get("seconds", 0)) for e in events if e["kind"] == "call_ended"]


async def test_both_hear_each_others_voice_until_one_hangs_up(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)

    await buyer.part("call-start").click()
    await buyer.call_is("calling")
    await seller.call_is("ringing")
    await expect(seller.part("call")).to_contain_text("Ada Buyer is calling")
    await seller.part("call-accept").click()
    await buyer.call_is("active")
    await seller.call_is("active")
    await hears(buyer, SELLER)
    await hears(seller, BUYER)

    await buyer.part("call-mute").click()
    await hears_nothing(seller)
    await expect(seller.part("call-note")).to_have_text("Ada Buyer is muted")
    await hears(buyer, SELLER)
    await buyer.part("call-mute").click()
    await hears(seller, BUYER)

    # The room stays usable meanwhile.
    await buyer.say("Vous m’entendez ?")
    await seller.reads("Vous m’entendez ?")

    await expect(seller.part("call-length")).to_have_text(FIVE_SECONDS)
    await seller.part("call-hang-up").click()
    await expect(buyer.part("call-ended")).to_have_attribute("data-end", "completed")
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
    [(end, seconds)] = await ends_of(small_stage, order)
    assert (end, seconds >= 5) == ("completed", True)
    length = "{}:{:02}".format(*divmod(seconds, 60))
    await expect(buyer.entry("call_ended")).to_contain_text(f"Appel, {length}")
    await expect(seller.entry("call_ended")).to_contain_text(f"Call, {length}")

    await expect(buyer.part("call-sound").locator("summary")).to_have_text(
        re.compile("Bon son|Son moyen|Mauvais son")
    )
    await seller.part("call-sound").locator("summary").click()
    await expect(seller.part("call-sound")).to_contain_text(
        re.compile(r"Ada Buyer was .+: score \d\.\d of 4\.5")
    )


async def test_a_page_that_is_reloaded_during_a_call_comes_back_into_it(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await hears(buyer, SELLER)
    await hears(seller, BUYER)

    await buyer.page.reload()
    await buyer.call_is("active")
    await hears(buyer, SELLER)
    await hears(seller, BUYER)
    assert await ends_of(small_stage, order) == []

    await buyer.part("call-hang-up").click()
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")


async def test_who_is_muted_is_muted_still_when_the_page_was_reloaded(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await hears(seller, BUYER)
    await buyer.part("call-mute").click()
    await hears_nothing(seller)

    await buyer.page.reload()
    await buyer.call_is("active")
    await hears(buyer, SELLER)
    await expect(buyer.part("call-mute")).to_have_attribute("data-muted", "true")
    await expect(seller.part("call-note")).to_have_text("Ada Buyer is muted")
    await hears_nothing(seller)
    await buyer.part("call-mute").click()
    await hears(seller, BUYER)

    # It was of that call: the next one begins with an open microphone.
    await buyer.part("call-mute").click()
    await buyer.part("call-hang-up").click()
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await hears(seller, BUYER)
    await buyer.part("call-hang-up").click()


async def test_a_call_is_declined_or_withdrawn(small_stage: Stage, windows: Windows) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)

    await seller.part("call-start").click()
    await buyer.part("call-decline").click()
    for window in (buyer, seller):
        await expect(window.part("call-ended")).to_have_attribute("data-end", "declined")

    await buyer.part("call-start").click()
    await seller.call_is("ringing")
    await buyer.part("call-hang-up").click()
    for window in (buyer, seller):
        await expect(window.part("call-ended")).to_have_attribute("data-end", "cancelled")

    assert await ends_of(small_stage, order) == [("declined", 0), ("cancelled", 0)]


async def test_a_call_that_nobody_takes_ends_by_itself_as_missed(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(policy={"ring": 4})
    buyer, seller = await both(small_stage, windows, order)
    await buyer.part("call-start").click()
    for window in (buyer, seller):
        await expect(window.part("call-ended")).to_have_attribute("data-end", "no_answer")
    await expect(seller.entry("call_ended")).to_contain_text("Missed call from Ada Buyer")
    await expect(buyer.entry("call_ended")).to_contain_text("sans réponse")
    assert await ends_of(small_stage, order) == [("no_answer", 0)]
