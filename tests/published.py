"""What was said, held against the published contracts: every frame and every answer of any test.

Stricter than a client may be: what the server says must be described to the last field, and so
must what our own clients say, the web client in its browser and the one written from the page.
What a test says may be anything, since servers meet anything; but what the contract does not
describe must never be carried out.
"""

import functools
from typing import Any

from jsonschema_rs import Draft202012Validator

from realtime.contract import asyncapi, openapi

Json = dict[str, Any]
PLACE = "#/components/schemas/"

OF_ANY_FRAME = {"malformed", "frame_too_large", "rate_exceeded", "unavailable"}


class UndescribedError(AssertionError):
    """Something went over the wire that the published contract does not describe."""


def heard(frame: Json) -> None:
    """Hold what the server said against the contract. Raises UndescribedError."""
    entries = frame.get("entries", ())
    about = _messages("send").get(str(frame.get("t")))
    _check(about, {**frame, "entries": []} if entries else frame)
    for entry in entries:  # each against the schema of its kind: a union tries them all
        event = entry["event"]
        _check("Entry", {**entry, "event": None})
        if event is not None:
            _check(_kinds().get(event["kind"]), event)


def said(frame: Json) -> None:
    """Hold what a client of ours said against the contract. Raises UndescribedError."""
    _check(_messages("receive").get(str(frame.get("t"))), frame)


def is_described(frame: Json) -> bool:
    """Whether the contract describes what a client is about to say."""
    schema = _messages("receive").get(str(frame.get("t")))
    return schema is not None and _validator(schema, closed=False).is_valid(frame)


def refused(asked: str, code: str) -> None:
    """Hold a refusal of a frame of that type against the contract. Raises UndescribedError."""
    for operation in _document()["operations"].values():
        told = operation.get("x-refusals")
        about = operation["messages"][0]["$ref"].rpartition("/")[2].removesuffix(".ask")
        if told is not None and about == asked:
            if code not in {*told, *OF_ANY_FRAME}:
                raise UndescribedError(f"{asked} does not say that it is refused with {code}")
            return


def answered(method: str, path: str, status: int, body: object) -> None:
    """Hold an answer of HTTP against the contract. Raises UndescribedError."""
    if status in {404, 405, 503}:  # any address may say so
        _check("Refusal", body)
        return
    call = _call_of(method, path)
    if call is None:
        return
    told = call["responses"].get(str(status))
    if told is None:
        raise UndescribedError(f"{method} {path} does not say that it answers {status}")
    content = told["content"].get("application/json", {})
    if "schema" in content:
        codes = content["schema"].get("properties", {}).get("code", {}).get("enum")
        if codes and isinstance(body, dict) and body["code"] not in codes:
            raise UndescribedError(f"{method} {path} does not say that it refuses: {body}")
        _check(("Refusal" if codes else content["schema"]["$ref"].removeprefix(PLACE)), body)


def _check(schema: str | None, value: object) -> None:
    if schema is None:
        raise UndescribedError(f"nothing describes {value}")
    wrong = next(_validator(schema, closed=True).iter_errors(value), None)
    if wrong is not None:
        place = "/".join(map(str, wrong.instance_path))
        raise UndescribedError(f"{schema} at /{place}: {wrong.message[:300]}")


@functools.cache
def _document() -> Json:
    return asyncapi.document("http://room.test")


@functools.cache
def _http_document() -> Json:
    return openapi.document("http://room.test")


@functools.cache
def _messages(action: str) -> dict[str, str]:
    """The schema's name of each frame that goes one way, by its type."""
    document = _document()
    messages = [
        document["components"]["messages"][message["$ref"].rpartition("/")[2]]
        for operation in document["operations"].values()
        if operation["action"] == action
        for message in operation["messages"]
    ]
    return {told["name"]: told["payload"]["$ref"].removeprefix(PLACE) for told in messages}


@functools.cache
def _kinds() -> dict[str, str]:
    """The schema's name of each kind of event."""
    parts = _document()["components"]["schemas"]["Event"]["anyOf"]
    names = [part["$ref"].removeprefix(PLACE) for part in parts]
    schemas = _document()["components"]["schemas"]
    return {schemas[name]["properties"]["kind"]["enum"][0]: name for name in names}


@functools.cache
def _schemas(*, closed: bool) -> Json:
    schemas = _http_document()["components"]["schemas"] | _document()["components"]["schemas"]
    return {name: _closed(schema) if closed else schema for name, schema in schemas.items()}


def _closed(schema: Json) -> Json:
    return {"additionalProperties": False, **schema} if "properties" in schema else schema


@functools.cache
def _validator(name: str, *, closed: bool) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": PLACE + name, "components": {"schemas": _schemas(closed=closed)}},
        validate_formats=True,
    )


@functools.cache
def _call_of(method: str, path: str) -> Json | None:
    parts = path.split("/")
    for template, calls in _http_document()["paths"].items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(
            one == other or one.startswith("{") for one, other in zip(wanted, parts, strict=True)
        ):
            call: Json | None = calls.get(method.lower())
            return call
    return None
