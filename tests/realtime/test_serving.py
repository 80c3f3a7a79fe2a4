"""Where it listens is where it says that it does."""

import socket
from urllib.parse import urlsplit

import pytest

from realtime.serving import address, listen
from realtime.settings import read


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_browser_reaches_it_at_the_address_that_is_told(host: str) -> None:
    with listen(host, 0) as listener:
        told = urlsplit(address(listener))
        assert told.hostname is not None
        assert told.port is not None
        socket.create_connection((told.hostname, told.port), timeout=10).close()


def test_on_every_address_is_by_either_version_of_the_protocol() -> None:
    with listen("::", 0) as listener:
        port = listener.getsockname()[1]
        for near in ("127.0.0.1", "::1"):
            socket.create_connection((near, port), timeout=10).close()


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("room.test", "http://room.test:8000"),
    ],
)
def test_links_lead_to_where_it_listens_unless_it_is_told_better(host: str, base: str) -> None:
    assert read({"HOST": host}).base_url == base
