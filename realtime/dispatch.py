"""What each frame of a socket does: here what needs the socket, in `acts` what needs only a person.

A token that is narrowed to some orders reaches no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from orders import people
from orders.errors import Malformed, OrderUnknown, TokenInvalid, TooManyOpen, Unauthenticated
from orders.events import CallId, OrderId
from orders.search import search
from realtime import telemetry
from realtime.acts import act, member, say
from realtime.auth import known_identity
from realtime.bus import PersonTypes, PresenceHidden
from realtime.chat import messages
from realtime.chat.words import screened
from realtime.edge import Edge
from realtime.protocol import (
    Answer,
    CallIce,
    CallMute,
    CallOffer,
    CallTest,
    Close,
    Found,
    Hello,
    History,
    Ice,
    Inbound,
    Outbound,
    Pong,
    Preferences,
    PreferencesSet,
    Refresh,
    Refreshed,
    Screen,
    Search,
    SendMessage,
    Subscribe,
    Typing,
    Unsubscribe,
)
from realtime.pump import Follow
from realtime.rooms import room_frame
from realtime.session import Session

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
        return say(edge, session.person, frame)
    return _carry_out(edge, session, frame)


async def _carry_out(edge: Edge, session: Session, frame: Inbound) -> Outbound | None:
    match frame:
        case Pong():
            return None
        case Screen():
            session.may_screen()
            return await screened(edge.database, session.person, session.language, frame)
        case Typing():
            await member(edge, session.person, frame.order)
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


def _types(edge: Edge, session: Session, frame: Typing) -> None:
    if frame.on:
        session.typing.add(frame.order)
    else:
        session.typing.discard(frame.order)
    edge.hub.signal(PersonTypes(frame.order, session.person, frame.on))


async def _ice(edge: Edge, session: Session, frame: CallIce) -> Ice:
    await member(edge, session.person, frame.order)
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
                await member(edge, session.person, order)
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
