"""The record of an order: a file that anybody can check, without us and without a database.

Either party takes it home. It holds every entry of the timeline as it is stored, so that each
hash can be computed again, and a seal: a signature (Ed25519, RFC 8032) over the chain's head, the
moment, and the facts about the order and its members. Who keeps an old record, or only the head
that a closing mail told them, can show that a later one tells another story.

A record is JSON of the shape `Record`. Times are microseconds since 1970 in UTC, hashes are
hexadecimal, keys and signatures base64url without padding. What is hashed and signed:

    digest     SHA-256(salt || payload), the payload's text as UTF-8
    link       SHA-256(previous link || head || digest), the first previous link 32 zero bytes
    head       JSON array [order, seq, at, actor, kind]
    facts      SHA-256 of the JSON array [order, members], both as they stand in the record
    signature  over the JSON array [format, order id, seq, link, exported_at, facts]

JSON that is hashed or signed is written without spaces, in the order of the fields below, and
with all characters as themselves where JSON allows it. An erased or withdrawn entry has neither
payload nor salt; a later entry says that it was erased, or withdrawn by its author. Where only the
words of a step were erased, the payload is what is left of it, without salt, and the later entry
repeats it as `left`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from orders.events import Emptying, EntryRedacted, MessageWithdrawn, emptied_by

FORMAT: Literal["order-room-record/1"] = "order-room-record/1"
SEED_BYTES = 32
GENESIS = bytes(32)
"""The link before the first entry."""

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Salt = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Micros = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

_encode = msgspec.json.Encoder().encode
_EMPTYING = {str(kind.__struct_config__.tag) for kind in (EntryRedacted, MessageWithdrawn)}


class Bought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order itself. `state` is where it stood when the record was made."""

    id: str
    reference: str
    title: str
    category: str
    price_cents: Count
    currency: str
    created_at: Micros
    state: str


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody in the room. Entries name them by `person`."""

    person: str
    role: str
    name: str


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as it is stored. `payload` is the text of its JSON, None once it was erased."""

    seq: Count
    at: Micros
    actor: str
    kind: str
    payload: str | None
    salt: Salt | None
    digest: Hash
    link: Hash


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the server vouches for. `key` is the public key, `key_id` its RFC 7638 thumbprint."""

    seq: Count
    link: Hash
    exported_at: Micros
    facts: Hash
    key_id: str
    key: str
    signature: str


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    format: Literal["order-room-record/1"]
    order: Bought
    members: tuple[Member, ...]
    entries: tuple[Line, ...]
    seal: Seal


class PublicKey(msgspec.Struct, frozen=True):
    """A public key as a JSON Web Key (RFC 8037), the way we publish it."""

    x: str
    kid: str
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"


class KeySet(msgspec.Struct, frozen=True):
    """The published keys."""

    keys: tuple[PublicKey, ...]


class BrokenRecord(Exception):
    """The file is not what was exported; the message names what does not fit."""


class Checked(msgspec.Struct, frozen=True):
    """What a good record is: its length, how much was erased, and whose seal it bears."""

    order: str
    entries: int
    erased: int
    exported_at: int
    key_id: str
    trusted: bool
    """Whether the key was one of those we were told to trust."""


class SealingKey:
    """The private key that records are sealed with. It shows only its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Keep it; `read` makes one from a setting."""
        self._private = private
        self.public = published(private.public_key())

    @classmethod
    def of_seed(cls, seed: str) -> SealingKey:
        """Read 32 bytes in base64. Raises `ValueError` if it is anything else."""
        raw = base64.b64decode(seed.strip(), validate=True)
        if len(raw) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @classmethod
    def of_pem(cls, pem: bytes) -> SealingKey:
        """Read an unencrypted PKCS8 file. Raises `ValueError` if it is anything else."""
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("the key is encrypted or of an unknown kind") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError("the key is not an Ed25519 key")  # noqa: TRY004 - it is a file's
        return cls(private)

    def seal(
        self, order: Bought, members: Sequence[Member], entries: Sequence[Line], now: int
    ) -> Record:
        """Make the record of all entries, from the first to the chain's head, at `now`."""
        last = entries[-1]
        exported_at = max(now, last.at)
        facts = facts_of(order, members)
        signed = statement(order.id, last.seq, last.link, exported_at, facts)
        seal = Seal(
            last.seq, last.link, exported_at, facts, self.public.kid, self.public.x,
            _text(self._private.sign(signed)),
        )  # fmt: skip
        return Record(FORMAT, order, tuple(members), tuple(entries), seal)


def published(key: Ed25519PublicKey) -> PublicKey:
    """Return a public key the way we publish it."""
    raw = key.public_bytes_raw()
    return PublicKey(x=_text(raw), kid=key_id(raw))


def key_id(public: bytes) -> str:
    """Return the thumbprint of a public key (RFC 7638, section 3)."""
    needed = f'{{"crv":"Ed25519","kty":"OKP","x":"{_text(public)}"}}'
    return _text(hashlib.sha256(needed.encode()).digest())


def facts_of(order: Bought, members: Sequence[Member]) -> str:
    """Return the hash over what the record says beside its entries."""
    return hashlib.sha256(_encode([order, tuple(members)])).hexdigest()


def statement(order: str, seq: int, link: str, exported_at: int, facts: str) -> bytes:
    """Return the bytes that are signed."""
    return _encode([FORMAT, order, seq, link, exported_at, facts])


def write(record: Record) -> bytes:
    """Return the record as a file."""
    return _encode(record)


def read(file: bytes) -> Record:
    """Read a record. Raises `BrokenRecord` if it has not the shape of one."""
    try:
        return msgspec.json.decode(file, type=Record)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BrokenRecord(f"this is not a record of an order: {error}") from None


def write_keys(keys: KeySet) -> bytes:
    """Return the published keys as a file."""
    return _encode(keys)


def read_keys(file: bytes) -> dict[str, Ed25519PublicKey]:
    """Read published keys (JSON) or one public key (PEM), by key id. Raises `ValueError`."""
    if file.lstrip().startswith(b"-----BEGIN"):
        found = serialization.load_pem_public_key(file)
        if not isinstance(found, Ed25519PublicKey):
            raise ValueError("the key is not an Ed25519 key")
        return {key_id(found.public_bytes_raw()): found}
    try:
        told = msgspec.json.decode(file, type=KeySet).keys
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    raws = [_bytes(key.x) for key in told]
    return {key_id(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in raws}


def check(record: Record, trusted: Mapping[str, Ed25519PublicKey] | None = None) -> Checked:
    """Check all of a record: the entries, the facts, the seal.

    With `trusted` keys the seal has to be by one of them; without, it is checked with the key
    that the record itself names, which shows damage but not forgery. Raises `BrokenRecord`.
    """
    erased = _check_entries(record)
    seal, last = record.seal, record.entries[-1]
    if seal.seq != last.seq:
        raise BrokenRecord(f"the seal is for {seal.seq} entries, and there are {last.seq}")
    if seal.link != last.link:
        raise BrokenRecord(f"entry {last.seq} is not the one that was sealed as the last")
    if seal.exported_at < last.at:
        raise BrokenRecord("the record is sealed before its last entry was written")
    if seal.facts != facts_of(record.order, record.members):
        raise BrokenRecord("the order or its members are not those that were sealed")
    _check_signature(record, trusted)
    return Checked(
        record.order.id, last.seq, erased, seal.exported_at, seal.key_id, trusted is not None
    )


def check_head(record: Record, seq: int, link: str) -> None:
    """Compare with a head that somebody was told earlier, such as by a closing mail.

    `link` may be its beginning only. Raises `BrokenRecord`.
    """
    if not 0 < seq <= len(record.entries):
        raise BrokenRecord(f"there is no entry {seq} in this record")
    if not record.entries[seq - 1].link.startswith(link.lower()):
        raise BrokenRecord(f"entry {seq} is not the one that was told: the history was rewritten")


def _check_entries(record: Record) -> int:
    """Walk the chain; return how many entries were erased."""
    if not record.entries:
        raise BrokenRecord("there are no entries")
    previous, at = GENESIS, record.entries[0].at
    emptied: set[int] = set()
    rest: dict[int, object] = {}
    """What stays of entries that lost their words; None of those that lost everything."""
    erased = 0
    for expected, line in enumerate(record.entries, start=1):
        if line.seq != expected:
            raise BrokenRecord(f"entry {expected} is missing or not in its place")
        if line.at < at:
            raise BrokenRecord(f"entry {expected} is earlier than the one before it")
        if line.salt is None:
            emptied.add(expected)
            rest[expected] = line.payload and _json(line.payload)
            erased += 1
        elif line.payload is None:
            raise BrokenRecord(f"entry {expected} lost its content")
        elif _digest(line.salt, line.payload) != line.digest:
            raise BrokenRecord(f"the content of entry {expected} was changed")
        link = _link(previous, record.order.id, line)
        if link.hex() != line.link:
            raise BrokenRecord(
                f"entry {expected} does not follow the one before it:"
                " its time, author, kind or place was changed"
            )
        if line.kind in _EMPTYING and line.payload is not None:
            said = _emptied_by(line)
            for seq in said & rest.keys():
                if rest[seq] != _json(line.payload).get("left"):
                    raise BrokenRecord(f"the content of entry {seq} was changed")
            emptied -= said
        previous, at = link, line.at
    if emptied:
        first = min(emptied)
        lost = "was emptied, and no entry says so" if rest[first] is None else "lost its salt"
        raise BrokenRecord(f"entry {first} {lost}")
    return erased


def _digest(salt: str, payload: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + payload.encode()).hexdigest()


def _link(previous: bytes, order: str, line: Line) -> bytes:
    """Compute a link anew. Not `timeline.link_of`: a check is worth more as a second opinion."""
    head = _encode([order, line.seq, line.at, line.actor, line.kind])
    return hashlib.sha256(previous + head + bytes.fromhex(line.digest)).digest()


def _json(payload: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(payload, type=dict[str, object])
    except msgspec.DecodeError:
        raise BrokenRecord("an entry is not what it was") from None


def _emptied_by(line: Line) -> set[int]:
    try:
        return emptied_by(msgspec.json.decode(line.payload or "", type=Emptying))
    except msgspec.DecodeError:
        raise BrokenRecord(f"entry {line.seq} is not of its kind") from None


def _check_signature(record: Record, trusted: Mapping[str, Ed25519PublicKey] | None) -> None:
    seal = record.seal
    try:
        raw, signature = _bytes(seal.key), _bytes(seal.signature)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise BrokenRecord("the seal's key or signature is damaged") from None
    if key_id(raw) != seal.key_id:
        raise BrokenRecord("the seal's key is not the one it names")
    if trusted is not None and seal.key_id not in trusted:
        raise BrokenRecord("the seal is by a key that the key file does not hold")
    signed = statement(record.order.id, seal.seq, seal.link, seal.exported_at, seal.facts)
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        raise BrokenRecord("the seal's signature is not for this record") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Read base64url without padding. Raises `ValueError`."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(raw) != text:
        raise ValueError("not base64url in its one form")
    return raw
