"""Persons as the marketplace knows them, and when they were last here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.commands import Person
from orders.database import Database
from orders.events import PersonId
from orders.tables import persons


class Known(msgspec.Struct, frozen=True):
    """What other parts need of a person; the address stays where mails are made."""

    person: PersonId
    name: str
    language: str
    last_seen: datetime | None
    hides_presence: bool = False


async def known(conn: AsyncConnection, person: PersonId) -> Known | None:
    """Return the person, or None if no order ever named them."""
    return (await known_of(conn, [person])).get(person)


async def known_of(conn: AsyncConnection, ids: Sequence[PersonId]) -> dict[PersonId, Known]:
    """Return several persons; one whom no order ever named is left out."""
    rows = await conn.execute(
        select(
            persons.c.id,
            persons.c.name,
            persons.c.language,
            persons.c.last_seen,
            persons.c.hides_presence,
        ).where(among(persons.c.id, ids))
    )
    return {
        row.id: Known(row.id, row.name, row.language, row.last_seen, row.hides_presence)
        for row in rows
    }


async def introduced(conn: AsyncConnection, person: PersonId) -> Person:
    """Return a person that an order named, as the marketplace told of them."""
    row = (await conn.execute(select(persons).where(persons.c.id == person))).one()
    return Person(row.id, row.name, row.email, row.language)


async def saw(database: Database, person: PersonId, at: datetime) -> None:
    """Note that the person was here at `at`; an earlier time changes nothing."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(persons)
            .where(
                persons.c.id == person,
                or_(persons.c.last_seen.is_(None), persons.c.last_seen < at),
            )
            .values(last_seen=at)
        )


async def hiding(conn: AsyncConnection, ids: Sequence[PersonId]) -> set[PersonId]:
    """Return those of the persons who do not want to be seen."""
    return set(
        await conn.scalars(
            select(persons.c.id).where(among(persons.c.id, ids), persons.c.hides_presence)
        )
    )


async def hide_presence(database: Database, person: PersonId, *, on: bool) -> None:
    """Have the person not shown as here or as last seen, and not see others; or undo it."""
    async with database.transaction() as tx:
        await tx.conn.execute(
            update(persons).where(persons.c.id == person).values(hides_presence=on)
        )
