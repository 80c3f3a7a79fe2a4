"""Of a missed call one hears once, and only who missed it."""

import pytest

from orders.events import CallEnd
from tests.realtime.notices.scene import Scene


@pytest.mark.parametrize("end", [CallEnd.NO_ANSWER, CallEnd.CANCELLED, CallEnd.FAILED])
async def test_the_called_party_hears_of_a_call_nobody_answered(play: Scene, end: CallEnd) -> None:
    await play.pay()
    call = await play.ring(play.room.buyer)
    play.watch.forward(seconds=30)
    await play.end_call(call, end)
    assert await play.mails_sent() == []
    play.watch.forward(seconds=15)
    [mail] = await play.mails_sent()
    assert mail["To"].addresses[0].display_name == "Tom"
    assert mail["Subject"].startswith("Missed call from Inès")


async def test_calls_missed_in_a_row_make_one_mail(play: Scene) -> None:
    await play.pay()
    for _ in range(3):
        call = await play.ring(play.room.buyer)
        play.watch.forward(seconds=12)
        await play.end_call(call, CallEnd.CANCELLED)
    play.watch.forward(seconds=30)
    [mail] = await play.mails_sent()
    assert mail["Subject"].startswith("3 missed calls from Inès")


@pytest.mark.parametrize("end", [CallEnd.COMPLETED, CallEnd.DECLINED])
async def test_who_answered_or_declined_missed_nothing(play: Scene, end: CallEnd) -> None:
    await play.pay()
    call = await play.ring(play.room.seller)
    await play.end_call(call, end, answered=end is CallEnd.COMPLETED)
    play.watch.forward(minutes=2)
    assert await play.mails_sent() == []


async def test_who_called_back_at_once_is_not_told_of_the_missed_call(play: Scene) -> None:
    await play.pay()
    call = await play.ring(play.room.seller)
    play.watch.forward(seconds=30)
    await play.end_call(call, CallEnd.NO_ANSWER)
    back = await play.ring(play.room.buyer)
    await play.end_call(back, CallEnd.COMPLETED, answered=True)
    play.watch.forward(minutes=2)
    assert await play.mails_sent() == []


async def test_who_saw_the_missed_call_in_the_room_is_not_told_again(play: Scene) -> None:
    await play.pay()
    call = await play.ring(play.room.seller)
    play.watch.forward(seconds=30)
    await play.read(play.room.buyer, await play.end_call(call, CallEnd.NO_ANSWER))
    play.watch.forward(minutes=2)
    assert await play.mails_sent() == []


async def test_while_it_rings_again_the_mail_about_the_missed_call_waits(play: Scene) -> None:
    await play.pay()
    first = await play.ring(play.room.seller)
    play.watch.forward(seconds=30)
    await play.end_call(first, CallEnd.NO_ANSWER)
    play.watch.forward(seconds=10)
    second = await play.ring(play.room.seller)
    play.watch.forward(seconds=10)
    assert await play.mails_sent() == []
    play.watch.forward(seconds=20)
    await play.end_call(second, CallEnd.NO_ANSWER)
    play.watch.forward(seconds=15)
    [mail] = await play.mails_sent()
    assert mail["Subject"].startswith("2 appels manqués") or "2 appels" in mail["Subject"]
