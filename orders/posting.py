"""Group commit for messages: everything that arrived during the last flush, in one transaction.

While one commit is on its way to the disk, new messages queue; the next transaction takes them
all. An idle server commits one message at once, a busy one some hundreds. Where messages come
faster than commits go, a breath is taken between two of them: a commit costs as much as a dozen
messages, and without it most of them would be of one or two.

Under the orders' locks a batch re-checks membership and the chat's gate and looks up repeats
before a number is given, so a repeat never leaves a hole. An order that is remembered is judged
before and locked with the proof that nothing of it has changed, which is the same in one step.

One bad message must not fail its neighbours: refusals are decided one by one, and if a whole
transaction fails for another reason, its messages go again one at a time.

What belongs to orders held elsewhere is passed over once and then waited for, but only for a
moment: processes that write in the same orders take turns, batch by batch. An order that is held
for long has its messages stand in line by themselves, and nobody waits for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from orders import postgres_lane, sqlite_lane, timeline
from orders.commands import command_digest
from orders.database import Announcement, Database
from orders.disclosure import disclose
from orders.errors import (
    ChatClosed,
    IdReused,
    MessageUnknown,
    OrderUnknown,
    Refused,
    TextEmpty,
    TextTooLong,
    Unavailable,
)
from orders.events import MessageSent, OrderId, PersonId, SecretKind, State
from orders.lanes import Asked, Found, Key, patiently
from orders.locking import LockedOrder
from orders.situation import chat_gate
from orders.timeline import Composed, Draft, Head, Position

T = TypeVar("T")

MAX_BATCH = 512
MAX_QUEUE = 10_000
BREATH = 0.001
"""Seconds between two commits when the first of them stored more than one message. A commit costs
as much as a dozen messages: where many come, waiting a little makes each of them cheaper, and a
core with time to spare is late less often. Longer makes them cheaper still, and all of them late.
"""
TRIES = 3
"""So often what is remembered is proved: each time the heads that others have moved are learned,
and to be late once or twice costs less than the usual way."""
PATIENCE = 2
"""So often a message is passed over because its order is held elsewhere. After the first time all
of its group wait a moment together, after the last it stands in line."""
MANY, PATIENCE_WITH_MANY = 16, 10
"""So many orders are held by another process's group, which is slow; to wait for it together costs
less than a line for each of them."""
CROWDED = 1.0
"""Seconds after one was passed over in which groups wait at once: another process writes in the
same orders, and will be done with them in a moment."""
LINES = 4
"""Orders that are waited for at the same time: each takes a connection away from commands."""


@dataclass(slots=True)
class _Post:
    order: OrderId
    person: PersonId
    client_id: str
    event: MessageSent
    content: bytes
    answer: asyncio.Future[Any]
    told: Callable[[Position], Any]
    """Makes the answer of the place."""
    seen: Collection[SecretKind] = ()
    understood: Collection[SecretKind] = ()
    misses: int = 0


@dataclass(slots=True)
class _Work:
    """One order's share of a batch: what to append, and who waits for which draft."""

    locked: LockedOrder
    drafts: list[Draft] = field(default_factory=list)
    takers: list[list[_Post]] = field(default_factory=list)


@dataclass(slots=True)
class _Outcome:
    """What a batch comes to. True once it is committed, and only then told to anybody."""

    answers: list[tuple[_Post, Position]] = field(default_factory=list)
    refusals: list[tuple[_Post, Refused]] = field(default_factory=list)
    held_elsewhere: list[_Post] = field(default_factory=list)
    stored: int = 0


class PostBox:
    """Takes messages and answers once they are durably stored. One per process."""

    def __init__(
        self, database: Database, stored: Callable[[int], None] = lambda _together: None
    ) -> None:
        """Prepare; `run` does the work. `stored` is told how many a transaction has stored."""
        self._stored = stored
        self._database = database
        self._lane = (sqlite_lane if database.is_sqlite else postgres_lane).open_lane(database)
        self._queue: deque[_Post] = deque()
        self._batch: list[_Post] = []  # what `run` has in hand
        self._lines: dict[OrderId, deque[_Post]] = {}  # for orders held elsewhere
        self._standing: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(LINES)
        self._crowded_until = 0.0
        self._arrived = asyncio.Event()
        self._stopped = False

    async def post(
        self,
        order: OrderId,
        person: PersonId,
        client_id: str,
        text: str,
        seen: Collection[SecretKind] = (),
        understood: Collection[SecretKind] = (),
        reply_to: int | None = None,
    ) -> Position:
        """Do `queue`, and return the message's place in the timeline."""
        return await self.queue(order, person, client_id, text, _itself, seen, understood, reply_to)

    def queue(
        self,
        order: OrderId,
        person: PersonId,
        client_id: str,
        text: str,
        told: Callable[[Position], T],
        seen: Collection[SecretKind] = (),
        understood: Collection[SecretKind] = (),
        reply_to: int | None = None,
    ) -> asyncio.Future[T]:
        """Store a message; once it is committed the future is what `told` makes of its place.

        `seen` is what the text carries, `understood` what its writer was told of; `reply_to` is
        the message or file it answers, which may have been withdrawn meanwhile. Repeat-safe by
        (order, person, client id). Raises, at once or by the future, `TextEmpty`, `TextTooLong`,
        `OrderUnknown`, `MessageUnknown`, `ChatClosed`, `SecretSeen`, `SecretRefused`, `IdReused`,
        or `Unavailable` when the database cannot take it or too much is waiting; nothing was
        stored then.
        """
        if not text.strip():
            raise TextEmpty
        if self._stopped:
            raise Unavailable(reason="stopping")
        if len(self._queue) + sum(map(len, self._lines.values())) >= MAX_QUEUE:
            raise Unavailable(reason="busy")
        event = MessageSent(text, reply_to=reply_to)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        said = (text,) if reply_to is None else (text, reply_to)
        content = command_digest("message.send", *said)
        self._queue.append(
            _Post(order, person, client_id, event, content, answer, told, seen, understood)
        )
        self._arrived.set()
        return answer

    def heard(self, announcements: Sequence[Announcement]) -> None:
        """Learn what was appended, by anybody."""
        self._lane.heard(announcements)

    async def run(self) -> None:
        """Write batches until cancelled; then refuse what is still waiting.

        Whether a message in mid-commit was kept is not known then; asking again is safe.
        """
        try:
            while True:
                await self._arrived.wait()
                size = min(len(self._queue), MAX_BATCH)
                self._batch = [self._queue.popleft() for _ in range(size)]
                if not self._queue:
                    self._arrived.clear()
                await self._write(self._batch)
                if size > 1:
                    await asyncio.sleep(BREATH)
        finally:
            self._stopped = True
            for standing in self._standing:
                standing.cancel()
            for post in (*self._batch, *self._queue, *_all(self._lines)):
                _refuse(post, Unavailable(reason="stopping"))
            self._queue.clear()
            await asyncio.gather(*self._standing, self._lane.close(), return_exceptions=True)

    async def _write(self, batch: Sequence[_Post]) -> None:
        group: list[_Post] = []
        for post in batch:
            if post.answer.done():
                continue
            line = self._lines.get(post.order)
            if line is None:
                group.append(post)
            else:  # behind those of its order that were written before it
                line.append(post)
        held: list[_Post] = []
        try:
            held = [*await self._commit(group)]
        except Refused as refusal:
            for post in group:
                _refuse(post, refusal)
        except Exception:  # noqa: BLE001 - one bad row must not fail its neighbours
            for post in group:
                if any(post.order == before.order for before in held):
                    held.append(post)  # behind the one that was written before it
                else:
                    held += await self._alone(post, self._commit)
        self._pass_over(held)

    async def _commit(self, group: Sequence[_Post]) -> Sequence[_Post]:
        """Store a group in one transaction; return what belongs to orders held elsewhere."""
        for _ in range(TRIES):
            group = await self._commit_remembered(group)
            if not group:
                return ()
        outcome = _Outcome()
        wait = time.monotonic() < self._crowded_until or any(post.misses for post in group)
        with self._database.watch():
            composed = await self._lane.commit(
                _asked(group, wait=wait), lambda found: _judge(group, found, outcome)
            )
        self._tell(outcome)
        self._database.announce(composed.announcements)
        return outcome.held_elsewhere

    async def _commit_remembered(self, group: Sequence[_Post]) -> Sequence[_Post]:
        """Store what belongs to orders that are as we remember them; return the rest of a group."""
        commit = self._lane.commit_remembered
        if not group or commit is None:
            return group
        outcome = _Outcome()
        with self._database.watch():
            composed = await commit(_asked(group), lambda found: _judge(group, found, outcome))
        stored = composed.told
        if not stored:
            return group
        outcome.answers = [one for one in outcome.answers if one[0].order in stored]
        outcome.refusals = []
        outcome.stored = len(composed.entries)
        self._tell(outcome)
        self._database.announce(composed.announcements)
        return [post for post in group if post.order not in stored]

    async def _alone(
        self, post: _Post, commit: Callable[[Sequence[_Post]], Awaitable[Sequence[_Post]]]
    ) -> Sequence[_Post]:
        """Store one message, or tell its sender why not; return it if its order is held."""
        try:
            return await commit([post])
        except Exception as error:  # noqa: BLE001 - its own fault, and nobody else's
            _refuse(post, error)
        return ()

    def _pass_over(self, held: Sequence[_Post]) -> None:
        """Try those whose order is held elsewhere again, or have them stand in line."""
        if held:
            self._crowded_until = time.monotonic() + CROWDED
        # an order's messages stay together, so that none overtakes one written before it
        many = len({post.order for post in held}) >= MANY
        patience = PATIENCE_WITH_MANY if many else PATIENCE
        tired = {post.order for post in held if post.misses >= patience}
        for order in tired:
            self._lines[order] = deque(post for post in held if post.order == order)
            standing = asyncio.create_task(self._stand_in_line(order))
            self._standing.add(standing)
            standing.add_done_callback(self._standing.discard)
        for post in reversed(held):
            if post.order not in tired:
                post.misses += 1
                self._queue.appendleft(post)
                self._arrived.set()

    async def _stand_in_line(self, order: OrderId) -> None:
        """Wait for an order and store its messages, until no more of them come."""
        line = self._lines[order]
        try:
            while line:
                async with self._places:
                    group = [post for post in line if not post.answer.done()][:MAX_BATCH]
                    if group:
                        await self._together(group)
                while line and line[0].answer.done():
                    line.popleft()
        finally:
            del self._lines[order]

    async def _together(self, group: Sequence[_Post]) -> None:
        """Store the messages of an order that is waited for."""
        try:
            await self._patiently(group)
        except Refused as refusal:
            for post in group:
                _refuse(post, refusal)
        except Exception:  # noqa: BLE001 - whichever of them it was
            for post in group:
                await self._alone(post, self._patiently)

    async def _patiently(self, group: Sequence[_Post]) -> Sequence[_Post]:
        outcome = _Outcome()
        await patiently(self._database, _asked(group), lambda found: _judge(group, found, outcome))
        self._tell(outcome)
        return outcome.held_elsewhere

    def _tell(self, outcome: _Outcome) -> None:
        """Answer whoever still waits: it has been committed."""
        self._stored(outcome.stored)
        for post, position in outcome.answers:
            if not post.answer.done():
                post.answer.set_result(post.told(position))
        for post, reason in outcome.refusals:
            _refuse(post, reason)


def _asked(group: Sequence[_Post], *, wait: bool = False) -> Asked:
    return Asked(
        orders=list(dict.fromkeys(post.order for post in group)),
        keys=[Key(post.order, post.person, post.client_id) for post in group],
        quotes=[
            (post.order, post.event.reply_to) for post in group if post.event.reply_to is not None
        ],
        wait=wait,
    )


def _all(lines: dict[OrderId, deque[_Post]]) -> list[_Post]:
    return [post for line in lines.values() for post in line]


def _judge(group: Sequence[_Post], found: Found, outcome: _Outcome) -> Composed:
    """Judge each message under its order's lock, and compose what is to be stored."""
    work: dict[OrderId, _Work] = {}
    doubtful: set[OrderId] = set()
    repeated: dict[OrderId, Head] = {}
    for post in group:
        locked = found.locked.get(post.order)
        if locked is None:
            if post.order in found.unknown:
                outcome.refusals.append((post, OrderUnknown(order=post.order)))
            else:
                outcome.held_elsewhere.append(post)
            continue
        share = work.setdefault(post.order, _Work(locked))
        try:
            position = _admit(share, post, found)
        except Refused as refusal:
            outcome.refusals.append((post, refusal))
            if not found.certain:  # all of the order is looked at again: none overtakes another
                doubtful.add(post.order)
            continue
        if position is not None:
            outcome.answers.append((post, position))
            repeated[post.order] = locked.head
    todo = [share for share in work.values() if share.drafts and share.locked.id not in doubtful]
    outcome.stored = sum(len(share.drafts) for share in todo)
    composed = timeline.compose(
        found.now, found.owed_for, [(w.locked.head, w.locked.owes, w.drafts) for w in todo]
    )
    for share in todo:
        _, told = composed.told[share.locked.id]
        for entry, takers in zip(told, share.takers, strict=True):
            outcome.answers += [(post, Position(entry.seq, entry.at)) for post in takers]
    # a message is repeated by who did not hear that it is stored: nor may anybody else have heard
    composed.announcements.extend(
        timeline.unmoved(head) for order, head in repeated.items() if order not in composed.told
    )
    return composed


def _admit(share: _Work, post: _Post, found: Found) -> Position | None:
    """Judge one message under the lock: the first answer, a refusal, or a place in the batch."""
    share.locked.role_of(post.person)
    earlier = found.repeats.get(Key(post.order, post.person, post.client_id))
    if earlier is not None:
        position, content = earlier
        if content not in {None, post.content}:
            raise IdReused(id=post.client_id)
        return position
    for draft, takers in zip(share.drafts, share.takers, strict=True):
        if draft.client_id == post.client_id and draft.actor == post.person:
            if draft.command_digest != post.content:
                raise IdReused(id=post.client_id)
            takers.append(post)
            return None
    facts = share.locked.facts
    gate = chat_gate(facts)
    if not gate.open:
        raise ChatClosed(state=facts.state, reason=gate.reason)
    if len(post.event.text) > facts.policy.text_max:
        raise TextTooLong(limit=facts.policy.text_max, length=len(post.event.text))
    reply_to = post.event.reply_to
    if reply_to is not None and (post.order, reply_to) not in found.quoted:
        raise MessageUnknown(message=reply_to)
    event = post.event
    if post.seen:
        kept = disclose(facts.policy.screening, post.seen, post.understood)
        event = msgspec.structs.replace(event, seen=kept)
    asked = facts.state is State.QUESTION
    share.drafts.append(Draft(post.person, event, post.client_id, post.content, asked))
    share.takers.append([post])
    return None


def _itself(place: Position) -> Position:
    return place


def _refuse(post: _Post, error: BaseException) -> None:
    if not post.answer.done():
        post.answer.set_exception(error)
