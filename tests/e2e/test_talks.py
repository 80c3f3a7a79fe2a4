"""Around a call: asking for one, picking a time, minutes that both confirm, a voice note."""

import json
import re

from playwright.async_api import Request, WebSocketRoute, expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import hears, microphone
from tests.e2e.test_call import BUYER, SELLER, both
from tests.e2e.windows import Window, Windows

TWO_SECONDS = re.compile(r"^(0:(0[2-9]|[1-5]\d)|[1-9]\d*:\d\d)$")
"""A length of two seconds or more. Each second stands there for a second, and may be missed."""


async def test_a_time_to_talk_is_picked_with_one_tap(large_stage: Stage, windows: Windows) -> None:
    order = await large_stage.server.order()
    buyer, seller = await both(large_stage, windows, order)
    await seller.part("talk-propose").click()
    await expect(seller.part("talk-time")).to_have_count(3)
    await seller.part("talk-time").nth(2).fill("")
    await seller.part("talk-note").fill("Pour parler du ton")
    await seller.part("talk-confirm").click()
    await expect(seller.part("talk-dialog")).to_be_hidden()
    await expect(buyer.part("talk")).to_contain_text("Pour parler du ton")
    await expect(buyer.part("talk-pick")).to_have_count(2)
    await buyer.part("talk-pick").last.click()
    for window in (buyer, seller):
        await expect(window.part("talk-at")).to_be_visible()
        await expect(window.part("talk")).to_have_count(0)
        await expect(window.entry("call_agreed")).to_be_visible()


async def test_what_was_agreed_in_a_call_is_confirmed_by_both_and_joins_the_brief(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer, seller = await both(small_stage, windows, order)
    await expect(seller.part("minutes")).to_have_count(0)
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await seller.call_is("active")
    await expect(seller.part("call-length")).to_have_text(TWO_SECONDS)
    await seller.part("call-hang-up").click()
    await seller.part("call-minutes").click()
    await expect(seller.part("minutes-text")).to_be_focused()
    await seller.part("minutes-text").fill("Ton chaleureux")
    await seller.part("minutes-text").press("Enter")
    await buyer.part("minutes-accept").click()
    for window in (buyer, seller):
        await expect(window.part("minutes-point")).to_have_attribute("data-state", "confirmed")
        agreed = window.part("brief-item").filter(has_text="Ton chaleureux")
        await expect(agreed).to_have_attribute("data-state", "accepted")
    await buyer.part("minutes-text").fill("Sans musique")
    await buyer.part("minutes-add").click()
    await seller.part("minutes-decline").click()
    await expect(buyer.part("minutes-point")).to_have_count(1)


async def test_who_may_not_call_asks_to_be_called(small_stage: Stage, windows: Windows) -> None:
    order = await small_stage.server.order(policy={"calls_by": "seller"})
    buyer, seller = await both(small_stage, windows, order)
    await expect(buyer.part("call-start")).to_be_disabled()
    await buyer.part("call-request").click()
    await expect(seller.entry("call_requested")).to_be_visible()
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await seller.call_is("active")
    await seller.part("call-hang-up").click()


async def test_a_call_about_another_order_rings_here_and_leads_there(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    first, second = await server.orders_of_one_seller()
    tom = await windows.open(server.url, first, "seller", scripts=[microphone(SELLER)])
    ada = await windows.open(server.url, second, "buyer", scripts=[microphone(BUYER)])
    await ada.part("call-start").click()
    await expect(tom.part("rings-elsewhere")).to_have_attribute("data-order", second.id)
    await tom.part("rings-open").click()
    await tom.part("call-accept").click()
    await ada.call_is("active")
    await ada.part("call-hang-up").click()


async def test_a_call_that_was_over_before_its_caller_heard_of_it_leaves_the_same_to_do(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order(policy={"ring": 1})
    page = await windows.page(scripts=[microphone(BUYER)])

    def between(browser: WebSocketRoute) -> None:
        """A line on which no situation tells of a call: the newest is told, and it is over."""
        line = browser.connect_to_server()

        def tell(said: str | bytes) -> None:
            frame = json.loads(said)
            if frame["t"] != "situation" or frame["situation"].get("call") is None:
                browser.send(said)

        line.on_message(tell)

    await page.route_web_socket(re.compile("/ws$"), between)
    buyer = Window(page, server.url, order.id, order.buyer)
    await buyer.enter()
    await buyer.part("call-start").click()
    await expect(buyer.part("call-ended")).to_have_attribute("data-end", "no_answer")
    await expect(buyer.part("call").locator('[data-test="voice-note"]')).to_be_visible()


async def test_a_call_that_nobody_takes_becomes_a_voice_note(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(policy={"ring": 3})
    buyer, seller = await both(small_stage, windows, order)
    await buyer.part("call-start").click()
    await expect(buyer.part("call-ended")).to_have_attribute("data-end", "no_answer")
    await buyer.part("call").locator('[data-test="voice-note"]').click()
    dialog = buyer.page.locator('[data-test="voice-note-dialog"][open]')
    await dialog.locator('[data-test="voice-note-record"]').click()
    state = dialog.locator('[data-test="voice-note-state"]')
    await expect(state).to_have_attribute("data-state", "recording")
    # it would be said into what is recorded
    said = "it => { it.heard = 0; new MutationObserver(() => (it.heard += 1)).observe(it, HEARD) }"
    every = "{childList: true, characterData: true, subtree: true}"
    status = dialog.get_by_role("status").filter(has_text="Enregistrement")
    await status.evaluate(said.replace("HEARD", every))
    await expect(dialog.get_by_role("timer")).to_have_text(TWO_SECONDS)
    assert await status.evaluate("it => it.heard") == 0
    await dialog.locator('[data-test="voice-note-stop"]').click()
    await expect(state).to_have_attribute("data-state", "recorded")
    await dialog.locator('[data-test="voice-note-send"]').click()
    await expect(dialog).to_be_hidden()
    told = re.compile(r"Voice note · (?!0:00)\d+:\d\d")
    await expect(seller.part("file-open")).to_contain_text(told)
    length = (await seller.part("file-open").inner_text()).partition(" · ")[2][:4]
    told, tells = re.compile(f"Voice note · {length}"), re.compile(f"Message vocal · {length}")
    await expect(buyer.part("file-open")).to_contain_text(tells)
    await seller.part("shared").hover()
    await seller.part("message-menu").click()
    await seller.part("menu-reply").click()
    await expect(seller.part("composer-mode")).to_contain_text(told)
    await seller.say("I heard it.")
    await expect(buyer.part("quote")).to_contain_text(tells)
    await seller.part("search-open").click()
    await seller.part("search-input").fill("voice note")
    await expect(seller.part("hit")).to_contain_text(told)
    await seller.part("search-close").click()
    # it is short: it goes round, so that there is time to look and to listen
    await seller.part("sound-audio").evaluate("(player) => { player.loop = true; }")
    await seller.part("sound-play").click()
    await expect(seller.part("file-sound")).to_have_attribute("data-playing", "true")
    await hears(seller, BUYER, "sound-audio")

    # In a tab of its own it is a page that may do nothing but play it.
    def of_its_tab(request: Request) -> bool:
        return request.resource_type == "media" and request.frame.page != seller.page

    async with seller.page.context.expect_event("requestfinished", of_its_tab):
        await seller.part("file-open").click()
