"""Looking for words, in one order and in all of one's own."""

import json
import re

from playwright.async_api import WebSocketRoute, expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.windows import Window, Windows
from tests.harness import Process, TestOrder


async def talk(server: Process, order: TestOrder, *texts: str) -> None:
    """Have the buyer write all of it."""
    async with server.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        for text in texts:
            await buyer.say(order.id, text)


async def finds(window: Window, *excerpts: str) -> None:
    """Wait until exactly these places are found, in this order."""
    hits = window.page.locator('[data-test="hit"] .excerpt')
    await expect(hits).to_have_text([re.compile(re.escape(text)) for text in excerpts])


async def test_words_are_found_marked_and_gone_to_by_keyboard(
    stage: Stage, windows: Windows
) -> None:
    order = await stage.server.order()
    filler = [f"Remarque numéro {n}." for n in range(70)]
    await talk(
        stage.server, order, "Le théâtre ouvre en mars.", *filler, "Encore un mot du theatre."
    )
    seller = await windows.open(stage.server.url, order, "seller")
    keys = seller.page.keyboard
    await seller.part("search-open").click()
    await expect(seller.part("search-input")).to_be_focused()
    await keys.type("theatr")  # a beginning, without its accents
    await finds(seller, "Encore un mot du theatre.", "Le théâtre ouvre en mars.")
    marks = seller.page.locator('[data-test="hit"] mark')
    await expect(marks.last).to_have_text(re.compile("théâtr"))

    # The older one is not loaded yet; going there loads it.
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    there = seller.page.locator('[data-test="message"]').filter(has_text="ouvre en mars")
    await expect(there).to_be_focused()
    await expect(there).to_be_in_viewport()

    await seller.part("search-input").fill("zzz")
    await expect(seller.part("search-said")).to_contain_text("zzz")
    await seller.part("search-input").press("Escape")
    await expect(seller.part("search-panel")).to_have_count(0)
    await expect(seller.part("search-open")).to_be_focused()


async def test_a_phone_finds_a_place_in_another_order_from_the_inbox(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    await talk(server, order, "La couleur du store est #2f5d50.", "Autre chose.")
    page = await windows.page(size=PHONE)
    await page.goto(f"{server.url}/demo/as/{order.buyer}?order={order.id}")
    await page.goto(f"{server.url}/demo/{order.buyer}/")
    window = Window(page, server.url, order.id, order.buyer)
    await window.part("search-open").tap()
    await window.part("search-close").tap()
    await expect(window.part("search-open")).to_be_focused()
    await window.part("search-open").tap()
    await window.part("search-input").fill("couleur store")
    await finds(window, "La couleur du store est #2f5d50.")
    await window.part("hit").tap()
    await expect(page).to_have_url(re.compile(f"/orders/{order.id}#m"))
    there = page.locator('[data-test="message"]').filter(has_text="couleur du store")
    await expect(there).to_be_in_viewport()


async def test_an_index_that_lags_is_told_and_asked_again(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    await talk(server, order, "La couleur du store est #2f5d50.")
    page = await windows.page()
    lags = [1]

    def between(browser: WebSocketRoute) -> None:
        """A line on which the server says once that it is behind."""
        line = browser.connect_to_server()

        def tell(said: str | bytes) -> None:
            frame = json.loads(said)
            if frame["t"] == "found" and lags:
                frame["behind"] = lags.pop()
                said = json.dumps(frame)
            browser.send(said)

        line.on_message(tell)

    await page.route_web_socket(re.compile("/ws$"), between)
    buyer = Window(page, server.url, order.id, order.buyer)
    await buyer.enter()
    await buyer.part("search-open").click()
    await buyer.part("search-input").fill("couleur")
    await expect(buyer.part("search-behind")).to_contain_text("tout derniers messages")
    await buyer.part("search-again").press("Enter")
    await expect(buyer.part("search-behind")).to_have_count(0)
    await finds(buyer, "La couleur du store est #2f5d50.")
