"""Moving the items of the readiness list. One transaction each, repeat-safe like every command."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.brief import Asked, asks_again, decide, told
from orders.brief_rows import items_of, save_items
from orders.changes import save_facts
from orders.commands import begin, command_digest
from orders.database import Database
from orders.decisions import OrderFacts
from orders.errors import FileUnknown, Malformed
from orders.events import BriefItemGiven, OrderId, PersonId, Role, SecretKind
from orders.files import files_of
from orders.tables import entries
from orders.timeline import Draft, Position


async def move_item(
    database: Database,
    order: OrderId,
    person: PersonId,
    asked: Asked,
    client_id: str,
    seen: tuple[SecretKind, ...] = (),
) -> Position:
    """Move an item of the list. `seen` is what its note carries, which its writer was told of.

    Raises `OrderUnknown`, `NotYours`, `WrongState`, `ItemUnknown`, `ItemSettled`,
    `ReasonMissing`, `TextEmpty`, `TextTooLong`, `TooManyItems`, `FileUnknown`, `Malformed` (a
    message that is none of this order's), `IdReused`, `Unavailable`; nothing was changed then.
    """
    content = command_digest(f"brief.{asked.move}", asked)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        facts = locked.facts
        before = await items_of(tx.conn, order)
        event = decide(before, facts.state, locked.role_of(person), asked, facts.policy.note_max)
        if isinstance(event, BriefItemGiven):
            await _known(tx.conn, order, event)
            event = msgspec.structs.replace(event, seen=seen)
        await save_items(tx, order, told(before, event), before)
        draft = Draft(person, event, client_id, content)
        _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        if asks_again(event):
            now_buyers = facts.turn is not Role.BUYER
            after: OrderFacts = msgspec.structs.replace(
                facts,
                brief_handed=False,
                turn=Role.BUYER,
                turn_since=entry.at if now_buyers else facts.turn_since,
            )
            await save_facts(tx, after)
        return Position(entry.seq, entry.at)


async def _known(conn: AsyncConnection, order: OrderId, event: BriefItemGiven) -> None:
    """Raise unless the order has all the messages and files that the item points to."""
    shelf = await files_of(conn, order) if event.files else {}
    if any(file not in shelf for file in event.files):
        raise FileUnknown
    if event.messages:
        found = await conn.scalar(
            select(func.count()).where(
                entries.c.order_id == order,
                entries.c.seq.in_(event.messages),
                entries.c.kind == "message_sent",
                entries.c.payload.is_not(None),
            )
        )
        if found != len(event.messages):
            raise Malformed(where="messages")
