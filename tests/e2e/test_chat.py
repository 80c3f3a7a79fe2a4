"""Two people write to each other."""

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.windows import Windows


async def test_two_people_write_and_see_each_other_write_read_and_leave(
    stage: Stage, windows: Windows
) -> None:
    order = await stage.server.order()
    buyer = await windows.open(stage.server.url, order, "buyer")
    await expect(buyer.part("presence")).to_have_attribute("data-online", "false")

    seller = await windows.open(stage.server.url, order, "seller")
    await expect(buyer.part("presence")).to_have_attribute("data-online", "true")
    await expect(seller.part("presence")).to_have_attribute("data-online", "true")

    # While one types the other sees it, and no longer once the message is there.
    await buyer.part("composer").press_sequentially("Bonjour")
    await expect(seller.part("typing")).to_have_text("Ada Buyer is writing…")
    await buyer.part("composer").fill("")
    await expect(seller.part("typing")).to_be_hidden()

    # Acknowledged, delivered live, and read since the other looks at it.
    await buyer.say("Bonjour Sam, voici mon texte : https://example.org/texte.")
    await expect(buyer.unsent).to_have_count(0)
    await seller.reads("Bonjour Sam, voici mon texte : https://example.org/texte.")
    await expect(buyer.part("seen").last).to_be_visible()
    await seller.say("Thank you, Ada!\nOne question: <b>which</b> tone?")
    await buyer.reads(
        "Bonjour Sam, voici mon texte : https://example.org/texte.",
        "Thank you, Ada!\nOne question: <b>which</b> tone?",
    )
    await expect(seller.part("seen").last).to_be_visible()

    # Both screens tell the same after a reload.
    await buyer.page.reload()
    await buyer.reads(*await seller.messages.all_inner_texts())

    await seller.page.close()
    await expect(buyer.part("presence")).to_have_attribute("data-online", "false")
