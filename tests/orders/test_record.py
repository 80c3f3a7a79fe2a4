"""The record of an order: it holds up by itself, and whatever is changed in it is named."""

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orders import export, record
from orders.commands import Person, take_step
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import PersonId
from orders.mediation import freeze, send_mediator
from orders.record import BrokenRecord, KeySet, Record, SealingKey
from orders.redaction import redact
from orders.workflow import Verb
from tests.orders.world import Room, open_post_box, open_room, verified

KEY = SealingKey(ed25519.Ed25519PrivateKey.generate())
STRANGER = SealingKey(ed25519.Ed25519PrivateKey.generate())
TRUSTED = record.read_keys(record.write_keys(KeySet((KEY.public,))))
Change = Callable[[dict[str, Any]], object]


async def told(database: Database) -> Room:
    """An order with something of everything: talk, steps, money, an erased message."""
    room = await open_room(database, title="Voix « off » — 2 min \u2028 <b>")
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "c1", 'Bonjour, ça va ? 👋 \\ " \x7f \u2029')
        secret = await box.post(room.order, room.buyer, "c2", "mot de passe : s3same!")
        await box.post(room.order, room.seller, "c3", "Hello")
    for who, verb in (
        (room.buyer, Verb.HAND_OVER), (room.seller, Verb.START), (room.seller, Verb.DELIVER),
        (room.buyer, Verb.CLOSE),
    ):  # fmt: skip
        await take_step(database, room.order, who, verb, secrets.token_hex(4))
    await redact(database, room.order, secret.seq)
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "c4", "Merci !")
    return room


async def exported(database: Database, room: Room, key: SealingKey = KEY) -> Record:
    async with database.reading() as conn:
        story = await export.gather(conn, room.order, room.buyer)
    return export.sealed(story, key, await database.now())


@pytest.fixture
async def good(database: Database) -> Record:
    return await exported(database, await told(database))


def reopened(found: Record, change: Change) -> Record:
    """The record after somebody edited its file."""
    file = json.loads(record.write(found))
    change(file)
    return record.read(json.dumps(file).encode())


def resealed(found: Record, key: SealingKey = STRANGER) -> Record:
    """The record sealed anew with another key, by somebody who knows how."""
    return key.seal(found.order, found.members, found.entries, found.seal.exported_at)


def rechained(found: Record) -> Record:
    """The record with all hashes computed anew for what its entries say."""
    lines, previous = [], record.GENESIS
    for line in found.entries:
        digest = (
            line.digest
            if line.payload is None or line.salt is None
            else record._digest(line.salt, line.payload)
        )
        fresh = replace(line, digest=digest)
        previous = record._link(previous, found.order.id, fresh)
        lines.append(replace(fresh, link=previous.hex()))
    return replace(found, entries=tuple(lines))


# --- what holds -----------------------------------------------------------------------------------


async def test_a_record_holds_up_and_tells_its_length_and_what_was_erased(
    database: Database,
) -> None:
    room = await told(database)
    found = record.read(record.write(await exported(database, room)))
    checked = record.check(found, TRUSTED)
    assert checked.entries == await verified(database, room.order) == found.seal.seq
    assert (checked.order, checked.erased, checked.trusted) == (room.order, 1, True)
    assert checked.key_id == KEY.public.kid
    assert not record.check(found).trusted
    assert found.order.state == "closed"
    assert {member.role: member.name for member in found.members} == {
        "buyer": "Inès",
        "seller": "Tom",
    }


async def test_all_members_get_the_same_and_a_stranger_nothing(database: Database) -> None:
    room = await open_room(database)
    maud = Person(f"m-{room.order}", "Maud", "maud@post.test")
    await freeze(database, room.order, "f1")
    await send_mediator(database, room.order, "m1", maud)
    async with database.reading() as conn:
        buyers = await export.gather(conn, room.order, room.buyer)
        sellers = await export.gather(conn, room.order, room.seller)
        assert buyers == sellers
        assert buyers == await export.gather(conn, room.order, PersonId(maud.person))
        with pytest.raises(OrderUnknown):
            await export.gather(conn, room.order, PersonId("nobody"))


async def test_nothing_of_a_record_tells_an_address_or_a_means_of_payment(
    database: Database,
) -> None:
    file = record.write(await exported(database, await told(database))).decode()
    assert "post.test" not in file
    assert "card" not in file
    assert "s3same" not in file


async def test_a_later_record_continues_the_earlier_one(database: Database) -> None:
    room = await open_room(database)
    early = await exported(database, room)
    await take_step(database, room.order, room.buyer, Verb.HAND_OVER, "c1")
    late = await exported(database, room)
    record.check_head(late, early.seal.seq, early.seal.link)
    record.check_head(late, early.seal.seq, early.seal.link[:12].upper())
    with pytest.raises(BrokenRecord, match="the history was rewritten"):
        record.check_head(late, early.seal.seq, late.seal.link)
    with pytest.raises(BrokenRecord, match="no entry 99"):
        record.check_head(late, 99, early.seal.link)


# --- what does not hold, and how it is named ------------------------------------------------------


def drop(seq: int) -> Change:
    return lambda file: file["entries"].pop(seq - 1)


def swap(one: int, other: int) -> Change:
    def change(file: dict[str, Any]) -> None:
        lines = file["entries"]
        lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]

    return change


def put(*path: str | int | None) -> Change:
    """Write the last argument where the others lead."""

    def change(file: dict[str, Any]) -> None:
        *way, name, value = path
        place: Any = file  # whatever JSON holds there
        for step in way:
            place = place[step]
        place[name] = value

    return change


def both(*changes: Change) -> Change:
    return lambda file: [change(file) for change in changes]


def unseal(file: dict[str, Any]) -> None:
    """Cut the last entry off, and have the old seal speak of the one before it."""
    file["entries"].pop()
    last = file["entries"][-1]
    file["seal"] |= {"seq": last["seq"], "link": last["link"]}


LINE = 4  # the first message: entries 1 to 3 tell the payment
ERASED = 5
OTHER = "ab" * 32
HELLO = json.dumps({"kind": "message_sent", "text": "Hallo"})


CHANGES: list[tuple[Change, str]] = [
        (put("entries", LINE - 1, "payload", HELLO), "the content of entry 4 was changed"),
        (put("entries", LINE - 1, "salt", "00" * 16), "the content of entry 4 was changed"),
        (put("entries", LINE - 1, "digest", OTHER), "the content of entry 4 was changed"),
        (put("entries", LINE - 1, "salt", None), "entry 4 lost its salt"),
        (put("entries", LINE - 1, "payload", None), "entry 4 lost its content"),
        (
            both(
                put("entries", LINE - 1, "payload", None), put("entries", LINE - 1, "salt", None)
            ),
            "entry 4 was emptied, and no entry says so",
        ),
        (put("entries", ERASED - 1, "digest", OTHER), "entry 5 does not follow"),
        (put("entries", ERASED - 1, "payload", HELLO), "the content of entry 5 was changed"),
        (put("entries", LINE - 1, "link", OTHER), "entry 4 does not follow"),
        (put("entries", LINE - 1, "actor", "somebody"), "entry 4 does not follow"),
        (put("entries", LINE - 1, "kind", "order_closed"), "entry 4 does not follow"),
        (put("entries", LINE - 1, "seq", 9), "entry 4 is missing or not in its place"),
        (put("entries", LINE - 1, "at", 0), "entry 4 is earlier than the one before it"),
        (put("entries", 0, "at", 1), "entry 1 does not follow"),
        (drop(1), "entry 1 is missing"),
        (drop(LINE), "entry 4 is missing"),
        (swap(2, 3), "entry 2 is missing or not in its place"),
        (lambda file: file["entries"].pop(), "the seal is for "),
        (unseal, "the seal's signature is not for this record"),
        (lambda file: file["entries"].clear(), "there are no entries"),
        (put("order", "id", "o_other"), "entry 1 does not follow"),
        (put("order", "title", "Another"), "the order or its members are not those"),
        (put("order", "price_cents", 1), "the order or its members are not those"),
        (put("order", "reference", "x"), "the order or its members are not those"),
        (put("order", "state", "cancelled"), "the order or its members are not those"),
        (put("order", "created_at", 1), "the order or its members are not those"),
        (put("members", 0, "name", "Eve"), "the order or its members are not those"),
        (put("members", 0, "role", "mediator"), "the order or its members are not those"),
        (lambda file: file["members"].pop(), "the order or its members are not those"),
        (put("seal", "link", OTHER), "is not the one that was sealed as the last"),
        (put("seal", "facts", OTHER), "the order or its members are not those"),
        (put("seal", "exported_at", 2**52), "the seal's signature is not for this record"),
        (put("seal", "exported_at", 1), "sealed before its last entry"),
        (put("seal", "key", STRANGER.public.x), "the seal's key is not the one it names"),
        (put("seal", "key", "short"), "the seal's key or signature is damaged"),
        (put("seal", "key_id", STRANGER.public.kid), "the seal's key is not the one it names"),
        (put("seal", "signature", "A" * 86), "the seal's signature is not for this record"),
        (put("seal", "signature", "?"), "the seal's key or signature is damaged"),
        (
            both(
                put("seal", "key", STRANGER.public.x), put("seal", "key_id", STRANGER.public.kid)
            ),
            "by a key that the key file does not hold",
        ),
]  # fmt: skip


async def test_every_change_is_named(good: Record) -> None:
    for change, named in CHANGES:
        forged = reopened(good, change)
        with pytest.raises(BrokenRecord, match=named):
            record.check(forged, TRUSTED)


async def test_what_is_not_a_record_is_said_to_be_none(good: Record) -> None:
    changes: list[Change] = [
        put("format", "order-room-record/2"),
        put("extra", 1),
        put("entries", 0, "digest", "zz"),
        put("entries", 0, "at", 10**30),
        put("seal", "seq", -1),
        put("order", "price_cents", 2**64),
        put("seal", None),
        lambda file: file.pop("members"),
    ]
    for change in changes:
        with pytest.raises(BrokenRecord, match="not a record"):
            reopened(good, change)


async def test_who_rewrites_the_whole_history_still_lacks_the_key(good: Record) -> None:
    """Neither a shorter nor another story can be sealed: only ours verifies with our key."""
    shorter = replace(good, entries=good.entries[:-1])
    another = rechained(
        reopened(good, put("entries", LINE - 1, "payload", HELLO)),
    )
    for forged in (shorter, another):
        with pytest.raises(BrokenRecord):
            record.check(forged, TRUSTED)
        sealed = resealed(forged)
        assert not record.check(sealed).trusted  # it fits together, by somebody's key
        with pytest.raises(BrokenRecord, match="by a key that the key file does not hold"):
            record.check(sealed, TRUSTED)
        if forged is another:
            with pytest.raises(BrokenRecord, match="the history was rewritten"):
                record.check_head(sealed, good.seal.seq, good.seal.link[:16])


@given(data=st.data())
async def test_no_character_of_the_file_can_be_changed(data: st.DataObject) -> None:
    file = record.write(SAMPLE)
    place = data.draw(st.integers(0, len(file) - 1))
    value = data.draw(st.integers(32, 126).filter(lambda byte: byte != file[place]))
    forged = file[:place] + bytes([value]) + file[place + 1 :]
    try:
        found = record.read(forged)
    except BrokenRecord:
        return
    # white space and the case of an escape may change: the record that is read is the same then
    if found != SAMPLE:
        with pytest.raises(BrokenRecord):
            record.check(found, TRUSTED)


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8),
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
)
def test_whatever_people_write_survives_the_file(texts: list[str], names: list[str]) -> None:
    made = sample(texts, names)
    assert record.read(record.write(made)) == made
    assert record.check(record.read(record.write(made)), TRUSTED).entries == len(texts)


def sample(texts: list[str], names: list[str]) -> Record:
    """A record without a database."""
    order = record.Bought("o_1", "r", "Voix", "voice", 5000, "EUR", 0, "closed")
    members = [record.Member(f"p{n}", "buyer", name) for n, name in enumerate(names)]
    lines, previous = [], record.GENESIS
    for seq, text in enumerate(texts, start=1):
        payload = json.dumps({"kind": "message_sent", "text": text}, ensure_ascii=False)
        salt = secrets.token_hex(16)
        line = record.Line(
            seq, seq, "p0", "message_sent", payload, salt, record._digest(salt, payload), ""
        )
        previous = record._link(previous, "o_1", line)
        lines.append(replace(line, link=previous.hex()))
    return KEY.seal(order, members, lines, 10)


SAMPLE = sample(["Bonjour", "l'été, 100 %"], ["Inès"])


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_is_read_from_a_seed_or_a_pem_file_and_nothing_else() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    seed = base64.b64encode(private.private_bytes_raw()).decode()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert SealingKey.of_seed(seed).public == SealingKey.of_pem(pem).public
    other = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    locked = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    for wrong in (other, locked, b"", b"-----BEGIN PRIVATE KEY-----"):
        with pytest.raises(ValueError):  # noqa: PT011 - which one, the setting's sentence says
            SealingKey.of_pem(wrong)
    for short in ("", "AAAA", "not base64!", seed + "AAAA"):
        with pytest.raises(ValueError):  # noqa: PT011 - the same
            SealingKey.of_seed(short)


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    # the key and its thumbprint of RFC 8037, appendix A.1 and A.3
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = SealingKey.of_seed(base64.b64encode(seed).decode())
    assert key.public.x == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.public.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


# --- the command ----------------------------------------------------------------------------------


def verify(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the verifier as a person does, in an environment that knows no database."""
    return subprocess.run(
        [sys.executable, "-m", "orders", "verify", *map(str, arguments)],
        check=False, capture_output=True, text=True, env={},
    )  # fmt: skip


async def test_the_command_says_in_one_sentence_whether_a_file_is_good(
    good: Record, tmp_path: Path
) -> None:
    file, keys, pem = tmp_path / "record.json", tmp_path / "keys.json", tmp_path / "key.pem"
    file.write_bytes(record.write(good))
    keys.write_bytes(record.write_keys(KeySet((STRANGER.public, KEY.public))))
    pem.write_bytes(
        TRUSTED[KEY.public.kid].public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    for trusted in (keys, pem):
        answer = verify(file, "--key", trusted)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert f"{good.seal.seq} entries (1 of them erased), all linked" in answer.stdout
        assert f"by the trusted key {KEY.public.kid}" in answer.stdout
        assert answer.stdout.count("\n") == 1
    assert "give --key" in verify(file).stdout
    head = f"{good.seal.seq}:{good.seal.link[:12]}"
    assert verify(file, "--key", keys, "--head", head).returncode == 0


async def test_the_command_says_what_is_wrong_and_fails(good: Record, tmp_path: Path) -> None:
    file, keys = tmp_path / "record.json", tmp_path / "keys.json"
    keys.write_bytes(record.write_keys(KeySet((STRANGER.public,))))
    file.write_bytes(record.write(good))
    cases: list[tuple[tuple[str | Path, ...], str]] = [
        ((file, "--key", keys), "by a key that the key file does not hold"),
        ((file, "--key", file), "the key file cannot be read"),
        ((file, "--head", "2:0000000000000000"), "the history was rewritten"),
        ((tmp_path / "absent.json",), "No such file"),
        ((keys,), "this is not a record of an order"),
    ]
    for arguments, said in cases:
        answer = verify(*arguments)
        assert (answer.returncode, answer.stderr) == (1, ""), arguments
        assert said in answer.stdout
        assert answer.stdout.count("\n") == 1
