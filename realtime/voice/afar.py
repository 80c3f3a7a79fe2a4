"""Asking a media process of another machine: offers and gates go there over Redis, answers back.

Each media process has a list of what is asked of it; each question names a list of its own for
the answer. Nothing is kept: a question that nobody takes for `PATIENCE` is answered with
`Unavailable`, and whoever asked may ask again, because offers are repeat-safe by their leg.

During a deploy the two may be of different versions. So a field that is added later gets a default
here and is passed over there; a question of a kind that this version does not know is counted and
answered with `Unavailable` at once, as is one that lacks a field. What has no default was there
from the first version on.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from orders.errors import Refused, Unavailable
from orders.events import CallId, OrderId, PersonId
from realtime import telemetry
from realtime.bus.link import GONE
from realtime.bus.nodes import Nodes
from realtime.patience import Patience

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds from a question to giving up on its answer."""

OFFER_PATIENCE = 1.0
"""The same for one offer: it may be said twice, and its call may be carried elsewhere by then."""

_WAIT = 1
"""Seconds of one look into a list; a `Link` takes longer silence for death."""

_AGAIN_AFTER = 0.5

_NOT_KNOWN: dict[str, Any] = {"reason": "media_version"}


class Question(msgspec.Struct, frozen=True, tag_field="t", tag="offer"):
    """A browser's offer for a call that the asked process carries."""

    reply: str
    order: OrderId
    person: PersonId
    call: CallId
    leg: str
    sdp: str


class Mute(msgspec.Struct, frozen=True, tag_field="t", tag="mute"):
    """A gate to close or open."""

    reply: str
    order: OrderId
    person: PersonId
    call: CallId
    on: bool
    asker: str = ""
    """The process that was asked for it first; empty from a version that did not say."""
    stamp: int = 0
    """Of what one process was asked for, the larger stamp is the newer one."""


class Hold(msgspec.Struct, frozen=True, tag_field="t", tag="hold"):
    """A call to put on hold for a person, or to go on with."""

    reply: str
    order: OrderId
    person: PersonId
    call: CallId
    on: bool
    asker: str = ""
    stamp: int = 0


class Test(msgspec.Struct, frozen=True, tag_field="t", tag="test"):
    """An offer of a browser that wants to hear itself."""

    reply: str
    order: OrderId
    person: PersonId
    leg: str
    sdp: str


class Look(msgspec.Struct, frozen=True, tag_field="t", tag="look"):
    """Something was decided: compare your calls with the database."""


Asked = Question | Mute | Hold | Test | Look


class _Unread(msgspec.Struct, frozen=True):
    """All that is read of a question that could not be."""

    reply: str = ""


class Reply(msgspec.Struct, frozen=True):
    """The answer's text, or why there is none."""

    sdp: str = ""
    refused: str = ""
    facts: dict[str, Any] = {}


Answer = Callable[[Asked], Awaitable[str]]
"""Does what is asked; raises `Refused`."""


class Afar:
    """Redis as the way to the other media processes."""

    def __init__(self, nodes: Nodes, prefix: str) -> None:
        """Prepare; every question has a connection of its own."""
        self._nodes = nodes
        self._prefix = prefix

    async def offer(
        self, incarnation: str, order: OrderId, person: PersonId, call: CallId, leg: str, sdp: str
    ) -> str:
        """As `Switchboard.offer`, there; given up after `OFFER_PATIENCE`.

        Raises `Unavailable` with reason `media_elsewhere` if nothing is heard from there.
        """
        reply = self._reply()
        asked = Question(reply, order, person, call, leg, sdp)
        return await self._ask(incarnation, asked, reply, OFFER_PATIENCE)

    async def gate(self, incarnation: str, gate: Mute | Hold) -> None:
        """As `Switchboard.mute` or `hold`, there; the gate's `reply` is filled in."""
        asked = msgspec.structs.replace(gate, reply=self._reply())
        await self._ask(incarnation, asked, asked.reply)

    async def test(
        self, incarnation: str, order: OrderId, person: PersonId, leg: str, sdp: str
    ) -> str:
        """As `Switchboard.test`, there."""
        reply = self._reply()
        return await self._ask(incarnation, Test(reply, order, person, leg, sdp), reply)

    async def look(self, incarnation: str) -> None:
        """Let it compare its calls with the database at once; it does so by itself soon."""
        try:
            link = await self._nodes.open_for(self._list(incarnation), "order-room-tells-media")
            try:
                await link.ask(self._put(incarnation, Look()))
            finally:
                await link.close()
        except GONE:
            return

    async def serve(self, incarnation: str, answer: Answer) -> None:
        """Answer what is asked of this process until cancelled."""
        async with asyncio.TaskGroup() as working:
            while True:
                try:
                    link = await self._nodes.open_for(self._list(incarnation), "order-room-media")
                    try:
                        while True:
                            (came,) = await link.ask([("BLPOP", self._list(incarnation), _WAIT)])
                            if came is not None:
                                working.create_task(self._answer(came[1], answer))
                    finally:
                        await link.close()
                except GONE:
                    self._nodes.doubt()
                    await asyncio.sleep(_AGAIN_AFTER)

    async def _answer(self, letter: bytes, answer: Answer) -> None:
        try:
            asked: Asked = msgspec.json.decode(letter, type=Asked)
        except msgspec.DecodeError:
            telemetry.MEDIA_UNREAD.inc()
            log.warning("a question to this media process could not be read")
            with contextlib.suppress(msgspec.DecodeError):
                to = msgspec.json.decode(letter, type=_Unread).reply
                await self._reply_to(to, Reply(refused=Unavailable.code, facts=_NOT_KNOWN))
            return
        try:
            reply = Reply(sdp=await answer(asked))
        except Refused as refused:
            reply = Reply(refused=refused.code, facts=refused.facts)
        except Exception:
            log.exception("a question to this media process failed")
            reply = Reply(refused=Unavailable.code, facts={"reason": "media_failed"})
        if not isinstance(asked, Look):
            await self._reply_to(asked.reply, reply)

    async def _reply_to(self, to: str, reply: Reply) -> None:
        if not to.startswith(self._replies):
            return  # a name that no process of ours has made
        try:
            link = await self._nodes.open_for(to, "order-room-media-answers")
            try:
                await link.ask(
                    [
                        ("RPUSH", to, msgspec.json.encode(reply)),
                        ("PEXPIRE", to, int(1_000 * PATIENCE)),
                    ]
                )
            finally:
                await link.close()
        except GONE:
            log.warning("an answer of this media process was lost")

    async def _ask(
        self,
        incarnation: str,
        asked: Question | Mute | Hold | Test,
        reply: str,
        patience: float = PATIENCE,
    ) -> str:
        try:
            async with Patience(patience):
                # the question and its answer may live at two nodes
                link = await self._nodes.open_for(self._list(incarnation), "order-room-asks-media")
                try:
                    await link.ask(self._put(incarnation, asked))
                finally:
                    await link.close()
                link = await self._nodes.open_for(reply, "order-room-asks-media")
                try:
                    came = None
                    while came is None:
                        (came,) = await link.ask([("BLPOP", reply, _WAIT)])
                finally:
                    await link.close()
        except GONE as error:
            raise Unavailable(reason="media_elsewhere") from error
        told = msgspec.json.decode(came[1], type=Reply)
        if told.refused:
            raise Refused.catalogue.get(told.refused, Unavailable)(**told.facts)
        return told.sdp

    def _put(self, incarnation: str, asked: Asked) -> list[tuple[str | bytes | int, ...]]:
        into = self._list(incarnation)
        return [("RPUSH", into, msgspec.json.encode(asked)), ("PEXPIRE", into, 5_000)]

    def _list(self, incarnation: str) -> str:
        return f"{self._prefix}:media:{incarnation}"

    def _reply(self) -> str:
        return self._replies + secrets.token_hex(12)

    @property
    def _replies(self) -> str:
        return f"{self._prefix}:media-reply:"
