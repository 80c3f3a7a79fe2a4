"""What processes cost, as the kernel tells it: CPU time, memory, and on which core they run."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """A core for the servers and one for the load; the same one if there is no second."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run here for a while; processes that are started meanwhile stay here for good."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def loop_ms() -> float:
    """Milliseconds of CPU that a fixed piece of pure Python takes here and now.

    How fast the core is at this minute, and how well the interpreter was built: figures of two
    runs are to be compared by it.
    """
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number * number
    return round(1e3 * (time.process_time() - began), 1)


def cpu_seconds(*roots: int) -> float:
    """CPU time of these processes and of all they started, the buried ones among them."""
    ticks: dict[int, int] = {}
    buried: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(process.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = int(fields[11]) + int(fields[12])
        buried[pid] = int(fields[13]) + int(fields[14])
    total, left = 0, list(roots)
    while left:
        pid = left.pop()
        total += ticks.get(pid, 0) + buried.get(pid, 0)
        left += children.get(pid, [])
    return total / TICKS


def memory_kib(*pids: int) -> int:
    """Resident memory of these processes, in KiB."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total
