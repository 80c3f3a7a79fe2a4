"""Files in a bucket of an S3 service. Needs the extra `s3`; imported only where one is set.

Nothing but this server reads the bucket: files are handed out through it, so that membership is
looked up each time and the headers are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import obstore
from obstore.store import S3Store

from realtime.files.store import CHUNK


class Account(msgspec.Struct, frozen=True):
    """How to reach the service. What is empty is looked for where AWS's own tools do."""

    endpoint: str = ""
    region: str = ""
    key: str = ""
    secret: str = ""


class Bucket:
    """A bucket, or a folder of one."""

    def __init__(self, url: str, account: Account) -> None:
        """Take `s3://bucket/prefix`. Raises `ValueError` if it is not of that form."""
        where = urlsplit(url)
        if where.scheme != "s3" or not where.hostname:
            raise ValueError("not an s3://bucket/prefix URL")
        told = {
            "endpoint": account.endpoint,
            "region": account.region,
            "access_key_id": account.key,
            "secret_access_key": account.secret,
        }
        self._store = S3Store(
            where.hostname,
            prefix=where.path.strip("/") or None,
            client_options={"allow_http": account.endpoint.startswith("http://")},
            **{name: value for name, value in told.items() if value},  # type: ignore[arg-type]
        )

    async def keep(self, path: Path, name: str) -> None:
        """Put the file there; the local one is gone afterwards."""
        await obstore.put_async(self._store, name, path)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def size(self, name: str) -> int | None:
        """Return how many bytes a file has."""
        try:
            return (await obstore.head_async(self._store, name))["size"]
        except FileNotFoundError:
            return None

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read bytes as they arrive."""
        if start == end:
            return
        answer = await obstore.get_async(self._store, name, options={"range": (start, end)})
        async for piece in answer.stream(min_chunk_size=CHUNK):
            yield bytes(piece)

    async def discard(self, name: str) -> None:
        """Erase a file."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return

    async def older(self, than: float) -> list[str]:
        """Return the names of old files."""
        before = datetime.fromtimestamp(than, UTC)
        found = await obstore.list(self._store).collect_async()
        return [one["path"] for one in found if one["last_modified"] < before]
