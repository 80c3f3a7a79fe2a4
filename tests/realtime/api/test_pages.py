"""The built client as it goes out: packed for whoever can unpack it, and not twice."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from realtime.api import pages

SCRIPT = b"export const said = 'Bonjour';\n" * 200
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


@pytest.fixture
async def client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """What the build leaves, and somebody who asks for it."""
    folder = tmp_path / "assets"
    folder.mkdir()
    for script in (folder / "room-1a2b.js", tmp_path / "embed.js"):
        script.write_bytes(SCRIPT)
        Path(f"{script}.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "room-1a2b.js.br").write_bytes(b"packed by the build")
    (folder / "icon.svg").write_text("<svg/>")
    monkeypatch.setattr(pages, "PLACES", (tmp_path,))
    app = Starlette(
        routes=[Mount("/assets", pages.Assets()), Route("/embed.js", pages.embed)],
    )
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://room.test") as http:
        yield http


async def raw(client: httpx2.AsyncClient, path: str, accept: str) -> tuple[httpx2.Response, bytes]:
    """The answer, and its bytes as they came."""
    async with client.stream("GET", path, headers={"Accept-Encoding": accept}) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
        (";;q=,", None),
    ],
)
async def test_a_script_comes_as_small_as_the_browser_can_have_it(
    client: httpx2.AsyncClient, accept: str, coding: str | None
) -> None:
    answer, body = await raw(client, "/assets/room-1a2b.js", accept)
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) == len(body)
    kept = {"br": b"packed by the build", None: SCRIPT}
    assert (gzip.decompress(body) if coding == "gzip" else body) == kept.get(coding, SCRIPT)


async def test_what_the_build_did_not_pack_goes_out_as_it_is(client: httpx2.AsyncClient) -> None:
    answer, body = await raw(client, "/assets/icon.svg", BROWSER["Accept-Encoding"])
    assert "content-encoding" not in answer.headers
    assert body == b"<svg/>"


async def test_a_host_page_loads_the_element_once_and_is_then_told_that_it_has_it(
    client: httpx2.AsyncClient,
) -> None:
    first = await client.get("/embed.js", headers={"Accept-Encoding": "gzip"})
    assert first.content == SCRIPT
    assert first.headers["access-control-allow-origin"] == "*"
    known = {"Accept-Encoding": "gzip", "If-None-Match": f'"other", W/{first.headers["etag"]}'}
    again = await client.get("/embed.js", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == "Accept-Encoding"
    assert again.headers["cache-control"] == "no-cache"
    assert again.headers["access-control-allow-origin"] == "*"
    other = await client.get("/embed.js", headers={**known, "Accept-Encoding": "identity"})
    assert other.status_code == 200
