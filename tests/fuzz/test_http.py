"""Whatever is asked over HTTP, the answer is one that the published document describes.

schemathesis makes the calls from our own OpenAPI document, fitting and not fitting it, and asks
them as a buyer, a seller, a mediator, the backend, the backend for somebody, and a stranger. FUZZ
multiplies how many (`make fuzz`).
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.memory import resident
from tests.harness import SERVICE_KEY, Process, new_order

FUZZ = int(os.environ.get("FUZZ", "1"))
EXAMPLES = 3 * FUZZ
"""Calls to each address."""
FRESH = max(1, 12 // FUZZ)
"""After so many addresses the orders are new ones: most things can be done once."""
ASKED = {200, 400, 401, 403, 404} if FUZZ == 1 else {200, 400, 401, 403, 404, 409, 422}
"""What must be among the answers; of three hundred calls a handful is at odds with the order."""
GROWTH = 48 * 1024 * 1024
"""Bytes that a server's memory may settle higher after all of it."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PEOPLE = ("fuzz-buyer", "fuzz-seller", "fuzz-mediator", "fuzz-stranger")


async def _orders(server: Process) -> list[str]:
    """Orders of the same people: a new one, one that has begun, one with a mediator."""
    buyer, seller, mediator, _ = PEOPLE
    told = new_order(buyer, seller)
    people = {"buyer": told["buyer"], "seller": told["seller"]}
    new, begun, frozen = [(await server.order(**people)).id for _ in range(3)]
    async with server.backend() as http:

        async def post(path: str, behalf: str = "", **body: object) -> None:
            headers = {"Idempotency-Key": "prepared-" + path[-9:].replace("/", ".")}
            if behalf:
                headers["X-On-Behalf-Of"] = behalf
            answer = await http.post(f"/api/v1/{path}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text

        await post(f"me/orders/{begun}/order.start", seller)
        await post(f"orders/{frozen}/freeze")
        await post(
            f"orders/{frozen}/mediator", person=mediator, name="Maud", email="maud@post.test"
        )
    return [new, begun, frozen]


@schemathesis.serializer("application/offset+octet-stream")
def piece(_context: schemathesis.SerializationContext, value: Any) -> bytes:  # noqa: ANN401 - any
    """A piece of a file, which schemathesis does not know how to write by itself."""
    return value if isinstance(value, bytes) else str(value).encode()


# Of the two databases PostgreSQL takes fewer values; a long run asks both.
@pytest.mark.timeout(400 * FUZZ)
@pytest.mark.parametrize("database_kind", ["postgresql", "sqlite"][: 1 if FUZZ == 1 else 2])
async def test_every_answer_is_one_that_the_document_describes(
    own_database_url: str, tmp_path: Path
) -> None:
    async with Process(own_database_url, tmp_path) as server:
        askers = [{"Authorization": f"Bearer {SERVICE_KEY}"}, {}]
        askers += [{**askers[0], "X-On-Behalf-Of": person} for person in PEOPLE]
        for person in PEOPLE:
            askers.append({"Authorization": f"Bearer {await server.token(person)}"})
        async with server.http() as http:
            document = (await http.get("/api/openapi.json")).json()
        schema = schemathesis.openapi.from_dict(document)
        before = resident(server.pid)
        statuses, orders = Counter[int](), list[str]()
        with requests.Session() as session:
            for number, found in enumerate(schema.get_all_operations()):
                assert isinstance(found, Ok)
                if number % FRESH == 0:
                    orders = await _orders(server)
                await asyncio.to_thread(
                    _ask_all, found.ok(), server.url, session, askers, orders, statuses
                )
        assert statuses.keys() >= ASKED, "was it asked?"
        assert resident(server.pid) - before < GROWTH
        assert "Traceback" not in server.log()
        assert '"level": "error"' not in server.log()
        await server.order()  # and it serves as if nothing had been


def _ask_all(
    operation: APIOperation[Any, Any, Any, Any],
    url: str,
    session: requests.Session,
    askers: list[dict[str, str]],
    orders: list[str],
    statuses: Counter[int],
) -> None:
    modes = schemathesis.GenerationMode

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(
        case=st.one_of(
            operation.as_strategy(modes.POSITIVE), operation.as_strategy(modes.NEGATIVE)
        ),
        asker=st.sampled_from(askers),
        order=st.sampled_from([*orders, None]),
        key=st.sampled_from(["once", "twice"]) | st.uuids().map(str) | st.none(),
    )
    def ask(
        case: schemathesis.Case[Any], asker: dict[str, str], order: str | None, key: str | None
    ) -> None:
        if order is not None and "order" in (case.path_parameters or {}):
            case.path_parameters["order"] = order
        for name in ("Authorization", "X-On-Behalf-Of"):
            case.headers.pop(name, None)
        if key is not None:
            case.headers["Idempotency-Key"] = key
        answer = case.call(base_url=url, session=session, headers=asker, timeout=30)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()
