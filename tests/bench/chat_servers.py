"""The servers that the chat's load is sent to, started by their own command line."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg

from tests import servers
from tests.bench.chat_load import PATIENCE

ECHO = Path(__file__).with_name("chat_echo.py")
TOKEN_SECRET = secrets.token_hex(32)
COMMANDS_PER_SECOND = 1000
"""Fifty times the usual, and every rate of messages with it: a thousand people here write as much
as tens of thousands do."""

SEGMENTS = 32
"""Of PostgreSQL's log, 16 MiB each: more than a run fills."""


class Site:
    """The servers of one mode, on one core."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.mode, self.folder = mode, folder
        self.database_url = f"sqlite+aiosqlite:///{folder / 'orders.sqlite3'}"
        self.shared: list[int] = []
        """Database and broker."""
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []
        """Where browsers connect."""
        self._redis_url = ""
        self._after: list[Callable[[], object]] = []

    @property
    def pids(self) -> list[int]:
        """Our own processes."""
        return [process.pid for process in self.processes]

    async def begin(self) -> None:
        """Start what our processes share."""
        if self.mode != "sqlite":
            server = servers.postgres(self.folder / "postgres")
            server.start()
            self._after.append(server.stop)
            self.database_url = server.url
            self.shared.append(server.pid)
            await _use_in(server.url)
        if self.mode == "postgres+redis":
            broker = servers.redis(self.folder / "redis")
            broker.start()
            self._after.append(broker.stop)
            self._redis_url = broker.url
            self.shared.append(broker.pid)

    async def start(self) -> None:
        """Start our processes, by their command line, and wait until they serve."""
        roles = ["gateway", "gateway", "worker"] if self._redis_url else ["serve"]
        self.ports = []
        for role in roles:
            port = servers.free_port()
            self._run(port, "-m", "realtime", role)
            if role != "worker":
                self.ports.append(port)
        for port in self.ports:
            await listens(port)

    def echo(self) -> int:
        """Start the echo; return its port."""
        port = servers.free_port()
        self._run(port, str(ECHO), str(port))
        return port

    def _run(self, port: int, *arguments: str) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *arguments],
                    env={
                        **os.environ,
                        "PORT": str(port),
                        "ORDER_ROOM_DATABASE_URL": self.database_url,
                        "ORDER_ROOM_REDIS_URL": self._redis_url,
                        "ORDER_ROOM_VAR": str(self.folder / "var"),
                        "ORDER_ROOM_SERVICE_KEY": TOKEN_SECRET,
                        "ORDER_ROOM_TOKEN_SECRET": TOKEN_SECRET,
                        "ORDER_ROOM_COMMANDS_PER_SECOND": str(COMMANDS_PER_SECOND),
                        "ORDER_ROOM_LOG": "warning",
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def stop(self) -> None:
        """Stop our processes."""
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def end(self) -> None:
        """Stop everything."""
        self.stop()
        for stop in reversed(self._after):
            stop()


async def _use_in(url: str) -> None:
    """Let PostgreSQL have its log as one that has served for a while has it.

    A new one makes each segment of the log while a commit waits for it, some 20 ms; later it
    writes over those that it needs no more.
    """
    conn = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await conn.execute("ALTER SYSTEM SET min_wal_size = '1GB'")
        await conn.execute("SELECT pg_reload_conf()")
        for _ in range(SEGMENTS):
            await conn.execute("SELECT pg_logical_emit_message(false, 'bench', 'used in')")
            await conn.execute("SELECT pg_switch_wal()")
        await conn.execute("CHECKPOINT")
    finally:
        await conn.close()


async def listens(port: int) -> None:
    """Return once somebody listens there."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
