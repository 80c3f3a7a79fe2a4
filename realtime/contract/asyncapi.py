"""The frames of the socket as an AsyncAPI 3.0 document."""

from __future__ import annotations

import functools
import inspect
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from orders.errors import OrderUnknown
from orders.events import Entry
from realtime import protocol
from realtime.contract.examples import example
from realtime.contract.refusals import catalogue
from realtime.contract.schemas import INBOUND, OUTBOUND, about, reached, ref, tag
from realtime.contract.twins import TWINS
from realtime.protocol import close, outbound

Json = dict[str, Any]
CHANNEL = {"$ref": "#/channels/room"}
ANSWERS: dict[type[msgspec.Struct], tuple[type[msgspec.Struct], ...]] = {
    protocol.Hello: (outbound.Welcome,),
    protocol.Refresh: (outbound.Refreshed, outbound.RefusedFrame),
    protocol.Subscribe: (outbound.Room, outbound.Batch, outbound.Now, outbound.RefusedFrame),
    protocol.History: (outbound.Page, outbound.RefusedFrame),
    protocol.MakeReport: (outbound.ReportTaken, outbound.RefusedFrame),
    protocol.Block: (outbound.BlockSet, outbound.RefusedFrame),
    protocol.Preferences: (outbound.PreferencesSet, outbound.RefusedFrame),
    protocol.Search: (outbound.Found, outbound.RefusedFrame),
    protocol.ShowVersions: (outbound.Versions, outbound.RefusedFrame),
    protocol.Screen: (outbound.Screened, outbound.RefusedFrame),
    protocol.CallIce: (outbound.Ice, outbound.RefusedFrame),
    protocol.CallOffer: (outbound.Answer, outbound.RefusedFrame),
    protocol.CallTest: (outbound.Answer, outbound.RefusedFrame),
    **dict.fromkeys(get_args(protocol.Command), (outbound.Done, outbound.RefusedFrame)),
}
"""What answers what the browser says; the others are not answered."""
REFUSED: dict[type[msgspec.Struct], tuple[str, ...]] = {
    twin.frame: tuple(sorted({OrderUnknown.code, *(kind.code for kind in twin.refusals)}))
    for twin in TWINS
}
"""What a frame may be refused with, beside what any may be: malformed, too large, too fast, not
now."""
LANES = {
    "timeline": (
        (outbound.Batch, outbound.Page),
        "Stored, numbered 1..n per order without gaps, resumable. Nothing of it is ever lost.",
    ),
    "signals": (
        (
            outbound.Now, outbound.Marks, outbound.PresenceFrame, outbound.PreferencesSet,
            outbound.TypingFrame, outbound.CallSignal, outbound.Inbox,
        ),
        "Best effort: the newest replaces the one before.",
    ),
    "hints": (
        (outbound.Ping,),
        "How far each followed order has come. One may be lost, the next repeats it.",
    ),
    "answers": (
        (
            outbound.Welcome, outbound.Refreshed, outbound.Room, outbound.Versions,
            outbound.Found, outbound.ReportTaken, outbound.BlockSet, outbound.Done, outbound.Ice,
            outbound.Answer, outbound.Screened, outbound.RefusedFrame,
        ),
        "Each answers one frame of the browser.",
    ),
    "notices": ((outbound.Move,), "What concerns the line itself."),
}  # fmt: skip
"""What the server says, by what it promises: the three lanes, and what belongs to none."""


def closes() -> list[Json]:
    """Return the close codes: code, name, what it means, whether to come back at once."""
    body = inspect.getsource(close.Close)
    found = []
    for code in close.Close:
        told = body.partition(f"{code.name} = {int(code)}\n")[2].split('"""')[1]
        words = " ".join(told.split())
        found.append({"code": int(code), "name": code.name, "about": words, "resume": code < AGAIN})
    return found


AGAIN = 4100
"""Close codes from here on ask for something to change before the client comes back."""


def document(base_url: str) -> Json:
    """Return the whole document for a server that is reached at `base_url`."""
    where = urlsplit(base_url)
    messages = {message_id(kind): _message(kind) for kind in (*INBOUND, *OUTBOUND)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Order room: the socket",
            "version": str(protocol.VERSION),
            "description": about_protocol(),
        },
        "defaultContentType": "application/json",
        "servers": {
            "room": {
                "host": where.netloc,
                "pathname": where.path or "/",
                "protocol": "wss" if where.scheme == "https" else "ws",
                "description": "One socket carries all orders of one person.",
            }
        },
        "channels": {
            "room": {
                "address": "/ws",
                "title": "The socket of a person",
                "description": "Text frames of JSON, each naming its type in `t`. The first frame"
                " is `hello`.",
                "servers": [{"$ref": "#/servers/room"}],
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            **{_operation_id(kind): _asked(kind) for kind in INBOUND},
            **{
                lane: {
                    "action": "send",
                    "channel": CHANNEL,
                    "summary": promise,
                    "messages": [_in_channel(kind) for kind in kinds],
                }
                for lane, (kinds, promise) in LANES.items()
            },
        },
        "components": {
            "messages": messages,
            "schemas": _plain(reached([*map(ref, INBOUND), *map(ref, OUTBOUND), ref(Entry)])),
        },
        "x-close-codes": closes(),
        "x-refusals": catalogue(),
    }


def about_protocol() -> str:
    """Return what the protocol says of itself, without the map of its modules."""
    return (inspect.getdoc(protocol) or "").partition("\n- `inbound`")[0].strip()


def _message(kind: type[msgspec.Struct]) -> Json:
    return {
        "name": tag(kind),
        "title": kind.__name__,
        "summary": about(kind).partition("\n")[0],
        "description": about(kind),
        "payload": ref(kind),
        "examples": [{"payload": example(kind)}],
    }


def _asked(kind: type[msgspec.Struct]) -> Json:
    made: Json = {
        "action": "receive",
        "channel": CHANNEL,
        "summary": about(kind).partition("\n")[0],
        "messages": [_in_channel(kind)],
    }
    if kind in ANSWERS:
        made["reply"] = {
            "channel": CHANNEL,
            "messages": [_in_channel(answer) for answer in ANSWERS[kind]],
        }
    if kind in REFUSED:
        made["x-refusals"] = list(REFUSED[kind])
    return made


def _in_channel(kind: type[msgspec.Struct]) -> Json:
    return {"$ref": f"#/channels/room/messages/{message_id(kind)}"}


def message_id(kind: type[msgspec.Struct]) -> str:
    """Return what a frame is called in the document: its type, if one side alone says it.

    A few questions have the type of their answer; those are told apart by `.ask`.
    """
    asks = kind in INBOUND and tag(kind) in map(tag, OUTBOUND)
    return f"{tag(kind)}.ask" if asks else tag(kind)


def _operation_id(kind: type[msgspec.Struct]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def _plain(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Name a union's discriminator as AsyncAPI does: by the field alone."""
    match part:
        case {"discriminator": {"propertyName": field}, **rest}:
            return {**_plain(rest), "discriminator": field}
        case dict():
            return {key: _plain(value) for key, value in part.items()}
        case list():
            return [_plain(value) for value in part]
        case _:
            return part


published = functools.cache(document)
"""The document, made once for each address."""
