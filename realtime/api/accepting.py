"""What who asks would rather have: what `Accept` and its kin say. Pure.

A browser that opens an address names `text/html` first; scripts and programs name nothing, or
JSON. RFC 9110, section 12.5.1: the most exact range that fits a type decides about it.
"""

from __future__ import annotations

_PAGE = ("text/html", "text/*", "*/*")
_JSON = ("application/json", "application/*", "*/*")


def prefers_page(accept: str) -> bool:
    """Tell whether HTML is wanted more than JSON. Where both are alike, it is JSON."""
    ranges = weights(accept)
    return _weight(ranges, _PAGE) > _weight(ranges, _JSON)


def weights(header: str) -> dict[str, float]:
    """Return how much each thing that such a header names is wanted: 0 is not at all."""
    return dict(_range(part) for part in header.lower().split(","))


def _range(part: str) -> tuple[str, float]:
    """Return one of them and how much it is wanted; what cannot be read is not wanted."""
    media, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return media, 0.0
            return media, weight if 0 <= weight <= 1 else 0.0
    return media, 1.0


def _weight(ranges: dict[str, float], exactest_first: tuple[str, ...]) -> float:
    return next((ranges[media] for media in exactest_first if media in ranges), 0.0)
