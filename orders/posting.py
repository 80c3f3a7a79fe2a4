"""Group commit for messages: everything that arrived during the last flush, in one transaction.

While one commit is on its way to the disk, new messages queue; the next transaction takes them
all. There is no artificial delay: an idle server commits one message at once, a busy one a
hundred. Under the orders' locks it re-checks membership and the chat's gate and looks up
repeats before a number is given, so a repeat never leaves a hole.

One bad message must not fail its neighbours: refusals are decided one by one, and if a whole
transaction fails for another reason, its messages go again one at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import select, tuple_

from orders import timeline
from orders.commands import command_digest
from orders.database import Database, Transaction
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
from orders.locking import LockedOrder, lock, lock_free
from orders.reacting import ANSWERABLE
from orders.situation import chat_gate
from orders.tables import entries, orders
from orders.timeline import Draft, Position

MAX_BATCH = 256
MAX_QUEUE = 10_000
PATIENCE = 3
"""So often a message waits for an order locked elsewhere; then it goes alone and waits in line."""


@dataclass(slots=True)
class _Post:
    order: OrderId
    person: PersonId
    client_id: str
    event: MessageSent
    content: bytes
    answer: asyncio.Future[Position]
    seen: Collection[SecretKind] = ()
    understood: Collection[SecretKind] = ()
    misses: int = 0


@dataclass(slots=True)
class _Work:
    """One order's share of a batch: what to append, and who waits for which draft."""

    locked: LockedOrder
    drafts: list[Draft] = field(default_factory=list)
    takers: list[list[_Post]] = field(default_factory=list)


class PostBox:
    """Takes messages and answers once they are durably stored. One per process."""

    def __init__(
        self, database: Database, stored: Callable[[int], None] = lambda _together: None
    ) -> None:
        """Prepare; `run` does the work. `stored` is told how many a transaction has stored."""
        self._stored = stored
        self._database = database
        self._queue: deque[_Post] = deque()
        self._batch: list[_Post] = []  # what `run` has in hand
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
        """Store a message; returns after the commit, with its place in the timeline.

        `seen` is what the text carries, `understood` what its writer was told of; `reply_to` is
        the message or file it answers, which may have been withdrawn meanwhile. Repeat-safe by
        (order, person, client id). Raises `TextEmpty`, `TextTooLong`, `OrderUnknown`,
        `MessageUnknown`, `ChatClosed`, `SecretSeen`, `SecretRefused`, `IdReused`, or
        `Unavailable` when the database cannot take it or too much is waiting; nothing was stored
        then.
        """
        if not text.strip():
            raise TextEmpty
        if self._stopped:
            raise Unavailable(reason="stopping")
        if len(self._queue) >= MAX_QUEUE:
            raise Unavailable(reason="busy")
        event = MessageSent(text, reply_to=reply_to)
        answer: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        said = (text,) if reply_to is None else (text, reply_to)
        content = command_digest("message.send", *said)
        self._queue.append(
            _Post(order, person, client_id, event, content, answer, seen, understood)
        )
        self._arrived.set()
        return await answer

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
        finally:
            self._stopped = True
            for post in (*self._batch, *self._queue):
                _refuse(post, Unavailable(reason="stopping"))
            self._queue.clear()

    async def _write(self, batch: Sequence[_Post]) -> None:
        wanted = [post for post in batch if not post.answer.done()]
        # an order's messages stay together, so that none overtakes one written before it
        late: dict[OrderId, list[_Post]] = {p.order: [] for p in wanted if p.misses >= PATIENCE}
        prompt = [post for post in wanted if post.order not in late]
        for post in wanted:
            if post.order in late:
                late[post.order].append(post)
        if prompt:
            await self._try(prompt, wait=False)
        for group in late.values():
            await self._try(group, wait=True)

    async def _try(self, group: Sequence[_Post], *, wait: bool) -> None:
        try:
            await self._commit(group, wait=wait)
        except Refused as refusal:
            for post in group:
                _refuse(post, refusal)
        except Exception as error:  # noqa: BLE001 - one bad row must not fail its neighbours
            if len(group) == 1:
                _refuse(group[0], error)
                return
            for post in group:
                await self._try([post], wait=True)

    async def _commit(self, group: Sequence[_Post], *, wait: bool) -> None:
        """Store a group in one transaction; `wait` for its one order if that is held elsewhere."""
        answers: list[tuple[_Post, Position]] = []
        refusals: list[tuple[_Post, Refused]] = []
        held_elsewhere: list[_Post] = []
        async with self._database.transaction() as tx:
            free = await _take(tx, group, wait=wait)
            repeats = await _repeats(tx, group)
            quoted = await _quoted(tx, group)
            work: dict[OrderId, _Work] = {}
            for post in group:
                locked = free.get(post.order)
                if locked is None:
                    held_elsewhere.append(post)
                    continue
                share = work.setdefault(post.order, _Work(locked))
                try:
                    position = _admit(share, post, repeats, quoted)
                except Refused as refusal:
                    refusals.append((post, refusal))
                    continue
                if position is not None:
                    answers.append((post, position))
            todo = [share for share in work.values() if share.drafts]
            if todo:
                stored = await timeline.append_many(
                    tx, [(w.locked.head, w.locked.owes, w.drafts) for w in todo]
                )
                for share in todo:
                    _, told = stored[share.locked.id]
                    for entry, takers in zip(told, share.takers, strict=True):
                        answers += [(post, Position(entry.seq, entry.at)) for post in takers]
            missing = await _unknown(tx, held_elsewhere)
        # only now is it true: the transaction has been committed
        self._stored(sum(len(share.drafts) for share in todo))
        for post, position in answers:
            if not post.answer.done():
                post.answer.set_result(position)
        for post, reason in refusals:
            _refuse(post, reason)
        for post in reversed(held_elsewhere):
            if post.order in missing:
                _refuse(post, OrderUnknown(order=post.order))
            else:
                post.misses += 1
                self._queue.appendleft(post)
                self._arrived.set()


async def _take(
    tx: Transaction, group: Sequence[_Post], *, wait: bool
) -> dict[OrderId, LockedOrder]:
    if wait:
        return {group[0].order: await lock(tx, group[0].order)}
    return await lock_free(tx, list({post.order for post in group}))


async def _repeats(
    tx: Transaction, group: Sequence[_Post]
) -> dict[tuple[str, str, str], tuple[Position, bytes | None]]:
    """Find what was stored under these client ids before, in one query, under the locks."""
    keys = [(post.order, post.person, post.client_id) for post in group]
    rows = await tx.conn.execute(
        select(
            entries.c.order_id,
            entries.c.actor,
            entries.c.client_id,
            entries.c.seq,
            entries.c.at,
            entries.c.command_digest,
        ).where(tuple_(entries.c.order_id, entries.c.actor, entries.c.client_id).in_(keys))
    )
    return {
        (row.order_id, row.actor, row.client_id): (Position(row.seq, row.at), row.command_digest)
        for row in rows
    }


async def _quoted(tx: Transaction, group: Sequence[_Post]) -> set[tuple[str, int]]:
    """Return which of the entries that these messages answer are there to be answered."""
    asked = {(post.order, post.event.reply_to) for post in group if post.event.reply_to is not None}
    if not asked:
        return set()
    rows = await tx.conn.execute(
        select(entries.c.order_id, entries.c.seq).where(
            tuple_(entries.c.order_id, entries.c.seq).in_(asked), entries.c.kind.in_(ANSWERABLE)
        )
    )
    return {(row.order_id, row.seq) for row in rows}


async def _unknown(tx: Transaction, held: Sequence[_Post]) -> set[OrderId]:
    """Tell orders that do not exist from orders that are only held elsewhere."""
    if not held:
        return set()
    if not tx.locks_rows:
        return {post.order for post in held}
    ids = {post.order for post in held}
    rows = await tx.conn.execute(select(orders.c.id).where(orders.c.id.in_(ids)))
    return ids - {row.id for row in rows}


def _admit(
    share: _Work,
    post: _Post,
    repeats: dict[tuple[str, str, str], tuple[Position, bytes | None]],
    quoted: set[tuple[str, int]],
) -> Position | None:
    """Judge one message under the lock: the first answer, a refusal, or a place in the batch."""
    share.locked.role_of(post.person)
    earlier = repeats.get((post.order, post.person, post.client_id))
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
    if reply_to is not None and (post.order, reply_to) not in quoted:
        raise MessageUnknown(message=reply_to)
    event = post.event
    if post.seen:
        kept = disclose(facts.policy.screening, post.seen, post.understood)
        event = msgspec.structs.replace(event, seen=kept)
    asked = facts.state is State.QUESTION
    share.drafts.append(Draft(post.person, event, post.client_id, post.content, asked))
    share.takers.append([post])
    return None


def _refuse(post: _Post, error: BaseException) -> None:
    if not post.answer.done():
        post.answer.set_exception(error)
