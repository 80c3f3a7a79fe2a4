"""The time left is the same on both screens, and zero happens on both."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.windows import Window, Windows
from tests.harness import Server, TestOrder
from tests.socket_browser import Frame

SHORT = 20
"""Seconds from payment to zero, at the least: two windows open in a tenth of it."""
SLOWER = 3
"""How much slower than a moment ago the machine may become meanwhile."""


def clock_off_by(minutes: int) -> str:
    """A script that sets the page's clock wrong, as on a device nobody looks after."""
    return f"""
    window.Date = class extends Date {{
      constructor(...told) {{
        if (told.length) super(...told); else super(Date.now());
      }}
      static now() {{
        return super.now() + {minutes} * 60_000;
      }}
    }};
    """


NEXT_TICK = """(panel) => new Promise((resolve) =>
  new MutationObserver(() => resolve(
    Number(panel.dataset.remainingMs) + performance.timeOrigin + performance.now()
  )).observe(panel, {attributeFilter: ['data-remaining-ms']}))"""
"""When zero is by the next tick, in milliseconds of the machine's clock: no script sets that wrong,
and how long the answer takes to arrive does not count."""


async def zero_by(window: Window) -> float:
    """When zero is by the next tick on this screen, in seconds since 1970."""
    return float(await window.part("countdown").evaluate(NEXT_TICK)) / 1000


async def test_both_screens_show_the_same_time_left_though_their_clocks_are_wrong(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer", scripts=[clock_off_by(10)])
    seller = await windows.open(server.url, order, "seller", scripts=[clock_off_by(-10)])
    now = await buyer.page.evaluate("Date.now() / 1000")
    assert 9 * 60 < now - datetime.now(UTC).timestamp() < 11 * 60

    async with server.backend() as http:
        described = (await http.get(f"/api/v1/orders/{order.id}")).json()
    due = {clock["timer"]: clock["due"] for clock in described["deadlines"]}["brief_window"]
    real = datetime.fromisoformat(due).timestamp()
    for _ in range(3):
        first, second = await asyncio.gather(zero_by(buyer), zero_by(seller))
        assert abs(first - second) < 1
        assert abs(first - real) < 1
        assert abs(second - real) < 1


async def before_zero(
    windows: Windows, server: Server, **order: object
) -> tuple[int, TestOrder, Window, Window]:
    """Seconds from payment to zero, an order with so short a window, and it before both parties.

    The two have the pages in their cache, as people who come back to their order; and by how long
    it takes them to open those of another one is measured what is enough.
    """
    other = await server.order()
    buyer = await windows.page(locale="fr-FR")
    seller = await windows.page(locale="en")
    began = time.monotonic()
    await asyncio.gather(
        Window(buyer, server.url, other.id, other.buyer).enter(),
        Window(seller, server.url, other.id, other.seller).enter(),
    )
    seconds = max(SHORT, round(SLOWER * (time.monotonic() - began)))
    short = await server.order(policy={"brief_window": seconds}, **order)
    both = (
        Window(buyer, server.url, short.id, short.buyer),
        Window(seller, server.url, short.id, short.seller),
    )
    await asyncio.gather(*(window.enter() for window in both))
    return seconds, short, *both


async def test_at_zero_both_see_the_order_cancelled_and_refunded_and_get_a_mail(
    large_stage: Stage, windows: Windows
) -> None:
    server = large_stage.server
    seconds, order, buyer, seller = await before_zero(windows, server, price_cents=12_345)
    for window in (buyer, seller):
        await window.is_in("awaiting_validation")
        await expect(window.part("countdown")).to_have_attribute("data-urgency", "urgent")
    await expect(buyer.part("zero-sentence")).to_contain_text(
        "vos 123,45 € vous sont intégralement remboursés"
    )
    await expect(seller.part("zero-sentence")).to_contain_text(
        "the buyer’s €123.45 is refunded in full"
    )

    for window in (buyer, seller):
        await window.is_in("cancelled")
        await expect(window.entry("order_cancelled")).to_be_visible()
        await expect(window.entry("money_refunded")).to_be_visible()
        await expect(window.page.locator('[data-test^="action-"]')).to_have_count(0)
    await expect(buyer.part("refund")).to_contain_text("123,45 €")
    await expect(buyer.part("refund")).to_contain_text("remboursé")
    await expect(seller.part("refund")).to_contain_text("refunded")

    async with server.backend() as http:
        described = (await http.get(f"/api/v1/orders/{order.id}")).json()
        page = (await http.get(f"/api/v1/orders/{order.id}/entries")).json()
    assert described["state"] == "cancelled"
    assert_balanced(described["ledger"])
    assert described["held_cents"] == 0
    entries = {entry["event"]["kind"]: entry for entry in page["entries"]}
    paid, cancelled = (
        datetime.fromisoformat(entries[kind]["at"]) for kind in ("order_paid", "order_cancelled")
    )
    assert timedelta(seconds=seconds) <= cancelled - paid < timedelta(seconds=seconds + 10)

    french = await mail_about_cancelling(large_stage, order.buyer)
    english = await mail_about_cancelling(large_stage, order.seller)
    assert "annulée et remboursée" in french["Subject"]
    assert french["Content-Language"] == "fr"
    assert "123,45 €" in text_of(french)
    assert english["Subject"].startswith("Order cancelled")
    assert english["Content-Language"] == "en"
    assert "€123.45" in text_of(english)


def assert_balanced(ledger: Frame) -> None:
    assert sum(posting["cents"] for posting in ledger["postings"]) == 0
    assert sum(ledger["balances"].values()) == 0
    assert ledger["balances"].get("escrow", 0) == 0


async def mail_about_cancelling(stage: Stage, person: str) -> EmailMessage:
    """The one mail that told the person; others came before it."""
    address = f"{person}@post.test"
    async with asyncio.timeout(60):
        count = 0
        while True:
            received = await stage.mails.expect(count + 1, to=address, within=60)
            count = len(received)
            found = [m.message for m in received if m.message["Order-Notice"] == "cancelled"]
            if found:
                [mail] = found
                return mail


def text_of(mail: EmailMessage) -> str:
    """The mail's words; spaces that may not break count as spaces."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())
