"""What the two see of the virus scanner: a file waits for it, is held back, or goes unchecked."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image
from playwright.async_api import FilePayload, Locator, expect

from tests.browser import PHONE
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Window, Windows
from tests.harness import Process
from tests.servers import HARMLESS, Server

CUT = "Failed to load resource: net::ERR_CONNECTION_REFUSED"
"""The server ends before the windows are shut."""


def archive(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/zip", "buffer": b"PK\x03\x04" + content}


def animation(colours: bytes = b"") -> FilePayload:
    """A picture that is shown, with these bytes as its first colours: they stay what they are."""
    out = io.BytesIO()
    image = Image.frombytes("P", (16, 16), bytes(range(256)))  # each colour is in use
    image.putpalette((colours + bytes(range(256)) * 3)[:768])
    image.resize((64, 64), Image.Resampling.NEAREST).save(out, "GIF", optimize=False)
    assert colours in out.getvalue()
    return {"name": "shop.gif", "mimeType": "image/gif", "buffer": out.getvalue()}


def file(window: Window, name: str) -> Locator:
    """The card of that file in the conversation."""
    return window.part("file").filter(has_text=name)


@asynccontextmanager
async def _server(
    template: Path, folder: Path, clamd: str, away: str = "hold"
) -> AsyncIterator[Process]:
    path = folder / "orders.sqlite3"
    shutil.copy(template, path)
    server = Process(
        f"sqlite+aiosqlite:///{path}",
        folder,
        ORDER_ROOM_CLAMD=clamd,
        ORDER_ROOM_SCANNER_AWAY=away,
    )
    await server.start("--demo")
    try:
        yield server
    finally:
        await server.stop()


async def test_what_the_scanner_has_not_seen_waits_and_what_it_finds_is_had_by_nobody(
    sqlite_template: Path, tmp_path: Path, private_clamd: Server, windows: Windows
) -> None:
    windows.forgive(*BROKEN, CUT)
    async with _server(sqlite_template, tmp_path, private_clamd.url) as server:
        order = await server.order()
        buyer = await windows.open(server.url, order, "buyer")
        seller = await windows.open(server.url, order, "seller", size=PHONE)
        both = (buyer, seller)
        sent = [archive("texts.zip", b"Bonjour"), archive("odd.zip", HARMLESS), animation()]
        await buyer.part("file-input").first.set_input_files(sent)
        for window in both:
            await expect(window.part("file")).to_have_count(3)
            for card in await window.part("file").all():
                await expect(card).to_have_attribute("data-scan", "scanning")
                await expect(card.locator('[data-test="file-open"]')).to_be_disabled()
            await expect(window.part("file-picture")).to_have_count(0)
        said = file(buyer, "texts.zip").locator('[data-test="file-scan"]')
        await expect(said).to_contain_text("vous n’avez rien à faire")

        # The scanner is back: each is told, also to who cannot see it, and opens by itself.
        private_clamd.start()
        for window in both:
            await expect(file(window, "texts.zip")).to_have_attribute("data-scan", "clean")
            await expect(file(window, "odd.zip")).to_have_attribute("data-scan", "infected")
            await expect(window.part("file-picture")).to_be_visible()
            opens = file(window, "odd.zip").locator('[data-test="file-open"]')
            await expect(opens).to_be_disabled()
        await expect(seller.part("announcements")).to_contain_text("shop.gif is checked")
        await expect(file(seller, "odd.zip")).to_contain_text("you are safe. Ask Ada Buyer")
        await expect(file(buyer, "odd.zip")).to_contain_text("personne ne peut l’ouvrir")
        async with seller.page.expect_download() as kept:
            await file(seller, "texts.zip").locator('[data-test="file-open"]').tap()
        assert (await kept.value).suggested_filename == "texts.zip"

        # One that it finds at once is never more than this either.
        await seller.part("file-input").first.set_input_files([archive("again.zip", HARMLESS)])
        await expect(file(buyer, "again.zip")).to_have_attribute("data-scan", "infected")
        await expect(file(buyer, "again.zip")).to_contain_text("Demandez à Sam Seller")


async def test_an_unchecked_file_says_so_and_goes_when_a_virus_is_found(
    sqlite_template: Path, tmp_path: Path, private_clamd: Server, windows: Windows
) -> None:
    windows.forgive(*BROKEN, CUT)
    async with _server(sqlite_template, tmp_path, private_clamd.url, "allow") as server:
        order = await server.order()
        buyer = await windows.open(server.url, order, "buyer")
        seller = await windows.open(server.url, order, "seller", size=PHONE)
        await buyer.part("file-input").first.set_input_files([animation(HARMLESS)])
        card = file(seller, "shop.gif")
        await expect(card).to_have_attribute("data-scan", "unchecked")
        await expect(card).to_contain_text("only if you expect it from Ada Buyer")
        await seller.part("file-enlarge").tap()
        await expect(seller.part("lightbox-picture")).to_be_visible()

        private_clamd.start()
        await expect(card).to_have_attribute("data-scan", "infected")
        await expect(seller.part("lightbox")).to_have_count(0)
        await expect(seller.part("file-picture")).to_have_count(0)
        await expect(card.locator('[data-test="file-open"]')).to_be_disabled()


async def test_while_the_scanner_reads_the_sender_sees_that_it_does(
    sqlite_template: Path, tmp_path: Path, windows: Windows
) -> None:
    windows.forgive(*BROKEN, CUT)
    reading, answers = asyncio.Event(), asyncio.Event()

    async def scan(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        while size := int.from_bytes(await reader.readexactly(4)):
            await reader.readexactly(size)
        reading.set()
        await answers.wait()
        writer.write(b"stream: OK\0")
        writer.close()

    async with await asyncio.start_server(scan, "127.0.0.1", 0) as slow:
        address = f"tcp://127.0.0.1:{slow.sockets[0].getsockname()[1]}"
        async with _server(sqlite_template, tmp_path, address) as server:
            order = await server.order()
            buyer = await windows.open(server.url, order, "buyer")
            await buyer.part("file-input").first.set_input_files([archive("texts.zip", b"x")])
            await reading.wait()
            row = buyer.part("sending")
            await expect(row).to_have_attribute("data-stage", "checking")
            await expect(row).to_contain_text("Vérification")
            await expect(buyer.part("shared")).to_have_count(0)
            answers.set()
            await expect(file(buyer, "texts.zip")).to_have_attribute("data-scan", "clean")
            await expect(row).to_have_count(0)
