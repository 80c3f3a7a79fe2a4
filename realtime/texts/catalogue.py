"""Texts by key, from gettext catalogues, with facts filled in."""

from __future__ import annotations

import gettext
import io
import re
import unicodedata
from collections.abc import Callable
from importlib import resources

import msgspec
from babel import Locale
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from orders.errors import Refused

FALLBACK = "fr"
"""The marketplace's own language: for readers whose language we do not speak."""
LOCALES = {"fr": Locale("fr"), "en": Locale("en", "GB")}
"""How each language writes dates and numbers; English as it is written in Europe."""
LANGUAGES = tuple(LOCALES)
_VARIED_BY = ("reason", "who", "verb", "end")
"""Facts of a refusal for which it may have a sentence of its own."""


class Catalogue(msgspec.Struct, frozen=True):
    """The texts of one language. A text with several forms has one per plural."""

    texts: dict[str, tuple[str, ...]]
    plural: Callable[[int], int]


_BEFORE_A_NAME = re.compile(r"\b([Dd]|[Qq]u)e \{(other|name|mediator|city)\}")
_ELIDING = re.compile(r"[aeiouœæø]|y(?![aeiou])|h", re.IGNORECASE)
"""Yves, but not Yann, whose y is a consonant."""


def _elided(text: str, facts: dict[str, object]) -> str:
    """Return a French text as it stands before these: "d’Inès", "qu’Hugo", "de Paris"."""

    def shorten(found: re.Match[str]) -> str:
        name = facts.get(found[2])
        elides = isinstance(name, str) and _ELIDING.match(unicodedata.normalize("NFD", name))
        if elides and elides[0] in "hH" and found[2] == "city":
            elides = None  # the sound of a person's h is mostly silent, not that of Hong Kong
        return f"{found[1]}’{{{found[2]}}}" if elides else found[0]

    return _BEFORE_A_NAME.sub(shorten, text)


def _read(language: str) -> Catalogue:
    stored = resources.files("realtime.texts").joinpath(f"{language}.po").read_bytes()
    catalogue = read_po(io.BytesIO(stored), locale=language, abort_invalid=True)
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        if key:  # the empty key is the file's own header
            text = message.string
            texts[key] = (text,) if isinstance(text, str) else tuple(text or ())
    return Catalogue(texts, gettext.c2py(catalogue.plural_expr))


CATALOGUES = {language: _read(language) for language in LANGUAGES}
KEYS = frozenset(CATALOGUES[FALLBACK].texts)
"""Every key; both languages have them all."""


def known_language(language: str | None) -> str:
    """Return the language we answer in: "fr" or "en" for any tag such as "en-US"."""
    spoken = (language or "").replace("_", "-").split("-", maxsplit=1)[0].lower()
    return spoken if spoken in LOCALES else FALLBACK


def sentence(language: str, key: str, /, **facts: object) -> str:
    """Return the text of `key` with `{name}` replaced by the facts; `count` chooses the plural.

    Whole numbers are written as the language writes them. A fact is filled in as it is and
    never read as a text again, so it may come from a person. Raises `KeyError` for a key or a
    fact that is missing: both are our own mistake, and a test walks through all of them.
    """
    spoken = known_language(language)
    catalogue = CATALOGUES[spoken]
    forms = catalogue.texts[key]
    count = facts.get("count", 1)
    text = forms[catalogue.plural(count) if len(forms) > 1 and isinstance(count, int) else 0]
    if spoken == "fr":
        text = _elided(text, facts)
    shown = {
        name: format_decimal(fact, locale=LOCALES[spoken])
        if isinstance(fact, int) and not isinstance(fact, bool)
        else fact
        for name, fact in facts.items()
    }
    return text.format(**shown)


def refusal(language: str, refused: Refused) -> str:
    """Return the sentence of a refusal: the most exact one its facts allow.

    Where a fact such as the reason has its own text (`refused.<code>.<fact>`) that one is
    taken, otherwise `refused.<code>`.
    """
    key = f"refused.{refused.code}"
    exact = (f"{key}.{refused.facts.get(name)}" for name in _VARIED_BY)
    facts = dict(refused.facts)
    if isinstance(kinds := facts.get("kinds"), str):
        names = [sentence(language, f"secret.{kind}") for kind in kinds.split(",")]
        facts["kinds"] = format_list(names, locale=LOCALES[known_language(language)])
    return sentence(language, next((k for k in exact if k in KEYS), key), **facts)
