"""What the README tells a person to type works as it stands."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from realtime.settings import Settings
from tests.harness import SERVICE_KEY, serving

README = Path(__file__).parent.parent / "README.md"


def examples(heading: str) -> list[str]:
    """The shell examples under a heading of the README."""
    section = README.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)


async def run(example: str, **variables: str) -> list[dict[str, Any]]:
    """Run a shell example; return the JSON objects it printed, one a command."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        example.replace("\ncurl", "\necho\ncurl"),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, example
    return [json.loads(line) for line in printed.decode().splitlines() if line]


async def test_the_examples_for_the_shops_backend_run_as_they_stand(database_url: str) -> None:
    create, read, ask, mediate, pay, act = examples("The shop's backend")
    async with serving(database_url) as server:
        known = {"ROOM": server.url, "ORDER_ROOM_SERVICE_KEY": SERVICE_KEY}
        (made,) = await run(create, **known)
        assert await run(create, **known) == [made], "said twice, it changes nothing"
        known["ORDER"] = made["order"]
        order, page, token = await run(read, **known)
        assert order["state"] == "awaiting_validation"
        assert [entry["seq"] for entry in page["entries"]] == [1, 2, 3]
        assert token["token"]
        (asked,) = await run(ask, **known)
        assert asked["state"] == "awaiting_validation"
        assert (asked["order"] == made["order"], asked["seq"]) == (False, 5)
        (listed,) = await run(pay, **known)
        assert made["order"] not in {movement["order"] for movement in listed["movements"]}
        known["PARTY_TOKEN"] = token["token"]
        said, started, told = await run(act, **known)
        assert await run(act, **known) == [said, started, told], "said twice, they change nothing"
        assert (said["seq"], started["seq"]) == (4, 5)
        assert told["entries"][0]["event"]["text"] == "Bonjour !"
        frozen, mediated = await run(mediate, **known)
        assert frozen["state"] == "frozen"
        assert "mediator" in {person["role"] for person in mediated["people"]}


def test_the_readme_opens_with_what_it_is_for_a_picture_and_the_two_commands() -> None:
    text = README.read_text()
    assert text.index("![") < text.index("make run") < text.index("make test") < 3000


BESIDE = [README, *(README.parent / "realtime" / part / "README.md" for part in ("chat", "voice"))]


def headings(document: Path) -> set[str]:
    """What a link may name behind `#`: the headings, as the pages of a repository spell them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


@pytest.mark.parametrize("document", BESIDE, ids=lambda path: path.parent.name)
def test_every_picture_file_and_heading_that_a_document_names_is_there(document: Path) -> None:
    named = re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", document.read_text())
    assert named
    for target, heading in named:
        if target.startswith("http"):
            continue
        there = (document.parent / target).resolve() if target else document
        assert there.exists(), target
        assert not heading or heading in headings(there), heading


@pytest.mark.parametrize("document", BESIDE, ids=lambda path: path.parent.name)
def test_lines_of_prose_are_wrapped(document: Path) -> None:
    prose = re.sub(
        r"```.*?```|^(\||    ).*?$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL
    )
    assert max(map(len, prose.splitlines())) <= 100


def test_the_readme_names_every_setting_and_every_command_of_make_that_is_one() -> None:
    text = README.read_text()
    listed = set(re.findall(r"^\| `([A-Z_0-9]+)`", text, flags=re.MULTILINE))
    assert listed == {field.encode_name for field in fields(Settings)} - {"demo", "role"}
    rules = set(re.findall(r"^([a-z-]+):", (README.parent / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)(?= *[`#]|$)", text, flags=re.MULTILINE)) <= rules
