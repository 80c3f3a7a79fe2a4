"""Commands that are said twice: the first answer is the answer.

An entry carries its author's id of the command that wrote it, and a digest of what the command
said. A command that had nothing to change wrote none: its answer is kept beside the entries.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from orders import timeline
from orders.database import Transaction
from orders.errors import IdReused
from orders.events import OrderId, PersonId
from orders.tables import answers, entries
from orders.timeline import Head, Position

_NO_DIGEST = b""
"""Stands in an answer whose command repeated words that are gone."""


async def find(
    tx: Transaction, head: Head, actor: PersonId, client_id: str, command_digest: bytes
) -> Position | None:
    """Find the first answer to a repeated command; the caller holds the order's lock.

    If there is one, it is announced how far the order goes: a command is repeated by who did not
    hear that it was done, and nobody else may have heard of it either.

    Raises `IdReused` if the id came before with other content. What was redacted since has no
    digest to compare any more: it is answered as it was.
    """
    found = (
        await tx.conn.execute(
            select(entries.c.seq, entries.c.at, entries.c.command_digest).where(
                entries.c.order_id == head.order,
                entries.c.actor == actor,
                entries.c.client_id == client_id,
            )
        )
    ).first()
    if found is None:
        found = (
            await tx.conn.execute(
                select(answers.c.seq, answers.c.at, answers.c.command_digest).where(
                    answers.c.order_id == head.order,
                    answers.c.person_id == actor,
                    answers.c.client_id == client_id,
                )
            )
        ).first()
    if found is None:
        return None
    if found.command_digest not in {None, _NO_DIGEST, command_digest}:
        raise IdReused(id=client_id)
    tx.announcements.append(timeline.unmoved(head))
    return Position(found.seq, found.at)


async def remember(
    tx: Transaction,
    order: OrderId,
    actor: PersonId,
    client_id: str,
    command_digest: bytes,
    answer: Position,
) -> None:
    """Keep the answer to a command that had nothing to change, so that it stays the answer."""
    await tx.conn.execute(
        insert(answers).values(
            order_id=order, person_id=actor, client_id=client_id, command_digest=command_digest,
            seq=answer.seq, at=answer.at,
        )
    )  # fmt: skip


async def forget(tx: Transaction, order: OrderId, seqs: Sequence[int]) -> None:
    """Leave nothing by which to guess the words of entries that commands said again."""
    await tx.conn.execute(
        update(answers)
        .where(answers.c.order_id == order, answers.c.seq.in_(seqs))
        .values(command_digest=_NO_DIGEST)
    )
