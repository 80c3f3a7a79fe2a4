"""What goes wrong is said on the screen, in a sentence, and costs nothing else."""

import itertools
from collections.abc import Iterator

from playwright.async_api import expect

from realtime.auth import Tokens
from realtime.limits import Limits
from realtime.settings import Secret
from tests.e2e.conftest import Stage
from tests.e2e.windows import Window, Windows
from tests.harness import TOKEN_SECRET, TestOrder

REFUSED = r"^error: Failed to load resource|^40[134]: "
"""What a console says when a request is refused."""


def tokens_for(person: str, *lives: float) -> Iterator[str]:
    """Party tokens that live for so many seconds each; the last kind for ever again."""
    mint = Tokens(Secret(TOKEN_SECRET), Limits()).mint
    for life in itertools.chain(lives, itertools.repeat(lives[-1])):
        yield mint(person, life=life).token  # type: ignore[arg-type]  # a str at run time


async def in_the_shop(
    stage: Stage, windows: Windows, order: TestOrder, tokens: Iterator[str]
) -> Window:
    """The buyer before the shop's own page, which has the room inside."""
    stage.shop.show(stage.server.url, order.id, tokens)
    stage.shop.handed_out = 0
    page = await windows.page(locale="en-GB")
    window = Window(page, stage.server.url, order.id, order.buyer)
    await page.goto(stage.shop.url)
    return window


async def test_somebody_elses_order_is_not_shown(small_stage: Stage, windows: Windows) -> None:
    windows.forgive(REFUSED)
    url = small_stage.server.url
    own, foreign = await small_stage.server.order(), await small_stage.server.order(title="Secret")
    window = await windows.open(url, own, "buyer")
    await window.page.goto(f"{url}/demo/{own.buyer}/orders/{foreign.id}")
    await expect(window.part("refused")).to_have_attribute("data-code", "order_unknown")
    await expect(window.part("refused")).to_contain_text("Cette commande")
    await expect(window.page.locator("body")).not_to_contain_text("Secret")

    # Nor can one sign in to it.
    answer = await window.page.goto(f"{url}/demo/as/{own.buyer}?order={foreign.id}")
    assert answer is not None
    assert answer.status == 404


async def test_a_window_that_is_not_signed_in_says_how_to(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(REFUSED)
    order = await small_stage.server.order()
    page = await windows.page(locale="en-GB")
    window = Window(page, small_stage.server.url, order.id, order.buyer)
    await page.goto(f"{small_stage.server.url}/demo/{order.buyer}/orders/{order.id}")
    await expect(window.part("refused")).to_contain_text("not signed in")


async def test_a_host_page_with_an_expired_token_gets_a_new_one(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    window = await in_the_shop(
        small_stage, windows, order, tokens_for(order.buyer, -60, Limits().token_life)
    )
    await expect(window.part("composer")).to_be_visible()
    assert small_stage.shop.handed_out == 2
    await window.say("From inside the shop.")


async def test_inside_a_host_page_the_room_is_one_of_its_parts(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(title="A calm voice")
    tokens = tokens_for(order.buyer, Limits().token_life)
    window = await in_the_shop(small_stage, windows, order, tokens)
    page = window.page
    await expect(page.get_by_role("region", name="Conversation")).to_be_visible()
    await expect(page.get_by_role("main")).to_have_count(1)
    title = page.get_by_role("heading", name="A calm voice")
    await expect(title).to_have_attribute("aria-level", "2")


async def test_a_host_page_whose_tokens_are_all_expired_is_told_so(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    window = await in_the_shop(small_stage, windows, order, tokens_for(order.buyer, -60))
    await expect(window.part("refused")).to_be_visible()
    await expect(window.part("refused")).to_have_attribute("data-code", "token_expired")
    await expect(window.part("refused").get_by_role("button", name="Try again")).to_be_enabled()
    assert small_stage.shop.handed_out == 2


async def test_tokens_are_renewed_before_they_end_on_the_same_socket(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    window = await in_the_shop(small_stage, windows, order, tokens_for(order.buyer, 3))
    await expect(window.part("composer")).to_be_visible()
    sockets: list[str] = []
    window.page.on("websocket", lambda socket: sockets.append(socket.url))
    for _ in range(3):
        async with window.page.expect_response("**/token"):
            pass
        await expect(window.part("connection")).to_have_attribute("data-state", "online")
    await window.say("Still here.")
    assert sockets == []


async def test_who_refuses_the_microphone_is_told_what_to_do_and_goes_on_writing(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer", microphone=False)
    seller = await windows.open(small_stage.server.url, order, "seller")
    await buyer.part("call-start").click()
    await expect(buyer.part("call-trouble")).to_have_attribute("data-trouble", "refused")
    await expect(buyer.part("call-trouble")).to_contain_text("Autorisez-le")
    await seller.call_is("idle")

    # Called, they cannot take it either, and the caller hears of no call that nobody hears.
    await seller.part("call-start").click()
    await buyer.part("call-accept").click()
    await expect(buyer.part("call-trouble")).to_have_attribute("data-trouble", "refused")
    await seller.call_is("calling")
    await buyer.part("call-decline").click()
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "declined")

    await buyer.say("Mon micro ne marche pas, écrivons-nous.")
    await seller.reads("Mon micro ne marche pas, écrivons-nous.")


async def test_a_text_that_is_too_long_is_counted_and_not_sent(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(policy={"text_max": 100})
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    composer = buyer.part("composer")
    await composer.fill("é" * 95)
    await expect(buyer.part("text-left")).to_have_text("5 caractères restants")
    told = buyer.page.get_by_role("status").filter(has_text="caractères")
    await expect(told).to_have_text("5 caractères restants")
    await composer.press_sequentially("ab")
    await expect(buyer.part("text-left")).to_have_text("3 caractères restants")
    await expect(told).to_have_text("5 caractères restants")  # not at every key
    await expect(composer).to_have_accessible_description("3 caractères restants")
    await composer.fill("é" * 103)
    await expect(buyer.part("text-left")).to_have_text("3 caractères de trop")
    await expect(told).to_have_text("3 caractères de trop")
    await expect(buyer.part("send")).to_be_disabled()
    await composer.press("Enter")
    await expect(composer).to_have_value("é" * 103)
    await expect(buyer.messages).to_have_count(0)

    await composer.fill("é" * 100)
    await composer.press("Enter")
    await buyer.reads("é" * 100)
    await composer.fill("   ")
    await expect(buyer.part("send")).to_be_disabled()
