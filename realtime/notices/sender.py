"""The worker that sends what is owed: claim, look, send, close.

A due notice is claimed under its order's lock by moving its `wake_at` forward, so any number of
workers may run and one of them sends. In the same transaction the occasion is looked at again;
most reasons not to write are found there. The mail goes out with no lock held. Then one more
transaction closes the row and tells both parties on the timeline.

A worker that dies after sending and before closing leaves a claim that ends by itself: the
notice is then sent once more under the same Message-ID. A worker that is told to stop finishes
the mails it has begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, assert_never

import msgspec
import structlog
from sqlalchemy import Row, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from orders import timeline
from orders.commands import insert_new
from orders.database import Database, Transaction
from orders.errors import Unavailable
from orders.events import CLOCK, NoticeBounced, NoticeKind, NoticeSent, OrderId, PersonId
from orders.locking import LockedOrder, lock, lock_free
from orders.tables import notices
from orders.timeline import Draft
from realtime.notices.letter import write
from realtime.notices.looking import consider, owed_since
from realtime.notices.mail import AddressError, Sender, compose, deliverable
from realtime.notices.occasion import Dropped, Later, Notice, Occasion
from realtime.notices.one_tap import TapLink
from realtime.notices.smtp import Accepted, Failed, Line, Outcome, Refused, SmtpSettings

log = structlog.get_logger(__name__)

PERIOD = 1.0
"""Seconds the worker sleeps at most: a nudge may be lost."""
AT_ONCE = 100
"""Notices looked up in one pass."""
LINES = 4
"""Connections to the mail server at the same time."""
CLAIM = timedelta(minutes=3)
"""How long a worker may hold a notice; longer than `WITHIN` allows a mail to take."""
WITHIN = 90.0
"""Seconds from opening the line to the server's last word."""
RETRY_FIRST, RETRY_MOST = timedelta(seconds=30), timedelta(hours=1)
"""The pauses after failures: doubled each time, up to the second."""
JITTER = 0.2
"""Each pause is longer or shorter by up to this share, so that not everybody returns at once."""
GIVE_UP_AFTER = timedelta(days=3)
"""From when it was owed; mail servers give up after four or five days (RFC 5321, 4.5.4.1)."""
TRIES_LEAST = 12
"""Before a mail is given up. It may have waited for days without any: for a worker, or for somebody
to set a mail server; and whoever greylists refuses each sender's first try."""
OUTAGE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds the worker rests while the mail server cannot be used at all."""
CLOSE_PAUSES = (0.2, 1.0, 5.0, 20.0)
"""Seconds between attempts to note that a mail was sent: it must not be sent again."""

Links = Callable[[OrderId, PersonId], str]
"""Where a person reaches an order's room: an address without any token in it."""


class NoticeWorker:
    """Sends due notices by e-mail."""

    def __init__(
        self,
        database: Database,
        smtp: SmtpSettings,
        links: Links,
        sender: str,
        tap: TapLink | None = None,
    ) -> None:
        """Prepare. `sender` is like `Atelier <room@example.org>`; ValueError if it is not.

        With `tap`, mails carry links that answer without signing in.
        """
        self._database = database
        self._smtp = smtp
        self._links = links
        self._tap = tap
        self._sender = Sender.parse(sender)
        self._nudged = asyncio.Event()
        self._stopping = False
        self._outages = 0

    def nudge(self) -> None:
        """Look sooner: something may be due."""
        self._nudged.set()

    async def run(self) -> None:
        """Send until cancelled; mails that were begun are finished first."""
        self._stopping = False
        try:
            while True:
                one_pass = asyncio.create_task(self._pass())
                try:
                    wait = await asyncio.shield(one_pass)
                except asyncio.CancelledError:
                    self._stopping = True
                    await one_pass
                    raise
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._nudged.wait()
                self._nudged.clear()
        finally:
            self._stopping = False

    async def _pass(self) -> float:
        """Send what is due; return the seconds to rest."""
        try:
            await self.send_due()
            if self._outages:
                return OUTAGE_PAUSES[min(self._outages, len(OUTAGE_PAUSES)) - 1]
            return await self._until_next()
        except Unavailable:
            log.warning("the mail worker waits for the database")
        except Exception:
            log.exception("a pass of the mail worker failed")
        return PERIOD

    async def send_due(self) -> int:
        """Do what is due now; return how many mails the server accepted."""
        now = await self._database.now()
        async with self._database.reading() as conn:
            rows = await conn.execute(
                select(notices)
                .where(notices.c.state == "open", notices.c.wake_at <= now)
                .order_by(notices.c.wake_at)
                .limit(AT_ONCE)
            )
            found = [_notice(row) for row in rows]
        if not found:
            return 0
        # an order's notices go one after the other: side by side they would wait for its lock
        by_order: dict[OrderId, list[Notice]] = {}
        for notice in found:
            by_order.setdefault(notice.order, []).append(notice)
        due = deque(by_order.values())
        outages = self._outages
        lines = [self._work(due) for _ in range(min(LINES, len(due)))]
        # a line that fails leaves the others to finish what they have begun
        told = await asyncio.gather(*lines, return_exceptions=True)
        for failure in told:
            if isinstance(failure, BaseException):
                raise failure
        if self._outages == outages:
            self._outages = 0
        return sum(count for count in told if isinstance(count, int))

    async def _until_next(self) -> float:
        async with self._database.reading() as conn:
            first: datetime | None = await conn.scalar(
                select(func.min(notices.c.wake_at)).where(notices.c.state == "open")
            )
        if first is None:
            return PERIOD
        left = (first - await self._database.now()).total_seconds()
        return min(max(left, 0.05), PERIOD)

    async def _work(self, due: deque[list[Notice]]) -> int:
        """Send one order's notices after the other over one line, until none is left."""
        sent = 0
        async with Line(self._smtp) as line:
            queue: list[Notice] = []
            while (queue or due) and not self._stopping:
                queue = queue or due.popleft()
                notice = queue.pop(0)
                try:
                    outcome = await self._look_after(line, notice)
                except Unavailable:
                    raise
                except Exception:
                    log.exception("a notice could not be sent; it is tried again", **_named(notice))
                    outcome = Failed("our own mistake")
                    counted = msgspec.structs.replace(notice, attempts=notice.attempts + 1)
                    await self._close(counted, outcome, None)
                sent += isinstance(outcome, Accepted)
                if isinstance(outcome, Failed) and outcome.outage:
                    # the others keep their place: an outage is nobody's failed attempt but one's
                    # a reply may name whom the mail was for: its code is told, or the error's kind
                    why = outcome.why.partition(" ")[0]
                    log.warning("the mail server cannot be used", why=why)
                    self._outages += 1
                    due.clear()
                    queue.clear()
        return sent

    async def _look_after(self, line: Line, notice: Notice) -> Outcome | None:
        """Send one notice, if it is still ours to send and worth sending."""
        taken = await self._take(notice)
        if taken is None:
            return None
        occasion = taken
        notice = occasion.notice
        try:
            recipient = deliverable(occasion.reader.email)
            letter = write(occasion, self._links(notice.order, notice.person), self._tap)
            mail = compose(letter, notice, occasion.reader, self._sender, occasion.now).as_bytes()
        except AddressError as error:
            outcome: Outcome = Refused(str(error))
        else:
            try:
                async with asyncio.timeout(WITHIN):
                    outcome = await line.deliver(self._sender.address, recipient, mail)
            except TimeoutError:
                outcome = Failed("timeout", outage=True)
        log.info("notice", outcome=type(outcome).__name__.lower(), **_named(notice))
        await self._close_for_sure(notice, outcome, occasion.told_upto)
        return outcome

    async def _take(self, notice: Notice) -> Occasion | None:
        """Claim a notice; None if somebody else has it, or there is no need to send it now."""
        async with self._database.transaction() as tx:
            locked = (await lock_free(tx, [notice.order])).get(notice.order)
            if locked is None:
                return None  # a command is at work there; the next pass looks again
            row = (await tx.conn.execute(select(notices).where(_is(notice)))).first()
            if row is None or row.state != "open" or row.wake_at > tx.now:
                return None
            mine = _notice(row)
            found = await consider(tx, locked, mine)
            match found:
                case Occasion():
                    claim = {"wake_at": tx.now + CLAIM, "attempts": mine.attempts + 1}
                    await tx.conn.execute(update(notices).where(_is(mine)).values(**claim))
                    counted = msgspec.structs.replace(mine, attempts=mine.attempts + 1)
                    return msgspec.structs.replace(found, notice=counted)
                case Dropped(why=why):
                    await _end(tx, mine, "dropped", why)
                    if mine.kind is NoticeKind.CALL_TIME:
                        await _reopen(tx, locked, mine, locked.head.seq)
                    return None
                case Later(at=at):
                    await tx.conn.execute(update(notices).where(_is(mine)).values(wake_at=at))
                    return None
                case never:
                    assert_never(never)

    async def _close_for_sure(self, notice: Notice, outcome: Outcome, head: int) -> None:
        """Note the outcome, waiting for the database: forgetting it would double the mail."""
        for pause in CLOSE_PAUSES:
            try:
                return await self._close(notice, outcome, head)
            except Unavailable:
                await asyncio.sleep(pause)
        return await self._close(notice, outcome, head)

    async def _close(self, notice: Notice, outcome: Outcome, head: int | None) -> None:
        """Write down what became of a notice. `head` is how far its letter told the order."""
        async with self._database.transaction() as tx:
            locked = await lock(tx, notice.order)
            match outcome:
                case Accepted():
                    await self._settle(tx, locked, notice, "sent", "")
                case Refused(why=why):
                    await self._settle(tx, locked, notice, "bounced", why)
                case Failed(why=why) if _is_hopeless(notice, tx.now):
                    await self._settle(tx, locked, notice, "failed", why)
                case Failed(why=why):
                    wake_at = tx.now + _pause(notice.attempts)
                    again = {"wake_at": wake_at, "attempts": notice.attempts, "outcome": why}
                    await tx.conn.execute(
                        update(notices).where(_is(notice), notices.c.state == "open").values(again)
                    )
                    return
                case never:
                    assert_never(never)
            if head is not None:
                await _reopen(tx, locked, notice, head)

    async def _settle(
        self, tx: Transaction, locked: LockedOrder, notice: Notice, state: str, why: str
    ) -> None:
        """Close the row and tell the parties, unless another worker did already."""
        if not await _end(tx, notice, state, why):
            return
        role = locked.role_of(notice.person)
        event = NoticeSent if state == "sent" else NoticeBounced
        await timeline.append(
            tx, locked.head, locked.owes, [Draft(CLOCK, event(notice.kind, role))]
        )


async def _end(tx: Transaction, notice: Notice, state: str, why: str) -> bool:
    closed = await tx.conn.execute(
        update(notices)
        .where(_is(notice), notices.c.state == "open")
        .values(state=state, closed_at=tx.now, outcome=why)
    )
    return closed.rowcount == 1


async def _reopen(tx: Transaction, locked: LockedOrder, notice: Notice, head: int) -> None:
    """Owe anew what found the notice still open and is not in its letter.

    Of several times to talk each is reminded of, whichever was agreed on first.
    """
    if notice.kind is NoticeKind.CALL_TIME:
        agreed = await owed_since(tx.conn, locked, notice, 0)
        ahead = [due for _, due in agreed if due > tx.now]
        owed = [(seq, min(ahead)) for seq, _ in agreed if ahead and seq > notice.opened_seq]
    else:
        owed = await owed_since(tx.conn, locked, notice, head)
    for seq, due in owed[:1]:
        await tx.conn.execute(
            insert_new(tx, notices).values(
                order_id=notice.order,
                person_id=notice.person,
                kind=notice.kind,
                opened_seq=seq,
                state="open",
                due=due,
                wake_at=due,
                attempts=0,
            )
        )


def _is_hopeless(notice: Notice, now: datetime) -> bool:
    return now - notice.due >= GIVE_UP_AFTER and notice.attempts >= TRIES_LEAST


def _pause(attempts: int) -> timedelta:
    pause = min(RETRY_FIRST * 2.0 ** min(attempts - 1, 16), RETRY_MOST)
    return pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads, hides nothing


def _is(notice: Notice) -> ColumnElement[bool]:
    return (
        (notices.c.order_id == notice.order)
        & (notices.c.person_id == notice.person)
        & (notices.c.kind == notice.kind)
        & (notices.c.opened_seq == notice.opened_seq)
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.order_id, row.person_id, NoticeKind(row.kind), row.opened_seq, row.due, row.attempts
    )


def _named(notice: Notice) -> dict[str, object]:
    return {"order": notice.order, "kind": str(notice.kind), "attempts": notice.attempts}
