"""Whoever writes too fast is told so at the message, loses no word, and it goes out by itself."""

import re
import shutil
from pathlib import Path

from playwright.async_api import expect

from realtime.limits import Limits
from tests.browser import PHONE
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Windows
from tests.harness import Process

SAME = "Vous êtes là ?"


async def test_the_same_words_once_too_often_wait_at_their_place_and_are_never_lost(
    sqlite_template: Path, tmp_path: Path, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    path = tmp_path / "orders.sqlite3"
    shutil.copy(sqlite_template, path)
    pace = str(Limits().commands_per_second)
    server = Process(f"sqlite+aiosqlite:///{path}", tmp_path, ORDER_ROOM_COMMANDS_PER_SECOND=pace)
    await server.start("--demo")
    try:
        await _too_often(server, windows)
    finally:
        await server.stop()


async def _too_often(server: Process, windows: Windows) -> None:
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer", size=PHONE)
    seller = await windows.open(server.url, order, "seller")
    most = Limits().same_text
    for number in range(most):
        await buyer.write(SAME)
        await seller.reads(*[SAME] * (number + 1))
    await buyer.write(SAME)
    held, left = buyer.part("held"), buyer.part("held-for")
    await expect(held).to_have_attribute("data-limit", "same_text")
    await expect(held.get_by_role("alert")).to_contain_text("Vous venez d’envoyer ce texte")
    await expect(left).to_have_text(re.compile(r"Il part tout seul dans \d+\ss\."))
    shown = await left.inner_text()
    await expect(left).not_to_have_text(shown)  # it counts down

    # Impatience is answered again, without a harm; nor does a reload lose it.
    await buyer.part("message-retry").press("Enter")
    await expect(left).to_be_visible()
    await expect(buyer.unsent).to_have_count(1)
    await buyer.page.reload()
    await expect(held).to_be_visible()
    await expect(buyer.unsent.locator(".text")).to_have_text(SAME)
    await seller.reads(*[SAME] * most)

    # Put away, it makes room for other words.
    await buyer.part("message-discard").click()
    await expect(buyer.unsent).to_have_count(0)
    await buyer.say("Je repasse demain.")
    await seller.reads(*[SAME] * most, "Je repasse demain.")
