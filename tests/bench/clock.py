"""What a deadline costs, how late it fires, and what clocks cost that do nothing.

A database full of open orders, two clocks each, is cloned from one real paid order. First the
sweepers idle. Then the brief windows of some orders end, spread evenly over a minute, and every
firing is the real one: the order is cancelled, the money goes back, mails are owed. PostgreSQL has
two worker processes, SQLite the one that an embedded room has. Lateness is measured at the commit.

CPU is that of the workers and, where `/proc` tells it, of the PostgreSQL server with all its
processes. Prints one line of JSON a mode. With the usual arguments it takes about four minutes.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import structlog
import uvloop
from sqlalchemy import func, select, text, update

from orders.clock import Sweeper
from orders.database import Announcement, Database, migrate
from orders.events import Timer
from orders.tables import entries, orders, participants, payments, timers
from realtime.notices.policy import owed_for
from tests import servers
from tests.orders.world import open_room

CLONED = (orders, participants, payments, timers)
HEAD_START = timedelta(seconds=3)
TICKS = os.sysconf("SC_CLK_TCK")


# ------------------------------------------------------------------------------- worker


async def work(url: str) -> None:
    """A worker's process: sweep until standard input says something, then tell what was fired.

    Every line read before the last is answered with the CPU-seconds spent so far.
    """
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    database = await Database.open(url)
    told: list[tuple[str, float]] = []

    def note(announcements: Sequence[Announcement]) -> None:
        at = time.time()
        told.extend((announcement.order, at) for announcement in announcements)

    database.on_commit(note)
    database.on_append(owed_for)
    sweeping = asyncio.create_task(Sweeper(database).run())
    while (await lines.readline()).strip() == b"cpu":
        spent = resource.getrusage(resource.RUSAGE_SELF)
        print(spent.ru_utime + spent.ru_stime, flush=True)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    await database.close()
    print(json.dumps(told), flush=True)


@asynccontextmanager
async def workers(url: str, count: int) -> AsyncIterator[list[Process]]:
    """So many of this program in the role of a worker."""
    running = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, "--worker", url), stdin=PIPE, stdout=PIPE, limit=1 << 26
        )
        for _ in range(count)
    ]
    try:
        yield running
    finally:
        for worker in running:
            if worker.stdin is not None:
                worker.stdin.close()
            await worker.wait()


async def ask(worker: Process, question: bytes) -> bytes:
    """Return the worker's answer."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(question + b"\n")
    return await worker.stdout.readline()


# --------------------------------------------------------------------------- the server


def server_cpu(postmaster: int | None) -> float:
    """CPU-seconds of a PostgreSQL server: its live processes, and those it has buried."""
    if postmaster is None or not Path("/proc/self/stat").exists():
        return 0.0
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(process.name) == postmaster:
            ticks += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


# -------------------------------------------------------------------------------- load


SLICE = 20_000
"""Orders cloned at a time: PostgreSQL may take seconds for a statement, and no longer."""


async def fill(database: Database, count: int) -> None:
    """Clone one paid order, `count` in all; no clock ends or reminds during the measurement."""
    first = (await open_room(database)).order
    async with database.transaction() as tx:
        far = tx.now + timedelta(days=30)
        await tx.conn.execute(update(timers).values(wake_at=far, due=far))
    for begin in range(2, count + 1, SLICE):
        async with database.transaction() as tx:
            for table in CLONED:
                columns = [column.name for column in table.columns]
                key = "id" if table is orders else "order_id"
                mine = {"order_id", "reference", "id"}
                cells = [f"{name} || '-' || n" if name in mine else name for name in columns]
                await tx.conn.execute(
                    text(
                        f"insert into {table.name} ({', '.join(columns)})"
                        f" with recursive numbers(n) as (select {begin} union all"
                        f" select n + 1 from numbers where n < {min(count, begin + SLICE - 1)})"
                        f" select {', '.join(cells)} from {table.name}, numbers"
                        f" where {key} = '{first}'"
                    )
                )


async def settle(database: Database) -> None:
    """Let PostgreSQL tidy up after the load now, so that it does not in the measurement."""
    if database.is_sqlite:
        return
    async with database.transaction() as tx:
        driver = (await tx.conn.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("commit")  # neither runs inside a transaction
        await driver.execute("vacuum analyze", timeout=600)
        await driver.execute("checkpoint", timeout=600)
        await driver.execute("begin")


async def spread(database: Database, count: int, seconds: float) -> dict[str, datetime]:
    """Let the brief windows of `count` orders end within so many seconds from soon on."""
    async with database.transaction() as tx:
        chosen = select(orders.c.id).order_by(orders.c.id).limit(count)
        due = {
            order: tx.now + HEAD_START + timedelta(seconds=seconds * place / count)
            for place, order in enumerate((await tx.conn.scalars(chosen)).all())
        }
        one = text(
            "update timers set due = :due, wake_at = :due where order_id = :id and timer = :timer"
        )
        await tx.conn.execute(
            one,
            [
                {"due": round(at.timestamp() * 1e6), "id": order, "timer": Timer.BRIEF_WINDOW}
                for order, at in due.items()
            ],
        )
    return due


# ------------------------------------------------------------------------------ measure


async def measure(
    mode: str, url: str, server: int | None, given: argparse.Namespace, open_timers: int
) -> None:
    """Fill, idle, fire; print what came of it."""
    await migrate(url)
    database = await Database.open(url)
    await fill(database, open_timers // 2)
    await settle(database)
    async with workers(url, 2 if server else 1) as running:

        async def spent() -> float:
            return server_cpu(server) + sum([float(await ask(w, b"cpu")) for w in running])

        await spent()  # they have started once they answer
        await asyncio.sleep(2)
        before = await spent()
        await asyncio.sleep(given.idle)
        idle = (await spent() - before) / given.idle
        due = await spread(database, given.due, given.seconds)
        before = await spent()
        began = time.monotonic()
        while time.monotonic() - began < given.seconds + given.patience:
            await asyncio.sleep(1)
            async with database.reading() as conn:
                left = await conn.scalar(
                    select(func.count()).where(timers.c.wake_at <= max(due.values()))
                )
            if not left:
                break
        busy = await spent() - before - idle * (time.monotonic() - began)
        told = [json.loads(await ask(worker, b"end")) for worker in running]
    async with database.reading() as conn:
        fired = (
            await conn.scalars(
                select(func.count())
                .where(entries.c.kind == "deadline_fired")
                .group_by(entries.c.order_id)
            )
        ).all()
    await database.close()
    late = sorted(at - due[order].timestamp() for worker in told for order, at in worker)
    print(
        json.dumps(
            {
                "bench": "clock",
                "mode": mode,
                "open_timers": open_timers,
                "fired": len(fired),
                "fired_twice": sum(times > 1 for times in fired),
                "fired_early": sum(lateness < 0 for lateness in late),
                "seconds": given.seconds,
                "lateness_p50_s": round(late[len(late) // 2], 3),
                "lateness_p99_s": round(late[len(late) * 99 // 100], 3),
                "cpu_us_per_firing": round(1e6 * busy / len(fired)),
                "idle_cpu_percent": round(100 * idle, 2),
                "workers": len(told),
                "load_average": round(os.getloadavg()[0], 1),
            }
        ),
        flush=True,
    )


async def on_postgres(folder: Path, given: argparse.Namespace) -> None:
    """Measure with a private PostgreSQL and two workers."""
    server = servers.postgres(folder / "postgres")
    server.start()
    try:
        postmaster = int((folder / "postgres/data/postmaster.pid").read_text().split()[0])
        await measure("postgres", server.url, postmaster, given, given.postgres)
    finally:
        server.stop()


def main() -> None:
    """Read the arguments; measure, or be a worker."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--modes", nargs="+", default=["postgres", "sqlite"])
    arguments.add_argument("--postgres", type=int, default=1_000_000, help="open clocks")
    arguments.add_argument("--sqlite", type=int, default=100_000, help="open clocks")
    arguments.add_argument("--due", type=int, default=10_000, help="clocks that end")
    arguments.add_argument("--seconds", type=float, default=60, help="within which they end")
    arguments.add_argument("--idle", type=float, default=20, help="seconds of idling")
    arguments.add_argument("--patience", type=float, default=120, help="seconds for the rest")
    arguments.add_argument("--worker", metavar="URL")
    given = arguments.parse_args()
    if given.worker:
        uvloop.run(work(given.worker))
        return
    with tempfile.TemporaryDirectory(prefix="order-room-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else and must reach its own folder
        if "postgres" in given.modes:
            uvloop.run(on_postgres(folder, given))
        if "sqlite" in given.modes:
            url = f"sqlite+aiosqlite:///{folder / 'orders.sqlite3'}"
            uvloop.run(measure("sqlite", url, None, given, given.sqlite))


if __name__ == "__main__":
    main()
