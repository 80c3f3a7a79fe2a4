"""The door: nothing is answered before a good hello but why it was not good."""

from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import InvalidStatus

from orders.events import PersonId
from realtime.auth import Tokens
from realtime.limits import Limits
from realtime.protocol import Close
from realtime.settings import Secret
from tests.harness import TOKEN_SECRET, InProcess, serving
from tests.socket_browser import Browser


async def _first(server: InProcess, frame: dict[str, object] | None, **says: object) -> Browser:
    """Open a socket, say one thing, and wait until the server closes it."""
    browser = Browser(server, "nobody")
    await browser.connect()
    await browser.send(**(frame or says))
    await browser.closed()
    return browser


async def test_a_good_token_is_welcomed_with_name_clock_and_inbox(server: InProcess) -> None:
    order = await server.order()
    before = datetime.now(UTC)
    async with server.browser(order.seller) as seller:
        welcome = seller.welcome
        after = datetime.now(UTC)
    assert welcome["person"] == order.seller
    assert welcome["name"] == "Sam Seller"
    assert welcome["language"] == "en"
    assert welcome["epoch"] == server.edge.epoch
    rounded = timedelta(seconds=1)
    assert before - rounded < datetime.fromisoformat(welcome["now"]) < after + rounded
    (line,) = welcome["inbox"]
    assert (line["order"], line["other"], line["unread"]) == (order.id, "Ada Buyer", 0)
    assert line["due"] is not None


async def test_whoever_does_not_say_hello_first_is_shown_out(server: InProcess) -> None:
    order = await server.order()
    browser = await _first(server, None, t="message.send", id="1", order=order.id, text="let me in")
    assert browser.close_code == Close.PROTOCOL
    (refused,) = browser.frames
    assert (refused["t"], refused["code"], refused["id"]) == ("refused", "malformed", "1")


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"t":"hello"}', '{"t":"hello","token":7}'])
async def test_a_damaged_hello_is_shown_out(server: InProcess, junk: str) -> None:
    browser = Browser(server, "nobody")
    await browser.connect()
    await browser.socket.send(junk)
    assert await browser.closed() == Close.PROTOCOL
    assert [frame["code"] for frame in browser.frames] == ["malformed"]


async def test_binary_junk_before_hello_is_shown_out(server: InProcess) -> None:
    browser = Browser(server, "nobody")
    await browser.connect()
    await browser.socket.send(b"\x00\xff" * 100)
    assert await browser.closed() == Close.PROTOCOL


async def test_whoever_says_nothing_is_shown_out(database_url: str) -> None:
    async with serving(database_url, limits=Limits(hello_within=0.1, drain=0.0)) as server:
        browser = Browser(server, "nobody")
        await browser.connect()
        assert await browser.closed() == Close.HELLO_LATE


def _tokens(**changes: object) -> Tokens:
    return Tokens(Secret(TOKEN_SECRET), Limits(token_leeway=0.0), **changes)  # type: ignore[arg-type]


async def test_a_forged_token_is_refused(server: InProcess) -> None:
    forger = Tokens(Secret("not-the-secret-of-this-server-0123456789"), Limits())
    browser = await _first(
        server, None, t="hello", token=forger.mint(PersonId("x")).token, language="en"
    )
    assert browser.close_code == Close.TOKEN_REFUSED
    (refused,) = browser.frames
    assert refused["code"] == "token_invalid"
    assert refused["text"] == "Your access is not valid. Please come back from your order’s page."


async def test_a_token_for_another_audience_is_refused(server: InProcess) -> None:
    cookie = _tokens(audience="order-room-demo").mint(PersonId("x")).token
    browser = await _first(server, None, t="hello", token=cookie)
    assert browser.close_code == Close.TOKEN_REFUSED


async def test_an_expired_token_is_told_from_a_forged_one(server: InProcess) -> None:
    past = _tokens(clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    browser = await _first(server, None, t="hello", token=past.mint(PersonId("x")).token)
    assert browser.close_code == Close.TOKEN_ENDED
    assert [frame["code"] for frame in browser.frames] == ["token_expired"]


async def test_a_token_that_lives_too_long_was_not_made_here(server: InProcess) -> None:
    token = _tokens().mint(PersonId("x"), life=24 * 3600).token
    browser = await _first(server, None, t="hello", token=token)
    assert browser.close_code == Close.TOKEN_REFUSED


async def test_another_version_of_the_protocol_is_told_so(server: InProcess) -> None:
    token = _tokens().mint(PersonId("x")).token
    browser = await _first(server, None, t="hello", token=token, version=99)
    assert browser.close_code == Close.VERSION


async def test_a_page_of_another_site_may_not_open_a_socket(server: InProcess) -> None:
    browser = Browser(server, "nobody")
    with pytest.raises(InvalidStatus) as answer:
        await browser.connect(origin="https://elsewhere.test")
    assert answer.value.response.status_code == 403
    assert b'"origin_refused"' in (answer.value.response.body or b"")


async def test_our_own_pages_and_the_allowed_ones_may(database_url: str) -> None:
    allowed = {"ORDER_ROOM_ALLOWED_ORIGINS": "https://shop.test, https://www.shop.test/"}
    async with serving(database_url, environment=allowed) as server:
        for origin in (server.url, "https://shop.test", "https://www.shop.test"):
            browser = Browser(server, "nobody")
            await browser.connect(origin=origin)
            await browser.close()


async def test_a_person_without_orders_is_welcome_too(server: InProcess) -> None:
    async with server.browser("nobody-yet") as browser:
        assert browser.welcome["inbox"] == []
        await server.order(
            buyer={
                "person": "nobody-yet",
                "name": "Newcomer",
                "email": "newcomer@post.test",
                "language": "fr",
            }
        )
        news = await browser.hears(lambda f: f["t"] == "inbox")
        assert [line["title"] for line in news["lines"]] == ["Voix off"]


async def test_the_oldest_of_too_many_sockets_makes_room(database_url: str) -> None:
    limits = Limits(sockets_per_person=2, drain=0.0)
    async with (
        serving(database_url, limits=limits) as server,
        server.browser("many") as oldest,
        server.browser("many"),
        server.browser("many") as newest,
    ):
        assert await oldest.closed() == Close.TOO_MANY
        assert newest.close_code is None
