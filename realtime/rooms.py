"""What surrounds a timeline, as browsers get it: the room, the inbox, the situation."""

from __future__ import annotations

from collections.abc import Sequence

from orders import inbox
from orders.database import Database
from orders.events import OrderId, PersonId, Role
from orders.inbox import InboxRow
from orders.policy import Policy
from orders.situation import Situation
from orders.views import Party, RoomView
from realtime import texts
from realtime.hub import Hub
from realtime.protocol import InboxLine, Member, Presence, ReadMark, Room
from realtime.reads import Reads
from realtime.veil import is_veiled

MANY_LINES = 5
"""From so many changed lines on, the whole inbox is read in one statement."""


def room_frame(room: RoomView, you: Role, policy: Policy, hub: Hub, again_url: str = "") -> Room:
    """Describe the room to one of its members."""
    me = next(party for party in room.parties if party.role is you)
    return Room(
        order=room.order,
        title=room.title,
        category=room.category,
        price_cents=room.price_cents,
        currency=room.currency,
        members=tuple(Member(p.person, p.role, p.name) for p in room.parties),
        you=you,
        marks=tuple(_mark(room, p, hub) for p in room.parties),
        presence=tuple(
            Presence(p.person, online=False, hidden=True)
            if is_veiled(room, p, me) or hub.veil.between(room.order, p.person, me.person)
            else hub.attendance.presence(p.person, p.last_seen)
            for p in room.parties
        ),
        text_max=policy.text_max,
        note_max=policy.note_max,
        file_max=policy.file_max,
        edit_window=policy.edit_window,
        withdraw_window=policy.withdraw_window,
        blocking=me.blocking,
        again_url=again_url,
    )


def _mark(room: RoomView, party: Party, hub: Hub) -> ReadMark:
    """Say how far a member has read: as stored, and as said since that was read."""
    marks = party.marks.joined(hub.meanwhile.marks(room.order, party.person))
    return ReadMark(party.person, marks.read, marks.delivered)


def line(row: InboxRow) -> InboxLine:
    """Describe an order of the inbox."""
    return InboxLine(
        order=row.order,
        title=row.title,
        state=row.state,
        role=row.role,
        other=row.other,
        head=row.head,
        unread=row.unread,
        due=row.due,
        my_turn=row.my_turn,
        rings=row.rings,
    )


async def lines(
    database: Database, person: PersonId, orders: Sequence[OrderId]
) -> tuple[InboxLine, ...]:
    """Read some lines of the person's inbox. Orders that are not theirs are left out."""
    async with database.reading() as conn:
        if len(orders) >= MANY_LINES:
            wanted = set(orders)
            rows = [row for row in await inbox.inbox(conn, person) if row.order in wanted]
        else:
            rows = [row for order in orders for row in await inbox.inbox(conn, person, order)]
    return tuple(map(line, rows))


async def situation(reads: Reads, person: PersonId, language: str, order: OrderId) -> Situation:
    """Compute the person's situation, in words. Raises `OrderUnknown` for a stranger."""
    return texts.situate(await reads.situation(order, person), language)
