"""A real SMTP server for the tests, which keeps what it receives and can refuse or be away.

It speaks plainly unless it is given a certificate, and asks nobody who they are unless it is given
a login.
"""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Received(msgspec.Struct, frozen=True):
    """One accepted delivery: the envelope's addresses, and the message as it was parsed."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class MailServer:
    """Listens on a free port of the loopback interface, on the test's own event loop.

    Attributes:
        host, port: Where to deliver; they stay the same when it was away and returned.
        received: Everything accepted so far, oldest first.
        refused: Recipients with the reply they get instead of being accepted.
        attempts: Every recipient that was offered, refused ones included, oldest first.
        logins: Every user and password that was told, right or wrong, oldest first.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        certificate: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        """Prepare. With a certificate the line is encrypted by STARTTLS, or `at_once`."""
        self._certificate, self._at_once, self._login = certificate, at_once, login
        self.logins: list[tuple[str, str]] = []
        self.port = 0
        self.received: list[Received] = []
        self.refused: dict[str, str] = {}
        self.attempts: list[str] = []
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None  # set while it listens
        self._sessions: list[SMTP] = []  # every connection since it last came up

    def refuse(self, recipient: str, *, permanently: bool) -> None:
        """Answer that recipient with 550 (permanently) or 451 (for now) from here on."""
        self.refused[recipient] = (
            "550 5.1.1 No such mailbox" if permanently else "451 4.3.0 Try again later"
        )

    def accept(self, recipient: str) -> None:
        """Take back a refusal."""
        del self.refused[recipient]

    async def come_up(self) -> None:
        """Listen: on a free port the first time, on the same one afterwards."""
        loop = asyncio.get_running_loop()
        upgraded = self._certificate is not None and not self._at_once

        def session() -> SMTP:
            self._sessions.append(
                SMTP(
                    self,
                    hostname="mail.test",
                    enable_SMTPUTF8=True,
                    loop=loop,
                    tls_context=None if self._at_once else self._certificate,
                    auth_require_tls=upgraded,  # it does not see a line encrypted from the start
                    auth_required=upgraded and self._login is not None,
                    authenticator=self._knows,
                )
            )
            return self._sessions[-1]

        encrypted = self._certificate if self._at_once else None
        self._server = await loop.create_server(session, self.host, self.port, ssl=encrypted)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_away(self) -> None:
        """Stop listening and hang up, so that a delivery finds a closed port."""
        if self._server is not None:
            self._server.close()
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.close()
            self._sessions.clear()
            await self._server.wait_closed()
            self._server = None

    async def expect(
        self, count: int = 1, *, to: str | None = None, within: float = 60
    ) -> list[Received]:
        """Wait until `count` mails have arrived (for the recipient, if given); all of these.

        Raises TimeoutError after `within` seconds, naming what did arrive.
        """
        return await self._until(lambda: self.to(to), count, within)

    def to(self, recipient: str | None) -> list[Received]:
        """What has arrived for that recipient; everything for None."""
        return [mail for mail in self.received if recipient is None or recipient in mail.recipients]

    def _knows(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        told = data.login.decode(), data.password.decode()
        self.logins.append(told)
        return AuthResult(success=told == self._login, handled=False)

    async def _until(
        self, look: Callable[[], list[Received]], count: int, within: float
    ) -> list[Received]:
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: len(look()) >= count)
        except TimeoutError:
            arrived = [(mail.recipients, mail.message["Subject"]) for mail in self.received]
            raise TimeoutError(f"waited for {count} mails, got {arrived}") from None
        return look()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks handlers up by the SMTP verb
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or refuse as told (RFC 5321, section 3.3)."""
        self.attempts.append(address)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - the same
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the message and tell whoever waits for it."""
        content = envelope.content
        if not isinstance(content, bytes) or envelope.mail_from is None:
            return "554 5.6.0 Not a message"
        message = email.message_from_bytes(content, policy=email.policy.default)
        mail = Received(envelope.mail_from, tuple(envelope.rcpt_tos), message)
        async with self._news:
            self.received.append(mail)
            self._news.notify_all()
        return "250 2.0.0 Kept"


@asynccontextmanager
async def mail_server(
    certificate: ssl.SSLContext | None = None,
    *,
    at_once: bool = False,
    login: tuple[str, str] | None = None,
) -> AsyncIterator[MailServer]:
    """A mail server that is up, and gone at the end."""
    server = MailServer(certificate, at_once=at_once, login=login)
    await server.come_up()
    try:
        yield server
    finally:
        await server.go_away()
