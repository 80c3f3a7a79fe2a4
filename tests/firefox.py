"""A real Firefox, led over WebDriver BiDi (W3C), which it speaks on a WebSocket of its own.

Playwright leads a patched Firefox only; this leads the machine's. It knows what one person needs
to be in a call: open a page, wait for a part of it, press it, and ask the page for a value.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("firefox-esr", "firefox")
"""What Firefox is called, in the order of preference."""
PATIENCE = 30.0
"""Seconds that Firefox may take to start, and a part of the page to appear."""

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,  # a machine without any network can call itself
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "intl.accept_languages": "fr",
    # no word to anybody outside
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

FIND = """(name) => {
  const within = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.dataset?.test === name && element.getClientRects().length > 0) return element;
      const found = element.shadowRoot && within(element.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return within(document);
}"""
"""Finds a part of the page by its `data-test` name, through shadow roots, if it can be seen."""


class FirefoxMissingError(Exception):
    """The machine has no Firefox; the message says how to get one."""


def firefox() -> str:
    """The path of the machine's Firefox, or of the one that FIREFOX names."""
    wanted = os.environ.get("FIREFOX")
    for name in (wanted,) if wanted else NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise FirefoxMissingError(
        f"The tests need Firefox and looked for {wanted or ', '.join(NAMES)} in PATH."
        " On Debian: apt-get install firefox-esr. Elsewhere, name it in FIREFOX."
    )


class Fox:
    """One window of Firefox."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._ids = itertools.count(1)
        self._context = ""

    async def begin(self) -> None:
        """Take the window."""
        await self._ask("session.new", capabilities={})
        tree = await self._ask("browsingContext.getTree")
        self._context = str(tree["contexts"][0]["context"])

    async def open(self, url: str) -> None:
        """Load a page."""
        await self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def sees(self, part: str, attribute: str = "", value: str = "") -> None:
        """Wait until the part is there, and its attribute has that value if one is named."""
        found = f"({FIND})({json.dumps(part)})"
        wanted = f"?.getAttribute({json.dumps(attribute)}) === {json.dumps(value)}"
        await self._until(found + (wanted if attribute else " !== null"), part)

    async def press(self, part: str) -> None:
        """Wait for the part and click it, at the moment at which it is seen."""
        click = "(found) => found !== null && (found.click(), true)"
        await self._until(f"({click})(({FIND})({json.dumps(part)}))", part)

    async def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page answers
        """What an expression of the page comes to, as JSON has it."""
        result = await self._ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if result["type"] != "success":
            raise AssertionError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def part(self, name: str, function: str) -> Any:  # noqa: ANN401 - as `value`
        """What a function of the page makes of one of its parts."""
        return await self.value(f"({function})(({FIND_HIDDEN})({json.dumps(name)}))")

    async def _until(self, expression: str, what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.value(expression):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"Firefox does not show {what}") from None

    async def _ask(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._ids)
        await self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(PATIENCE):
            while True:
                said = cast("dict[str, Any]", json.loads(await self._line.recv()))
                if said.get("id") != number:
                    continue  # an event, which nobody asked for
                if said["type"] == "error":
                    raise AssertionError(f"{method}: {said['message']}")
                return cast("dict[str, Any]", said["result"])


FIND_HIDDEN = FIND.replace(" && element.getClientRects().length > 0", "")
"""The same for parts that are heard and not seen."""


@asynccontextmanager
async def open_firefox(
    folder: Path, preferences: Mapping[str, object] | None = None
) -> AsyncIterator[Fox]:
    """A headless Firefox with a new profile in `folder`."""
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in {**PREFERENCES, **(preferences or {})}.items()
    ]
    (folder / "user.js").write_text("\n".join(lines))
    command = [firefox(), "--headless", "--no-remote", "--profile", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command, "--remote-debugging-port=0",
        env={**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    reading: asyncio.Task[bytes] | None = None
    try:
        if process.stderr is None:
            raise AssertionError("Firefox was started with a pipe")
        async with asyncio.timeout(PATIENCE):
            address = await _address(process.stderr)
        reading = asyncio.create_task(process.stderr.read())  # a full pipe would stop it
        async with connect(f"{address}/session", max_size=None) as line:
            fox = Fox(line)
            await fox.begin()
            yield fox
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def _address(stderr: asyncio.StreamReader) -> str:
    """Where Firefox listens, as it says when it is ready."""
    said = b""
    while line := await stderr.readline():
        said += line
        if found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1].decode()
    raise AssertionError(f"Firefox did not start: {said.decode(errors='replace')}")
