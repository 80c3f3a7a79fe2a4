"""Who does not show: what was just said counts more than what was read before."""

from orders.events import OrderId, PersonId, Role
from orders.views import Party, RoomView
from orders.watermarks import Watermarks
from realtime.veil import Veil

ADA, SAM, ORDER = PersonId("ada"), PersonId("sam"), OrderId("o_1")


def _read(*, hides: bool = False, blocking: bool = False) -> RoomView:
    parties = (
        Party(ADA, Role.BUYER, "Ada", Watermarks(), None, hides=hides, blocking=blocking),
        Party(SAM, Role.SELLER, "Sam", Watermarks(), None),
    )
    return RoomView(ORDER, "Voix off", "voice-over", 100, "EUR", 3, parties)


def test_a_room_that_was_read_before_somebody_hid_does_not_show_them() -> None:
    veil = Veil()
    read = _read()
    veil.hide(ADA, on=True)  # while the answer was on its way
    veil.learn(read)
    assert veil.hides(ADA)
    assert veil.between(ORDER, ADA, SAM)


def test_a_room_that_was_read_before_a_block_does_not_undo_it() -> None:
    veil = Veil()
    read = _read()
    veil.part(ORDER, apart=True)
    veil.learn(read)
    assert veil.is_apart(ORDER)
    assert veil.between(ORDER, SAM, ADA)


def test_what_nobody_spoke_of_is_as_it_was_read() -> None:
    veil = Veil()
    veil.learn(_read(hides=True, blocking=True))
    assert veil.orders == [ORDER]
    assert veil.hides(ADA)
    assert veil.is_apart(ORDER)
    veil.learn(_read())
    assert not veil.between(ORDER, ADA, SAM)
    veil.forget(ORDER)
    assert veil.orders == []
