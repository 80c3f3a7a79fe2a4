"""The tests' own servers are real, private and gone afterwards."""

import shutil
import signal
import socket
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from redis.asyncio import Redis
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import servers
from tests.mail import MailServer
from tests.servers import Server, ServerMissingError


async def test_postgresql_answers_and_makes_commits_durable(postgres_server: str) -> None:
    engine = create_async_engine(postgres_server)
    async with engine.connect() as connection:
        answers = [
            await connection.scalar(text(question))
            for question in ("SELECT 1", "SHOW fsync", "SHOW synchronous_commit", "SHOW timezone")
        ]
    await engine.dispose()
    assert answers == [1, "on", "on", "UTC"]


async def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    engine = create_async_engine(empty_database_url)
    catalogue = (
        "SELECT count(*) FROM sqlite_master"
        if empty_database_url.startswith("sqlite")
        else "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    )
    async with engine.connect() as connection:
        assert await connection.scalar(text(catalogue)) == 0
    await engine.dispose()


async def test_an_own_database_is_migrated_and_holds_nobodys_orders(own_database_url: str) -> None:
    engine = create_async_engine(own_database_url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM orders")) == 0
    await engine.dispose()


async def test_redis_answers_ping(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.ping()


async def test_a_private_redis_comes_back_empty_where_it_was(private_redis: Server) -> None:
    async with Redis.from_url(private_redis.url) as redis:
        await redis.set("kept", "until it dies")
    private_redis.kill()
    private_redis.start()
    async with Redis.from_url(private_redis.url) as redis:
        assert await redis.get("kept") is None


def _letter(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "room@shop.test"
    message["To"] = to
    message["Subject"] = "Commande payée"
    message.set_content("Le vendeur a 48 heures pour démarrer.\n")
    return message


async def _post(server: MailServer, to: str) -> None:
    await aiosmtplib.send(_letter(to), hostname=server.host, port=server.port, start_tls=False)


async def test_the_mail_server_keeps_what_it_receives(smtp_server: MailServer) -> None:
    await _post(smtp_server, "buyer@post.test")
    (mail,) = await smtp_server.expect(to="buyer@post.test")
    assert mail.sender == "room@shop.test"
    assert mail.message["Subject"] == "Commande payée"
    assert "48 heures" in mail.message.get_content()


@pytest.mark.parametrize(("permanently", "code"), [(True, 550), (False, 451)])
async def test_the_mail_server_refuses_as_told(
    smtp_server: MailServer, permanently: bool, code: int
) -> None:
    smtp_server.refuse("buyer@post.test", permanently=permanently)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await _post(smtp_server, "buyer@post.test")
    assert refusal.value.recipients[0].code == code
    assert smtp_server.attempts == ["buyer@post.test"]
    assert smtp_server.received == []


async def test_the_mail_server_can_be_away_for_a_while(smtp_server: MailServer) -> None:
    await smtp_server.go_away()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await _post(smtp_server, "buyer@post.test")
    await smtp_server.come_up()
    await _post(smtp_server, "buyer@post.test")
    assert len(await smtp_server.expect()) == 1


def test_a_missing_program_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServerMissingError, match=r"redis-server.*apt-get install"):
        servers.program("redis-server")


_A_RUN_THAT_IS_KILLED = """
import os, signal, sys
from tests.servers import Run
with Run.begin() as run:
    print(run.server("postgres", "postgres"), run.server("redis", "redis"), run.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_end_with_their_run_even_when_it_is_killed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _A_RUN_THAT_IS_KILLED],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == -signal.SIGKILL, told.stderr
    *addresses, folder = told.stdout.split()
    for name in ("postgres", "redis"):
        with servers.locked(Path(folder) / f"{name}.alive"):  # held by the keeper while it lives
            pass
    for address in addresses:
        url = make_url(address)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((url.host, url.port))
    shutil.rmtree(folder)
