"""Handing a mail to the SMTP server, and what its answer means.

Three outcomes (RFC 5321, section 4.2.1): accepted; refused for good, which is about this
recipient or this mail and will not change; or failed for now, which is everything else. A wrong
password, a refused sender or relaying that is denied is our own mistake, not the recipient's: it
fails for now, so that nothing is lost until it is put right.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec
from aiosmtplib import errors

REPLY_MAX = 200
"""Characters of a server's reply that are kept."""
WITHIN = 30.0
"""Seconds for each step of the conversation with the server."""
_PERMANENT = 500
_NOT_ALLOWED = "5.7."
"""Begins replies about who may send what (RFC 3463, section 3.8), such as relaying that is denied
or a machine on a block list: they hold for every recipient until somebody puts it right."""
_TOO_LARGE = 552
"""The mail is larger than the server takes, told before it is sent (RFC 1870, section 6.1)."""


class Encryption(StrEnum):
    """How the connection is protected; the values are the schemes of the URL."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Encryption.NONE: 25, Encryption.STARTTLS: 587, Encryption.TLS: 465}


class SmtpSettings(msgspec.Struct, frozen=True):
    """Where mails are handed over. The password shows in no representation."""

    host: str
    port: int
    encryption: Encryption = Encryption.NONE
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> SmtpSettings:
        """Read `smtp://`, `smtps://` or `smtp+starttls://`, with `user:password@` and a port.

        User and password are percent-decoded. Raises `ValueError`, which does not repeat the
        URL because that may hold a password.
        """
        try:
            parts = urlsplit(url)
            encryption = Encryption(parts.scheme)
            port = parts.port or _PORTS[encryption]
            host = parts.hostname
            (host or "").encode("idna")  # as the line to it will be opened
        except ValueError:
            raise ValueError("not a URL such as smtp+starttls://user:password@host:587") from None
        if not host:
            raise ValueError("the URL of the mail server names no host")
        if parts.password and encryption is Encryption.NONE and not _on_this_machine(host):
            raise ValueError(
                "a password goes to another machine over an encrypted line only: "
                "smtp+starttls:// or smtps://"
            )
        return cls(
            host, port, encryption, unquote(parts.username or ""), unquote(parts.password or "")
        )

    def __repr__(self) -> str:
        login = f"{self.user}:…@" if self.user else ""
        return f"SmtpSettings({self.encryption}://{login}{self.host}:{self.port})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show no more where a traceback is shown richly."""
        return [("host", self.host), ("port", self.port), ("encryption", self.encryption)]


class Accepted(msgspec.Struct, frozen=True):
    """The server has taken the mail over."""


class Refused(msgspec.Struct, frozen=True):
    """The server will never take this mail for this recipient."""

    why: str


class Failed(msgspec.Struct, frozen=True):
    """Not now. With `outage` the server itself could not be used, whoever the mail was for."""

    why: str
    outage: bool = False


Outcome = Accepted | Refused | Failed


class Line:
    """One connection to the mail server: opened when needed, kept for the mails that follow.

    Used as an asynchronous context; leaving it says goodbye to the server.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._smtp: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            await smtp.quit()
        except (errors.SMTPException, OSError):
            smtp.close()

    async def deliver(self, sender: str, recipient: str, mail: bytes) -> Outcome:
        """Hand over one mail. Never raises for anything the server or the network does."""
        try:
            smtp = await self._open()
        except (errors.SMTPException, OSError, TimeoutError) as error:
            return Failed(_told(error), outage=True)
        try:
            await smtp.sendmail(sender, [recipient], mail)
        except errors.SMTPRecipientsRefused as error:
            return _about_recipient(error.recipients[0])
        except errors.SMTPDataError as error:
            return _about_recipient(error)
        except ValueError as error:  # an address that cannot be written into the protocol
            return Refused(str(error)[:REPLY_MAX])
        except errors.SMTPSenderRefused as error:
            if error.code == _TOO_LARGE:
                return Refused(_told(error))
            return Failed(_told(error), outage=True)
        except (errors.SMTPException, OSError, TimeoutError) as error:
            self._forget()
            return Failed(_told(error), outage=True)
        except asyncio.CancelledError:
            self._forget()
            raise
        return Accepted()

    async def _open(self) -> aiosmtplib.SMTP:
        if self._smtp is not None and self._smtp.is_connected:
            return self._smtp
        settings = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=settings.password or None,
            use_tls=settings.encryption is Encryption.TLS,
            start_tls=settings.encryption is Encryption.STARTTLS,
            timeout=WITHIN,
        )
        await smtp.connect()
        self._smtp = smtp
        return smtp

    def _forget(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def _about_recipient(error: errors.SMTPResponseException) -> Outcome:
    if error.code >= _PERMANENT and not error.message.startswith(_NOT_ALLOWED):
        return Refused(_told(error))
    return Failed(_told(error))


def _told(error: Exception) -> str:
    """Return what happened, short, without the recipient's address."""
    if isinstance(error, errors.SMTPResponseException):
        return f"{error.code} {error.message}"[:REPLY_MAX]
    return type(error).__name__
