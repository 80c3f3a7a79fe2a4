"""One person before the room, and what they do and see there.

Tests find parts of the page by their `data-test` name; Playwright looks through shadow roots.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from playwright.async_api import ConsoleMessage, Locator, Page, Response, expect

from tests.browser import DESKTOP, People
from tests.harness import TestOrder

Role = Literal["buyer", "seller"]

PATIENCE = 45_000
"""Milliseconds that a test waits for what must appear. Usual is a tenth of a second."""

REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI}) =>
  console.error(`security policy: ${violatedDirective} blocked ${blockedURI}`), true);
"""


@dataclass
class Window:
    """A person's window with one order in it."""

    page: Page
    url: str
    order: str
    person: str

    def part(self, name: str) -> Locator:
        """The part of the page with that `data-test` name."""
        return self.page.locator(f'[data-test="{name}"]')

    async def enter(self) -> None:
        """Sign in through the demo and wait until the room is there."""
        await self.page.goto(f"{self.url}/demo/as/{self.person}?order={self.order}")
        await expect(self.part("composer").or_(self.part("composer-closed"))).to_be_visible()

    # --- the conversation --------------------------------------------------------------------

    @property
    def messages(self) -> Locator:
        """The texts of all messages, from the oldest to the newest."""
        return self.page.locator('[data-test="message"] .text')

    @property
    def unsent(self) -> Locator:
        """Own messages that the server has not acknowledged."""
        return self.page.locator('[data-test="message"][data-pending]')

    async def write(self, text: str) -> None:
        """Write a message and send it, and do not wait for anything."""
        await self.part("composer").fill(text)
        await self.part("send").click()

    async def say(self, text: str) -> None:
        """Write a message and wait until the server has it."""
        await self.write(text)
        kept = self.page.locator('[data-test="message"][data-mine="true"][data-seq]')
        await expect(kept.locator(".text").last).to_have_text(text)

    async def reads(self, *texts: str) -> None:
        """Wait until exactly these messages stand there, in this order."""
        await expect(self.messages).to_have_text(list(texts))

    def entry(self, kind: str) -> Locator:
        """The lines of the conversation that tell of that kind of event."""
        return self.page.locator(f'[data-test="entry"][data-kind="{kind}"]')

    async def shows_nothing_of(self, words: str) -> None:
        """Wait until these words stand nowhere, also in no shadow root and not to be read out."""
        await expect(self.page.locator("body")).not_to_contain_text(words)

    async def is_cut_off(self) -> None:
        """Wait until the page knows that its line is down."""
        await expect(self.part("connection")).not_to_have_attribute("data-state", "online")

    # --- the order ---------------------------------------------------------------------------

    async def is_in(self, state: str) -> None:
        """Wait until the screen shows the order in that state."""
        await expect(self.part("state")).to_have_attribute("data-state", state)

    async def take(self, step: str) -> None:
        """Press the button of a step, and confirm it in the dialog."""
        await self.part(f"action-{step}").click()
        await self.part("confirm").click()
        await expect(self.part("dialog")).to_be_hidden()

    async def call_is(self, *states: str) -> None:
        """Wait until the call is in one of these states on this screen."""
        await expect(self.part("call")).to_have_attribute(
            "data-call-state", re.compile(f"^({'|'.join(states)})$")
        )


class Windows:
    """Opens the windows of one test, and hears what their consoles complain about."""

    def __init__(self, people: People) -> None:
        self.complaints: list[str] = []
        self._people = people
        self._forgiven: list[str] = []

    def forgive(self, *patterns: str) -> None:
        """Expect complaints that match these: the test provokes them."""
        self._forgiven += patterns

    @property
    def unforgiven(self) -> list[str]:
        """What was complained about and not expected."""
        return [
            said
            for said in self.complaints
            if not any(re.search(pattern, said) for pattern in self._forgiven)
        ]

    async def page(
        self,
        *,
        locale: str = "fr-FR",
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        microphone: bool = True,
        scripts: Sequence[str] = (),
    ) -> Page:
        """An empty page of a new person; `scripts` run before those of every page they load."""
        page = await self._people.arrive(locale=locale, size=size, dark=dark, microphone=microphone)
        page.context.set_default_timeout(PATIENCE)  # also of the pages that it opens by itself
        for script in (REPORT_VIOLATIONS, *scripts):
            await page.context.add_init_script(script)
        page.context.on("console", self._heard)
        page.context.on("response", self._answered)
        return page

    async def open(
        self,
        url: str,
        order: TestOrder,
        role: Role,
        *,
        locale: str | None = None,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        microphone: bool = True,
        scripts: Sequence[str] = (),
    ) -> Window:
        """Open the room as its buyer (in French unless told) or its seller (in English)."""
        page = await self.page(
            locale=locale or {"buyer": "fr-FR", "seller": "en-GB"}[role],
            size=size,
            dark=dark,
            microphone=microphone,
            scripts=scripts,
        )
        person = {"buyer": order.buyer, "seller": order.seller}[role]
        window = Window(page, url, order.id, person)
        await window.enter()
        return window

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.request.method} {response.url}")
