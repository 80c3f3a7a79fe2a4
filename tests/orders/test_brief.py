"""The readiness list: who may move what, and what a life of random moves never breaks."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orders import brief
from orders.brief import Asked, BriefItem, Move, Readiness, decide, told
from orders.errors import (
    ItemSettled,
    ItemUnknown,
    NotYours,
    ReasonMissing,
    Refused,
    TextEmpty,
    TextTooLong,
    TooManyItems,
    WrongState,
)
from orders.events import BriefItemAdded, FileId, Role, State, Wanted
from realtime import texts

WAITING = State.AWAITING_VALIDATION
OPEN, GIVEN = Readiness.OPEN, Readiness.GIVEN
ACCEPTED, DROPPED = Readiness.ACCEPTED, Readiness.NOT_NEEDED

LEADS = {
    (Move.GIVE, Role.BUYER, OPEN): GIVEN,
    (Move.GIVE, Role.BUYER, GIVEN): GIVEN,
    (Move.GIVE, Role.BUYER, DROPPED): GIVEN,
    (Move.ACCEPT, Role.SELLER, OPEN): ACCEPTED,
    (Move.ACCEPT, Role.SELLER, GIVEN): ACCEPTED,
    (Move.DROP, Role.BUYER, OPEN): DROPPED,
    (Move.DROP, Role.BUYER, GIVEN): DROPPED,
    (Move.DROP, Role.SELLER, OPEN): DROPPED,
    (Move.DROP, Role.SELLER, GIVEN): DROPPED,
    (Move.REOPEN, Role.SELLER, GIVEN): OPEN,
    (Move.REOPEN, Role.SELLER, ACCEPTED): OPEN,
    (Move.REOPEN, Role.SELLER, DROPPED): OPEN,
}
"""Who may move what from where to where: written down a second time, from the issue."""
MOVES = [move for move in Move if move is not Move.ADD]


@pytest.mark.parametrize(("move", "role", "state"), [*product(MOVES, Role, Readiness)])
def test_an_item_is_moved_by_whose_move_it_is_and_from_where_it_begins(
    move: Move, role: Role, state: Readiness
) -> None:
    items = (BriefItem("logo.name", state=state), BriefItem("logo.use"))
    asked = Asked(move, "logo.name", note="parce que")
    if (move, role, state) in LEADS:
        after = told(items, decide(items, WAITING, role, asked, 100))
        assert [item.state for item in after] == [LEADS[move, role, state], OPEN]
        assert move in brief.moves(items[0], WAITING, role)
        return
    owners = {owner for known, owner, _ in LEADS if known is move}
    with pytest.raises(ItemSettled if role in owners else NotYours):
        decide(items, WAITING, role, asked, 100)
    assert move not in brief.moves(items[0], WAITING, role)


@pytest.mark.parametrize("state", [state for state in State if state is not WAITING])
def test_once_the_order_moved_on_the_list_stands_still(state: State) -> None:
    items = (BriefItem("logo.name"),)
    for move, role in (
        (Move.GIVE, Role.BUYER),
        (Move.ACCEPT, Role.SELLER),
        (Move.ADD, Role.SELLER),
    ):
        with pytest.raises(WrongState):
            decide(items, state, role, Asked(move, "logo.name", "x", "y"), 100)
        assert brief.moves(items[0], state, role) == []
    assert not brief.may_add(items, state, Role.SELLER)


def test_a_reason_an_answer_and_a_label_are_not_empty_and_not_endless() -> None:
    items = (BriefItem("logo.name", state=GIVEN),)

    def refuses(refusal: type[Refused], role: Role, asked: Asked) -> None:
        with pytest.raises(refusal):
            decide(items, WAITING, role, asked, 10)

    refuses(ReasonMissing, Role.SELLER, Asked(Move.REOPEN, "logo.name", note="  "))
    refuses(TextEmpty, Role.BUYER, Asked(Move.GIVE, "logo.name", note=" \n"))
    refuses(TextTooLong, Role.BUYER, Asked(Move.GIVE, "logo.name", note="x" * 11))
    refuses(TextEmpty, Role.SELLER, Asked(Move.ADD, label=" "))
    refuses(TextTooLong, Role.SELLER, Asked(Move.ADD, label="x" * 121))
    refuses(NotYours, Role.BUYER, Asked(Move.ADD, label="x"))
    refuses(ItemUnknown, Role.BUYER, Asked(Move.GIVE, "logo.nothing", note="x"))
    many = tuple(FileId(f"f{number}") for number in range(21))
    refuses(TooManyItems, Role.BUYER, Asked(Move.GIVE, "logo.name", files=many))


def test_a_list_has_an_end() -> None:
    items: tuple[BriefItem, ...] = ()
    for number in range(brief.ITEMS_MAX):
        event = decide(items, WAITING, Role.SELLER, Asked(Move.ADD, label=f"chose {number}"), 10)
        items = told(items, event)
    with pytest.raises(TooManyItems):
        decide(items, WAITING, Role.SELLER, Asked(Move.ADD, label="encore"), 10)
    assert not brief.may_add(items, WAITING, Role.SELLER)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("category", [*brief.TEMPLATES, "generic", "never heard of"])
def test_every_item_of_a_template_has_its_words(category: str, language: str) -> None:
    keys = brief.template(category)
    assert len(keys) >= 4
    for key in keys:
        assert texts.item_label(language, key) not in {"", key}
        assert f"brief.{key}.hint" in texts.KEYS


@pytest.mark.parametrize(
    ("item", "language", "words"),
    [
        ("community-management.access", "en", "limited account"),
        ("community-management.access", "fr", "compte limité"),
        ("website.hosting", "en", "do not paste your password"),
        ("website.hosting", "fr", "ne copiez pas votre mot de passe"),
    ],
)
def test_an_access_is_asked_for_without_the_password(item: str, language: str, words: str) -> None:
    assert words in texts.sentence(language, f"brief.{item}.hint")


def test_the_marketplaces_own_list_takes_the_place_of_the_template() -> None:
    assert brief.opening("logo", ["Votre nom"]) == (Wanted("own-1", "Votre nom"),)
    assert brief.opening("logo", []) == ()
    assert brief.opening("logo", None) == tuple(Wanted(key) for key in brief.template("logo"))


class Moves(RuleBasedStateMachine):
    """Random moves by anybody."""

    def __init__(self) -> None:
        super().__init__()
        self.items = tuple(BriefItem(w.item, w.label) for w in brief.opening("website", None))
        self.added = 0

    @rule(
        move=st.sampled_from(Move),
        role=st.sampled_from(Role),
        number=st.integers(0, 40),
        words=st.sampled_from(["", " ", "voilà", "é" * 30]),
        files=st.lists(st.sampled_from([FileId("a"), FileId("b")]), max_size=3),
    )
    def try_it(self, move: Move, role: Role, number: int, words: str, files: list[FileId]) -> None:
        known = self.items[number].item if number < len(self.items) else "nothing"
        asked = Asked(move, known, words, words, files=tuple(files))
        before = self.items
        try:
            event = decide(before, WAITING, role, asked, 20)
        except Refused:
            return
        self.items = told(before, event)
        self.added += isinstance(event, BriefItemAdded)
        changed = [a for a, b in zip(self.items, before, strict=False) if a != b]
        assert len(changed) + len(self.items) - len(before) <= 1, "a move moves one item"
        if move is Move.ADD:
            assert brief.may_add(before, WAITING, role)
        else:
            found = next(item for item in before if item.item == known)
            assert move in brief.moves(found, WAITING, role)

    @invariant()
    def keys_and_places_never_change(self) -> None:
        keys = [item.item for item in self.items]
        assert len(set(keys)) == len(keys) == 5 + self.added
        assert keys[:5] == list(brief.template("website"))

    @invariant()
    def what_is_shown_agrees(self) -> None:
        ready, wanted = brief.progress(self.items)
        assert 0 <= ready <= wanted <= len(self.items)
        assert wanted - ready == len(brief.missing(self.items))
        if not brief.unsettled(self.items):
            assert ready == wanted

    @invariant()
    def what_is_open_or_not_needed_points_to_nothing(self) -> None:
        for item in self.items:
            if item.state in {OPEN, DROPPED}:
                assert (item.messages, item.files) == ((), ())


TestMoves = Moves.TestCase
TestMoves.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
