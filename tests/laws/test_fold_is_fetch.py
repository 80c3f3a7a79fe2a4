"""Laws 4, 5 and 10 over the whole process, on random lives of an order.

Law 5: an old snapshot with the entries since then folded in equals a fresh snapshot.
Law 4: any command repeated changes nothing and gets the first answer again; other content under
the same id is refused.
Law 10: decisions depend on the clock handed in and on no other, and time never goes back on a
timeline although the clock does.

One database serves a whole test; each example lives through an order of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, insert

from orders import agreements, briefing, ledger, messages, reacting, settlement, views
from orders.brief import Asked, Move
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Database
from orders.errors import IdReused, Refused, WrongState
from orders.events import DeadlineFired, PersonId, Reaction, Role, State
from orders.fold import View, fold
from orders.locking import LockedOrder, peek
from orders.money import Account, Means
from orders.options import propose_option
from orders.policy import DAY, HOUR
from orders.posting import PostBox
from orders.proposals import Outcome, ProposalKind
from orders.questions import Payment, pay_question
from orders.redaction import redact
from orders.situation import Situation
from orders.tables import participants, timers
from orders.timeline import Head, Position
from orders.watermarks import mark
from orders.workflow import ENDED, UNPAID, Verb
from tests.laws.lives import BEGINNINGS, LIST, ROLES, SECONDS, SHORT, SHORTENS, WORDS, Said, World
from tests.orders.world import MONDAY, Room, Watch, entries_of, open_question, open_room, verified


class Life(RuleBasedStateMachine):
    """The life of one order, as random as the rules allow, and a little more."""

    world: World
    said = Bundle("said")

    @initialize(target=said, beginning=st.sampled_from(BEGINNINGS), asked=st.booleans())
    def begin(self, beginning: list[tuple[Role, Verb]], *, asked: bool) -> object:
        self.world.watch.now = MONDAY
        self.room: Room = self.world.do(
            open_question(self.world.database)
            if asked
            else open_room(self.world.database, SHORT, brief=LIST)
        )
        self.people = {
            Role.BUYER: self.room.buyer,
            Role.SELLER: self.room.seller,
            Role.MEDIATOR: PersonId(f"mediator-{self.room.order}"),
        }
        self.world.do(self._join(Role.MEDIATOR))
        self.commands = 0
        self.erased: set[int] = set()
        self.view = View(self.room.order)
        self.old: list[View] = [self.view]
        self.known: dict[tuple[Head, int], LockedOrder] = {}
        if asked and beginning:
            self.pay()
        taken = [self._say(self.people[role], verb, "oui", 0) for role, verb in beginning]
        assert all(isinstance(one, Said) for one in taken)
        return multiple(*taken)

    async def _join(self, role: Role) -> None:
        async with self.world.database.transaction() as tx:
            await tx.conn.execute(
                insert(participants).values(
                    order_id=self.room.order,
                    person_id=self.people[role],
                    role=role,
                    read_seq=0,
                )
            )

    # ---------------------------------------------------------------------- what happens

    @rule(target=said, role=ROLES, words=WORDS)
    def write(self, role: Role, words: str) -> object:
        return self._say(self.people[role], None, words, 0)

    @rule(target=said, data=st.data(), words=WORDS, cents=st.sampled_from([0, 1, 2500, 5000]))
    def step(self, data: st.DataObject, words: str, cents: int) -> object:
        """Take a step that is offered to somebody now."""
        offered = [
            (role, verb)
            for role in Role
            for verb in self.world.do(self._situation(role)).actions
            for _ in range(1 if verb in SHORTENS else 4)
        ]
        if not offered:
            return multiple()
        role, verb = data.draw(st.sampled_from(offered))
        event(str(verb))
        return self._say(self.people[role], verb, words, cents)

    @rule(role=ROLES, verb=st.sampled_from(Verb), words=WORDS)
    def try_anything(self, role: Role, verb: Verb, words: str) -> None:
        """Take a step that may not be offered: what is not offered is refused."""
        offered = verb in self.world.do(self._situation(role)).actions
        taken = self._say(self.people[role], verb, words, 0)
        assert offered or not isinstance(taken, Said)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.world.watch.forward(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.world.do(self.world.sweeper.sweep())

    @rule()
    def zero_and_the_moment_before(self) -> None:
        """Go to the next deadline, and look a moment before it: nothing fires early."""
        dues = [due for _, due in self.view.deadlines]
        if not dues:
            return
        self.world.watch.now = min(dues) - timedelta(microseconds=1)
        self.sweep()
        told = self.world.do(entries_of(self.world.database, self.room.order, self.view.seq))
        assert not any(
            isinstance(entry.event, DeadlineFired) and entry.event.due > self.world.watch.now
            for entry in told
        )
        self.world.watch.forward(microseconds=1)
        self.sweep()

    @rule(role=ROLES, move=st.sampled_from(Move), number=st.integers(1, len(LIST) + 2), words=WORDS)
    def move_item(self, role: Role, move: Move, number: int, words: str) -> None:
        """Move an item of the readiness list, or try to; said twice, it is answered alike."""
        asked = Asked(move, f"own-{number}", words, words)
        self.commands += 1
        with suppress(Refused):
            first, again = (
                self.world.do(
                    briefing.move_item(
                        self.world.database,
                        self.room.order,
                        self.people[role],
                        asked,
                        f"c{self.commands}",
                    )
                )
                for _ in range(2)
            )
            assert first == again

    @rule()
    def pay(self) -> None:
        """Pay for a question; said twice, it is answered alike, and a paid order refuses."""
        state = self.world.do(self._snapshot()).state
        payment = Payment(5000, "EUR", Means.CARD, policy=SHORT, brief=LIST)
        self.commands += 1
        work = [
            pay_question(self.world.database, self.room.order, f"p{self.commands}", payment)
            for _ in range(2)
        ]
        if state is State.QUESTION:
            event("a question was paid")
            first, again = map(self.world.do, work)
            assert first == again
            return
        before = self.world.do(self._snapshot())
        for one in work:
            with pytest.raises(WrongState):
                self.world.do(one)
        assert self.world.do(self._snapshot()) == before

    @rule(
        role=ROLES,
        kind=st.sampled_from([ProposalKind.TIME, ProposalKind.REFUND, ProposalKind.OPTION]),
        amount=st.sampled_from([0, 1, 2500, HOUR, 90 * DAY]),
        days=st.sampled_from([0, 1, 3]),
    )
    def propose(self, role: Role, kind: ProposalKind, amount: int, days: int) -> None:
        """Propose something, or try to; said twice, it is answered alike."""
        database, order, who = self.world.database, self.room.order, self.people[role]
        self.commands += 1
        name = f"c{self.commands}"

        def asking() -> Coroutine[object, object, Position]:
            if kind is ProposalKind.OPTION:
                return propose_option(database, order, who, "Option", amount, days, name)
            return agreements.propose(database, order, who, kind, amount, name)

        self._twice(asking)

    @precondition(lambda self: self.view.proposals)
    @rule(
        role=st.sampled_from([Role.BUYER, Role.SELLER]),
        outcome=st.sampled_from([Outcome.ACCEPTED, Outcome.DECLINED, Outcome.WITHDRAWN]),
        data=st.data(),
    )
    def answer(self, role: Role, outcome: Outcome, data: st.DataObject) -> None:
        """Answer a proposal, or try to."""
        proposal = data.draw(st.sampled_from(self.view.proposals))
        self.commands += 1
        name, who = f"c{self.commands}", self.people[role]
        self._twice(
            lambda: agreements.answer(
                self.world.database, self.room.order, who, proposal, outcome, name
            )
        )

    @rule(confirmed=st.booleans(), data=st.data())
    def settle(self, data: st.DataObject, *, confirmed: bool) -> None:
        """Let the payment system carry out a movement, or fail to, and say so twice."""
        waiting = self.world.do(self._waiting())
        if not waiting:
            return
        movement = data.draw(st.sampled_from(waiting))
        event(f"{movement.partition(':')[0]} {'confirmed' if confirmed else 'refused'}")
        act = settlement.confirm if confirmed else settlement.refuse
        self.world.do(act(self.world.database, self.room.order, movement, movement))
        after = self.world.do(self._snapshot())
        self.world.do(act(self.world.database, self.room.order, movement, movement))
        assert self.world.do(self._snapshot()) == after

    def _twice(self, asking: Callable[[], Coroutine[object, object, Position]]) -> None:
        before = self.world.do(self._snapshot())
        try:
            first = self.world.do(asking())
        except Refused:
            assert self.world.do(self._snapshot()) == before
            return
        after = self.world.do(self._snapshot())
        assert self.world.do(asking()) == first
        assert self.world.do(self._snapshot()) == after

    async def _waiting(self) -> list[str]:
        async with self.world.database.reading() as conn:
            found = await settlement.unconfirmed(conn)
        return [m.movement for m in found if m.order == self.room.order]

    @rule(role=ROLES, seq=st.integers(0, 40))
    def read(self, role: Role, seq: int) -> None:
        self.world.do(mark(self.world.database, self.room.order, self.people[role], read=seq))

    @rule(one=said, words=WORDS)
    def edit(self, one: Said, words: str) -> None:
        """Put a message in other words, or try to; said twice, it is answered alike."""
        self.commands += 1
        database, order, seq = self.world.database, self.room.order, one.answer.seq
        with suppress(Refused):
            first, again = (
                self.world.do(
                    messages.edit(database, order, one.person, seq, words, f"c{self.commands}")
                )
                for _ in range(2)
            )
            assert first == again

    @rule(one=said, role=ROLES, reaction=st.sampled_from(Reaction), on=st.booleans())
    def react(self, one: Said, role: Role, reaction: Reaction, *, on: bool) -> None:
        """React to a message, or try to; said twice, it is answered alike."""
        self.commands += 1
        database, order, seq = self.world.database, self.room.order, one.answer.seq
        client_id = f"c{self.commands}"
        with suppress(Refused):
            first, again = (
                self.world.do(
                    reacting.react(
                        database, order, self.people[role], seq, reaction, client_id, on=on
                    )
                )
                for _ in range(2)
            )
            assert first == again

    @rule(one=consumes(said))
    def take_back(self, one: Said) -> None:
        """Withdraw a message, or try to; said twice, it is answered alike."""
        self.commands += 1
        database, order, seq = self.world.database, self.room.order, one.answer.seq
        with suppress(Refused):
            first, again = (
                self.world.do(
                    messages.withdraw(database, order, one.person, seq, f"c{self.commands}")
                )
                for _ in range(2)
            )
            assert first == again

    @rule(one=consumes(said))
    def erase(self, one: Said) -> None:
        with suppress(Refused):
            self.world.do(redact(self.world.database, self.room.order, one.answer.seq))

    @precondition(lambda self: self.view.seq)
    @rule(data=st.data())
    def erase_any(self, data: st.DataObject) -> None:
        """Erase what was written in an entry, whatever it is; twice is once."""
        seq = data.draw(st.integers(1, self.view.seq))
        self.erased.add(seq)
        for _ in range(2):
            with suppress(Refused):
                self.world.do(redact(self.world.database, self.room.order, seq))

    # ------------------------------------------------------------------------ saying it twice

    @rule(one=said)
    def say_it_again(self, one: Said) -> None:
        before = self.world.do(self._snapshot())
        assert self.world.do(self._command(*one[:5])) == one.answer
        assert self.world.do(self._snapshot()) == before

    @rule(one=said, data=st.data())
    def say_something_else_under_the_same_id(self, one: Said, data: st.DataObject) -> None:
        if one.answer.seq in self.erased:
            return  # nothing is left to compare with
        before = self.world.do(self._snapshot())
        verb, words, cents = data.draw(
            st.tuples(st.sampled_from([None, *Verb]), WORDS, st.integers(0, 2)).filter(
                lambda other: other != one[2:5] and (other[0] is not None or bool(other[1]))
            )
        )
        if verb is None:
            cents = 0
            if (verb, words) == (one.verb, one.words):
                return
        refused = False
        try:
            self.world.do(self._command(one.person, one.client_id, verb, words, cents))
        except IdReused:
            refused = True
        assert refused
        assert self.world.do(self._snapshot()) == before

    # ---------------------------------------------------------------------- what always holds

    @invariant()
    def folding_equals_fetching(self) -> None:
        told = self.world.do(entries_of(self.world.database, self.room.order, after=self.view.seq))
        for entry in told:
            assert self.view.at is None or entry.at >= self.view.at
            self.view = fold(self.view, entry)
        assert self.view == self.world.do(self._snapshot())
        if told:
            self.old.append(self.view)

    @invariant()
    def an_order_with_the_same_head_and_revision_is_the_same_order(self) -> None:
        known = self.world.do(self._peek())
        assert self.known.setdefault((known.head, known.revision), known) == known

    @precondition(lambda self: self.old[-1].seq % 3 == 0)
    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        held = self.world.do(self._ledger())
        assert sum(held.values()) == 0
        assert held[Account.ESCROW] == self.view.held_cents
        assert (self.view.held_cents == 0) == (self.view.state in ENDED | UNPAID)

    def teardown(self) -> None:
        if not hasattr(self, "old"):
            return
        event(f"ended as {self.view.state}")
        told = self.world.do(entries_of(self.world.database, self.room.order))
        for view in self.old:  # whatever was erased since, from wherever somebody resumes
            resumed = view
            for entry in told[view.seq :]:
                resumed = fold(resumed, entry)
            erased = frozenset(e.seq for e in told if e.event is None)
            assert resumed.redacted <= erased
            assert resumed == self.view
        assert self.world.do(verified(self.world.database, self.room.order)) == len(told)
        self.world.do(self._stop_clocks())

    # --------------------------------------------------------------------------------- doing

    def _say(self, person: PersonId, verb: Verb | None, words: str, cents: int) -> object:
        self.commands += 1
        client_id = f"c{self.commands}"
        before = self.world.do(self._snapshot())
        try:
            answer = self.world.do(self._command(person, client_id, verb, words, cents))
        except Refused:
            assert self.world.do(self._snapshot()) == before
            return multiple()
        assert answer.seq == before.seq + 1
        return Said(person, client_id, verb, words, cents, answer)

    async def _command(
        self, person: PersonId, client_id: str, verb: Verb | None, words: str, cents: int
    ) -> Position:
        order = self.room.order
        if verb is None:
            return await self.world.box.post(order, person, client_id, words)
        return await take_step(self.world.database, order, person, verb, client_id, words, cents)

    async def _snapshot(self) -> View:
        async with self.world.database.reading() as conn:
            return await views.snapshot(conn, self.room.order)

    async def _situation(self, role: Role) -> Situation:
        async with self.world.database.reading() as conn:
            return await views.situation(
                conn, self.room.order, self.people[role], self.world.watch.now
            )

    async def _peek(self) -> LockedOrder:
        async with self.world.database.reading() as conn:
            return await peek(conn, self.room.order)

    async def _ledger(self) -> dict[Account, int]:
        async with self.world.database.reading() as conn:
            return (await ledger.read(conn, self.room.order)).balances

    async def _stop_clocks(self) -> None:
        """Let the next example's sweeps be its own."""
        async with self.world.database.transaction() as tx:
            await tx.conn.execute(delete(timers).where(timers.c.order_id == self.room.order))


@pytest.mark.timeout(600)  # only a failure takes longer than seconds: it is made small first
def test_a_random_life_of_an_order_keeps_the_laws(own_database_url: str) -> None:
    watch = Watch()
    with asyncio.Runner() as runner:
        database = runner.run(Database.open(own_database_url, watch))
        box = PostBox(database)
        running = runner.get_loop().create_task(box.run())

        class This(Life):
            world = World(runner, database, watch, box, Sweeper(database))

        run_state_machine_as_test(
            This,
            settings=settings(
                max_examples=20,
                stateful_step_count=30,
                suppress_health_check=list(HealthCheck),
            ),
        )
        running.cancel()
        runner.run(database.close())
