"""The demo: orders to look at, signing in without a password, the mailbox."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from realtime.limits import Limits
from tests.harness import InProcess, serving
from tests.socket_browser import Browser, Frame

LIMITS = Limits(drain=0.0)


async def _orders(server: InProcess) -> list[Frame]:
    async with server.http() as http:
        told = (await http.get("/demo/orders")).json()
    return list(told["orders"])


async def test_a_first_start_shows_five_orders_and_a_question_with_their_people(
    own_database_url: str,
) -> None:
    async with serving(own_database_url, demo=True, limits=LIMITS) as server:
        voice, website, short, dispute, closed, question = await _orders(server)
        assert (voice["state"], voice["language"]) == ("awaiting_validation", "fr")
        assert (website["state"], website["language"]) == ("awaiting_validation", "en")
        assert short["state"] == "awaiting_validation"
        assert dispute["state"] == "frozen"
        assert (closed["state"], closed["due"]) == ("closed", None)
        assert (question["state"], question["due"]) == ("question", None)
        assert voice["due"] is not None
        for order in (voice, website, short, closed, question):
            people = order["people"]
            assert isinstance(people, list)
            assert [p["role"] for p in people] == ["buyer", "seller"]
        three = dispute["people"]
        assert isinstance(three, list)
        assert [p["role"] for p in three] == ["buyer", "seller", "mediator"]


async def test_a_visitor_signs_in_as_either_party_and_talks(own_database_url: str) -> None:
    async with serving(own_database_url, demo=True, limits=LIMITS) as server:
        card = (await _orders(server))[0]
        order, people = str(card["order"]), card["people"]
        assert isinstance(people, list)
        browsers: list[Browser] = []
        async with server.http() as http:
            for person in (p["person"] for p in people):
                there = await http.get(f"/demo/as/{person}", params={"order": order})
                assert there.status_code == 303
                assert there.headers["location"] == f"/demo/{person}/orders/{order}"
                cookie = there.headers["set-cookie"].lower()
                assert "httponly" in cookie
                assert "samesite=strict" in cookie
                assert f"path=/demo/{person}" in cookie
            for person in (p["person"] for p in people):
                token = (await http.post(f"/demo/{person}/token")).json()["token"]
                browser = Browser(server, person, "fr")
                await browser.open(token)
                assert browser.welcome["demo"] is True
                await browser.subscribe(order)
                browsers.append(browser)
        buyer, seller = browsers
        assert len(seller.texts(order)) == 7
        done = await buyer.say(order, "Bonjour depuis la démo")
        await seller.reaches(order, done["seq"])
        for browser in browsers:
            await browser.close()


async def test_a_token_needs_the_persons_own_sign_in(own_database_url: str) -> None:
    async with serving(own_database_url, demo=True, limits=LIMITS) as server:
        card = (await _orders(server))[0]
        people = card["people"]
        assert isinstance(people, list)
        buyer, seller = (p["person"] for p in people)
        async with server.http() as http:
            assert (await http.post(f"/demo/{buyer}/token")).status_code == 401
            await http.get(f"/demo/as/{buyer}", params={"order": str(card["order"])})
            cookie = http.cookies["demo"]
            stolen = await http.post(f"/demo/{seller}/token", headers={"Cookie": f"demo={cookie}"})
            assert (stolen.status_code, stolen.json()["code"]) == (401, "token_invalid")
            elsewhere = await http.post(
                f"/demo/{buyer}/token", headers={"Origin": "https://evil.test"}
            )
            assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "origin_refused")
            nobody = await http.get("/demo/as/nobody", params={"order": str(card["order"])})
            assert nobody.status_code == 404
            # the sign-in is not a party token
            me = await http.get("/api/v1/me/orders", headers={"Authorization": f"Bearer {cookie}"})
            assert me.json()["code"] == "token_invalid"


async def test_a_second_start_keeps_what_is_there_and_renews_the_short_order(
    own_database_url: str, tmp_path: Path
) -> None:
    async with serving(own_database_url, demo=True, var=tmp_path, limits=LIMITS) as server:
        first = await _orders(server)
        assert (tmp_path / "token-secret").exists() is False  # it was told one
    async with serving(own_database_url, demo=True, var=tmp_path, limits=LIMITS) as server:
        assert [o["order"] for o in await _orders(server)] == [o["order"] for o in first]
        async with server.edge.database.transaction() as tx:
            await tx.conn.execute(
                text("UPDATE timers SET due = start, wake_at = start WHERE order_id = :o"),
                {"o": first[2]["order"]},
            )
        server.edge.nudge()
        while (await _orders(server))[2]["state"] != "cancelled":
            await asyncio.sleep(0.02)
    async with serving(own_database_url, demo=True, var=tmp_path, limits=LIMITS) as server:
        third = await _orders(server)
        same = [a["order"] == b["order"] for a, b in zip(first, third, strict=True)]
        assert same == [True, True, False, True, True, True]
        assert third[2]["state"] == "awaiting_validation"


async def test_the_demo_can_be_started_anew(own_database_url: str) -> None:
    async with serving(own_database_url, demo=True, limits=LIMITS) as server:
        before = {o["order"] for o in await _orders(server)}
        async with server.http() as http:
            evil = await http.post("/demo/reset", headers={"Origin": "https://evil.test"})
            assert evil.status_code == 403
            answer = await http.post("/demo/reset")
            assert answer.status_code == 200, answer.text
            anew = answer.json()["orders"]
        assert before.isdisjoint(o["order"] for o in anew)
        assert [o["order"] for o in await _orders(server)] == [o["order"] for o in anew]


async def test_what_was_sent_stands_in_the_mailbox(own_database_url: str) -> None:
    async with (
        serving(own_database_url, demo=True, limits=LIMITS) as server,
        server.http() as http,
    ):
        mails: list[dict[str, str]] = []
        while not mails:
            mails = (await http.get("/demo/mails")).json()["mails"]
            await asyncio.sleep(0.02)
        mail = mails[0]
        assert mail["to"].endswith("@example.org")
        assert mail["order"].startswith("o_")
        html = await http.get(f"/demo/mails/{mail['id']}/html")
        assert html.headers["content-type"].startswith("text/html")
        assert html.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        missing = await http.get("/demo/mails/none/html")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_pages_are_served_or_their_absence_is_explained(own_database_url: str) -> None:
    async with (
        serving(own_database_url, demo=True, limits=LIMITS) as server,
        server.http() as http,
    ):
        for path in ("/", "/mailbox", "/demo/x/orders/o_1"):
            page = await http.get(path)
            assert page.status_code in {200, 503}
            kind = "text/html" if page.status_code == 200 else "text/plain"
            assert page.headers["content-type"].startswith(kind)


async def test_only_the_buyer_of_an_ended_order_orders_it_again(own_database_url: str) -> None:
    async with serving(own_database_url, demo=True, limits=LIMITS) as server:
        cards = await _orders(server)
        closed = next(card for card in cards if card["state"] == "closed")
        running = next(card for card in cards if card["state"] == "awaiting_validation")

        async def again(card: Frame, role: str) -> tuple[int, Frame]:
            person = next(p["person"] for p in card["people"] if p["role"] == role)
            async with server.http() as http:
                await http.get(f"/demo/as/{person}", params={"order": str(card["order"])})
                made = await http.post(f"/demo/{person}/orders/{card['order']}/again")
                return made.status_code, made.json()

        status, made = await again(closed, "buyer")
        assert status == 201
        assert made["order"] not in {card["order"] for card in cards}
        status, refused = await again(closed, "seller")
        assert (status, refused["code"]) == (403, "not_yours")
        status, refused = await again(running, "buyer")
        assert (status, refused["code"]) == (400, "malformed")
