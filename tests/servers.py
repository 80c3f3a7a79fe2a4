"""The real servers that the tests talk to, private to one run of pytest.

PostgreSQL and Redis are started from the machine's own binaries, on free ports of the loopback
interface and in a temporary folder. The first test that asks for one starts it, in whichever
xdist worker that test happens to run; all workers share it.

Nothing outlives the run, however it ends. A server is the child of a *keeper*, a small process
(this file run as a program) that waits for a file lock held by the pytest process in charge. The
kernel drops that lock when pytest finishes, fails, is interrupted or is killed; the keeper then
stops its server and deletes its files.
"""

import atexit
import contextlib
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds that a server may take to start or to stop. Usual is below two."""

POLL = 0.02
"""Seconds between two looks at a server that is starting."""


class ServerMissingError(Exception):
    """The machine lacks a program that the tests need; the message says which and how to get it."""


class ServerFailedError(Exception):
    """A server did not start; the message ends with the last lines of its log."""


def _children(parent: int) -> list[int]:
    """The processes that this one started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # what follows the name in brackets: state, then the parent
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


def _runs(process: int) -> bool:
    """Whether it does; one that has ended and that nobody has asked after does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


class Server:
    """One server process on an address of its own, which it keeps when started again.

    Attributes:
        url: Where it answers while it runs.
        folder: What is its own.
        environment: What it is started with beside our own environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        url: str,
        folder: Path,
        ready: Callable[[], bool],
        user: str | None = None,
    ) -> None:
        self.url = url
        self._command = command
        self.folder = folder
        self.environment: dict[str, str] = {}
        self._ready = ready
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None  # set while it runs

    @property
    def pid(self) -> int:
        """The process, while it runs. Raises ServerFailedError if it does not."""
        if self._process is None:
            raise ServerFailedError("not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it answers. Raises ServerFailedError if it does not."""
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | self.environment,
                **_as_user(self._user),
            )
        give_up = time.monotonic() + PATIENCE
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.kill()
                last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise ServerFailedError(f"{self._command[0]} did not start:\n{last}")
            time.sleep(POLL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end and wait until it has. Nothing happens if it does not run."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it stand still with its lines open, until `resume`."""
        self._tell(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        if self._process is None:
            raise ServerFailedError(f"{self._command[0]} does not run")
        for process in (self._process.pid, *_children(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):  # PostgreSQL's come and go
                os.kill(process, what)

    def kill(self) -> None:
        """Let it die as in a power cut; `start` brings it back with what reached the disk.

        PostgreSQL's processes go too: by themselves they would answer for a moment longer, and
        keep a new server from starting.
        """
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)  # it starts no more of them
        left = _children(self._process.pid)
        self.stop(signal.SIGKILL)
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(_runs(process) for process in left):
            time.sleep(POLL)


def postgres(folder: Path) -> Server:
    """A PostgreSQL cluster in `folder`, not yet started, with durable commits as in production.

    Raises ServerMissingError when the machine has no PostgreSQL.
    """
    user = _postgres_user()
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    if not data.exists():
        # A user name without a password: the server listens on the loopback interface only.
        made = subprocess.run(
            [
                *(program("initdb"), "--pgdata", str(data), "--username=orders", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **_as_user(user),
        )
        if made.returncode != 0:
            raise ServerFailedError(f"initdb failed:\n{made.stderr.decode(errors='replace')}")
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "max_connections": 200,
        "timezone": "UTC",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    state = data / "postmaster.pid"

    def ready() -> bool:
        # The server's own word, on the last line of that file, is what pg_ctl waits for too.
        try:
            return state.read_text().splitlines()[7].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    return Server(
        [program("postgres"), "-D", str(data), *options],
        url=f"postgresql+asyncpg://orders@127.0.0.1:{port}/postgres",
        folder=folder,
        ready=ready,
        user=user,
    )


def redis(folder: Path, *, cluster: bool = False) -> Server:
    """A Redis that keeps nothing on disk, not yet started; perhaps a cluster of one.

    Raises ServerMissingError when the machine has no Redis.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    return Server(
        [
            *(program("redis-server"), "--bind", "127.0.0.1", "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(folder)),
            # by default the cluster's own port is 10,000 higher, which may be none at all
            *(("--cluster-enabled", "yes", "--cluster-port", str(free_port())) if cluster else ()),
        ],
        url=f"redis://127.0.0.1:{port}/0",
        folder=folder,
        ready=_answers(port, b"PING\r\n", b"+PONG"),
    )


HARMLESS = b"ORDER-ROOM-HARMLESS-TEST-FILE"
"""What the scanner of the tests takes for a virus: its only signature, written by hand."""


def clamd(folder: Path) -> Server:
    """ClamAV's daemon with one signature, HARMLESS, not yet started.

    Raises ServerMissingError when the machine has no clamd.
    """
    folder.mkdir(parents=True, exist_ok=True)
    signatures = folder / "signatures"
    signatures.mkdir(exist_ok=True)
    (signatures / "test.ndb").write_text(f"OrderRoom.Harmless:0:*:{HARMLESS.hex()}\n")
    port = free_port()
    settings = folder / "clamd.conf"
    settings.write_text(
        f"Foreground yes\nDatabaseDirectory {signatures}\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        f"LocalSocket {folder / 'clamd.ctl'}\nTemporaryDirectory {folder}\nStreamMaxLength 30M\n"
    )
    return Server(
        [program("clamd"), "--config-file", str(settings)],
        url=f"tcp://127.0.0.1:{port}",
        folder=folder,
        ready=_answers(port, b"zPING\0", b"PONG"),
    )


def s3(folder: Path) -> Server:
    """An S3 service that keeps everything in memory, not yet started."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    return Server(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        url=f"http://127.0.0.1:{port}",
        folder=folder,
        ready=_answers(port),
    )


TURN_SECRET = "a secret that the tests share with their TURN server"


def turn(folder: Path, relay: str, listen: str = "127.0.0.1") -> Server:
    """A TURN server (coturn) for browsers that may use TCP only, not yet started.

    It lets nobody in without a credential of `TURN_SECRET`; `relay` is the machine's address
    that it sends from, `listen` the one where browsers find it.
    Raises ServerMissingError when the machine has no coturn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    return Server(
        [
            *(program("turnserver"), "-n", "--realm", "order-room.test"),
            *("--use-auth-secret", "--static-auth-secret", TURN_SECRET),
            *("--listening-ip", listen, "--relay-ip", relay),
            *("--listening-port", str(port), "--no-udp", "--no-tls", "--no-dtls", "--no-cli"),
            *("--allow-loopback-peers", "--log-file", "stdout", "--verbose"),
            *("--pidfile", str(folder / "turnserver.pid"), "--userdb", str(folder / "turndb")),
        ],
        url=f"turn:{listen}:{port}?transport=tcp",
        folder=folder,
        ready=_answers(port, host=listen),
    )


def _answers(
    port: int, said: bytes = b"", answer: bytes = b"", host: str = "127.0.0.1"
) -> Callable[[], bool]:
    """Tell whenever asked whether somebody listens there, and answers so to what is said."""

    def ready() -> bool:
        try:
            with socket.create_connection((host, port), timeout=1) as connection:
                connection.sendall(said)
                return not answer or connection.recv(16).startswith(answer)
        except OSError:
            return False

    return ready


KINDS: dict[str, Callable[[Path], Server]] = {
    "postgres": postgres,
    "redis": redis,
    "clamd": clamd,
    "s3": s3,
}
"""What a keeper can keep."""


def program(name: str) -> str:
    """The path of a server's program. Raises ServerMissingError, saying how to install it."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin")]
    looked = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    found = shutil.which(name, path=looked)
    if found is None:
        raise ServerMissingError(
            f"The tests need the program {name}, which is neither in PATH nor in"
            " /usr/lib/postgresql/*/bin. On Debian: apt-get install postgresql redis-server"
            " clamav-daemon coturn"
        )
    return found


def free_port() -> int:
    """A TCP port of the loopback interface that nobody else takes before it is used.

    The kernel gives it to nobody who asks for any port, be it to listen or to connect; and the
    UDP port of that number, held by this process, keeps it from the other workers.
    """
    ours = _not_the_kernels()
    while True:
        port = random.choice(ours)
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                held.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                held.close()
                continue
        _held.append(held)
        if len(_held) > _HELD_MOST:
            _held.popleft().close()
        return port


_held: deque[socket.socket] = deque()
_HELD_MOST = 100
"""Ports that are kept from others at once: more than a test asks for."""


@atexit.register
def _let_go() -> None:
    while _held:
        _held.pop().close()


def _not_the_kernels() -> range:
    """Ports that are not among those that the kernel chooses from; all high ones if unknown."""
    first = 32_768
    with contextlib.suppress(OSError):
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return range(20_000, first) if first > 24_000 else range(20_000, 61_000)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's lock: one process at a time, and free again if that process dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Run:
    """The folder that the processes of one pytest run share. Made by the process in charge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name.replace("-", "_").lower()

    @classmethod
    @contextmanager
    def begin(cls) -> Iterator["Run"]:
        """Open a run; at the end its servers are gone, and so are their files."""
        folder = Path(tempfile.mkdtemp(prefix="order-room-"))
        folder.chmod(0o755)  # PostgreSQL runs as somebody else and must reach its own folder
        run = cls(folder)
        with locked(folder / "run.lock"):
            yield run
        for alive in folder.glob("*.alive"):
            with locked(alive):  # free once the keeper is gone
                pass
        shutil.rmtree(folder)

    def server(self, kind: str, name: str) -> str:
        """The address of this run's server called `name`; whoever asks first starts it.

        Raises ServerFailedError with the reason if it cannot be had.
        """
        address = self.folder / f"{name}.address"
        with locked(self.folder / f"{name}.lock"):
            if not address.exists():
                log = self.folder / f"{name}.keeper"
                keeper = _left_alone([__file__, kind, name, str(self.folder)], log)
                while not address.exists():
                    if os.waitpid(keeper, os.WNOHANG) != (0, 0):
                        raise ServerFailedError(log.read_text(errors="replace").strip())
                    time.sleep(POLL)
        return address.read_text()


def _left_alone(arguments: Sequence[str], log: Path) -> int:
    """Start a Python program that is meant to outlive this process; return its number.

    `subprocess` would complain at the end that it still runs.
    """
    with log.open("wb") as output, Path(os.devnull).open("rb") as nothing:
        streams = [
            (os.POSIX_SPAWN_DUP2, file.fileno(), number)
            for number, file in enumerate((nothing, output, output))
        ]
        return os.posix_spawn(
            sys.executable,
            [sys.executable, *arguments],
            os.environ,
            file_actions=streams,
            setsid=True,
        )


def _keep(kind: str, name: str, folder: Path) -> None:
    """Be a keeper: start the server, publish its address, stop it when the run is over."""
    with locked(folder / f"{name}.alive"):
        server = KINDS[kind](folder / name)
        server.start()
        address = folder / f"{name}.address"
        draft = address.with_suffix(".draft")
        draft.write_text(server.url)
        draft.rename(address)
        with locked(folder / "run.lock"):
            pass
        # Nobody will read the data again, so PostgreSQL need not tidy up before it goes.
        server.stop(signal.SIGQUIT if kind == "postgres" else signal.SIGTERM)
        shutil.rmtree(folder / name)


def _postgres_user() -> str | None:
    """Whom PostgreSQL runs as: it refuses root. None means whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _as_user(name: str | None) -> dict[str, Any]:
    """What `subprocess` needs to run a child as that user."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    try:
        _keep(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    except (ServerMissingError, ServerFailedError) as reason:
        sys.exit(str(reason))
