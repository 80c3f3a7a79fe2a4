"""The key that seals records: said by the environment, or made once and kept."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orders.record import SealingKey
from realtime.settings import Settings, SettingsError, for_serving, read, sealing_key

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
