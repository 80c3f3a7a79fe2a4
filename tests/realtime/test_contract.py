"""The published contracts: whole and valid. `test_client_from_docs` uses them."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import validate
from starlette.routing import Mount, Route

from orders.errors import Refused
from realtime.app import ROUTES
from realtime.contract import asyncapi, openapi
from realtime.contract.calls import CALLS
from realtime.contract.examples import example
from realtime.contract.schemas import EVENTS, INBOUND, OUTBOUND, ref, tag
from realtime.protocol import Close
from tests.harness import InProcess

HTTP = openapi.document("https://room.example.org")
SOCKET = asyncapi.document("https://room.example.org")
OFFICIAL = (
    Path(__file__).parents[2] / "web/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
)
"""What the AsyncAPI Initiative publishes; `make test` installs it with the browser client."""


def test_every_route_is_described_and_nothing_else_is() -> None:
    served = set()
    for route in ROUTES:
        if isinstance(route, Mount):
            served.add(("get", route.path + "/{name}"))
            continue
        assert isinstance(route, Route)
        for method in route.methods or {"GET"}:
            if method not in {"HEAD", "OPTIONS"}:
                served.add((method.lower(), route.path))
    assert {(call.method, call.path) for call in CALLS} == served


def test_the_document_of_http_is_valid_openapi() -> None:
    validate(HTTP)
    assert HTTP["openapi"] == "3.1.0"


def test_every_refusal_is_published_with_meaning_and_status() -> None:
    for code, kind in Refused.catalogue.items():
        for document in (HTTP, SOCKET):
            told = document["x-refusals"][code]
            assert told["status"] == kind.status
            assert len(told["about"]) > 10


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    assert OFFICIAL.exists(), "web/node_modules lacks @asyncapi/specs: run make test, or npm ci"
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


def test_the_document_of_the_socket_is_valid_asyncapi(official: Draft7Validator) -> None:
    told = [f"{list(error.path)}: {error.message}" for error in official.iter_errors(SOCKET)]
    assert told == []


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("asyncapi",), "3.9.0"),
        (("info",), {"title": "no version"}),
        (("operations", "hello", "action"), "shout"),
        (("channels", "room", "messages"), []),
        (("servers", "room", "protocol"), 1),
    ],
)
def test_a_document_that_is_not_asyncapi_is_noticed(
    official: Draft7Validator, where: tuple[str, ...], value: object
) -> None:
    broken = copy.deepcopy(SOCKET)
    part = broken
    for name in where[:-1]:
        part = part[name]
    assert where[-1] in part
    part[where[-1]] = value
    assert not official.is_valid(broken)


def test_the_document_of_the_socket_has_what_asyncapi_asks_for() -> None:
    assert SOCKET["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= SOCKET["info"].keys()
    assert SOCKET["servers"]["room"]["protocol"] == "wss"
    for where in _refs(SOCKET):
        assert _found(SOCKET, where) is not None, where
    in_channel = SOCKET["channels"]["room"]["messages"]
    for operation in SOCKET["operations"].values():
        assert operation["action"] in {"send", "receive"}
        for message in operation["messages"] + operation.get("reply", {}).get("messages", []):
            assert message["$ref"].rpartition("/")[2] in in_channel


def test_each_frame_is_said_by_exactly_one_operation() -> None:
    for action, kinds in (("receive", INBOUND), ("send", OUTBOUND)):
        said = [
            SOCKET["components"]["messages"][message["$ref"].rpartition("/")[2]]
            for operation in SOCKET["operations"].values()
            if operation["action"] == action
            for message in operation["messages"]
        ]
        told = sorted((message["name"], message["payload"]["$ref"]) for message in said)
        assert told == sorted((tag(kind), ref(kind)["$ref"]) for kind in kinds)


def test_every_schema_is_one_and_every_example_fits_its_schema() -> None:
    for document in (HTTP, SOCKET):
        for schema in document["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)
    components = {"schemas": HTTP["components"]["schemas"] | SOCKET["components"]["schemas"]}
    bodies = [
        body
        for call in CALLS
        for body in (call.takes, *call.gives.values())
        if isinstance(body, type)
    ]
    for kind in dict.fromkeys((*INBOUND, *OUTBOUND, *EVENTS, *bodies)):
        schema = {**ref(kind), "components": components}
        Draft202012Validator(schema).validate(example(kind))


def test_every_close_code_is_explained() -> None:
    told = SOCKET["x-close-codes"]
    assert [close["code"] for close in told] == sorted(Close)
    assert all(close["about"] for close in told)


async def test_the_server_hands_out_both_documents_and_the_page(server: InProcess) -> None:
    async with server.http() as http:
        documents = [await http.get(f"/api/{name}.json") for name in ("openapi", "asyncapi")]
        page = await http.get("/api/docs")
    base = server.edge.settings.base_url
    assert [answer.json() for answer in documents] == [
        openapi.document(base),
        asyncapi.document(base),
    ]
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_page_names_everything_and_loads_nothing(server: InProcess) -> None:
    async with server.http() as http:
        page = (await http.get("/api/docs")).text
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["'](?!#|/api/|data:)""", page)
    for kind in (*INBOUND, *OUTBOUND, *EVENTS):
        assert f"<b>{tag(kind)}</b>" in page
    for call in CALLS:
        assert f'id="call-{call.name}"' in page
    for code in Refused.catalogue:
        assert f'id="refusal-{code}"' in page
    prose = re.sub(r"(?s)<(pre|style)\b.*?</\1>", "", page)
    assert re.findall(".*`.*", prose) == []  # names are set apart as on every page
    assert "<th></th>" not in page
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors


def _refs(part: object) -> list[str]:
    match part:
        case dict():
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [where for value in part.values() for where in _refs(value)]
        case list():
            return [where for value in part for where in _refs(value)]
        case _:
            return []


def _found(document: dict[str, Any], where: str) -> object:
    for name in where.removeprefix("#/").split("/"):
        document = document.get(name, {})
    return document or None
