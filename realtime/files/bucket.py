"""Files in a bucket of an S3 service. Needs the extra `s3`; imported only where one is set.

Nothing but this server reads the bucket: files are handed out through it, so that membership is
looked up each time and the headers are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from orders.errors import Unavailable
from realtime.files.store import CHUNK

log = structlog.get_logger(__name__)

CONNECT_WITHIN = timedelta(seconds=3)
ANSWER_WITHIN = timedelta(seconds=20)
"""For one request, its repeats included."""


class Account(msgspec.Struct, frozen=True):
    """How to reach the service. What is empty is looked for where AWS's own tools do."""

    endpoint: str = ""
    region: str = ""
    key: str = ""
    secret: str = ""


class Bucket:
    """A bucket, or a folder of one. Its methods raise `Unavailable` when it does not answer."""

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
            client_options={
                "allow_http": account.endpoint.startswith("http://"),
                "connect_timeout": CONNECT_WITHIN,
                "timeout": ANSWER_WITHIN,
            },
            retry_config={"max_retries": 2, "retry_timeout": ANSWER_WITHIN},
            **{name: value for name, value in told.items() if value},  # type: ignore[arg-type]
        )

    async def keep(self, path: Path, name: str) -> None:
        """Put the file there; the local one is gone afterwards."""
        with _there():
            await obstore.put_async(self._store, name, path)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def size(self, name: str) -> int | None:
        """Return how many bytes a file has."""
        with _there():
            try:
                return (await obstore.head_async(self._store, name))["size"]
            except FileNotFoundError:
                return None

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read bytes as they arrive."""
        if start == end:
            return
        with _there():
            answer = await obstore.get_async(self._store, name, options={"range": (start, end)})
            async for piece in answer.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def discard(self, name: str) -> None:
        """Erase a file."""
        with _there():
            try:
                await obstore.delete_async(self._store, name)
            except FileNotFoundError:
                return

    async def older(self, than: float) -> list[str]:
        """Return the names of old files."""
        before = datetime.fromtimestamp(than, UTC)
        with _there():
            found = await obstore.list(self._store).collect_async()
        return [one["path"] for one in found if one["last_modified"] < before]


@contextmanager
def _there() -> Iterator[None]:
    """Say that files cannot be had now where the service does not answer."""
    try:
        yield
    except BaseError as error:
        log.warning("the store of files is away", error=type(error).__name__)
        raise Unavailable(reason="files") from None
