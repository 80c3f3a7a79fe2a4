"""Both contracts as one page to read: enough to write a client from.

The page stands alone: no scripts, nothing loaded from anywhere.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from orders.events import Entry
from realtime import protocol
from realtime.contract.asyncapi import ANSWERS, LANES, REFUSED, about_protocol, closes
from realtime.contract.calls import CALLS, Call, Who
from realtime.contract.examples import ORDER, example
from realtime.contract.given import Bytes
from realtime.contract.refusals import meaning, meanings
from realtime.contract.schemas import (
    EVENTS,
    INBOUND,
    OUTBOUND,
    PLACE,
    components,
    names,
    reached,
    ref,
    tag,
)
from realtime.contract.shapes import Refusal
from realtime.limits import Limits

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
"""Content-Security-Policy of the page: it shows, and does nothing else."""
KEYS = {
    Who.BACKEND: '--header "Authorization: Bearer $ORDER_ROOM_SERVICE_KEY"',
    Who.MONITOR: '--header "Authorization: Bearer $ORDER_ROOM_METRICS_KEY"',
    Who.PARTY: '--header "Authorization: Bearer $PARTY_TOKEN"',
}
ASKERS = {
    Who.ANYBODY: "anybody",
    Who.BACKEND: "the marketplace's backend (service key)",
    Who.MONITOR: "who watches the service (metrics key)",
    Who.PARTY: "a party (party token)",
}

_templates = Environment(
    loader=PackageLoader("realtime.contract"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class FieldShown(msgspec.Struct, frozen=True):
    """A field as the page tells it."""

    name: str
    kind: Markup
    required: bool
    about: Markup


class ShapeShown(msgspec.Struct, frozen=True):
    """A frame, an event or a shape as the page tells it."""

    anchor: str
    name: str
    about: tuple[Markup, ...]
    fields: tuple[FieldShown, ...]
    values: tuple[str, ...] = ()
    example: str = ""
    answers: tuple[str, ...] = ()
    lane: str = ""
    refused: tuple[str, ...] = ()


class CallShown(msgspec.Struct, frozen=True):
    """An HTTP call as the page tells it."""

    call: Call
    who: str
    about: Markup
    curl: str
    takes: Markup | None
    gives: tuple[tuple[int, Markup], ...]
    answer: str
    refused: tuple[str, ...]


@functools.cache
def page(base_url: str, limits: Limits) -> str:
    """Return the page for a server that is reached at `base_url`."""
    where = urlsplit(base_url)
    socket = f"{'wss' if where.scheme == 'https' else 'ws'}://{where.netloc}{where.path}/ws"
    framed = {names()[kind] for kind in (*INBOUND, *OUTBOUND, *EVENTS)}
    shared = [
        name
        for name in reached([*map(ref, INBOUND), *map(ref, OUTBOUND), ref(Refusal), *_bodies()])
        if name not in framed and name != "Event"
    ]
    return _templates.get_template("docs.html").render(
        policy=POLICY,
        base_url=base_url,
        socket=socket,
        about=_paragraphs(about_protocol()),
        inbound=[_inbound(kind) for kind in INBOUND],
        outbound=[_outbound(kind) for kind in OUTBOUND],
        entry=_shape(names()[Entry], example=_json(_entry_example())),
        events=[_event(kind) for kind in EVENTS],
        shapes=[_shape(name) for name in shared],
        lanes={lane: promise for lane, (_, promise) in LANES.items()},
        closes=closes(),
        calls=[_call(call, base_url) for call in CALLS],
        refusals=[(told, _words(told.about)) for told in meanings()],
        limits=limits,
        order=ORDER,
        hash=example(protocol.Subscribe)["link"],
    )


def _bodies() -> list[dict[str, Any]]:
    return [
        ref(body)
        for call in CALLS
        for body in (call.takes, *call.gives.values())
        if isinstance(body, type)
    ]


def _inbound(kind: type[msgspec.Struct]) -> ShapeShown:
    return _shape(
        names()[kind],
        name=tag(kind),
        anchor=_anchors()[names()[kind]],
        example=_json(example(kind)),
        answers=tuple(tag(answer) for answer in ANSWERS.get(kind, ())),
        refused=REFUSED.get(kind, ()),
    )


def _outbound(kind: type[msgspec.Struct]) -> ShapeShown:
    lane = next(lane for lane, (kinds, _) in LANES.items() if kind in kinds)
    return _shape(
        names()[kind],
        name=tag(kind),
        anchor=_anchors()[names()[kind]],
        example=_json(example(kind)),
        lane=lane,
    )


def _event(kind: type[msgspec.Struct]) -> ShapeShown:
    return _shape(
        names()[kind],
        name=tag(kind),
        anchor=_anchors()[names()[kind]],
        example=_json(example(kind)),
    )


def _entry_example() -> dict[str, Any]:
    return {**example(Entry), "client_id": "m-17"}


def _shape(
    title: str,
    *,
    name: str = "",
    anchor: str = "",
    example: str = "",
    answers: tuple[str, ...] = (),
    lane: str = "",
    refused: tuple[str, ...] = (),
) -> ShapeShown:
    schema = components()[title]
    required = schema.get("required", ())
    return ShapeShown(
        anchor=anchor or f"shape-{title}",
        name=name or title,
        about=_paragraphs(schema.get("description", "")),
        fields=tuple(
            FieldShown(field, _kind(told), field in required, _words(told.get("description", "")))
            for field, told in schema.get("properties", {}).items()
        ),
        values=tuple(schema.get("enum", ())),
        example=example,
        answers=answers,
        lane=lane,
        refused=refused,
    )


@functools.cache
def _anchors() -> dict[str, str]:
    """Where the shapes stand that have a place of their own."""
    found = {"Event": "events"}
    for way, kinds in (("say", INBOUND), ("hear", OUTBOUND), ("event", EVENTS)):
        found |= {names()[kind]: f"{way}-{tag(kind)}" for kind in kinds}
    return found


def _kind(schema: dict[str, Any]) -> Markup:
    """Say what a field holds, with a link to the shape if it has one."""
    match schema:
        case {"$ref": place}:
            title = str(place).removeprefix(PLACE)
            anchor = _anchors().get(title, f"shape-{title}")
            return Markup('<a href="#{}">{}</a>').format(anchor, title)
        case {"anyOf": parts}:
            return Markup(" or ").join(_kind(part) for part in parts)
        case {"type": "array", "items": items}:
            return Markup("list of {}").format(_kind(items))
        case {"type": "object", "additionalProperties": dict() as values}:
            return Markup("object of {}").format(_kind(values))
        case {"enum": values}:
            return Markup(", ").join(Markup("<code>{}</code>").format(_json(v)) for v in values)
        case _:
            return Markup("{}{}").format(_named(schema), _bounds(schema))


def _named(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "time (RFC 3339, UTC)"
    known = {"integer": "whole number", "boolean": "true or false", "null": "null"}
    kind = str(schema.get("type", "anything"))
    return known.get(kind, kind)


def _bounds(schema: dict[str, Any]) -> str:
    told = []
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        told.append(f"{'' if low is None else low}…{'' if high is None else high}")
    if "maxLength" in schema:
        told.append(f"{schema.get('minLength', 0)}…{schema['maxLength']} characters")
    if "pattern" in schema:
        told.append(str(schema["pattern"]))
    return f" ({', '.join(told)})" if told else ""


def _call(call: Call, base_url: str) -> CallShown:
    answer = next(iter(call.gives.values()))
    return CallShown(
        call=call,
        who=ASKERS[call.who],
        about=_words(call.about),
        curl=_curl(call, base_url),
        takes=_body(call.takes) if call.takes else None,
        gives=tuple(
            (status, _body(body) if body else Markup("")) for status, body in call.gives.items()
        ),
        answer=_json(example(answer)) if isinstance(answer, type) else "",
        refused=tuple(meaning(kind).code for kind in call.refusals()),
    )


def _body(body: type[msgspec.Struct] | Bytes | None) -> Markup:
    if body is None:
        return Markup("without a body")
    if isinstance(body, Bytes):
        return Markup("<code>{}</code>: {}").format(body.media_type, _words(body.about))
    return _kind(ref(body))


def _curl(call: Call, base_url: str) -> str:
    path = call.path
    query: list[str] = []
    lines = []
    if call.who in KEYS:
        lines.append(KEYS[call.who])
    for given in call.given:
        match given.place:
            case "path":
                path = path.replace("{" + given.name + "}", given.example)
            case "query" if not query:  # one shows how; they may exclude each other
                query.append(f"{given.name}={given.example}")
            case "query":
                pass
            case "header":
                lines.append(f'--header "{given.name}: {given.example}"')
    if isinstance(call.takes, Bytes):
        lines.append("--data-binary @brief.pdf")
    elif call.takes is not None:
        lines.append('--header "Content-Type: application/json"')
        lines.append(f"--data {shlex.quote(_json(example(call.takes)))}")
    address = base_url + path + ("?" + "&".join(query) if query else "")
    return " \\\n  ".join([f"curl --fail-with-body {shlex.quote(address)}", *lines])


def _json(value: object) -> str:
    """Write JSON as a person would: short things on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    return flat if len(flat) <= WIDE else json.dumps(value, ensure_ascii=False, indent=2)


WIDE = 88
"""Characters of an example that stay on one line."""


def _paragraphs(words: str) -> tuple[Markup, ...]:
    return tuple(_block(block) for block in words.split("\n\n") if block.strip())


def _block(block: str) -> Markup:
    """Make a paragraph, or a list if its lines begin with dashes."""
    if not block.startswith("- "):
        return Markup("<p>{}</p>").format(_words(block))
    items = re.split(r"(?m)^- ", block)[1:]
    return Markup("<ul>{}</ul>").format(
        Markup("").join(Markup("<li>{}</li>").format(_words(item)) for item in items)
    )


def _words(text: str) -> Markup:
    """Escape a sentence; what stands in backticks or between stars is set apart."""
    safe = str(escape(" ".join(text.split())))
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe))  # noqa: S704 - escaped above


_templates.filters["words"] = _words
