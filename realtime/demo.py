"""Orders to look at: made when a demo starts, and anew when a visitor asks for it.

| order         | language | stands at                                                    |
|---------------|----------|--------------------------------------------------------------|
| voice-over    | French   | awaiting validation, 48 hours from the payment, much talk     |
| website       | English  | awaiting validation, the brief is handed over                |
| three minutes | French   | awaiting validation, cancelled and refunded in three minutes |
| dispute       | French   | on hold, a mediator has joined and is to decide              |
| closed        | French   | delivered, accepted, paid                                    |
| question      | French   | a question before any order, the buyer's turn                |

What is said in them is told at the times it would have been said: the scenes are played through
the ordinary commands on a database handle whose clock is an argument.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from orders import inbox, people, timeline, views, watermarks
from orders.brief import Asked
from orders.briefing import move_item
from orders.commands import Created, NewOrder, NewQuestion, Person, create_order, take_step
from orders.database import Announce, Database, OwedFor
from orders.errors import NotYours, OrderUnknown
from orders.events import MessageSent, OrderId, PersonId, Role, State
from orders.locking import lock, peek
from orders.mediation import send_mediator
from orders.money import Means
from orders.policy import Policy
from orders.questions import ask
from orders.timeline import Draft
from realtime.scenes import SCENES, Joins, Line, Scene, Step

CALLER = "demo"


class Kept(msgspec.Struct, frozen=True):
    """What is remembered of the demo between two starts: the orders by the scene's name."""

    orders: dict[str, OrderId]


class Demo:
    """The demo's orders, and who is in them."""

    def __init__(
        self, database: Database, folder: Path, announce: Announce, owed_for: OwedFor
    ) -> None:
        """Keep in `folder` which orders are shown."""
        self._database = database
        self._path = folder / "demo.json"
        self._announce = announce
        self._owed_for = owed_for
        self.orders: dict[str, OrderId] = {}
        """The orders that are shown, by the scene's name; set by `begin`."""
        self.busy = False
        """Whether a reset is being carried out; two at once would help nobody."""

    async def begin(self) -> None:
        """Show what an earlier start left, and make what is missing or over.

        Only the short order is made again: whatever a visitor did with the others stays.
        """
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Kept).orders
        except (FileNotFoundError, msgspec.DecodeError):
            kept = {}
        mark = _new_mark()
        for scene in SCENES:
            order = kept.get(scene.name)
            if order is None or not await self._is_worth_showing(scene, order):
                order = await self._play(scene, mark)
            self.orders[scene.name] = order
        self._remember()

    async def reset(self) -> None:
        """Make all orders anew. The old ones stay in the database and are shown no longer."""
        self.busy = True
        try:
            mark = _new_mark()
            self.orders = {scene.name: await self._play(scene, mark) for scene in SCENES}
            self._remember()
        finally:
            self.busy = False

    async def again(self, order: OrderId, buyer: PersonId) -> OrderId:
        """Order the same again with its brief, as the marketplace's shop would.

        Raises `OrderUnknown` for a stranger, `NotYours` for the seller and `Malformed` while the
        order still runs.
        """
        async with self._database.reading() as conn:
            if await views.role_of(conn, order, buyer) is not Role.BUYER:
                raise NotYours(verb="order.again", role=Role.BUYER)
            found = await views.room(conn, order)
            parties = {party.role: party.person for party in found.parties}
            both = [
                await people.introduced(conn, parties[role]) for role in (Role.BUYER, Role.SELLER)
            ]
        new = NewOrder(
            reference=f"demo-again-{secrets.token_hex(6)}",
            title=found.title,
            category=found.category,
            price_cents=found.price_cents,
            currency=found.currency,
            means=Means.CARD,
            buyer=both[0],
            seller=both[1],
            predecessor=order,
        )
        created = await create_order(self._database, CALLER, secrets.token_hex(8), new)
        return created.order

    def _remember(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(Kept(self.orders)))
        draft.replace(self._path)

    async def _is_worth_showing(self, scene: Scene, order: OrderId) -> bool:
        async with self._database.reading() as conn:
            try:
                facts = (await peek(conn, order)).facts
            except OrderUnknown:
                return False  # the database is another one
        return not scene.short or facts.state is State.AWAITING_VALIDATION

    async def _play(self, scene: Scene, mark: str) -> OrderId:
        """Carry out a scene; its past is told at the times at which it would have happened.

        `mark` tells persons apart: the same ones play in all scenes made at once.
        """
        clock = _Clock(datetime.now(UTC) - timedelta(seconds=scene.began_ago))
        database = await Database.open(_url(self._database), clock)
        database.on_commit(self._announce)
        if scene.mails:
            database.on_append(self._owed_for)
        try:
            order = (await _open(database, scene, mark)).order
            for line in scene.lines:
                clock.now = min(clock.now + timedelta(seconds=line.after), datetime.now(UTC))
                await _speak(database, order, line, mark)
            await self._read_all(database, order, scene, mark)
        finally:
            await database.close()
        return order

    async def _read_all(self, database: Database, order: OrderId, scene: Scene, mark: str) -> None:
        """All have read everything, but for what a scene leaves unread."""
        async with database.reading() as conn:
            head = (await inbox.heads(conn, [order]))[order]
        for person in {scene.buyer, scene.seller, *(line.by for line in scene.lines)}:
            unread = scene.unread if person is scene.seller else 0
            await watermarks.mark(database, order, _id(person, mark), read=head - unread)


class _Clock:
    """Time as the scene has it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def _new_mark() -> str:
    """Return a suffix of a new demo's persons, whose inboxes are empty."""
    return secrets.token_hex(3)


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _id(person: Person, mark: str) -> PersonId:
    return PersonId(f"{person.person}-{mark}")


async def _open(database: Database, scene: Scene, mark: str) -> Created:
    reference, key = f"demo-{scene.name}-{secrets.token_hex(6)}", secrets.token_hex(8)
    buyer, seller = (
        msgspec.structs.replace(person, person=_id(person, mark))
        for person in (scene.buyer, scene.seller)
    )
    if scene.price_cents is None:
        asked = NewQuestion(reference, scene.title, scene.category, buyer, seller)
        return await ask(database, CALLER, key, asked)
    paid = NewOrder(
        reference=reference,
        title=scene.title,
        category=scene.category,
        price_cents=scene.price_cents,
        currency="EUR",
        means=Means.CARD,
        buyer=buyer,
        seller=seller,
        policy=Policy(brief_window=scene.brief_window),
        brief=scene.brief,
    )
    return await create_order(database, CALLER, key, paid)


async def _speak(database: Database, order: OrderId, line: Line, mark: str) -> None:
    person = _id(line.by, mark)
    match line.says:
        case Step(verb, note):
            await take_step(database, order, person, verb, secrets.token_hex(8), note)
        case Asked() as asked:
            await move_item(database, order, person, asked, secrets.token_hex(8))
        case Joins():
            mediator = msgspec.structs.replace(line.by, person=person)
            await send_mediator(database, order, secrets.token_hex(8), mediator)
        case str(text):
            async with database.transaction() as tx:
                locked = await lock(tx, order)
                draft = Draft(person, MessageSent(text), secrets.token_hex(8))
                await timeline.append(tx, locked.head, locked.owes, [draft])
