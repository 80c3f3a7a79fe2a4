"""The pictures that show what the room looks like. `make screenshots` refreshes the kept ones."""

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import DESKTOP, PHONE
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_countdown import SHORT, SLOWER
from tests.e2e.weather import DIVERT, Weather
from tests.e2e.windows import Role, Window, Windows
from tests.harness import Process, TestOrder
from tests.socket_browser import Frame

pytestmark = pytest.mark.screenshots

BYTES_MOST = 200_000
"""The kept pictures are part of every clone."""


async def take(page: Page, folder: Path, name: str) -> None:
    """Take a picture of what the window shows."""
    path = folder / f"{name}.png"
    await page.screenshot(path=path, animations="disabled", caret="hide")
    assert path.stat().st_size < BYTES_MOST


async def shown(demo: Process, number: int) -> TestOrder:
    """One of the orders that the demo shows, as they stand on its home page."""
    async with demo.http() as http:
        order: Frame = (await http.get("/demo/orders")).json()["orders"][number]
    people = {one["role"]: one["person"] for one in order["people"]}
    return TestOrder(order["order"], people["buyer"], people["seller"])


VOICE_OVER, WEBSITE = 0, 1
"""Which of them, from the top."""


async def visit(
    windows: Windows,
    demo: Process,
    order: TestOrder,
    role: Role,
    locale: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    scripts: Sequence[str] = (),
) -> Window:
    """Open a room of the demo with a voice in it, and the advice already read."""
    tone = microphone({"buyer": 330, "seller": 520}[role], {"buyer": 0.1, "seller": 0.04}[role])
    window = await windows.open(
        demo.url, order, role, locale=locale, size=size, dark=dark, scripts=[tone, *scripts]
    )
    await window.part("advice-dismiss").click()
    return window


async def test_the_rooms_of_both_parties(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    french, english = await shown(demo, VOICE_OVER), await shown(demo, WEBSITE)
    buyer = await visit(windows, demo, french, "buyer", "fr-FR")
    seller = await visit(windows, demo, english, "seller", "en-GB")
    await visit(windows, demo, french, "seller", "fr-FR")
    await expect(buyer.part("presence")).to_have_attribute("data-online", "true")
    await take(buyer.page, screenshots, "room-buyer")
    await take(seller.page, screenshots, "room-seller")

    night = await visit(windows, demo, english, "buyer", "en-GB", dark=True)
    await expect(night.part("presence")).to_have_attribute("data-online", "true")
    await take(night.page, screenshots, "room-dark")


async def test_a_call_rings_and_is_taken(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    order = await shown(demo, VOICE_OVER)
    buyer = await visit(windows, demo, order, "buyer", "fr-FR")
    seller = await visit(windows, demo, order, "seller", "fr-FR", size=PHONE)
    await buyer.part("call-start").click()
    await seller.call_is("ringing")
    await seller.part("call-accept").click()
    await hears(buyer, 520)
    await expect(buyer.part("call-length")).not_to_have_text("0:00")
    await take(buyer.page, screenshots, "call")
    await take(seller.page, screenshots, "phone-call")
    await seller.part("call-hang-up").click()
    await expect(seller.part("call-ended")).to_be_visible()

    await seller.part("call-start").click()
    await buyer.call_is("ringing")
    await take(buyer.page, screenshots, "call-ringing")
    await buyer.part("call-decline").click()


async def test_a_second_call_waits_and_a_lost_one_comes_back(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    two = people("Inès Caron", "Théo Lambert", "fr")
    order = await demo.order(title="Transcription d’un entretien avec une apicultrice", **two)
    others = {**people("Ada Martin", "Théo Lambert", "fr"), "seller": two["seller"]}
    other = await demo.order(title="Générique d’un podcast", **others)
    weather = Weather()
    buyer = await visit(windows, demo, order, "buyer", "fr-FR", scripts=[DIVERT])
    await weather.over(buyer.page)
    seller = await visit(windows, demo, order, "seller", "fr-FR", size=PHONE)
    caller = await visit(windows, demo, other, "buyer", "fr-FR")
    try:
        await buyer.part("call-start").click()
        await seller.part("call-accept").click()
        await hears(buyer, 520)
        await caller.part("call-start").click()
        await expect(seller.part("call-accept-hold")).to_be_visible()
        await take(seller.page, screenshots, "phone-call-waiting")
        await caller.part("call-hang-up").click()
        weather.cut = True
        await expect(seller.part("call-note")).to_contain_text("Inès Caron")
        await expect(buyer.part("call-note")).to_have_text("Reconnexion…")
        await take(buyer.page, screenshots, "call-reconnecting")
        weather.cut = False
        await expect(buyer.part("call-note")).to_have_text("")
        await buyer.part("call-hang-up").click()
        await expect(seller.part("call-ended").last).to_be_visible()
    finally:
        weather.close()


async def test_the_clock_near_zero_and_the_order_after_it(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    # Paid so long ago that most of the two days are over.
    paid = datetime.now(UTC) - timedelta(hours=48)
    near = await demo.order(
        title="Transcription d’un entretien avec une apicultrice",
        paid_at=(paid + timedelta(seconds=99)).isoformat(),
        price_cents=2_400,
        **people("Inès Caron", "Théo Lambert", "fr"),
    )
    began = time.monotonic()
    writer = await visit(windows, demo, near, "buyer", "fr-FR")
    reader = await visit(windows, demo, near, "seller", "fr-FR")
    enough = max(SHORT, SLOWER * (time.monotonic() - began))
    await writer.say("Bonjour Théo, l’enregistrement se charge encore, il est long.")
    await reader.say("Je le guette. Il nous reste une minute !")
    await expect(reader.part("countdown")).to_have_attribute("data-urgency", "urgent")
    await take(reader.page, screenshots, "near-zero")

    short = await demo.order(
        title="Two-minute jingle for a podcast",
        paid_at=(datetime.now(UTC) - timedelta(hours=48, seconds=-enough)).isoformat(),
        price_cents=8_000,
        **people("Ella Novak", "Jonas Weber", "en"),
    )
    buyer = await visit(windows, demo, short, "buyer", "en-GB")
    seller = await visit(windows, demo, short, "seller", "en-GB")
    await buyer.say("Hello Jonas, I am still looking for the theme we used last year.")
    await seller.say("No hurry from my side, but the clock is running.")
    await buyer.is_in("cancelled")
    await expect(buyer.part("refund")).to_be_visible()
    await expect(buyer.entry("money_refunded")).to_be_visible()
    await take(buyer.page, screenshots, "cancelled")


async def test_the_pages_around_the_room(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    page = await windows.page(locale="en-GB")
    await page.goto(demo.url)
    await expect(page.locator('[data-test="demo-order"]')).to_have_count(6)
    await take(page, screenshots, "home")

    await page.goto(f"{demo.url}/mailbox")
    await page.locator('[data-test="mail"]').first.click()
    letter = page.frame_locator('[data-test="mail-html"]')
    await expect(letter.get_by_role("link").first).to_be_visible()
    await take(page, screenshots, "mailbox")


async def test_what_is_said_is_answered_changed_and_found(
    demo: Process, windows: Windows, screenshots: Path
) -> None:
    order = await shown(demo, WEBSITE)
    seller = await visit(windows, demo, order, "seller", "en-GB")
    buyer = await visit(windows, demo, order, "buyer", "en-GB", size=PHONE)
    await seller.say("The menu has two pages, may I put both on one screen?")
    asked = buyer.page.locator('[data-test="message"][data-seq]').last
    await expect(asked).to_contain_text("two pages")
    await asked.locator('[data-test="message-menu"]').tap()
    await take(buyer.page, screenshots, "phone-message")
    await buyer.page.locator('[data-test="react"][data-reaction="agree"]').tap()
    await asked.locator('[data-test="message-menu"]').tap()
    await buyer.part("menu-reply").tap()
    await buyer.say("Yes please, drinks below the cakes.")
    await buyer.part("composer").press("ArrowUp")
    await buyer.part("composer").fill("Yes please, drinks below the bread.")
    await buyer.part("send").tap()
    await expect(seller.part("edited")).to_be_visible()
    await seller.part("search-open").click()
    await seller.part("search-input").fill("menu")
    await expect(seller.part("hit").first).to_be_visible()
    await take(seller.page, screenshots, "search")
    await seller.part("search-close").click()
    await seller.part("composer").fill("Shall I book it on 4111 1111 1111 1111?")
    await expect(seller.part("warnings")).to_have_attribute("data-kinds", "card")
    await seller.part("send").click()
    await expect(seller.part("warn-anyway")).to_be_visible()
    await take(seller.page, screenshots, "warning")

    await seller.page.goto(f"{demo.url}/demo/{order.seller}/")
    await expect(seller.part("inbox-line").first).to_be_visible()
    await take(seller.page, screenshots, "inbox")


async def test_the_room_in_a_hand(demo: Process, windows: Windows, screenshots: Path) -> None:
    order = await shown(demo, WEBSITE)
    seller = await visit(windows, demo, order, "seller", "en-GB", size=PHONE)
    await take(seller.page, screenshots, "phone")
    await seller.part("panel-open").click()
    await take(seller.page, screenshots, "phone-panel")
    await seller.part("action-order.start").click()
    await take(seller.page, screenshots, "phone-dialog")


def people(buyer: str, seller: str, language: str) -> Frame:
    """The two people of an order, by their names."""
    return {
        role: {
            "person": f"{role}-{secrets.token_hex(4)}",
            "name": name,
            "email": f"{role}@example.org",
            "language": language,
        }
        for role, name in (("buyer", buyer), ("seller", seller))
    }
