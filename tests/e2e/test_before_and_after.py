"""Before an order there may be a question, and after it the same again."""

import secrets

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.test_process import gives
from tests.e2e.windows import Window, Windows
from tests.harness import Process, TestOrder, new_order
from tests.socket_browser import Frame


async def question(server: Process, text: str) -> TestOrder:
    """Have the marketplace open a question of a new person to another."""
    name = secrets.token_hex(4)
    wanted: Frame = new_order(f"buyer-{name}", f"seller-{name}")
    asked = {key: wanted[key] for key in ("reference", "title", "category", "buyer", "seller")}
    async with server.backend() as http:
        made = await http.post(
            "/api/v1/questions",
            json={**asked, "text": text},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
    assert made.status_code == 201, made.text
    return TestOrder(made.json()["order"], f"buyer-{name}", f"seller-{name}")


async def test_a_question_becomes_an_order_and_its_talk_stays(
    small_stage: Stage, windows: Windows
) -> None:
    order = await question(small_stage.server, "Faites-vous aussi l’accent belge ?")
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    for window in (buyer, seller):
        await window.is_in("question")
        await expect(window.part("unpaid")).to_be_visible()
        await expect(window.part("countdown")).to_have_count(0)
        await expect(window.page.locator(".price")).to_have_count(0)
    await expect(seller.part("turn")).to_have_attribute("data-turn", "seller")
    await seller.say("I do, with pleasure.")
    await expect(buyer.part("turn")).to_have_attribute("data-turn", "buyer")

    async with small_stage.server.backend() as http:
        paid = await http.post(
            f"/api/v1/orders/{order.id}/pay",
            json={"price_cents": 9_900, "currency": "EUR", "means": "card"},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
    assert paid.status_code == 200, paid.text
    for window in (buyer, seller):
        await window.is_in("awaiting_validation")
        await expect(window.part("unpaid")).to_have_count(0)
        await expect(window.part("countdown")).to_be_visible()
        await expect(window.page.locator(".price")).to_contain_text("99")
        await window.reads("Faites-vous aussi l’accent belge ?", "I do, with pleasure.")


async def test_a_question_is_put_away(small_stage: Stage, windows: Windows) -> None:
    order = await question(small_stage.server, "Juste une question.")
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    await buyer.take("question.close")
    await buyer.is_in("question_closed")
    await expect(buyer.part("composer-closed")).to_be_visible()
    await expect(buyer.part("unpaid")).to_be_visible()


async def test_a_cancelled_order_is_ordered_again_with_its_brief(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(category="voice-over", brief=None)
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    await gives(buyer, "voice-over.script", "« Bienvenue chez nous… »")
    await expect(buyer.part("order-again")).to_have_count(0)
    await buyer.take("order.cancel")
    await seller.is_in("cancelled")
    await expect(seller.part("order-again")).to_have_count(0)

    async with buyer.page.expect_navigation():
        await buyer.part("order-again").click()
    await buyer.is_in("awaiting_validation")
    order_now = buyer.page.url.rsplit("/", 1)[-1]
    assert order_now != order.id
    script = buyer.page.locator('[data-test="brief-item"][data-item="voice-over.script"]')
    await expect(script).to_have_attribute("data-state", "given")

    # The seller finds it among theirs, and in it what was given.
    theirs = Window(seller.page, small_stage.server.url, order_now, order.seller)
    await theirs.enter()
    await theirs.is_in("awaiting_validation")
    await expect(theirs.part("brief")).to_have_attribute("data-ready", "1")
