"""Access that changes under open sockets, though words of it come late or are not true any more."""

import sys
from collections.abc import Awaitable, Callable

import pytest

from orders import access, views
from orders.errors import Unavailable
from orders.events import OrderId, PersonId
from realtime.bus import AccessChanged
from tests.harness import InProcess, TestOrder, new_order
from tests.socket_browser import Frame


def _say(server: InProcess, order: TestOrder, person: str, *, allowed: bool) -> None:
    """Let the process hear it, as from another one; the database may know better."""
    server.edge.hub.signal(AccessChanged(OrderId(order.id), PersonId(person), allowed))


def _lists(order: str) -> Callable[[Frame], bool]:
    """Whether a frame has the order's line; others may change meanwhile, such as by a mail."""
    return lambda f: f["t"] == "inbox" and order in {line["order"] for line in f["lines"]}


async def test_a_late_word_that_access_was_taken_away_is_taken_back_at_once(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller, server.browser(order.buyer) as buyer:
        await seller.subscribe(order.id)
        mark = len(seller.frames)
        _say(server, order, order.seller, allowed=False)
        gone = await seller.hears(lambda f: f["t"] == "inbox" and f["gone"], since=mark)
        assert (gone["lines"], gone["gone"]) == ([], [order.id])
        back = await seller.hears(lambda f: f["t"] == "inbox" and f["lines"], since=mark)
        assert [line["order"] for line in back["lines"]] == [order.id]
        await seller.subscribe(order.id)
        done = await buyer.say(order.id, "still here?")
        await seller.reaches(order.id, done["seq"])


async def test_a_word_of_access_that_is_not_true_any_more_shows_nothing(server: InProcess) -> None:
    lost, kept = await server.orders_of_one_seller()
    async with server.browser(lost.seller) as seller, server.backend() as backend:
        await seller.subscribe(lost.id)
        path = f"/api/v1/orders/{lost.id}/members/{lost.seller}/revoke"
        assert (await backend.post(path)).status_code == 200
        await seller.hears(lambda f: f["t"] == "inbox" and f["gone"] == [lost.id])
        mark = len(seller.frames)
        _say(server, lost, lost.seller, allowed=True)
        _say(server, kept, f"{lost.seller}-not", allowed=True)
        async with server.browser(lost.buyer) as one, server.browser(kept.buyer) as two:
            await one.say(lost.id, "not for the seller")
            await two.say(kept.id, "for the seller")
        await seller.hears(_lists(kept.id), since=mark)
        assert not any(map(_lists(lost.id), seller.frames[mark:]))
        asked = await seller.refused(t="history", order=lost.id, before=2)
        assert asked["code"] == "order_unknown"
        assert {f["t"] for f in seller.frames[mark:]} <= {"inbox", "refused", "ping"}


async def test_what_was_decided_while_somebody_was_being_welcomed_holds_for_them(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.backend() as backend:
        path = f"/api/v1/orders/{order.id}/members/{order.seller}"
        assert (await backend.post(f"{path}/revoke")).status_code == 200
        async with server.browser(order.seller) as seller:
            assert seller.welcome["inbox"] == []
            assert (await backend.post(f"{path}/restore")).status_code == 200
            await seller.hears(_lists(order.id))
        async with server.browser(order.seller) as seller:  # the earlier word is not held on to
            assert [line["order"] for line in seller.welcome["inbox"]] == [order.id]
            await seller.subscribe(order.id)
            await seller.say(order.id, "here again")
            assert not any(f.get("gone") for f in seller.frames)


def _away_once(monkeypatch: pytest.MonkeyPatch, question: Callable[..., Awaitable[object]]) -> None:
    """Let the database be away the next time that it is asked this question."""
    missed: list[bool] = []

    async def sometimes(*asked: object) -> object:
        if not missed:
            missed.append(True)
            raise Unavailable(reason="database")
        return await question(*asked)

    module = sys.modules[question.__module__]
    monkeypatch.setattr(module, question.__name__, sometimes)


async def test_an_order_that_was_opened_while_the_database_was_away_is_listed_once_it_is_back(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await server.order()
    async with server.browser(first.seller) as seller:
        mark = len(seller.frames)
        _away_once(monkeypatch, views.room)
        tom = {"person": first.seller, "name": "Tom", "email": "tom@post.test", "language": "en"}
        second = await server.order(seller=tom)
        await seller.hears(_lists(second.id), since=mark)


async def test_an_order_that_nobody_heard_of_is_listed_when_it_is_ordered_again(
    server: InProcess,
) -> None:
    """As when the process is lost between the commit and its answer."""
    first = await server.order()
    wanted = new_order(f"buyer-of-{first.id}", first.seller)
    async with server.browser(first.seller) as seller, server.backend() as marketplace:
        mark = len(seller.frames)
        key = {"Idempotency-Key": first.id}
        server.edge.database.on_commit(lambda _: None)
        made = await marketplace.post("/api/v1/orders", json=wanted, headers=key)
        assert made.status_code == 201, made.text
        server.edge.database.on_commit(server.edge.hub.announce)
        again = await marketplace.post("/api/v1/orders", json=wanted, headers=key)
        assert (again.status_code, again.json()["order"]) == (200, made.json()["order"])
        await seller.hears(_lists(made.json()["order"]), since=mark)


async def test_a_word_of_access_is_looked_up_again_when_the_database_was_away(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        mark = len(seller.frames)
        _away_once(monkeypatch, access.barred)
        _say(server, order, order.seller, allowed=False)
        back = await seller.hears(lambda f: f["t"] == "inbox" and f["lines"], since=mark)
        assert [line["order"] for line in back["lines"]] == [order.id]
