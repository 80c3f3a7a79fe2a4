"""Every page in both languages, on a desk and in a hand, light and dark."""

import asyncio
import re

import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from tests.browser import DESKTOP, PHONE
from tests.e2e.looks import CROWDED, FAINT
from tests.e2e.sounds import microphone
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Window, Windows
from tests.harness import Process

LONG = "Voix off française pour un film d’entreprise de quatre-vingt-dix secondes, en deux versions"
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft"
UNBROKEN = "https://example.org/" + "un-tres-long-chemin-sans-espace-" * 6


WHERE = [("fr-FR", DESKTOP), ("fr-FR", PHONE), ("en-GB", PHONE)]
"""French words are the longer ones: what has room for them has room for English on a desk."""
IN_WORDS = ["French on a desk", "French on a phone", "English on a phone"]


NARROWEST = (320, 640)
ZOOMED = (640, 400)
"""A small laptop's window at 200 per cent."""
KEYBOARD_UP = (390, 500)
"""What the keyboard leaves of a phone."""
ON_ITS_SIDE = (844, 390)
FIRST_MOST = 130_000
"""Bytes over the line before the room can be read."""
LINES = 140
"""Pixels in which some of the conversation can be read."""


async def readable(window: Window) -> None:
    """Some of the conversation is in the window, and the place for writing can be reached."""
    await shows_lines(window)
    await window.part("composer").click()
    # all of it, but for a part of a pixel
    await expect(window.part("composer")).to_be_in_viewport(ratio=0.99)


async def shows_lines(window: Window) -> None:
    """Some of the conversation is in the window."""
    thread = await window.page.get_by_role("log").element_handle()
    # what is said of a line that was slow for a moment takes room and gives it back
    enough = f"it => it.getBoundingClientRect().height >= {LINES}"
    await window.page.wait_for_function(enough, arg=thread)


async def looks_right(page: Page, what: str) -> None:
    """Nothing sticks out to the side, and every text stands out from its ground, day and night."""
    assert await page.evaluate(CROWDED) == [], what
    assert await page.evaluate(FAINT) == [], what
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(FAINT) == [], f"{what}, in the dark"
    await page.emulate_media(color_scheme="light")


@pytest.mark.parametrize(("locale", "size"), WHERE, ids=IN_WORDS)
async def test_the_room_fits_its_window_and_can_be_read(
    demo: Process, windows: Windows, locale: str, size: tuple[int, int]
) -> None:
    order = await demo.order(title=LONG)
    buyer = await windows.open(
        demo.url, order, "buyer", locale=locale, size=size, scripts=[microphone(440)]
    )
    seller = await windows.open(
        demo.url, order, "seller", locale=locale, size=size, scripts=[microphone(880)]
    )
    await looks_right(buyer.page, "a new order")
    await buyer.say(f"{UNBROKEN} {LONG}")
    await buyer.part("composer").fill(UNBROKEN * 3)
    await seller.say("Bien reçu.")
    await looks_right(buyer.page, "a long address")
    await buyer.part("composer").fill("")

    if size == PHONE:
        await buyer.part("panel-open").click()
        await looks_right(buyer.page, "the panel")
    await buyer.part("action-order.cancel").click()
    await looks_right(buyer.page, "the dialog")
    await buyer.part("dialog-back").click()
    if size == PHONE:
        await buyer.part("panel-close").click()

    await buyer.part("call-start").click()
    await seller.call_is("ringing")
    await looks_right(buyer.page, "calling")
    await looks_right(seller.page, "ringing")
    await seller.part("call-accept").click()
    await buyer.call_is("active")
    await looks_right(buyer.page, "in a call")
    await seller.part("call-hang-up").click()
    await expect(buyer.part("call-ended")).to_be_visible()
    await looks_right(buyer.page, "after a call")


async def test_the_narrowest_phone_shows_the_whole_panel_of_the_order(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order(title=LONG)
    buyer = await windows.open(demo.url, order, "buyer", size=NARROWEST)
    await buyer.part("panel-open").click()
    await expect(buyer.part("panel-close")).to_be_in_viewport(ratio=1)
    await looks_right(buyer.page, "the panel")
    await buyer.part("panel-close").click()
    await expect(buyer.part("panel-close")).to_be_hidden()


@pytest.mark.parametrize("size", [PHONE, NARROWEST])
async def test_a_title_that_is_too_long_for_a_phone_opens_in_full(
    demo: Process, windows: Windows, size: tuple[int, int]
) -> None:
    order = await demo.order(title=" ".join([LONG] * 2))
    buyer = await windows.open(demo.url, order, "buyer", size=size)
    title, whole = buyer.page.get_by_role("heading", level=1), buyer.part("title-whole")
    cut = "it => it.scrollHeight > it.clientHeight + 1"
    assert await title.evaluate(cut)
    await expect(whole).to_have_attribute("aria-expanded", "false")
    await whole.focus()
    await buyer.page.keyboard.press("Enter")
    await expect(whole).to_have_attribute("aria-expanded", "true")
    assert not await title.evaluate(cut)
    await looks_right(buyer.page, "the whole title")
    await readable(buyer)
    await whole.click()
    await expect(whole).to_have_attribute("aria-expanded", "false")
    assert await title.evaluate(cut)


async def test_the_narrowest_phone_shows_the_lengths_inside_of_their_dialog(
    demo: Process, windows: Windows
) -> None:
    buyer = await windows.open(demo.url, await demo.order(), "buyer", size=NARROWEST)
    await buyer.part("panel-open").click()
    await buyer.part("propose-time").click()
    beyond = "it => it.scrollWidth - it.clientWidth"
    assert await buyer.page.get_by_role("radiogroup").evaluate(beyond) <= 0
    await looks_right(buyer.page, "the lengths")


async def test_the_narrowest_phone_shows_what_can_be_done_with_an_upload_that_waits(
    demo: Process, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await demo.order()
    buyer = await windows.open(demo.url, order, "buyer", size=NARROWEST)
    await buyer.part("advice-dismiss").click()
    await buyer.page.context.set_offline(offline=True)
    name = "un-nom-de-fichier-qui-ne-finit-pas-" * 3 + ".pdf"
    waits: FilePayload = {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    await buyer.part("file-input").first.set_input_files(waits)
    for button in ("sending-again", "sending-drop"):
        await expect(buyer.part(button)).to_be_in_viewport(ratio=1)
    await looks_right(buyer.page, "an upload that waits")


async def test_the_narrowest_strip_shows_the_time_left_and_no_half_words(
    demo: Process, windows: Windows
) -> None:
    buyer = await windows.open(demo.url, await demo.order(), "buyer", size=NARROWEST)
    strip = buyer.part("countdown-strip")
    inside = """it => [...it.querySelectorAll('.part, .short')].map((part) => {
      const [box, all] = [part.getBoundingClientRect(), it.getBoundingClientRect()];
      return box.top >= all.bottom ? 'away' : box.right <= all.right + 1 ? 'whole' : 'cut';
    })"""
    parts = await strip.evaluate(inside)
    assert set(parts) <= {"whole", "away"}
    assert parts[0] == "whole"


async def test_lengths_are_told_also_where_colours_are_the_readers_own(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order(brief=["Le texte", "Le ton"])
    buyer = await windows.open(demo.url, order, "buyer")
    await buyer.page.emulate_media(forced_colors="active")
    colours = """it => [document.body, it, it.firstElementChild].map(
      (one) => getComputedStyle(one).backgroundColor)"""
    for bar in ("countdown", "brief"):
        length = buyer.part(bar).get_by_role("progressbar")
        assert len(set(await length.evaluate(colours))) == 3, bar


async def test_a_title_that_fits_is_no_button(demo: Process, windows: Windows) -> None:
    buyer = await windows.open(demo.url, await demo.order(title="Voix off"), "buyer", size=PHONE)
    await expect(buyer.part("title-whole")).to_have_count(0)


async def test_zoomed_to_twice_its_size_the_conversation_can_be_read(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order(title=LONG)
    buyer = await windows.open(demo.url, order, "buyer", size=ZOOMED)
    await expect(buyer.part("advice")).to_be_visible()
    await readable(buyer)


async def test_a_telephone_on_its_side_shows_whom_one_writes_to_and_where(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order(title=LONG)
    buyer = await windows.open(demo.url, order, "buyer", size=ON_ITS_SIDE)
    await expect(buyer.part("composer")).to_be_in_viewport(ratio=0.9)  # without scrolling
    await buyer.page.wait_for_function(
        "it => it.getBoundingClientRect().width >= 200",
        arg=await buyer.page.get_by_role("heading", level=1).element_handle(),
    )
    await shows_lines(buyer)
    await looks_right(buyer.page, "a telephone on its side")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_the_room_does_not_scroll_away_from_under_a_long_conversation(
    demo: Process, windows: Windows, size: tuple[int, int]
) -> None:
    buyer = await windows.open(demo.url, await demo.order(), "buyer", size=size)
    await buyer.say("\n".join(["Une ligne"] * 80))
    await buyer.say("La dernière.")
    beyond = "it => it.scrollHeight - it.clientHeight"
    assert await buyer.page.locator("order-room").evaluate(beyond) <= 1


@pytest.mark.parametrize("size", [PHONE, NARROWEST])
async def test_a_long_name_stays_inside_of_the_call(
    demo: Process, windows: Windows, size: tuple[int, int]
) -> None:
    tom = {
        "person": f"tom-{size[0]}",
        "name": LONG_NAME,
        "email": "tom@post.test",
        "language": "en",
    }
    order = await demo.order(seller=tom)
    buyer = await windows.open(demo.url, order, "buyer", size=size, scripts=[microphone(440)])
    seller = await windows.open(demo.url, order, "seller", scripts=[microphone(880)])
    await seller.part("call-start").click()
    await buyer.call_is("ringing")
    beyond = "it => it.scrollWidth - it.clientWidth"
    assert await buyer.part("call").get_by_role("heading").evaluate(beyond) <= 0
    await buyer.part("call-decline").click()


async def test_in_a_call_the_keyboard_of_a_phone_leaves_room_for_the_conversation(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order()
    buyer = await windows.open(
        demo.url, order, "buyer", size=KEYBOARD_UP, scripts=[microphone(440)]
    )
    seller = await windows.open(demo.url, order, "seller", scripts=[microphone(880)])
    await buyer.part("advice-dismiss").click()
    await buyer.part("call-start").click()
    await seller.part("call-accept").click()
    await expect(buyer.part("call-brief")).to_be_visible()
    await readable(buyer)
    # The keyboard goes: there is room for all of the call.
    width, height = PHONE
    await buyer.page.set_viewport_size({"width": width, "height": height})
    await expect(buyer.part("call-hold")).to_be_visible()
    await seller.part("call-hang-up").click()


async def test_without_a_line_what_is_said_of_it_can_be_read(
    demo: Process, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await demo.order()
    buyer = await windows.open(demo.url, order, "buyer", size=PHONE)
    await buyer.page.context.set_offline(offline=True)
    await expect(buyer.part("connection-retry")).to_be_visible()
    await looks_right(buyer.page, "offline")


@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROWEST])
@pytest.mark.parametrize(
    ("locale", "heading"),
    [("fr-FR", "Il n’y a rien à cette adresse"), ("en-GB", "There is nothing at this address")],
)
async def test_an_unknown_address_is_told_in_words_with_a_way_on(
    demo: Process, windows: Windows, locale: str, heading: str, size: tuple[int, int]
) -> None:
    windows.forgive("404")
    page = await windows.page(locale=locale, size=size)
    await page.goto(f"{demo.url}/an/old/address")
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await looks_right(page, "an unknown address")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-test="demo-order"]')).to_have_count(6)


@pytest.mark.parametrize("size", [DESKTOP, NARROWEST])
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_record_of_an_order_is_read_by_day_and_by_night_and_printed_by_day(
    demo: Process, windows: Windows, language: str, size: tuple[int, int]
) -> None:
    order = await demo.order(title=LONG)
    headers = {"Authorization": f"Bearer {await demo.token(order.buyer)}"}
    async with demo.http(headers=headers) as http:
        path = f"/api/v1/me/orders/{order.id}/record.html?language={language}"
        record = (await http.get(path)).text
    page = await windows.page(size=size)
    await page.set_content(record)
    await looks_right(page, "the record")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(ground) == "rgb(255, 255, 255)"
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(ground) == "rgb(21, 25, 26)"
    await page.emulate_media(color_scheme="dark", media="print")
    assert await page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(("locale", "size"), WHERE, ids=IN_WORDS)
async def test_the_demos_own_pages_fit_their_window_and_can_be_read(
    demo: Process, windows: Windows, locale: str, size: tuple[int, int]
) -> None:
    page = await windows.page(locale=locale, size=size)
    await page.goto(demo.url)
    await expect(page.locator('[data-test="demo-order"]')).to_have_count(6)
    await looks_right(page, "the home page")

    await page.goto(f"{demo.url}/mailbox")
    await page.locator('[data-test="mail"]').first.click()
    await expect(page.frame_locator('[data-test="mail-html"]').locator("body")).to_be_visible()
    await looks_right(page, "the mailbox")
    await page.get_by_role("button", name="Texte brut" if locale == "fr-FR" else "Plain").click()
    await expect(page.locator('[data-test="mail-text"]')).to_be_visible()
    await looks_right(page, "a mail as text")


async def test_names_and_titles_without_a_space_fit_the_mailbox_and_the_inbox(
    demo: Process, windows: Windows
) -> None:
    tom = {"person": "tom-listed", "name": LONG_NAME, "email": "tom@post.test", "language": "en"}
    order = await demo.order(seller=tom, title=LONG_NAME)
    buyer = await windows.open(demo.url, order, "buyer", size=PHONE)
    await buyer.page.goto(f"{demo.url}/demo/{order.buyer}/")
    await expect(buyer.part("inbox-line")).to_contain_text(LONG_NAME)
    await looks_right(buyer.page, "the inbox")
    await buyer.page.goto(f"{demo.url}/mailbox")
    theirs = buyer.part("mail").filter(has_text=LONG_NAME).first
    await expect(theirs).to_be_visible()
    await looks_right(buyer.page, "the list of mails")
    await theirs.click()
    await expect(buyer.part("mail-html")).to_be_visible()
    await looks_right(buyer.page, "the mail")


async def test_the_language_can_be_changed_and_is_remembered(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order()
    window = await windows.open(demo.url, order, "buyer", locale="fr-FR")
    await expect(window.part("state")).to_have_text("En attente de validation")
    await window.part("language-en").click()
    await expect(window.part("state")).to_have_text("Awaiting validation")
    await expect(window.part("zero-sentence")).to_contain_text("the order is cancelled")
    await window.page.reload()
    await expect(window.part("state")).to_have_text("Awaiting validation")
    assert await window.page.evaluate("document.documentElement.lang") == "en"


async def test_a_visitor_opens_both_windows_from_the_home_page(
    demo: Process, windows: Windows
) -> None:
    page = await windows.page()
    await page.goto(demo.url)
    card = page.locator('[data-test="demo-order"]').first
    for role in ("buyer", "seller"):
        async with page.context.expect_page() as opening:
            await card.locator(f'[data-test="open-{role}"]').click()
        room = await opening.value
        await expect(room.locator('[data-test="composer"]')).to_be_visible()
        await expect(room.locator('[data-test="message"]').first).to_be_visible()

    orders = page.locator('[data-test="demo-order"]')
    before = await orders.first.get_attribute("data-order")
    await page.locator('[data-test="reset"]').click()
    await expect(orders.first).not_to_have_attribute("data-order", before or "")
    await expect(orders).to_have_count(6)


async def test_a_page_shows_that_it_comes_until_its_script_is_there(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order()
    page = await windows.page(size=PHONE)
    arrived = asyncio.Event()

    async def late(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route("**/assets/*.js", late)
    address = f"{demo.url}/demo/as/{order.buyer}?order={order.id}"
    await page.goto(address, wait_until="commit")
    await expect(page.locator('[data-test="begins"]')).to_be_visible()
    arrived.set()
    await expect(page.locator('[data-test="composer"]')).to_be_visible()
    await expect(page.locator('[data-test="begins"]')).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/mailbox", "/demo/x/", "/demo/x/orders/o_1"])
async def test_a_browser_without_scripts_is_told_that_they_are_needed(
    demo: Process, path: str
) -> None:
    async with demo.http() as http:
        page = (await http.get(path)).text
    (told,) = re.findall(r"<noscript>(.*?)</noscript>", page, flags=re.DOTALL)
    assert "Cette page a besoin de JavaScript." in told
    assert '<p lang="en">This page needs JavaScript.</p>' in told
    assert ".begins" in told  # and that nothing is on its way


async def test_what_the_room_loads_first_is_packed_and_little(
    demo: Process, windows: Windows
) -> None:
    order = await demo.order()
    page = await windows.page(size=PHONE)
    await page.goto(f"{demo.url}/demo/as/{order.buyer}?order={order.id}")
    await expect(page.locator('[data-test="composer"]')).to_be_visible()
    loaded = await page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('/assets/'))"
        ".map((one) => [one.name, one.encodedBodySize, one.decodedBodySize])"
    )
    scripts = [one for one in loaded if one[0].endswith(".js")]
    assert all(sent < whole for _, sent, whole in scripts)
    assert 0 < sum(sent for _, sent, _ in loaded) < FIRST_MOST


async def test_a_developer_finds_how_to_write_a_client_from_the_home_page(
    demo: Process, windows: Windows
) -> None:
    page = await windows.page(size=PHONE)
    await page.goto(demo.url)
    await page.locator('[data-test="docs"]').click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("How to write a client")
    # a phone shows what the page is before what stands in it; a desk shows both at once
    list_of, heading = page.get_by_role("navigation"), page.get_by_role("heading", level=1)
    before = "(a, b) => Boolean(a.compareDocumentPosition(b) & 4) && a.offsetTop < b.offsetTop"
    assert await heading.evaluate(f"(a, b) => ({before})(a, b)", await list_of.element_handle())
    # its examples scroll by themselves; the page does not
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name="Without a socket").click()
    await expect(page.get_by_role("heading", name="Without a socket")).to_be_in_viewport()
