"""What whoever runs the room sees of it: health, measures, logs; never a person."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from orders.database import migrate
from realtime import telemetry
from tests import servers
from tests.harness import METRICS_KEY, SERVICE_KEY, InProcess, Process, serving
from tests.servers import Run, Server
from tests.socket_browser import PATIENCE, Browser
from tests.waiting import until

README = Path(__file__).parents[2] / "README.md"


async def test_it_is_alive_and_ready_until_it_stops(server: InProcess) -> None:
    async with server.http() as http:
        assert (await http.get("/healthz")).json() == {"alive": True, "ready": True}
        told = (await http.get("/readyz")).json()
        assert told["parts"] == {"process": "ready", "database": "ready", "bus": "ready"}
        server.edge.ready = False
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["facts"] == {
            "reason": "stopping", "process": "stopping", "database": "ready", "bus": "ready",
        }  # fmt: skip
        assert answer.headers["retry-after"] == "1"
        assert (await http.get("/healthz")).status_code == 200, "no reason to restart it"


async def test_a_part_that_ended_asks_for_a_restart(server: InProcess) -> None:
    server.edge.ended.append("Sweeper.run")
    async with server.http() as http:
        for path in ("/healthz", "/readyz"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["facts"]["reason"]) == (503, "ended")


async def test_it_says_that_the_database_is_out_of_reach(run: Run, tmp_path: Path) -> None:
    database = servers.postgres(run.folder / f"outage-{tmp_path.name}")
    database.start()
    try:
        await migrate(database.url)
        async with serving(database.url) as server, server.http() as http:
            assert (await http.get("/readyz")).status_code == 200
            database.kill()
            answer = await http.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["facts"]["database"] == "unreachable"
            assert (await http.get("/healthz")).status_code == 200, "a restart would not help"
            database.start()
            async with asyncio.timeout(PATIENCE):  # and then it recovers by itself
                while (await http.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.1)
    finally:
        database.kill()


async def test_a_deaf_bus_is_told_and_keeps_nobody_out(
    database_url: str, private_redis: Server
) -> None:
    redis = {"ORDER_ROOM_REDIS_URL": private_redis.url}
    async with serving(database_url, environment=redis) as server, server.http() as http:
        await until(lambda: server.edge.hub.hears_others)
        private_redis.stop()
        await until(lambda: not server.edge.hub.hears_others)
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]["bus"]) == (200, "deaf")


@pytest.mark.parametrize("key", ["guess", SERVICE_KEY])
async def test_only_the_holder_of_their_key_reads_the_metrics(server: InProcess, key: str) -> None:
    async with server.http({"Authorization": f"Bearer {key}"}) as http:
        answer = await http.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_without_a_key_nobody_reads_the_metrics(database_url: str) -> None:
    async with (
        serving(database_url, environment={"ORDER_ROOM_METRICS_KEY": ""}) as server,
        server.http({"Authorization": "Bearer none"}) as http,
    ):
        assert (await http.get("/metrics")).status_code == 401


async def test_it_measures_what_it_does_and_names_nobody(server: InProcess) -> None:
    before = await _measures(server)
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        await buyer.say(order.id, "measured")
        await buyer.refused(t="order.start", order=order.id)
        await buyer.reopen()
        after = await _measures(server)
    async with server.http() as http:
        await http.get("/no/such/place")
        await http.request("PROPFIND", "/healthz")
    later = await _measures(server)

    def grew(name: str, **labels: str) -> float:
        found = (name, tuple(sorted(labels.items())))
        return later.get(found, 0.0) - before.get(found, 0.0)

    assert after["order_room_sockets", ()] - before["order_room_sockets", ()] == 1
    assert grew("order_room_sockets") == 0
    assert grew("order_room_append_seconds_count") == 1
    assert grew("order_room_batch_messages_sum") == 1
    assert grew("order_room_refusals_total", code="not_yours") == 1
    assert grew("order_room_resumes_total", outcome="fresh") == 1
    assert grew("order_room_resumes_total", outcome="resumed") == 1
    assert grew("order_room_commands_total", type="message.send") == 1
    made = {"method": "POST", "route": "/api/v1/orders", "status": "201"}
    assert grew("order_room_http_requests_total", **made) == 1
    assert grew("order_room_http_requests_total", method="GET", route="", status="404") == 1
    rare = {"method": "other", "route": "/healthz", "status": "405"}
    assert grew("order_room_http_requests_total", **rare) == 1
    labels = {value for _, pairs in later for _, value in pairs}
    assert not labels & {order.id, order.buyer, order.seller}


async def test_a_deadline_says_how_late_it_was(own_database_url: str) -> None:
    async with serving(own_database_url) as server:
        before = await _measures(server)
        order = await server.order(policy={"brief_window": 1})
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            await buyer.hears(
                lambda f: f["t"] == "situation" and f["situation"]["state"] == "cancelled"
            )
        after = await _measures(server)
    fired = ("order_room_clock_lateness_seconds_count", ())
    late = ("order_room_clock_lateness_seconds_sum", ())
    assert after[fired] - before[fired] >= 1
    assert 0 <= after[late] - before[late] < 30


async def test_it_tells_how_much_of_the_sound_that_comes_may_wait(server: InProcess) -> None:
    buffer = ("order_room_media_buffer_bytes", ())
    async with asyncio.timeout(PATIENCE):
        while not (found := (await _measures(server)).get(buffer)):
            await asyncio.sleep(0.05)
    assert 4_096 <= found <= 4 << 20


def test_the_readme_lists_every_metric() -> None:
    listed = set(re.findall(r"^\| `(order_room_\w+)`", README.read_text(), flags=re.MULTILINE))
    served = set()
    for family in telemetry.REGISTRY.collect():
        served.add(family.name + ("_total" if family.type == "counter" else ""))
    assert listed == served


async def test_no_log_line_tells_who_somebody_is_or_what_was_said(
    own_database_url: str, tmp_path: Path
) -> None:
    """Everything that can be said, at the most talkative level, and our own mistake on top."""
    said = "Zwiebelkuchen"
    people = {
        role: {
            "person": f"u-{role}",
            "name": f"Xaverine {role.title()}",
            "email": f"{role}@quetzal.test",
            "language": "fr",
        }
        for role in ("buyer", "seller")
    }
    server = Process(
        own_database_url,
        tmp_path,
        ORDER_ROOM_LOG="debug",
        ORDER_ROOM_SMTP_URL="smtp://127.0.0.1:1",  # where nobody answers
        ORDER_ROOM_ORDER_URL="https://shop.test/orders/{order}",
    )
    async with server:
        order = await server.order(**people, title=f"Title {said}")
        token = await server.token(order.buyer)
        async with server.browser(order.buyer, token=token) as buyer:
            await buyer.subscribe(order.id)
            await buyer.say(order.id, said)
            await buyer.refused(t="order.start", order=order.id, note=said)
            await buyer.socket.send(f'{{"t":"message.send","text":"{said}"')
            await buyer.socket.send(said)
            await buyer.do("brief.hand_over", order.id, note=said)
        stranger = Browser(server, "u-nobody")
        await stranger.connect()
        await stranger.send(t="hello", token=token + "x")
        await stranger.closed()
        async with server.http({"Authorization": f"Bearer {token}"}) as http:
            room = f"/api/v1/me/orders/{order.id}"
            await http.post(f"{room}/message.send", json={"text": said, "oops": said})
            await http.post(
                f"{room}/message.send", json={"text": said}, headers={"Idempotency-Key": "k"}
            )
            await http.get(f"{room}/record.html")
            await http.get("/files/x", params={"link": said})
        await _break(own_database_url, "orders")
        async with server.http({"Authorization": f"Bearer {token}"}) as http:
            headers = {"Idempotency-Key": said}
            failed = await http.post(f"{room}/order.cancel", json={"note": said}, headers=headers)
            assert failed.status_code == 503
        async with server.backend() as http:
            assert (await http.get(f"/api/v1/orders/{order.id}")).status_code == 503
        logged = server.log()
    assert '"level": "error"' in logged, "our own mistake is told"
    for secret in (said, "Xaverine", "quetzal.test", token, SERVICE_KEY, METRICS_KEY):
        assert secret not in logged


async def _break(url: str, table: str) -> None:
    from orders.database import Database

    database = await Database.open(url)
    async with database.transaction() as tx:
        await tx.conn.execute(text(f"ALTER TABLE {table} RENAME TO lost"))
    await database.close()


async def _measures(server: InProcess) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with server.http({"Authorization": f"Bearer {METRICS_KEY}"}) as http:
        told = await http.get("/metrics")
    assert told.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
    }
