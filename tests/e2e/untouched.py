"""A page that nobody has touched, looked at without touching it.

Playwright's own `evaluate`, and with it `expect`, run scripts as if a person had pressed something
(`userGesture` of Chromium's `Runtime.callFunctionOn`): a page that was looked at in that way may
play whatever it likes. Here it is asked over a session of its own that pretends nothing.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page

STRICT = "--autoplay-policy=document-user-activation-required"
"""What Chromium does for people, and not for tests: no sound before somebody touches the page."""

EAR = """
window.contexts = [];
const Context = AudioContext;
window.AudioContext = class extends Context {
  constructor(...given) { super(...given); window.contexts.push(this); }
};
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to === this.context.destination) {
    const options = {fftSize: 8192, smoothingTimeConstant: 0};
    window.ear ??= {analyser: new AnalyserNode(this.context, options), voices: 0};
    window.ear.voices += 1;
    connect.call(this, window.ear.analyser);
  }
  return connect.call(this, to, ...more);
};
"""
"""Listens to what the page's own sounds send to the speaker. Runs before the page's scripts."""

LISTEN = """(() => {
  if (!window.ear) return {level: 0, tone: 0, voices: 0};
  const {analyser, voices} = window.ear;
  const wave = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(wave);
  const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
  const bands = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bands);
  const peak = bands.indexOf(Math.max(...bands));
  return {level, tone: peak * analyser.context.sampleRate / analyser.fftSize, voices};
})()"""

FIND = """((name) => {
  const look = (root) => {
    for (const each of root.querySelectorAll('*')) {
      if (each.dataset.test === name) return each;
      const found = each.shadowRoot && look(each.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  const found = look(document);
  if (!found || !found.checkVisibility({visibilityProperty: true})) return null;
  const {x, y, width, height} = found.getBoundingClientRect();
  return {
    x: x + width / 2, y: y + height / 2, text: found.innerText, ringing: found.dataset.callState,
  };
})"""
"""A part of the page by its `data-test` name, shadow roots included; null if it does not show."""

PATIENCE = 60.0


class Untouched:
    """A page and what can be learned of it from outside."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self.page = page
        self._session = session

    @classmethod
    async def of(cls, page: Page) -> Untouched:
        """The page, which must have been opened and nothing more."""
        return cls(page, await page.context.new_cdp_session(page))

    async def ask(self, expression: str) -> Any:  # noqa: ANN401 - as a page answers
        """The value of an expression in the page, which learns of no gesture."""
        answer = await self._session.send(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True},
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def touched(self) -> bool:
        """Whether the browser believes that a person has done something in the page."""
        return bool(await self.ask("navigator.userActivation.hasBeenActive"))

    async def part(self, name: str) -> dict[str, Any] | None:
        """Where that part of the page is, and what it says; None while it does not show."""
        found: dict[str, Any] | None = await self.ask(f"{FIND}({json.dumps(name)})")
        return found

    async def shows(self, name: str) -> dict[str, Any]:
        """Wait until that part of the page shows."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self.part(name)) is None:
                await asyncio.sleep(0.05)
        return found

    async def hides(self, name: str) -> None:
        """Wait until that part of the page does not show."""
        async with asyncio.timeout(PATIENCE):
            while await self.part(name) is not None:
                await asyncio.sleep(0.05)

    async def plays(self, *tones: float) -> int:
        """Wait until one of these tones sounds; return how many voices play at once."""
        heard: dict[str, float] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    heard = await self.ask(LISTEN)
                    near = any(heard["tone"] == pytest.approx(tone, abs=15) for tone in tones)
                    if near and heard["level"] > 0.01:
                        return int(heard["voices"])
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"heard {heard}", pytrace=False)
