"""Asking Redis: what several tasks ask at the same moment travels in one round trip.

Whoever asks must be able to do without an answer: while Redis is away, and for a moment after
each failure, asking fails at once instead of waiting.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from realtime.bus.link import GONE, Link

AGAIN_AFTER = 1.0
"""Seconds after a failure in which nobody waits for another one."""
AT_ONCE = 500
"""Commands in one round trip."""


class AwayError(Exception):
    """Redis cannot be asked now."""


Command = tuple[str | bytes | int, ...]


@dataclass(slots=True)
class _Question:
    commands: tuple[Command, ...]
    answer: asyncio.Future[list[Any]]


class Asker:
    """Asks one Redis. `run` does the work."""

    def __init__(self, url: str) -> None:
        """Prepare."""
        self._url = url
        self._questions: list[_Question] = []
        self._arrived = asyncio.Event()
        self._away_until: float | None = None

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers to the commands. Raises `AwayError`."""
        if not commands:
            return []
        if self._away_until is not None and time.monotonic() < self._away_until:
            raise AwayError
        question = _Question(commands, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        self._arrived.set()
        return await question.answer

    async def run(self) -> None:
        """Ask until cancelled."""
        link: Link | None = None
        taken: list[_Question] = []
        try:
            while True:
                await self._arrived.wait()
                taken = self._take()
                try:
                    link = link or await Link.open(self._url, "order-room-asks")
                    answers = await link.ask([c for q in taken for c in q.commands])
                except GONE:
                    self._away_until = time.monotonic() + AGAIN_AFTER
                    if link is not None:
                        await link.close()
                        link = None
                    _fail([*taken, *self._questions])
                    self._questions = []
                    self._arrived.clear()
                else:
                    self._away_until = None
                    for question in taken:
                        mine = [answers.pop(0) for _ in question.commands]
                        if not question.answer.done():
                            question.answer.set_result(mine)
                taken = []
        finally:
            _fail([*taken, *self._questions])
            self._away_until = float("inf")
            if link is not None:
                await link.close()

    def _take(self) -> list[_Question]:
        number = size = 0
        for question in self._questions:
            if number and size + len(question.commands) > AT_ONCE:
                break
            number += 1
            size += len(question.commands)
        taken, self._questions = self._questions[:number], self._questions[number:]
        if not self._questions:
            self._arrived.clear()
        return taken


def _fail(questions: list[_Question]) -> None:
    for question in questions:
        if not question.answer.done():
            question.answer.set_exception(AwayError())
