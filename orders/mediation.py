"""What the marketplace does to an order: freeze it for checks, and send a mediator into it.

Commands of the marketplace's backend; their client id is its idempotency key.
"""

from __future__ import annotations

from sqlalchemy import insert

from orders import repeats, timeline
from orders.commands import Person, carry_out, command_digest, remember
from orders.database import Database, Transaction
from orders.decisions import decide
from orders.errors import Malformed, TextTooLong, WrongState
from orders.events import MARKETPLACE, MediatorJoined, OrderId, PersonId, Role, State
from orders.locking import LockedOrder, lock
from orders.tables import participants
from orders.timeline import Draft, Position
from orders.timers import running
from orders.workflow import Operator, Verb


async def freeze(database: Database, order: OrderId, key: str, note: str = "") -> Position:
    """Freeze an open order for checks (T26): its clocks stand still, its conversation closes.

    Repeat-safe by `key`. Raises `OrderUnknown`, `WrongState`, `TextTooLong`, `IdReused`.
    """
    content = command_digest(Verb.FREEZE, note)
    async with database.transaction() as tx:
        locked, first = await _begin(tx, order, key, content)
        if first is not None:
            return first
        if len(note) > locked.facts.policy.note_max:
            raise TextTooLong(limit=locked.facts.policy.note_max, length=len(note))
        now = max(tx.now, locked.head.at)
        clocks = await running(tx.conn, order)
        decision = decide(
            locked.facts, Verb.FREEZE, Operator.MARKETPLACE, now, clocks, note.strip()
        )
        return await carry_out(tx, locked, decision, MARKETPLACE, key, content)


async def send_mediator(database: Database, order: OrderId, key: str, mediator: Person) -> Position:
    """Let a mediator into a frozen order: they read all of it, lead the talk of three, decide.

    One mediator an order. Repeat-safe by `key`. Raises `OrderUnknown`, `WrongState` if the
    order is not frozen or has its mediator, `Malformed` if the mediator is one of the parties.
    """
    content = command_digest("mediator.send", mediator)
    async with database.transaction() as tx:
        locked, first = await _begin(tx, order, key, content)
        if first is not None:
            return first
        if any(member.person == mediator.person for member in locked.owes.members):
            raise Malformed(where="person is a party of the order")
        if locked.facts.state is not State.FROZEN or locked.facts.mediated:
            raise WrongState(verb="mediator.send", state=locked.facts.state)
        await remember(tx, mediator)
        await tx.conn.execute(
            insert(participants).values(
                order_id=order,
                person_id=mediator.person,
                role=Role.MEDIATOR,
                read_seq=locked.head.seq,
            )
        )
        joined = MediatorJoined(PersonId(mediator.person), mediator.name)
        draft = Draft(MARKETPLACE, joined, key, content)
        _, (told,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        return Position(told.seq, told.at)


async def _begin(
    tx: Transaction, order: OrderId, key: str, content: bytes
) -> tuple[LockedOrder, Position | None]:
    locked = await lock(tx, order)
    return locked, await repeats.find(tx, locked.head, MARKETPLACE, key, content)
