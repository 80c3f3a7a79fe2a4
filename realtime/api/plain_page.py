"""A small page that stands alone, as HTML: what a mail's link asks, what was done, or why not.

It loads nothing and runs nothing, follows the browser's colours, and fits any screen. No I/O.
"""

from __future__ import annotations

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from realtime.notices.one_tap import PATH

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: it loads nothing, from nowhere."""

_templates = Environment(
    loader=PackageLoader("realtime.api"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the page. All strings are plain text."""

    language: str
    state: str
    """`ask`, `done` or `over` behind a mail's link, else `refused`; tests find it."""
    heading: str
    paragraphs: tuple[str, ...] = ()
    code: str = ""
    """The refusal's, for whoever is asked about it."""
    times: tuple[str, ...] = ()
    about: str = ""
    """The order's title, where the link may know it."""
    button: str = ""
    token: str = ""
    """What the button sends."""
    room: str = ""
    """Where to go from here; empty if the page must not know."""
    room_label: str = ""


def render(page: Page) -> str:
    """Return the page."""
    return _templates.get_template("plain_page.html").render(page=page, path=PATH)
