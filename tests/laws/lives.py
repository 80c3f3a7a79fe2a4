"""What random lives of an order are made of: a quick process, where they begin, what is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st

from orders.clock import Sweeper
from orders.database import Database
from orders.events import PersonId, Role
from orders.policy import DAY, HOUR, Policy
from orders.posting import PostBox
from orders.timeline import Position
from orders.workflow import Verb
from tests.orders.world import Watch

T = TypeVar("T")

SHORT = Policy(
    brief_window=2 * DAY,
    delivery=2 * DAY,
    review=DAY,
    revision_answer=12 * HOUR,
    revision_choice=DAY,
    revision=DAY,
    cancel_answer=12 * HOUR,
    order_life=20 * DAY,
    chat_tail=DAY,
)
"""A process short enough for random steps of time to meet all its deadlines."""

SHORTENS = frozenset({Verb.CLOSE_QUESTION, Verb.HAND_OVER, Verb.CANCEL, Verb.DECLINE, Verb.GIVE_UP})
"""Steps that end a life early or lead nowhere new: taken more rarely."""

LIST = ("le texte", "le ton")
"""What the orders here open with."""
ROLES = st.sampled_from(Role)
WORDS = st.sampled_from(["oui", "non", "été 👋", ""])
SECONDS = st.one_of(
    st.sampled_from([0, 1, HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 6 * DAY]),
    st.integers(-2 * HOUR, 3 * DAY),
)


BEGINNINGS: list[list[tuple[Role, Verb]]] = [
    [],
    [(Role.SELLER, Verb.START)],
    [(Role.SELLER, Verb.START), (Role.BUYER, Verb.REQUEST_CANCEL)],
    [
        (Role.SELLER, Verb.START),
        (Role.BUYER, Verb.REQUEST_CANCEL),
        (Role.SELLER, Verb.REFUSE_CANCEL),
        (Role.BUYER, Verb.REQUEST_CANCEL),
    ],
    [(Role.SELLER, Verb.START), (Role.SELLER, Verb.DELIVER)],
    [
        (Role.SELLER, Verb.START),
        (Role.SELLER, Verb.DELIVER),
        (Role.BUYER, Verb.REQUEST_REVISION),
    ],
    [
        (Role.SELLER, Verb.START),
        (Role.SELLER, Verb.DELIVER),
        (Role.BUYER, Verb.REQUEST_REVISION),
        (Role.SELLER, Verb.REFUSE_REVISION),
        (Role.BUYER, Verb.DISPUTE),
    ],
]
"""How far a life has come when chance takes over: far states are rarely met otherwise."""


class Said(NamedTuple):
    """A command that was carried out, and its answer."""

    person: PersonId
    client_id: str
    verb: Verb | None
    """None for a message."""
    words: str
    cents: int
    answer: Position


class World(NamedTuple):
    """What all examples of a test share."""

    runner: asyncio.Runner
    database: Database
    watch: Watch
    box: PostBox
    sweeper: Sweeper

    def do(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)
