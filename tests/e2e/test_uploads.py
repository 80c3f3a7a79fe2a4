"""Files on bad lines, and how pictures and sounds arrive."""

import io
import math
import secrets
import struct
import wave

from PIL import Image
from playwright.async_api import CDPSession, FilePayload, expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.line import line_to
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Window, Windows

LARGE = 2_000_000
SLOW = 100_000
"""Bytes, and bytes a second: twenty seconds to do something meanwhile, whose end nobody awaits."""

PLAYED = """(sound) => {
  window.played = [];
  new MutationObserver(() => window.played.push(sound.dataset.playing))
    .observe(sound, {attributeFilter: ['data-playing']});
}"""
"""Notes what the player of a sound shows from now on: two seconds of sound may pass unseen."""


def archive(name: str) -> FilePayload:
    """A file that cannot be guessed, so it is really sent."""
    return {
        "name": name,
        "mimeType": "application/zip",
        "buffer": b"PK\x03\x04" + secrets.token_bytes(LARGE),
    }


async def narrow(line: CDPSession, bytes_per_second: int) -> None:
    """Let the page send so many bytes a second; -1 for as many as it can."""
    await line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": bytes_per_second,
        },
    )


async def begins(window: Window) -> int:
    """Wait until some of the file is there; return how many percent."""
    bar = window.page.locator('[data-test="sending"] [role="progressbar"]').first
    await expect(bar).not_to_have_attribute("aria-valuenow", "0")
    return int(await bar.get_attribute("aria-valuenow") or 0)


async def test_a_file_is_paused_goes_on_after_a_cut_and_a_reload_or_is_dropped(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN, "Failed to load resource", "404")
    order = await small_stage.server.order()
    async with line_to(small_stage.server.port) as line:
        buyer = await windows.open(line.url, order, "buyer")
        speed = await buyer.page.context.new_cdp_session(buyer.page)
        files = buyer.part("file-input").first
        row, shared = buyer.part("sending"), buyer.part("shared")

        # Paused by hand, by keyboard, and taken up again.
        await narrow(speed, SLOW)
        await files.set_input_files(archive("first.zip"))
        assert 0 < await begins(buyer) < 100
        await buyer.part("sending-pause").press("Enter")
        await expect(row).to_have_attribute("data-stage", "paused")
        await buyer.part("sending-again").press("Enter")
        await expect(row).to_have_attribute("data-stage", "sending")

        # The line breaks: it waits, and goes on by itself where it was.
        await line.cut()
        await expect(row).to_have_attribute("data-stage", "broken")
        await line.mend()
        await expect(row).to_have_attribute("data-stage", "sending")

        # A reload forgets nothing either.
        await buyer.page.reload()
        await expect(row).to_contain_text("first.zip")
        await narrow(speed, -1)
        await expect(shared).to_have_count(1)
        await expect(row).to_have_count(0)

        # One that is dropped is gone for good.
        await narrow(speed, SLOW)
        await files.set_input_files(archive("second.zip"))
        await begins(buyer)
        await buyer.part("sending-drop").click()
        await expect(row).to_have_count(0)
        await narrow(speed, -1)
        await files.set_input_files(archive("third.zip"))
        await expect(shared).to_have_count(2)
        await expect(shared.last).to_contain_text("third.zip")
        await buyer.page.reload()
        await expect(shared).to_have_count(2)
        await expect(row).to_have_count(0)


async def test_two_tabs_send_a_file_once_and_the_second_goes_on_when_the_first_is_closed(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive("Failed to load resource", "ERR_")
    server = small_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer")
    other = Window(await buyer.page.context.new_page(), server.url, order.id, buyer.person)
    await narrow(await buyer.page.context.new_cdp_session(buyer.page), SLOW)
    await buyer.part("file-input").first.set_input_files([archive("a.zip"), archive("b.zip")])
    await begins(buyer)
    await other.enter()
    await expect(buyer.part("sending")).to_have_count(2)
    await expect(other.part("sending")).to_have_count(0)

    # What is dropped here is not sent from there.
    await buyer.part("sending-drop").last.click()
    await expect(buyer.part("sending")).to_have_count(1)
    await buyer.page.close()
    await expect(other.part("shared")).to_have_count(1)
    await expect(other.part("shared")).to_contain_text("a.zip")
    await expect(other.part("sending")).to_have_count(0)


async def test_who_delivers_while_a_file_is_on_its_way_is_warned_and_told_that_it_did_not_go(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive("Failed to load resource", "409")
    order = await small_stage.server.order()
    seller = await windows.open(small_stage.server.url, order, "seller")
    await seller.take("order.start")
    speed = await seller.page.context.new_cdp_session(seller.page)
    files, row = seller.part("file-input").first, seller.part("sending")

    # It arrives while the dialog is open: nothing is left out then.
    await narrow(speed, SLOW)
    await files.set_input_files(archive("master.zip"))
    await begins(seller)
    await seller.part("action-order.deliver").click()
    await expect(seller.part("without")).to_be_visible()
    await expect(seller.part("confirm")).to_have_text("Go on without it")
    await narrow(speed, -1)
    await seller.part("dialog-back").click()
    await expect(seller.part("shared")).to_have_count(1)
    await seller.part("action-order.deliver").click()
    await expect(seller.part("without")).to_have_count(0)
    await seller.part("dialog-back").click()

    await narrow(speed, SLOW)
    await files.set_input_files(archive("stems.zip"))
    await begins(seller)
    await seller.take("order.deliver")
    await expect(seller.part("composer-closed")).to_be_visible()
    await narrow(speed, -1)
    await expect(row).to_have_attribute("data-stage", "failed")
    await expect(row).to_contain_text("stems.zip")
    await seller.part("sending-drop").click()
    await expect(row).to_have_count(0)


def picture() -> bytes:
    """A picture larger than what is shown of it."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1200, 800)).convert("RGB").save(out, "PNG")
    return out.getvalue()


def sound() -> bytes:
    """Two seconds that grow louder."""
    out = io.BytesIO()
    rate = 8_000
    with wave.open(out, "wb") as tone:
        tone.setparams((1, 2, rate, 0, "NONE", ""))
        for n in range(2 * rate):
            loud = n / (2 * rate) * 30_000
            tone.writeframes(struct.pack("<h", int(loud * math.sin(n / 5))))
    return out.getvalue()


async def test_pictures_open_large_and_sounds_play_with_their_wave(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    both: list[FilePayload] = [
        {"name": "shop.png", "mimeType": "image/png", "buffer": picture()},
        {"name": "voice.wav", "mimeType": "audio/wav", "buffer": sound()},
    ]
    await buyer.part("file-input").first.set_input_files(both)
    await expect(seller.part("shared")).to_have_count(2)

    small = seller.part("file-picture")
    await expect(small).to_have_js_property("naturalWidth", 480)
    await small.tap()
    large = seller.part("lightbox-picture")
    await expect(large).to_have_js_property("naturalWidth", 1200)
    await seller.part("lightbox-close").tap()
    await expect(large).to_have_count(0)
    await expect(seller.part("file-enlarge")).to_be_focused()

    bars = seller.page.locator('[data-test="file-sound"] .bars i')
    await expect(bars.first).to_be_visible()
    heights = await bars.evaluate_all("(bars) => bars.map((bar) => bar.offsetHeight)")
    assert heights[5] < heights[-5]
    await seller.part("file-sound").evaluate(PLAYED)
    await seller.part("sound-play").tap()
    await seller.page.wait_for_function("() => window.played.length >= 2")
    assert await seller.page.evaluate("window.played") == ["true", "false"]
