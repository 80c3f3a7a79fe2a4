"""API keys, tokens and private keys: by the prefixes their makers gave them, or by their name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from realtime.chat.screening.folding import Folded

_MADE_BY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}"  # Stripe
    r"|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
    r"|glpat-[\w-]{16,}"
    r"|AKIA[A-Z0-9]{16}|ASIA[A-Z0-9]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}"  # Google
    r"|SG\.[\w-]{16,}\.[\w-]{16,}"  # SendGrid
    r"|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}"
    r"|AC[0-9a-f]{32}"  # Twilio
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"  # JSON Web Token
    r"|-----BEGIN[A-Z ]{0,20} PRIVATE KEY-----"
    r"|https://hooks\.slack\.com/services/[\w/]{20,}"
    r"|https://discord(?:app)?\.com/api/webhooks/\d+/[\w-]+"
    r")"
)
_NAMED = re.compile(
    r"(?<![a-z])(?:api[ _-]?key|cle (?:d')?api|cle secrete|cle privee|(?:access|auth|secret)?"
    r"[ _-]?token|jeton(?: d'acces)?|(?:client|aws)?[ _-]?secret(?:[ _-]access[ _-]key)?|"
    r"(?:secret |private )?key(?! (?:visual|art|frame))|bearer|cle)(?![a-z])"
    r"(?:[^\S\n]+[a-z'-]+){0,3}?(?:[\"']?[^\S\n]*[:=][^\S\n]*[\"']?|[^\S\n]+)"
    r"(?P<value>[A-Za-z0-9_./+~-]{16,200})={0,2}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_LONG = re.compile(r"\S{16}")
_ADDRESS = re.compile(r"https?:|www\.|[\w.-]+/[\w.-]+/|[\w.-]+\.(?:com|fr|png|jpg|pdf|zip)$")
ENTROPY_LEAST = 3.0
"""Bits a character: prose and names have less where they mix letters and digits at all."""


def keys(folded: Folded) -> Iterator[tuple[int, int]]:
    """Find keys, tokens and private keys."""
    if _LONG.search(folded.text) is None and "-----" not in folded.text:
        return
    seen: list[tuple[int, int]] = []
    for found in _MADE_BY.finditer(folded.text):
        seen.append(found.span())
        yield found.span()
    for found in _NAMED.finditer(folded.plain):
        start, end = found.span("value")
        if any(start < other and one < end for one, other in seen):
            continue
        if _is_random(folded.text[start:end]):
            yield start, end


def _is_random(value: str) -> bool:
    if _ADDRESS.match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    if not digits or not letters:
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= ENTROPY_LEAST
