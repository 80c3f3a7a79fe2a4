"""Who is here: people and their sockets, and what they are told.

The hub turns what the bus says into marks on sessions: "order X is at 17", "somebody types".
It never waits for a socket and keeps no entries: a session that is marked reads for itself, at
the speed of its browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial

import structlog

from orders import views
from orders.database import Announcement, Database
from orders.errors import OrderUnknown, Unavailable
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks
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
from realtime.followers import Followers
from realtime.limits import Limits
from realtime.meanwhile import Meanwhile
from realtime.protocol import (
    CallSignal,
    Close,
    Inbox,
    Marks,
    Move,
    PreferencesSet,
    Presence,
    PresenceFrame,
    ReadMark,
    TypingFrame,
)
from realtime.session import Session
from realtime.standing import Standing
from realtime.tails import Tails
from realtime.veil import Veil

log = structlog.get_logger(__name__)


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
        self.veil = Veil()
        """Who does not see whom here."""
        self.followers = Followers(bus, tails, self.veil)
        """Who is told of which order."""
        self.attendance = Attendance(
            database,
            bus,
            limits,
            here=self._sessions.keys,
            in_rooms=self.followers.rooms.keys,
            tell=self._tell_presence,
            start=self.start,
        )
        """Who is online."""
        self.standing = Standing(
            database,
            remembers=2 * limits.hello_within,
            mine=self._mine,
            lose=self.lose,
            regain=self.regain,
            insist=self.insist,
        )
        """Who of them may see what."""
        self.meanwhile = Meanwhile(2 * limits.hello_within)
        """What was said while somebody was being told of something else."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        bus.subscribe(self._hints, self._signal, lambda: None)

    # --- sockets -----------------------------------------------------------------------------

    @property
    def hears_others(self) -> bool:
        """Whether what other processes say is heard at once."""
        return self._bus.is_whole

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return sum(map(len, self._sessions.values()))

    @property
    def persons(self) -> Sequence[PersonId]:
        """Who has a socket open."""
        return list(self._sessions)

    def every(self) -> Iterator[Session]:
        """All sessions; take a copy to wait in between."""
        return (session for mine in self._sessions.values() for session in mine)

    def arrive(self, session: Session, inbox: Mapping[OrderId, int], asked: float) -> None:
        """Take in a session whose hello was good.

        `inbox` are its orders and their heads, asked for at `asked` (`time.monotonic`).
        """
        person = session.person
        session.left = self.leave
        mine = self._sessions.setdefault(person, [])
        mine.append(session)
        for order, head in inbox.items():
            self.followers.enlist(session, order)
            if self.followers.heads.setdefault(order, head) > head:
                session.changed(order)  # it grew while the inbox was read
        for order in self.meanwhile.since(asked, person, inbox):
            session.changed(order)
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
        for order in session.listens | session.listed:
            self.followers.lose(session, order)
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
        for order in self.followers.rooms.get(person, ()):
            self._tell_in(order, presence)

    def _tell_in(self, order: OrderId, presence: Presence) -> None:
        """Tell who follows the order of one member, as far as they may see each other."""
        person = presence.person
        for session in self.followers.others(order, person):
            shown = presence
            if self.veil.between(order, person, session.person):
                shown = Presence(person, online=False, hidden=True)
            session.signal(("presence", order, person), PresenceFrame(order, shown))

    def _unveil(self, order: OrderId) -> None:
        """Tell everybody who follows the order of everybody: who sees whom has changed."""
        for member in self.followers.members(order):
            self._tell_in(order, self.attendance.presence(member, None))

    # --- what the bus says -------------------------------------------------------------------

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Tell all processes what was committed. Given to `Database.on_commit`."""
        self._bus.publish_hint(announcements)

    def signal(self, signal: Signal) -> None:
        """Tell all processes what nobody has to remember."""
        self._bus.publish_signal(signal)

    def _hints(self, announcements: Sequence[Announcement]) -> None:
        followers, listed = self.followers.orders, self.followers.listed
        heads = self.followers.heads
        # what came before may have been a step, where others are not heard or only a place is told
        deaf = not self._bus.is_whole or self._bus.misses_somebody
        self.meanwhile.grew(announcements)
        for news in announcements:
            self._tails.add(news)
            for session in followers.get(news.order, ()):
                unheard = (deaf or not news.entries) and session.lacks(news.order, news.after)
                session.hint(news.order, news.upto, situation=news.situation or unheard)
                if unheard:
                    session.changed(news.order)
            if news.after == 0:
                self.insist(partial(self._list_new, news.order))
            elif news.situation and news.order in followers and _brings_somebody(news):
                self.insist(partial(self._meet, news.order))
            if news.order in listed:
                heads[news.order] = max(news.upto, heads.get(news.order, 0))
            for session in listed.get(news.order, ()):
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
        self.standing.opened(order, [party.person for party in parties])
        for party in parties:
            for session in self._sessions.get(party.person, ()):
                self.followers.enlist(session, order)
                session.changed(order)

    async def _meet(self, order: OrderId) -> None:
        """Show those who have the order on the screen whether its new members are here."""
        if order not in self.followers.orders:
            return
        async with self._database.reading() as conn:
            try:
                room = await views.room(conn, order)
            except OrderUnknown:
                return
        known = self.followers.members(order)
        new = [party for party in room.parties if party.person not in known]
        self.veil.learn(room)
        for party in new:
            self.followers.admit(order, party.person)
        await self.attendance.look_for([party.person for party in new])
        for party in new:
            self._tell_in(order, self.attendance.presence(party.person, party.last_seen))

    def _signal(self, signal: Signal) -> None:
        match signal:
            case AccessChanged(order, person, allowed):
                self.standing.decided(order, person, allowed=allowed)
                if allowed and person not in self.followers.members(order):
                    self.insist(partial(self._meet, order))
            case PersonMoved(person, online, last_seen):
                self.attendance.moved(person, last_seen, online=online)
            case PresenceHidden(person, on):
                self.veil.hide(person, on=on)
                for session in self._sessions.get(person, ()):
                    session.signal(("preferences",), PreferencesSet(on))
                for order in self.followers.rooms.get(person, ()):
                    self._unveil(order)
            case PartiesParted(order, apart):
                self.veil.part(order, apart=apart)
                self._unveil(order)
            case PersonTypes(order, person, on):
                for session in self.followers.others(order, person):
                    if self.veil.between(order, person, session.person):
                        continue
                    session.signal(("typing", order, person), TypingFrame(order, person, on))
            case MarkMoved(order, person, read, delivered):
                frame = Marks(order, (ReadMark(person, read, delivered),))
                for session in self.followers.showing(order):
                    session.signal(("mark", order, person), frame)
                self.meanwhile.marked(order, person, Watermarks(read, delivered))
                for session in self._sessions.get(person, ()):
                    session.changed(order)
            case MediaChanged(order, call, person, media):
                for session in self.followers.showing(order):
                    session.signal(
                        ("media", order, person, _ASPECTS.get(media, "line")),
                        CallSignal(order, call, person, media),
                    )

    def lose(self, session: Session, order: OrderId) -> None:
        """Tell the session, as the last of the order, that its line in the inbox has gone."""
        if order in session.listed:
            session.signal(("gone", order), Inbox((), (order,)))
        self.followers.lose(session, order)

    def regain(self, session: Session, order: OrderId) -> None:
        """List the order in the session's inbox; its person is a member of it."""
        self.followers.enlist(session, order)
        session.changed(order)

    # --- the end -----------------------------------------------------------------------------

    async def drain(self) -> None:
        """Send all sockets elsewhere, one after the other over `limits.drain` seconds.

        Each is told when its moment comes and comes back by itself; whoever has not left a
        moment later is closed. Nothing is lost: a socket's place is where its browser stands.
        """
        self.attendance.leaving_for_good = True
        loop = asyncio.get_running_loop()
        began = loop.time()
        leaving = list(self.every())
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
        for session in list(self.every()):  # those that were being welcomed meanwhile
            session.end(Close.RESTART)
        writing = [each.pump.slowly for each in leaving if each.pump.slowly is not None]
        if writing:
            await asyncio.wait(writing, timeout=self._limits.close_patience)

    def _mine(self, person: PersonId) -> Sequence[Session]:
        return self._sessions.get(person, ())

    async def close(self) -> None:
        """Write down who was last seen when, and wait for what was begun."""
        self.attendance.close()
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._limits.stop_within)

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin what nobody waits for; `close` does."""
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def insist(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begin what nobody waits for, once more whenever the database was away."""
        self.start(self._until_done(work))

    async def _until_done(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        while not self._closing.is_set():
            try:
                return await work()
            except Unavailable:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.look_every):
                        await self._closing.wait()
        return None


def _brings_somebody(news: Announcement) -> bool:
    """Whether a mediator may have joined; what is told without its entries may be anything."""
    return not news.entries or any(b'"mediator_joined"' in entry for entry in news.entries)


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
