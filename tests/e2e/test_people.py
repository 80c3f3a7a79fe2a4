"""Whom the tests with a browser play with."""

from tests.browser import PHONE, People


async def test_two_people_have_a_chromium_context_each(people: People) -> None:
    buyer = await people.arrive()
    seller = await people.arrive(locale="en-GB", size=PHONE, dark=True)
    await buyer.goto("about:blank")
    await seller.goto("about:blank")
    assert await buyer.evaluate("navigator.language") == "fr-FR"
    assert await seller.evaluate("[navigator.language, screen.width]") == ["en-GB", 390]
    assert await seller.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


async def test_a_person_has_a_fake_microphone(people: People) -> None:
    page = await people.arrive()
    # Microphones exist for localhost and HTTPS only, and about:blank is neither.
    await page.route("http://localhost/", lambda route: route.fulfill(body="a page"))
    await page.goto("http://localhost/")
    tracks = await page.evaluate(
        "navigator.mediaDevices.getUserMedia({audio: true}).then(s => s.getAudioTracks().length)"
    )
    assert tracks == 1
