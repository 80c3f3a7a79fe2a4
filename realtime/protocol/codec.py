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
    # a character is four bytes at most: counting them is seldom needed
    if len(frame) * 4 > limit and (size := len(frame.encode())) > limit:
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


def encode(frame: Outbound) -> bytes:
    """Write one frame: the bytes of its text."""
    return _encoder.encode(frame)
