"""What the tests of the edge share.

| fixture  | what the test gets                                                            |
|----------|-------------------------------------------------------------------------------|
| `server` | the real server on `database_url`, in this event loop, with the usual limits  |
"""

from collections.abc import AsyncIterator

import pytest

from tests.harness import InProcess, serving


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[InProcess]:
    async with serving(database_url) as running:
        yield running
