"""A refusal as a page, for a person whose browser opened an address that answers with none."""

from __future__ import annotations

from starlette.responses import Response

from orders.errors import Refused
from realtime.api.plain_page import Page, render
from realtime.texts import KEYS, refusal, sentence

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
"""Content-Security-Policy of the page: it loads nothing; our own pages may frame it."""


def turned_away(refused: Refused, language: str, home: str) -> Response:
    """Say what is the matter and what to do; `home` is where this server's own pages begin."""
    page = Page(
        language=language,
        state="refused",
        code=refused.code,
        heading=sentence(language, _heading(refused)),
        paragraphs=(_body(refused, language),),
        room=home,
        room_label=sentence(language, "page.home") if home else "",
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Response(render(page), refused.status, headers, media_type="text/html")


def _heading(refused: Refused) -> str:
    """The most exact one: of the code, else of the status, else of any refusal."""
    exact = (f"page.{refused.code}.heading", f"page.{refused.status}.heading")
    return next((key for key in exact if key in KEYS), "page.other.heading")


def _body(refused: Refused, language: str) -> str:
    """An address has no sentence of its own; every other refusal says what to do."""
    key = f"page.{refused.code}.body"
    return sentence(language, key) if key in KEYS else refusal(language, refused)
