"""Asking Redis: what several tasks ask at the same moment travels in one round trip to each node.

Whoever asks must be able to do without an answer: while Redis is away, and for a moment after
each failure, asking fails at once instead of waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime.bus.link import GONE, Link
from realtime.bus.nodes import Node, Nodes

AGAIN_AFTER = 1.0
"""Seconds after a failure in which nobody waits for another one."""
AT_ONCE = 500
"""Commands in one round trip."""


class AwayError(Exception):
    """Redis cannot be asked now."""


Command = tuple[str | bytes | int, ...]


@dataclass(slots=True)
class _Question:
    commands: Sequence[Command]
    answer: asyncio.Future[list[Any]]


class Asker:
    """Asks the nodes of one Redis. `run` does the work."""

    def __init__(self, nodes: Nodes) -> None:
        """Prepare."""
        self.nodes = nodes
        self._desks: dict[Node, _Desk] = {}
        self._new = asyncio.Event()
        self._stopped = False

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers to the commands. Raises `AwayError`, also if only one has none."""
        if self._stopped:
            raise AwayError
        places = [self.nodes.of(_key_of(command)) for command in commands]
        asked = {
            node: self._desk(node).ask(
                [command for command, at in zip(commands, places, strict=True) if at == node]
            )
            for node in dict.fromkeys(places)
        }
        found = await asyncio.gather(*asked.values(), return_exceptions=True)
        answers = {}
        for node, told in zip(asked, found, strict=True):
            if isinstance(told, BaseException):
                raise told
            answers[node] = iter(told)
        return [next(answers[node]) for node in places]

    def _desk(self, node: Node) -> _Desk:
        desk = self._desks.get(node)
        if desk is None:
            desk = self._desks[node] = _Desk(self.nodes, node)
            self._new.set()
        return desk

    async def run(self) -> None:
        """Ask until cancelled."""
        served: set[Node] = set()
        try:
            async with asyncio.TaskGroup() as working:
                while True:
                    for node, desk in self._desks.items():
                        if node not in served:
                            served.add(node)
                            working.create_task(desk.run())
                    self._new.clear()
                    await self._new.wait()
        finally:
            self._stopped = True
            for desk in self._desks.values():  # one of them may not have begun
                desk.close()


class _Desk:
    """Asks one node."""

    def __init__(self, nodes: Nodes, node: Node) -> None:
        self._nodes, self._node = nodes, node
        self._questions: list[_Question] = []
        self._arrived = asyncio.Event()
        self._away_until: float | None = None

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        if self._away_until is not None and time.monotonic() < self._away_until:
            raise AwayError
        question = _Question(commands, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        self._arrived.set()
        return await question.answer

    def close(self) -> None:
        _fail(self._questions)
        self._questions = []

    async def run(self) -> None:
        link: Link | None = None
        taken: list[_Question] = []
        try:
            while True:
                await self._arrived.wait()
                taken = self._take()
                try:
                    link = link or await self._nodes.open(self._node, "order-room-asks")
                    answers = await link.ask([c for q in taken for c in q.commands])
                except GONE:
                    self._away_until = time.monotonic() + AGAIN_AFTER
                    self._nodes.doubt()
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


def _key_of(command: Command) -> str:
    key = command[3 if command[0] == "EVAL" else 1]
    return key if isinstance(key, str) else str(key)


def _fail(questions: list[_Question]) -> None:
    for question in questions:
        if not question.answer.done():
            question.answer.set_exception(AwayError())
