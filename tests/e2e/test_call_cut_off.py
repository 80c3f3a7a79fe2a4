"""A call while the line to the room is down: the sound has a way of its own, and goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.line import Line, line_to
from tests.e2e.sounds import hears, hears_nothing, microphone
from tests.e2e.test_call import BUYER, SELLER, ends_of
from tests.e2e.test_call_quality import talk
from tests.e2e.test_offline import BROKEN
from tests.e2e.windows import Window, Windows
from tests.harness import TestOrder


@asynccontextmanager
async def talking(
    stage: Stage, windows: Windows
) -> AsyncIterator[tuple[TestOrder, Window, Window, Line]]:
    """The order, its buyer and seller in a call, and the line by which the seller has the room."""
    windows.forgive(*BROKEN)
    server, order = stage.server, await stage.server.order()
    async with line_to(server.port) as line:
        buyer = await windows.open(server.url, order, "buyer", scripts=[microphone(BUYER)])
        seller = await windows.open(line.url, order, "seller", scripts=[microphone(SELLER)])
        await talk(buyer, seller)
        yield order, buyer, seller, line


async def test_what_the_other_did_while_one_was_cut_off_is_told_afterwards(
    small_stage: Stage, windows: Windows
) -> None:
    async with talking(small_stage, windows) as (_, buyer, seller, line):
        await buyer.part("call-hold").click()
        await expect(seller.part("call-note")).to_have_text("Ada Buyer put the call on hold")

        await line.cut()
        await seller.is_cut_off()
        await buyer.part("call-mute").click()
        await buyer.part("call-hold").click()
        await expect(buyer.part("call-hold")).to_have_attribute("data-holding", "false")
        await line.mend()
        await expect(seller.part("call-note")).to_have_text("Ada Buyer is muted")
        await hears(buyer, SELLER)
        await buyer.part("call-mute").click()
        await hears(seller, BUYER)
        await buyer.part("call-hang-up").click()


async def test_who_hangs_up_while_cut_off_is_heard_no_more_and_the_call_ends_later(
    small_stage: Stage, windows: Windows
) -> None:
    async with talking(small_stage, windows) as (order, buyer, seller, line):
        await hears(buyer, SELLER)

        await line.cut()
        await seller.is_cut_off()
        await seller.part("call-hang-up").click()
        await seller.call_is("ended")
        assert await seller.part("remote-audio").evaluate("player => player.srcObject") is None
        await hears_nothing(buyer)
        await line.mend()
        await expect(buyer.part("call-ended")).to_have_attribute("data-end", "completed")
        assert [end for end, _ in await ends_of(small_stage, order)] == ["completed"]


async def test_who_hangs_up_and_calls_again_at_once_rings_once_the_first_call_is_over(
    small_stage: Stage, windows: Windows
) -> None:
    async with talking(small_stage, windows) as (order, buyer, seller, line):
        await hears(buyer, SELLER)

        line.swallow_answers()
        await seller.part("call-hang-up").click()
        await seller.call_is("ended")
        await seller.part("call-start").click()
        await seller.call_is("calling")
        line.give_answers()
        await buyer.call_is("ringing")
        await buyer.part("call-accept").click()
        await hears(buyer, SELLER)
        await buyer.part("call-hang-up").click()
        await expect(seller.part("call-ended")).to_have_attribute("data-end", "completed")
        assert [end for end, _ in await ends_of(small_stage, order)] == ["completed"] * 2
