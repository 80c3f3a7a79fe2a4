"""Sharing and having files of an order, as a page does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2

from tests.harness import InProcess, TestOrder


async def send(
    server: InProcess,
    order: TestOrder,
    content: bytes | AsyncIterator[bytes] = b"Bonjour",
    *,
    name: str = "texte.txt",
    by: str | None = None,
    key: str = "u1",
    **headers: str,
) -> httpx2.Response:
    token = await server.token(by or order.buyer)
    async with server.http({"Authorization": f"Bearer {token}"}) as http:
        return await http.post(
            f"/api/v1/me/orders/{order.id}/files",
            content=content,
            headers={"Idempotency-Key": key, "X-File-Name": quote(name), **headers},
        )


async def link_of(server: InProcess, order: TestOrder, file: str, by: str) -> httpx2.Response:
    async with server.http({"Authorization": f"Bearer {await server.token(by)}"}) as http:
        return await http.get(f"/api/v1/me/orders/{order.id}/files/{file}")


async def fetch(server: InProcess, url: str) -> httpx2.Response:
    async with server.http() as http:
        return await http.get(url)
