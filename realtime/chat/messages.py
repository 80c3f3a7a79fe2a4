"""Sending a message, changing it afterwards, and paging back through what was said."""

from __future__ import annotations

import asyncio
import time
from typing import assert_never

import msgspec

from orders import timeline, views
from orders.database import Database
from orders.events import PersonId, SecretKind
from orders.messages import edit, history, withdraw
from orders.posting import PostBox
from orders.reacting import react
from orders.timeline import Position
from realtime import telemetry
from realtime.chat.words import seen_in
from realtime.protocol import (
    AddReaction,
    Done,
    EditMessage,
    History,
    MessageFrame,
    Page,
    RemoveReaction,
    SendMessage,
    ShowVersions,
    Versions,
    WithdrawMessage,
)


def send(box: PostBox, person: PersonId, asked: SendMessage) -> asyncio.Future[Done]:
    """Queue a message; it is answered with its place once it is durably committed.

    Raises what `PostBox.queue` raises; nothing was stored then. Nothing is awaited before the
    message is queued, so messages of one socket keep their order.
    """
    began = time.monotonic()

    def done(place: Position) -> Done:
        telemetry.APPENDS.observe(time.monotonic() - began)
        return Done(asked.id, asked.order, place.seq, place.at)

    return box.queue(
        asked.order,
        person,
        asked.id,
        asked.text,
        done,
        seen_in(asked.text),
        asked.understood,
        asked.reply_to,
    )


async def change(
    database: Database, person: PersonId, asked: MessageFrame, seen: tuple[SecretKind, ...] = ()
) -> Done:
    """Edit or withdraw a message, or react to it; `seen` is what an edit's text carries.

    Raises what `orders.messages` and `orders.reacting` raise.
    """
    order, message = asked.order, asked.message
    match asked:
        case EditMessage(text=text):
            place = await edit(database, order, person, message, text, asked.id, seen)
        case WithdrawMessage():
            place = await withdraw(database, order, person, message, asked.id)
        case AddReaction(reaction=reaction):
            place = await react(database, order, person, message, reaction, asked.id, on=True)
        case RemoveReaction(reaction=reaction):
            place = await react(database, order, person, message, reaction, asked.id, on=False)
        case never:
            assert_never(never)
    return Done(asked.id, order, place.seq, place.at)


async def versions(database: Database, person: PersonId, asked: ShowVersions) -> Versions:
    """Return every text of a message. Raises what `orders.messages.history` raises."""
    async with database.reading() as conn:
        told = await history(conn, asked.order, person, asked.message)
    return Versions(asked.id, asked.order, asked.message, told.versions, told.withdrawn)


async def page(database: Database, person: PersonId, asked: History, limit: int) -> Page:
    """Return the page of entries before `asked.before`. Raises `OrderUnknown` for a stranger."""
    async with database.reading() as conn:
        await views.role_of(conn, asked.order, person)
        rows = await timeline.read_before(conn, asked.order, asked.before, limit)
    entries = tuple(msgspec.Raw(timeline.wire(row)) for row in rows)
    first = rows[0].seq if rows else asked.before
    return Page(asked.id, asked.order, asked.before, first, entries)
