"""Answering from the mail: a real mail, its link, and a phone that is not signed in."""

import re

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.sounds import microphone
from tests.e2e.test_call import BUYER, SELLER
from tests.e2e.windows import Windows
from tests.harness import Server
from tests.mail import Received

PHONE = (390, 844)


def links_of(mail: Received) -> list[str]:
    """The addresses in a mail that answer, in their order."""
    part = mail.message.get_body(("plain",))
    assert part is not None
    return re.findall(r"http\S+/answer\?t=\S+", part.get_content())


async def newest(stage: Stage, to: str, subject: str) -> Received:
    """The mail to that person whose subject has these words."""
    count = 1
    while True:
        mails = await stage.mails.expect(count, to=f"{to}@post.test", within=60)
        found = [mail for mail in mails if subject in str(mail.message["Subject"])]
        if found:
            return found[-1]
        count = len(mails) + 1


async def kinds(server: Server, order: str) -> list[str]:
    async with server.backend() as http:
        page = (await http.get(f"/api/v1/orders/{order}/entries?limit=500")).json()
    return [entry["event"]["kind"] for entry in page["entries"]]


async def test_a_time_to_talk_is_picked_from_the_mail_without_signing_in(
    large_stage: Stage, windows: Windows
) -> None:
    server, order = large_stage.server, await large_stage.server.order()
    seller = await windows.open(server.url, order, "seller", scripts=[microphone(SELLER)])
    await seller.part("talk-propose").click()
    await seller.part("talk-confirm").click()
    await expect(seller.part("talk")).to_have_attribute("data-mine", "true")
    first, second, _, none = links_of(
        await newest(large_stage, order.buyer, "souhaite vous parler")
    )

    # What scanners do: everything is opened, by nobody, and nothing happens.
    async with server.http() as scanner:
        for link in (first, second, none):
            opened = await scanner.get(link)
            assert opened.status_code == 200
            assert (await scanner.head(link)).status_code == 200
            assert opened.headers["referrer-policy"] == "no-referrer"
            assert opened.headers["cache-control"] == "no-store"
            assert "set-cookie" not in opened.headers
            assert not re.search(r"(?:src|href)=.(?!http://[^/]+/demo/as/)", opened.text)
        assert "call_agreed" not in await kinds(server, order.id)

        phone = await windows.page(size=PHONE)
        asked: list[str] = []
        phone.on("request", lambda request: asked.append(request.url))
        await phone.goto(second)
        page = phone.locator('[data-test="answer"]')
        await expect(page).to_contain_text("Sam Seller")
        await expect(page).to_contain_text("heure de Paris")
        assert await phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        button = phone.locator('[data-test="answer-yes"]')
        await button.focus()
        await phone.keyboard.press("Enter")
        await expect(page).to_have_attribute("data-state", "done")
        await expect(page).to_contain_text("C’est convenu")
        assert phone.url == f"{server.url}/answer"
        assert all(url.startswith(server.url) for url in asked)
        await expect(seller.part("talk-at")).to_be_visible()

        # Said twice it is the same answer; another choice comes too late.
        token = second.partition("t=")[2]
        again = await scanner.post("/answer", data={"t": token})
        assert again.status_code == 200
        assert (await kinds(server, order.id)).count("call_agreed") == 1
        late = await scanner.post("/answer", data={"t": first.partition("t=")[2]})
        assert late.status_code == 409
        assert "déjà" in late.text
        for nonsense in ("", "x", token[:-1] + ("A" if token[-1] != "A" else "B") + "AA"):
            assert (await scanner.post("/answer", data={"t": nonsense})).status_code == 404
        assert (await scanner.get("/answer")).status_code == 404
        assert (await scanner.post("/answer", content=b"t=" + b"a" * 9_000)).status_code == 413
        # Whose access was taken away has no way in by an old mail either.
        await revoke(server, order.id, order.buyer)
        assert (await scanner.get(second)).status_code == 404
        assert (await scanner.post("/answer", data={"t": token})).status_code == 404
    windows.forgive("404", "409")


async def revoke(server: Server, order: str, person: str) -> None:
    async with server.backend() as http:
        done = await http.post(f"/api/v1/orders/{order}/members/{person}/revoke", json={})
    assert done.status_code < 300, done.text


async def test_a_missed_call_becomes_three_proposed_times_from_the_mail(
    small_stage: Stage, windows: Windows
) -> None:
    server, order = small_stage.server, await small_stage.server.order(policy={"ring": 2})
    buyer = await windows.open(server.url, order, "buyer", scripts=[microphone(BUYER)])
    await buyer.part("call-start").click()
    await expect(buyer.part("call-ended")).to_have_attribute("data-end", "no_answer")
    [link] = links_of(await newest(small_stage, order.seller, "Missed call"))
    phone = await windows.page(size=PHONE, locale="en-GB")
    await phone.goto(link)
    await expect(phone.locator("li")).to_have_count(3)
    await phone.locator('[data-test="answer-yes"]').click()
    await expect(phone.locator('[data-test="answer"]')).to_have_attribute("data-state", "done")
    await expect(buyer.part("talk-pick")).to_have_count(3)
    await phone.goto(link)
    await expect(phone.locator('[data-test="answer"]')).to_have_attribute("data-state", "over")
