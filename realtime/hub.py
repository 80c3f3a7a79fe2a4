"""Who is here: people, their sockets, and the orders that the sockets follow.

The hub turns what the bus says into marks on sessions: "order X is at 17", "somebody types".
It never waits for a socket and keeps no entries: a session that is marked reads for itself, at
the speed of its browser.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from orders import access, inbox, views
from orders.database import Announcement, Database
from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId, PersonId
from realtime import telemetry
from realtime.attendance import Attendance
from realtime.bus import (
    AccessChanged,
    Bus,
    MarkMoved,
    MediaChanged,
    PartiesParted,
    PersonMoved,
    PersonTypes,
    PresenceHidden,
    Signal,
)
from realtime.limits import Limits
from realtime.protocol import (
    CallSignal,
    Close,
    Inbox,
    Marks,
    Move,
    Ping,
    PreferencesSet,
    Presence,
    PresenceFrame,
    ReadMark,
    TypingFrame,
)
from realtime.pump import Follow
from realtime.session import Session
from realtime.standing import Standing
from realtime.tails import Tails
from realtime.veil import Veil

log = structlog.get_logger(__name__)

T = TypeVar("T")

HEADS_AT_ONCE = 500
"""Orders whose heads are asked for in one statement."""
PINGS_AT_ONCE = 16
"""Sockets that are pinged without a pause. All answer, and messages would have to wait for that."""
PING_PAUSE = 0.01
"""Seconds of the pause, if there are not too many sockets for it."""


class Hub:
    """The sockets of this process. One per process."""

    def __init__(
        self,
        database: Database,
        tails: Tails,
        bus: Bus,
        limits: Limits,
    ) -> None:
        """Listen to the bus."""
        self._database = database
        self._tails = tails
        self._bus = bus
        self._limits = limits
        self._sessions: dict[PersonId, list[Session]] = {}
        self._followers: dict[OrderId, set[Session]] = {}
        self._rooms: dict[PersonId, set[OrderId]] = {}  # followed here, by member
        self._members: dict[OrderId, tuple[PersonId, ...]] = {}  # of the followed orders
        self._listed: dict[OrderId, set[Session]] = {}  # who has the order in the inbox
        self._heads: dict[OrderId, int] = {}  # of the listed orders, as far as we have heard
        self.attendance = Attendance(
            database,
            bus,
            limits,
            here=self._sessions.keys,
            in_rooms=self._rooms.keys,
            tell=self._tell_presence,
            start=self._start,
        )
        """Who is online."""
        self.veil = Veil()
        """Who does not see whom here."""
        self.standing = Standing(
            database,
            remembers=2 * limits.hello_within,
            mine=self._mine,
            lose=self.lose,
            regain=self.regain,
            start=self._start,
            later=self._look_later,
        )
        """Who of them may see what."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._pings = 0
        self._gap = asyncio.Event()  # hints may have been missed
        bus.subscribe(self._hints, self._signal, self._gap.set)

    # --- sockets -----------------------------------------------------------------------------

    @property
    def hears_others(self) -> bool:
        """Whether what other processes say is heard at once."""
        return self._bus.is_whole

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return sum(map(len, self._sessions.values()))

    def arrive(self, session: Session, inbox: Mapping[OrderId, int]) -> None:
        """Take in a session whose hello was good; `inbox` are its orders and their heads."""
        person = session.person
        session.left = self.leave
        mine = self._sessions.setdefault(person, [])
        mine.append(session)
        for order, head in inbox.items():
            self._list(session, order)
            if self._heads.setdefault(order, head) > head:
                session.changed(order)  # it grew while the inbox was read
        first = len(mine) == 1
        if first:
            self._bus.attend(person)
        self.standing.repeat(person)
        if len(mine) > self._limits.sockets_per_person:
            mine[0].end(Close.TOO_MANY)
        self.attendance.came(person, first=first)

    def leave(self, session: Session) -> None:
        """Let go of a session. Doing it twice is harmless."""
        for order in session.typing:
            self._bus.publish_signal(PersonTypes(order, session.person, on=False))
        session.typing.clear()
        for order in list(session.listens):
            self.unfollow(session, order)
        for order in list(session.listed):
            self._unlist(session, order)
        mine = self._sessions.get(session.person, [])
        if session not in mine:
            return
        mine.remove(session)
        if mine:
            return
        del self._sessions[session.person]
        self._bus.ignore(session.person)
        self.attendance.left(session.person)

    def _tell_presence(self, presence: Presence) -> None:
        person = presence.person
        for order in self._rooms.get(person, ()):
            self._tell_in(order, presence)

    def _tell_in(self, order: OrderId, presence: Presence) -> None:
        """Tell who follows the order of one member, as far as they may see each other."""
        person = presence.person
        for session in self._others(order, person):
            shown = presence
            if self.veil.between(order, person, session.person):
                shown = Presence(person, online=False, hidden=True)
            session.signal(("presence", order, person), PresenceFrame(order, shown))

    def _unveil(self, order: OrderId) -> None:
        """Tell everybody who follows the order of everybody: who sees whom has changed."""
        for member in self._members.get(order, ()):
            self._tell_in(order, self.attendance.presence(member, None))

    # --- orders ------------------------------------------------------------------------------

    def follow(self, session: Session, order: OrderId) -> None:
        """Begin to listen to the order for the session; it is told of nothing before `show`."""
        session.listens.add(order)
        if order not in self._followers:
            self._followers[order] = set()
            self._tails.keep(order)
            self._bus.attend(order)
        self._followers[order].add(session)

    def show(self, session: Session, place: Follow, members: Sequence[PersonId]) -> None:
        """Tell the session from `place` on; its person is one of the `members`."""
        order = place.order
        if session not in self._followers.get(order, ()):
            return  # it left, or stopped following, while the members were looked up
        session.follows[order] = place
        session.pump.moved(order)
        self._members[order] = tuple(members)
        for member in members:
            if member not in self._rooms:
                self._rooms[member] = set()
                self._bus.attend(member)
            self._rooms[member].add(order)

    def unfollow(self, session: Session, order: OrderId) -> None:
        """Undo `follow`; harmless if the session does not follow the order."""
        session.follows.pop(order, None)
        session.listens.discard(order)
        followers = self._followers.get(order)
        if followers is None:
            return
        followers.discard(session)
        if followers:
            return
        del self._followers[order]
        self._tails.drop(order)
        self.veil.forget(order)
        self._bus.ignore(order)
        for member in self._members.pop(order, ()):
            rooms = self._rooms.get(member, set())
            rooms.discard(order)
            if not rooms and self._rooms.pop(member, None) is not None:
                self._bus.ignore(member)

    # --- what the bus says -------------------------------------------------------------------

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Tell all processes what was committed. Given to `Database.on_commit`."""
        self._bus.publish_hint(announcements)

    def signal(self, signal: Signal) -> None:
        """Tell all processes what nobody has to remember."""
        self._bus.publish_signal(signal)

    def _hints(self, announcements: Sequence[Announcement]) -> None:
        for news in announcements:
            self._tails.add(news)
            for session in self._followers.get(news.order, ()):
                session.hint(news.order, news.upto, situation=news.situation)
            if news.after == 0:
                self._start(self._list_new(news.order))
            if news.order in self._listed:
                self._heads[news.order] = max(news.upto, self._heads.get(news.order, 0))
            for session in self._listed.get(news.order, ()):
                # who has the order on the screen sees the message itself
                if news.situation or news.order not in session.follows:
                    session.changed(news.order)

    async def _list_new(self, order: OrderId) -> None:
        """Put a new order into the inboxes of those of its members who are here."""
        async with self._database.reading() as conn:
            try:
                parties = (await views.room(conn, order)).parties
            except OrderUnknown:
                return
        for party in parties:
            for session in self._sessions.get(party.person, ()):
                self._list(session, order)
                session.changed(order)

    def _list(self, session: Session, order: OrderId) -> None:
        if session.identity.reaches(order):
            if order not in self._listed:
                self._listed[order] = set()
                self._bus.attend(order)
            self._listed[order].add(session)
            session.listed.add(order)

    def _signal(self, signal: Signal) -> None:
        match signal:
            case AccessChanged(order, person, allowed):
                self.standing.decided(order, person, allowed=allowed)
            case PersonMoved(person, online, last_seen):
                self.attendance.moved(person, last_seen, online=online)
            case PresenceHidden(person, on):
                self.veil.hide(person, on=on)
                for session in self._sessions.get(person, ()):
                    session.signal(("preferences",), PreferencesSet(on))
                for order in self._rooms.get(person, ()):
                    self._unveil(order)
            case PartiesParted(order, apart):
                self.veil.part(order, apart=apart)
                self._unveil(order)
            case PersonTypes(order, person, on):
                for session in self._others(order, person):
                    if self.veil.between(order, person, session.person):
                        continue
                    session.signal(("typing", order, person), TypingFrame(order, person, on))
            case MarkMoved(order, person, read, delivered):
                frame = Marks(order, (ReadMark(person, read, delivered),))
                for session in self._showing(order):
                    session.signal(("mark", order, person), frame)
                for session in self._sessions.get(person, ()):
                    session.changed(order)
            case MediaChanged(order, call, person, media):
                for session in self._showing(order):
                    session.signal(
                        ("media", order, person, _ASPECTS.get(media, "line")),
                        CallSignal(order, call, person, media),
                    )

    def lose(self, session: Session, order: OrderId) -> None:
        """Tell the session nothing of the order any more, not even that something happens.

        The last it hears is that the order's line in the inbox has gone.
        """
        if order in session.listed:
            session.signal(("gone", order), Inbox((), (order,)))
        self.unfollow(session, order)
        self._unlist(session, order)

    def regain(self, session: Session, order: OrderId) -> None:
        """List the order in the session's inbox; its person is a member of it."""
        self._list(session, order)
        session.changed(order)

    def _unlist(self, session: Session, order: OrderId) -> None:
        session.listed.discard(order)
        session.pump.inbox.discard(order)
        listed = self._listed.get(order, set())
        listed.discard(session)
        if not listed and self._listed.pop(order, None) is not None:
            self._heads.pop(order, None)
            self._bus.ignore(order)

    def _others(self, order: OrderId, person: PersonId) -> Iterator[Session]:
        return (session for session in self._showing(order) if session.person != person)

    def _showing(self, order: OrderId) -> Iterator[Session]:
        followers = self._followers.get(order, ())
        return (session for session in followers if order in session.follows)

    # --- time --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ping, and look after the sockets, until cancelled."""
        loop = asyncio.get_running_loop()
        next_ping = loop.time() + self._limits.ping_every
        next_look = loop.time()
        next_around = loop.time() + self._limits.presence_every
        tick = min(self._limits.watch_every, self._limits.ping_every)
        while True:
            missed = await self._missed(tick)
            for session in list(self._every()):
                session.judge(loop.time())
            try:
                unheard = not self._bus.is_whole or self._bus.misses_somebody
                if missed or (unheard and loop.time() >= next_look):
                    next_look = loop.time() + self._limits.look_every
                    await self.catch_up()
                if missed:  # perhaps also that somebody came
                    await self.attendance.look_for(list(self._rooms))
                self.attendance.listen()
                if loop.time() >= next_around or self.attendance.should_look:
                    next_around = loop.time() + self._limits.presence_every
                    await self.attendance.look_around()
                if loop.time() >= next_ping:
                    next_ping = loop.time() + self._limits.ping_every
                    self._start(self.ping())
            except Exception:
                log.exception("a ping failed")

    async def _missed(self, within: float) -> bool:
        """Wait for so long, or until hints may have been missed; return whether they may."""
        try:
            async with asyncio.timeout(within):
                await self._gap.wait()
        except TimeoutError:
            return False
        self._gap.clear()
        return True

    async def catch_up(self) -> None:
        """Ask the database how far the orders of this process go: hints may have been missed.

        If it cannot be reached, it is asked again after a moment.
        """
        shown = list(self._followers)
        listed = [order for order in self._listed if order not in self._followers]
        asked = time.monotonic()
        try:
            async with self._database.reading() as conn:
                for some in _portions(shown):
                    for order, head in (await inbox.heads(conn, some)).items():
                        self._goes_to(order, head)
                for some in _portions(listed):
                    for order, head in (await inbox.heads(conn, some)).items():
                        self._lists_to(order, head)
                for people_here in _portions(list(self._sessions)):
                    self.standing.read(await access.barred(conn, people_here), asked)
        except Unavailable:
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(self._limits.look_every, self._gap.set)

    def _goes_to(self, order: OrderId, head: int) -> None:
        """Pass on how far an order on somebody's screen goes; what is new may be a step."""
        self._tails.reached(order, head)
        for session in self._followers.get(order, ()):
            follow = session.follows.get(order)
            if follow is not None and follow.head < head:
                telemetry.HINTS_MISSED.inc()
                session.hint(order, head, situation=True)
                session.changed(order)

    def _lists_to(self, order: OrderId, head: int) -> None:
        if order in self._listed and self._heads.get(order, head) < head:
            for session in self._listed[order]:
                session.changed(order)
        if order in self._listed:
            self._heads[order] = head

    async def ping(self) -> None:
        """Send every socket a sign of life with the heads and due times of its orders.

        Read for all orders of this process at once, so a hint that was lost costs one period.
        Without a database the ping goes out without them. The sockets are pinged a few at a time,
        all of them within `limits.ping_within`.
        """
        self._pings += 1
        heads: dict[OrderId, int] = {}
        dues: dict[OrderId, datetime] = {}
        try:
            now = await self._database.now()
            async with self._database.reading() as conn:
                for some in _portions(list(self._followers)):
                    heads |= await inbox.heads(conn, some)
                    dues |= await inbox.dues(conn, some)
        except Unavailable:
            now = datetime.now(UTC)
        for order, head in heads.items():
            self._goes_to(order, head)
        sessions = list(self._every())
        pause = self._limits.ping_within * PINGS_AT_ONCE / max(len(sessions), 1)
        for place, session in enumerate(sessions):
            if place and place % PINGS_AT_ONCE == 0:
                await asyncio.sleep(min(pause, PING_PAUSE))
            mine = {str(order): heads[order] for order in session.follows if order in heads}
            running = {str(order): dues[order] for order in session.follows if order in dues}
            session.signal(("ping",), Ping(self._pings, now, mine, running))

    async def drain(self) -> None:
        """Send all sockets elsewhere, one after the other over `limits.drain` seconds.

        Each is told when its moment comes and comes back by itself; whoever has not left a
        moment later is closed. Nothing is lost: a socket's place is where its browser stands.
        """
        self.attendance.leaving_for_good = True
        loop = asyncio.get_running_loop()
        began = loop.time()
        leaving = list(self._every())
        random.shuffle(leaving)
        moments: list[float] = []
        for place, session in enumerate(leaving):
            moment = (place + random.random()) / len(leaving) * self._limits.drain  # noqa: S311
            moments.append(moment)
            session.signal(("move",), Move(round(moment, 3)))
        for moment, session in zip(moments, leaving, strict=True):
            if session.pump.closing is not None or session not in self._mine(session.person):
                continue
            late = began + moment + self._limits.move_patience - loop.time()
            if late > 0:
                await asyncio.sleep(late)
            session.end(Close.RESTART)
        for session in list(self._every()):  # those that were being welcomed meanwhile
            session.end(Close.RESTART)
        writing = [each.pump.slowly for each in leaving if each.pump.slowly is not None]
        if writing:
            await asyncio.wait(writing, timeout=self._limits.close_patience)

    def _mine(self, person: PersonId) -> Sequence[Session]:
        return self._sessions.get(person, ())

    async def close(self) -> None:
        """Write down who was last seen when, and wait for what was begun."""
        self.attendance.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._limits.stop_within)

    def _every(self) -> Iterator[Session]:
        return (session for mine in self._sessions.values() for session in mine)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _portions(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_of_them), HEADS_AT_ONCE):
        yield all_of_them[start : start + HEADS_AT_ONCE]


async def _quietly(work: Coroutine[None, None, None]) -> None:
    """Do what nobody waits for. What fails is logged; a hint or the next visit repairs it."""
    try:
        await work
    except Unavailable:
        log.warning("the hub could not reach the database")
    except Exception:
        log.exception("the hub failed at something")


_ASPECTS = {
    "muted": "gate",
    "unmuted": "gate",
    "held": "hold",
    "resumed": "hold",
    "quality_bad": "quality",
    "quality_good": "quality",
    "one_way": "sound",
    "silent_microphone": "sound",
    "heard": "sound",
}
"""What a media state is about: the newest replaces an older one about the same, and no other."""
