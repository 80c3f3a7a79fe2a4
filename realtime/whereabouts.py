"""Who is online, over all processes.

For each person Redis holds the set of processes that have sockets of theirs, and for each process
a key that it renews. A process that ends in good order deletes its key, and counts for nobody from
then on. One that falls silent may have died, or be cut off from Redis alone with all its people
still there: nobody knows until its key lapses.

Redis may forget all of it: every process says it again when it is back. While it is away nobody
knows who is online elsewhere, and browsers are told so.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from orders.events import PersonId
from realtime.bus.asking import Asker, AwayError
from realtime.limits import Limits

FORGOTTEN = 86_400
"""Seconds after which a person's set is forgotten, if no process says it again."""
BEAT_SLACK = 2.0
"""Seconds by which a beat of another process may come late: one that finds its line broken is
tried again after a second."""
SAID_AGAIN = 3_600.0
"""Seconds after which a process says again who is with it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of people in other processes; of all others asked about: nothing."""

    there: Collection[PersonId] = ()
    """They have sockets in one that lives."""
    unsure: Collection[PersonId] = ()
    """They had, in one that is silent."""


class Whereabouts(Protocol):
    """Where people have sockets."""

    async def came(self, persons: Collection[PersonId]) -> None:
        """Note that these have sockets here."""

    async def left(self, person: PersonId) -> bool | None:
        """Note that the person has none here any more; return whether they have some elsewhere.

        None if that is not known.
        """

    async def elsewhere(self, persons: Collection[PersonId]) -> Found | None:
        """Return who of these has sockets in another process; None if that is not known."""


class OnlyHere:
    """The embedded size: nobody is anywhere else."""

    async def came(self, persons: Collection[PersonId]) -> None:
        """Nobody else asks."""

    async def left(self, person: PersonId) -> bool | None:  # noqa: ARG002 - whoever it was
        """They are nowhere, then."""
        return False

    async def elsewhere(self, persons: Collection[PersonId]) -> Found | None:  # noqa: ARG002
        """Nobody, for sure."""
        return Found()


class InRedis:
    """The scaled size. `run` keeps this process alive in the eyes of the others."""

    def __init__(
        self,
        asker: Asker,
        prefix: str,
        limits: Limits,
        here: Callable[[], Iterable[PersonId]],
        said: Callable[[Iterable[PersonId]], None],
    ) -> None:
        """Prepare; `here` returns who has sockets in this process.

        `said` is told whom Redis has heard of again, after it had not, or had forgotten.
        """
        self._asker = asker
        self._prefix = prefix
        self._lives, self._missed = limits.presence_lives, limits.presence_missed
        self._here = here
        self._said = said
        self._me = secrets.token_hex(8)
        self._former: list[str] = []  # keys under names that we had, to be deleted
        self._knows = False  # whether Redis has heard of everybody who is here, and of no others
        self._said_at: list[str] = []  # our keys as Redis last took them; gone with all else
        self._all_back = -math.inf  # when every process has said again who is with it

    async def came(self, persons: Collection[PersonId]) -> None:
        """Note that these have sockets here; said again later if it cannot be said now."""
        commands: list[tuple[Any, ...]] = []
        for person in persons:
            commands += [
                ("SADD", self._person(person), self._me),
                ("EXPIRE", self._person(person), FORGOTTEN),
            ]
        try:
            await self._asker.ask(*commands)
        except AwayError:
            self._knows = False

    async def left(self, person: PersonId) -> bool | None:
        """Note it now, or under another name later."""
        try:
            await self._asker.ask(("SREM", self._person(person), self._me))
        except AwayError:
            self._knows = False
            return None
        found = await self.elsewhere([person])
        return None if found is None or person in found.unsure else person in found.there

    async def elsewhere(self, persons: Collection[PersonId]) -> Found | None:
        """Return who of these has sockets in another process that lives, or may live."""
        people = list(persons)
        try:
            told = await self._asker.ask(*(("SMEMBERS", self._person(p)) for p in people))
            others = sorted({bytes(p).decode() for some in told for p in some} - {self._me})
            asked = [("PTTL", self._process(p)) for p in others]
            mine = [("EXISTS", mark) for mark in self._said_at]
            found = await self._asker.ask(*asked, *mine)
        except AwayError:
            return None
        left = found[: len(others)]
        if not all(found[len(others) :]) or asyncio.get_running_loop().time() < self._all_back:
            return None  # Redis has forgotten us, and everybody else, or may have
        fresh = 1000 * (self._missed - self._lives)
        lapses = {name.encode(): int(left) for name, left in zip(others, left, strict=True)}
        living = {name for name, left in lapses.items() if left > fresh}
        silent = {name for name, left in lapses.items() if 0 <= left <= fresh}
        there = {p for p, some in zip(people, told, strict=True) if living & set(some)}
        unsure = {p for p, some in zip(people, told, strict=True) if silent & set(some)}
        return Found(there, unsure - there)

    async def run(self) -> None:
        """Beat until cancelled; then be gone at once.

        When something could not be said, or Redis has forgotten us, we begin anew under another
        name: what it still holds under the old one, of people who left meanwhile, counts no more.
        """
        said = 0.0
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    marks = self._marks()
                    found = await self._asker.ask(*(("EXISTS", mark) for mark in marks))
                    missed = not (self._knows and all(found))
                    if missed:
                        self._former += marks
                        self._me = secrets.token_hex(8)
                        self._knows = True  # until something cannot be said
                    lapse = round(1000 * self._missed)
                    await self._asker.ask(*(("SET", m, "1", "PX", lapse) for m in self._marks()))
                    forgot = self._said_at and not all(found)
                    if forgot or self._all_back == math.inf:  # the others notice with a beat
                        self._all_back = loop.time() + self._lives / 3 + BEAT_SLACK
                    self._said_at = self._marks()
                    if missed or loop.time() - said > SAID_AGAIN:
                        persons = list(self._here())
                        await self.came(persons)
                        said = loop.time()
                        if missed and self._knows:
                            self._said(persons)
                    await self._asker.ask(*(("DEL", mark) for mark in self._former))
                    self._former = []
                except AwayError:
                    self._knows = False
                    if not self._said_at:  # whether it forgets the others we cannot tell
                        self._all_back = math.inf
                await asyncio.sleep(min(self._lives / 3, math.inf if self._knows else 1.0))
        finally:
            with contextlib.suppress(AwayError):
                await self._asker.ask(*(("DEL", m) for m in (*self._former, *self._marks())))

    def _person(self, person: PersonId) -> str:
        return f"{self._prefix}:at:{{{person}}}"

    def _marks(self) -> list[str]:
        """Return a key of this process at each node, one of them being `_process`'s.

        Where it is gone, the node has forgotten people too.
        """
        nodes, prefix = self._asker.nodes, f"{self._prefix}:process"
        return [nodes.named_at(node, prefix, self._me) for node in nodes.all]

    def _process(self, name: str) -> str:
        return f"{self._prefix}:process:{{{name}}}"
