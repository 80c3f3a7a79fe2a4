"""An order's whole life before two people, and before three when they need a mediator."""

import asyncio
import itertools
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from playwright.async_api import FilePayload, expect

from realtime.api.record import KEYS_PATH
from tests.e2e.conftest import Stage
from tests.e2e.test_brief import item, opens, stands
from tests.e2e.test_countdown import before_zero, mail_about_cancelling, text_of
from tests.e2e.test_steps import order_of
from tests.e2e.windows import Window, Windows
from tests.harness import TestOrder
from tests.orders.test_record import verify
from tests.socket_browser import Frame

DAY = timedelta(days=1)
HOUR = 3600
TAKES = b"PK\x03\x04" + bytes(2048)


async def takes(window: Window, step: str, note: str) -> None:
    """Press the button of a step, say why, and confirm."""
    await window.part(f"action-{step}").click()
    await window.part("note").fill(note)
    await window.part("confirm").click()
    await expect(window.part("dialog")).to_be_hidden()


async def gives(window: Window, key: str, text: str) -> None:
    """Give an item of the readiness list, in words."""
    found = await opens(window, key)
    await found.locator('[data-test="brief-give"]').click()
    await found.locator('[data-test="brief-text"]').fill(text)
    await found.locator('[data-test="brief-confirm"]').click()
    await expect(item(window, key)).to_have_attribute("data-state", "given")


async def due_of(stage: Stage, order: TestOrder) -> str:
    """When the work is due, as the marketplace reads it."""
    clocks = (await order_of(stage, order))["deadlines"]
    return str({clock["timer"]: clock["due"] for clock in clocks}["delivery"])


async def counts_down_to(window: Window, due: str) -> None:
    """Wait until the countdown to the delivery ends at that moment."""
    panel = window.part("countdown")
    await expect(panel).to_have_attribute("data-timer", "delivery")
    await expect(panel).to_have_attribute("data-due", due)


async def waiting(stage: Stage, order: TestOrder) -> dict[str, Frame]:
    """What the payment system has yet to carry out for the order, by kind."""
    async with stage.server.backend() as http:
        listed = (await http.get("/api/v1/movements?limit=1000")).json()["movements"]
    return {movement["kind"]: movement for movement in listed if movement["order"] == order.id}


async def assert_paid_out(stage: Stage, order: TestOrder, *, seller: int) -> None:
    """The order is closed, the seller has so many cents, and nothing was made or lost."""
    found = await order_of(stage, order)
    assert (found["state"], found["held_cents"]) == ("closed", 0)
    assert sum(posting["cents"] for posting in found["ledger"]["postings"]) == 0
    moved = {account: cents for account, cents in found["ledger"]["balances"].items() if cents}
    assert moved == {"payment": -seller, "seller": seller}


async def test_an_order_lives_through_more_time_and_a_revision_until_the_seller_is_paid(
    stage: Stage, windows: Windows
) -> None:
    server = stage.server
    order = await server.order(
        price_cents=12_345, brief=["Le texte", "Le ton"], policy={"delivery": HOUR}
    )
    buyer = await windows.open(server.url, order, "buyer")
    seller = await windows.open(server.url, order, "seller")
    both = (buyer, seller)

    for ready, (key, text) in enumerate((("own-1", "212 mots."), ("own-2", "Chaleureux.")), 1):
        await gives(buyer, key, text)
        await stands(seller, ready, 2)
        theirs = await opens(seller, key)
        await expect(theirs).to_contain_text(text)
        await theirs.locator('[data-test="brief-accept"]').click()
        await expect(item(buyer, key)).to_have_attribute("data-state", "accepted")
    await seller.take("order.start")
    first = await due_of(stage, order)
    for window in both:
        await window.is_in("in_progress")
        await counts_down_to(window, first)

    await seller.part("propose-time").click()
    await seller.part("proposal-note").fill("I have a cold.")
    await seller.part("proposal-confirm").click()
    await expect(seller.part("proposal-withdraw")).to_be_visible()
    await expect(buyer.part("proposal")).to_contain_text("I have a cold.")
    await counts_down_to(buyer, first)
    await buyer.part("proposal-accept").click()
    for window in both:
        await expect(window.entry("deadline_moved")).to_be_visible()
        await expect(window.part("proposal")).to_have_count(0)
    agreed = await due_of(stage, order)
    assert datetime.fromisoformat(agreed) == datetime.fromisoformat(first) + DAY
    for window in both:
        await counts_down_to(window, agreed)

    await seller.part("file-input").first.set_input_files(
        FilePayload(name="takes.zip", mimeType="application/zip", buffer=TAKES)
    )
    async with buyer.page.expect_download() as saving:
        await buyer.page.locator('[data-test="shared"] [data-test="file-open"]').click()
    saved = Path(await (await saving.value).path())
    assert await asyncio.to_thread(saved.read_bytes) == TAKES

    await takes(seller, "order.deliver", "Two takes.")
    for window in both:
        await window.is_in("delivered")
    await takes(buyer, "revision.request", "Plus lentement, s’il vous plaît.")
    await expect(seller.entry("revision_requested")).to_contain_text("Plus lentement")
    for window in both:
        await window.is_in("revision_requested")
        await expect(window.part("countdown")).to_have_attribute("data-timer", "revision_answer")
    await seller.take("revision.accept")
    for window in both:
        await window.is_in("in_progress")
        await expect(window.entry("revision_accepted")).to_be_visible()
    renewed = await due_of(stage, order)
    assert datetime.fromisoformat(renewed) > datetime.fromisoformat(agreed) + DAY
    for window in both:
        await counts_down_to(window, renewed)

    await takes(seller, "order.deliver", "Slower now.")
    await expect(buyer.entry("order_delivered").last).to_contain_text("Slower now.")
    await buyer.take("order.close")
    for window in both:
        await window.is_in("closed")
        await expect(window.entry("money_released")).to_be_visible()
        await expect(window.part("escrow")).to_have_count(0)
    await assert_paid_out(stage, order, seller=12_345)

    release = (await waiting(stage, order))["release"]
    assert (release["target"], release["cents"]) == ("seller", 12_345)
    for window in both:
        await expect(window.entry("money_confirmed")).to_have_count(0)
    async with server.backend() as http:
        confirmed = await http.post(
            f"/api/v1/orders/{order.id}/movements/{release['movement']}/confirm",
            json={"reference": f"payout-{secrets.token_hex(4)}"},
        )
    assert confirmed.status_code == 200
    assert await waiting(stage, order) == {}
    for window in both:
        await expect(window.entry("money_confirmed")).to_be_visible()
    await assert_paid_out(stage, order, seller=12_345)


async def test_a_cancellation_refused_twice_is_decided_by_a_mediator_who_shares_the_money(
    stage: Stage, windows: Windows
) -> None:
    server = stage.server
    order = await server.order(price_cents=12_345)
    buyer = await windows.open(server.url, order, "buyer")
    seller = await windows.open(server.url, order, "seller")
    both = (buyer, seller)
    await seller.take("order.start")

    for reason, answer, told in (
        ("J’ai changé d’avis.", "I began.", "cancel_refused"),
        ("Vraiment.", "It is done.", "dispute_opened"),
    ):
        await buyer.is_in("in_progress")
        await takes(buyer, "cancel.request", reason)
        await expect(seller.entry("cancel_requested").last).to_contain_text(reason)
        await takes(seller, "cancel.refuse", answer)
        await expect(buyer.entry(told)).to_contain_text(answer)
    for window in both:
        await window.is_in("frozen")
        await expect(window.part("composer-closed")).to_be_visible()
        await expect(window.part("countdown")).to_have_count(0)

    mediator = await mediator_comes(stage, windows, order)
    three = (buyer, seller, mediator)
    for window in both:
        await expect(window.entry("mediator_joined")).to_contain_text("Noor Mediator")
    said = ("What was agreed?", "Deux prises.", "One was recorded.")
    for name, role in (("Ada Buyer", "buyer"), ("Sam Seller", "seller")):
        # the dot at the picture is for the eye
        member = mediator.page.locator(f'[data-test="member"][data-role="{role}"]')
        await expect(member).to_contain_text(re.compile(f"{name}.*, (En ligne|Online)"))
    await mediator.say(said[0])
    await buyer.say(said[1])
    await seller.say(said[2])
    for window in three:
        await window.reads(*said)

    await mediator.part("action-dispute.split").click()
    await mediator.part("note").fill("Most of the work is done.")
    await mediator.part("split-amount").fill("23.45")
    await mediator.part("confirm").click()
    for window in three:
        await window.is_in("closed")
        await expect(window.entry("dispute_decided")).to_contain_text("Most of the work is done.")
    for window, back, paid in (
        (buyer, "23,45 €", "100,00 €"),
        (seller, "€23.45", "€100.00"),
        (mediator, "€23.45", "€100.00"),
    ):
        await expect(window.entry("dispute_decided")).to_contain_text(back)
        await expect(window.entry("money_refunded")).to_contain_text(back)
        await expect(window.entry("money_released")).to_contain_text(paid)
    await expect(buyer.part("refund")).to_contain_text("23,45 €")
    await assert_paid_out(stage, order, seller=10_000)
    listed = {kind: movement["cents"] for kind, movement in (await waiting(stage, order)).items()}
    assert listed == {"refund": 2_345, "release": 10_000}


async def test_a_mediator_divides_yen_as_yen(small_stage: Stage, windows: Windows) -> None:
    """There are no hundredths of them: who types 20 means 20, not 2000."""
    order = await small_stage.server.order(price_cents=5_000, currency="JPY")
    async with small_stage.server.backend() as http:
        frozen = await http.post(
            f"/api/v1/orders/{order.id}/freeze",
            json={"note": "checks"},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
        assert frozen.status_code == 200, frozen.text
    mediator = await mediator_comes(small_stage, windows, order)
    await mediator.part("action-dispute.split").click()
    await mediator.part("note").fill("A small part.")
    await mediator.part("split-amount").fill("20")
    await mediator.part("confirm").click()
    await mediator.is_in("closed")
    listed = await waiting(small_stage, order)
    assert {kind: movement["cents"] for kind, movement in listed.items()} == {
        "refund": 20,
        "release": 4_980,
    }


async def mediator_comes(stage: Stage, windows: Windows, order: TestOrder) -> Window:
    """Send a mediator into the order; they sit before the marketplace's own page."""
    person = f"mediator-{secrets.token_hex(4)}"
    async with stage.server.backend() as http:
        sent = await http.post(
            f"/api/v1/orders/{order.id}/mediator",
            json={
                "person": person,
                "name": "Noor Mediator",
                "email": f"{person}@post.test",
                "language": "en",
            },
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
    assert sent.status_code == 200, sent.text
    token = await stage.server.token(person, orders=[order.id])
    stage.shop.show(stage.server.url, order.id, itertools.repeat(token))
    window = Window(await windows.page(locale="en-GB"), stage.shop.url, order.id, person)
    await window.page.goto(stage.shop.url)
    await expect(window.part("composer")).to_be_visible()
    return window


async def test_the_record_that_a_party_takes_home_proves_every_letter(
    small_stage: Stage, windows: Windows, tmp_path: Path
) -> None:
    server = small_stage.server
    order = await server.order()
    buyer = await windows.open(server.url, order, "buyer")
    await buyer.say("Deux prises, lentement.")
    await buyer.take("order.cancel")
    await buyer.is_in("cancelled")

    async with buyer.page.expect_download() as saving:
        await buyer.part("record-json").click()
    exported = await saving.value
    assert exported.suggested_filename == f"order-{order.id}-record.json"
    file, forged, keys = (tmp_path / name for name in ("record.json", "forged.json", "keys.json"))
    await exported.save_as(file)
    async with server.http() as http:
        keys.write_bytes((await http.get(KEYS_PATH)).content)
    good = await asyncio.to_thread(verify, file, "--key", keys)
    assert (good.returncode, good.stderr) == (0, "")
    assert f"good. Order {order.id}" in good.stdout
    assert "by the trusted key" in good.stdout

    record = await asyncio.to_thread(file.read_bytes)
    assert record.count(b"lentement") == 1
    forged.write_bytes(record.replace(b"lentement", b"lentemeNt"))
    bad = await asyncio.to_thread(verify, forged, "--key", keys)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert "good" not in bad.stdout
    assert bad.stdout.count("\n") == 1


async def test_at_zero_what_was_still_missing_is_named_to_both(
    small_stage: Stage, windows: Windows
) -> None:
    server = small_stage.server
    _, order, buyer, seller = await before_zero(windows, server, brief=["Le texte", "Le ton"])
    await gives(buyer, "own-1", "212 mots.")

    for window, missing in ((buyer, "Il manquait encore : "), (seller, "Still missing: ")):
        await window.is_in("cancelled")
        await expect(window.entry("order_cancelled")).to_contain_text(f"{missing}Le ton")
        await expect(window.entry("order_cancelled")).not_to_contain_text("Le texte")
    mail = text_of(await mail_about_cancelling(small_stage, order.seller))
    assert "What was still missing: Le ton." in mail
