"""The room without a mouse, and as a screen reader finds it."""

import re
from itertools import pairwise

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import microphone
from tests.e2e.test_brief import item
from tests.e2e.test_call import BUYER
from tests.e2e.test_uploads import SLOW, archive, begins, narrow
from tests.e2e.windows import Window, Windows

ASKED = """input => input.addEventListener('click', asked => {
    asked.preventDefault();  // the dialog is the system's, and no page can drive it
    input.dataset.asked = 'yes';
})"""
FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.dataset.test ?? '';
}"""
STEPS_MOST = 40
"""Presses of Tab from one end of the page to the other."""

NAMELESS = re.compile(
    r"^ *- (button|link|textbox|combobox|dialog|log|progressbar|heading|img|complementary)"
    r"( \[[^]]*\])*:?$",
    re.MULTILINE,
)
"""Parts of an accessibility tree that a screen reader could only call by their kind."""


HEADINGS = re.compile(r"^ *- heading .*\[level=(\d)\]", re.MULTILINE)
"""Their levels, from the top: who jumps from one to the next may not miss one between."""


async def tab_to(window: Window, name: str) -> None:
    """Press Tab until that part has the focus."""
    passed = []
    for _ in range(STEPS_MOST):
        await window.page.keyboard.press("Tab")
        passed.append(await window.page.evaluate(FOCUSED))
        if passed[-1] == name:
            return
    raise AssertionError(f"Tab does not reach {name}, only {passed}")


async def test_everything_can_be_done_with_the_keyboard_alone(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    keys, theirs = buyer.page.keyboard, seller.page.keyboard

    await tab_to(buyer, "composer")
    await keys.type("Première ligne")
    await keys.press("Shift+Enter")
    await keys.type("deuxième ligne")
    await keys.press("Enter")
    await seller.reads("Première ligne\ndeuxième ligne")
    await keys.type("Et encore.")  # the focus stayed where one writes
    await keys.press("Enter")
    await seller.reads("Première ligne\ndeuxième ligne", "Et encore.")

    await tab_to(seller, "action-order.start")
    await theirs.press("Enter")
    await expect(seller.part("confirm")).to_be_visible()
    await theirs.press("Escape")
    await expect(seller.part("dialog")).to_be_hidden()
    await expect(seller.part("action-order.start")).to_be_focused()
    await theirs.press("Enter")
    await tab_to(seller, "confirm")
    await theirs.press("Enter")
    await buyer.is_in("in_progress")

    # A call goes on where it began: the focus is always on what one does next.
    await tab_to(buyer, "call-start")
    await keys.press("Enter")
    await expect(buyer.part("call-hang-up")).to_be_focused()
    await seller.call_is("ringing")
    await tab_to(seller, "call-accept")
    await theirs.press("Enter")
    await seller.call_is("active")
    await expect(seller.part("call-mute")).to_be_focused()
    await theirs.press("Space")
    await expect(seller.part("call-mute")).to_have_attribute("data-muted", "true")
    await expect(buyer.part("call-mute")).to_be_focused()
    await tab_to(buyer, "call-hang-up")
    await keys.press("Enter")
    await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
    await expect(buyer.part("call-start")).to_be_focused()
    await tab_to(buyer, "call-close")
    await keys.press("Enter")
    await expect(buyer.part("call-start")).to_be_focused()


async def test_the_focus_stays_near_what_was_pressed_and_is_gone(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order(brief=["Le texte", "Le ton"])
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    keys, theirs = buyer.page.keyboard, seller.page.keyboard
    await tab_to(buyer, "advice-dismiss")
    await keys.press("Enter")
    await expect(buyer.part("advice-show")).to_be_focused()

    text = item(buyer, "own-1")
    await text.locator("summary").focus()
    await keys.press("Enter")
    await tab_to(buyer, "brief-give")
    await keys.press("Enter")
    await keys.type("Ci-joint.")
    await tab_to(buyer, "brief-confirm")
    await keys.press("Enter")
    await expect(text).to_have_attribute("data-state", "given")
    await expect(text.locator("summary")).to_be_focused()

    await tab_to(buyer, "propose-time")
    await keys.press("Enter")
    lengths = buyer.page.get_by_role("radiogroup", name="Combien de temps en plus ?")
    await expect(lengths).to_be_visible()
    await tab_to(buyer, "proposal-confirm")
    await keys.press("Enter")
    await expect(seller.part("proposal-accept")).to_be_visible()
    await tab_to(seller, "proposal-accept")
    await theirs.press("Enter")
    await expect(seller.part("proposal")).to_have_count(0)
    await expect(seller.part("turn").get_by_role("heading")).to_be_focused()

    for step in ("order.start", "order.deliver"):
        await expect(seller.part(f"action-{step}")).to_be_enabled()
        await tab_to(seller, f"action-{step}")
        await theirs.press("Enter")
        await theirs.type("Fait.")
        await tab_to(seller, "confirm")
        await theirs.press("Enter")
        await expect(seller.part("dialog")).to_be_hidden()
    await seller.is_in("delivered")  # and nothing is left for the seller to press
    await expect(seller.part("turn").get_by_role("heading")).to_be_focused()


async def test_the_microphone_is_tested_with_the_keyboard_alone(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    tone = microphone(BUYER)
    buyer = await windows.open(small_stage.server.url, order, "buyer", scripts=[tone])
    keys, check = buyer.page.keyboard, buyer.part("sound-check")
    await tab_to(buyer, "sound-check-open")
    await keys.press("Enter")
    await expect(check).to_be_visible()
    await named(buyer)
    await tab_to(buyer, "sound-check-start")
    await keys.press("Enter")
    await expect(check).to_have_attribute("data-state", "heard", timeout=60_000)
    await expect(buyer.part("sound-check-start")).to_be_focused()
    await tab_to(buyer, "sound-check-microphone")
    await keys.press("Escape")
    await expect(check).to_be_hidden()
    # the button that opened it is not needed any more: what is next is the call
    await expect(buyer.part("call-start")).to_be_focused()


async def test_a_file_is_sent_paused_and_dropped_without_a_mouse(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    keys, row = buyer.page.keyboard, buyer.part("sending")
    await narrow(await buyer.page.context.new_cdp_session(buyer.page), SLOW)
    files = buyer.part("file-input").first
    await files.evaluate(ASKED)
    await tab_to(buyer, "attach")
    await keys.press("Enter")
    await expect(files).to_have_attribute("data-asked", "yes")
    await files.set_input_files(archive("first.zip"))
    await begins(buyer)
    # what a button leaves behind when it goes is the next one, never the top of the page
    await tab_to(buyer, "sending-pause")
    await keys.press("Enter")
    await expect(row).to_have_attribute("data-stage", "paused")
    await expect(buyer.part("sending-again")).to_be_focused()
    await keys.press("Enter")
    await expect(row).to_have_attribute("data-stage", "sending")
    await expect(buyer.part("sending-drop")).to_be_focused()
    await keys.press("Enter")
    await expect(row).to_have_count(0)
    await expect(buyer.part("attach").first).to_be_focused()
    await expect(buyer.part("shared")).to_have_count(0)


async def test_a_screen_reader_finds_the_parts_by_role_and_name(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    buyer = await windows.open(small_stage.server.url, order, "buyer")
    seller = await windows.open(small_stage.server.url, order, "seller")
    page = buyer.page
    for role, name in (
        ("heading", "Voix off"),
        ("log", "Conversation"),
        ("textbox", "Votre message"),
        ("button", "Envoyer"),
        ("button", "Appeler Sam Seller"),
        ("complementary", "La commande"),
        ("progressbar", "Temps restant"),
        ("button", "Annuler la commande"),
    ):
        await expect(page.get_by_role(role, name=name, exact=True)).to_be_visible()  # type: ignore[arg-type]
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert await page.evaluate("document.documentElement.lang") == "fr"
    await named(buyer)

    # What the other says is announced, once.
    await seller.say("Do you hear me?")
    await expect(buyer.part("announcements")).to_have_text("Sam Seller : Do you hear me?")

    await buyer.part("action-order.cancel").click()
    await expect(page.get_by_role("dialog", name="Annuler cette commande ?")).to_be_visible()
    await named(buyer)
    await page.keyboard.press("Escape")

    await buyer.part("call-start").click()
    await expect(seller.page.get_by_role("alert")).to_contain_text("Ada Buyer is calling")
    await named(seller)
    await seller.part("call-accept").click()
    await seller.call_is("active")
    await named(seller)


async def named(window: Window) -> None:
    """Everything that one can press or read has a name at this moment."""
    tree = await window.page.locator("body").aria_snapshot()
    assert NAMELESS.findall(tree) == [], tree
    levels = [1, *map(int, HEADINGS.findall(tree))]
    assert all(below <= above + 1 for above, below in pairwise(levels)), tree
