"""An order, its two people, a mail server and a worker; time is what the test says."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping

from orders import timeline
from orders.clock import Sweeper
from orders.commands import Person, take_step
from orders.database import Database
from orders.events import (
    CLOCK,
    CallEnd,
    CallEnded,
    CallId,
    CallRang,
    Entry,
    FileId,
    FileShared,
    OrderId,
    PersonId,
    Role,
)
from orders.locking import lock
from orders.mediation import freeze, send_mediator
from orders.policy import Policy
from orders.tables import calls, notices, persons
from orders.timeline import Draft
from orders.watermarks import mark
from orders.workflow import Verb
from realtime.notices.policy import owed_for
from realtime.notices.sender import NoticeWorker
from realtime.notices.smtp import SmtpSettings
from tests.mail import MailServer
from tests.orders.world import Room, Watch, entries_of, open_post_box, open_room, opened

SENDER = "Atelier <room@atelier.test>"


def link(order: OrderId, person: PersonId) -> str:
    """Where the button of a mail leads."""
    return f"https://shop.test/orders/{order}?as={person}&from=mail"


def words(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of one part of a mail, each space an ordinary one."""
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")


def subject(mail: EmailMessage) -> str:
    return str(mail["Subject"]).replace("\u00a0", " ").replace("’", "'")


def check(mail: EmailMessage, play: Scene, to: Role, *facts: str) -> None:
    """Every fact stands in both parts; the button leads to the reader's room; no means leak."""
    text, html = words(mail), words(mail, "html")
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("<br>", " ")))
    flat = re.sub(r"\s+", " ", text)
    for fact in facts:
        assert fact in flat, (fact, flat)
        assert fact in shown.replace("&#39;", "'").replace("&amp;", "&"), (fact, shown)
    address = link(play.room.order, play.room.person(to))
    assert address in text
    assert html.count("<a ") == 1
    assert f'href="{address.replace("&", "&amp;")}"' in html
    if to is Role.SELLER:
        assert not re.search("PayPal|bancaire le|your wallet at once|bank account", text)


class AttentiveServer(MailServer):
    """A mail server that lets the test act when it has a mail and has not said so yet."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks handlers up by the SMTP verb
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, let the test act once, and answer."""
        answer = await super().handle_DATA(server, session, envelope)
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            await act()
        return answer


class Scene:
    """What a test about mails plays with. Seller and buyer are those of `room`."""

    def __init__(self, database: Database, watch: Watch, smtp: AttentiveServer) -> None:
        self.database = database
        self.watch = watch
        self.smtp = smtp
        self.worker = self.another_worker()
        self.room: Room

    def another_worker(self, sender: str = SENDER) -> NoticeWorker:
        """A worker of another process, as far as the database can tell."""
        settings = SmtpSettings(self.smtp.host, self.smtp.port)
        return NoticeWorker(self.database, settings, link, sender)

    async def pay(
        self, policy: Policy | None = None, language: str = "", **order: object
    ) -> list[EmailMessage]:
        """Open the room and return the mails of that, the buyer's first.

        Without a language the buyer reads French and the seller English.
        """
        if language:
            order["buyer"] = Person("ines", "Inès", "ines@post.test", language)
            order["seller"] = Person("tom", "Tom", "tom@post.test", language)
        await self.open_room(policy, **order)
        return await self.mails_sent()

    async def open_room(self, policy: Policy | None = None, **order: object) -> None:
        """Create a paid order; its mails are owed and not sent yet."""
        self.room = await open_room(self.database, policy, **order)

    async def change_address(self, person: PersonId, address: str) -> None:
        """Let the marketplace know another address, good or not."""
        async with self.database.transaction() as tx:
            await tx.conn.execute(
                update(persons).where(persons.c.id == person).values(email=address)
            )

    async def mails_sent(self) -> list[EmailMessage]:
        """Send what is due; return the mails that arrived for that, the buyer's first."""
        before = len(self.smtp.received)
        await self.worker.send_due()
        new = [mail.message for mail in self.smtp.received[before:]]
        return sorted(new, key=lambda mail: str(mail["To"]))

    async def say(self, by: PersonId, text: str) -> int:
        """Write a message; return its seq."""
        async with open_post_box(self.database) as box:
            return (await box.post(self.room.order, by, secrets.token_hex(4), text)).seq

    async def mediator(self, name: str) -> PersonId:
        """Freeze the order and send a mediator."""
        person = Person(f"mediator-{secrets.token_hex(4)}", name, "mediator@post.test", "fr")
        await freeze(self.database, self.room.order, secrets.token_hex(4))
        await send_mediator(self.database, self.room.order, secrets.token_hex(4), person)
        return PersonId(person.person)

    async def step(self, by: PersonId, verb: Verb, note: str = "") -> None:
        """Take a step of the process."""
        client_id = secrets.token_hex(4)
        await take_step(self.database, self.room.order, by, verb, client_id, note)

    async def share_file(self, by: PersonId, name: str) -> None:
        """Write down that a file was shared."""
        await self._share(by, FileShared(FileId("f_1"), name, 1000, "application/pdf"))

    async def leave_voice_note(self, by: PersonId, millis: int) -> None:
        """Write down that somebody spoke."""
        note = FileShared(
            FileId("f_1"), "voice-note.ogg", 1000, "audio/ogg", millis=millis, voice=True
        )
        await self._share(by, note)

    async def _share(self, by: PersonId, shared: FileShared) -> None:
        async with self.database.transaction() as tx:
            locked = await lock(tx, self.room.order)
            await timeline.append(tx, locked.head, locked.owes, [Draft(by, shared)])

    async def read(self, person: PersonId, seq: int) -> None:
        """Move a read mark."""
        await mark(self.database, self.room.order, person, read=seq)

    async def sweep(self) -> None:
        """Let due clocks fire, reminders among them."""
        await Sweeper(self.database).sweep()

    async def ring(self, caller: PersonId) -> CallId:
        """Write down that a call rings, as the voice does."""
        call = CallId("c_" + secrets.token_hex(4))
        async with self.database.transaction() as tx:
            locked = await lock(tx, self.room.order)
            await timeline.append(tx, locked.head, locked.owes, [Draft(caller, CallRang(call))])
            await tx.conn.execute(
                insert(calls).values(
                    order_id=self.room.order, call_id=call, caller=caller,
                    callee=locked.other(caller), state="ringing", incarnation="m_1",
                    rang_at=tx.now,
                )
            )  # fmt: skip
        return call

    async def end_call(self, call: CallId, end: CallEnd, *, answered: bool = False) -> int:
        """Write down how a call ended; return the entry's seq."""
        async with self.database.transaction() as tx:
            locked = await lock(tx, self.room.order)
            head, _ = await timeline.append(
                tx, locked.head, locked.owes, [Draft(CLOCK, CallEnded(call, end))]
            )
            times = {"answered_at": tx.now} if answered else {}
            await tx.conn.execute(
                update(calls)
                .where(calls.c.call_id == call)
                .values(state="ended", ended_at=tx.now, end=end, **times)
            )
        return head.seq

    async def entries(self, after: int = 0) -> list[Entry]:
        """The order's timeline."""
        return await entries_of(self.database, self.room.order, after)

    async def rows(self, kind: str) -> list[RowMapping]:
        """The notices of a kind, the oldest first."""
        async with self.database.reading() as conn:
            found = await conn.execute(
                select(notices)
                .where(notices.c.order_id == self.room.order, notices.c.kind == kind)
                .order_by(notices.c.opened_seq, notices.c.person_id)
            )
            return list(found.mappings())

    @property
    def now(self) -> datetime:
        return self.watch.now


@asynccontextmanager
async def scene(url: str) -> AsyncIterator[Scene]:
    """A scene on the database at `url`, on an ordinary Monday morning."""
    watch, smtp = Watch(), AttentiveServer()
    await smtp.come_up()
    try:
        async with opened(url, watch) as database:
            database.on_append(owed_for)
            yield Scene(database, watch, smtp)
    finally:
        await smtp.go_away()
