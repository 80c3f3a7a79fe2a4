"""Which pages may talk to us: our own, and the host pages that the settings name.

Browsers send `Origin` with every WebSocket handshake and every request of a script to another
site; programs usually send none, and prove who they are by their key or token.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from realtime.settings import Settings


def is_allowed(headers: Headers, settings: Settings) -> bool:
    """Whether a request with these headers comes from a page that may ask."""
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin in settings.allowed_origins or _is_own(origin, headers, settings)


def _is_own(origin: str, headers: Headers, settings: Settings) -> bool:
    # behind a TLS proxy our own scheme is not the browser's: the host decides
    host = urlsplit(origin).netloc.lower()
    return bool(host) and host in {
        headers.get("host", "").lower(),
        urlsplit(settings.base_url).netloc.lower(),
    }
