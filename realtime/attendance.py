"""Who is online: here, a moment ago, or in another process, as far as one can know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orders import people
from orders.database import Database
from orders.events import PersonId
from realtime.bus import Bus, PersonMoved
from realtime.limits import Limits
from realtime.protocol import Presence
from realtime.whereabouts import OnlyHere, Whereabouts


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
    _leaving: dict[PersonId, asyncio.TimerHandle] = field(default_factory=dict)
    _last_seen: dict[PersonId, datetime] = field(default_factory=dict)
    _elsewhere: dict[PersonId, bool | None] = field(default_factory=dict)
    """As last heard; None: not known."""
    _knew: bool = True
    """Whether the bus was whole when we last looked."""

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
        if self.is_online(person):
            if not online:
                return  # gone from another process, and here
        else:
            self._elsewhere[person] = online
            if last_seen is not None:
                self._last_seen[person] = last_seen
        self.tell(Presence(person, online, last_seen))

    @property
    def persons(self) -> Iterable[PersonId]:
        """Who has a socket here, or had one a moment ago."""
        return {*self.here(), *self._leaving}

    def is_online(self, person: PersonId) -> bool:
        """Whether the person has a socket here, or had one a moment ago."""
        return person in self.here() or person in self._leaving

    def presence(self, person: PersonId, last_seen: datetime | None) -> Presence:
        """Return whether the person is online, or when they were; `last_seen` is stored.

        Of other processes it says what `look_for` found or a signal told since.
        """
        elsewhere = self._elsewhere.get(person, False)
        if self.is_online(person) or elsewhere:
            return Presence(person, online=True)
        seen = [at for at in (last_seen, self._last_seen.get(person)) if at is not None]
        known = elsewhere is not None
        return Presence(person, online=False, last_seen=max(seen, default=None), known=known)

    async def look_for(self, persons: Collection[PersonId]) -> None:
        """Ask who of these is in another process, and tell their rooms what changed."""
        absent = [person for person in persons if not self.is_online(person)]
        found: set[PersonId] | None = None
        if absent and self.bus.is_whole:
            found = await self.whereabouts.elsewhere(absent)
        for person in absent:
            before = self._elsewhere.get(person, False)
            after = None if found is None else person in found
            if before and after is False:
                self._last_seen[person] = datetime.now(UTC)  # their process died
            self._elsewhere[person] = after
            if after is not before:
                self.tell(self.presence(person, None))

    @property
    def is_stale(self) -> bool:
        """Whether it is time to look around: others are heard again, or not any more."""
        return self._knew != self.bus.is_whole

    async def look_around(self) -> None:
        """Find out who vanished with their process; after an outage, look for everybody."""
        rooms = self.in_rooms()
        for person in [person for person in self._elsewhere if person not in rooms]:
            del self._elsewhere[person]
        whole, knew = self.bus.is_whole, self._knew
        self._knew = whole
        if whole != knew:
            await self.look_for(list(rooms))
        elif whole:
            await self.look_for([p for p, there in self._elsewhere.items() if there is not False])

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
        nowhere = await self.whereabouts.left(person)
        if self.is_online(person):
            await self.whereabouts.came([person])
            return
        self._elsewhere[person] = not nowhere
        if nowhere and not self.leaving_for_good:
            self.bus.publish_signal(PersonMoved(person, online=False, last_seen=seen))
        if nowhere:
            await people.saw(self.database, person, seen)
