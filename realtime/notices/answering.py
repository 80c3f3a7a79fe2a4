"""The page behind a link of a mail, as HTML: what is asked, what was done, or why not. No I/O."""

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
    loader=PackageLoader("realtime.notices"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the page. All strings are plain text."""

    language: str
    state: str
    """`ask`, `done` or `over`; tests find it."""
    heading: str
    paragraphs: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    about: str = ""
    """The order's title, where the link may know it."""
    button: str = ""
    token: str = ""
    """What the button sends."""
    room: str = ""
    """Where the order is; empty if the page must not know."""
    room_label: str = ""


def render(page: Page) -> str:
    """Return the page."""
    return _templates.get_template("answer.html").render(page=page, path=PATH, policy=POLICY)
