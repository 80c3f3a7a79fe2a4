"""Questions that come at the same time are answered together, and some let others go first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Database
from realtime import together
from realtime.together import Together


class _Reader:
    """Answers a question with its double, and notes what was asked together."""

    def __init__(self, name: str, log: list[tuple[str, list[int]]]) -> None:
        self.name, self.log = name, log
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def __call__(self, _conn: AsyncConnection, asked: Sequence[int]) -> dict[int, int]:
        self.log.append((self.name, list(asked)))
        await self.goes_on.wait()
        if len(asked) > 1 and 13 in asked:
            raise RuntimeError("one of them cannot be read")
        if 13 in asked:
            raise LookupError("thirteen")
        return {question: 2 * question for question in asked if question != 404}


@pytest.fixture
def log() -> list[tuple[str, list[int]]]:
    return []


async def test_what_is_asked_while_one_read_is_on_its_way_shares_the_next(
    database: Database, log: list[tuple[str, list[int]]]
) -> None:
    questions: Together[int, int] = Together(database, _Reader("a", log), most=3)
    first = asyncio.create_task(questions.ask(1))
    while not log:
        await asyncio.sleep(0)
    answers = await asyncio.gather(first, *(questions.ask(n) for n in (2, 3, 2, 404, 5)))
    assert answers == [2, 4, 6, 4, None, 10]
    assert log == [("a", [1]), ("a", [2, 3, 404]), ("a", [5])]


async def test_one_bad_question_fails_nobody_else(
    database: Database, log: list[tuple[str, list[int]]]
) -> None:
    questions: Together[int, int] = Together(database, _Reader("a", log))
    answers = await asyncio.gather(
        *(questions.ask(n) for n in (12, 13, 14)), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (24, 28)
    assert isinstance(answers[1], LookupError)


async def test_who_stands_behind_others_lets_them_go_first(
    database: Database, log: list[tuple[str, list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "BEHIND_MOST", 60.0)
    ahead: Together[int, int] = Together(database, _Reader("ahead", log), most=1)
    behind: Together[int, int] = Together(database, _Reader("behind", log), behind=[ahead])
    await asyncio.gather(behind.ask(1), *(ahead.ask(n) for n in (2, 3, 4)))
    assert [name for name, _ in log] == ["ahead", "ahead", "ahead", "behind"]


async def test_but_not_for_ever(
    database: Database, log: list[tuple[str, list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "BEHIND_MOST", 0.05)
    slow = _Reader("ahead", log)
    slow.goes_on.clear()
    ahead: Together[int, int] = Together(database, slow)
    behind: Together[int, int] = Together(database, _Reader("behind", log), behind=[ahead])
    stuck = asyncio.create_task(ahead.ask(1))
    assert await behind.ask(2) == 4
    assert not stuck.done()
    slow.goes_on.set()
    assert await stuck == 2
