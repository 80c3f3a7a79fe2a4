"""What can be done with a message once it is said, by mouse, by touch and by keyboard."""

import re

from playwright.async_api import Locator, expect

from tests.browser import DESKTOP, PHONE
from tests.e2e.conftest import Stage
from tests.e2e.windows import Window, Windows

THANKS = re.compile(r"^Merci.: Sam Seller$")
"""The space before a colon is one that does not break."""


def message(window: Window, text: str) -> Locator:
    """The message that says this."""
    said = window.page.locator(".text", has_text=text)
    return window.page.locator('[data-test="message"][data-seq]').filter(has=said)


async def open_menu(window: Window, text: str) -> None:
    """Open what can be done with a message, by its button."""
    kept = message(window, text)
    await kept.hover()
    await kept.locator('[data-test="message-menu"]').click()
    await expect(window.part("menu")).to_be_visible()


async def test_a_message_is_changed_and_both_see_its_history(
    large_stage: Stage, windows: Windows
) -> None:
    order = await large_stage.server.order()
    buyer = await windows.open(large_stage.server.url, order, "buyer")
    second = await buyer.page.context.new_page()
    again = Window(second, large_stage.server.url, order.id, order.buyer)
    await again.enter()
    seller = await windows.open(large_stage.server.url, order, "seller", size=PHONE)

    await buyer.say("Le texte fait 212 mots.")
    await seller.reads("Le texte fait 212 mots.")
    await open_menu(buyer, "212")
    await buyer.part("menu-edit").click()
    await expect(buyer.part("composer")).to_be_focused()
    await expect(buyer.part("composer")).to_have_value("Le texte fait 212 mots.")
    await buyer.part("composer").fill("Le texte fait 214 mots.")
    await buyer.part("send").click()
    for window in (buyer, again, seller):
        await window.reads("Le texte fait 214 mots.")
        await expect(window.part("edited")).to_be_visible()

    await seller.part("edited").tap()
    await expect(seller.part("version")).to_have_count(2)
    await expect(seller.part("version").first).to_contain_text("212")
    await expect(seller.part("version").last).to_contain_text("214")
    await seller.page.keyboard.press("Escape")

    # Who comes later sees the newest words too.
    await second.reload()
    await again.reads("Le texte fait 214 mots.")


async def test_a_message_is_withdrawn_from_every_screen(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    await seller.say("This was meant for somebody else.")
    await buyer.reads("This was meant for somebody else.")
    kept = message(seller, "somebody else")
    await kept.locator('[data-test="message-menu"]').tap()
    await seller.part("menu-withdraw").tap()
    await seller.part("withdraw-back").tap()
    await buyer.reads("This was meant for somebody else.")
    await kept.locator('[data-test="message-menu"]').tap()
    await seller.part("menu-withdraw").tap()
    await seller.part("withdraw-confirm").tap()
    for window in (buyer, seller):
        gone = window.page.locator('[data-test="message"][data-gone="withdrawn"]')
        await expect(gone).to_be_visible()
        await expect(window.messages).to_have_count(0)
    await buyer.page.reload()
    await expect(buyer.page.locator('[data-gone="withdrawn"]')).to_be_visible()
    await buyer.shows_nothing_of("somebody else")


async def test_all_of_it_by_keyboard(small_stage: Stage, windows: Windows) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    keys = buyer.page.keyboard
    await buyer.say("Premier message.")
    await buyer.say("Deuxième mesage.")

    # As in other places the arrow up takes up one's last words.
    await buyer.part("composer").focus()
    await keys.press("ArrowUp")
    await expect(buyer.part("composer")).to_have_value("Deuxième mesage.")
    await keys.press("Escape")
    await expect(buyer.part("composer")).to_have_value("")
    await keys.press("ArrowUp")
    await buyer.part("composer").fill("Deuxième message.")
    await keys.press("Enter")
    await buyer.reads("Premier message.", "Deuxième message.")
    await expect(buyer.part("composer")).to_be_focused()

    # One stop for Tab; the arrow keys go from message to message, and through the menu.
    menus = buyer.page.locator('[data-test="message-menu"]')
    await expect(buyer.page.locator('[data-test="message-menu"][tabindex="0"]')).to_have_count(1)
    await menus.last.focus()
    await keys.press("ArrowUp")
    await expect(menus.first).to_be_focused()
    await keys.press("Enter")
    await expect(buyer.part("menu")).to_be_visible()
    await keys.press("Escape")
    await expect(buyer.part("menu")).to_be_hidden()
    await expect(menus.first).to_be_focused()
    await keys.press("Enter")
    await keys.press("End")
    await expect(buyer.part("menu-withdraw")).to_be_focused()
    await keys.press("Enter")
    await buyer.part("withdraw-confirm").focus()
    await keys.press("Enter")
    await expect(buyer.page.locator('[data-gone="withdrawn"]')).to_be_visible()
    await buyer.reads("Deuxième message.")
    # The button went with its message, and one is left that Tab reaches.
    await expect(menus).to_be_focused()
    await expect(menus).to_have_attribute("tabindex", "0")


async def test_what_is_being_written_survives_a_window_of_another_width(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    (wide, high), (narrow, tall) = DESKTOP, PHONE
    await buyer.say("Kerguélec.")
    await open_menu(buyer, "Kerguélec")
    await buyer.part("menu-edit").click()
    await buyer.part("composer").fill("Kerguélec, avec un K.")
    await buyer.page.set_viewport_size({"width": narrow, "height": tall})
    await expect(buyer.part("panel-open")).to_be_visible()
    await expect(buyer.part("composer-mode")).to_have_attribute("data-mode", "edit")
    await expect(buyer.part("composer")).to_have_value("Kerguélec, avec un K.")

    # A question that is being answered keeps its place until it is.
    await buyer.part("panel-open").click()
    await buyer.part("action-order.cancel").click()
    await buyer.part("note").fill("Le studio a fermé.")
    await buyer.page.set_viewport_size({"width": wide, "height": high})
    await expect(buyer.page.locator("order-room")).to_have_js_property("offsetWidth", wide)
    await expect(buyer.part("note")).to_have_value("Le studio a fermé.")
    await buyer.part("dialog-back").click()
    await expect(buyer.part("panel-open")).to_have_count(0)
    await expect(buyer.part("action-order.cancel")).to_be_visible()
    await expect(buyer.part("composer-mode")).to_have_attribute("data-mode", "edit")


async def test_a_message_is_answered_and_reacted_to(small_stage: Stage, windows: Windows) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    await buyer.say("Kerguélec se dit kère-gué-lek.")
    await buyer.say("Et Saïdi : sa-i-di.")
    await seller.reads("Kerguélec se dit kère-gué-lek.", "Et Saïdi : sa-i-di.")

    kept = message(seller, "Kerguélec")
    await kept.locator('[data-test="message-menu"]').tap()
    await seller.part("menu-reply").tap()
    await expect(seller.part("composer-mode")).to_contain_text("Kerguélec")
    await expect(seller.part("composer")).to_be_focused()
    await seller.say("Noted!")
    await expect(seller.part("composer-mode")).to_have_count(0)
    quote = message(buyer, "Noted!").locator('[data-test="quote"]')
    await expect(quote).to_contain_text("Kerguélec se dit")
    await quote.click()
    await expect(message(buyer, "Kerguélec se dit").first).to_be_focused()

    # One sign of each kind from each person; the same sign again takes it away.
    await kept.locator('[data-test="message-menu"]').first.tap()
    await seller.page.locator('[data-test="react"][data-reaction="thanks"]').tap()
    sign = buyer.page.locator('[data-test="reaction"][data-reaction="thanks"]')
    await expect(sign).to_have_attribute("aria-label", THANKS)
    await expect(sign).to_have_attribute("aria-pressed", "false")
    await sign.click()
    await expect(sign).to_have_text("2")
    await sign.click()
    await expect(sign).to_have_attribute("aria-label", THANKS)

    # What was withdrawn is gone from quotes too.
    await open_menu(buyer, "Kerguélec se dit")
    await buyer.part("menu-withdraw").click()
    await buyer.part("withdraw-confirm").click()
    await expect(quote).to_contain_text("Message retiré")
    await expect(seller.part("reaction")).to_have_count(0)
    await expect(seller.part("quote")).to_contain_text("Message withdrawn")
