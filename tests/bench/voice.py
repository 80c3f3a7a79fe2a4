"""What a relayed call costs: CPU a packet, delay, set-up and memory, for each path of media.

Two processes on two cores, if the machine has them: the server with its node, and this one with
the browsers' ends. Both legs of every call have made a real ICE check and a real DTLS handshake;
then each end sends an Opus-sized packet every 20 ms, all of them spread evenly over the 20 ms.

`stock` is aiortc as it comes, decoding and encoding, as the yardstick. `floor` is a bare loop of
recvfrom and sendto under the same packets in the same run: no crypto, no rewriting, nobody to
look after; in C where a compiler is, else in Python. Absolute figures swing with the machine,
ratios hold.

Prints one line of JSON a run; the usual five take about two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import av
import msgspec
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from cffi import FFI

from realtime.serving import settle
from realtime.voice.adapter import Identity, srtp_functions, srtp_session
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from realtime.voice.plane import MediaPath, prepare
from tests.realtime.voice.caller import Caller

FRAME = 0.02
PAYLOAD = bytes(80)
WARM_UP = 1.5
AT_ONCE = 8
"""Browsers that connect at the same time."""

USUAL = ("stock:4", "python:20", "python:200", "native:20", "native:300")
REACH = Reach(bind=(LOOPBACK,))
HERE = Path(__file__).parent


def pin(core: int) -> bool:
    """Stay on one core; False if the machine has no second one."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(0, {core})
    return True


class Load:
    """The generator in C; `None` from `build` where no compiler is."""

    def __init__(self, library: Path) -> None:
        self.ffi = FFI()
        self.ffi.cdef((HERE / "load.h").read_text())
        self.lib: Any = self.ffi.dlopen(str(library))

    @classmethod
    def build(cls, folder: Path) -> Load | None:
        """Compile it into the folder."""
        compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
        if compiler is None:
            return None
        library = folder / "load.so"
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "load.c")]
        subprocess.run(command, check=True, timeout=60)
        return cls(library)


class Heard(msgspec.Struct):
    """What came of a time of speaking."""

    sent: int
    received: int
    refused: int = 0
    late: int = 0
    delays: list[int] = []
    """Packets by their time on the way, in steps of 10 microseconds; empty if not stamped."""

    def delay_ms(self, share: float) -> float | None:
        """The time within which so large a share of the packets came."""
        wanted = share * sum(self.delays)
        passed = 0
        for step, count in enumerate(self.delays):
            passed += count
            if wanted and passed >= wanted:
                return (step + 1) / 100
        return None


class Speakers:
    """Sockets that speak all at once, and hear. Blocks the event loop while it does."""

    def __init__(self, load: Load | None, ends: list[Caller | socket.socket]) -> None:
        self._load = load
        self._ends = ends
        self._sequence = 0
        self._speakers = None
        if load is not None:
            self._speakers = load.ffi.new("speaker_t[]", len(ends))
            for each, end in zip(self._speakers, ends, strict=True):
                if isinstance(end, Caller):
                    each.fd = end.socket.fileno()
                    each.rx = load.ffi.cast("void *", srtp_session(end.keys.rx))
                    each.tx = load.ffi.cast("void *", srtp_session(end.keys.tx))
                else:
                    each.fd = end.fileno()

    def speak(self, seconds: float, payload: bytes, *, stamped: bool) -> Heard:
        """Speak for so long."""
        if self._load is None:
            return self._speak_slowly(seconds, payload)
        ffi, lib = self._load.ffi, self._load.lib
        heard = ffi.new("heard_t *")
        secret = isinstance(self._ends[0], Caller)
        functions = [ffi.cast("void *", each if secret else 0) for each in srtp_functions()]
        lib.speak(
            self._speakers,
            len(self._ends),
            seconds,
            payload,
            len(payload),
            stamped,
            *functions,
            heard,
        )
        delays = list(heard.delays) if stamped else []
        return Heard(heard.sent, heard.received, heard.refused, heard.late, delays)

    def _speak_slowly(self, seconds: float, payload: bytes) -> Heard:
        """In Python, without a compiler: enough for a few dozen calls."""
        heard = Heard(0, 0)
        end = time.perf_counter() + seconds
        due = time.perf_counter()
        while due < end:
            for number, each in enumerate(self._ends):
                packet = bytearray(b"\x80\x60" + bytes(10) + payload)
                packet[2:4] = (self._sequence & 0xFFFF).to_bytes(2, "big")
                packet[4:8] = (self._sequence * 960 & 0xFFFFFFFF).to_bytes(4, "big")
                packet[11] = number % 251 + 1
                if isinstance(each, Caller):
                    sent = each.socket.send(each.keys._tx.protect(bytes(packet)))
                else:
                    sent = each.send(packet)
                heard.sent += bool(sent)
                due += FRAME / len(self._ends)
                time.sleep(max(0.0, due - time.perf_counter()))
                self._listen(heard)
            self._sequence += 1
        for _ in range(30):  # counted, as no moment in which we stand still is one for the server
            time.sleep(0.01)
            self._listen(heard)
        return heard

    def _listen(self, heard: Heard) -> None:
        for each in self._ends:
            port = each.socket if isinstance(each, Caller) else each
            while True:
                try:
                    data = port.recv(2_048)
                except BlockingIOError:
                    break
                heard.received += 128 <= data[0] <= 191 and not 192 <= data[1] <= 223


# ------------------------------------------------------------------------------ the server


class Stock:
    """aiortc as it comes: a connection per browser, each one's track added to the other's."""

    def __init__(self) -> None:
        self._calls: dict[str, list[RTCPeerConnection]] = {}

    async def join(self, call: str, _person: str, offer: str, _leg: str) -> str:
        """Answer a browser."""
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        gather = connection  # the first transceiver comes with the offer
        others = self._calls.setdefault(call, [])
        await gather.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        mine = connection.getTransceivers()[0]
        mine.direction = "sendrecv"
        for other in others:
            theirs = other.getTransceivers()[0]
            mine.sender.replaceTrack(theirs.receiver.track)
            theirs.sender.replaceTrack(mine.receiver.track)
        others.append(connection)
        inner = mine.receiver.transport.transport._connection
        found = inner.get_component_candidates

        async def candidates(component: int, addresses: list[str], timeout: int = 5) -> list[Any]:
            return await found(component, [LOOPBACK], timeout)

        inner.get_component_candidates = candidates  # type: ignore[method-assign]
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)


async def serve(path: str) -> None:
    """The server's process: it does what the lines on standard input ask."""
    pin(0)
    await prepare()
    settle()
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is logged goes elsewhere than the answers
    node: Node | Stock
    if path == "stock":
        node = Stock()
    else:
        node = Node(
            limits=VoiceLimits(calls_per_node=1_000),
            reach=REACH,
            on_connected=lambda *_: None,
            on_silent=lambda *_: None,
            on_gone=lambda *_: None,
            on_replaced=lambda *_: None,
            path=MediaPath(path),
        )
        node.start()

    async def answer(asked: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"id": asked["id"]}
        if "offer" in asked:
            reply["answer"] = await node.join(asked["call"], asked["person"], asked["offer"], "1")
        else:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            reply["cpu"] = time.process_time()
            reply["rss"] = pages * os.sysconf("SC_PAGE_SIZE")
            reply["path"] = node.path if isinstance(node, Node) else path
        print(json.dumps(reply), file=told, flush=True)

    working = set()
    while line := await lines.readline():
        task = loop.create_task(answer(json.loads(line)))
        working.add(task)
        task.add_done_callback(working.discard)
    os._exit(0)


def echo(folder: str) -> None:
    """The floor's process: whatever comes goes back where it came from."""
    pin(0)
    load = Load(Path(folder) / "load.so") if folder else None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        port.bind((LOOPBACK, 0))
        print(json.dumps(port.getsockname()[1]), flush=True)
        while sys.stdin.readline():
            before, count = time.process_time(), 0
            if load is not None:
                count = load.lib.echo(port.fileno())
            else:
                while True:
                    data, sender = port.recvfrom(2_048)
                    if len(data) == 1:
                        break
                    port.sendto(data, sender)
                    count += 1
            print(json.dumps([time.process_time() - before, count]), flush=True)


class Server:
    """The server's process, as this one sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, path: str) -> Server:
        """Start it."""
        command = [sys.executable, __file__, "--role", "server", "--runs", path]
        return cls(
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=1 << 20)
        )

    async def ask(self, **question: str) -> dict[str, Any]:
        """One question: figures, or with an offer, its answer."""
        assert self._process.stdin is not None
        number = len(self._asked)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps(question | {"id": number}).encode() + b"\n")
        return await self._asked[number]

    async def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            reply = json.loads(line)
            self._asked[reply["id"]].set_result(reply)


# ------------------------------------------------------------------------------- the client


def opus() -> bytes:
    """A frame of 20 ms that a decoder takes: stock aiortc decodes what it relays."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = 32_000
    frame = av.AudioFrame(format="s16", layout="mono", samples=960)
    frame.sample_rate = 48_000
    for plane in frame.planes:
        plane.update(os.urandom(plane.buffer_size))
    found = [bytes(packet) for _ in range(3) for packet in encoder.encode(frame)]
    return found[-1]


async def relay(path: str, calls: int, seconds: float, load: Load | None) -> dict[str, Any]:
    """Cost, delay and loss of a server at so many calls, both parties of each talking."""
    server = await Server.start(path)
    identity = Identity()
    before = await server.ask()
    callers: list[Caller] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def connect(number: int) -> None:
        async with gate:
            made = Caller(identity)
            callers.append(made)
            told = await server.ask(
                call=str(number // 2), person=str(number % 2), offer=made.offer()
            )
            await made.accept(told["answer"])

    began = time.perf_counter()
    await asyncio.gather(*(connect(number) for number in range(2 * calls)))
    took = time.perf_counter() - began
    ready = await server.ask()
    for each in callers:
        each.hold()
    speakers = Speakers(load, list(callers))
    stamped = load is not None and path != "stock"
    payload = opus() if path == "stock" else PAYLOAD
    speakers.speak(WARM_UP, payload, stamped=stamped)
    start = await server.ask()
    heard = speakers.speak(seconds, payload, stamped=stamped)
    end = await server.ask()
    await asyncio.gather(*(each.close() for each in callers))
    await server.stop()
    cost = 1e6 * (end["cpu"] - start["cpu"]) / max(1, heard.received)
    return {
        "path": end["path"],
        "calls": calls,
        "received_ratio": round(heard.received / max(1, heard.sent), 5),
        "cpu_us_per_packet": round(cost, 2),
        "calls_per_core": int(1e6 / cost / 100),
        "added_ms_p50": heard.delay_ms(0.5),
        "added_ms_p99": heard.delay_ms(0.99),
        "setup_cpu_ms_per_call": round(1e3 * (ready["cpu"] - before["cpu"]) / calls, 2),
        "setup_calls_per_s": round(calls / took, 1),
        "rss_kb_per_call": round((ready["rss"] - before["rss"]) / calls / 1_000, 1),
        "refused": heard.refused,
        "sent_late": heard.late,
    }


async def floor(calls: int, seconds: float, load: Load | None, folder: str) -> float:
    """Cost of the bare loop for as many packets a second."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--role", "echo", "--folder", folder, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    where = (LOOPBACK, json.loads(await process.stdout.readline()))
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2 * calls)]
    for each in ends:
        each.setblocking(False)
        each.connect(where)
    process.stdin.write(b"\n")
    Speakers(load, list(ends)).speak(seconds, bytes(96), stamped=False)
    ends[0].send(b"\0")
    spent, count = json.loads(await process.stdout.readline())
    process.stdin.close()
    await process.wait()
    for each in ends:
        each.close()
    return 1e6 * float(spent) / max(1, int(count))


async def measure(runs: list[str], seconds: float) -> None:
    """Each run, with the floor under as many packets."""
    pinned = pin(1)
    with tempfile.TemporaryDirectory() as folder:
        load = Load.build(Path(folder))
        for each in runs:
            path, _, calls = each.partition(":")
            bare = await floor(int(calls), seconds / 2, load, folder if load else "")
            result = await relay(path, int(calls), seconds, load)
            result |= {
                "floor_us_per_packet": round(bare, 2),
                "ratio_to_floor": round(result["cpu_us_per_packet"] / bare, 2),
                "floor": "c" if load else "python",
                "pinned": pinned,
                "python": platform.python_version(),
            }
            print(json.dumps({"bench": "voice", **result}), flush=True)


def main() -> None:
    """Read the arguments and play the role that they name."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", nargs="+", default=USUAL, help="path:calls, as native:300")
    arguments.add_argument("--seconds", type=float, default=8.0)
    arguments.add_argument("--folder", default="")
    arguments.add_argument("--role", choices=["client", "server", "echo"], default="client")
    given = arguments.parse_args()
    if given.role == "echo":
        echo(given.folder)
    elif given.role == "server":
        uvloop.run(serve(given.runs[0]))
    else:
        uvloop.run(measure(list(given.runs), given.seconds))


if __name__ == "__main__":
    main()
