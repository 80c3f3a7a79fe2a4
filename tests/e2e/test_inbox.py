"""All orders of a person: what is urgent first, what is unread, whose turn it is, live."""

import re
import secrets
from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from tests.browser import DESKTOP, PHONE
from tests.e2e.conftest import Stage
from tests.e2e.looks import CROWDED
from tests.e2e.windows import Windows
from tests.harness import Server, TestOrder, new_order
from tests.socket_browser import Frame


async def test_the_most_urgent_comes_first_and_lines_change_by_themselves(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    seller = f"seller-{secrets.token_hex(4)}"
    parties: Frame = new_order("nobody", seller)
    later = await server.order(title="Plus tard", seller=parties["seller"])
    paid = datetime.now(UTC) - timedelta(hours=40)
    sooner = await server.order(title="Bientôt", seller=parties["seller"], paid_at=paid.isoformat())
    page = await windows.page(locale="fr-FR", size=DESKTOP)
    await page.goto(f"{server.url}/demo/as/{seller}?order={later.id}")
    await page.goto(f"{server.url}/demo/{seller}/")
    lines = page.locator('[data-test="inbox-line"]')
    await expect(lines.locator("strong")).to_have_text(["Bientôt", "Plus tard"])

    # A message counts at once, here and in the title; reading it elsewhere takes it away.
    async with server.browser(later.buyer) as buyer:
        await buyer.subscribe(later.id)
        done = await buyer.say(later.id, "Bonjour !")
    line = page.locator(f'[data-test="inbox-line"][data-order="{later.id}"]')
    await expect(line).to_have_attribute("data-unread", "1")
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    async with server.browser(seller) as elsewhere:
        await elsewhere.subscribe(later.id)
        await elsewhere.send(t="mark", order=later.id, seq=done["seq"])
        await expect(line).to_have_attribute("data-unread", "0")
    await expect(page).to_have_title(re.compile(r"^(?!\()"))

    # The step of the other makes it one's own turn; what ended goes below.
    async with server.browser(sooner.buyer) as buyer:
        await buyer.do("order.cancel", sooner.id)
    await expect(lines.locator("strong")).to_have_text(["Plus tard", "Bientôt"])
    async with server.browser(later.buyer) as buyer:
        await buyer.do("brief.hand_over", later.id)
    await expect(line).to_have_attribute("data-turn", "true")
    await expect(page.locator('[data-test="inbox-waiting"]')).to_have_attribute("data-waiting", "1")

    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert await page.evaluate(CROWDED) == []
    await line.locator("a").click()
    await expect(page.locator('[data-test="composer"]')).to_be_visible()


async def test_what_is_taken_away_goes_from_the_list_and_the_screen_and_comes_back_by_itself(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order(title="Voix off, 90 secondes")
    seller, buyer = [
        await _inbox_of(windows, server, order, person, locale)
        for person, locale in ((order.seller, "en-GB"), (order.buyer, "fr-FR"))
    ]
    room = await windows.open(server.url, order, "seller")
    await room.say("The text is good.")
    await seller.locator('[data-test="search-open"]').click()
    await seller.locator('[data-test="search-input"]').fill("text")
    await expect(seller.locator('[data-test="hit"]')).to_have_count(1)
    async with server.backend() as backend:
        for page, person, nothing in (
            (seller, order.seller, "No orders yet"),
            (buyer, order.buyer, "Aucune commande"),
        ):
            path = f"/api/v1/orders/{order.id}/members/{person}"
            line = page.locator(f'[data-test="inbox-line"][data-order="{order.id}"]')
            await expect(line).to_be_visible()
            assert (await backend.post(f"{path}/revoke")).status_code == 200
            await expect(line).to_have_count(0)
            await expect(page.locator('[data-test="inbox-empty"]')).to_contain_text(nothing)
            await expect(page.locator('[data-test="hit"]')).to_have_count(0)
        await expect(room.part("refused")).to_have_attribute("data-code", "order_unknown")
        await room.shows_nothing_of("The text is good")
        for page, person in ((seller, order.seller), (buyer, order.buyer)):
            path = f"/api/v1/orders/{order.id}/members/{person}"
            assert (await backend.post(f"{path}/restore")).status_code == 200
            line = page.locator(f'[data-test="inbox-line"][data-order="{order.id}"]')
            await expect(line).to_be_visible()
        await room.reads("The text is good.")
        await room.say("I am back.")


async def _inbox_of(
    windows: Windows, server: Server, order: TestOrder, person: str, locale: str
) -> Page:
    page = await windows.page(locale=locale, size=DESKTOP)
    await page.goto(f"{server.url}/demo/as/{person}?order={order.id}")
    await page.goto(f"{server.url}/demo/{person}/")
    return page
