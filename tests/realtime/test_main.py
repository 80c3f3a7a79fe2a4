"""The command line, as a process of its own."""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness import Process, settings_for

ROOT = Path(__file__).parents[2]


async def _run(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"]}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "realtime", *arguments],
        cwd=ROOT,
        env=bare | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_without_secrets_it_says_what_is_missing(tmp_path: Path) -> None:
    told = await _run("serve", environment={"ORDER_ROOM_VAR": str(tmp_path)})
    assert told.returncode == 2
    assert told.stderr.startswith("ORDER_ROOM_TOKEN_SECRET is missing.")
    assert len(told.stderr.splitlines()) == 1


async def test_a_wrong_variable_is_named_without_a_traceback(tmp_path: Path) -> None:
    told = await _run("serve", "--demo", environment={"PORT": "x"})
    assert (told.returncode, told.stderr) == (2, "PORT: Expected `int`, got `str`\n")


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = await _run(
            "serve", "--demo", environment={"PORT": port, "ORDER_ROOM_VAR": str(tmp_path)}
        )
    assert told.returncode == 2
    assert told.stderr.startswith(f"PORT: cannot listen on 127.0.0.1:{port}: ")


async def test_it_serves_says_where_and_stops_when_asked(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path, demo=True) as server:
        async with server.http() as http:
            assert (await http.get("/healthz")).json()["ready"] is True
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            stopping = asyncio.create_task(server.stop())
            await buyer.hears(lambda f: f["t"] == "move")
            assert await buyer.closed() == 4000
            assert await stopping == 0
        assert f"The order room serves on {server.url}\n" in server.log()
        assert f"{server.url}/mailbox" in server.log()


async def test_it_comes_back_after_a_kill_with_all_that_was_acknowledged(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            last = 0
            for n in range(20):
                last = (await buyer.say(order.id, f"{n}"))["seq"]
            server.kill()
            await buyer.closed()
            await server.start()
            await buyer.reopen()
            await buyer.reaches(order.id, last)
            assert buyer.texts(order.id) == [f"{n}" for n in range(20)]


async def test_migrate_epoch_and_verify(empty_database_url: str, tmp_path: Path) -> None:
    environment = settings_for(empty_database_url, tmp_path)
    for _ in range(2):
        told = await _run("migrate", environment=environment)
        assert (told.returncode, told.stderr) == (0, "")
    epochs = [(await _run("epoch", environment=environment)).stdout for _ in range(2)]
    assert len({epoch.strip() for epoch in epochs}) == 2
    async with Process(empty_database_url, tmp_path) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            assert buyer.welcome["epoch"] == epochs[1].strip()
    told = await _run("verify", order.id, environment=environment)
    assert told.stdout == f"{order.id}: 3 entries, every link holds\n"


async def test_verify_fails_on_a_timeline_that_was_changed(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'orders.sqlite3'}"
    async with Process(url, tmp_path) as server:
        order = await server.order()
    with closing(sqlite3.connect(tmp_path / "orders.sqlite3")) as file:
        file.execute("UPDATE entries SET actor = 'somebody' WHERE seq = 2")
        file.commit()
    told = await _run("verify", order.id, environment=settings_for(url, tmp_path))
    assert told.returncode == 1
    assert "entry 2 does not follow the one before it" in told.stderr
    unknown = await _run("verify", "o_none", environment=settings_for(url, tmp_path))
    assert unknown.returncode == 1


async def test_log_lines_are_json_and_hold_nothing_personal(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path, ORDER_ROOM_LOG="debug") as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            token = await server.token(order.buyer)
            await buyer.subscribe(order.id)
            await buyer.say(order.id, "a text nobody else should read")
            await buyer.socket.send('{"t":"message.send","text":"damaged and secret"}')
            await buyer.refused(t="call.start", order=order.id, to="someone-else")
        status = await server.stop()
        assert status == 0
        lines = server.log().splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        assert logged
        for secret in ("a text nobody", "damaged and secret", token, "Ada Buyer", "post.test"):
            assert secret not in server.log()


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite:////dev/null/x.sqlite3", "postgresql+asyncpg://nobody@127.0.0.1:1/x"]
)
@pytest.mark.parametrize("command", ["serve", "migrate", "epoch", "verify o_1"])
async def test_a_database_that_is_not_there_is_told_in_one_sentence(
    tmp_path: Path, url: str, command: str
) -> None:
    told = await _run(*command.split(), environment=settings_for(url, tmp_path) | {"PORT": "0"})
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("ORDER_ROOM_DATABASE_URL: the database cannot be opened")


@pytest.mark.parametrize("command", ["serve", "serve --demo", "migrate", "epoch", "verify o_1"])
async def test_the_url_of_another_driver_is_told_in_one_sentence(
    tmp_path: Path, command: str
) -> None:
    url = "postgres://me:geheim@127.0.0.1/x"
    told = await _run(*command.split(), environment=settings_for(url, tmp_path) | {"PORT": "0"})
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("ORDER_ROOM_DATABASE_URL: it begins with ")
    assert "geheim" not in line


@pytest.mark.parametrize("command", ["serve", "serve --demo"])
async def test_a_folder_that_cannot_be_had_is_named(command: str) -> None:
    told = await _run(
        *command.split(),
        environment={
            "ORDER_ROOM_VAR": "/dev/null/var",
            "ORDER_ROOM_TOKEN_SECRET": "t" * 32,
            "ORDER_ROOM_SERVICE_KEY": "s" * 32,
            "PORT": "0",
        },
    )
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line == "ORDER_ROOM_VAR: /dev/null/var cannot be written to: Not a directory"


async def test_a_host_that_is_nowhere_is_named(tmp_path: Path) -> None:
    environment = {"HOST": "999.1.1.1", "ORDER_ROOM_VAR": str(tmp_path)}
    told = await _run("serve", "--demo", environment=environment)
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("HOST: cannot listen on 999.1.1.1:8000: ")
