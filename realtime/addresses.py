"""What the settings call an address: of this server, of the shop, of who embeds us. Pure.

A wrong one is found at the start: later it would be a dead button in a mail, or a page that is
turned away without a word.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
"""What browsers leave out of an origin (RFC 6454, section 6.1)."""
EVERY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""To listen there is to listen on every address of the machine; nobody is reached at it."""
_PLACE = re.compile(r"\{[^{}]*\}")


def near(host: str, port: int) -> str:
    """Return where a browser on this machine finds a server that listens there."""
    if host in EVERY:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_base(url: str) -> None:
    """Raise `ValueError` unless further addresses can be made by writing a path behind it."""
    parts = _split(url)
    if parts.query or parts.fragment or "{" in url:
        raise ValueError("an address to write paths behind has no ? and no #")


def of_order(url: str) -> None:
    """Raise `ValueError` unless it is an address with `{order}` in it, and nothing else to fill."""
    _check_places(url, "{order}")


def of_order_and_person(url: str) -> None:
    """Raise `ValueError` unless it is one with `{order}`, and perhaps `{person}`."""
    _check_places(url, "{order}", "{person}")


def _check_places(url: str, *known: str) -> None:
    found = set(_PLACE.findall(url))
    if "{order}" not in found:
        raise ValueError("it names no {order}: every order would lead to the same page")
    if unknown := found.difference(known):
        raise ValueError(f"{min(unknown)} is not filled in, only {' and '.join(known)}")
    _split(_PLACE.sub("x", url))


def check_ip(told: str) -> None:
    """Raise `ValueError` unless it is the IP address of a place: browsers look up no name."""
    if ip_address(told).is_unspecified:
        raise ValueError(f"{told} is every address of the machine: browsers need one of them")


def origin(told: str) -> str:
    """Return a page's origin as browsers write it. Raises `ValueError` if it is none."""
    parts = _split(told.rstrip("/"))
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or "*" in told:
        raise ValueError("an origin is a scheme, a host and perhaps a port: https://shop.example")
    port = parts.port
    host = (parts.hostname or "").encode("idna").decode()
    written = f"[{host}]" if ":" in host else host
    default = port is None or port == PORTS[parts.scheme]
    return f"{parts.scheme}://{written}" + ("" if default else f":{port}")


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or any(c.isspace() for c in url):
        raise ValueError("an address begins with https:// or http:// and names a host")
    _ = parts.port  # raises ValueError if that is no number
    return parts
