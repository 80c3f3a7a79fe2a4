"""Answers from a mail: a page with one button that works without signing in, for that one answer.

`GET` only shows: mail scanners open every link they find. `POST` does what the frame of the room
does, with the link as the whole permission; the address it goes to holds no token.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from orders import access, inbox, people, proposal_rows, views
from orders.errors import FrameTooLarge, NotFound, OrderUnknown, ProposalOver, Refused
from orders.locking import peek
from orders.policy import Policy
from orders.proposals import Outcome, ProposalKind
from realtime import telemetry
from realtime.acts import act
from realtime.api.answers import edge_of
from realtime.api.plain_page import POLICY, Page, render
from realtime.notices.one_tap import Choice, Sealed, Tap, suggested
from realtime.notices.plain import one_line
from realtime.protocol import AcceptProposal, Act, DeclineProposal, TalkPropose
from realtime.texts import known_language, moment, sentence

BODY_MOST = 8 * 1024
"""Bytes of the form: one link."""


class _Reader:
    """Who holds the link, and the words for them."""

    def __init__(
        self, sealed: Sealed, language: str, policy: Policy, other: str, title: str, room: str
    ) -> None:
        zone = policy.time_zone
        self.sealed, self.language, self.zone = sealed, language, zone
        self.country = policy.country
        self.title, self.room = title, room
        times = [moment(language, at, zone) for at in sealed.choice.times]
        self._facts = {"other": other, "talk": times[0] if times else ""}

    def say(self, key: str, **facts: object) -> str:
        return sentence(self.language, f"answer.{key}", **{**self._facts, **facts})

    def page(self, state: str, topic: str, **more: object) -> Page:
        """The page of a topic: `answer.<topic>.heading` and `.body`."""
        shown: dict[str, object] = {
            "language": self.language,
            "state": state,
            "heading": self.say(f"{topic}.heading"),
            "paragraphs": (self.say(f"{topic}.body"),),
            "about": self.title,
            "room": self.room,
            "room_label": self.say("open"),
        }
        return Page(**{**shown, **more})  # type: ignore[arg-type]


async def page(request: Request) -> Response:
    """Show what the link would answer, or answer so."""
    return await (_do if request.method == "POST" else _ask)(request)


async def _ask(request: Request) -> Response:
    """Show what the link would answer. Nothing changes."""
    edge = edge_of(request)
    text = request.query_params.get("t", "")
    reader: _Reader | None = None
    try:
        now = await edge.database.now()
        reader = await _reader(request, edge.one_tap.open(text, now))
        sealed = reader.sealed
        choice = sealed.choice
        async with edge.database.reading() as conn:
            seen = await views.situation(conn, sealed.order, sealed.person, now)
            if choice.tap is not Tap.PROPOSE:
                found = await proposal_rows.find(conn, sealed.order, choice.about)
                if found.outcome is not Outcome.OPEN:
                    raise ProposalOver(proposal=choice.about, outcome=found.outcome)
    except Refused as refused:
        return _refused(request, refused, reader)
    times: tuple[str, ...] = ()
    if choice.tap is Tap.PROPOSE:
        if ProposalKind.TALK not in seen.may_propose:
            return _shown(reader.page("over", "settled"))
        offered = suggested(now, reader.zone, reader.country)
        times = tuple(moment(reader.language, at, reader.zone) for at in offered)
        choice = Choice(Tap.PROPOSE, choice.about, offered)
        text = edge.one_tap.seal(sealed.order, sealed.person, choice, now)
    button = reader.say(f"{choice.tap}.button")
    return _shown(reader.page("ask", choice.tap, times=times, button=button, token=text))


async def _do(request: Request) -> Response:
    """Answer as the link says. Pressed twice, it is the same answer."""
    edge = edge_of(request)
    reader: _Reader | None = None
    try:
        text = await _token(request)
        reader = await _reader(request, edge.one_tap.open(text, await edge.database.now()))
        await act(edge, reader.sealed.person, _frame(reader.sealed))
    except Refused as refused:
        return _refused(request, refused, reader)
    return _shown(reader.page("done", f"{reader.sealed.choice.tap}.done"))


def _frame(sealed: Sealed) -> Act:
    """The frame that the room would send."""
    choice, order, client_id = sealed.choice, sealed.order, sealed.client_id
    match choice.tap:
        case Tap.PICK:
            return AcceptProposal(
                id=client_id, order=order, proposal=choice.about, at=choice.times[0]
            )
        case Tap.NONE:
            return DeclineProposal(id=client_id, order=order, proposal=choice.about)
        case Tap.PROPOSE:
            return TalkPropose(id=client_id, order=order, times=choice.times)


async def _reader(request: Request, sealed: Sealed) -> _Reader:
    """Look up whose link it is. Raises `OrderUnknown` if they may not see the order any more."""
    edge = edge_of(request)
    order, person = sealed.order, sealed.person
    async with edge.database.reading() as conn:
        barred = (await access.barred(conn, [person]))[person]
        if order in barred:
            raise OrderUnknown(order=order)
        await views.role_of(conn, order, person)
        policy = (await peek(conn, order)).facts.policy
        line = next(iter(await inbox.inbox(conn, person, order)))
        known = await people.known(conn, person)
    return _Reader(
        sealed,
        known_language(known.language if known else None),
        policy,
        one_line(line.other),
        one_line(line.title),
        edge.settings.link(order, person),
    )


async def _token(request: Request) -> str:
    """Read the form's only field. Raises `FrameTooLarge`, `NotFound`."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise FrameTooLarge(limit=BODY_MOST, size=len(body))
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=1)["t"][0]
    except (UnicodeError, ValueError, KeyError):
        raise NotFound(path=request.url.path) from None


def _refused(request: Request, refused: Refused, reader: _Reader | None) -> Response:
    """Say why the link answers nothing; to nobody in particular if it is not known whose it is."""
    telemetry.refused(refused.code)
    topic = _TOPICS.get(refused.code, "over")
    if reader is not None:
        return _shown(reader.page("over", topic), refused.status)
    language = known_language(request.headers.get("accept-language"))
    heading = sentence(language, f"answer.{topic}.heading")
    body = sentence(language, f"answer.{topic}.body")
    told = Page(language=language, state="over", heading=heading, paragraphs=(body,))
    return _shown(told, refused.status)


_TOPICS = {
    "not_found": "unknown", "order_unknown": "unknown", "link_over": "late",
    "proposal_over": "settled", "proposal_open": "settled",
    "proposal_unknown": "unknown", "time_wrong": "late",
}  # fmt: skip


def _shown(page: Page, status: int = 200) -> Response:
    return Response(
        render(page),
        status,
        {
            "Cache-Control": "no-store",
            "Content-Language": page.language,
            "Content-Security-Policy": POLICY,
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
        },
        media_type="text/html",
    )
