"""The virus scanner, asked over its own protocol: the real daemon, and one signature of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from orders.events import Scan
from realtime.files.clamd import Clamd, NotScannedError, ScannerAwayError
from tests.servers import HARMLESS, Server, free_port


async def _in_pieces(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def test_what_has_the_signature_is_infected_and_the_rest_is_clean(clamd_url: str) -> None:
    clamd = Clamd(clamd_url, within=30)
    assert await clamd.scan(_in_pieces(b"Bonjour, voici le texte.")) is Scan.CLEAN
    infected = b"some text " + HARMLESS + b" and more"
    assert await clamd.scan(_in_pieces(infected)) is Scan.INFECTED
    assert await clamd.scan(_in_pieces(bytes(3_000_000) + HARMLESS, 1_000_000)) is Scan.INFECTED
    assert await clamd.scan(_in_pieces(b"")) is Scan.CLEAN


async def test_many_ask_at_once(clamd_url: str) -> None:
    clamd = Clamd(clamd_url, within=30)
    asked = [clamd.scan(_in_pieces(HARMLESS if n % 2 else b"Bonjour")) for n in range(20)]
    assert await asyncio.gather(*asked) == [Scan.CLEAN, Scan.INFECTED] * 10


async def test_it_speaks_over_a_unix_socket_too(private_clamd: Server) -> None:
    private_clamd.start()
    clamd = Clamd(f"unix://{private_clamd.folder / 'clamd.ctl'}", within=30)
    assert await clamd.scan(_in_pieces(HARMLESS)) is Scan.INFECTED


async def test_where_nobody_listens_the_scanner_is_away() -> None:
    with pytest.raises(ScannerAwayError):
        await Clamd(f"tcp://127.0.0.1:{free_port()}", within=5).scan(_in_pieces(b"x"))


async def test_a_scanner_that_stands_still_is_away(private_clamd: Server) -> None:
    private_clamd.start()
    private_clamd.pause()
    try:
        with pytest.raises(ScannerAwayError):
            await Clamd(private_clamd.url, within=0.3).scan(_in_pieces(b"x"))
    finally:
        private_clamd.resume()


async def test_what_is_too_large_for_it_is_not_called_clean(clamd_url: str) -> None:
    with pytest.raises(NotScannedError):
        await Clamd(clamd_url, within=30).scan(_in_pieces(bytes(32_000_000), 1_000_000))


@pytest.mark.parametrize("address", ["", "localhost:3310", "http://x", "tcp://", "unix://"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ValueError, match="neither tcp://host:port nor unix:///path"):
        Clamd(address, within=1)
