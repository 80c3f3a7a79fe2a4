"""Two minutes of faults over both sizes; `make faults` does it for ten."""

from __future__ import annotations

import json
import os
import random

import pytest

from tests.faults.ledger import Findings
from tests.faults.run import more_files, run
from tests.faults.world import public_folder

SECONDS = 60.0
CROWD = 50


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", ["embedded", "scaled"])
async def test_whatever_breaks_nothing_is_lost_doubled_or_out_of_order(size: str) -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed}")  # however it ends: SEED repeats it
    more_files(2 * CROWD)
    with public_folder() as folder:
        told = await run(size, seed, SECONDS, CROWD, folder)
    print(json.dumps(told))
    names = Findings.__dataclass_fields__
    found = Findings(**{name: told[name] for name in names})
    assert found.broken == 0, told
    assert found.acknowledged > 100, told
