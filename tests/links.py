"""Networks of namespaces and cables, for a Chromium that is somewhere else.

`two_links` is a place with two ways into the network, one of which can fail; `firewall` one
behind a router that can be told to let no UDP through. A Chromium started in there reaches what
listens on this machine at `host`. It takes root and iproute2, and leaves nothing behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

WIRES = ("a", "b")


class Place:
    """A namespace in which a program can be started, somewhere else than on this machine.

    The addresses are of 198.18.0.0/15, which is set aside for tests of networks (RFC 2544).

    Attributes:
        host: where the namespace reaches this machine.
    """

    def __init__(self) -> None:
        self.name = f"or-{secrets.token_hex(3)}"
        self._net = f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}"
        self.host = f"{self._net}.1"

    def lay(self) -> None:
        """Make the namespace, without any cable."""
        ip("netns", "add", self.name)
        ip("addr", "add", f"{self.host}/32", "dev", "lo")
        self._inside("link", "set", "lo", "up")

    def inside(self, program: str, folder: Path) -> Path:
        """A program that runs `program` in the namespace."""
        script = folder / "inside"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def take_away(self) -> None:
        """Remove everything; also what was only half made."""
        for what in (
            ("addr", "del", f"{self.host}/32", "dev", "lo"),
            ("netns", "del", self.name),
        ):
            _try(*what)

    def _inside(self, *words: str) -> None:
        ip("-n", self.name, *words)


class TwoLinks(Place):
    """Two pairs of veth between this machine and a namespace; `host` is behind either."""

    def lay(self) -> None:
        """Make the namespace and its cables."""
        super().lay()
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

    def take_away(self) -> None:
        """Remove everything; also what was only half made."""
        for wire in WIRES:
            _try("link", "del", self._outer(wire))
        super().take_away()

    def _outer(self, wire: str) -> str:
        return f"{self.name}o{wire}"


class Firewall(Place):
    """A namespace behind a router of its own, which lets everything through until it is told.

    The router is a namespace as well: this machine - router - `name`.
    """

    @property
    def router(self) -> str:
        """The name of the router's namespace."""
        return f"{self.name}r"

    def lay(self) -> None:
        """Make both namespaces and the two cables."""
        super().lay()
        ip("netns", "add", self.router)
        outer, near, far = f"{self.name}o", "to-machine", "to-browser"
        ip("link", "add", outer, "type", "veth", "peer", "name", near, "netns", self.router)
        self._route("link", "add", far, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{self._net}.17/28", "dev", outer)
        ip("link", "set", "dev", outer, "up")
        for device, address in ((near, 18), (far, 33)):
            self._route("addr", "add", f"{self._net}.{address}/28", "dev", device)
            self._route("link", "set", "dev", device, "up")
        self._inside("addr", "add", f"{self._net}.34/28", "dev", "eth0")
        self._inside("link", "set", "dev", "eth0", "up")
        ip("route", "add", f"{self._net}.32/28", "via", f"{self._net}.18")
        self._route("route", "add", "default", "via", f"{self._net}.17")
        self._inside("route", "add", "default", "via", f"{self._net}.33")
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        ip("netns", "exec", self.router, "sh", "-c", forward)

    def shut_udp(self) -> None:
        """Drop whatever is UDP, in both directions, and tell nobody."""
        self._route("rule", "add", "pref", "5", "ipproto", "udp", "blackhole")

    def passes_udp(self) -> bool:
        """Whether a datagram from inside arrives here, of five that are sent."""
        said = (
            "import socket\n"
            "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:\n"
            "    for _ in range(5): out.sendto(b'here', ({!r}, {}))\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind((self.host, 0))
            ear.settimeout(0.5)
            command = [sys.executable, "-c", said.format(self.host, ear.getsockname()[1])]
            subprocess.run(["ip", "netns", "exec", self.name, *command], check=True)
            try:
                return ear.recv(16) == b"here"
            except TimeoutError:
                return False

    def take_away(self) -> None:
        """Remove everything; also what was only half made."""
        _try("link", "del", f"{self.name}o")
        _try("netns", "del", self.router)
        super().take_away()

    def _route(self, *words: str) -> None:
        ip("-n", self.router, *words)


def ip(*words: str) -> None:
    """Run `ip`."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _try(*words: str) -> None:
    """Run `ip`, which may find nothing to do."""
    subprocess.run(["ip", *words], capture_output=True, check=False)


def two_links() -> AbstractContextManager[TwoLinks]:
    """A namespace with two cables; see `_laid`."""
    return _laid(TwoLinks())


def firewall() -> AbstractContextManager[Firewall]:
    """A namespace behind a router; see `_laid`."""
    return _laid(Firewall())


P = TypeVar("P", bound=Place)


@contextmanager
def _laid(place: P) -> Iterator[P]:
    """The place, made and taken away again.

    Where it may not be made the test is skipped, and the end of the run says so: that takes a
    privilege, which no installation brings.
    """
    if shutil.which("ip") is None:
        pytest.fail("The program `ip` is missing: apt-get install iproute2.", pytrace=False)
    if os.geteuid() != 0:
        pytest.skip(
            "a Chromium in a network namespace needs root"
            " (in a container: --cap-add NET_ADMIN --cap-add SYS_ADMIN)"
        )
    try:
        try:
            place.lay()
        except OSError as error:
            pytest.skip(
                f"no network namespace can be made here ({error}); in a container, allow it:"
                " --cap-add NET_ADMIN --cap-add SYS_ADMIN --security-opt apparmor=unconfined"
            )
        yield place
    finally:
        place.take_away()
