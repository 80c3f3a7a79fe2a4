"""Why the server closes a socket."""

from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """Why the server closes a socket. 4000-4099: come back; 4100-4199: change something first.

    A browser needs one comparison. The protocol's own codes keep their meaning: 1001 (going
    away), 1009 (a frame beyond what the transport reads), 1011 (our fault).
    """

    RESTART = 4000
    """The server restarts or moves its sockets, or is too busy to let anybody in. Come back after
    a random pause."""
    TOO_SLOW = 4001
    """The browser did not take a frame for too long. Come back and resume."""
    SILENT = 4002
    """No sign of life. Come back and resume."""
    HELLO_LATE = 4003
    """No `hello` in time. Come back, and say it at once."""
    TOKEN_ENDED = 4100
    """The token ran out and no newer one came. Come back with a new one."""
    TOKEN_REFUSED = 4101
    """The token of `hello` or `refresh` is not good. Get a new one; if that is refused too, the
    person has to sign in again."""
    PROTOCOL = 4102
    """Too many frames that could not be understood, or the first was not `hello`. A mistake in the
    client: do not come back with the same frames."""
    TOO_MANY = 4103
    """The person has too many sockets open; the oldest was closed. Come back only when the person
    asks for it here."""
    VERSION = 4104
    """This version of the protocol is no longer spoken. Load a newer client."""
