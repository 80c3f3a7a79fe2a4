"""Bytes in, structs out, and back."""

from __future__ import annotations

import msgspec

from orders.errors import FrameTooLarge, Malformed
from realtime.protocol.inbound import Inbound
from realtime.protocol.outbound import Outbound

_decoder: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(Inbound)
_encoder = msgspec.json.Encoder()
_peek = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode(frame: str, limit: int) -> Inbound:
    """Read one text frame.

    Raises `FrameTooLarge` beyond `limit` bytes and `Malformed` (fact `where`) for anything the
    contract does not describe.
    """
    size = len(frame.encode())
    if size > limit:
        raise FrameTooLarge(limit=limit, size=size)
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(where=str(error)[:200]) from error


def id_of(frame: str) -> str | None:
    """Find the `id` of a frame that could not be decoded, so that its refusal reaches its asker."""
    try:
        raw = _peek.decode(frame)["id"]
        found = msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, KeyError, UnicodeError, RecursionError):
        return None
    return found if len(found) <= 64 else None  # noqa: PLR2004 - the length of `Id`


def encode(frame: Outbound) -> str:
    """Write one frame as text."""
    return _encoder.encode(frame).decode()
