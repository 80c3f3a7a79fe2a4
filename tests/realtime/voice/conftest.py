"""What the tests of the voice may ask for, beside the fixtures of all tests."""

import functools

import pytest

from realtime.voice.plane import MediaPath
from tests.realtime.voice import room


@pytest.fixture(params=["native", "python", "peer"])
def opened(request: pytest.FixtureRequest) -> room.Opened:
    """Opens a node with two places; the test runs over each way that packets can take."""
    return functools.partial(room.opened, MediaPath(request.param))
