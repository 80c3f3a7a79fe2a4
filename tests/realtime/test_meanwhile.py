"""What happens while somebody is being welcomed shows in their inbox like anything else."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from orders.database import Announcement
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks
from realtime.meanwhile import Meanwhile
from realtime.session import Session
from tests.harness import InProcess, TestOrder
from tests.socket_browser import Browser, Frame

ORDER, OTHER = OrderId("o_1"), OrderId("o_2")
ADA, SAM = PersonId("ada"), PersonId("sam")


@asynccontextmanager
async def _welcomed(
    server: InProcess, person: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Browser, Callable[[], None]]]:
    """A browser that was read its inbox, and what makes it one of those who are told."""
    hub, held = server.edge.hub, list[tuple[Session, Mapping[OrderId, int], float]]()
    arrive = hub.arrive
    with monkeypatch.context() as patch:
        patch.setattr(hub, "arrive", lambda *arriving: held.append(arriving))
        async with server.browser(person) as browser:
            ((session, inbox, asked),) = held
            patch.setattr(hub, "arrive", arrive)
            yield browser, lambda: arrive(session, inbox, asked)


def _line(frame: Frame, order: TestOrder) -> Frame | None:
    lines = frame["lines"] if frame["t"] == "inbox" else []
    return next((line for line in lines if line["order"] == order.id), None)


async def test_a_new_order_is_listed(server: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await server.order()
    async with (
        server.browser(first.seller) as witness,
        _welcomed(server, first.seller, monkeypatch) as (seller, arrives),
    ):
        assert [line["order"] for line in seller.welcome["inbox"]] == [first.id]
        tom = {"person": first.seller, "name": "Tom", "email": "tom@post.test", "language": "en"}
        second = await server.order(seller=tom)
        await witness.hears(lambda f: _line(f, second) is not None)
        arrives()
        await seller.hears(lambda f: _line(f, second) is not None)


async def test_a_message_is_counted(server: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await server.order()
    async with _welcomed(server, order.seller, monkeypatch) as (seller, arrives):
        (before,) = seller.welcome["inbox"]
        async with server.browser(order.buyer) as buyer:
            await buyer.say(order.id, "are you there?")
        arrives()
        await seller.hears(
            lambda f: (
                (line := _line(f, order)) is not None and line["unread"] == before["unread"] + 1
            )
        )


async def test_what_was_read_on_another_device_is_not_counted(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as other:
        said = await buyer.say(order.id, "are you there?")
        async with _welcomed(server, order.seller, monkeypatch) as (seller, arrives):
            assert seller.welcome["inbox"][0]["unread"] > 0
            await other.send(t="mark", order=order.id, seq=said["seq"])
            await other.hears(
                lambda f: (line := _line(f, order)) is not None and not line["unread"]
            )
            arrives()
            await seller.hears(
                lambda f: (line := _line(f, order)) is not None and not line["unread"]
            )


def _news(upto: int) -> list[Announcement]:
    return [Announcement(ORDER, upto - 1, upto, (b"{}",), b"", situation=False)]


def test_what_was_read_already_is_not_read_again() -> None:
    now = 100.0
    meanwhile = Meanwhile(20.0, lambda: now)
    meanwhile.grew(_news(7))
    meanwhile.marked(OTHER, ADA, Watermarks(2, 3))
    inbox = {ORDER: 7, OTHER: 3}
    assert list(meanwhile.since(100.5, ADA, inbox)) == []
    assert list(meanwhile.since(99.5, ADA, inbox)) == [OTHER]
    assert list(meanwhile.since(99.5, SAM, inbox)) == []
    assert list(meanwhile.since(100.5, ADA, {ORDER: 6})) == [ORDER]
    assert meanwhile.marks(OTHER, ADA) == Watermarks(2, 3)
    assert meanwhile.marks(OTHER, SAM) == Watermarks()


def test_it_is_kept_for_a_while_and_not_for_ever() -> None:
    now = 100.0
    meanwhile = Meanwhile(20.0, lambda: now)
    meanwhile.grew(_news(7))
    for now in (119.0, 121.0, 139.0):
        meanwhile.grew([])
        assert list(meanwhile.since(now, ADA, {ORDER: 6})) == [ORDER]
    now = 142.0
    meanwhile.grew([])
    assert list(meanwhile.since(now, ADA, {ORDER: 6})) == []
    meanwhile.grew(_news(8))
    now = 242.0
    meanwhile.grew([])
    assert list(meanwhile.since(now, ADA, {ORDER: 7})) == []
