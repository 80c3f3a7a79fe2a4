"""What every answer over HTTP has in common."""

from typing import NoReturn

import pytest
from sqlalchemy import text

from orders.errors import Unavailable
from tests.harness import SERVICE_KEY, InProcess, serving


async def test_what_is_not_there_is_refused_in_our_own_words(server: InProcess) -> None:
    async with server.http(headers={"Accept-Language": "fr-CA"}) as http:
        answer = await http.get("/no/such/place")
    assert answer.status_code == 404
    assert answer.json() == {
        "code": "not_found",
        "text": "Nous n’avons rien trouvé ici.",
        "facts": {"path": "/no/such/place"},
    }
    assert answer.headers["content-language"] == "fr"


async def test_a_method_that_is_not_there_is_refused_naming_those_that_are(
    server: InProcess,
) -> None:
    async with server.http() as http:
        answer = await http.delete("/api/v1/orders")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_refused")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/api/v1/orders/", "/answer/?t=secret", "/files/f_1/?link=secret", "/assets"]
)
async def test_an_address_with_a_slash_too_many_leads_nowhere_else(
    server: InProcess, path: str
) -> None:
    # behind a TLS proxy it would lead to http://, with the key or the link in the clear
    async with server.http(headers={"Host": "room.test"}) as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/answer", "GET, HEAD, POST"), ("/api/v1/me/orders", "GET, HEAD, OPTIONS")],
)
async def test_an_address_names_all_its_methods(server: InProcess, path: str, allowed: str) -> None:
    async with server.http() as http:
        answer = await http.put(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000, b"null"])
async def test_a_body_that_is_not_json_is_refused(server: InProcess, body: bytes) -> None:
    async with server.backend() as http:
        answer = await http.post(
            "/api/v1/orders", content=body, headers={"Idempotency-Key": "not-json"}
        )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_body_that_is_too_large_is_refused(server: InProcess) -> None:
    async with server.backend() as http:
        answer = await http.post("/api/v1/tokens", content=b"x" * 1_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "frame_too_large")
    assert answer.json()["facts"]["limit"] == server.edge.limits.body_bytes


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics", "/assets/none.js"])
async def test_every_answer_carries_the_headers_that_protect_a_page(
    server: InProcess, path: str
) -> None:
    async with server.http() as http:
        answer = await http.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "server" not in answer.headers


async def test_a_request_keeps_the_id_it_came_with(server: InProcess) -> None:
    async with server.http() as http:
        kept = await http.get("/healthz", headers={"X-Request-Id": "proxy-0123456789"})
        made = await http.get("/healthz", headers={"X-Request-Id": "not an id"})
    assert kept.headers["x-request-id"] == "proxy-0123456789"
    assert len(made.headers["x-request-id"]) == 16


async def test_only_allowed_host_pages_may_read_a_persons_orders(database_url: str) -> None:
    allowed = {"ORDER_ROOM_ALLOWED_ORIGINS": "https://shop.test"}
    async with serving(database_url, environment=allowed) as server:
        token = await server.token("x")
        mine = {"Authorization": f"Bearer {token}"}
        async with server.http() as http:
            for path in ("/api/v1/me/orders", "/api/v1/me/orders/o_1"):
                for method in ("OPTIONS", "GET"):
                    ours = await http.request(
                        method, path, headers=mine | {"Origin": "https://shop.test"}
                    )
                    assert ours.headers["access-control-allow-origin"] == "https://shop.test"
                    theirs = await http.request(
                        method, path, headers=mine | {"Origin": "https://evil.test"}
                    )
                    assert "access-control-allow-origin" not in theirs.headers
                    assert "Origin" in theirs.headers["vary"].split(", ")
            backend = await http.get(
                "/api/v1/orders/o_1",
                headers={"Authorization": f"Bearer {SERVICE_KEY}", "Origin": "https://shop.test"},
            )
            assert "access-control-allow-origin" not in backend.headers


async def test_without_demo_mode_there_is_no_demo(server: InProcess) -> None:
    async with server.http() as http:
        for path in ("/", "/demo/orders", "/demo/as/x?order=y", "/mailbox", "/demo/mails"):
            assert (await http.get(path)).status_code == 404
        assert (await http.post("/demo/x/token")).status_code == 404


async def test_our_own_mistake_is_answered_without_saying_what_it_was(
    own_database_url: str,
) -> None:
    async with serving(own_database_url) as server:
        order = await server.order()
        async with server.edge.database.transaction() as tx:
            await tx.conn.execute(text("ALTER TABLE orders RENAME TO lost"))
        async with server.backend() as http:
            answer = await http.get(f"/api/v1/orders/{order.id}")
    assert answer.status_code == 503
    assert answer.json()["facts"] == {"reason": "internal"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "orders" not in answer.json()["text"]


async def test_an_outage_says_when_to_ask_again(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await server.order()

    def away() -> NoReturn:
        raise Unavailable(reason="database", retry_after=7)

    async with server.backend() as http:
        with monkeypatch.context() as held:
            held.setattr(server.edge.database, "reading", away)
            answer = await http.get(f"/api/v1/orders/{order.id}")
        assert (answer.status_code, answer.json()["facts"]["retry_after"]) == (503, 7)
        assert answer.headers["retry-after"] == "7"


async def test_a_shops_page_reads_that_it_was_our_own_mistake(own_database_url: str) -> None:
    allowed = {"ORDER_ROOM_ALLOWED_ORIGINS": "https://shop.test"}
    async with serving(own_database_url, environment=allowed) as server:
        order = await server.order()
        mine = {"Authorization": f"Bearer {await server.token(order.buyer)}"}
        async with server.edge.database.transaction() as tx:
            await tx.conn.execute(text("ALTER TABLE orders RENAME TO lost"))
        for origin, readable in (("https://shop.test", True), ("https://evil.test", False)):
            async with server.http(headers=mine | {"Origin": origin}) as http:
                answer = await http.get(f"/api/v1/me/orders/{order.id}")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            told = answer.headers.get("access-control-allow-origin")
            assert told == (origin if readable else None)
            assert "Origin" in answer.headers["vary"].split(", ")
