"""Whoever opens an address that has nothing for them reads why; programs get JSON as ever."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from orders.events import FileId, OrderId, PersonId
from realtime.api.accepting import prefers_page
from tests.harness import InProcess, serving

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BROWSER = {"Accept": CHROMIUM, "Accept-Language": "fr-FR,fr;q=0.9"}


@pytest.fixture
async def demo(database_url: str) -> AsyncIterator[InProcess]:
    """A server in demo mode, which has a home page."""
    async with serving(database_url, demo=True) as server:
        yield server


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROMIUM, True),
        (FIREFOX, True),
        ("TEXT/HTML", True),
        ("text/*;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.9, application/json", False),
        ("text/html, application/json", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=nan, */*;q=0.1", False),
        ("text/html;q=9", False),
        ("application/json", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
        (";;,,=;q", False),
    ],
)
def test_a_page_is_for_who_wants_one_more_than_json(accept: str, page: bool) -> None:
    assert prefers_page(accept) is page


@pytest.mark.parametrize(
    ("language", "heading", "way_home"),
    [
        ("fr-FR,fr;q=0.9", "Il n’y a rien à cette adresse", "Aller à l’accueil"),
        ("en-GB", "There is nothing at this address", "Go to the home page"),
    ],
)
async def test_an_unknown_address_is_a_page_in_the_readers_language(
    demo: InProcess, language: str, heading: str, way_home: str
) -> None:
    async with demo.http(headers={**BROWSER, "Accept-Language": language}) as http:
        answer = await http.get("/no/<such>/place")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == language[:2]
    assert f'<html lang="{language[:2]}">' in answer.text
    assert f"<h1>{heading}</h1>" in answer.text
    assert re.search(rf'<a href="/"[^>]*>{way_home}</a>', answer.text)
    assert "such" not in answer.text


async def test_outside_the_demo_there_is_no_home_to_send_anybody_to(server: InProcess) -> None:
    async with server.http(headers=BROWSER) as http:
        answer = await http.get("/")
    assert answer.status_code == 404
    assert "<a " not in answer.text


async def test_the_page_is_as_safe_as_every_answer_and_loads_nothing(server: InProcess) -> None:
    async with server.http(headers=BROWSER) as http:
        answer = await http.get("/nowhere")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert not re.search(r"<script|<img|url\(|@import|https?:", answer.text)


async def test_one_address_answers_both_and_says_by_what(server: InProcess) -> None:
    async with server.http() as http:
        told = await http.get("/nowhere")
        shown = await http.get("/nowhere", headers=BROWSER)
    assert told.json()["code"] == "not_found"
    assert 'data-code="not_found"' in shown.text
    assert told.headers["vary"] == shown.headers["vary"] == "Accept, Accept-Language"


async def test_an_address_for_another_method_says_so_and_names_them(server: InProcess) -> None:
    async with server.http(headers=BROWSER) as http:
        answer = await http.get("/api/v1/tokens")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert "<h1>Cette adresse ne s’ouvre pas ainsi</h1>" in answer.text


async def test_an_old_link_to_a_file_says_that_it_has_expired(server: InProcess) -> None:
    order = await server.order()
    edge = server.edge
    long_ago = await edge.database.now() - timedelta(days=1)
    file, person = FileId("f_1"), PersonId(order.buyer)
    link, _ = edge.file_links.make(OrderId(order.id), file, person, long_ago)
    async with server.http(headers={**BROWSER, "Accept-Language": "en"}) as http:
        answer = await http.get(f"/files/{file}?link={link}")
    assert answer.status_code == 410
    assert "<h1>This link has expired</h1>" in answer.text
    assert "open the file again from the order" in answer.text


async def test_an_order_that_is_not_there_is_refused_in_a_sentence(demo: InProcess) -> None:
    async with demo.http(headers=BROWSER) as http:
        answer = await http.get("/demo/as/nobody?order=o_none")
    assert answer.status_code == 404
    assert "Cette commande n’existe pas, ou elle n’est pas la vôtre." in answer.text


async def test_a_refused_page_keeps_what_the_refusal_asks_for(server: InProcess) -> None:
    async with server.http(headers=BROWSER) as http:
        answer = await http.get("/api/v1/me/orders")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "<h1>Reconnectez-vous</h1>" in answer.text
