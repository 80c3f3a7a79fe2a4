"""One function per verb: repeat-safe, judged anew when refused, and half done never."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from orders import inbox, views
from orders.commands import NewOrder, Person, create_order, take_step
from orders.database import Database
from orders.errors import (
    IdReused,
    Malformed,
    NotYours,
    OrderUnknown,
    Refused,
    TextTooLong,
    WrongState,
)
from orders.events import OrderId, PersonId, Role, State, Timer
from orders.money import Account, balances
from orders.policy import DAY, Policy
from orders.tables import orders, persons, postings, requests
from orders.watermarks import mark
from orders.workflow import Verb
from tests.orders.world import (
    Room,
    Watch,
    entries_of,
    kinds_of,
    new_order,
    open_post_box,
    open_room,
    opened,
    verified,
)


async def _count(database: Database, new: NewOrder) -> int:
    async with database.reading() as conn:
        found = await conn.scalar(
            select(func.count()).select_from(orders).where(orders.c.reference == new.reference)
        )
    return found or 0


async def _ledger(database: Database, order: OrderId) -> dict[Account, int]:
    async with database.reading() as conn:
        rows = await conn.execute(
            select(postings.c.account, postings.c.cents).where(postings.c.order_id == order)
        )
        return balances((Account(row.account), row.cents) for row in rows)


# ------------------------------------------------------------------------- a paid order


async def test_a_paid_order_tells_its_payment_its_escrow_and_its_deadline(
    database: Database,
) -> None:
    room = await open_room(database)
    assert await kinds_of(database, room.order) == ["OrderPaid", "MoneyHeld", "DeadlineSet"]
    assert await _ledger(database, room.order) == {
        Account.PAYMENT: -5000,
        Account.ESCROW: 5000,
        Account.SELLER: 0,
        Account.PLATFORM: 0,
    }
    assert await verified(database, room.order) == 3


async def test_the_same_key_again_gets_the_same_order(database: Database) -> None:
    new = new_order()
    first = await create_order(database, "shop", "key-1" + new.reference, new)
    again = await create_order(database, "shop", "key-1" + new.reference, new)
    assert (first.repeated, again.repeated) == (False, True)
    assert first.order == again.order
    assert await _count(database, new) == 1


async def test_the_same_key_for_another_order_is_refused(database: Database) -> None:
    new = new_order()
    await create_order(database, "shop", new.reference, new)
    dearer = msgspec.structs.replace(new, price_cents=5001)
    with pytest.raises(IdReused) as refusal:
        await create_order(database, "shop", new.reference, dearer)
    assert refusal.value.facts == {"id": new.reference}


async def test_the_same_reference_under_another_key_is_refused_and_leaves_the_key_free(
    database: Database,
) -> None:
    new = new_order()
    await create_order(database, "shop", new.reference, new)
    key = "other" + new.reference
    with pytest.raises(IdReused):
        await create_order(database, "shop", key, new)
    another = await create_order(database, "shop", key, new_order())
    assert not another.repeated


async def test_keys_of_different_callers_do_not_meet(database: Database) -> None:
    one, two = new_order(), new_order()
    await create_order(database, "shop", one.reference, one)
    assert not (await create_order(database, "branch", one.reference, two)).repeated


async def test_of_racing_requests_with_one_key_one_creates_and_the_others_get_its_answer(
    database: Database,
) -> None:
    new = new_order()
    made = await asyncio.gather(
        *(create_order(database, "shop", new.reference, new) for _ in range(8))
    )
    assert len({created.order for created in made}) == 1
    assert [created.repeated for created in made].count(False) == 1
    assert await _count(database, new) == 1
    assert await verified(database, made[0].order) == 3


async def test_of_racing_requests_with_one_reference_one_creates_and_the_others_are_refused(
    database: Database,
) -> None:
    new = new_order()
    made = await asyncio.gather(
        *(create_order(database, "shop", f"{n}-{new.reference}", new) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, IdReused) for answer in made) == 7
    assert await _count(database, new) == 1
    async with database.reading() as conn:
        kept = await conn.scalar(
            select(func.count()).select_from(requests).where(requests.c.key.endswith(new.reference))
        )
    assert kept == 1


async def test_orders_in_which_the_same_two_people_change_places_are_created_at_once(
    database: Database,
) -> None:
    """Each writes both persons; in opposite orders they would wait for each other for ever."""
    mark = new_order().reference
    people = [Person(f"{name}-{mark}", name, f"{name}@post.test") for name in ("ines", "tom")]
    many = [
        new_order(buyer=people[n % 2], seller=people[1 - n % 2], reference=f"{mark}-{n}")
        for n in range(40)
    ]
    await asyncio.gather(*(create_order(database, "shop", new.reference, new) for new in many))
    assert [await _count(database, new) for new in many] == [1] * 40


async def test_nobody_buys_from_themselves(database: Database) -> None:
    new = new_order()
    with pytest.raises(Malformed):
        await create_order(
            database, "shop", new.reference, msgspec.structs.replace(new, seller=new.buyer)
        )
    assert await _count(database, new) == 0


async def test_the_newest_name_and_address_of_a_person_are_kept(database: Database) -> None:
    first = new_order()
    await create_order(database, "shop", first.reference, first)
    moved = Person(first.buyer.person, "Inès B.", "new@post.test", "en")
    second = new_order(buyer=moved)
    await create_order(database, "shop", second.reference, second)
    async with database.reading() as conn:
        row = (await conn.execute(select(persons).where(persons.c.id == moved.person))).one()
    assert (row.name, row.email, row.language) == ("Inès B.", "new@post.test", "en")


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        (Policy(country="ZZ"), "policy.country"),
        (Policy(time_zone="Mars/Olympus"), "policy.time_zone"),
        (Policy(time_zone="Europe"), "policy.time_zone"),
        (Policy(time_zone="../../etc/passwd"), "policy.time_zone"),
        (Policy(time_zone=""), "policy.time_zone"),
    ],
)
async def test_settings_by_which_nobody_could_count_working_days_are_refused(
    database: Database, policy: Policy, where: str
) -> None:
    new = new_order(policy)
    with pytest.raises(Malformed) as refusal:
        await create_order(database, "shop", new.reference, new)
    assert refusal.value.facts == {"where": where}
    assert await _count(database, new) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"price_cents": 0},
        {"price_cents": 1.5},
        {"currency": "eur"},
        {"means": "cash"},
        {"title": ""},
        {"title": "x" * 201},
        {"reference": "with space"},
        {"paid_at": "2026-11-23T10:00:00"},
        {"buyer": {"person": "b", "name": "B", "email": "no address"}},
        {"buyer": {"person": "b", "name": "B", "email": "b@post.test", "language": "de"}},
        {"policy": {"brief_window": 0}},
        {"colour": "red"},
    ],
)
def test_an_order_that_makes_no_sense_is_not_understood(change: dict[str, object]) -> None:
    plain = msgspec.to_builtins(new_order())
    msgspec.convert(plain, NewOrder)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**plain, **change}), type=NewOrder)


async def test_the_window_runs_from_the_payment_and_never_from_the_future(
    database_url: str,
) -> None:
    watch = Watch()
    async with opened(database_url, watch) as database:
        for paid, start in (
            (watch.now - timedelta(hours=3), watch.now - timedelta(hours=3)),
            (watch.now + timedelta(hours=3), watch.now),
            (None, watch.now),
        ):
            room = await open_room(database, paid_at=paid)
            async with database.reading() as conn:
                shown = await views.situation(conn, room.order, room.buyer, watch.now)
            (deadline,) = shown.deadlines
            assert deadline.start == start
            assert deadline.due == start + timedelta(hours=48)


# -------------------------------------------------------------------------------- steps


async def test_a_step_said_twice_happens_once_and_gets_the_first_answer(
    database: Database,
) -> None:
    room = await open_room(database)
    first = await take_step(database, room.order, room.seller, Verb.START, "s1")
    told = await entries_of(database, room.order)
    assert await take_step(database, room.order, room.seller, Verb.START, "s1") == first
    assert await entries_of(database, room.order) == told
    assert told[first.seq - 1].client_id == "s1"


async def test_a_step_said_many_times_at_once_happens_once(database: Database) -> None:
    room = await open_room(database)
    answers = await asyncio.gather(
        *(take_step(database, room.order, room.buyer, Verb.CANCEL, "c1") for _ in range(8))
    )
    assert len(set(map(str, answers))) == 1
    assert (await kinds_of(database, room.order)).count("MoneyRefunded") == 1
    assert (await _ledger(database, room.order))[Account.PAYMENT] == 0


@pytest.mark.parametrize(
    ("verb", "note"), [(Verb.CANCEL, ""), (Verb.HAND_OVER, "another note"), (Verb.HAND_OVER, "a ")]
)
async def test_an_id_used_for_something_else_is_refused(
    database: Database, verb: Verb, note: str
) -> None:
    room = await open_room(database)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "h1", "a")
    told = await entries_of(database, room.order)
    with pytest.raises(IdReused):
        await take_step(database, room.order, room.buyer, verb, "h1", note)
    assert await entries_of(database, room.order) == told


async def test_both_parties_may_use_the_same_id(database: Database) -> None:
    room = await open_room(database)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "1")
    await take_step(database, room.order, room.seller, Verb.START, "1")
    assert "OrderStarted" in await kinds_of(database, room.order)


async def test_a_refusal_is_not_remembered(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(WrongState):
        await take_step(database, room.order, room.seller, Verb.DELIVER, "d1")
    await take_step(database, room.order, room.seller, Verb.START, "s1")
    await take_step(database, room.order, room.seller, Verb.DELIVER, "d1")
    assert "OrderDelivered" in await kinds_of(database, room.order)


@pytest.mark.parametrize(
    ("who", "verb", "refusal"),
    [
        ("buyer", Verb.START, NotYours),
        ("seller", Verb.CANCEL, NotYours),
        ("seller", Verb.EXPIRE, NotYours),
        ("buyer", Verb.CLOSE, WrongState),
        ("stranger", Verb.START, OrderUnknown),
        ("clock", Verb.EXPIRE, OrderUnknown),
    ],
)
async def test_a_step_of_somebody_else_or_of_another_moment_changes_nothing(
    database: Database, who: str, verb: Verb, refusal: type[Refused]
) -> None:
    room = await open_room(database)
    person = {"buyer": room.buyer, "seller": room.seller}.get(who, PersonId(who))
    with pytest.raises(refusal):
        await take_step(database, room.order, person, verb, "x1")
    assert await verified(database, room.order) == 3


async def test_somebody_elses_order_and_no_order_look_alike(database: Database) -> None:
    mine, theirs = await open_room(database), await open_room(database)
    for order in (theirs.order, OrderId("o_unknown")):
        with pytest.raises(OrderUnknown) as refusal:
            await take_step(database, order, mine.buyer, Verb.CANCEL, "c1")
        assert refusal.value.facts == {"order": order}


async def test_a_note_that_is_too_long_is_refused_with_the_limit(database: Database) -> None:
    room = await open_room(database, Policy(note_max=10))
    with pytest.raises(TextTooLong) as refusal:
        await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1", "x" * 11)
    assert refusal.value.facts == {"limit": 10, "length": 11}
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1", "x" * 10)


@pytest.mark.parametrize(
    ("steps", "ledger", "state"),
    [
        (
            [(Role.BUYER, Verb.CANCEL)],
            {Account.PAYMENT: 0, Account.ESCROW: 0, Account.SELLER: 0},
            State.CANCELLED,
        ),
        (
            [(Role.SELLER, Verb.DECLINE)],
            {Account.PAYMENT: 0, Account.ESCROW: 0, Account.SELLER: 0},
            State.CANCELLED,
        ),
        (
            [(Role.SELLER, Verb.START), (Role.SELLER, Verb.DELIVER), (Role.BUYER, Verb.CLOSE)],
            {Account.PAYMENT: -5000, Account.ESCROW: 0, Account.SELLER: 5000},
            State.CLOSED,
        ),
    ],
)
async def test_the_ledger_balances_wherever_an_order_ends(
    database: Database,
    steps: list[tuple[Role, Verb]],
    ledger: dict[Account, int],
    state: State,
) -> None:
    room = await open_room(database)
    for n, (role, verb) in enumerate(steps):
        await take_step(database, room.order, room.person(role), verb, f"step-{n}")
    assert await _ledger(database, room.order) == {Account.PLATFORM: 0, **ledger}
    async with database.reading() as conn:
        shown = await views.situation(conn, room.order, room.buyer, datetime.now(UTC))
    assert shown.state is state
    assert shown.held_cents == 0
    assert [deadline.timer for deadline in shown.deadlines] == [Timer.CHAT_TAIL]


async def test_of_two_steps_that_exclude_each_other_one_happens(database: Database) -> None:
    for _ in range(5):
        room = await open_room(database)
        answers = await asyncio.gather(
            take_step(database, room.order, room.buyer, Verb.CANCEL, "c1"),
            take_step(database, room.order, room.seller, Verb.START, "s1"),
            take_step(database, room.order, room.seller, Verb.DECLINE, "d1"),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, WrongState) for answer in answers) == 2
        told = await kinds_of(database, room.order)
        assert ("OrderStarted" in told) != ("OrderCancelled" in told)


async def test_a_command_cut_short_at_any_moment_is_done_or_not_done(database: Database) -> None:
    """A browser that goes away cancels the task of its command, wherever that stands."""
    moments = random.Random(2)
    for _ in range(25):
        room = await open_room(database)
        step = asyncio.create_task(take_step(database, room.order, room.buyer, Verb.CANCEL, "c1"))
        await asyncio.wait([step], timeout=moments.uniform(0, 0.012))
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        told = await kinds_of(database, room.order)
        assert told.count("OrderCancelled") == told.count("MoneyRefunded") in {0, 1}
        await take_step(database, room.order, room.buyer, Verb.CANCEL, "c1")
        assert await verified(database, room.order) == 7


# --------------------------------------------------------------------------- read marks


@pytest.fixture
async def room(database: Database) -> Room:
    """An order with a message of the seller at seq 4 and one of the buyer at seq 5."""
    opened_room = await open_room(database)
    async with open_post_box(database) as box:
        await box.post(opened_room.order, opened_room.seller, "m1", "Hello")
        await box.post(opened_room.order, opened_room.buyer, "m2", "Bonjour")
    return opened_room


async def test_the_inbox_counts_what_the_other_wrote_and_was_not_read(
    database: Database, room: Room
) -> None:
    async def unread(person: PersonId) -> int:
        async with database.reading() as conn:
            (line,) = await inbox.inbox(conn, person)
        return line.unread

    assert await unread(room.buyer) == 1
    await mark(database, room.order, room.buyer, read=4)
    assert await unread(room.buyer) == 0
    assert await unread(room.seller) == 1


async def test_the_inbox_begins_with_what_is_most_urgent(database: Database) -> None:
    person = new_order().buyer
    relaxed = await open_room(database, Policy(brief_window=2 * DAY), buyer=person)
    urgent = await open_room(database, Policy(brief_window=600), buyer=person)
    async with database.reading() as conn:
        lines = await inbox.inbox(conn, PersonId(person.person))
        only = await inbox.inbox(conn, PersonId(person.person), relaxed.order)
    assert [line.order for line in lines] == [urgent.order, relaxed.order]
    assert [line.order for line in only] == [relaxed.order]


async def test_a_stranger_sees_neither_situation_nor_inbox_line(
    database: Database, room: Room
) -> None:
    async with database.reading() as conn:
        assert await inbox.inbox(conn, PersonId("stranger"), room.order) == []
        with pytest.raises(OrderUnknown):
            await views.role_of(conn, room.order, PersonId("stranger"))
        with pytest.raises(OrderUnknown):
            await views.situation(conn, room.order, PersonId("stranger"), datetime.now(UTC))


async def test_heads_are_told_for_many_orders_at_once(database: Database, room: Room) -> None:
    other = await open_room(database)
    async with database.reading() as conn:
        told = await inbox.heads(conn, [room.order, other.order, OrderId("o_unknown")])
    assert told == {room.order: 5, other.order: 3}
