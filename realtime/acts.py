"""What a person may do, with a socket or without one: over HTTP it is the same.

Membership is looked up for every act: the steps and messages do it under the order's lock,
everything else here. Whoever calls has looked at the token.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import assert_never

from orders import safety, views
from orders.agreements import answer, propose
from orders.brief import Asked, Move
from orders.briefing import move_item
from orders.commands import take_step
from orders.errors import Unavailable
from orders.events import OrderId, PersonId, Role, SecretKind
from orders.nudging import nudge
from orders.options import propose_option
from orders.proposals import Outcome, ProposalKind
from orders.talks import ask_for_call, note_point, propose_talk
from orders.timeline import Position
from orders.watermarks import Watermarks
from orders.workflow import Verb
from realtime.bus import PartiesParted
from realtime.chat import messages
from realtime.chat.words import disclosed
from realtime.edge import Edge
from realtime.protocol import (
    AcceptItem,
    AcceptProposal,
    Act,
    AddItem,
    AddReaction,
    Block,
    BlockSet,
    BriefFrame,
    CallAccept,
    CallDecline,
    CallFrame,
    CallHangUp,
    CallHold,
    CallRequest,
    CallStart,
    DecideSplit,
    DeclineProposal,
    Done,
    DropItem,
    EditMessage,
    GiveItem,
    MakeReport,
    Mark,
    MinutesNote,
    Nudge,
    Outbound,
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
    RemoveReaction,
    ReopenItem,
    ReportTaken,
    SendMessage,
    ShowVersions,
    StepFrame,
    TalkFrame,
    TalkPropose,
    WithdrawMessage,
    WithdrawProposal,
    Worded,
)
from realtime.voice import recordings
from realtime.voice.calls import Leaving


async def act(edge: Edge, person: PersonId, frame: Act) -> Outbound | None:
    """Do what a person may do with or without a socket; the caller has looked at their token.

    Return the answer, or None if there is none. Raises `Refused`.
    """
    if isinstance(frame, SendMessage):
        return await say(edge, person, frame)
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
            apart = await safety.block(
                edge.database, frame.order, person, on=frame.on, parting=edge.calls.part
            )
            edge.hub.signal(PartiesParted(frame.order, apart))
            return BlockSet(frame.id, frame.order, frame.on)
        case Nudge():
            place = await nudge(edge.database, frame.order, person, frame.id)
            return Done(frame.id, frame.order, place.seq, place.at)
        case ShowVersions():
            return await messages.versions(edge.database, person, frame)
        case Mark():
            await member(edge, person, frame.order)
            edge.marks.mark(frame.order, person, Watermarks(read=frame.seq))
            return None
        case Received():
            await member(edge, person, frame.order)
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


async def member(edge: Edge, person: PersonId, order: OrderId) -> None:
    """Check that the person is a member of the order. Raises `OrderUnknown`."""
    async with edge.database.reading() as conn:
        await views.role_of(conn, order, person)


def say(edge: Edge, person: PersonId, frame: SendMessage) -> Awaitable[Done]:
    """Send a message; answered once it is committed."""
    edge.flood.admit(frame.order, person, frame.id, frame.text)
    return messages.send(edge.box, person, frame)


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
