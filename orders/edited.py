"""What messages say now that were edited."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.events import MessageEdited, MessageSent, OrderId
from orders.tables import entries, message_versions

_decoder = msgspec.json.Decoder(MessageSent | MessageEdited)
_edit = msgspec.json.Decoder(MessageEdited)


def text_of(payload: bytes) -> str:
    """Return the text of a message's entry, or of an edit's."""
    text: str = _decoder.decode(payload).text
    return text


async def newest_texts(
    conn: AsyncConnection, order: OrderId, messages: Sequence[int]
) -> dict[int, str]:
    """Return what those of the messages say now that were edited."""
    return {seq: said.text for seq, said in (await newest(conn, order, messages)).items()}


async def newest(
    conn: AsyncConnection, order: OrderId, messages: Sequence[int]
) -> dict[int, MessageEdited]:
    """Return the last edits of those of the messages that were edited."""
    last = (
        select(message_versions.c.message, func.max(message_versions.c.seq).label("seq"))
        .where(message_versions.c.order_id == order, message_versions.c.message.in_(messages))
        .group_by(message_versions.c.message)
        .subquery()
    )
    rows = await conn.execute(
        select(last.c.message, entries.c.payload).join(
            entries, (entries.c.order_id == order) & (entries.c.seq == last.c.seq)
        )
    )
    return {row.message: _edit.decode(row.payload) for row in rows if row.payload is not None}
