"""The line before what is new: it counts what the inbox counts, on whichever screen it is read."""

from playwright.async_api import expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.windows import Window, Windows

AWAY = "document.hasFocus = () => false; dispatchEvent(new Event('blur'))"
BACK = "delete document.hasFocus; dispatchEvent(new Event('focus'))"
"""What a browser says of a window that is left for another one, and when it is taken up again."""


async def test_a_file_is_new_as_a_message_is_and_another_tab_may_have_read_it(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    seller = await windows.open(server.url, order, "seller", size=PHONE)
    await seller.part("file-input").first.set_input_files(
        {"name": "texts.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04 one"}
    )
    await expect(seller.part("shared")).to_have_count(1)

    buyer = await windows.open(server.url, order, "buyer")
    line = buyer.part("unread")
    await expect(line).to_be_visible()
    await expect(buyer.part("shared")).to_be_visible()
    after = line.locator("xpath=following-sibling::*[1]")
    await expect(after).to_have_attribute("data-test", "shared")

    # In a second tab all of it is read already; what comes while it is away is new there.
    await expect(seller.part("seen")).to_have_count(1)
    second = Window(await buyer.page.context.new_page(), server.url, order.id, order.buyer)
    await second.enter()
    await expect(second.part("unread")).to_have_count(0)
    await second.page.evaluate(AWAY)
    await buyer.page.evaluate(AWAY)
    await expect(line).to_have_count(0)
    await seller.say("Here they are.")
    for window in (buyer, second):
        await expect(window.part("unread")).to_be_visible()

    # Read in one, it stays new before the eyes there and goes in the other.
    await buyer.page.evaluate(BACK)
    await expect(second.part("unread")).to_have_count(0)
    await expect(line).to_be_visible()
    await second.page.evaluate(BACK)
    await seller.say("And one more.")
    await second.reads("Here they are.", "And one more.")
    await expect(second.part("unread")).to_have_count(0)
