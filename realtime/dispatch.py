"""What each frame of a browser does.

`carry_out` is for a socket; `act` is the part of it that needs none, and is what HTTP does too.

Membership is looked up for every frame that names an order: the steps and messages do it under
the order's lock, everything else here. A token that is narrowed to some orders reaches no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import assert_never

from orders import people, safety, views
from orders.agreements import answer, propose
from orders.brief import Asked, Move
from orders.briefing import move_item
from orders.commands import take_step
from orders.errors import (
    Malformed,
    OrderUnknown,
    TokenInvalid,
    TooManyOpen,
    Unauthenticated,
    Unavailable,
)
from orders.events import CallId, OrderId, PersonId, Role, SecretKind
from orders.nudging import nudge
from orders.options import propose_option
from orders.proposals import Outcome, ProposalKind
from orders.search import search
from orders.talks import ask_for_call, note_point, propose_talk
from orders.timeline import Position
from orders.watermarks import Watermarks
from orders.workflow import Verb
from realtime import telemetry
from realtime.auth import known_identity
from realtime.bus import PartiesParted, PersonTypes, PresenceHidden
from realtime.chat import messages
from realtime.chat.words import disclosed, screened
from realtime.edge import Edge
from realtime.protocol import (
    AcceptItem,
    AcceptProposal,
    Act,
    AddItem,
    AddReaction,
    Answer,
    Block,
    BlockSet,
    BriefFrame,
    CallAccept,
    CallDecline,
    CallFrame,
    CallHangUp,
    CallHold,
    CallIce,
    CallMute,
    CallOffer,
    CallRequest,
    CallStart,
    CallTest,
    Close,
    DecideSplit,
    DeclineProposal,
    Done,
    DropItem,
    EditMessage,
    Found,
    GiveItem,
    Hello,
    History,
    Ice,
    Inbound,
    MakeReport,
    Mark,
    MinutesNote,
    Nudge,
    Outbound,
    Pong,
    Preferences,
    PreferencesSet,
    ProposalFrame,
    ProposeOption,
    ProposeRefund,
    ProposeTime,
    Received,
    RecordingAnswer,
    RecordingAsk,
    RecordingErase,
    RecordingFrame,
    RecordingStop,
    Refresh,
    Refreshed,
    RemoveReaction,
    ReopenItem,
    ReportTaken,
    Screen,
    Search,
    SendMessage,
    ShowVersions,
    StepFrame,
    Subscribe,
    TalkFrame,
    TalkPropose,
    Typing,
    Unsubscribe,
    WithdrawMessage,
    WithdrawProposal,
    Worded,
)
from realtime.pump import Follow
from realtime.rooms import room_frame
from realtime.session import Session
from realtime.voice import recordings
from realtime.voice.calls import Leaving

CarryOut = Callable[[Edge, Session, Inbound], Awaitable[Outbound | None]]
"""The shape of `carry_out`, and of what may be put around it."""


def carry_out(edge: Edge, session: Session, frame: Inbound) -> Awaitable[Outbound | None]:
    """Do what the frame asks; the answer is None if it needs none. Raises `Refused`.

    Nearly every frame is a message: it needs no task, because there is nothing to do for it but
    to wait for the commit that it shares with others.
    """
    telemetry.carried_out(type(frame))
    order: OrderId | None = getattr(frame, "order", None)
    if order is not None:
        session.identity.within(order)
    if isinstance(frame, SendMessage):
        session.typing.discard(frame.order)
        return _say(edge, session.person, frame)
    return _carry_out(edge, session, frame)


def _say(edge: Edge, person: PersonId, frame: SendMessage) -> Awaitable[Done]:
    edge.flood.admit(frame.order, person, frame.id, frame.text)
    return messages.send(edge.box, person, frame)


async def _carry_out(edge: Edge, session: Session, frame: Inbound) -> Outbound | None:
    match frame:
        case Pong():
            return None
        case Screen():
            session.may_screen()
            return await screened(edge.database, session.person, session.language, frame)
        case Typing():
            await _member(edge, session.person, frame.order)
            _types(edge, session, frame)
            return None
        case Subscribe():
            return await _subscribe(edge, session, frame)
        case Unsubscribe():
            edge.hub.followers.unfollow(session, frame.order)
            return None
        case History():
            return await messages.page(
                edge.database, session.person, frame, edge.limits.page_entries
            )
        case Search(order=wanted):
            identity = session.identity
            await edge.rates.take_search(identity.person)
            found = await search(
                edge.database, identity.person, frame.q, wanted, frame.before, identity.orders
            )
            return Found(frame.id, found.hits, found.next, found.behind)
        case Preferences(id=asked, hide_presence=hidden):
            await people.hide_presence(edge.database, session.person, on=hidden)
            edge.hub.signal(PresenceHidden(session.person, hidden))
            return PreferencesSet(hidden, asked)
        case CallIce():
            return await _ice(edge, session, frame)
        case CallOffer():
            return await _offer(edge, session, frame)
        case CallTest():
            return await _test(edge, session, frame)
        case CallMute():
            await edge.calls.mute(frame.order, session.person, frame.call, frame.on)
            return None
        case Refresh():
            return await _refresh(edge, session, frame)
        case Hello():
            raise Malformed(where="hello came before")
        case _:
            return await act(edge, session.person, frame)


async def act(edge: Edge, person: PersonId, frame: Act) -> Outbound | None:
    """Do what a person may do with or without a socket; the caller has looked at their token.

    Return the answer, or None if there is none. Raises `Refused`.
    """
    if isinstance(frame, SendMessage):
        return await _say(edge, person, frame)
    await _paced(edge, person, frame)
    seen: tuple[SecretKind, ...] = ()
    if isinstance(frame, Worded):
        seen = await disclosed(edge.database, person, frame.order, frame)
    match frame:
        case EditMessage() | WithdrawMessage() | AddReaction() | RemoveReaction():
            return await messages.change(edge.database, person, frame, seen)
        case MakeReport():
            taken = await safety.report(
                edge.database, frame.order, person, frame.id,
                frame.reason, frame.message, frame.note,
            )  # fmt: skip
            return ReportTaken(frame.id, frame.order, taken.report, taken.at)
        case Block():
            apart = await safety.block(edge.database, frame.order, person, on=frame.on)
            edge.hub.signal(PartiesParted(frame.order, apart))
            return BlockSet(frame.id, frame.order, frame.on)
        case Nudge():
            place = await nudge(edge.database, frame.order, person, frame.id)
            return Done(frame.id, frame.order, place.seq, place.at)
        case ShowVersions():
            return await messages.versions(edge.database, person, frame)
        case Mark():
            await _member(edge, person, frame.order)
            edge.marks.mark(frame.order, person, Watermarks(read=frame.seq))
            return None
        case Received():
            await _member(edge, person, frame.order)
            edge.marks.mark(frame.order, person, Watermarks(delivered=frame.seq))
            return None
        case (
            ProposeTime()
            | ProposeRefund()
            | ProposeOption()
            | AcceptProposal()
            | DeclineProposal()
            | WithdrawProposal()
        ):
            return await _proposal(edge, person, frame)
        case AddItem() | GiveItem() | AcceptItem() | DropItem() | ReopenItem():
            return await _brief(edge, person, frame, seen)
        case CallStart() | CallAccept() | CallDecline() | CallHangUp():
            return await _call(edge, person, frame)
        case RecordingAsk() | RecordingAnswer() | RecordingStop() | RecordingErase():
            return await _recording(edge, person, frame)
        case CallHold():
            await edge.calls.hold(frame.order, person, frame.call, frame.on)
            return None
        case CallRequest() | TalkPropose() | MinutesNote():
            return await _talk(edge, person, frame)
        case _:
            return await _step(edge, person, frame)


async def _paced(edge: Edge, person: PersonId, frame: Act) -> None:
    """Count what a person could flood an order or the marketplace with. Raises `RateExceeded`."""
    limits = edge.limits
    match frame:
        case EditMessage() | WithdrawMessage() | AddReaction() | RemoveReaction():
            await edge.rates.take(
                "touches_per_second", person, limits.touches_per_second, limits.touches_burst
            )
        case MakeReport() | Block():
            await edge.rates.take(
                "reports_per_second", person, limits.reports_per_second, limits.reports_burst
            )
        case _:
            return


async def _member(edge: Edge, person: PersonId, order: OrderId) -> None:
    async with edge.database.reading() as conn:
        await views.role_of(conn, order, person)


def _types(edge: Edge, session: Session, frame: Typing) -> None:
    if frame.on:
        session.typing.add(frame.order)
    else:
        session.typing.discard(frame.order)
    edge.hub.signal(PersonTypes(frame.order, session.person, frame.on))


async def _step(edge: Edge, person: PersonId, frame: StepFrame) -> Done:
    verb = Verb(str(type(frame).__struct_config__.tag))
    refund_cents = frame.refund_cents if isinstance(frame, DecideSplit) else 0
    place = await take_step(
        edge.database, frame.order, person, verb, frame.id, frame.note, refund_cents
    )
    edge.nudge()
    return Done(frame.id, frame.order, place.seq, place.at)


async def _proposal(edge: Edge, person: PersonId, frame: ProposalFrame) -> Done:
    database, order, me = edge.database, frame.order, person
    place: Position
    match frame:
        case ProposeTime(seconds=amount):
            place = await propose(
                database, order, me, ProposalKind.TIME, amount, frame.id, frame.note
            )
        case ProposeOption(title=title, cents=cents, days=days):
            place = await propose_option(
                database, order, me, title, cents, days, frame.id, frame.note
            )
        case ProposeRefund(cents=amount):
            place = await propose(
                database, order, me, ProposalKind.REFUND, amount, frame.id, frame.note
            )
        case AcceptProposal(proposal=seq, at=at):
            place = await answer(database, order, me, seq, Outcome.ACCEPTED, frame.id, at)
        case DeclineProposal(proposal=seq):
            place = await answer(database, order, me, seq, Outcome.DECLINED, frame.id)
        case WithdrawProposal(proposal=seq):
            place = await answer(database, order, me, seq, Outcome.WITHDRAWN, frame.id)
        case never:
            assert_never(never)
    edge.nudge()
    return Done(frame.id, order, place.seq, place.at)


async def _brief(
    edge: Edge, person: PersonId, frame: BriefFrame, seen: tuple[SecretKind, ...]
) -> Done:
    asked: Asked
    match frame:
        case AddItem(label=label):
            asked = Asked(Move.ADD, label=label)
        case GiveItem(item=item, note=note, messages=messages, files=files):
            asked = Asked(Move.GIVE, item, note=note, messages=messages, files=files)
        case AcceptItem(item=item):
            asked = Asked(Move.ACCEPT, item)
        case DropItem(item=item, note=note):
            asked = Asked(Move.DROP, item, note=note)
        case ReopenItem(item=item, note=note):
            asked = Asked(Move.REOPEN, item, note=note)
        case never:
            assert_never(never)
    place = await move_item(edge.database, frame.order, person, asked, frame.id, seen)
    return Done(frame.id, frame.order, place.seq, place.at)


async def _call(edge: Edge, person: PersonId, frame: CallFrame) -> Done:
    calls, order, me = edge.calls, frame.order, person
    place: Position
    match frame:
        case CallStart():
            await _can_be_carried(edge, person, order)
            place = await calls.start(order, me, frame.id, frame.to)
            edge.nudge()
        case CallAccept():
            leaving = frame.leaving and Leaving(frame.leaving)
            place = await calls.accept(order, me, frame.call, frame.id, leaving)
        case CallDecline():
            place = await calls.decline(order, me, frame.call, frame.id)
        case CallHangUp():
            place = await calls.hang_up(order, me, frame.call, frame.id)
        case never:
            assert_never(never)
    return Done(frame.id, frame.order, place.seq, place.at)


async def _can_be_carried(edge: Edge, caller: PersonId, order: OrderId) -> None:
    """Check that a new call needs no other process while none can be reached."""
    if edge.hub.hears_others:
        return
    if edge.settings.role.carries_calls:
        room, _ = await edge.reads.room(order)
        room.party(caller)  # a stranger is not told even that much
        needed = [party.person for party in room.parties if party.role is not Role.MEDIATOR]
        if all(person in edge.hub.attendance.here() for person in needed):
            return
    raise Unavailable(reason="media_elsewhere")


async def _recording(edge: Edge, person: PersonId, frame: RecordingFrame) -> Done:
    database, order, me = edge.database, frame.order, person
    place: Position
    match frame:
        case RecordingAsk(call=call):
            place = await recordings.ask(database, order, me, call, frame.id)
        case RecordingAnswer(recording=recording, agree=agree):
            place = await recordings.answer(database, order, me, recording, frame.id, agree=agree)
        case RecordingStop(recording=recording):
            place = await recordings.stop(database, order, me, recording, frame.id)
        case RecordingErase(recording=recording):
            place = await recordings.erase(database, order, me, recording, frame.id)
        case never:
            assert_never(never)
    await edge.calls.look(order)
    return Done(frame.id, order, place.seq, place.at)


async def _talk(edge: Edge, person: PersonId, frame: TalkFrame) -> Done:
    database, order, me = edge.database, frame.order, person
    place: Position
    match frame:
        case CallRequest(note=note):
            place = await ask_for_call(database, order, me, frame.id, note)
        case TalkPropose(times=times, note=note):
            place = await propose_talk(database, order, me, times, frame.id, note)
        case MinutesNote(call=call, text=text):
            place = await note_point(database, order, me, call, text, frame.id)
        case never:
            assert_never(never)
    edge.nudge()
    return Done(frame.id, order, place.seq, place.at)


async def _ice(edge: Edge, session: Session, frame: CallIce) -> Ice:
    await _member(edge, session.person, frame.order)
    turn = edge.settings.turn
    if turn is None:
        return Ice(frame.id, frame.order)
    server, ends = turn.admit(datetime.now(UTC))
    return Ice(frame.id, frame.order, (server,), ends)


async def _offer(edge: Edge, session: Session, frame: CallOffer) -> Answer:
    answer = await edge.calls.offer(frame.order, session.person, frame.call, frame.leg, frame.sdp)
    return Answer(frame.id, frame.order, frame.call, frame.leg, answer)


async def _test(edge: Edge, session: Session, frame: CallTest) -> Answer:
    limits = edge.limits
    await edge.rates.take(
        "echo_tests_per_second",
        session.person,
        limits.echo_tests_per_second,
        limits.echo_tests_burst,
    )
    answer = await edge.calls.test(frame.order, session.person, frame.leg, frame.sdp)
    return Answer(frame.id, frame.order, CallId(""), frame.leg, answer)


async def _refresh(edge: Edge, session: Session, frame: Refresh) -> Refreshed:
    """Take a newer token, and look again at who may still see what."""
    try:
        identity = edge.check_token(frame.token)
        if identity.person != session.person:
            raise TokenInvalid  # another person needs another socket
    except Unauthenticated:
        session.end(Close.TOKEN_REFUSED)
        raise
    async with edge.database.reading() as conn:
        identity = await known_identity(conn, identity)
    before = session.identity
    widened = identity.orders != before.orders or bool(before.barred - identity.barred)
    inbox = (await edge.reads.arrival(identity.person)).inbox if widened else ()
    session.until(identity)
    edge.hub.standing.repeat(identity.person)
    for row in inbox:
        if session.identity.reaches(row.order) and row.order not in session.listed:
            edge.hub.regain(session, row.order)
    for order in {*session.follows, *session.listed}:
        try:
            session.identity.within(order)
            if order in session.follows:
                await _member(edge, session.person, order)
        except OrderUnknown:
            edge.hub.lose(session, order)
    return Refreshed(identity.token_ends)


async def _subscribe(edge: Edge, session: Session, frame: Subscribe) -> Outbound:
    """Follow an order from the position the browser has, or from the newest page.

    The browser's copy counts only if it is a beginning of our history: its position is not
    beyond the head, its link hash is ours, its epoch is ours.
    """
    order, hub = frame.order, edge.hub
    if order not in session.follows and len(session.follows) >= edge.limits.subscriptions:
        raise TooManyOpen(limit=edge.limits.subscriptions, what="subscriptions")
    # followed before the head is read: what is committed in between is in the tail
    hub.followers.follow(session, order)
    try:
        room, policy = await edge.reads.room(order)
        me = room.party(session.person)
        link = b""
        if frame.after is not None and frame.link is not None:
            link = await edge.reads.links.ask((order, frame.after)) or b""
    except BaseException:
        hub.followers.unfollow(session, order)
        raise
    await hub.attendance.look_for([party.person for party in room.parties])
    head = max(room.head, edge.tails.head(order))
    after = frame.after
    if (
        after is None
        or after > head
        or frame.link not in {None, link.hex()}
        or frame.epoch not in {None, edge.epoch}
    ):
        place = Follow(order, max(0, head - edge.limits.page_entries), head, reset=True)
        telemetry.RESUMES.labels("fresh" if after is None else "reset").inc()
    else:
        telemetry.RESUMES.labels("resumed").inc()
        place = Follow(order, after, head)
    hub.veil.learn(room)
    hub.followers.show(session, place, [party.person for party in room.parties])
    return room_frame(room, me.role, policy, hub, edge.settings.again_link(order))
