"""A letter as an e-mail: headers, a text part and an HTML part that say the same.

Headers follow RFC 5322 and 3834: a stable Message-ID per notice, so that the rare second copy
after a crash is recognised as one; one thread per order; marked as written by a machine, so
that no autoresponder answers.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from realtime.notices.letter import Letter
from realtime.notices.occasion import Notice, Reader
from realtime.notices.plain import clipped, one_line
from realtime.texts import sentence

PREVIEW_MAX = 140
"""Characters that mail clients show beside the subject."""

_templates = Environment(
    loader=PackageLoader("realtime.notices"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class AddressError(ValueError):
    """The address cannot receive mail from us, now or later."""


class Sender(msgspec.Struct, frozen=True):
    """Who mails are from. Without a name they are from the room, in the reader's language."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Sender:
        """Read `Atelier <room@example.org>`, or the address alone.

        Raises `ValueError` if there is no address.
        """
        name, address = parseaddr(text)
        if "@" not in address:
            raise ValueError("the sender of mails has no address")
        return cls(one_line(name), deliverable(address))

    @property
    def domain(self) -> str:
        """The part after the @, in which message ids are made."""
        return self.address.rpartition("@")[2]


def deliverable(address: str) -> str:
    """Return the address as it is written in SMTP: a domain with accents in its ASCII form.

    Raises `AddressError` for one that cannot be: no @, spaces or control characters, or an
    accent before the @ (few servers take those).
    """
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode()}"
        Address(addr_spec=written)
        written.encode("ascii")
    # the parser stumbles over some nonsense, in each version of Python in its own way
    except (ValueError, IndexError, MessageError) as error:
        raise AddressError("not an address that mail can be sent to") from error
    if not local or not domain or any(c.isspace() or not c.isprintable() for c in written):
        raise AddressError("not an address that mail can be sent to")
    return written


def compose(
    letter: Letter, notice: Notice, reader: Reader, sender: Sender, at: datetime
) -> EmailMessage:
    """Make the mail. Raises `AddressError` if the reader's address cannot be written."""
    thread = f"<order.{_digest(notice.order)}@{sender.domain}>"
    brand = sender.name or sentence(letter.language, "mail.sender")
    message = EmailMessage(SMTP)
    message["From"] = Address(brand, addr_spec=sender.address)
    message["To"] = Address(_typed(reader.name), addr_spec=deliverable(reader.email))
    message["Subject"] = _typed(letter.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(notice, sender)
    message["References"] = thread
    message["In-Reply-To"] = thread
    message["List-Id"] = f"<{notice.order.replace('_', '-')}.orders.{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Order-Notice"] = notice.kind
    message["Order-Id"] = notice.order
    facts = {"letter": letter, "brand": brand, "preview": _preview(letter)}
    text = _templates.get_template("mail.txt").render(facts)
    message.set_content(text, cte="quoted-printable")
    html = _templates.get_template("mail.html").render(facts)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language  # last: setting content moves Content-* away
    return message


def message_id(notice: Notice, sender: Sender) -> str:
    """Return the notice's Message-ID: the same however often it is sent."""
    name = f"{notice.order}/{notice.person}/{notice.kind}/{notice.opened_seq}"
    return f"<{_digest(name)}@{sender.domain}>"


def _typed(text: str) -> str:
    """Return what people typed as a header may carry it: on one line, and as it was typed.

    An encoded word of RFC 2047, which anybody can type, would be unpacked, here (with its line
    breaks, which then begin headers of their own, or keep the mail from being written, by the
    version of Python) and in the reader's program.
    """
    return one_line(text).replace("=?", "= ?")


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _preview(letter: Letter) -> str:
    said = [quote.text for quote in letter.quotes] or list(letter.paragraphs)
    return clipped(one_line(" ".join(said)), PREVIEW_MAX)[0]
