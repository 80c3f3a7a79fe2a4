"""What a process knows of people elsewhere is never claimed in deafness, and right in quiet."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Kept
from hypothesis.stateful import RuleBasedStateMachine, consumes, invariant, rule

from orders.events import PersonId
from realtime.elsewhere import Elsewhere, Question

PEOPLE = [PersonId("ada"), PersonId("bob")]
ADA = PEOPLE[0]

persons = st.sampled_from(PEOPLE)


class Talk(RuleBasedStateMachine):
    """Signals that come late and out of order, answers of a moment ago, a bus that goes deaf."""

    asked = Kept("asked")
    answered = Kept("answered")
    signals = Kept("signals")

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere = Elsewhere()
        self.whole = True
        self.truth: set[PersonId] = set()
        self.told: dict[PersonId, bool | None] = {}
        self.lost = False
        self.late: list[tuple[PersonId, bool]] = []
        self.open: list[tuple[Question, set[PersonId] | None]] = []

    def tell(self, changed: Iterable[PersonId]) -> None:
        for person in changed:
            self.told[person] = self.elsewhere.of(person)

    @rule(target=signals, person=persons, there=st.booleans())
    def moves(self, person: PersonId, there: bool) -> tuple[PersonId, bool]:
        (self.truth.add if there else self.truth.discard)(person)
        self.late.append((person, there))
        return person, there

    @rule(signal=consumes(signals))
    def hears_a_signal(self, signal: tuple[PersonId, bool]) -> None:
        self.late.remove(signal)
        if self.whole:
            self.tell(self.elsewhere.was_said(signal[0], there=signal[1]))

    @rule(target=asked, people=st.sets(persons, min_size=1))
    def asks(self, people: set[PersonId]) -> Question:
        return self.elsewhere.ask(people)

    @rule(target=answered, question=consumes(asked), away=st.booleans())
    def redis_answers(
        self, question: Question, away: bool
    ) -> tuple[Question, set[PersonId] | None]:
        answer = question, None if away else set(self.truth) & set(question.persons)
        self.open.append(answer)
        return answer

    @rule(answer=consumes(answered))
    def hears_an_answer(self, answer: tuple[Question, set[PersonId] | None]) -> None:
        self.open.remove(answer)
        self.tell(self.elsewhere.hear(*answer))

    @rule(whole=st.booleans())
    def goes_deaf_or_hears(self, whole: bool) -> None:
        self.whole = whole
        self.tell(self.elsewhere.bus_is(whole=whole))

    @rule(people=st.sets(persons))
    def forgets(self, people: set[PersonId]) -> None:
        self.elsewhere.keep(people)
        for person in set(self.told) - people:
            self.told[person] = self.elsewhere.of(person)  # nobody looks at them

    @invariant()
    def what_was_told_is_what_is_known(self) -> None:
        for person in PEOPLE:
            assert self.told.get(person) == self.elsewhere.of(person)

    @invariant()
    def in_deafness_nothing_is_known(self) -> None:
        assert self.whole or all(self.elsewhere.of(person) is None for person in PEOPLE)

    def teardown(self) -> None:
        """Let it become quiet, and look around once."""
        self.goes_deaf_or_hears(whole=True)
        for person, there in self.late:
            self.tell(self.elsewhere.was_said(person, there=there))
        for answer in self.open:
            self.tell(self.elsewhere.hear(*answer))
        question = self.elsewhere.ask(self.elsewhere.in_doubt(PEOPLE))
        self.tell(self.elsewhere.hear(question, self.truth & set(question.persons)))
        self.what_was_told_is_what_is_known()
        assert {person for person in PEOPLE if self.elsewhere.of(person)} == self.truth
        assert all(self.elsewhere.of(person) is not None for person in PEOPLE)


Talk.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
TestWhatIsKnown = Talk.TestCase


def test_somebody_heard_of_before_the_first_look_is_known_no_more_when_the_bus_is_lost() -> None:
    elsewhere = Elsewhere()
    elsewhere.bus_is(whole=False)  # it has not begun yet
    assert not elsewhere.was_said(ADA, there=True)
    elsewhere.bus_is(whole=True)
    assert elsewhere.was_said(ADA, there=True)
    assert set(elsewhere.bus_is(whole=False)) == {ADA}
    assert elsewhere.of(ADA) is None


def test_an_answer_to_a_question_of_before_the_outage_says_nothing_after_it() -> None:
    elsewhere = Elsewhere()
    question = elsewhere.ask([ADA])
    elsewhere.bus_is(whole=False)
    elsewhere.bus_is(whole=True)
    assert not elsewhere.hear(question, {ADA})
    assert elsewhere.of(ADA) is None


def test_an_answer_to_a_question_of_during_the_outage_says_nothing_after_it() -> None:
    elsewhere = Elsewhere()
    elsewhere.bus_is(whole=False)
    question = elsewhere.ask([ADA])
    elsewhere.bus_is(whole=True)  # what was said after the question was put, nobody heard
    assert not elsewhere.hear(question, ())
    assert elsewhere.of(ADA) is None


def test_who_came_while_the_question_was_on_its_way_is_there() -> None:
    elsewhere = Elsewhere()
    question = elsewhere.ask([ADA])
    elsewhere.was_said(ADA, there=True)
    assert not elsewhere.hear(question, ())
    assert elsewhere.of(ADA)


def test_somebody_just_asked_about_is_not_forgotten_before_they_are_shown() -> None:
    elsewhere = Elsewhere()
    elsewhere.hear(elsewhere.ask([ADA]), {ADA})
    elsewhere.keep(())
    assert elsewhere.of(ADA)
    elsewhere.keep(())
    assert elsewhere.of(ADA) is None


def test_of_people_of_a_silent_process_nobody_knows_and_they_are_asked_about_again() -> None:
    elsewhere = Elsewhere()
    elsewhere.hear(elsewhere.ask([ADA]), {ADA})
    assert elsewhere.hear(elsewhere.ask([ADA]), (), unsure={ADA}) == [ADA]
    assert elsewhere.of(ADA) is None
    assert elsewhere.in_doubt([ADA]) == [ADA]
    assert elsewhere.hear(elsewhere.ask([ADA]), ()) == [ADA]
    assert elsewhere.of(ADA) is False
