"""What leaves a socket together, and what needs no task of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from orders.errors import Unavailable
from orders.events import OrderId
from realtime.protocol import InboxLine
from realtime.pump import Pump
from realtime.transport import Line
from tests.harness import InProcess


async def test_an_answer_and_the_entry_it_speaks_of_leave_in_one_go_and_without_a_task(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[list[str]] = []
    slowly: list[Pump] = []
    say, go_slowly = Line.say, Pump._go_slowly

    def noting_what_is_said(line: Line, *payloads: bytes) -> bool:
        said.append([json.loads(payload)["t"] for payload in payloads])
        return say(line, *payloads)

    def noting_who_is_slow(pump: Pump) -> None:
        slowly.append(pump)
        go_slowly(pump)

    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        done = await buyer.say(order.id, "The first one changes what the order waits for")
        await seller.reaches(order.id, done["seq"])
        done = await seller.say(order.id, "And so may its answer")
        await buyer.reaches(order.id, done["seq"])
        monkeypatch.setattr(Line, "say", noting_what_is_said)
        monkeypatch.setattr(Pump, "_go_slowly", noting_who_is_slow)
        done = await buyer.say(order.id, "Nothing but a message")
        await seller.reaches(order.id, done["seq"])
        await buyer.reaches(order.id, done["seq"])
        monkeypatch.undo()
        written = [frames for frames in said if "batch" in frames]
        assert sorted(written) == [["batch"], ["done", "batch"]]
        assert slowly == []


async def test_a_line_of_the_inbox_that_could_not_be_read_is_read_again(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer):
        (session,) = server.edge.hub.every()
        pump, asked = session.pump, []
        read = pump.sources.inbox

        async def away_at_first(orders: Sequence[OrderId]) -> tuple[InboxLine, ...]:
            asked.append(list(orders))
            if len(asked) == 1:
                raise Unavailable(reason="database")
            return await read(orders)

        pump.sources = replace(pump.sources, inbox=away_at_first)
        pump.inbox.add(OrderId(order.id))
        pump.wake()
        async with asyncio.timeout(60):
            while len(asked) < 2:
                await asyncio.sleep(0.02)
        assert asked == [[order.id], [order.id]]
