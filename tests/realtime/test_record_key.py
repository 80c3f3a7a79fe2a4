"""The key that seals records: said by the environment, or made once and kept."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orders.database import Database
from orders.export import gather, sealed
from orders.record import (
    BrokenRecord,
    KeySet,
    SealingKey,
    check,
    published,
    read_keys,
    write_keys,
)
from realtime.settings import (
    Settings,
    SettingsError,
    for_serving,
    published_keys,
    read,
    sealing_key,
)
from tests.orders.world import MONDAY, open_room

PRIVATE = Ed25519PrivateKey.generate()
SEED = base64.b64encode(PRIVATE.private_bytes_raw()).decode()
KEY = SealingKey(PRIVATE).public


def told(value: str | Path, var: Path) -> Settings:
    return read({"ORDER_ROOM_RECORD_KEY": str(value), "ORDER_ROOM_VAR": str(var)}, demo=True)


def test_it_is_a_seed_or_the_path_of_a_file(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        PRIVATE.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    assert sealing_key(told(SEED, tmp_path)).public == KEY
    assert sealing_key(told(pem, tmp_path)).public == KEY
    assert not (tmp_path / "record-key").exists()


@pytest.mark.parametrize("demo", [False, True])
def test_without_one_it_is_made_once_and_kept_for_the_owners_eyes(
    tmp_path: Path, *, demo: bool
) -> None:
    settings = read({"ORDER_ROOM_VAR": str(tmp_path / "new")}, demo=demo)
    first, second = sealing_key(settings), sealing_key(settings)
    assert first.public == second.public != KEY
    assert stat.S_IMODE((tmp_path / "new" / "record-key").stat().st_mode) == 0o600


@pytest.mark.parametrize("wrong", ["no-such-file", "AAAA", "A" * 42 + "=="])
def test_a_wrong_one_stops_the_start_and_is_not_told(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ORDER_ROOM_RECORD_KEY: neither") as caught:
        for_serving(told(wrong, tmp_path))
    assert wrong not in str(caught.value)
    assert wrong not in repr(told(wrong, tmp_path))


def test_where_none_can_be_kept_the_start_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "record-key").mkdir()
    with pytest.raises(SettingsError, match="ORDER_ROOM_RECORD_KEY is missing"):
        sealing_key(read({"ORDER_ROOM_VAR": str(tmp_path)}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "record-key").write_text("damaged")
    with pytest.raises(SettingsError, match="ORDER_ROOM_RECORD_KEY is missing"):
        sealing_key(read({"ORDER_ROOM_VAR": str(tmp_path / "other")}))


def with_retired(paths: str, var: Path) -> Settings:
    return read(
        {
            "ORDER_ROOM_RECORD_KEY": SEED,
            "ORDER_ROOM_RECORD_KEYS_RETIRED": paths,
            "ORDER_ROOM_VAR": str(var),
        },
        demo=True,
    )


async def test_what_a_retired_key_sealed_still_verifies_with_the_published_ones(
    database: Database, tmp_path: Path
) -> None:
    room = await open_room(database)
    old = SealingKey(Ed25519PrivateKey.generate())
    async with database.reading() as conn:
        story = await gather(conn, room.order, room.buyer)
    made = sealed(story, old, MONDAY)
    before = tmp_path / "keys.json"
    before.write_bytes(write_keys(KeySet((old.public,))))
    older = Ed25519PrivateKey.generate().public_key()
    pem = tmp_path / "older.pem"
    pem.write_bytes(
        older.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    settings = with_retired(f"{before}, {pem}", tmp_path)
    keys = published_keys(settings, sealing_key(settings))
    assert [key.kid for key in keys.keys] == [KEY.kid, old.public.kid, published(older).kid]
    assert check(made, read_keys(write_keys(keys))).trusted
    with pytest.raises(BrokenRecord, match="by a key that the key file does not hold"):
        check(made, read_keys(write_keys(KeySet((KEY,)))))


@pytest.mark.parametrize("wrong", ["no-such-file", "damaged"])
def test_a_file_of_retired_keys_that_cannot_be_read_stops_the_start(
    wrong: str, tmp_path: Path
) -> None:
    (tmp_path / "damaged").write_text("{}")
    with pytest.raises(SettingsError, match="ORDER_ROOM_RECORD_KEYS_RETIRED"):
        for_serving(with_retired(str(tmp_path / wrong), tmp_path))
