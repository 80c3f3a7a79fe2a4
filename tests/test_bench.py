"""The programs that measure: in a size too small to tell anything, they run and count rightly."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


async def _measured(program: str, *arguments: str) -> dict[str, Any]:
    """Run one of the programs; return its only line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, f"tests/bench/{program}", *arguments,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": "."},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    (line,) = told.decode().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.timeout(400)
async def test_chat_is_measured_and_every_message_accounted_for() -> None:
    found = await _measured(
        "chat.py", "--modes", "sqlite", "--pairs", "4", "--seconds", "0.6", "--rates", "20", "40",
        "--idle", "20", "--resume", "4", "--missed", "3",
    )  # fmt: skip
    assert found["lost"] == found["doubled"] == found["disordered"] == 0
    assert found["refused"] == {}
    assert found["sent"] > 0
    assert found["delivered_per_s"] > 0
    assert found["cpu_us_per_message"] > 0
    assert found["ratio_to_echo"] > 0
    assert found["resume_s"] > 0
    assert found["idle_connections"] == 20
    assert len(found["python_loop_ms"]) == 2
    for rate in ("20", "40"):
        assert 0 < found["latency_ms"][rate]["p50_ms"] <= found["latency_ms"][rate]["p99_ms"]


@pytest.mark.timeout(400)
async def test_deadlines_are_measured_and_each_fires_once() -> None:
    found = await _measured(
        "clock.py", "--modes", "sqlite", "--sqlite", "60", "--due", "20", "--seconds", "1",
        "--idle", "1",
    )  # fmt: skip
    assert (found["fired"], found["fired_twice"], found["fired_early"]) == (20, 0, 0)
    assert found["cpu_us_per_firing"] > 0


@pytest.mark.timeout(400)
async def test_calls_are_measured_and_every_packet_comes_back() -> None:
    found = await _measured("voice.py", "--runs", "python:2", "--seconds", "0.5")
    assert (found["path"], found["calls"]) == ("python", 2)
    assert found["received_ratio"] == 1
    assert found["refused"] == 0
    assert found["cpu_us_per_packet"] > 0
    assert found["setup_cpu_ms_per_call"] > 0
    assert found["ratio_to_floor"] > 0
    assert 0 < found["added_ms_p50"] <= found["added_ms_p99"]
