"""The scene that the tests of the mails play in."""

from collections.abc import AsyncIterator

import pytest

from tests.realtime.notices.scene import Scene, scene


@pytest.fixture
async def play(own_database_url: str) -> AsyncIterator[Scene]:
    """An order's people, a mail server and a worker, on SQLite and on PostgreSQL."""
    async with scene(own_database_url) as opened:
        yield opened
