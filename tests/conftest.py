"""The fixtures that every test may ask for: real servers, real databases, a real browser.

| fixture              | what the test gets                                                     |
|----------------------|------------------------------------------------------------------------|
| `database_url`       | a migrated database; the test runs on SQLite and on PostgreSQL         |
| `own_database_url`   | the same, with nobody else's orders in it                              |
| `empty_database_url` | the same before its first migration                                    |
| `database`           | the `orders.database.Database` opened on `database_url`                |
| `postgres_server`    | the URL of PostgreSQL, with the right to create databases              |
| `postgres_url`       | one migrated PostgreSQL database, shared by the tests of this worker   |
| `redis_url`          | a Redis, shared by the tests of this worker                            |
| `private_redis`      | a Redis that the test may kill and start again                         |
| `clamd_url`          | ClamAV's daemon, which knows the one signature `servers.HARMLESS`      |
| `private_clamd`      | one that the test starts and stops itself                              |
| `s3_bucket`          | the settings for an empty bucket of an S3 service                      |
| `smtp_server`        | a mail server that is this test's alone                                |
| `browser`, `people`  | Chromium; persons with a context each                                  |
| `screenshots`        | the folder to write pictures to, for a test marked `screenshots`       |

On PostgreSQL `database_url` is shared by the tests of one worker: each makes its own orders and
looks at no others. A test that sweeps, counts or kills asks for `own_database_url`.

A missing server fails the tests that need it; nothing is skipped. TEST_DATABASE_URL (a PostgreSQL
whose user may create databases) and TEST_REDIS_URL replace the private servers.
"""

import asyncio
import gc
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import asyncpg
import httpx2
import hypothesis
import pytest
from playwright.async_api import Browser
from sqlalchemy.engine import make_url

from realtime.serving import settle
from tests import servers, turns
from tests.browser import ChromiumMissingError, People, open_browser
from tests.mail import MailServer, mail_server
from tests.servers import Run, Server

if TYPE_CHECKING:
    from orders.database import Database

OUTPUT = Path(__file__).parent / "output"
"""What the tests leave for a person to look at; git ignores it."""

# Two cores are shared with a browser: how long one example took says nothing. In continuous
# integration a run repeats what the last one did; a person's own runs go on exploring.
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
hypothesis.settings.load_profile("house")

RUN = pytest.StashKey[Run]()
FAILED = pytest.StashKey[bool]()
ENDING = pytest.StashKey[AbstractContextManager[Run]]()


class Worker(Protocol):
    """What pytest-xdist hands to `pytest_configure_node`, as far as it is used here."""

    config: pytest.Config
    workerinput: dict[str, str]


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run in the process in charge; join it in an xdist worker."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[RUN] = Run(Path(told["run"]))
        return
    config.stash[ENDING] = Run.begin()
    config.stash[RUN] = config.stash[ENDING].__enter__()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    """Tell an xdist worker which run it belongs to."""
    node.workerinput["run"] = str(node.config.stash[RUN].folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Answer `--numprocesses auto`, unless the person said otherwise where xdist looks."""
    return None if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else turns.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> turns.Turns:
    """Deal the tests out as `tests.turns` says."""
    config.option.loadscopereorder = False
    return turns.Turns(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in the order in which several workers take them."""
    if hasattr(config, "workerinput"):
        items[:] = turns.in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the tests without the garbage collector, and let it be with what is there then.

    Three hundred thousand objects stay until the end. To walk through them again and again was an
    eighth of what the tests cost; the server does the same at its start.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        settle()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run: its databases and servers go, whether the tests passed or not."""
    if ENDING in config.stash:
        if given := os.environ.get("TEST_DATABASE_URL"):
            asyncio.run(_drop_all(given, config.stash[RUN].name))
        config.stash[ENDING].__exit__(None, None, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test failed, for the fixtures that then keep a picture of it."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The run of pytest that this test is part of."""
    return pytestconfig.stash[RUN]


def _server(run: Run, kind: str, name: str) -> str:
    try:
        return run.server(kind, name)
    except servers.ServerFailedError as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture(scope="session")
def postgres_server(run: Run) -> str:
    return os.environ.get("TEST_DATABASE_URL") or _server(run, "postgres", "postgres")


@pytest.fixture(scope="session")
def redis_url(run: Run, worker_id: str) -> str:
    # One for each worker: Redis has databases by number, but its channels know nothing of them.
    return os.environ.get("TEST_REDIS_URL") or _server(run, "redis", f"redis-{worker_id}")


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[Server]:
    try:
        server = servers.redis(tmp_path / "redis")
    except servers.ServerMissingError as reason:
        pytest.fail(str(reason), pytrace=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clamd_url(run: Run) -> str:
    return _server(run, "clamd", "clamd")


@pytest.fixture
def private_clamd(tmp_path: Path) -> Iterator[Server]:
    try:
        server = servers.clamd(tmp_path / "clamd")
    except servers.ServerMissingError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()


@pytest.fixture
async def s3_bucket(run: Run) -> dict[str, str]:
    endpoint, bucket = _server(run, "s3", "s3"), f"files-{uuid.uuid4().hex[:12]}"
    async with httpx2.AsyncClient() as http:
        made = await http.put(f"{endpoint}/{bucket}")
    assert made.status_code == 200, made.text
    return {
        "ORDER_ROOM_FILES_URL": f"s3://{bucket}/room",
        "ORDER_ROOM_S3_ENDPOINT": endpoint,
        "ORDER_ROOM_S3_REGION": "us-east-1",
        "ORDER_ROOM_S3_KEY": "test",
        "ORDER_ROOM_S3_SECRET": "test",
    }


@asynccontextmanager
async def _administrator(url: str) -> "AsyncIterator[asyncpg.Connection]":
    connection = await asyncpg.connect(
        make_url(url).set(drivername="postgresql").render_as_string()
    )
    try:
        yield connection
    finally:
        await connection.close()


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def _drop_all(url: str, prefix: str) -> None:
    async with _administrator(url) as server:
        rows = await server.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix
        )
        for (name,) in rows:
            await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _create(url: str, name: str, template: str = "template1") -> str:
    async with _administrator(url) as server:
        await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return _named(url, name)


@pytest.fixture(scope="session")
async def postgres_template(run: Run, postgres_server: str) -> str:
    """The name of a migrated database that nobody uses; a copy of it costs milliseconds."""
    from orders.database import migrate

    name = f"{run.name}_template"
    with servers.locked(run.folder / "template.lock"):
        done = run.folder / "template.done"
        if not done.exists():
            await migrate(await _create(postgres_server, name))
            done.touch()
    return name


@pytest.fixture(scope="session")
async def postgres_url(
    run: Run, worker_id: str, postgres_server: str, postgres_template: str
) -> str:
    return await _create(postgres_server, f"{run.name}_{worker_id}", postgres_template)


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nobody uses."""
    from orders.database import migrate

    path = tmp_path_factory.mktemp("template") / "orders.sqlite3"
    await migrate(_sqlite_url(path))
    return path


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The size in which the test runs, embedded or scaled."""
    kind: str = request.param
    return kind


# The three below are plain functions, because only those may ask for an async fixture by name.


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    if database_kind == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "orders.sqlite3"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return _sqlite_url(path)


@pytest.fixture
def own_database_url(request: pytest.FixtureRequest, database_kind: str) -> str:
    name = "postgres_copy" if database_kind == "postgresql" else "database_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    if database_kind == "postgresql":
        return str(request.getfixturevalue("postgres_empty"))
    return _sqlite_url(tmp_path / "empty.sqlite3")


@pytest.fixture
async def postgres_copy(
    run: Run, postgres_server: str, postgres_template: str
) -> AsyncIterator[str]:
    """A migrated PostgreSQL database for one test."""
    name = f"{run.name}_{uuid.uuid4().hex[:12]}"
    yield await _create(postgres_server, name, postgres_template)
    await _drop_all(postgres_server, name)


@pytest.fixture
async def postgres_empty(run: Run, postgres_server: str) -> AsyncIterator[str]:
    """A PostgreSQL database with nothing in it, for one test."""
    name = f"{run.name}_{uuid.uuid4().hex[:12]}"
    yield await _create(postgres_server, name)
    await _drop_all(postgres_server, name)


@pytest.fixture
async def database(database_url: str) -> "AsyncIterator[Database]":
    from orders.database import Database

    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def smtp_server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        async with open_browser() as opened:
            yield opened
    except ChromiumMissingError as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture
async def people(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    arrived = People(browser)
    yield arrived
    if request.node.stash[FAILED]:
        await arrived.pose(OUTPUT / "failures", re.sub(r"\W+", "-", request.node.name))
    await arrived.leave()
    if arrived.troubles:
        pytest.fail("uncaught in the browser:\n" + "\n".join(arrived.troubles), pytrace=False)


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = Path(os.environ.get("SCREENSHOTS") or OUTPUT / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
