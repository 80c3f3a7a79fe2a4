"""A person's own words, and what they carry that is unwise to send.

It is told while they are typed, and refused once when they are sent. Both ask `screening`.
Nothing of a text that is only looked at is stored or logged.
"""

from __future__ import annotations

from orders import views
from orders.database import Database
from orders.disclosure import disclose
from orders.errors import TextTooLong
from orders.events import OrderId, PersonId, SecretKind
from orders.locking import peek
from orders.policy import Handling, Policy
from realtime import texts
from realtime.chat.screening import TEXT_MOST, screen
from realtime.protocol import Screen, Screened, SeenSecret, Worded

FIELDS = ("text", "note", "label", "title")
"""Where frames keep a person's words."""


def seen_in(text: str) -> tuple[SecretKind, ...]:
    """Return the kinds of what is seen in a text, each once."""
    found = screen(text)
    return tuple(sorted({one.kind for one in found})) if found else ()


async def disclosed(
    database: Database, person: PersonId, order: OrderId, frame: Worded
) -> tuple[SecretKind, ...]:
    """Let the words of a step, a note or a proposal through; return what to remember with them.

    Raises `SecretSeen`, `SecretRefused`, and `OrderUnknown` for a stranger, whose words are not
    judged.
    """
    words = (getattr(frame, field, "") for field in FIELDS)
    seen = {kind for text in words if text for kind in seen_in(text)}
    if not seen:
        return ()
    policy = await _policy(database, person, order)
    return disclose(policy.screening, seen, frame.understood)


async def screened(database: Database, person: PersonId, language: str, asked: Screen) -> Screened:
    """Say what is seen in a text that is being typed. Raises `OrderUnknown`, `TextTooLong`."""
    if len(asked.text) > TEXT_MOST:
        raise TextTooLong(limit=TEXT_MOST, length=len(asked.text))
    policy = await _policy(database, person, asked.order)
    found = []
    for one in screen(asked.text):
        handling = policy.screening.handling(one.kind)
        if handling is not Handling.OFF:
            why = texts.sentence(language, f"secret.{one.kind}.why")
            found.append(SeenSecret(one.kind, one.start, one.end, handling, why))
    return Screened(asked.id, asked.order, tuple(found))


async def _policy(database: Database, person: PersonId, order: OrderId) -> Policy:
    async with database.reading() as conn:
        await views.role_of(conn, order, person)
        return (await peek(conn, order)).facts.policy
