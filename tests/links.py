"""A machine with two ways into the network: a namespace with two cables, one of which can fail.

A Chromium started in there reaches what listens on this machine at `host`, over either cable. It
takes root and iproute2, and leaves nothing behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WIRES = ("a", "b")


class TwoLinks:
    """Two pairs of veth between this machine and a namespace.

    The addresses are of 198.18.0.0/15, which is set aside for tests of networks (RFC 2544).

    Attributes:
        host: where the namespace reaches this machine, whichever cable works.
    """

    def __init__(self) -> None:
        self.name = f"or-{secrets.token_hex(3)}"
        self._net = f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}"
        self.host = f"{self._net}.1"

    def lay(self) -> None:
        """Make the namespace and its cables."""
        ip("netns", "add", self.name)
        ip("addr", "add", f"{self.host}/32", "dev", "lo")
        self._inside("link", "set", "lo", "up")
        for number, wire in enumerate(WIRES):
            outer, inner = self._outer(wire), f"{self.name}i{wire}"
            here, there = (f"{self._net}.{16 * (number + 1) + n}" for n in (1, 2))
            ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self.name)
            ip("addr", "add", f"{here}/28", "dev", outer)
            ip("link", "set", outer, "up")
            self._inside("addr", "add", f"{there}/28", "dev", inner)
            self._inside("link", "set", inner, "up")
            self._inside(
                "route", "add", "default", "via", here, "dev", inner, "metric", str(100 + number)
            )

    def carried(self, wire: str) -> int:
        """How many packets came out of the namespace over that cable so far."""
        where = Path("/sys/class/net", self._outer(wire), "statistics/rx_packets")
        return int(where.read_text())

    def cut(self, wire: str) -> None:
        """Take the namespace's end of the cable down: addresses and routes over it go."""
        self._inside("link", "set", f"{self.name}i{wire}", "down")

    def lose(self, wire: str) -> None:
        """Let nothing through the cable; in the namespace addresses and routes over it stay."""
        ip("link", "set", self._outer(wire), "down")

    def mend(self, wire: str) -> None:
        """Let the cable work again after `lose`."""
        ip("link", "set", self._outer(wire), "up")

    def inside(self, program: str, folder: Path) -> Path:
        """A program that runs `program` in the namespace."""
        script = folder / "inside"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def take_away(self) -> None:
        """Remove everything; also what was only half made."""
        for what in (
            *(("link", "del", self._outer(wire)) for wire in WIRES),
            ("addr", "del", f"{self.host}/32", "dev", "lo"),
            ("netns", "del", self.name),
        ):
            subprocess.run(["ip", *what], capture_output=True, check=False)

    def _outer(self, wire: str) -> str:
        return f"{self.name}o{wire}"

    def _inside(self, *words: str) -> None:
        ip("-n", self.name, *words)


def ip(*words: str) -> None:
    """Run `ip`."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def two_links() -> Iterator[TwoLinks]:
    """The namespace and its cables.

    Where they may not be made the test is skipped, and the end of the run says so: that takes a
    privilege, which no installation brings.
    """
    if shutil.which("ip") is None:
        pytest.fail("The program `ip` is missing: apt-get install iproute2.", pytrace=False)
    if os.geteuid() != 0:
        pytest.skip(
            "taking a cable away from a Chromium in a network namespace needs root"
            " (in a container: --cap-add NET_ADMIN --cap-add SYS_ADMIN)"
        )
    links = TwoLinks()
    try:
        try:
            links.lay()
        except OSError as error:
            pytest.skip(
                f"no network namespace can be made here ({error}); in a container, allow it:"
                " --cap-add NET_ADMIN --cap-add SYS_ADMIN --security-opt apparmor=unconfined"
            )
        yield links
    finally:
        links.take_away()
