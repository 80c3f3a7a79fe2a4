"""While the work goes on: an option is agreed, charged and added; a delivery names its files."""

import secrets

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.windows import Windows


async def test_an_option_counts_once_it_is_paid(large_stage: Stage, windows: Windows) -> None:
    server = large_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer")
    seller = await windows.open(server.url, order, "seller")
    await seller.take("order.start")
    await seller.is_in("in_progress")  # what stands below the step has moved: a click would miss it
    await seller.part("propose-option").click()
    await seller.part("option-title").fill("Second version, whispered")
    await seller.part("proposal-amount").fill("25")
    await seller.part("option-days").fill("2")
    await seller.part("proposal-confirm").click()
    await expect(buyer.part("proposal")).to_contain_text("Second version, whispered")
    await buyer.part("proposal-accept").click()
    await expect(buyer.entry("option_ordered")).to_be_visible()
    await expect(buyer.part("escrow")).to_have_attribute("data-held", "12300")

    async with server.backend() as http:
        waiting = (await http.get("/api/v1/movements?limit=1000")).json()["movements"]
        (charge,) = (m for m in waiting if m["order"] == order.id and m.get("option"))
        assert (charge["cents"], charge["option"]) == (2500, "Second version, whispered")
        confirmed = await http.post(
            f"/api/v1/orders/{order.id}/movements/{charge['movement']}/confirm",
            json={"reference": f"charge-{secrets.token_hex(4)}"},
        )
    assert confirmed.status_code == 200, confirmed.text
    for window in (buyer, seller):
        await expect(window.part("escrow")).to_have_attribute("data-held", "14800")
        await expect(window.part("proposal")).to_have_count(0)
        await expect(window.entry("option_added")).to_be_visible()


async def test_an_amount_is_typed_in_the_currency_of_the_order(
    small_stage: Stage, windows: Windows
) -> None:
    """Of yen there are no hundredths: who types 2000 means 2000 of them."""
    server = small_stage.server
    order = await server.order(price_cents=12_300, currency="JPY")
    buyer = await windows.open(server.url, order, "buyer")
    seller = await windows.open(server.url, order, "seller")
    await seller.take("order.start")
    await seller.is_in("in_progress")
    await seller.part("propose-refund").click()
    await seller.part("proposal-amount").fill("2000")
    await seller.part("proposal-confirm").click()
    await buyer.part("proposal-accept").click()
    for window in (buyer, seller):
        await expect(window.part("escrow")).to_have_attribute("data-held", "10300")


async def test_a_delivery_names_the_files_it_consists_of(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer")
    seller = await windows.open(server.url, order, "seller")
    await seller.take("order.start")
    await seller.page.locator('[data-test="file-input"]').first.set_input_files(
        {"name": "voice-over.txt", "mimeType": "text/plain", "buffer": b"the work itself"}
    )
    await expect(seller.part("shared")).to_have_count(1)
    await seller.take("order.deliver")
    await expect(buyer.part("delivered-files")).to_contain_text("voice-over.txt")
