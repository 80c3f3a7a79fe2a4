"""Two tabs of the buyer and a telephone of the seller, whatever they do to each other's words."""

import asyncio
import secrets

from playwright.async_api import expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.line import line_to
from tests.e2e.looks import CROWDED
from tests.e2e.test_messages import message, open_menu
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Window, Windows
from tests.harness import TestOrder, new_order

LISTED, AT_ONCE = 300, 20
"""Open orders of a busy seller, and how many are made at the same time."""


async def second_tab(window: Window, order: TestOrder) -> Window:
    """One more tab of the same person."""
    page = await window.page.context.new_page()
    tab = Window(page, window.url, order.id, window.person)
    await tab.enter()
    return tab


async def test_two_tabs_and_a_telephone_show_the_same_after_everything(
    stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    server = stage.server
    order = await server.order()
    async with line_to(server.port) as line:
        one = await windows.open(server.url, order, "buyer")
        two = await second_tab(one, order)
        phone = await windows.open(line.url, order, "seller", size=PHONE)
        every = (one, two, phone)

        await one.say("Le texte fait 212 mots.")
        await two.say("Et la musique reste dessous.")
        for window in every:
            await window.reads("Le texte fait 212 mots.", "Et la musique reste dessous.")

        # What is being written in one tab is its own; what is changed in the other is both's.
        await one.part("composer").fill("Un brouillon")
        await two.part("composer").press("ArrowUp")
        await two.part("composer").fill("Et la musique commence après.")
        await two.part("composer").press("Enter")
        await expect(one.part("composer")).to_have_value("Un brouillon")

        # Out of reach the telephone misses a change and a withdrawal, and answers what is gone.
        for window in every:
            await window.reads("Le texte fait 212 mots.", "Et la musique commence après.")
        await message(phone, "212").locator('[data-test="message-menu"]').tap()
        await phone.part("menu-reply").tap()
        await line.cut()
        await expect(phone.part("connection")).to_have_attribute("data-state", "offline")
        await phone.write("Noted: 212.")
        await open_menu(two, "212")
        await two.part("menu-withdraw").click()
        await two.part("withdraw-confirm").click()
        await one.reads("Et la musique commence après.")
        await line.mend()
        for window in every:
            await window.reads("Et la musique commence après.", "Noted: 212.")
            await expect(window.page.locator('[data-gone="withdrawn"]')).to_have_count(1)
            await window.shows_nothing_of("212 mots")
        await expect(one.part("quote")).to_contain_text("Message retiré")
        await expect(phone.part("quote")).to_contain_text("Message withdrawn")

        # Found by its words in the tab, and no longer by those that were taken back.
        await one.part("search-open").first.click()
        await one.part("search-input").fill("musique")
        await expect(one.part("hit")).to_have_count(1)
        await one.part("search-input").fill("mots")
        await expect(one.part("hit")).to_have_count(0)
        await expect(one.part("composer")).to_have_value("Un brouillon")


async def test_a_message_taken_back_in_one_tab_while_it_is_changed_in_the_other_says_so(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    one = await windows.open(server.url, order, "buyer")
    two = await second_tab(one, order)
    await one.say("Trop vite écrit.")
    await two.reads("Trop vite écrit.")
    await one.page.bring_to_front()  # a browser draws what is behind once a second
    await one.part("composer").fill("Ce que j’écrivais")
    await open_menu(one, "Trop vite")
    await one.part("menu-edit").click()
    await one.part("composer").fill("Mieux écrit.")
    await two.page.bring_to_front()
    await open_menu(two, "Trop vite")
    await two.part("menu-withdraw").click()
    await two.part("withdraw-confirm").click()
    await expect(one.page.locator('[data-gone="withdrawn"]')).to_be_visible()

    await one.part("composer").press("Enter")
    await expect(one.part("composer-refusal")).to_be_visible()
    await expect(one.part("composer")).to_have_value("Mieux écrit.")  # no word is lost
    await one.part("composer").press("Escape")
    await expect(one.part("composer")).to_have_value("Ce que j’écrivais")
    await expect(one.part("composer-refusal")).to_have_count(0)


async def test_words_of_any_script_and_length_fit_the_telephone(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    phone = await windows.open(server.url, order, "seller", size=PHONE)
    texts = [
        "Donaudampfschifffahrtsgesellschaftskapitän" * 60,
        "مرحبا، هل يمكنك البدء اليوم؟ 50€ (SARL Dupont)",
        "👩‍👩‍👧‍👦" * 200,
        "https://example.org/" + "a" * 900,
        "Z\u0351\u036b\u0343a\u0363\u0341l\u0369g\u036bo\u0321" * 40,
        "\u202etxet esrever",
        "ligne\n" * 60,
    ]
    async with server.browser(order.buyer) as buyer:
        for text in texts:
            await buyer.say(order.id, text)
            await expect(phone.messages.last).to_contain_text(text.strip()[:40])
            assert await phone.page.evaluate(CROWDED) == [], text[:20]
    # it reads as it is written, and what stands after it is not turned around
    arabic = phone.messages.nth(1)
    assert await arabic.evaluate("(text) => getComputedStyle(text).direction") == "rtl"
    for text in (texts[0], texts[5]):
        kept = message(phone, text[:12]).last
        await kept.locator('[data-test="message-menu"]').tap()
        await phone.part("menu-reply").tap()
        await expect(phone.part("composer-mode")).to_be_visible()
        assert await phone.page.evaluate(CROWDED) == []
        await phone.part("composer-stop").tap()


async def test_a_busy_seller_finds_the_order_that_counts_among_three_hundred(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    seller = f"seller-{secrets.token_hex(4)}"
    person = new_order("nobody", seller)["seller"]
    orders = [
        order
        for start in range(0, LISTED, AT_ONCE)
        for order in await asyncio.gather(
            *(server.order(title=f"Commande {start + n}", seller=person) for n in range(AT_ONCE))
        )
    ]
    page = await windows.page(size=PHONE)
    await page.goto(f"{server.url}/demo/as/{seller}?order={orders[0].id}")
    await page.goto(f"{server.url}/demo/{seller}/")
    await expect(page.locator('[data-test="inbox-line"]')).to_have_count(LISTED)
    assert await page.evaluate(CROWDED) == []
    async with server.browser(orders[123].buyer) as buyer:
        await buyer.say(orders[123].id, "On m’a oublié ?")
    line = page.locator(f'[data-test="inbox-line"][data-order="{orders[123].id}"]')
    await expect(line).to_have_attribute("data-unread", "1")
    await line.locator("a").tap()
    await expect(page.locator('[data-test="message"] .text')).to_have_text(["On m’a oublié ?"])
