"""JSON Schema (2020-12) of every type that goes over the wire, with the words beside its fields.

msgspec makes the schemas. What it cannot know is added here: what stands under a field in the
source, that a string is a moment in time, and that raw entries are entries.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec
from msgspec import inspect as types

from orders.events import Entry, Event
from realtime.contract.calls import CALLS
from realtime.contract.shapes import Refusal
from realtime.protocol import Inbound, Outbound

Schema = dict[str, Any]
PLACE = "#/components/schemas/"
INBOUND: tuple[type[msgspec.Struct], ...] = get_args(Inbound)
OUTBOUND: tuple[type[msgspec.Struct], ...] = get_args(Outbound)
EVENTS: tuple[type[msgspec.Struct], ...] = get_args(Event)


def tag(kind: type[msgspec.Struct]) -> str:
    """Return the value that names this frame or event on the wire."""
    return str(kind.__struct_config__.tag)


def about(kind: type) -> str:
    """Return what a type promises, as paragraphs, in the words of JSON."""
    return _in_json(inspect.getdoc(kind) or "")


def _in_json(words: str) -> str:
    for ours, theirs in (("None", "null"), ("True", "true"), ("False", "false")):
        words = re.sub(rf"\b{ours}\b(?! of)", theirs, words)
    return words


def ref(kind: type[msgspec.Struct]) -> Schema:
    """Return the reference to a type's schema."""
    return {"$ref": PLACE + names()[kind]}


@functools.cache
def names() -> dict[type[msgspec.Struct], str]:
    """Return the name of every struct's schema."""
    bodies = [
        body
        for call in CALLS
        for body in (call.takes, *call.gives.values())
        if isinstance(body, type)
    ]
    roots = [*INBOUND, *OUTBOUND, Entry, *bodies, Refusal]
    kinds = list(dict.fromkeys(kind for root in roots for kind in _structs(types.type_info(root))))
    found: dict[type[msgspec.Struct], str] = {}
    for kind in kinds:  # the first of a name keeps it: frames come first
        name = kind.__name__
        found[kind] = _module(kind) + name if name in found.values() else name
    return found


@functools.cache
def components() -> dict[str, Schema]:
    """Return the schema of every type by its name; each caller gets the same ones."""
    kinds = names()
    refs, found = msgspec.json.schema_components(list(kinds), ref_template="\0{name}\0")
    told = {refs[n]["$ref"]: PLACE + name for n, name in enumerate(kinds.values())}
    known: dict[str, Schema] = {}
    for name, schema in found.items():
        place = told.get(f"\0{name}\0", PLACE + _enum_name(name))
        known[place.removeprefix(PLACE)] = _pointed(schema, told)
    for kind, name in kinds.items():
        _complete(kind, known[name])
    entry = known["Entry"]
    union = next(part for part in entry["properties"]["event"]["anyOf"] if part != _NULL)
    known["Event"] = {"title": "Event", "description": EVENT_ABOUT, **union}
    entry["properties"]["event"]["anyOf"] = [{"$ref": PLACE + "Event"}, _NULL]
    left = known["EntryRedacted"]["properties"]["left"]
    known["EntryRedacted"]["properties"]["left"] = {
        **left, "anyOf": [{"$ref": PLACE + "Event"}, _NULL]
    }  # fmt: skip
    entry["properties"].pop("order")
    entry["required"].remove("order")
    return dict(sorted(known.items()))


EVENT_ABOUT = (
    "What happened, named by `kind`. The list grows: a client skips a kind it does not know, but"
    " keeps the entry's place."
)
_NULL = {"type": "null"}


def reached(roots: object) -> dict[str, Schema]:
    """Return the schemas that these documents or schemas point to, directly or through others."""
    known, wanted, found = components(), list(_targets(roots)), dict[str, Schema]()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = known[name]
            wanted += _targets(known[name])
    return dict(sorted(found.items()))


def _targets(part: object) -> Iterator[str]:
    match part:
        case dict():
            for key, value in part.items():
                if key == "$ref" and str(value).startswith(PLACE):
                    yield str(value).removeprefix(PLACE)
                else:
                    yield from _targets(value)
        case list() | tuple():
            for value in part:
                yield from _targets(value)
        case _:
            pass


def _structs(kind: types.Type, seen: set[type] | None = None) -> Iterator[type[msgspec.Struct]]:
    seen = set() if seen is None else seen
    match kind:
        case types.StructType():
            if kind.cls in seen:
                return
            seen.add(kind.cls)
            yield kind.cls
            inner: Sequence[types.Type] = [field.type for field in kind.fields]
        case types.UnionType():
            inner = kind.types
        case types.VarTupleType() | types.ListType():
            inner = [kind.item_type]
        case types.DictType():
            inner = [kind.value_type]
        case _:
            inner = ()
    for part in inner:
        yield from _structs(part, seen)


def _complete(kind: type[msgspec.Struct], schema: Schema) -> None:
    """Add to a struct's schema what msgspec does not tell."""
    schema["description"] = about(kind)
    words = _words(kind)
    info = types.type_info(kind)
    if not isinstance(info, types.StructType):
        raise TypeError(f"{kind} is not a struct")
    for field in info.fields:
        told = schema["properties"][field.encode_name]
        parts = field.type.types if isinstance(field.type, types.UnionType) else (field.type,)
        if any(isinstance(part, types.DateTimeType) for part in parts):
            for part in told.get("anyOf", [told]):
                if part.get("type") == "string":
                    part["format"] = "date-time"
        if told.get("items") == {}:
            told["items"] = {"$ref": PLACE + "Entry"}
        if field.name in words:
            told["description"] = words[field.name]


def _words(kind: type) -> dict[str, str]:
    """Return what the source says under each field, those of its bases included."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        written = _classes(owner.__module__).get(owner.__name__)
        if written is None:
            continue
        for field, words in itertools.pairwise(written.body):
            match field, words:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = _in_json(" ".join(text.split()))
                case _:
                    pass
    return found


@functools.cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """Return the classes of one of our modules as they are written."""
    if not module.startswith(("orders.", "realtime.")):
        return {}
    body = ast.parse(inspect.getsource(sys.modules[module])).body
    return {part.name: part for part in body if isinstance(part, ast.ClassDef)}


def _pointed(part: Any, told: dict[str, str]) -> Any:  # noqa: ANN401 - any part of a schema
    match part:
        case dict():
            return {key: _pointed(value, told) for key, value in part.items()}
        case list() | tuple():
            return [_pointed(value, told) for value in part]
        case str() if part.startswith("\0"):
            return told.get(part, PLACE + _enum_name(part.strip("\0")))
        case _:
            return part


def _enum_name(name: str) -> str:
    """Name an enum whose plain name a frame has as well: its module's word before it."""
    *path, plain = name.split(".")
    return path[-1].capitalize() + plain if path else plain


def _module(kind: type) -> str:
    return kind.__module__.rpartition(".")[2].capitalize()
