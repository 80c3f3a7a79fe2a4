"""The printed process: the committed one is the program's, and ComeUp's 28 are all there."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from orders import picture
from orders.events import Role, State, Timer
from orders.policy import Policy
from orders.workflow import ENDED, STEPS, By, Money, Operator, Step, Verb

COMMITTED = Path(picture.__file__).with_name("PROCESS.md")

S, V, R, T, M, SHOP = State, Verb, Role, Timer, Money, Operator.MARKETPLACE
OPEN = (
    S.AWAITING_VALIDATION, S.IN_PROGRESS, S.LATE, S.DELIVERED, S.REVISION_REQUESTED,
    S.REVISION_REFUSED, S.CANCEL_REQUESTED,
)  # fmt: skip
BACK = None
"""Where the order was before."""


class Row(msgspec.Struct, frozen=True):
    """A transition of ComeUp's, in short: from where, who or what, where to, and the money."""

    sources: tuple[State, ...]
    by: By
    verb: Verb
    target: State | None
    money: Money = M.STAYS


COMEUP: dict[str, tuple[Row, ...]] = {
    "T1": (Row((S.QUESTION,), SHOP, V.PAY, S.AWAITING_VALIDATION, M.HELD),),
    "T2": (Row((S.AWAITING_VALIDATION,), R.SELLER, V.START, S.IN_PROGRESS),),
    "T3": (Row((S.AWAITING_VALIDATION,), R.BUYER, V.CANCEL, S.CANCELLED, M.REFUNDED),),
    "T4": (Row((S.AWAITING_VALIDATION,), T.BRIEF_WINDOW, V.EXPIRE, S.CANCELLED, M.REFUNDED),),
    "T5": (Row((S.AWAITING_VALIDATION,), R.SELLER, V.DECLINE, S.CANCELLED, M.REFUNDED),),
    "T6": (
        Row((S.IN_PROGRESS,), T.DELIVERY, V.EXPIRE, S.LATE),
        Row((S.CANCEL_REQUESTED,), T.DELIVERY, V.EXPIRE, S.CANCEL_REQUESTED),
    ),
    "T7": (Row((S.IN_PROGRESS, S.LATE), R.SELLER, V.DELIVER, S.DELIVERED),),
    "T8": (Row((S.IN_PROGRESS,), R.BUYER, V.REQUEST_CANCEL, S.CANCEL_REQUESTED),),
    "T9": (Row((S.CANCEL_REQUESTED,), R.SELLER, V.ACCEPT_CANCEL, S.CANCELLED, M.REFUNDED),),
    "T10": (
        Row((S.CANCEL_REQUESTED,), R.SELLER, V.REFUSE_CANCEL, BACK),
        Row((S.IN_PROGRESS, S.LATE), R.BUYER, V.DISPUTE, S.FROZEN),
    ),
    "T11": (Row((S.CANCEL_REQUESTED,), R.SELLER, V.REFUSE_CANCEL, S.FROZEN),),
    "T12": (
        Row((S.CANCEL_REQUESTED,), T.CANCEL_ANSWER, V.EXPIRE, S.CANCEL_REQUESTED),
        Row((S.CANCEL_REQUESTED,), R.BUYER, V.DISPUTE, S.FROZEN),
    ),
    "T13": (Row((S.LATE, S.CANCEL_REQUESTED), R.BUYER, V.CANCEL, S.CANCELLED, M.REFUNDED),),
    "T14": (
        Row(
            (S.IN_PROGRESS, S.LATE, S.REVISION_REQUESTED, S.REVISION_REFUSED),
            R.SELLER, V.GIVE_UP, S.CANCELLED, M.REFUNDED,
        ),
    ),
    "T15": (Row((S.DELIVERED,), R.BUYER, V.CLOSE, S.CLOSED, M.RELEASED),),
    "T16": (Row((S.DELIVERED,), T.REVIEW, V.EXPIRE, S.CLOSED, M.RELEASED),),
    "T17": (Row((S.DELIVERED,), R.BUYER, V.REQUEST_REVISION, S.REVISION_REQUESTED),),
    "T18": (Row((S.REVISION_REQUESTED,), R.SELLER, V.ACCEPT_REVISION, S.IN_PROGRESS),),
    "T19": (Row((S.REVISION_REQUESTED,), R.SELLER, V.REFUSE_REVISION, S.REVISION_REFUSED),),
    "T20": (
        Row((S.REVISION_REQUESTED,), T.REVISION_ANSWER, V.EXPIRE, S.REVISION_REQUESTED),
        Row((S.REVISION_REQUESTED,), R.BUYER, V.DISPUTE, S.FROZEN),
    ),
    "T21": (Row((S.REVISION_REFUSED,), R.BUYER, V.CLOSE, S.CLOSED, M.RELEASED),),
    "T22": (Row((S.REVISION_REFUSED,), R.BUYER, V.DISPUTE, S.FROZEN),),
    "T23": (Row((S.REVISION_REFUSED,), T.REVISION_CHOICE, V.EXPIRE, S.CLOSED, M.RELEASED),),
    "T26": (Row(OPEN, Operator.MARKETPLACE, V.FREEZE, S.FROZEN),),
    "T27": (
        Row((S.FROZEN,), R.MEDIATOR, V.DECIDE_REFUND, S.CANCELLED, M.REFUNDED),
        Row((S.FROZEN,), R.MEDIATOR, V.DECIDE_SPLIT, S.CLOSED, M.SPLIT),
        Row((S.FROZEN,), R.MEDIATOR, V.DECIDE_PAY, S.CLOSED, M.RELEASED),
        Row((S.FROZEN,), R.MEDIATOR, V.DECIDE_RESUME, BACK),
    ),
    "T28": (Row(OPEN, T.ORDER_LIFE, V.EXPIRE, S.EXPIRED, M.EXPIRED),),
}  # fmt: skip
"""The process as research found it in ComeUp's pages, written down apart from the program."""

ELSEWHERE = {
    "T24": "A part of the money back by agreement moves no state: `agreements`, `proposals`.",
    "T25": "An option added later moves no state: `options`, `proposals`.",
}
"""Those that are no rows of the table, and where they live."""

DIFFERENCES = {
    "T1": "ComeUp's comes from nowhere, as `commands.create_order` does; a question is its source.",
    "T6": "Late is a state; a waiting request to cancel hides it, so the request knows a T6 too.",
    "T10": "The research has one line; the right to dispute it opens is a row for each state.",
    "T12": "The right, and the dispute that uses it, are two rows.",
    "T13": "As T6: once the order is late, who waits for a yes to cancel needs it no more.",
    "T14": "ComeUp says in progress and later; a delivered order waits for the buyer alone.",
    "T20": "The right, and the dispute that uses it, are two rows.",
    "T26": "ComeUp says any state: those without money left to freeze are left out.",
    "T27": "One row for each of the four decisions; a resumed order goes back by its own rule.",
    "T28": "ComeUp says all but a dispute: those that have ended are left out as well.",
}
"""Where a line of the research is not one row of the table word by word."""


def test_every_transition_of_comeup_is_a_row_or_lives_elsewhere() -> None:
    assert {f"T{number}" for number in range(1, 29)} == {*COMEUP, *ELSEWHERE}
    assert not set(COMEUP) & set(ELSEWHERE)
    assert {step.name for step in STEPS if step.name.startswith("T")} == set(COMEUP)


@pytest.mark.parametrize("name", COMEUP)
def test_the_rows_of_a_transition_are_those_of_the_research(name: str) -> None:
    def key(step: Step) -> tuple[object, ...]:
        return step.source, step.by, step.verb, step.target, step.money

    carried_out = [key(step) for step in STEPS if step.name == name]
    written = [
        (source, row.by, row.verb, row.target, row.money)
        for row in COMEUP[name]
        for source in row.sources
    ]
    assert sorted(map(str, carried_out)) == sorted(map(str, written))
    assert len(COMEUP[name]) == 1 or name in DIFFERENCES


def test_what_is_not_comeups_is_named_apart() -> None:
    assert {step.name[0] for step in STEPS} == {"T", "H"}


def test_the_committed_document_is_what_the_program_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "orders", "workflow"], check=True, capture_output=True
    ).stdout.decode()
    assert printed == picture.document()
    assert COMMITTED.read_text() == printed, "run: python -m orders workflow > orders/PROCESS.md"


def test_every_step_is_in_the_table_and_in_the_picture() -> None:
    table, drawing = picture.steps(), picture.diagram()
    for step in STEPS:
        assert f"| {step.name} | " in table
        assert f"`{step.verb}`" in table
        assert re.search(rf"\b{step.name} ", drawing), step
    for state in State:
        assert re.search(rf"\b{state}\b", drawing), state


def test_a_step_left_out_of_the_table_changes_the_document() -> None:
    for left_out in range(len(STEPS)):
        fewer = STEPS[:left_out] + STEPS[left_out + 1 :]
        assert picture.steps(fewer) != picture.steps()


def test_every_setting_stands_in_the_document_with_its_default_and_meaning() -> None:
    rows = {
        cells[1].strip("` "): cells[2:4]
        for line in picture.settings().splitlines()[2:]
        for cells in [[cell.strip() for cell in line.split("|")]]
    }
    assert set(rows) == {field.name for field in msgspec.structs.fields(Policy)}
    assert all(default and meaning.endswith(".") for default, meaning in rows.values())
    assert rows["brief_window"][0] == "48 hours"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(30, "30 seconds"), (60, "1 minute"), (3600, "1 hour"), (172_800, "48 hours"),
     (259_200, "3 days"), (90, "90 seconds")],
)  # fmt: skip
def test_lengths_are_told_in_round_units(seconds: int, said: str) -> None:
    assert picture.length(seconds) == said


def test_every_end_leads_out_of_the_picture() -> None:
    assert all(f"{state} --> [*]" in picture.diagram() for state in ENDED)
