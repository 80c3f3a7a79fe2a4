"""What waits in the kernel while the process does something else: asked for, granted and told."""

import asyncio
import ctypes
import socket
import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from realtime.voice.forwarding import PlainForwarder
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.plane import MediaPath, Plane
from realtime.voice.port import BUFFER, Port

CAP_NET_ADMIN = 12
"""What takes a buffer beyond the system's limit (capabilities(7))."""
CAPABILITIES_V3 = 0x20080522

T = TypeVar("T")
Logged = list[MutableMapping[str, Any]]


def limit() -> int:
    """The system's, without a privilege."""
    return int(Path("/proc/sys/net/core/rmem_max").read_text())


def without_the_privilege(work: Callable[[], T]) -> T:
    """Do it in a thread that gave up CAP_NET_ADMIN, which a thread may do for itself."""
    done: list[T] = []

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        head = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0)
        sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the upper halves
        assert libc.capget(head, sets) == 0
        sets[0] &= ~(1 << CAP_NET_ADMIN)
        assert libc.capset(head, sets) == 0
        done.append(work())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return done[0]


def opened(size: int) -> tuple[list[int], int, Logged]:
    """Of a port's sockets what the kernel says, then what the port does, and what was logged."""

    async def run() -> tuple[list[int], int]:
        port = Port(VoiceLimits(), Reach(bind=(LOOPBACK, "::1")), PlainForwarder(), size)
        port.open()
        options = [
            each.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2 for each in port._sockets
        ]
        await port.close()
        return options, port.receive_buffer

    with capture_logs() as logged:
        options, told = asyncio.run(run())
    return options, told, logged


def complaints(logged: Logged) -> list[tuple[int, int]]:
    return [(each["asked"], each["granted"]) for each in logged if "granted" in each]


@pytest.mark.parametrize("size", [64 << 10, 300_000])
def test_what_is_asked_for_is_set_on_every_socket_and_told(size: int) -> None:
    options, told, logged = without_the_privilege(lambda: opened(size))
    assert options
    assert set(options) == {size}
    assert told == size
    assert complaints(logged) == []


def test_where_the_kernel_grants_less_the_port_says_how_much_and_the_log_what_helps() -> None:
    asked = 2 * limit()
    options, told, logged = without_the_privilege(lambda: opened(asked))
    assert set(options) == {limit()}
    assert told == limit()
    assert complaints(logged) == [(asked, limit())]
    assert [each["log_level"] for each in logged if "granted" in each] == ["warning"]
    assert any("net.core.rmem_max" in each["event"] for each in logged)


def test_who_may_goes_beyond_the_limit() -> None:
    asked = 2 * limit()
    options, told, logged = opened(asked)
    if options[0] == limit():  # we may not, as above
        assert complaints(logged) == [(asked, told)]
    else:
        assert (set(options), told, complaints(logged)) == ({asked}, asked, [])


async def test_a_media_process_logs_at_its_start_what_it_was_granted() -> None:
    with capture_logs() as logged:
        plane = Plane(VoiceLimits(), Reach(bind=(LOOPBACK,)), MediaPath.PYTHON)
        plane.open()
    granted = plane.receive_buffer
    await plane.close()
    assert granted == BUFFER == 4 << 20 or granted == limit() < BUFFER
    assert [each["receive_buffer"] for each in logged if "receive_buffer" in each] == [granted]
