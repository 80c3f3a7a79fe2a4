"""What one can do about the other: nudge, report, block, and be unseen."""

from playwright.async_api import expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.windows import Windows


async def test_a_buyer_nudges_a_seller_who_lets_them_wait(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(policy={"nudge_after": 3}, brief=[])
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    await buyer.take("brief.hand_over")
    nudge = buyer.part("nudge")
    await expect(nudge).to_have_attribute("data-waits", "false")
    seller = await windows.open(small_stage.server.url, order, "seller")
    await expect(seller.part("nudge")).to_have_count(0)
    await buyer.part("nudge-send").click()
    await expect(seller.entry("seller_nudged")).to_be_visible()
    await expect(nudge).to_have_attribute("data-waits", "true")
    await expect(buyer.part("nudge-send")).to_be_disabled()


async def test_a_message_is_reported_and_nobody_else_learns_of_it(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    seller = await windows.open(small_stage.server.url, order, "seller")
    buyer = await windows.open(small_stage.server.url, order, "buyer", size=PHONE)
    await seller.say("Pay me outside and save the fee.")
    await buyer.reads("Pay me outside and save the fee.")
    await buyer.part("message-menu").tap()
    await buyer.part("menu-report").tap()
    await expect(buyer.page.get_by_role("dialog")).to_contain_text("Pay me outside")
    await buyer.part("reason-other").check()
    await buyer.part("report-note").fill("Hors plateforme, deux fois.")
    await buyer.part("report-send").tap()
    await expect(buyer.part("report-sent")).to_be_visible()
    await buyer.part("report-close").tap()
    async with small_stage.server.backend() as http:
        told = (await http.get("/api/v1/reports?state=open")).json()["reports"]
    (mine,) = [report for report in told if report["order"] == order.id]
    assert (mine["reason"], mine["note"]) == ("other", "Hors plateforme, deux fois.")
    await expect(seller.part("entry").filter(has_text="report")).to_have_count(0)


async def test_blocking_keeps_calls_away_and_can_be_undone(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    await expect(buyer.part("presence")).to_have_attribute("data-online", "true")
    keys = buyer.page.keyboard
    await buyer.part("more").focus()
    await keys.press("Enter")
    await keys.press("ArrowUp")
    await expect(buyer.part("block")).to_be_focused()
    await keys.press("Enter")
    await expect(buyer.part("block-dialog")).to_be_visible()
    await buyer.part("block-confirm").press("Enter")
    await expect(buyer.part("block-dialog")).to_be_hidden()
    await expect(buyer.part("presence")).to_have_text("")
    await expect(seller.part("call-start")).to_be_disabled()

    # Money is at stake: the conversation goes on.
    await seller.say("Are you there?")
    await buyer.reads("Are you there?")
    await buyer.part("more").click()
    await buyer.part("block").click()
    await expect(seller.part("call-start")).to_be_enabled()


async def test_who_hides_is_not_seen_and_does_not_see(small_stage: Stage, windows: Windows) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    await expect(buyer.part("presence")).to_have_attribute("data-online", "true")
    await seller.part("more").tap()
    await seller.part("hide-presence").tap()
    for window in (buyer, seller):
        await expect(window.part("presence")).to_have_attribute("data-online", "false")
        await expect(window.part("presence")).to_have_text("")

    await seller.part("more").tap()
    await expect(seller.part("hide-presence")).to_have_attribute("aria-checked", "true")
    await seller.part("hide-presence").tap()
    for window in (buyer, seller):
        await expect(window.part("presence")).to_have_attribute("data-online", "true")
