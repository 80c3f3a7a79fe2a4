"""Questions to the database that come at the same time, answered together.

When a server was away, everybody comes back at once and asks the same few things. While one read
is on its way the questions queue, and the next read takes them all: as group commit does for
messages, without any delay when there is nothing to share.

Some questions can wait: what somebody missed is read before what may be done about it. They stand
`behind` others, and let those go first for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Database
from orders.errors import Unavailable

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

MOST = 64
"""Questions that one read takes: more would keep the first of them waiting."""
BEHIND_MOST = 0.5
"""Seconds for which a read lets others go first."""


class Together(Generic[Q, A]):
    """Asks `read` for answers by question; a question without an answer is answered None."""

    def __init__(
        self,
        database: Database,
        read: Callable[[AsyncConnection, Sequence[Q]], Awaitable[Mapping[Q, A]]],
        most: int = MOST,
        behind: Sequence[Together[Any, Any]] = (),
    ) -> None:
        """Read from the database with `read`, `most` questions at once, and `behind` others."""
        self._most = most
        self._behind = behind
        self._database = database
        self._read = read
        self._waiting: dict[Q, asyncio.Future[A | None]] = {}
        self.reading: asyncio.Task[None] | None = None
        """Reads, until nobody waits."""

    async def ask(self, question: Q) -> A | None:
        """Return the answer, from a read that begins after this. Raises what `read` raises."""
        answer = self._waiting.get(question)
        if answer is None:
            answer = self._waiting[question] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_seen)  # perhaps nobody waits any more
        if self.reading is None:
            self.reading = asyncio.create_task(self._run())
        # shielded: who goes away must not take the answer from the others
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._let_others_go_first()
                questions = list(self._waiting)[: self._most]
                asked = {question: self._waiting.pop(question) for question in questions}
                if not await self._answer(asked):
                    for question, answer in asked.items():
                        await self._answer({question: answer})
        finally:
            self.reading = None

    async def _let_others_go_first(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + BEHIND_MOST
        while (left := until - loop.time()) > 0:
            first = [other.reading for other in self._behind if other.reading is not None]
            if not first:
                return
            await asyncio.wait(first, timeout=left)

    async def _answer(self, asked: Mapping[Q, asyncio.Future[A | None]]) -> bool:
        """Answer some questions; False if they have to be asked one at a time."""
        try:
            async with self._database.reading() as conn:
                found = await self._read(conn, list(asked))
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            if len(asked) > 1 and not isinstance(error, Unavailable):
                return False
            for answer in asked.values():
                answer.set_exception(error)
        else:
            for question, answer in asked.items():
                answer.set_result(found.get(question))
        return True


def _seen(answer: asyncio.Future[A | None]) -> None:
    if not answer.cancelled():
        answer.exception()
