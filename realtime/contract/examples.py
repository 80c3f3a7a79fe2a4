"""An example of any type that goes over the wire, put together from its schema."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from realtime.contract.schemas import PLACE, components, names

ORDER = "o_5c1f0a9be2d34c7788aa"
HASH = "3f8a6c" + "0" * 52 + "9be2d3"
AT = "2026-11-23T14:05:09.120000Z"
VALUES: dict[str, Any] = {
    "actor": "u-41",
    "at": AT,
    "before": 51,
    "call": "c_72f1d0a8",
    "callee": "u-97",
    "caller": "u-41",
    "category": "voice-over",
    "cents": 18500,
    "client_id": "m-17",
    "currency": "EUR",
    "delay": 1.7,
    "due": "2026-11-25T14:05:09Z",
    "email": "claire@example.org",
    "epoch": "9b1d6f0c",
    "event": {"kind": "message_sent", "text": "Bonjour !"},
    "expires": "2026-11-23T14:20:09Z",
    "facts": {"verb": "order.start", "state": "delivered"},
    "file": "f_8d2b61c09e4f4a53",
    "first": 1,
    "head": 12,
    "heads": {ORDER: 12},
    "held_cents": 18500,
    "id": "m-17",
    "item": "script",
    "label": "The text to be read",
    "language": "en",
    "leg": "leg-1",
    "link": HASH,
    "media": "connected",
    "message": 9,
    "movement": "refund:4",
    "name": "Claire",
    "note": "The text is final.",
    "now": AT,
    "on": True,
    "order": ORDER,
    "other": "Malik",
    "person": "u-41",
    "ping_every": 20.0,
    "price_cents": 18500,
    "proposal": 9,
    "q": "logo",
    "reaction": "agree",
    "report": "r_17c2b84f0a9be2d3",
    "read": 11,
    "reason": "The card was closed.",
    "refund_cents": 9250,
    "reference": "20261123-17",
    "rings_until": "2026-11-23T14:05:39Z",
    "sdp": "v=0\r\n…",
    "seconds": 86400,
    "seq": 12,
    "size": 48213,
    "start": "2026-11-23T14:05:09Z",
    "text": "Bonjour !",
    "title": "Voice-over, 90 seconds",
    "token": "eyJhbGciOiJIUzI1NiJ9…",
    "token_ends": "2026-11-23T14:20:09Z",
    "upto": 12,
    "url": "/files/f_8d2b61c09e4f4a53?link=q1C…",
    "zero": "cancelled_refunded",
}
"""What stands in a field of that name, where its schema allows it."""
SHOWN: dict[str, dict[str, Any]] = {
    "Subscribe": {"after": 11, "epoch": "9b1d6f0c", "link": HASH},
    "Hello": {"version": 1, "language": "en"},
    "Batch": {"after": 11},
    "Page": {"before": 51, "first": 12},
    "RefusedFrame": {
        "id": "m-17",
        "order": ORDER,
        "code": "wrong_state",
        "text": "This step is not possible now.",
    },
    "Refusal": {"code": "wrong_state", "text": "This step is not possible now."},
    "GiveItem": {"note": "The script is attached.", "files": ["f_8d2b61c09e4f4a53"]},
    "FileShared": {"name": "brief v2.pdf", "type": "application/pdf"},
    "FileTold": {"name": "brief v2.pdf", "type": "application/pdf"},
    "FileLink": {"name": "brief v2.pdf", "type": "application/pdf"},
    "ItemFile": {"name": "brief v2.pdf", "type": "application/pdf"},
    "PaidOrder": {
        "policy": {"brief_window": 172800},
        "language": "fr",
        "seller": {"person": "u-97", "name": "Malik", "email": "malik@example.org"},
    },
    "WantedToken": {"orders": [ORDER]},
    "Hit": {"kind": "message_sent", "excerpt": "logo", "ranges": [[0, 4]]},
    "Freeze": {"note": "We are checking a payment."},
    "Line": {"actor": "u-41", "digest": HASH, "kind": "message_sent", "link": HASH}
    | {"payload": '{"kind":"message_sent","text":"Bonjour !"}', "salt": HASH[:32]},
    "Record": {"format": "order-room-record/1"},
    "Seal": {"facts": HASH, "link": HASH},
}
"""Fields of a type that its example shows although they may be left out, or in other words."""


@functools.cache
def example(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return an example of a type: what must be there, and what is worth showing."""
    made: dict[str, Any] = _of({"$ref": PLACE + names()[kind]}, "")
    return made


def _of(schema: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - whatever the schema describes
    match schema:
        case {"$ref": place}:
            title = str(place).removeprefix(PLACE)
            if title == "Event":
                return VALUES["event"]
            return _object(components()[title], title, name)
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return _of(first, name)
        case {"type": "array", "items": items}:
            return [_of(items, name)]
        case _:
            return _plain(schema, name)


def _object(schema: dict[str, Any], title: str, name: str) -> Any:  # noqa: ANN401 - the same
    if "properties" not in schema:
        return _plain(schema, name)
    shown = SHOWN.get(title, {})
    return {
        field: shown[field] if field in shown else _of(told, field)
        for field, told in schema["properties"].items()
        if field in schema["required"] or field in shown
    }


def _plain(schema: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - the same
    known = VALUES.get(name)
    if "enum" in schema:
        return known if known in schema["enum"] else schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return known if isinstance(known, int) else max(1, schema.get("minimum", 1))
        case "number":
            return known if isinstance(known, int | float) else 1.5
        case "boolean":
            return known if isinstance(known, bool) else True
        case "object":
            return known if isinstance(known, dict) else {}
        case _ if schema.get("format") == "date-time":
            return known if isinstance(known, str) else AT
        case _:
            return known if isinstance(known, str) else name
