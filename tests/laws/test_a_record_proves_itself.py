"""Whatever happened to an order, its record holds up, and continues every earlier record of it.

And whatever is rewritten afterwards, with access to the very rows, shows to whoever kept a head.
"""

from __future__ import annotations

import random
import secrets
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from orders import export, record, views
from orders.clock import Sweeper
from orders.commands import take_step
from orders.database import Database, Transaction
from orders.errors import Refused
from orders.events import OrderId, PersonId, kind_of
from orders.locking import lock
from orders.posting import PostBox
from orders.record import BrokenRecord, KeySet, Record, SealingKey
from orders.redaction import redact
from orders.tables import entries, orders
from orders.timeline import GENESIS, digest_of, link_of
from realtime.record.page import render
from tests.orders.world import MONDAY, Room, Watch, entries_of, open_post_box, open_room, opened

KEY = SealingKey(Ed25519PrivateKey.generate())
TRUSTED = record.read_keys(record.write_keys(KeySet((KEY.public,))))

ACTIONS = st.sampled_from(["say", "say", "step", "step", "erase", "wait", "export"])
LIVES = st.lists(ACTIONS, min_size=4, max_size=25)


async def exported(database: Database, room: Room, person: PersonId) -> Record:
    """The record as this person takes it home, read back from its file."""
    async with database.reading() as conn:
        story = await export.gather(conn, room.order, person)
    sealed = export.sealed(story, KEY, await database.now())
    return record.read(record.write(sealed))


async def live(
    database: Database, watch: Watch, box: PostBox, room: Room, action: str, chance: random.Random
) -> None:
    """Do one thing, if the rules allow it now."""
    person = chance.choice([room.buyer, room.seller])
    with suppress(Refused):
        match action:
            case "say":
                await box.post(
                    room.order, person, secrets.token_hex(4), chance.choice("aé👋\u2028")
                )
            case "step":
                async with database.reading() as conn:
                    seen = await views.situation(conn, room.order, person, watch.now)
                if seen.actions:
                    verb = chance.choice(seen.actions)
                    await take_step(
                        database, room.order, person, verb, secrets.token_hex(4), "parce que"
                    )
            case "erase":
                told = await entries_of(database, room.order)
                await redact(database, room.order, chance.choice(told).seq)
            case _:
                watch.forward(seconds=chance.choice([1, 3600, 100_000]))
                await Sweeper(database).sweep()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(life=LIVES, seed=st.integers(0, 2**32))
async def test_the_record_of_a_random_life_holds_up_and_continues_the_earlier_ones(
    own_database_url: str, life: list[str], seed: int
) -> None:
    chance, watch = random.Random(seed), Watch(MONDAY)
    async with opened(own_database_url, watch) as database, open_post_box(database) as box:
        room = await open_room(database)
        kept: list[Record] = []
        for action in [*life, "export"]:
            if action != "export":
                await live(database, watch, box, room, action, chance)
                continue
            made = await exported(database, room, chance.choice([room.buyer, room.seller]))
            checked = record.check(made, TRUSTED)
            told = await entries_of(database, room.order)
            assert checked.entries == len(told)
            assert checked.erased == sum(line.salt is None for line in made.entries)
            assert [line.kind for line in made.entries if line.payload is not None] == [
                kind_of(entry.event) for entry in told if entry.event is not None
            ]
            for earlier in kept:
                record.check_head(made, earlier.seal.seq, earlier.seal.link)
            kept.append(made)
            assert str(len(told)) in render(made, "fr", "Europe/Paris", "")


async def rewritten(tx: Transaction, order: OrderId, seq: int, words: str) -> None:
    """Do what somebody with the database in their hands would do: change, and chain anew."""
    await lock(tx, order)
    rows = (
        await tx.conn.execute(
            select(entries).where(entries.c.order_id == order).order_by(entries.c.seq)
        )
    ).all()
    previous = GENESIS
    for row in rows:
        payload = row.payload
        if row.seq == seq:
            payload = f'{{"kind":"message_sent","text":"{words}"}}'.encode()
        digest = digest_of(row.salt, payload)
        link = link_of(previous, order, row.seq, row.at, row.actor, row.kind, digest)
        await tx.conn.execute(
            update(entries)
            .where(entries.c.order_id == order, entries.c.seq == row.seq)
            .values(payload=payload, digest=digest, link=link)
        )
        previous = link
    await tx.conn.execute(update(orders).where(orders.c.id == order).values(last_link=previous))


@pytest.mark.parametrize("told_by", ["a record", "a short head as in a mail"])
async def test_who_rewrites_the_rows_is_shown_by_whoever_kept_a_head(
    database: Database, told_by: str
) -> None:
    room = await open_room(database)
    async with open_post_box(database) as box:
        said = await box.post(room.order, room.seller, "c1", "Livraison mardi")
        await box.post(room.order, room.buyer, "c2", "Merci")
    kept = (await exported(database, room, room.buyer)).seal
    async with database.transaction() as tx:
        await rewritten(tx, room.order, said.seq, "Livraison en mars")
    now = await exported(database, room, room.buyer)
    assert record.check(now, TRUSTED).entries == kept.seq, "by itself the new story is sound"
    link = kept.link if told_by == "a record" else kept.link[:16]
    with pytest.raises(BrokenRecord, match="the history was rewritten"):
        record.check_head(now, kept.seq, link)
    record.check_head(now, said.seq - 1, now.entries[said.seq - 2].link)
