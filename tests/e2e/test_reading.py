"""What a reader keeps: their place, their draft, the direction of their writing."""

from playwright.async_api import expect

from tests.browser import PHONE
from tests.e2e.conftest import Stage
from tests.e2e.windows import Windows
from tests.harness import TestOrder

PLACE = """box => {
  const edge = box.getBoundingClientRect().top;
  const tops = [...box.querySelectorAll('article[data-seq]')]
    .map((one) => [Number(one.dataset.seq), Math.round(one.getBoundingClientRect().top - edge)]);
  return tops.find(([, top]) => top >= 0);
}"""
"""Which message stands at the top of what is seen, and how far below the edge."""
AT_END = "box => box.scrollHeight - box.scrollTop - box.clientHeight < 60"
DRAWN = "new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))"
STANDS = f"""box => {{
  const atEnd = {AT_END};
  window.stands = new Promise((done) => {{
    box.addEventListener('scrollend', () => atEnd(box) || done(true));
  }});
}}"""
"""Notes when it has come to rest above: a browser takes its time for the turn of a wheel."""


async def said(stage: Stage, order: TestOrder, person: str, *texts: str) -> None:
    """Let somebody write these, over HTTP."""
    async with stage.server.backend() as http:
        for number, text in enumerate(texts):
            told = await http.post(
                f"/api/v1/me/orders/{order.id}/message.send",
                json={"text": text},
                headers={"X-On-Behalf-Of": person, "Idempotency-Key": f"{hash(text)}-{number}"},
            )
            assert told.status_code == 200, told.text


async def test_who_reads_above_stays_there_and_is_told_what_came(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    history = [
        f"Ligne {number} : " + "un texte qui prend de la place. " * 6 for number in range(14)
    ]
    await said(small_stage, order, order.buyer, *history)
    reader = await windows.open(small_stage.server.url, order, "seller")
    await expect(reader.messages).to_have_count(len(history))
    thread = reader.page.locator(".scroll")
    box = await thread.element_handle()
    await reader.page.wait_for_function(AT_END, arg=box)
    await thread.hover()
    await thread.evaluate(STANDS)
    await reader.page.mouse.wheel(0, -700)
    assert await reader.page.evaluate("window.stands")
    await expect(reader.part("to-newest")).to_have_text("To the newest")
    place = await thread.evaluate(PLACE)

    await said(small_stage, order, order.buyer, "Une de plus.", "Et encore une.")
    await expect(reader.part("to-newest")).to_have_text("2 new messages")
    await expect(reader.messages).to_have_count(len(history) + 2)
    assert await thread.evaluate(PLACE) == place
    await reader.part("to-newest").click()
    await expect(reader.part("to-newest")).to_have_count(0)
    await reader.page.wait_for_function(AT_END, arg=box)


async def test_who_reads_the_end_stays_there_whatever_becomes_smaller_or_larger(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    history = [f"Ligne {number} : " + "un texte de plus. " * 12 for number in range(14)]
    await said(small_stage, order, order.buyer, *history)
    reader = await windows.open(small_stage.server.url, order, "seller")
    await expect(reader.messages).to_have_count(len(history))
    thread = reader.page.locator(".scroll")
    await reader.page.wait_for_function(AT_END, arg=await thread.element_handle())
    first, last = reader.messages.first, reader.messages.last
    for above, below in ((600, 0), (0, 500), (300, 300), (0, 0)):
        # as when what was said of one file goes, and another one says more
        await last.evaluate("(one, px) => { one.style.paddingBottom = `${px}px` }", below)
        await first.evaluate("(one, px) => { one.style.paddingTop = `${px}px` }", above)
        await reader.page.evaluate(DRAWN)
        await reader.page.wait_for_function(AT_END, arg=await thread.element_handle())
        await expect(reader.part("to-newest")).to_have_count(0)


async def test_the_same_words_twice_are_announced_twice(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    await said(small_stage, order, order.buyer, "Before anybody looked.")
    reader = await windows.open(small_stage.server.url, order, "seller")
    region = reader.part("announcements")
    await expect(region).to_have_text("")  # what was there before is read by whoever wants to
    await said(small_stage, order, order.buyer, "ok")
    await expect(region).to_have_text("Ada Buyer: ok")
    first = await region.evaluate("it => it.textContent")
    async with small_stage.server.backend() as http:
        await http.post(
            f"/api/v1/me/orders/{order.id}/message.send",
            json={"text": "ok"},
            headers={"X-On-Behalf-Of": order.buyer, "Idempotency-Key": "another-ok"},
        )
    await expect(reader.messages).to_have_count(3)
    await expect(region).to_have_text("Ada Buyer: ok")  # white space aside
    assert await region.evaluate("it => it.textContent") != first


async def test_on_a_telephone_lines_are_begun_by_enter_and_the_draft_is_its_writers(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    seller = await windows.open(small_stage.server.url, order, "seller", size=PHONE)
    box = seller.part("composer")
    await box.press_sequentially("שלום\n- one")
    await seller.page.reload()
    await expect(box).to_have_value("שלום\n- one")
    # The same tab, signed in as somebody else: not their words.
    other = f"{small_stage.server.url}/demo/as/{order.buyer}?order={order.id}"
    await seller.page.goto(other)
    await expect(box).to_have_value("")
    await seller.enter()
    await expect(box).to_have_value("שלום\n- one")
    await seller.part("send").tap()
    await seller.reads("שלום\n- one")
    await expect(seller.messages).to_have_css("direction", "rtl")
    await expect(box).to_have_value("")


async def test_a_link_says_where_it_leads_and_leads_nowhere_else(
    small_stage: Stage, windows: Windows
) -> None:
    order = await small_stage.server.order()
    trap = "https://bank.example@evil.example/"
    await said(
        small_stage, order, order.buyer, f"www.example.org, https://\u0430pple.com/x or {trap}"
    )
    reader = await windows.open(small_stage.server.url, order, "seller")
    links = reader.messages.locator("a")
    await expect(links).to_have_count(2)
    await expect(links.first).to_have_attribute("href", "https://www.example.org/")
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(reader.part("link-host")).to_have_text("(xn--pple-43d.com)")
