"""Real people in a real Chromium: one browser for a worker, one context for each person.

What their pages and the server say to each other is held against the published contract.
"""

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    WebSocket,
    async_playwright,
)

from tests import published

FLAGS = (
    "--no-sandbox",  # Chromium refuses its sandbox to root, and a container often denies it
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",  # a machine without any network can still call itself
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

UNSEEN = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
"""What Chromium draws below its own address bar, for a window that nobody sees: two pages of its
own in a process of their own, a second of a processor for each person."""

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
"""What Chromium is called, in the order of preference."""

DESKTOP = (1280, 800)
PHONE = (390, 844)
"""Sizes of the window in CSS pixels: a small laptop, a usual phone."""


class ChromiumMissingError(Exception):
    """The machine has no Chromium; the message says how to get one."""


def chromium() -> str:
    """The path of the machine's Chromium, or of the one that CHROMIUM names."""
    wanted = os.environ.get("CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise ChromiumMissingError(
        f"The tests need Chromium and looked for {wanted or ', '.join(NAMES)} in PATH."
        " On Debian: apt-get install chromium. Elsewhere, name it in CHROMIUM."
    )


@asynccontextmanager
async def open_browser(*more: str, path: str | None = None) -> AsyncIterator[Browser]:
    """A headless Chromium whose microphone is a fake one, with `more` flags.

    `path` is what starts it, the machine's own if nothing is said.
    """
    with tempfile.TemporaryDirectory() as folder:
        starts = _without(UNSEEN, path or chromium(), Path(folder))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=starts, args=[*FLAGS, *more])
            try:
                yield browser
            finally:
                await browser.close()


def _without(features: Sequence[str], program: str, folder: Path) -> Path:
    """Make what starts a Chromium with these switched off, beside those that Playwright names.

    Of two lists Chromium takes the last, so they have to be one.
    """
    script = folder / "chromium"
    script.write_text(f"""#!/bin/sh
for word; do
  shift
  case $word in --disable-features=*) word="$word,{",".join(features)}" ;; esac
  set -- "$@" "$word"
done
exec {shlex.quote(program)} "$@"
""")
    script.chmod(0o755)
    return script


class People:
    """Makes the persons of one test; each has cookies, storage and a clock of their own.

    Attributes:
        troubles: The uncaught errors of all pages so far, and what their sockets said or heard
            that the contract does not describe. A test that expects one empties it.
    """

    def __init__(self, browser: Browser) -> None:
        self.troubles: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def arrive(
        self,
        *,
        locale: str = "fr-FR",
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        microphone: bool = True,
    ) -> Page:
        """A new person with an empty page before them. `page.context` is theirs alone.

        Without `microphone` they refuse it when they are asked.
        """
        width, height = size
        context = await self._browser.new_context(
            locale=locale,
            timezone_id="Europe/Paris",
            viewport={"width": width, "height": height},
            device_scale_factor=2 if size == PHONE else 1,
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            permissions=["microphone"] if microphone else [],
        )
        self._contexts.append(context)
        context.on("weberror", lambda trouble: self._note(trouble.error))
        context.on("page", lambda page: page.on("websocket", self._listen))
        return await context.new_page()

    async def pose(self, folder: Path, name: str) -> None:
        """Write a picture of every open page to the folder, for whoever asks why a test failed."""
        folder.mkdir(parents=True, exist_ok=True)
        pages = [page for context in self._contexts for page in context.pages]
        for number, page in enumerate(pages, start=1):
            await page.screenshot(path=folder / f"{name}-{number}.png", full_page=True)

    async def leave(self) -> None:
        """Close every person's windows."""
        for context in self._contexts:
            await context.close()

    def _listen(self, socket: WebSocket) -> None:
        if socket.url.endswith("/ws"):
            socket.on("framesent", lambda text: self._hold(published.said, text))
            socket.on("framereceived", lambda text: self._hold(published.heard, text))

    def _hold(self, against: Callable[[published.Json], None], text: str | bytes) -> None:
        try:
            against(json.loads(text))
        except published.UndescribedError as error:
            self.troubles.append(f"{error}\n{text!r:.1000}")

    def _note(self, error: Error) -> None:
        self.troubles.append(f"{error.message}\n{error.stack or ''}")
