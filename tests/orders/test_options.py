"""An added option counts once it is paid, and its money and its days are never lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from orders import ledger, settlement, views
from orders.agreements import answer, propose
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Database
from orders.errors import (
    AmountWrong,
    IdReused,
    NotYours,
    ProposalOpen,
    ProposalOver,
    TextEmpty,
    TextTooLong,
    TimeWrong,
    WrongState,
)
from orders.events import OptionAdded, PersonId, Role, State, Timer
from orders.ledger import Ledger
from orders.mediation import freeze
from orders.money import Account, MovementKind
from orders.options import propose_option
from orders.policy import DAY, Policy
from orders.proposals import Outcome, ProposalKind
from orders.settlement import Unconfirmed
from orders.situation import Situation
from orders.workflow import Verb
from tests.orders.world import Room, Watch, entries_of, kinds_of, open_room, opened, verified

WORK = Policy(brief_window=2 * DAY, delivery=4 * DAY, order_life=40 * DAY)
SUBTITLES = "Sous-titres"


class Deal:
    """An order in which an option is talked about."""

    def __init__(self, database: Database, room: Room, watch: Watch) -> None:
        self.database, self.room, self.watch = database, room, watch
        self.order, self.buyer, self.seller = room.order, room.buyer, room.seller

    async def propose(
        self, by: PersonId | None = None, cents: int = 2000, days: int = 3, key: str = "o1"
    ) -> int:
        place = await propose_option(
            self.database, self.order, by or self.seller, SUBTITLES, cents, days, key, "En deux."
        )
        return place.seq

    async def agreed(self, days: int = 3, key: str = "o1") -> str:
        """Propose and accept; return the charge's name."""
        option = await self.propose(days=days, key=key)
        await self.say(self.buyer, option, Outcome.ACCEPTED)
        return f"hold:{option}"

    async def bought(self, days: int = 3) -> None:
        await self.confirm(await self.agreed(days))

    async def say(self, by: PersonId, option: int, outcome: Outcome) -> None:
        await answer(self.database, self.order, by, option, outcome, f"{outcome}-{option}-{by}")

    async def confirm(self, movement: str) -> None:
        await settlement.confirm(self.database, self.order, movement, f"psp-{movement}")

    async def refuse(self, movement: str, why: str = "card refused") -> None:
        await settlement.refuse(self.database, self.order, movement, why)

    async def step(self, by: PersonId, verb: Verb, note: str = "parce que") -> None:
        await take_step(self.database, self.order, by, verb, f"{verb}-{by}", note)

    async def waiting(self) -> list[Unconfirmed]:
        async with self.database.reading() as conn:
            return [m for m in await settlement.unconfirmed(conn) if m.order == self.order]

    async def seen(self, person: PersonId | None = None) -> Situation:
        async with self.database.reading() as conn:
            return await views.situation(conn, self.order, person or self.buyer, self.watch.now)

    async def ledger(self) -> Ledger:
        async with self.database.reading() as conn:
            return await ledger.read(conn, self.order)

    async def kinds(self, after: int = 0) -> list[str]:
        return await kinds_of(self.database, self.order, after)


@pytest.fixture
async def deal(own_database_url: str) -> AsyncIterator[Deal]:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        yield Deal(database, await open_room(database, WORK), watch)


async def test_an_option_is_charged_when_both_want_it_and_counts_when_it_is_paid(
    deal: Deal,
) -> None:
    charge = await deal.agreed()
    assert (await deal.kinds())[3:] == ["OptionProposed", "ProposalAccepted", "OptionOrdered"]
    (waiting,) = await deal.waiting()
    assert (waiting.movement, waiting.kind, waiting.cents) == (charge, MovementKind.HOLD, 2000)
    assert (waiting.source, waiting.target) == (Account.PAYMENT, Account.ESCROW)
    assert waiting.option == SUBTITLES, "the shop can say what it charges for"
    now = await deal.seen()
    assert (now.held_cents, now.price_cents) == (5000, 5000), "nothing is there yet"
    (option,) = now.proposals
    assert (option.outcome, option.title, option.amount) == (Outcome.ACCEPTED, SUBTITLES, 2000)
    assert ProposalKind.OPTION in now.may_propose, "one that is being paid is not in the way"
    await deal.confirm(charge)
    now = await deal.seen()
    assert (now.held_cents, now.price_cents, now.proposals) == (7000, 7000, ())
    assert (await deal.waiting()) == []
    assert (await deal.kinds())[6:] == ["MoneyConfirmed", "MoneyHeld", "OptionAdded"]
    money = await deal.ledger()
    assert money.balances[Account.ESCROW] == 7000
    assert {p.seq for p in money.postings if p.movement == charge} == {8}, "the entry of its money"
    assert await verified(deal.database, deal.order) == 9


@pytest.mark.parametrize("proposer", [Role.BUYER, Role.SELLER])
async def test_either_proposes_and_the_other_answers(deal: Deal, proposer: Role) -> None:
    mine = deal.room.person(proposer)
    other = deal.seller if proposer is Role.BUYER else deal.buyer
    option = await deal.propose(mine)
    with pytest.raises(NotYours):
        await deal.say(mine, option, Outcome.ACCEPTED)
    with pytest.raises(ProposalOpen):
        await deal.propose(other, key="o2")
    await deal.say(other, option, Outcome.DECLINED)
    assert await deal.waiting() == []
    assert (await deal.seen()).proposals == ()


async def test_confirming_often_and_at_once_pays_once(deal: Deal) -> None:
    charge = await deal.agreed()
    await asyncio.gather(*(deal.confirm(charge) for _ in range(4)))
    with pytest.raises(IdReused):
        await settlement.confirm(deal.database, deal.order, charge, "another")
    assert (await deal.ledger()).balances[Account.ESCROW] == 7000
    assert (await deal.kinds()).count("OptionAdded") == 1


async def test_days_bought_before_the_start_are_added_to_the_delivery_date(deal: Deal) -> None:
    await deal.bought(days=3)
    await deal.step(deal.seller, Verb.START)
    (delivery,) = (await deal.seen()).deadlines
    assert delivery.due == deal.watch.now + timedelta(days=7)


async def test_days_move_a_running_delivery_date_and_not_beyond_the_orders_life(
    deal: Deal,
) -> None:
    await deal.step(deal.seller, Verb.START)
    charge = await deal.agreed()
    assert (await deal.seen()).deadlines[0].due == deal.watch.now + timedelta(days=4)
    await deal.confirm(charge)
    assert (await deal.seen()).deadlines[0].due == deal.watch.now + timedelta(days=7)
    assert (await deal.kinds())[-2:] == ["OptionAdded", "DeadlineMoved"]
    with pytest.raises(TimeWrong) as refusal:
        await deal.propose(days=34, key="o2")
    assert refusal.value.facts["most"] == 33 * DAY


async def test_a_late_order_with_new_days_is_in_progress_again(deal: Deal) -> None:
    await deal.step(deal.seller, Verb.START)
    deal.watch.forward(days=5)
    await Sweeper(deal.database).sweep()
    assert (await deal.seen()).state is State.LATE
    await deal.bought()
    now = await deal.seen()
    assert now.state is State.IN_PROGRESS
    assert now.deadlines[0].due == deal.watch.now + timedelta(days=3)


async def test_days_bought_while_a_late_request_waits_count_once_it_is_refused(
    deal: Deal,
) -> None:
    await deal.step(deal.seller, Verb.START)
    deal.watch.forward(days=3, hours=20)
    await deal.step(deal.buyer, Verb.REQUEST_CANCEL)
    deal.watch.forward(hours=6)
    await Sweeper(deal.database).sweep()
    await deal.bought()
    await deal.step(deal.buyer, Verb.WITHDRAW_CANCEL)
    now = await deal.seen()
    assert now.state is State.IN_PROGRESS
    assert Timer.DELIVERY in {deadline.timer for deadline in now.deadlines}


async def test_days_bought_with_a_delivery_on_the_table_count_for_the_changes(
    deal: Deal,
) -> None:
    await deal.step(deal.seller, Verb.START)
    await deal.step(deal.seller, Verb.DELIVER)
    await deal.bought()
    await deal.step(deal.buyer, Verb.REQUEST_REVISION)
    await deal.step(deal.seller, Verb.ACCEPT_REVISION)
    (delivery,) = (await deal.seen()).deadlines
    assert delivery.due == deal.watch.now + timedelta(days=7)


async def test_an_option_without_days_moves_nothing(deal: Deal) -> None:
    await deal.step(deal.seller, Verb.START)
    before = (await deal.seen()).deadlines[0].due
    await deal.bought(days=0)
    assert (await deal.seen()).deadlines[0].due == before


async def test_a_refused_charge_stays_visible_and_may_succeed_later(deal: Deal) -> None:
    charge = await deal.agreed()
    await deal.refuse(charge)
    await deal.refuse(charge)
    assert (await deal.kinds())[6:] == ["MoneyRefused", "OptionUnpaid"]
    (waiting,) = await deal.waiting()
    assert waiting.reason == "card refused"
    assert [p.outcome for p in (await deal.seen()).proposals] == [Outcome.UNPAID]
    await deal.refuse(charge, "still refused")
    assert (await deal.kinds())[8:] == ["MoneyRefused"]
    await deal.confirm(charge)
    assert (await deal.seen()).held_cents == 7000


@pytest.mark.parametrize("refused", [False, True])
async def test_the_buyer_takes_an_unpaid_option_back_and_nobody_else_does(
    deal: Deal, *, refused: bool
) -> None:
    charge = await deal.agreed()
    option = int(charge.partition(":")[2])
    if refused:
        await deal.refuse(charge)
    with pytest.raises(NotYours):
        await deal.say(deal.seller, option, Outcome.WITHDRAWN)
    with pytest.raises(ProposalOver):
        await deal.say(deal.seller, option, Outcome.DECLINED)
    await deal.say(deal.buyer, option, Outcome.WITHDRAWN)
    assert await deal.waiting() == []
    assert (await deal.seen()).proposals == ()
    await deal.refuse(charge)
    assert (await deal.kinds())[-1] == "ProposalWithdrawn", "nobody waits for a refusal any more"


async def test_a_paid_option_cannot_be_taken_back(deal: Deal) -> None:
    charge = await deal.agreed()
    await deal.confirm(charge)
    with pytest.raises(ProposalOver):
        await deal.say(deal.buyer, int(charge.partition(":")[2]), Outcome.WITHDRAWN)


@pytest.mark.parametrize("end", ["cancelled", "frozen", "withdrawn"])
async def test_money_that_comes_for_what_nobody_wants_any_more_goes_back_at_once(
    deal: Deal, end: str
) -> None:
    charge = await deal.agreed()
    held = 5000
    if end == "cancelled":
        await deal.step(deal.buyer, Verb.CANCEL)
        held = 0
    elif end == "frozen":
        await freeze(deal.database, deal.order, "f")
    else:
        await deal.say(deal.buyer, int(charge.partition(":")[2]), Outcome.WITHDRAWN)
    assert charge not in {m.movement for m in await deal.waiting()}, "it was called off"
    await deal.confirm(charge)
    await deal.confirm(charge)
    assert (await deal.kinds())[-3:] == ["MoneyConfirmed", "MoneyHeld", "MoneyRefunded"]
    back = charge.replace("hold", "refund")
    assert back in {m.movement for m in await deal.waiting()}
    balances = (await deal.ledger()).balances
    assert balances[Account.ESCROW] == held
    assert sum(balances.values()) == 0
    assert (await deal.seen()).held_cents == held
    assert not [e for e in await entries_of(deal.database, deal.order)
                if isinstance(e.event, OptionAdded)]  # fmt: skip


async def test_an_option_nobody_answered_lapses_with_the_order(deal: Deal) -> None:
    await deal.propose()
    await deal.step(deal.buyer, Verb.CANCEL)
    assert "ProposalLapsed" in await deal.kinds()
    assert (await deal.seen()).proposals == ()


async def test_all_of_it_is_refunded_divided_or_paid_out(deal: Deal) -> None:
    await deal.bought()
    part = await propose(
        deal.database, deal.order, deal.buyer, ProposalKind.REFUND, 6000, "r", "trop"
    )
    await deal.say(deal.seller, part.seq, Outcome.ACCEPTED)
    assert (await deal.seen()).held_cents == 1000
    await deal.step(deal.seller, Verb.START)
    await deal.step(deal.seller, Verb.DELIVER)
    await deal.step(deal.buyer, Verb.CLOSE)
    balances = (await deal.ledger()).balances
    assert balances == {
        Account.PAYMENT: -1000,
        Account.ESCROW: 0,
        Account.SELLER: 1000,
        Account.PLATFORM: 0,
    }


@pytest.mark.parametrize(
    ("verb", "account"), [(Verb.CANCEL, Account.PAYMENT), (None, Account.PLATFORM)]
)
async def test_cancelling_gives_all_back_and_expiry_takes_all(
    deal: Deal, verb: Verb | None, account: Account
) -> None:
    await deal.bought()
    if verb is not None:
        await deal.step(deal.buyer, verb)
    else:
        await deal.step(deal.seller, Verb.START)
        for _ in range(45):
            deal.watch.forward(days=1)
            await Sweeper(deal.database).sweep()
        assert (await deal.seen()).state is State.EXPIRED
    balances = (await deal.ledger()).balances
    assert balances[Account.ESCROW] == 0
    assert balances[account] == (0 if account is Account.PAYMENT else 7000)


async def test_what_makes_no_sense_is_refused(deal: Deal) -> None:
    for cents in (0, -5, 10**9):
        with pytest.raises(AmountWrong):
            await deal.propose(cents=cents, key=f"c{cents}")
    for days in (-1, 61):
        with pytest.raises(TimeWrong):
            await deal.propose(days=days, key=f"d{days}")
    for title, refusal in ((" \n ", TextEmpty), ("x" * 121, TextTooLong)):
        with pytest.raises(refusal):
            await propose_option(deal.database, deal.order, deal.seller, title, 1, 0, "t")
    await deal.step(deal.buyer, Verb.CANCEL)
    with pytest.raises(WrongState):
        await deal.propose()


async def test_said_twice_it_is_proposed_once(deal: Deal) -> None:
    assert await deal.propose() == await deal.propose()
    with pytest.raises(IdReused):
        await deal.propose(cents=2001)
