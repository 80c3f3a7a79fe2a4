"""What a telephone does: it rings everywhere, is silenced here, is busy, and two call at once."""

import asyncio

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, hears_nothing, microphone
from tests.e2e.test_call import BUYER, SELLER, ends_of
from tests.e2e.windows import Window, Windows
from tests.harness import TestOrder

CALLER = 700
"""The tone of somebody else who calls, in hertz."""

LONG = {"ring": 180}
"""A call that rings for as long as all its steps may take on a slow machine."""

HELD_BACK = """
const open = navigator.mediaDevices.getUserMedia;
const released = new Promise((resolve) => { window.release = resolve; });
navigator.mediaDevices.getUserMedia = async (wanted) => { await released; return open(wanted); };
"""
"""The microphone opens when the test says so: what follows happens at one moment for two pages."""


async def test_all_devices_ring_and_the_first_to_accept_stops_the_others(
    small_stage: Stage, windows: Windows
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order(policy=LONG)
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER)])
    desk = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    other = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    await buyer.part("call-start").click()
    await desk.call_is("ringing")
    await other.call_is("ringing")
    await other.page.reload()
    await other.call_is("ringing")

    # Silence is this device's own business: the other one rings on, and the caller sees nothing.
    await other.part("call-silence").click()
    await other.call_is("silenced")
    await other.page.reload()
    await other.call_is("silenced")
    await desk.call_is("ringing")
    await buyer.call_is("calling")

    await desk.part("call-accept").click()
    await expect(other.part("call-elsewhere")).to_have_attribute("data-answered", "true")
    await expect(other.part("call-elsewhere")).to_contain_text("Answered on another device")
    await hears(buyer, SELLER)
    await hears(desk, BUYER)
    await buyer.part("call-hang-up").click()
    for window in (buyer, desk):
        await expect(window.part("call-ended")).to_have_attribute("data-end", "completed")
    await other.call_is("idle", "ended")

    # To decline is to answer: it stops everywhere, and the caller reads who did.
    await buyer.part("call-start").click()
    await desk.call_is("ringing")
    await other.part("call-decline").click()
    for window in (desk, other):
        await expect(window.part("call-ended")).to_contain_text("You declined the call")
    await expect(buyer.part("call-ended")).to_contain_text("Sam Seller a refusé l’appel")
    assert [end for end, _ in await ends_of(small_stage, order)] == ["completed", "declined"]


async def in_a_call_and_beside_it(
    stage: Stage, windows: Windows, orders: tuple[TestOrder, TestOrder]
) -> tuple[Window, Window, Window]:
    """Ada and her seller Tom, who talk, and Eve, another buyer of Tom's, who may call him."""
    (first, second), url = orders, stage.server.url
    ada = await windows.open(url, first, "buyer", scripts=[microphone(BUYER)])
    tom = await windows.open(url, first, "seller", scripts=[microphone(SELLER)])
    eve = await windows.open(url, second, "buyer", scripts=[microphone(CALLER)])
    await ada.part("call-start").click()
    await tom.part("call-accept").click()
    await tom.call_is("active")
    return ada, tom, eve


async def test_who_is_in_a_call_hears_of_another_and_the_caller_that_they_are_busy(
    small_stage: Stage, windows: Windows
) -> None:
    orders = await small_stage.server.orders_of_one_seller(policy={"ring": 15})
    ada, tom, eve = await in_a_call_and_beside_it(small_stage, windows, orders)

    await eve.part("call-start").click()
    await expect(tom.part("rings-elsewhere")).to_have_attribute("data-order", orders[1].id)
    await expect(eve.part("call-ended")).to_have_attribute("data-end", "busy")
    await expect(eve.part("call-ended")).to_contain_text("Tom est déjà en communication")
    await expect(tom.part("rings-elsewhere")).to_have_count(0)
    await tom.call_is("active")
    await hears(ada, SELLER)

    # What to do instead stands where the call ended.
    ended = eve.part("call")
    await expect(ended.locator('[data-test="voice-note"]')).to_be_visible()
    await ended.locator('[data-test="talk-propose"]').click()
    await ended.locator('[data-test="talk-confirm"]').click()
    await expect(eve.part("talk")).to_have_attribute("data-mine", "true")
    await ada.part("call-hang-up").click()
    over = tom.part("call").locator('[data-test="call-ended"]')
    await expect(over).to_have_attribute("data-end", "completed")
    assert await ends_of(small_stage, orders[1]) == [("busy", 0)]


async def test_a_call_that_waits_is_taken_while_the_other_is_on_hold_and_back(
    small_stage: Stage, windows: Windows
) -> None:
    orders = await small_stage.server.orders_of_one_seller()
    ada, tom, eve = await in_a_call_and_beside_it(small_stage, windows, orders)
    await hears(ada, SELLER)

    await eve.part("call-start").click()
    await tom.part("call-accept-hold").click()
    await hears(eve, SELLER)
    await hears(tom, CALLER, "elsewhere-audio")
    await hears_nothing(ada)
    await expect(ada.part("call-note")).to_have_text("Tom a mis l’appel en attente")
    here, there = tom.part("call"), tom.part("other-call")
    await expect(here.locator('[data-test="call-left"]')).to_be_visible()

    await here.locator('[data-test="call-hold"]').click()
    await hears(ada, SELLER)
    await hears_nothing(eve)
    await expect(there.locator('[data-test="call-left"]')).to_be_visible()

    # Both outlive a reload, and what was on hold still is.
    await tom.page.reload()
    await hears(tom, BUYER)
    await hears(ada, SELLER)
    await expect(there.locator('[data-test="call-left"]')).to_be_visible()
    await ada.part("call-hang-up").click()
    await expect(here.locator('[data-test="call-ended"]')).to_be_visible()
    await hears_nothing(eve)  # nobody's microphone opens because somebody else hung up
    await there.locator('[data-test="call-hold"]').click()
    await hears(eve, SELLER)
    await there.locator('[data-test="call-hang-up"]').click()
    await expect(eve.part("call-ended")).to_have_attribute("data-end", "completed")
    for order in orders:
        assert [end for end, _ in await ends_of(small_stage, order)] == ["completed"]


async def test_in_the_list_of_orders_it_rings_and_is_answered_and_the_room_takes_it_up(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order(policy=LONG)
    buyer = await windows.open(server.url, order, "buyer", scripts=[microphone(BUYER)])
    seller = await windows.open(server.url, order, "seller", scripts=[microphone(SELLER)])
    desk = await windows.open(server.url, order, "seller", scripts=[microphone(SELLER)])
    await seller.page.goto(f"{server.url}/demo/{order.seller}/")
    await buyer.part("call-start").click()
    ring = seller.part("rings-elsewhere")
    await expect(ring).to_contain_text("Ada Buyer is calling")
    await ring.locator('[data-test="call-silence"]').click()
    await expect(ring).to_contain_text("Silent here")
    await desk.call_is("ringing")
    await ring.locator('[data-test="call-accept"]').click()
    await hears(buyer, SELLER)
    await hears(seller, BUYER, "elsewhere-audio")
    await expect(desk.part("call-elsewhere")).to_have_attribute("data-answered", "true")
    await seller.part("rings-open").click()
    await seller.call_is("active")
    await hears(seller, BUYER)
    await hears(buyer, SELLER)
    await buyer.part("call-hang-up").click()
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")


async def test_who_has_enough_of_a_call_hangs_up_and_answers_the_next(
    small_stage: Stage, windows: Windows
) -> None:
    orders = await small_stage.server.orders_of_one_seller()
    ada, tom, eve = await in_a_call_and_beside_it(small_stage, windows, orders)
    await eve.part("call-start").click()
    await tom.part("call-accept-hang-up").click()
    await expect(ada.part("call-ended")).to_have_attribute("data-end", "completed")
    await hears(tom, CALLER, "elsewhere-audio")

    # Whoever calls while one rings alone is answered simply, also after the other one hung up.
    await ada.part("call-start").click()
    await expect(tom.part("call-accept-hold")).to_be_visible()
    await eve.part("call-hang-up").click()
    await tom.part("call-accept").click()
    await hears(ada, SELLER)
    await tom.part("call").locator('[data-test="call-hang-up"]').click()
    await expect(ada.part("call-ended")).to_have_attribute("data-end", "completed")


async def test_two_who_call_each_other_at_the_same_moment_are_in_one_call(
    small_stage: Stage, windows: Windows
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order()
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER), HELD_BACK])
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER), HELD_BACK])
    both = (buyer, seller)
    for window in both:
        await window.part("call-start").click()
    for window in both:
        await window.call_is("calling")
    await asyncio.gather(*(window.page.evaluate("release()") for window in both))
    await hears(buyer, SELLER)
    await hears(seller, BUYER)
    for window in both:
        await window.call_is("active")
    await seller.part("call-hang-up").click()
    await expect(buyer.part("call-ended")).to_have_attribute("data-end", "completed")
    assert [end for end, _ in await ends_of(small_stage, order)] == ["completed"]


async def test_the_title_flashes_with_who_calls_for_as_long_as_it_rings(
    small_stage: Stage, windows: Windows
) -> None:
    url, order = small_stage.server.url, await small_stage.server.order(policy=LONG)
    buyer = await windows.open(url, order, "buyer", scripts=[microphone(BUYER)])
    seller = await windows.open(url, order, "seller", scripts=[microphone(SELLER)])
    plain = await seller.page.title()
    await buyer.part("call-start").click()
    await seller.call_is("ringing")
    for _ in range(2):  # to and fro, once a second
        await expect(seller.page).to_have_title("Call from Ada Buyer")
        await expect(seller.page).to_have_title(plain)
    await seller.part("call-accept").click()
    await hears(seller, BUYER)
    assert await seller.page.title() == plain
    await buyer.part("call-hang-up").click()
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
