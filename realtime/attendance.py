"""Who is online: here, a moment ago, or in another process, as far as one can know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from orders import people
from orders.database import Database
from orders.events import PersonId
from realtime.bus import Bus, PersonMoved
from realtime.elsewhere import Elsewhere, Question
from realtime.limits import Limits
from realtime.protocol import Presence
from realtime.whereabouts import Found, OnlyHere, Whereabouts

NOTED = timedelta(hours=1)
"""How long it is known here when somebody was last seen who is in no room here: by then it is
stored, and read with the room."""


@dataclass(slots=True)
class Attendance:
    """The people of one process, and those in its rooms. One per hub."""

    database: Database
    bus: Bus
    limits: Limits
    here: Callable[[], Collection[PersonId]]
    """Who has a socket in this process."""
    in_rooms: Callable[[], Collection[PersonId]]
    """The members of the orders that are followed in this process."""
    tell: Callable[[Presence], None]
    """Tells those rooms what changed."""
    start: Callable[[Coroutine[None, None, None]], None]
    """Does what nobody waits for."""
    whereabouts: Whereabouts = field(default_factory=OnlyHere)
    """Who is online in other processes; set before the first socket arrives."""
    leaving_for_good: bool = False
    """The process drains: its people are about to be elsewhere."""
    should_look: bool = False
    """Others are heard again: it is time to look around."""
    _heard: bool = True
    _leaving: dict[PersonId, asyncio.TimerHandle] = field(default_factory=dict)
    _last_seen: dict[PersonId, datetime] = field(default_factory=dict)
    _elsewhere: Elsewhere = field(default_factory=Elsewhere)

    def came(self, person: PersonId, *, first: bool) -> None:
        """Note another socket of the person, perhaps the `first` one here."""
        leaving = self._leaving.pop(person, None)
        if leaving is not None:
            leaving.cancel()
        elif first:
            self.start(self._say_came(person))

    def are_here(self, persons: Iterable[PersonId]) -> None:
        """Tell all processes that these are here: they may have missed it."""
        for person in persons:
            if person in self.here():
                self.bus.publish_signal(PersonMoved(person, online=True))

    def left(self, person: PersonId) -> None:
        """Note that the person's last socket here has closed; a page reload is no departure."""
        grace = 0.0 if self.leaving_for_good else self.limits.presence_grace
        self._leaving[person] = asyncio.get_running_loop().call_later(
            grace, self._gone, person, datetime.now(UTC)
        )

    def close(self) -> None:
        """Let those who are about to be gone be gone now."""
        for person, handle in list(self._leaving.items()):
            handle.cancel()
            self._gone(person, datetime.now(UTC))

    def moved(self, person: PersonId, last_seen: datetime | None, *, online: bool) -> None:
        """Hear from some process that the person came or went there, and tell their rooms."""
        self.listen()
        self._elsewhere.was_said(person, there=online)
        if last_seen is not None:
            self._last_seen[person] = last_seen
        if online or not self.is_online(person):  # otherwise gone from another process, and here
            self.tell(self.presence(person, None))

    def listen(self) -> None:
        """Notice whether others are heard; if not any more, tell the rooms that nobody knows."""
        whole = self.bus.is_whole
        if whole and not self._heard:
            self.should_look = True
        self._heard = whole
        self._tell_of(self._elsewhere.bus_is(whole=whole))

    @property
    def persons(self) -> Iterable[PersonId]:
        """Who has a socket here, or had one a moment ago."""
        return {*self.here(), *self._leaving}

    def is_online(self, person: PersonId) -> bool:
        """Whether the person has a socket here, or had one a moment ago."""
        return person in self.here() or person in self._leaving

    def presence(self, person: PersonId, last_seen: datetime | None) -> Presence:
        """Return whether the person is online, or when they were; `last_seen` is stored.

        Of other processes it says what `look_for` found or a signal told since. Whatever it says
        of somebody in a room, the room is told when that changes.
        """
        self.listen()
        there = self._elsewhere.of(person)
        if self.is_online(person) or there:
            return Presence(person, online=True)
        seen = [at for at in (last_seen, self._last_seen.get(person)) if at is not None]
        known = there is not None
        return Presence(person, online=False, last_seen=max(seen, default=None), known=known)

    async def look_for(self, persons: Collection[PersonId]) -> None:
        """Ask who of these is in another process, and tell their rooms what changed."""
        self.listen()
        absent = [person for person in persons if not self.is_online(person)]
        if not absent or not self.bus.is_whole:
            return
        there = {person for person in absent if self._elsewhere.of(person)}
        question = self._elsewhere.ask(absent)
        found = await self.whereabouts.elsewhere(absent)
        self.listen()
        changed = self._hear(question, found)
        for person in there.intersection(changed):
            if not self._elsewhere.of(person):
                self._last_seen[person] = datetime.now(UTC)  # their process is dead or cut off
        self._tell_of(changed)

    def _hear(self, question: Question, found: Found | None) -> Collection[PersonId]:
        if found is None:
            return self._elsewhere.hear(question, None)
        return self._elsewhere.hear(question, found.there, found.unsure)

    async def look_around(self) -> None:
        """Find out who vanished with their process, and who is here after all."""
        self.should_look = False
        rooms = self.in_rooms()
        self._elsewhere.keep(rooms)
        young = datetime.now(UTC) - NOTED
        self._last_seen = {
            person: seen
            for person, seen in self._last_seen.items()
            if seen > young or person in rooms
        }
        await self.look_for(self._elsewhere.in_doubt(rooms))

    def _tell_of(self, persons: Iterable[PersonId]) -> None:
        for person in persons:
            if not self.is_online(person):
                self.tell(self.presence(person, None))

    def _gone(self, person: PersonId, seen: datetime) -> None:
        self._leaving.pop(person, None)
        self._last_seen[person] = seen
        self.start(self._say_gone(person, seen))

    async def _say_came(self, person: PersonId) -> None:
        # noted before it is told: who hears of it may look at once
        await self.whereabouts.came([person])
        self.bus.publish_signal(PersonMoved(person, online=True))

    async def _say_gone(self, person: PersonId, seen: datetime) -> None:
        """Tell that the person went, unless another process has them, or soon will."""
        self.listen()
        question = self._elsewhere.ask([person])
        there = await self.whereabouts.left(person)
        if self.is_online(person):
            await self.whereabouts.came([person])
            return
        self.listen()
        self._hear(question, None if there is None else Found({person} if there else ()))
        if not self.leaving_for_good:
            if self._elsewhere.of(person) is False:
                self.bus.publish_signal(PersonMoved(person, online=False, last_seen=seen))
            elif not self._elsewhere.of(person):
                self.tell(self.presence(person, None))
        if not there:
            await people.saw(self.database, person, seen)
