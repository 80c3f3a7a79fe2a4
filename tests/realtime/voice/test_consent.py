"""A call is recorded with both consents and in no other way, in whatever order things come."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import CallOver, NotYours, RecordingClosed, RecordingOver, Refused, WrongState
from orders.events import CallId, PersonId, RecordingAgreed, RecordingAsked, RecordingId, Role
from realtime.voice import consent
from realtime.voice.calls import Call, CallState
from realtime.voice.consent import Recording, RecordingState

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BUYER, SELLER = PersonId("b"), PersonId("s")
ROLES = {BUYER: Role.BUYER, SELLER: Role.SELLER}
ACTIVE = Call(CallId("c"), BUYER, SELLER, CallState.ACTIVE, "m", NOW)
RINGING = Call(CallId("c"), BUYER, SELLER, CallState.RINGING, "m")
ENDED = Call(CallId("c"), BUYER, SELLER, CallState.ENDED, "m", NOW)
NEW = RecordingId("r")


def recording(state: RecordingState, by: PersonId = BUYER) -> Recording:
    return Recording(NEW, ACTIVE.id, by, state)


def test_asking_is_refused_where_nobody_records_or_nobody_talks() -> None:
    with pytest.raises(RecordingClosed):
        consent.ask(ACTIVE, None, BUYER, NEW, kept=0)
    with pytest.raises(WrongState):
        consent.ask(RINGING, None, BUYER, NEW, kept=60)
    with pytest.raises(CallOver):
        consent.ask(ENDED, None, BUYER, NEW, kept=60)


def test_two_who_ask_at_the_same_moment_agree() -> None:
    asked = recording(RecordingState.ASKED)
    assert consent.ask(ACTIVE, asked, SELLER, NEW, kept=60) == RecordingAgreed(NEW, ACTIVE.id)
    with pytest.raises(WrongState):
        consent.ask(ACTIVE, asked, BUYER, NEW, kept=60)


def test_nobody_consents_for_the_other() -> None:
    with pytest.raises(NotYours):
        consent.answer(recording(RecordingState.ASKED), BUYER, Role.BUYER, agree=True)
    with pytest.raises(NotYours):
        consent.stop(recording(RecordingState.ASKED), SELLER, Role.SELLER)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUYER, SELLER]),
            st.sampled_from(["ask", "agree", "refuse", "stop", "erase", "hang up"]),
        ),
        max_size=14,
    )
)
def test_it_is_on_only_while_the_last_word_of_both_was_yes(
    said: list[tuple[PersonId, str]],
) -> None:
    call = ACTIVE
    present: Recording | None = None
    wants: dict[PersonId, bool] = {}
    for person, what in said:
        open_one = present if present and present.state in ("asked", "on") else None
        try:
            if what == "hang up":
                call = ENDED
                if present:
                    state = consent.call_over(present.state)
                    present = recording(state, present.asked_by)
                wants = {}
                continue
            if what == "ask":
                event = consent.ask(call, open_one, person, NEW, kept=60)
                wants = {**(wants if open_one else {}), person: True}
                asker = (
                    person if isinstance(event, RecordingAsked) else present and present.asked_by
                )
                present = recording(consent.after(event), asker or person)
                continue
            if present is None:
                continue
            if what in ("agree", "refuse"):
                told = consent.answer(present, person, ROLES[person], agree=what == "agree")
                wants[person] = what == "agree"
                present = recording(consent.after(told), present.asked_by)
            elif what == "stop":
                stopped = consent.stop(present, person, ROLES[person])
                wants[person] = False
                present = recording(consent.after(stopped), present.asked_by)
            else:
                consent.may_erase(present)
                present = recording(RecordingState.GONE, present.asked_by)
        except (Refused, RecordingOver):
            pass
        on = present is not None and present.state is RecordingState.ON
        assert on == (call is ACTIVE and wants.get(BUYER, False) and wants.get(SELLER, False))
