"""The room as people meet it: a server of its own process, a mail server, and browser windows.

A server is started once for each worker and kind of database; tests are kept apart by making
orders of their own. `stage` runs a test on both kinds of database; what a page shows does not
depend on it, so most tests take one: `small_stage` is on SQLite, `large_stage` on PostgreSQL.
`demo` is what `make run` serves, with the mailbox that belongs to it.
"""

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import expect
from sqlalchemy.engine import make_url

from tests.browser import People
from tests.e2e.shop import Shop, open_shop
from tests.e2e.windows import PATIENCE, Windows
from tests.harness import Process
from tests.mail import MailServer, mail_server
from tests.servers import Run

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Stage:
    """A server in demo mode, the mail server it delivers to, and a shop that embeds its room."""

    server: Process
    mails: MailServer
    shop: Shop


@asynccontextmanager
async def _stage(database_url: str, folder: Path) -> AsyncIterator[Stage]:
    async with mail_server() as mails, open_shop() as shop:
        server = Process(
            database_url,
            folder,
            ORDER_ROOM_SMTP_URL=f"smtp://{mails.host}:{mails.port}",
            ORDER_ROOM_ALLOWED_ORIGINS=shop.url,
        )
        await server.start("--demo")
        try:
            yield Stage(server, mails, shop)
        finally:
            await server.stop()


@pytest.fixture(scope="session")
async def sqlite_stage(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    path = folder / "orders.sqlite3"
    shutil.copy(sqlite_template, path)
    async with _stage(f"sqlite+aiosqlite:///{path}", folder) as stage:
        yield stage


@pytest.fixture(scope="session")
async def postgres_stage(
    run: Run, postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    # Its name begins with the run's, so it goes when the run does.
    name = f"{run.name}_{secrets.token_hex(6)}"
    server = make_url(postgres_server)
    connection = await asyncpg.connect(server.set(drivername="postgresql").render_as_string(False))
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    await connection.close()
    url = server.set(database=name).render_as_string(hide_password=False)
    async with _stage(url, tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(request: pytest.FixtureRequest, database_kind: str) -> Stage:
    name = "postgres_stage" if database_kind == "postgresql" else "sqlite_stage"
    found = request.getfixturevalue(name)
    assert isinstance(found, Stage)
    return found


@pytest.fixture
def small_stage(sqlite_stage: Stage) -> Stage:
    return sqlite_stage


@pytest.fixture
def large_stage(postgres_stage: Stage) -> Stage:
    return postgres_stage


@pytest.fixture(scope="session")
async def demo(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    folder = tmp_path_factory.mktemp("demo")
    path = folder / "orders.sqlite3"
    shutil.copy(sqlite_template, path)
    server = Process(f"sqlite+aiosqlite:///{path}", folder)
    await server.start("--demo")
    yield server
    await server.stop()


@pytest.fixture
async def windows(people: People) -> AsyncIterator[Windows]:
    opened = Windows(people)
    yield opened
    if opened.unforgiven:
        pytest.fail("the browser complained:\n" + "\n".join(opened.unforgiven), pytrace=False)
