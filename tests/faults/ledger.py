"""The ledger: what people were told was kept, held against what is kept.

A writer insists on each message under one id until it is acknowledged, as a browser does, and
notes the answer. At the end the order's timeline must hold exactly the acknowledged messages,
once each and where the answer said (laws 1 and 4), dense and in order with an unbroken chain
(law 2), and every screen must show it without a reload (law 3).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import httpx2
from websockets.exceptions import WebSocketException

from orders.database import Database
from orders.events import Entry, MessageSent, OrderId, PersonId
from realtime.auth import Tokens
from realtime.limits import Limits
from realtime.settings import Secret
from tests.harness import TOKEN_SECRET, Server, TestOrder
from tests.orders.world import entries_of, verified
from tests.socket_browser import Browser, HarnessError

AWAY = (OSError, HarnessError, WebSocketException, httpx2.TransportError, TimeoutError)
"""What a browser meets while its server, or the way to it, is broken."""
TRIES = 6.0
"""Seconds until a writer takes its line for dead and opens another."""

_tokens = Tokens(Secret(TOKEN_SECRET), Limits())


def token_of(person: str) -> str:
    """A party token, as the marketplace's backend would mint it."""
    return _tokens.mint(PersonId(person)).token


@dataclass
class Writer:
    """A person who writes and never gives a message up, on whichever process answers."""

    servers: Sequence[Server]
    order: str
    person: str
    chance: random.Random
    kept: dict[str, int] = field(default_factory=dict)
    """What was acknowledged: client id -> seq."""
    contradicted: int = 0
    """Repeats that were answered otherwise than the first time."""
    tries: int = 0
    _welcomed: bool = False

    def __post_init__(self) -> None:
        self.browser = Browser(self.servers[0], self.person)
        self._door = asyncio.Lock()

    async def write(self, enough: asyncio.Event, pause: float) -> None:
        """Write until told that it is enough; what was begun is finished."""
        while not enough.is_set():
            client_id = f"{len(self.kept)}"
            self.note(client_id, await self.insist(client_id))
            if self.chance.random() < 0.05:  # a repeat of something old
                old = self.chance.choice(list(self.kept))
                self.note(old, await self.insist(old))
            await asyncio.sleep(self.chance.uniform(0, 2 * pause))

    async def race(self, client_id: str) -> None:
        """Send one message on two processes at the same time."""
        elsewhere = [each for each in self.servers if each is not self.browser.server]
        other = Browser(self.chance.choice(elsewhere or self.servers), self.person)
        try:
            async with asyncio.timeout(TRIES):
                await other.open(token_of(self.person))
                racing = asyncio.create_task(self.insist(client_id))
                try:
                    done = await other.say(self.order, self.text(client_id), id=client_id)
                finally:
                    seq = await asyncio.shield(racing)
                self.note(client_id, seq)
                self.note(client_id, done["seq"])
        except AWAY:
            self.note(client_id, await self.insist(client_id))
        finally:
            await _let_go(other)

    async def speak(self, browser: Browser, client_id: str) -> None:
        """Say one message on some other line of this person, and wait for no answer."""
        await browser.send(
            t="message.send", order=self.order, id=client_id, text=self.text(client_id)
        )

    async def converge(self, seq: int) -> None:
        """Have the whole order on the screen, without ever forgetting what was there."""
        while True:
            try:
                await self._here()
                async with asyncio.timeout(45):
                    await self.browser.reaches(self.order, seq)
            except AWAY:
                await self._lose()
            else:
                return

    async def leave(self) -> None:
        """Close the line."""
        await _let_go(self.browser)

    def text(self, client_id: str) -> str:
        """Return what the message says."""
        return f"{self.person} says {client_id}"

    def note(self, client_id: str, seq: int) -> None:
        """Remember what was answered; another answer to the same message is a contradiction."""
        if self.kept.setdefault(client_id, seq) != seq:
            self.contradicted += 1

    async def insist(self, client_id: str) -> int:
        """Send a message until it is acknowledged; return where it stands."""
        while True:
            self.tries += 1
            try:
                await self._here()
                async with asyncio.timeout(TRIES):
                    done = await self.browser.say(self.order, self.text(client_id), id=client_id)
                return int(done["seq"])
            except AWAY:
                if self.browser.close_code is not None or self.chance.random() < 0.5:
                    await self._lose()
                await asyncio.sleep(self.chance.uniform(0.05, 0.5))

    async def _here(self) -> None:
        """Have an open line that follows the order from where this screen stood."""
        async with self._door:
            if self._welcomed and self.browser.close_code is None:
                return
            self._welcomed = False
            await _let_go(self.browser)
            self.browser.frames.clear()
            self.browser.server = self.chance.choice(self.servers)
            async with asyncio.timeout(TRIES):
                await self.browser.open(token_of(self.person))
                await self.browser.subscribe(self.order)
            self._welcomed = True

    async def _lose(self) -> None:
        async with self._door:
            self._welcomed = False
            await _let_go(self.browser)


class RuleBrokenError(Exception):
    """A frame broke a rule of the protocol: nothing that trying again could mend."""


async def _let_go(browser: Browser) -> None:
    """Drop the line without waiting for the other side, which may be stopped."""
    try:
        await browser.cut()
    except HarnessError as error:
        raise RuleBrokenError(f"{browser.person}: {error}") from error


@dataclass
class Findings:
    """What the ledger says in the end. All but the first two should be zero."""

    acknowledged: int = 0
    repeats: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    contradicted: int = 0
    unshown: int = 0
    """Screens that do not show what is stored."""
    strangers: int = 0
    """Stored messages that nobody was told of, though everybody insisted."""
    ended: int = 0
    """Processes of which a part ended by itself, so that they have to be started again."""

    @property
    def broken(self) -> int:
        return (
            self.lost
            + self.doubled
            + self.disordered
            + self.contradicted
            + self.unshown
            + self.strangers
            + self.ended
        )


async def audit(
    database: Database, rooms: Sequence[TestOrder], writers: Sequence[Writer], foreign: set[str]
) -> Findings:
    """Hold the timelines against what the writers were told.

    `foreign` are client ids written past the servers; they count as known.
    """
    found = Findings()
    for room in rooms:
        order = OrderId(room.id)
        told = await entries_of(database, order)
        found.disordered += await _disordered(database, order, told)
        stored = Counter(
            (entry.actor, entry.client_id) for entry in told if isinstance(entry.event, MessageSent)
        )
        places = {
            (entry.actor, entry.client_id): entry.seq
            for entry in told
            if isinstance(entry.event, MessageSent)
        }
        found.doubled += sum(number - 1 for number in stored.values())
        mine = [writer for writer in writers if writer.order == room.id]
        for writer in mine:
            found.acknowledged += len(writer.kept)
            found.repeats += writer.tries - len(writer.kept)
            found.contradicted += writer.contradicted
            for client_id, seq in writer.kept.items():
                found.lost += places.pop((PersonId(writer.person), client_id), None) != seq
        found.strangers += sum(client_id not in foreign for _, client_id in places)
        head = told[-1].seq
        await asyncio.gather(*(writer.converge(head) for writer in mine))
        found.unshown += sum(not _shows(writer, told) for writer in mine)
    return found


async def _disordered(database: Database, order: OrderId, told: Sequence[Entry]) -> int:
    try:
        length = await verified(database, order)
    except ValueError:
        return 1
    dense = [entry.seq for entry in told] == list(range(1, length + 1))
    forward = all(a.at <= b.at for a, b in pairwise(told))
    return int(not (dense and forward))


def _shows(writer: Writer, told: Sequence[Entry]) -> bool:
    known = writer.browser.orders[writer.order]
    first = min(known.entries)  # a screen begins with the newest page
    wanted = [entry for entry in told if entry.seq >= first]
    texts = [entry.event.text for entry in wanted if isinstance(entry.event, MessageSent)]
    return (
        sorted(known.entries) == [entry.seq for entry in wanted]
        and writer.browser.texts(writer.order) == texts
        and known.resets <= 1
    )
