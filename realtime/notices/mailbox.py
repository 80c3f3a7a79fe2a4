"""The demo's own mail server: what would have been sent, in a folder, to be looked at.

A real SMTP server on the loopback interface, so that the demo sends exactly as production does.
It listens on our own event loop and keeps mails in a Maildir, the oldest beyond `KEPT` removed.
For demo mode only: it asks for no password, and everybody may read everything.
"""

from __future__ import annotations

import asyncio
import email
import mailbox
import threading
from datetime import datetime
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from realtime.notices.smtp import SmtpSettings

KEPT = 200
"""Mails in the folder."""
MAIL_BYTES = 1024 * 1024
"""The largest mail that is taken."""
_HOST = "127.0.0.1"


class KeptMail(msgspec.Struct, frozen=True):
    """A mail as the mailbox page lists it. `text` is the whole text part."""

    id: str
    at: datetime
    to: str
    to_name: str
    subject: str
    kind: str
    order: str
    text: str


class _Connection(SMTP):
    """A client's connection, in `known` from its first moment to its last."""

    def __init__(self, mails: Mailbox, known: set[_Connection]) -> None:
        super().__init__(
            mails,
            data_size_limit=MAIL_BYTES,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
        )
        self._known = known
        self._over = False

    def hang_up(self) -> None:
        """Close it, at once or as soon as it is made."""
        self._over = True
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._over:
            self.hang_up()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._known.discard(self)


class Mailbox:
    """A mail server for the demo, and the folder it fills."""

    def __init__(self, folder: Path) -> None:
        """Open the Maildir at `folder`, making it if need be."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._box = mailbox.Maildir(folder, factory=None, create=True)
        self._listed: dict[str, KeptMail] = {}
        self._lock = threading.RLock()  # pages list in a thread while mails arrive on the loop
        self._server: asyncio.Server | None = None  # set while it listens
        self._sessions: set[_Connection] = set()

    async def start(self) -> SmtpSettings:
        """Listen on a free port; return how to reach it."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, _HOST, 0)
        return SmtpSettings(_HOST, self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            session.hang_up()
        await self._server.wait_closed()
        self._server = None

    def list(self) -> list[KeptMail]:
        """Return the mails, newest first."""
        with self._lock:
            keys = set(self._box.keys())
            for key in self._listed.keys() - keys:
                del self._listed[key]
            for key in keys - self._listed.keys():
                self._listed[key] = _kept(key, self._read(key))
            return sorted(self._listed.values(), key=lambda mail: (mail.at, mail.id), reverse=True)

    def html(self, mail: str) -> str | None:
        """Return the HTML part of a mail; None if there is no such mail."""
        with self._lock:
            return _part(self._read(mail), "html") if mail in self._box else None

    def clear(self) -> None:
        """Remove all mails."""
        with self._lock:
            self._box.clear()

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks handlers up by the SMTP verb
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 Not a message"
        try:
            _kept("", email.message_from_bytes(content, policy=default_policy))
        except (AttributeError, IndexError, LookupError, TypeError, ValueError):
            return "554 5.6.0 Not a mail that could be listed"
        with self._lock:
            self._box.add(content)
            for mail in self.list()[KEPT:]:
                self._box.discard(mail.id)
        return "250 2.0.0 Kept"

    def _session(self) -> SMTP:
        session = _Connection(self, self._sessions)
        self._sessions.add(session)
        return session

    def _read(self, key: str) -> EmailMessage:
        return email.message_from_bytes(self._box.get_bytes(key), policy=default_policy)


def _kept(key: str, message: EmailMessage) -> KeptMail:
    to = message["To"].addresses[0]
    return KeptMail(
        id=key,
        at=message["Date"].datetime,
        to=to.addr_spec,
        to_name=to.display_name,
        subject=str(message["Subject"]),
        kind=str(message["Order-Notice"] or ""),
        order=str(message["Order-Id"] or ""),
        text=_part(message, "plain") or "",
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())
