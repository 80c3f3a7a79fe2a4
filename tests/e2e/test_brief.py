"""The readiness list and files: given, accepted, asked for, shared, seen on both screens."""

import re
import struct
import zlib

from playwright.async_api import FilePayload, Locator, expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.test_uploads import SLOW, archive, begins, narrow
from tests.e2e.windows import Window, Windows


def picture(width: int = 320, height: int = 200) -> bytes:
    """A PNG of one colour (ISO/IEC 15948)."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x2f\x5d\x50" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def item(window: Window, key: str) -> Locator:
    """An item of the readiness list."""
    return window.page.locator(f'[data-test="brief-item"][data-item="{key}"]')


async def opens(window: Window, key: str) -> Locator:
    """Unfold an item."""
    found = item(window, key)
    await found.locator("summary").click()
    return found


async def stands(window: Window, ready: int, wanted: int) -> None:
    """Wait until the list shows so many of so many."""
    brief = window.part("brief")
    await expect(brief).to_have_attribute("data-ready", str(ready))
    await expect(brief).to_have_attribute("data-wanted", str(wanted))


async def test_the_two_fill_the_list_and_the_seller_starts_without_a_reason(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(brief=["Le texte", "Le ton"])
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    await stands(seller, 0, 2)

    text = await opens(buyer, "own-1")
    await text.locator('[data-test="brief-give"]').click()
    await text.locator('[data-test="brief-text"]').fill("212 mots, ci-joints.")
    await text.locator('[data-test="file-input"]').set_input_files(
        {"name": "texte final.txt", "mimeType": "text/plain", "buffer": b"Bonjour"}
    )
    await expect(text.locator('[data-test="file"]')).to_contain_text("texte final.txt")
    await text.locator('[data-test="brief-confirm"]').click()
    await stands(seller, 1, 2)
    theirs = await opens(seller, "own-1")
    await expect(theirs).to_contain_text("212 mots, ci-joints.")
    await expect(theirs.locator('[data-test="file"]')).to_contain_text("texte final.txt")
    await theirs.locator('[data-test="brief-accept"]').click()
    await expect(item(buyer, "own-1")).to_have_attribute("data-state", "accepted")

    tone = await opens(buyer, "own-2")
    await tone.locator('[data-test="brief-drop"]').click()
    await seller.part("brief-add").click()
    await seller.part("brief-text").fill("Your logo")
    await seller.part("brief-confirm").click()
    await stands(buyer, 1, 2)
    await expect(item(buyer, "own-3")).to_contain_text("Your logo")

    await seller.part("action-order.start").click()
    await expect(seller.part("note")).to_have_attribute("required", "")
    await seller.part("dialog-back").click()
    last = await opens(seller, "own-3")
    await last.locator('[data-test="brief-accept"]').click()
    await stands(seller, 2, 2)
    await seller.part("action-order.start").click()
    await expect(seller.part("note")).to_have_count(0)
    await seller.part("confirm").click()
    await buyer.is_in("in_progress")


async def test_an_item_is_sent_with_its_file_and_not_before_it_has_arrived(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(brief=["Le texte"])
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    speed = await buyer.page.context.new_cdp_session(buyer.page)
    text = await opens(buyer, "own-1")
    await text.locator('[data-test="brief-give"]').click()
    await text.locator('[data-test="brief-text"]').fill("Ci-joint.")
    await narrow(speed, SLOW)
    await text.locator('[data-test="file-input"]').set_input_files(archive("texte.zip"))
    await begins(buyer)
    confirm = text.locator('[data-test="brief-confirm"]')
    await expect(confirm).to_be_disabled()
    await expect(confirm).to_have_text("Un fichier est en route…")
    await narrow(speed, -1)
    await expect(confirm).to_be_enabled()
    await confirm.click()
    await expect(item(buyer, "own-1")).to_have_attribute("data-state", "given")
    await expect(text.locator('[data-test="file"]')).to_contain_text("texte.zip")


async def test_a_file_is_shared_from_the_composer_and_opened_by_the_other(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer", size=PHONE)
    seller = await windows.open(small_stage.server.url, order, "seller")
    await buyer.part("file-input").first.set_input_files(
        [
            FilePayload(name="logo.png", mimeType="text/html", buffer=picture()),
            FilePayload(name="notes.zip", mimeType="image/png", buffer=b"PK\x03\x04" + bytes(9)),
        ]
    )
    cards = seller.page.locator('[data-test="shared"] [data-test="file"]')
    await expect(cards).to_have_count(2)
    await expect(cards.first).to_have_attribute("data-type", "image/png")
    await expect(seller.part("file-picture")).to_have_js_property("complete", value=True)
    await expect(seller.part("file-picture")).not_to_have_js_property("naturalWidth", 0)
    async with seller.page.expect_download() as saving:
        await cards.last.locator('[data-test="file-open"]').click()
    saved = await saving.value
    assert saved.suggested_filename == "notes.zip"
    async with seller.page.context.expect_page() as opening:
        await cards.first.locator('[data-test="file-open"]').click()
    opened = await opening.value
    await expect(opened).to_have_url(re.compile("/files/[0-9a-f]{32}"))
    await expect(buyer.part("sending")).to_have_count(0)


async def test_a_file_that_cannot_be_sent_says_why_and_one_that_waits_goes_out_later(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive("Failed to load resource", "ERR_")
    order = await small_stage.server.order(policy={"file_max": 1000})
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    files = buyer.part("file-input").first
    await files.set_input_files({"name": "big.bin", "mimeType": "", "buffer": bytes(1001)})
    await expect(buyer.part("sending")).to_contain_text("1 ko")
    await buyer.part("sending-drop").click()
    await expect(buyer.part("sending")).to_have_count(0)

    await buyer.page.context.set_offline(offline=True)
    await files.set_input_files({"name": "note.txt", "mimeType": "", "buffer": b"Bonjour"})
    await expect(buyer.part("sending")).to_have_attribute("data-stage", "broken")
    await buyer.page.context.set_offline(offline=False)
    await expect(buyer.page.locator('[data-test="shared"]')).to_have_count(1)


async def test_of_an_order_that_has_ended_nothing_is_still_missing(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(brief=["Le texte"])
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    await expect(item(buyer, "own-1")).to_contain_text("Encore attendu")
    await buyer.take("order.cancel")
    await expect(item(buyer, "own-1")).to_contain_text("Pas transmis")
    await expect(item(seller, "own-1")).to_contain_text("Not given")
