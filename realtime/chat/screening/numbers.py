"""Card numbers, bank accounts and phone numbers among the numbers of a text.

Cards: ISO/IEC 7812 lengths and prefixes of the brands, and the Luhn digit. Bank accounts: ISO
13616 with its check digits. Phone numbers: the numbering plans of the phonenumbers library for
France, Britain and the United States, and any country behind a plus sign.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import phonenumbers
from stdnum import iban, isbn, luhn

from realtime.chat.screening.figures import Run, spoken, written, zeros
from realtime.chat.screening.folding import Folded

Place = tuple[int, int]

_BRANDS = (
    (re.compile(r"4"), frozenset({13, 16, 19})),  # Visa
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), frozenset({16})),  # Mastercard
    (re.compile(r"3[47]"), frozenset({15})),  # American Express
    (re.compile(r"6011|65|64[4-9]"), frozenset({16, 19})),  # Discover
    (re.compile(r"352[89]|35[3-8]"), frozenset({16})),  # JCB
    (re.compile(r"30[0-5]|36|38|39"), frozenset({14})),  # Diners Club
)
_CARD_SHAPES = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1)})
CARD_LEAST = 13
_SIRET = 14
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MA": 28, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24,
    "TR": 26,
}  # fmt: skip
"""Where the customers' banks are; from the IBAN registry."""
_IBAN = re.compile(r"(?<![a-z0-9])(?:[a-z]{2}|(?:be|ch|fr|lu|mc) )\d\d(?:[ .\-]?[a-z0-9]){11,40}")
IBAN_LEAST = 8
"""Digits of one, the two that check it included; the rest may be letters."""
_BETWEEN = re.compile(r"[ .\-]")

PHONE_LEAST = 7
_NAMED = re.compile(
    r"\b(?:appel\w*|rappel\w*|tel|telephone|phone|portable|mobile|cell|call|ring|text me|dial|"
    r"whats ?app|signal|numero|num|number|reach me|joindre|joignable|contact\w*|sms)\b"
)
"""Says near a number that it is a phone's."""
_NOT_A_PHONE = re.compile(
    r"\b(?:isbn|ean|siren|siret|ref|reference|commande|order|invoice|facture|ticket|tracking|"
    r"colis|suivi|lot|tva|vat|code.barres?|barcode|po|rcs|devis)\b[^\n]{0,20}$"
    r"|\b(?:pages?|plans?|pistes?|planches?|scenes?|episodes?|slides?|tracks?|dossier|client|"
    r"reservation|booking)\s*:?\s*$"
)
_ROUND = re.compile(r"\+\d{1,3}(?: \d{3})* 000")
"""More of something, and no number of anybody."""
_FRENCH = re.compile(r"0[1-9]\d{8}")
_BRITISH = re.compile(r"0[1-37]\d{9}")
_AMERICAN = re.compile(r"1?[2-9]\d\d[2-9]\d{6}")
_AMERICAN_PIECES = (3, 3, 4)
_AMERICAN_SHAPES = frozenset({_AMERICAN_PIECES, (1, 3, 3, 4)})
_PAIRS = (2, 2, 2, 2, 2)
_ALONE = 10
"""Digits of a number that is written in one piece."""
_COUNTED = ("0123456789", "0102030405", "123456789")
"""So begins who counts. "06 12 34 56 78" does not: it is what people try first."""
_WITHOUT_ZERO = re.compile(r"[67]\d{8}")
"""A French mobile as it is often written: the zero is thought."""
_HOUR = re.compile(r"\d\d? ?h(?:\d\d)?\b")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NEAR = 40
"""Characters before a number in which it may be named."""


def cards(folded: Folded) -> Iterator[Place]:
    """Find card numbers."""
    if folded.digits >= CARD_LEAST:
        for run in written(zeros(folded.plain)):
            yield from _cards(run, folded.plain)
    if folded.spelled:
        for run in spoken(folded.plain):
            if _is_card(run.digits):
                yield run.start, run.end


def _cards(run: Run, plain: str) -> Iterator[Place]:
    groups = run.groups
    if len(run.digits) < CARD_LEAST:
        return
    if "siret" in plain and len(run.digits) == _SIRET:
        return
    if run.text[0] != "+" and _is_card(run.digits):
        yield run.start, run.end
        return
    for first in range(len(groups)):
        for last in range(first, min(first + 5, len(groups))):
            window = groups[first : last + 1]
            shape = tuple(len(digits) for digits, _, _ in window)
            whole = len(window) == 1 and shape[0] >= CARD_LEAST
            number = "".join(digits for digits, _, _ in window)
            if (whole or shape in _CARD_SHAPES) and _is_card(number):
                yield window[0][1], window[-1][2]


def _is_card(digits: str) -> bool:
    brand = any(
        len(digits) in lengths and begins.match(digits) is not None for begins, lengths in _BRANDS
    )
    return brand and len(set(digits)) > 1 and luhn.is_valid(digits)


def accounts(folded: Folded) -> Iterator[Place]:
    """Find bank account numbers (IBAN)."""
    plain = folded.plain
    if folded.digits < IBAN_LEAST:
        return
    for found in _IBAN.finditer(plain):
        length = _IBAN_LENGTHS.get(found[0][:2].upper())
        if length is None:
            continue
        places = [
            place
            for place, letter in enumerate(found[0], found.start())
            if not _BETWEEN.match(letter)
        ][:length]
        number = "".join(plain[place] for place in places)
        if len(number) == length and iban.is_valid(number, check_country=False):
            yield found.start(), places[-1] + 1


def phones(folded: Folded) -> Iterator[Place]:
    """Find phone numbers."""
    plain = folded.plain
    if folded.digits >= PHONE_LEAST - 1:
        plain = zeros(plain)
        for run in written(plain):
            if _is_phone(run, plain):
                yield _whole(run, plain)
            else:
                for part in _parts(run, plain):
                    if _is_phone(part, plain):
                        yield _whole(part, plain)
    if folded.spelled:
        for run in spoken(folded.plain):
            if _is_spoken_phone(run):
                yield run.start, run.end


def _parts(run: Run, plain: str) -> Iterator[Run]:
    """Part what only looks like one number: two beside each other, or a time behind one.

    More than one character between two groups sets them apart, ten digits in one piece stand for
    themselves, and what an "h" follows is an hour.
    """
    if len(run.groups) > 1 and _HOUR.match(plain, run.groups[-1][1]):
        yield _part(run, list(run.groups[:-1]), plain)
    part: list[tuple[str, int, int]] = []
    for group in run.groups:
        if part and (group[1] - part[-1][2] > 1 or _ALONE in {len(group[0]), len(part[-1][0])}):
            yield _part(run, part, plain)
            part = []
        part.append(group)
    if len(part) < len(run.groups):
        yield _part(run, part, plain)
    elif _is_set_apart(run, plain):
        yield _part(run, part[: len(_AMERICAN_PIECES)], plain)


def _is_set_apart(run: Run, plain: str) -> bool:
    """Say whether it begins like an American number, joined otherwise than what follows it."""
    pieces = len(_AMERICAN_PIECES)
    if tuple(len(group) for group, _, _ in run.groups[:pieces]) != _AMERICAN_PIECES:
        return False
    first, second, third = (
        plain[before[2] : after[1]]
        for before, after in itertools.pairwise(run.groups[: pieces + 1])
    )
    return first == second != third


def _part(run: Run, groups: list[tuple[str, int, int]], plain: str) -> Run:
    text = plain[groups[0][1] : groups[-1][2]]
    abroad = groups[0] == run.groups[0] and run.text.startswith("+")
    return Run(f"+{text}" if abroad else text, tuple(groups))


def _whole(run: Run, plain: str) -> Place:
    """Return where it stands, with its plus sign."""
    start = run.start
    while start > 0 and plain[start - 1] in "+(":
        start -= 1
    return start, run.end


def _is_phone(run: Run, plain: str) -> bool:
    digits = run.digits
    if len(digits) < PHONE_LEAST:
        return False
    before = plain[max(0, run.start - _NEAR) : run.start]
    if _NOT_A_PHONE.search(before) or _IP.fullmatch(run.text) or _ROUND.fullmatch(run.text):
        return False
    if run.text.startswith("+") or digits.startswith("00"):
        return _abroad(run)
    shape = tuple(len(group) for group, _, _ in run.groups)
    named = _NAMED.search(before) is not None
    if _counts(digits) and not (named and shape == _PAIRS):
        return False
    # ten or eleven digits may count something else, but then they hardly begin with a zero;
    # whether the number is in use is not asked: tomorrow it may be
    if _FRENCH.fullmatch(digits):
        return not isbn.is_valid(run.text) or shape == _PAIRS
    if _BRITISH.fullmatch(digits) or (named and _WITHOUT_ZERO.fullmatch(digits)):
        return True
    if _AMERICAN.fullmatch(digits) and (named or shape in _AMERICAN_SHAPES):
        return _valid(digits, "US")
    return False


def _counts(digits: str) -> bool:
    return digits.startswith(_COUNTED)


def _abroad(run: Run) -> bool:
    number = run.text.replace("(0)", "")
    if number.startswith("00"):
        number = "+" + number[2:]
    if not number.startswith("+"):
        return False
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(parsed)


def _is_spoken_phone(run: Run) -> bool:
    digits = run.digits
    if _counts(digits):
        return False
    if _FRENCH.fullmatch(digits) or _BRITISH.fullmatch(digits):
        return True
    return _AMERICAN.fullmatch(digits) is not None and _valid(digits, "US")


def _valid(digits: str, region: str) -> bool:
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number_for_region(parsed, region)
