"""Who writes too fast is told when to go on, and nothing else happens to them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from orders.errors import RateExceeded
from orders.events import OrderId, PersonId
from realtime.bus.asking import Asker
from realtime.bus.nodes import Nodes
from realtime.chat import flood
from realtime.chat.flood import Flood
from realtime.limits import Limits, at_pace
from realtime.rates import Rates
from tests.harness import serving

A, B = OrderId("o_a"), OrderId("o_b")
ME, YOU = PersonId("me"), PersonId("you")
LIMITS = Limits(
    messages_per_order=1.0,
    messages_per_order_burst=3,
    messages_per_person=2.0,
    messages_per_person_burst=5,
    same_text=2,
    same_text_window=60.0,
)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def _refused(control: Flood, order: OrderId, person: PersonId, number: int, text: str) -> object:
    try:
        control.admit(order, person, f"m-{number}", text)
    except RateExceeded as refusal:
        return refusal.facts["limit"], refusal.facts["retry_after"]
    return None


def test_an_order_takes_so_many_and_then_one_a_second(clock: _Clock) -> None:
    control = Flood(LIMITS, clock)
    told = [_refused(control, A, ME, n, f"text {n}") for n in range(4)]
    assert told == [None, None, None, ("messages_per_order", 1)]
    clock.now = 1.0
    assert _refused(control, A, ME, 4, "text 4") is None
    assert _refused(control, A, YOU, 5, "text 5") is None


def test_all_orders_together_have_a_limit_too(clock: _Clock) -> None:
    control = Flood(LIMITS, clock)
    told = [_refused(control, (A, B)[n % 2], ME, n, f"text {n}") for n in range(6)]
    assert told == [None] * 5 + [("messages_per_person", 1)]


def test_the_same_words_over_and_over_are_refused_whatever_their_spaces_and_case(
    clock: _Clock,
) -> None:
    control = Flood(LIMITS, clock)
    assert _refused(control, A, ME, 0, "Hello?") is None
    clock.now = 10.0
    assert _refused(control, A, ME, 1, "hello? ") is None
    assert _refused(control, A, ME, 2, " HELLO?") == ("same_text", 50)
    assert _refused(control, A, ME, 3, "Hello!") is None
    assert _refused(control, B, ME, 4, "Hello?") is None
    clock.now = 60.0
    assert _refused(control, A, ME, 2, " HELLO?") is None


def test_a_repeat_of_a_message_is_not_the_same_text_again(clock: _Clock) -> None:
    control = Flood(LIMITS, clock)
    for _ in range(3):
        assert _refused(control, A, ME, 0, "Hello?") is None
    clock.now = 5.0
    assert _refused(control, A, ME, 1, "Hello?") is None


def test_what_is_remembered_is_bounded(clock: _Clock) -> None:
    control = Flood(
        Limits(messages_per_order_burst=10_000, messages_per_person_burst=10_000), clock
    )
    for number in range(1_000):
        clock.now += 1.0
        assert _refused(control, A, ME, number, f"text {number}") is None
    assert len(control._talks[A, ME].said) <= LIMITS.same_text_window


def test_a_text_that_is_said_again_is_remembered_as_of_then(clock: _Clock) -> None:
    control = Flood(LIMITS, clock)
    for number, at in enumerate((0.0, 50.0)):
        clock.now = at
        assert _refused(control, A, ME, number, "Hello?") is None
    clock.now = 30.0 + 40.0
    assert _refused(control, A, ME, 2, "something else") is None
    assert _refused(control, A, ME, 3, "Hello?") is None
    assert _refused(control, A, ME, 4, "Hello?") == ("same_text", 40)


def test_a_faster_setting_lets_programs_write_faster() -> None:
    fast = at_pace(Limits(), 200.0)
    assert (fast.commands_per_second, fast.messages_per_order, fast.same_text) == (200.0, 100.0, 50)
    slow = at_pace(Limits(), 5.0)
    assert (slow.commands_per_second, slow.messages_per_order) == (5.0, 10.0)


async def test_the_socket_stays_and_the_message_is_taken_later(own_database_url: str) -> None:
    limits = Limits(
        commands_per_second=1000.0,
        messages_per_order=0.1,  # however long it takes to write them
        messages_per_order_burst=3,
        searches_burst=2,
        searches_per_second=0.01,
    )
    async with serving(own_database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            for number in range(3):
                await buyer.say(order.id, f"text {number}")
            send = {"t": "message.send", "id": "late", "order": order.id, "text": "text 4"}
            refused = await buyer.refused(**send)
            assert refused["code"] == "rate_exceeded"
            assert refused["facts"]["limit"] == "messages_per_order"
            assert 1 <= refused["facts"]["retry_after"] <= 10
            for number in range(2):
                await buyer.ask(t="search", id=f"s-{number}", q="text")
            refused = await buyer.refused(t="search", id="s-9", q="text")
            assert refused["facts"]["limit"] == "searches_per_second"
            assert buyer.close_code is None


@asynccontextmanager
async def _two_processes(redis_url: str, clock: _Clock) -> AsyncIterator[tuple[Flood, Flood]]:
    asker = Asker(Nodes(redis_url))
    running = asyncio.create_task(asker.run())
    prefix = f"t-{secrets.token_hex(6)}"
    try:
        one, two = (Rates(WIDE, asker, prefix) for _ in range(2))
        yield Flood(WIDE, clock, one.add, one.told), Flood(WIDE, clock, two.add, two.told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


WIDE = Limits(
    messages_per_order=0.1,  # Redis has a clock of its own: however long a test takes there
    messages_per_order_burst=80,
    messages_per_person=0.1,
    messages_per_person_burst=160,
)


def _written(control: Flood, most: int, name: str) -> int:
    for n in range(most):
        if _refused(control, A, ME, n, f"{name} {n}") is not None:
            return n
    return most


async def test_what_somebody_writes_elsewhere_counts_here_after_a_slice(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, two):
        assert _written(one, 70, "one") == 70
        await one.share()
        assert _written(two, 10, "two") == 10, "a slice, before it has looked"
        await two.share()
        assert _written(two, 100, "more") <= 10, "what is left of one burst, and a moment"
        assert _written(one, 100, "again") == 10, "which has not looked since"
        await one.share()
        clock.now += 50
        assert _refused(one, A, ME, 1, "late") is not None, "what was too much is owed"


async def test_a_process_that_cannot_share_counts_alone_and_tells_later(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, _):
        away = Asker(Nodes("redis://127.0.0.1:1/0"))
        trying = asyncio.create_task(away.run())
        alone = Flood(WIDE, clock, Rates(WIDE, away, "t").add)
        assert _written(alone, 100, "alone") == 80
        await alone.share()
        clock.now += 10
        assert _refused(alone, A, ME, 1, "one in ten seconds") is None
        alone._add = one._add
        await alone.share()
        assert _written(one, 10, "one") == 10
        await one.share()
        assert _refused(one, A, ME, 1, "told") is not None
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)


async def test_who_kept_to_the_limit_while_nobody_could_be_told_owes_no_more_than_a_burst_after_it(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, _):
        away = Asker(Nodes("redis://127.0.0.1:1/0"))
        trying = asyncio.create_task(away.run())
        alone = Flood(WIDE, clock, Rates(WIDE, away, "t").add)
        assert _written(alone, 100, "alone") == 80
        for n in range(100):
            clock.now += 10
            assert _refused(alone, A, ME, n, f"one in ten seconds {n}") is None
            await alone.share()
        alone._add = one._add
        await alone.share()
        clock.now += 10.1
        assert _refused(alone, A, ME, 1, "and another") is None
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)


async def test_the_same_text_is_counted_over_all_processes_once_it_is_said_again(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, two):
        for n in range(3):
            assert _refused(one, A, ME, n, "Hello?") is None
        await one.share()
        assert _refused(two, A, ME, 10, "Hello?") is None, "once, before it is looked up"
        await two.share()
        assert _refused(two, A, ME, 2, "hello?  ") is None, "a repeat under the same id is no other"
        assert _refused(two, A, ME, 11, "hello?  ") is None
        await two.share()
        assert _refused(two, A, ME, 12, "Hello?") is not None
        await one.share()
        assert _refused(one, A, ME, 13, "Hello?") is None, "it has not looked since"
        await one.share()
        with pytest.raises(RateExceeded) as refusal:
            one.admit(A, ME, "m-14", "Hello?")
        assert refusal.value.facts["limit"] == "same_text"
        assert 0 < int(refusal.value.facts["retry_after"] or 0) <= WIDE.same_text_window
        assert _refused(two, A, ME, 15, "Something else") is None
        assert _refused(two, B, ME, 16, "Hello?") is None
        assert _refused(two, A, YOU, 17, "Hello?") is None
        clock.now += WIDE.same_text_window + 1
        assert _refused(one, A, ME, 18, "Hello?") is None


async def test_what_was_said_again_while_nobody_could_be_told_is_told_later(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, two):
        told, one._told = one._told, Rates(WIDE, None).told
        for n in range(5):
            assert _refused(one, A, ME, n, "Hello?") is None
        assert _refused(one, A, ME, 5, "Hello?") is not None, "each counts for itself meanwhile"
        await one.share()
        one._told = told
        await one.share()
        for n in (10, 11):
            assert _refused(two, A, ME, n, "Hello?") is None
        await two.share()
        assert _refused(two, A, ME, 12, "Hello?") is not None


async def test_what_is_out_of_the_window_when_others_can_be_told_again_is_in_nobodys_way(
    redis_url: str, clock: _Clock
) -> None:
    async with _two_processes(redis_url, clock) as (one, _):
        told, one._told = one._told, Rates(WIDE, None).told
        for n in range(2):
            assert _refused(one, A, ME, n, "ok") is None
        await one.share()
        clock.now += WIDE.same_text_window + 1
        assert _refused(one, A, ME, 2, "Something else") is None
        one._told = told
        await one.share()
        for n in range(3, 9):
            clock.now += WIDE.same_text_window + 1
            assert _refused(one, A, ME, n, f"and more {n}") is None


async def test_two_gateways_hold_one_person_to_one_limit(postgres_url: str, redis_url: str) -> None:
    environment = {
        "ORDER_ROOM_REDIS_URL": redis_url,
        "ORDER_ROOM_REDIS_PREFIX": f"t-{secrets.token_hex(6)}",
    }
    limits = Limits(messages_per_order=0.01, messages_per_order_burst=40, drain=0.05)
    async with (
        serving(postgres_url, limits=limits, environment=environment) as here,
        serving(postgres_url, limits=limits, environment=environment) as there,
        here.browser((order := await here.order()).buyer) as desk,
        there.browser(order.buyer) as phone,
    ):
        await desk.subscribe(order.id)
        await phone.subscribe(order.id)
        for n in range(40):
            await desk.say(order.id, f"desk {n}")
        for n in range(5):  # a slice
            await phone.say(order.id, f"phone {n}")
        async with asyncio.timeout(60):
            while (await phone.ask(**_message(order.id)))["t"] != "refused":
                await asyncio.sleep(flood.SHARE_EVERY)
        assert len(phone.texts(order.id)) < 60


def _message(order: str) -> dict[str, object]:
    return {"t": "message.send", "order": order, "text": secrets.token_hex(8)}
