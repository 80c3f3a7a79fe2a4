"""What a browser may offer, and the one answer it gets."""

import re

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import SdpRefused
from realtime.voice.adapter import write_answer
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import (
    OPUS_PROFILE,
    Agreed,
    Candidate,
    Transport,
    advertised,
    read_offer,
)
from tests.realtime.voice.offers import CHROMIUM, FIREFOX

LIMITS = VoiceLimits()
INSIDE = (
    Candidate(foundation="1", priority=2130706431, host="192.0.2.2", port=50_000),
    Candidate(foundation="2", priority=2130706430, host="2001:db8::2", port=50_001),
)


def refusal(text: str) -> dict[str, object]:
    with pytest.raises(SdpRefused) as refused:
        read_offer(text, LIMITS)
    return dict(refused.value.facts)


def answer(text: str, *, redundant: bool = False, lite: bool = False) -> str:
    transport = Transport(ufrag="abcd", password="p" * 22, fingerprint="AA:BB", candidates=INSIDE)
    return write_answer(
        read_offer(text, LIMITS),
        transport,
        ssrc=77,
        cname="us",
        identifier=5,
        redundant=redundant,
        lite=lite,
    )


def test_chromium_and_firefox_are_understood() -> None:
    assert read_offer(CHROMIUM, LIMITS).agreed == Agreed(
        opus=111, red=63, telephone_event=110, audio_level=1, mid=4
    )
    # Firefox offers dialled digits at 8 kHz only, which Opus cannot carry beside it.
    assert read_offer(FIREFOX, LIMITS).agreed == Agreed(opus=109, audio_level=1, mid=3)


def test_bare_line_feeds_are_read_like_the_real_line_ends() -> None:
    assert read_offer(CHROMIUM.replace("\r\n", "\n"), LIMITS) == read_offer(CHROMIUM, LIMITS)


def test_the_answer_asks_for_mono_speech_with_repair_and_silence() -> None:
    lines = answer(CHROMIUM).split("\r\n")
    assert f"a=fmtp:111 {OPUS_PROFILE}" in lines
    for wish in ("useinbandfec=1", "usedtx=1", "stereo=0", "maxaveragebitrate=32000"):
        assert wish in OPUS_PROFILE


def test_the_answer_names_only_what_both_use() -> None:
    text = answer(CHROMIUM)
    assert re.findall(r"a=rtpmap:(\d+) ", text) == ["111", "63", "110"]
    assert re.findall(r"a=extmap:(\d+) ", text) == ["1", "4"]
    assert "m=audio 50000 UDP/TLS/RTP/SAVPF 111 63 110\r\n" in text
    assert "a=end-of-candidates\r\n" in text


WHOLE = """\
v=0
o=- 5 1 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-lite
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=audio 50000 UDP/TLS/RTP/SAVPF 63 111 110
c=IN IP4 192.0.2.2
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=mid:0
a=msid:us voice
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc:77 cname:us
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxaveragebitrate=32000
a=rtpmap:110 telephone-event/48000
a=candidate:1 1 udp 2130706431 192.0.2.2 50000 typ host
a=candidate:2 1 udp 2130706430 2001:db8::2 50001 typ host
a=end-of-candidates
a=ice-ufrag:abcd
a=ice-pwd:pppppppppppppppppppppp
a=fingerprint:sha-256 AA:BB
a=setup:active
"""


def test_the_answer_is_word_for_word_this_one() -> None:
    """Written by `aiortc.sdp`: another version of it does not change what browsers get unseen."""
    assert answer(CHROMIUM, redundant=True, lite=True) == WHOLE.replace("\n", "\r\n")


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX])
def test_what_the_answer_says_is_what_another_reader_hears(offer: str) -> None:
    text = answer(offer, lite=True)
    assert str(SessionDescription.parse(text)) == text
    media = SessionDescription.parse(text).media[0]
    assert media.ice is not None
    assert (media.ice.iceLite, media.ice.usernameFragment) == (True, "abcd")
    assert media.ssrc[0].ssrc == 77
    assert [each.port for each in media.ice_candidates] == [50_000, 50_001]


def test_frames_are_sent_twice_only_where_that_is_asked_and_was_offered() -> None:
    assert "SAVPF 111 63 110" in answer(CHROMIUM)
    assert "SAVPF 63 111 110" in answer(CHROMIUM, redundant=True)
    assert "red/" not in answer(FIREFOX, redundant=True)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("actpass", "active"), ("passive", "active"), ("active", "passive")]
)
def test_we_begin_the_handshake_unless_the_browser_insists(theirs: str, ours: str) -> None:
    text = answer(CHROMIUM.replace("a=setup:actpass", f"a=setup:{theirs}"))
    assert f"a=setup:{ours}\r\n" in text


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX])
def test_the_library_never_sees_the_browsers_addresses_or_codecs(offer: str) -> None:
    reduced = read_offer(offer, LIMITS).reduced()
    assert "candidate" not in reduced
    assert "G722" not in reduced
    assert SessionDescription.parse(reduced).media[0].rtp.codecs[0].name == "opus"


def test_behind_a_one_to_one_nat_the_outside_address_is_told() -> None:
    shown = advertised(INSIDE, "203.0.113.9")
    assert [(each.host, each.port) for each in shown] == [("203.0.113.9", 50_000)]
    assert advertised(INSIDE, None) == INSIDE


def test_video_is_refused() -> None:
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
    assert refusal(CHROMIUM + video) == {"reason": "has_video"}


def test_an_offer_without_opus_is_refused() -> None:
    assert refusal(CHROMIUM.replace("opus", "silk")) == {"reason": "no_opus"}


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("bytes", "a=x:" + "y" * 16_384 + "\r\n"),
        ("lines", "a=x\r\n" * 256),
        ("candidates", "a=candidate:1 1 udp 1 198.51.100.7 9 typ host\r\n" * 64),
    ],
)
def test_what_is_too_large_is_refused_with_its_limit(what: str, more: str) -> None:
    facts = refusal(CHROMIUM + more)
    assert facts["reason"] == "too_large"
    assert facts["what"] == what
    assert isinstance(facts["limit"], int)


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("v", "v=0", "v=1"),
        ("v", "s=-", "nonsense"),
        ("text", "s=-", "s=é"),
        ("m", "UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        ("m", "m=audio 9", "m=application 9"),
        ("m", "126\r\n", "999\r\n"),
        ("rtcp-mux", "a=rtcp-mux\r\n", ""),
        ("direction", "a=sendrecv", "a=recvonly"),
        ("direction", "a=setup:actpass", "a=setup:actpass\r\na=ice-lite"),
        ("ice-ufrag", "a=ice-ufrag:TUGr", "a=ice-ufrag:T"),
        ("ice-pwd", "a=ice-pwd:oBcb0zRF/PwTZ5ahOoMf0FOY\r\n", ""),
        ("fingerprint", "92:3E", "92"),
        ("fingerprint", "a=fingerprint:sha-256", "a=fingerprint:md5"),
        ("setup", "a=setup:actpass", "a=setup:holdconn"),
        ("mid", "a=mid:0", "a=mid:" + "0" * 17),
        ("rtpmap", "a=rtpmap:111 ", "a=rtpmap:112 "),
        ("rtpmap", "a=rtpmap:110 ", "a=rtpmap:111 "),
        ("extmap", "a=extmap:1 ", "a=extmap:one "),
    ],
)
def test_a_line_at_fault_is_named(where: str, old: str, new: str) -> None:
    assert old in CHROMIUM
    assert refusal(CHROMIUM.replace(old, new)) == {"reason": "invalid", "where": where}


@given(st.text() | st.text(alphabet="vmac=:0 \r\n-/"))
def test_nonsense_is_refused_and_never_breaks_the_reader(text: str) -> None:
    assert "reason" in refusal(text)


@given(st.lists(st.integers(0, 60)), st.lists(st.text(max_size=30), max_size=3))
def test_a_mutilated_offer_is_read_or_refused(dropped: list[int], added: list[str]) -> None:
    lines = CHROMIUM.split("\r\n")
    kept = [line for index, line in enumerate(lines) if index not in dropped]
    try:
        offer = read_offer("\r\n".join(kept + added), LIMITS)
    except SdpRefused as refused:
        assert refused.facts["reason"]  # noqa: PT017 - either outcome is right
    else:
        SessionDescription.parse(offer.reduced())
