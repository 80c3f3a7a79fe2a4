"""Who writes what is better not written is told so, and decides."""

from playwright.async_api import expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.line import line_to
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Windows

CARD = "Ma carte : 4111 1111 1111 1111, prélevez le reste."


async def test_a_writer_is_told_while_typing_and_asked_before_sending(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    keys = buyer.page.keyboard
    warnings = buyer.part("warnings")

    await buyer.part("composer").fill(CARD)
    await expect(warnings).to_have_attribute("data-kinds", "card")
    await expect(warnings).to_have_attribute("role", "status")
    await expect(warnings).to_contain_text("4111 1111 1111 1111")

    # Enter asks, and the answer is one key away; nothing was sent.
    await buyer.part("composer").press("Enter")
    await expect(warnings).to_have_attribute("role", "alert")
    await expect(buyer.part("warn-edit")).to_be_focused()
    await expect(buyer.messages).to_have_count(0)
    await keys.press("Enter")
    await expect(buyer.part("composer")).to_be_focused()
    await expect(buyer.part("composer")).to_have_value(CARD)

    # Changed, it goes out as any other; meant, it goes out too, and everybody sees the sign.
    await buyer.part("composer").fill("Je paierai ici.")
    await expect(warnings).to_have_attribute("data-kinds", "")
    await buyer.part("send").click()
    await seller.reads("Je paierai ici.")
    await buyer.part("composer").fill(CARD)
    await expect(warnings).to_have_attribute("data-kinds", "card")
    await buyer.part("send").click()
    await keys.press("Tab")
    await expect(buyer.part("warn-anyway")).to_be_focused()
    await keys.press("Enter")
    await seller.reads("Je paierai ici.", CARD)
    await expect(warnings).to_have_attribute("data-kinds", "")
    await expect(seller.page.locator(".risky")).to_be_visible()


async def test_a_message_is_changed_knowingly_as_it_is_sent(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    await buyer.say("Je paierai autrement.")
    await buyer.part("composer").press("ArrowUp")
    await buyer.part("composer").fill(CARD)
    await expect(buyer.part("warnings")).to_have_attribute("data-kinds", "card")
    await buyer.part("composer").press("Enter")
    await expect(buyer.part("warn-edit")).to_be_focused()
    await buyer.page.keyboard.press("Tab")
    await buyer.page.keyboard.press("Enter")
    await seller.reads(CARD)
    await expect(buyer.part("composer-mode")).to_have_count(0)

    # A slip of the pen in what was sent knowingly can be put right, though the server may be the
    # first to see that the number still stands there.
    await buyer.part("composer").press("ArrowUp")
    await buyer.part("composer").fill(f"{CARD} Merci !")
    await buyer.part("composer").press("Enter")
    await expect(buyer.part("warn-edit")).to_be_focused()
    await expect(buyer.part("composer")).to_have_value(f"{CARD} Merci !")
    await buyer.part("warn-anyway").click()
    await seller.reads(f"{CARD} Merci !")


async def test_what_was_written_offline_is_asked_about_when_it_would_go_out(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await small_stage.server.order()
    async with line_to(small_stage.server.port) as line:
        buyer = await windows.open(line.url, order, "buyer")
        seller = await windows.open(small_stage.server.url, order, "seller")
        await line.cut()
        await buyer.is_cut_off()  # on a line that is up, the words would be looked at first
        await buyer.write(CARD)
        await buyer.write("Et merci !")
        await expect(buyer.unsent).to_have_count(2)
        await line.mend()

        refusal = buyer.part("secret-refusal")
        await expect(refusal).to_be_visible()
        await seller.reads("Et merci !")
        await buyer.part("message-rewrite").click()
        await expect(buyer.part("composer")).to_have_value(CARD)
        await expect(buyer.unsent).to_have_count(0)

        # It waits for its writer with the reason, also where the page was loaded again meanwhile,
        # and what it answered goes back with it.
        await buyer.part("composer").fill("")
        await buyer.part("message-menu").last.click()
        await buyer.part("menu-reply").click()
        await line.cut()
        await buyer.is_cut_off()
        await buyer.write(CARD)
        await line.mend()
        await expect(refusal).to_be_visible()
        await buyer.page.reload()
        await expect(refusal).to_be_visible()
        await expect(buyer.unsent).to_have_count(1)
        await buyer.part("message-rewrite").click()
        await expect(buyer.part("composer")).to_have_value(CARD)
        await expect(buyer.part("composer-mode")).to_contain_text("Et merci !")
        await buyer.part("composer-stop").click()

        # What the server asks about may be sent from there as well.
        await buyer.part("composer").fill("")
        await line.cut()
        await buyer.is_cut_off()
        await buyer.write(CARD)
        await line.mend()
        await expect(refusal).to_be_visible()
        await buyer.part("message-retry").click()
        await seller.reads("Et merci !", CARD)
        await expect(buyer.unsent).to_have_count(0)
