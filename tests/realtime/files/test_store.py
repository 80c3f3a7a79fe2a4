"""Where whole files are kept: a folder and a bucket keep the same promises."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from realtime.files.bucket import Account, Bucket
from realtime.files.store import Disk, Store


@pytest.fixture(params=["disk", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3_bucket: dict[str, str]) -> Store:
    if request.param == "disk":
        return Disk(tmp_path / "kept")
    account = Account(s3_bucket["ORDER_ROOM_S3_ENDPOINT"], "us-east-1", "test", "test")
    return Bucket(s3_bucket["ORDER_ROOM_FILES_URL"], account)


async def _all(store: Store, name: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in store.read(name, start, end)])


async def test_a_file_is_taken_over_and_read_in_any_part(store: Store, tmp_path: Path) -> None:
    content = os.urandom(700_001)
    (tmp_path / "new").write_bytes(content)
    await store.keep(tmp_path / "new", "f1")
    assert not (tmp_path / "new").exists()
    assert await store.size("f1") == 700_001
    assert await _all(store, "f1", 0, 700_001) == content
    assert await _all(store, "f1", 300_000, 300_010) == content[300_000:300_010]
    assert await _all(store, "f1", 5, 5) == b""


async def test_an_erased_file_is_gone_and_erasing_it_again_is_harmless(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "new").write_bytes(b"Bonjour")
    await store.keep(tmp_path / "new", "f1")
    for _ in range(2):
        await store.discard("f1")
    assert await store.size("f1") is None


async def test_files_are_found_by_their_age(store: Store, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"Bonjour")
    await store.keep(tmp_path / "new", "f1")
    assert await store.older(time.time() + 3600) == ["f1"]
    assert await store.older(time.time() - 3600) == []


async def test_the_age_of_a_file_begins_when_it_is_kept(store: Store, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"Bonjour")
    long_ago = time.time() - 7200
    os.utime(tmp_path / "new", (long_ago, long_ago))
    await store.keep(tmp_path / "new", "f1")
    assert await store.older(time.time() - 3600) == []


async def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = Disk(tmp_path / "kept")
    (tmp_path / "new").write_bytes(b"Bonjour")
    (tmp_path / "new").chmod(0o644)
    await store.keep(tmp_path / "new", "f1")
    assert stat.S_IMODE((tmp_path / "kept" / "f1").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


@pytest.mark.parametrize("url", ["", "bucket", "https://bucket/x", "s3://"])
def test_an_address_that_is_no_bucket_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="not an s3://bucket/prefix URL"):
        Bucket(url, Account())
