"""What the event loop tells about a task that failed is logged like everything else."""

import asyncio
import json
import subprocess
import sys

FAILING = """
import asyncio, gc, sys
import uvloop
from realtime import telemetry

class Someone:
    def __repr__(self):
        return "Zwiebelkuchen"

    def called_back(self, told):
        raise ValueError("Zwiebelkuchen")

async def fail():
    raise ValueError("Zwiebelkuchen")

async def main():
    telemetry.configure("info")
    loop = asyncio.get_running_loop()
    loop.call_soon(Someone().called_back, Someone())
    failing = asyncio.create_task(fail())
    while not failing.done():
        await asyncio.sleep(0)
    del failing
    gc.collect()
    loop.create_future().set_exception(ValueError("Zwiebelkuchen"))
    gc.collect()

{"uvloop": uvloop, "asyncio": asyncio}[sys.argv[1]].run(main())
"""


async def test_the_event_loops_own_words_name_the_failure_and_nothing_that_was_said() -> None:
    for loop in ("uvloop", "asyncio"):
        told = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", FAILING, loop],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        lines = [json.loads(line) for line in told.stderr.splitlines()]
        assert {line["event"].removesuffix(" Someone.called_back") for line in lines} == {
            "Exception in callback",
            "Task exception was never retrieved",
            "Future exception was never retrieved",
        }
        assert {line["error"] for line in lines} == {"builtins.ValueError"}
        assert any("fail" in place for line in lines for place in line["trace"])
        assert "Zwiebelkuchen" not in told.stderr
