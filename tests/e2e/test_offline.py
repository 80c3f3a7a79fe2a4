"""A line that breaks costs nobody a message, and nobody a reload."""

from playwright.async_api import expect

from tests.e2e.conftest import Stage
from tests.e2e.line import line_to
from tests.e2e.windows import Window, Windows

BROKEN = (r"net::ERR_", r"WebSocket (connection|is already)")
"""What a console says when the network is gone."""

IS_THE_SAME_PAGE = "() => window.wasHereBefore === true"


async def hears_of_everything(first: Window, second: Window, *texts: str) -> None:
    await first.reads(*texts)
    await second.reads(*texts)
    await expect(first.unsent).to_have_count(0)
    await expect(second.unsent).to_have_count(0)


async def test_who_was_offline_has_exactly_the_five_missed_messages_without_a_reload(
    stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await stage.server.order()
    async with line_to(stage.server.port) as line:
        buyer = await windows.open(stage.server.url, order, "buyer")
        seller = await windows.open(line.url, order, "seller")
        await buyer.say("Vous me recevez ?")
        await seller.reads("Vous me recevez ?")
        await seller.page.evaluate("window.wasHereBefore = true")

        await seller.page.context.set_offline(True)
        await line.cut()
        await expect(seller.part("connection")).to_have_attribute("data-state", "offline")
        missed = [f"Message {number} pendant la coupure" for number in range(1, 6)]
        for text in missed:
            await buyer.say(text)
        own = ["Written in the tunnel.", "And still in the tunnel."]
        for text in own:
            await seller.write(text)
        await expect(seller.unsent).to_have_count(2)
        await seller.reads("Vous me recevez ?", *own)
        await buyer.reads("Vous me recevez ?", *missed)

        await line.mend()
        await seller.page.context.set_offline(False)
        await hears_of_everything(buyer, seller, "Vous me recevez ?", *missed, *own)
        assert await seller.page.evaluate(IS_THE_SAME_PAGE)

        # Live again, in both directions.
        await buyer.say("Vous revoilà.")
        await seller.say("Here I am.")
        await hears_of_everything(
            buyer, seller, "Vous me recevez ?", *missed, *own, "Vous revoilà.", "Here I am."
        )


async def test_a_message_whose_acknowledgement_got_lost_is_there_once(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await small_stage.server.order()
    async with line_to(small_stage.server.port) as line:
        buyer = await windows.open(line.url, order, "buyer")
        seller = await windows.open(small_stage.server.url, order, "seller")
        await buyer.say("Bonjour.")

        line.swallow_answers()
        await buyer.write("Est-ce arrivé ?")
        await seller.reads("Bonjour.", "Est-ce arrivé ?")
        await expect(buyer.unsent).to_have_count(1)

        await line.cut()
        await line.mend()
        await hears_of_everything(buyer, seller, "Bonjour.", "Est-ce arrivé ?")


async def test_what_was_written_offline_survives_a_reload(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await small_stage.server.order()
    async with line_to(small_stage.server.port) as line:
        buyer = await windows.open(line.url, order, "buyer")
        seller = await windows.open(small_stage.server.url, order, "seller")
        await line.cut()
        await buyer.write("Écrit sans réseau.")
        await expect(buyer.unsent).to_have_count(1)

        await line.mend()
        await buyer.page.reload()
        await hears_of_everything(buyer, seller, "Écrit sans réseau.")


async def test_who_closes_a_window_with_a_message_that_nobody_has_is_asked_first(
    small_stage: Stage, windows: Windows
) -> None:
    windows.forgive(*BROKEN)
    order = await small_stage.server.order()
    async with line_to(small_stage.server.port) as line:
        buyer = await windows.open(line.url, order, "buyer")
        await buyer.say("Arrivé.")
        await line.cut()
        await buyer.write("Pas encore parti.")
        await expect(buyer.unsent).to_have_count(1)
        async with buyer.page.expect_event("dialog") as asked:
            await buyer.page.close(run_before_unload=True)
        dialog = await asked.value
        assert dialog.type == "beforeunload"
        await dialog.dismiss()
        await buyer.reads("Arrivé.", "Pas encore parti.")

        await line.mend()
        await expect(buyer.unsent).to_have_count(0)
        async with buyer.page.expect_event("close"):
            await buyer.page.close(run_before_unload=True)
