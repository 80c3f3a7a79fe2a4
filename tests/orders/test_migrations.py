"""The schema's history leads to the tables the code speaks of, from anywhere, by anybody."""

import asyncio
import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from orders.database import Database, migrate
from orders.tables import metadata
from tests.orders.world import opened


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    """The index of words is each database's own, and stands in the migration alone."""
    return not (name or "").startswith("search_words")


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_name": _is_ours}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_a_migrated_database_has_exactly_the_tables_of_the_code(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


async def test_the_comparison_would_notice_a_missing_index(own_database_url: str) -> None:
    engine = create_async_engine(own_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP INDEX timers_by_wake_at"))
        (missing,) = await connection.run_sync(_differences)
    await engine.dispose()
    assert isinstance(missing, tuple)
    assert missing[0] == "add_index"


async def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with opened(empty_database_url) as database:
        epoch = await database.epoch()
        await migrate(empty_database_url)
        assert await database.epoch() == epoch
    assert len(epoch) == 16


_MIGRATE = """
import asyncio, sys
from orders.database import migrate
asyncio.run(migrate(sys.argv[1]))
"""


async def test_processes_that_migrate_at_once_do_not_disturb_each_other(
    empty_database_url: str,
) -> None:
    command = [sys.executable, "-W", "error", "-c", _MIGRATE, empty_database_url]
    started = [
        await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE) for _ in range(3)
    ]
    said = [(await process.communicate())[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    async with opened(empty_database_url) as database:
        assert len(await database.epoch()) == 16


async def test_two_databases_are_two_histories(empty_database_url: str, database: Database) -> None:
    await migrate(empty_database_url)
    async with opened(empty_database_url) as other:
        assert await other.epoch() != await database.epoch()
