"""The order goes its way by buttons, each confirmed first, and the money follows."""

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.windows import Windows
from tests.harness import TestOrder
from tests.socket_browser import Frame


async def order_of(stage: Stage, order: TestOrder) -> Frame:
    async with stage.server.backend() as http:
        found: Frame = (await http.get(f"/api/v1/orders/{order.id}")).json()
    return found


async def test_an_order_is_started_delivered_and_accepted_and_the_seller_is_paid(
    large_stage: Stage, windows: Windows
) -> None:
    order = await large_stage.server.order(price_cents=12_345)
    buyer = await windows.open(large_stage.server.url, order, "buyer")
    seller = await windows.open(large_stage.server.url, order, "seller")
    await expect(buyer.part("escrow")).to_have_attribute("data-held", "12345")

    await buyer.part("action-brief.hand_over").click()
    await buyer.part("note").fill("Le texte et le ton.")
    await buyer.part("confirm").click()
    await expect(seller.entry("brief_handed_over")).to_contain_text("Le texte et le ton.")

    await seller.part("action-order.start").click()
    await expect(seller.part("dialog-money")).to_contain_text("€123.45")
    await seller.part("dialog-back").click()
    await expect(seller.part("dialog")).to_be_hidden()
    await seller.is_in("awaiting_validation")
    await seller.take("order.start")
    for window in (buyer, seller):
        await window.is_in("in_progress")
        await expect(window.part("countdown")).to_have_attribute("data-timer", "delivery")

    await seller.part("action-order.deliver").click()
    await seller.part("note").fill("Two takes, WAV and MP3.")
    await seller.part("confirm").click()
    for window in (buyer, seller):
        await window.is_in("delivered")
        await expect(window.part("countdown")).to_have_attribute("data-timer", "review")
    await expect(buyer.entry("order_delivered")).to_contain_text("Two takes, WAV and MP3.")

    await buyer.take("order.close")
    for window in (buyer, seller):
        await window.is_in("closed")
        await expect(window.entry("money_released")).to_be_visible()
    found = await order_of(large_stage, order)
    assert (found["state"], found["held_cents"]) == ("closed", 0)
    assert found["ledger"]["balances"]["seller"] == 12_345
    assert sum(posting["cents"] for posting in found["ledger"]["postings"]) == 0


async def test_a_buyer_cancels_and_is_refunded(large_stage: Stage, windows: Windows) -> None:
    order = await large_stage.server.order(price_cents=12_345)
    buyer = await windows.open(large_stage.server.url, order, "buyer")
    seller = await windows.open(large_stage.server.url, order, "seller")

    await buyer.part("action-order.cancel").click()
    await expect(buyer.part("dialog-money")).to_contain_text("123,45 €")
    await buyer.part("note").fill("Je n’ai pas encore le texte.")
    await buyer.part("confirm").click()
    for window in (buyer, seller):
        await window.is_in("cancelled")
        await expect(window.entry("order_cancelled")).to_contain_text(
            "Je n’ai pas encore le texte."
        )
        await expect(window.part("refund")).to_be_visible()
    found = await order_of(large_stage, order)
    assert (found["state"], found["held_cents"]) == ("cancelled", 0)
    assert sum(found["ledger"]["balances"].values()) == 0
    # A cancelled order can still be talked about for a while.
    await seller.say("No problem, see you another time.")
    await buyer.reads("No problem, see you another time.")
