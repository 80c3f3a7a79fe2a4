"""Passwords, and logins with their passwords, by the words around them.

A password looks like nothing in particular, so it is the sentence that gives it away: the word
for it, what joins, and then something that is no word of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from realtime.chat.screening.folding import Folded

Place = tuple[int, int]

_WORD = (
    r"(?<![a-z0-9])(?:mots?[ -]de[ -]passe|m\.?d\.?p\.?|pass[ -]?(?:words?|phrase|code|wd)?|passe|"
    r"pa\$\$word|p a s s w o r d|pwd|pw|p/w|"
    r"code (?:secret|confidentiel|d'acces|pin|wifi|du coffre|de la porte)|pin(?: code)?)"
    r"(?![a-z0-9])"
)
_APART = r"[\"']?[^\S\n]*(?:[:=]+|-+>)[^\S\n]*"
_IS = (
    r"(?:[^\S\n]+(?:est|c'est|sera|is|was|will be|reste|devient)[^\S\n]+(?::[^\S\n]*)?"
    r"|'s[^\S\n]+)"
)
_FILLER = r"(?:[^\S\n]+[a-z'-]+){0,5}?"
_VALUE = r"""(?:"\s?(?P<quoted>[^"\n]{3,64}?)\s?"|'(?P<single>[^'\n]{3,64})'|(?P<bare>\S{3,64}))"""

_TOLD = re.compile(rf"{_WORD}{_FILLER}(?P<join>{_APART}|{_IS}){_VALUE}")
_BESIDE = re.compile(rf"{_WORD}[^\S\n]+{_VALUE}")
_BEFORE = re.compile(
    r"(?<!\S)(?P<bare>\S{4,64})[^\S\n]+(?:as (?:the|a|your|my)|comme) (?:mot de passe|password|mdp)"
)
_PHRASE = re.compile(r"(?:passphrase|phrase de passe)[^\S\n]*[:=][^\S\n]*(?P<bare>[^\n]{8,100})")
_NUMBERED = re.compile(r"(?:pin|code|passcode)")
_DIGITS = re.compile(r"\d{4,8}")
_TRAILING = re.compile(r"[.,;:)\]\"'»?]+$")
_LINK = re.compile(r"[a-z]{2,10}://")
_STRANGE = re.compile(r"[!@#$%^&*_+=~€§]")
_PLACEHOLDERS = frozenset(
    {
        "string", "text", "texte", "required", "obligatoire", "requis", "optional", "facultatif",
        "hidden", "masque", "cache", "none", "null", "confidentiel", "confidential", "secret",
    }
)  # fmt: skip
"""What stands where a password would, in a form or a table."""
_UNIT = re.compile(
    r"\d+(?:[.,h:x]\d+)*(?:px|pt|m?s|h|min|[kcm]?m|k?g|[kmgt]?[ob]|k|p|fps|dpi|i/s|[%€$£]|eur)?"
    r"|v\d[\d.]*"
)
"""An amount of something, or a version."""
_DATE = re.compile(r"\d{1,4}([/.-])\d{1,2}\1\d{1,4}")

_LOGIN_WORD = (
    r"(?<![a-z0-9])(?:login|log[ -]?in|identifiants?|id|user(?:[ -]?name)?|utilisateur|compte|"
    r"account|e-?mail|mail|nom d'utilisateur)(?![a-z0-9])"
)
_SEPARATED = r"(?:[^\S\n]*[:=][^\S\n]*|[^\S\n]+)"
_PAIR = re.compile(
    rf"{_LOGIN_WORD}{_SEPARATED}(?P<name>[^\s,;/:=]{{2,64}})"
    rf"[\s,;/|&-]{{1,5}}(?:et |and |le |the )?{_WORD}(?P<join>{_SEPARATED})(?P<bare>\S{{4,64}})"
)
_ACCESS = (
    r"(?<![a-z0-9])(?:login|log in with|identifiants?|acces|codes?|credentials|access|connexion|"
    r"compte|account)(?![a-z0-9])"
)
_NAME_AND = r"(?P<name>[^\s/:,;|]{2,64})(?:[^\S\n]*[/|][^\S\n]*|:)(?P<bare>[^\s/]{4,64})"
_SLASHED = (
    re.compile(rf"{_ACCESS}[^\n:/]{{0,30}}?[^\S\n]*(?::|->?)[^\S\n]*{_NAME_AND}"),
    re.compile(rf"{_ACCESS}[^\S\n]+{_NAME_AND}"),
)
_PRODUCTS = (re.compile(r"[A-Z][a-z]+[A-Z][A-Za-z]+"), re.compile(r"[A-Z][A-Za-z]*\d"))
_IN_A_LINK = re.compile(r"[a-z][a-z0-9+]{1,9}://(?P<pair>[^/\s:@]{1,64}:[^/\s@]{2,64})@")


def _is_hinted(plain: str) -> bool:
    """Say whether a word for a password may be in it. Cheap: nearly every text ends here."""
    return (
        "pass" in plain or "mdp" in plain or "pw" in plain or "code" in plain or "pin" in plain
        or "p/w" in plain or "m.d.p" in plain or "pa$$" in plain or "p a s s" in plain
    )  # fmt: skip


def passwords(folded: Folded) -> Iterator[Place]:
    """Find passwords, PINs and access codes."""
    plain, text = folded.plain, folded.text
    if not _is_hinted(plain):
        return
    for found in _PHRASE.finditer(plain):
        yield found.span("bare")
    for found in _TOLD.finditer(plain):
        place = _value(found, text)
        value = text[slice(*place)]
        apart = _is_apart(found["join"])
        quoted = found["bare"] is None
        if (
            _is_strange(value)
            or (quoted and apart)
            or (_NUMBERED.search(found[0]) and _DIGITS.fullmatch(value))
            or (apart and _is_alone(found, plain))
        ):
            yield place
    for pattern in (_BESIDE, _BEFORE):
        for found in pattern.finditer(plain):
            place = _value(found, text)
            value = text[slice(*place)]
            pin = _NUMBERED.match(found[0]) and _DIGITS.fullmatch(value)
            # a name with capitals in its middle, as of a product, is none
            marked = _STRANGE.search(value) or any(map(str.isdigit, value))
            if pin or (marked and _is_strange(value)):
                yield place


def logins(folded: Folded) -> Iterator[Place]:
    """Find a login together with its password."""
    plain, text = folded.plain, folded.text
    if "://" in plain:
        for found in _IN_A_LINK.finditer(plain):
            yield found.span("pair")
    if _is_hinted(plain):
        for found in _PAIR.finditer(plain):
            start, end = _value(found, text)
            if _is_strange(text[start:end]) or _is_apart(found["join"]):
                yield found.start(), end
    if "/" in plain or ":" in plain or "|" in plain:
        for pattern in _SLASHED:
            for found in pattern.finditer(plain):
                start, end = _value(found, text)
                if (
                    _is_strange(text[start:end])
                    and not _are_products(text[slice(*found.span("name"))], text[start:end])
                    and not _LINK.match(plain[found.start("name") :])
                ):
                    yield found.start("name"), end


def _value(found: re.Match[str], text: str) -> Place:
    """Return where the value stands, without the sentence's own signs after it."""
    named = found.groupdict()
    group = next(name for name in ("quoted", "single", "bare") if named.get(name) is not None)
    start, end = found.span(group)
    trailing = _TRAILING.search(text, start, end)
    if group == "bare" and trailing is not None and trailing.start() > start:
        end = trailing.start()
    return start, end


def _are_products(name: str, value: str) -> bool:
    """Say whether both are what products are called: "WooCommerce", or with a version, "CSS3"."""
    return any(kind.fullmatch(name) and kind.fullmatch(value) for kind in _PRODUCTS)


def _is_apart(join: str) -> bool:
    return any(sign in join for sign in ":=>")


def _is_alone(found: re.Match[str], plain: str) -> bool:
    """Say whether nothing follows on the line: then even a word is the password."""
    rest = plain[found.end() :].split("\n", 1)[0]
    value = found["bare"]
    return (
        not rest.strip()
        and len(value) > 4  # noqa: PLR2004 - shorter is a word
        and value not in _PLACEHOLDERS
        and any(letter.isalnum() for letter in value)
    )


def _is_strange(value: str) -> bool:
    """Say whether this is no word of a sentence: letters with digits, signs or odd capitals."""
    if len(value) < 4 or _LINK.match(value):  # noqa: PLR2004 - shorter is no password
        return False
    if _UNIT.fullmatch(value.lower()) or _DATE.fullmatch(value):
        return False
    has_letter = any(c.isalpha() for c in value)
    if not has_letter:
        return False
    has_digit = any(c.isdigit() for c in value)
    inside = _STRANGE.search(value[:-1]) is not None
    odd = any(c.isupper() for c in value[1:]) and any(c.islower() for c in value)
    return has_digit or inside or (odd and not value.isupper())
