"""The ways that media can take through the relay, for tests that run over each of them."""

from realtime.voice import native
from realtime.voice.forwarding import Forwarder, PlainForwarder
from realtime.voice.limits import VoiceLimits
from realtime.voice.native import NativeForwarder
from realtime.voice.sdp import Agreed
from realtime.voice.track import Media


def forwarders() -> dict[str, Forwarder]:
    """By name; a machine for the tests has a C compiler."""
    built = native.load()
    assert built is not None, "the tests need a C compiler: cc, gcc or clang"
    return {"python": PlainForwarder(), "native": NativeForwarder(built, 8)}


WAYS = ("python", "native")


class Way:
    """The way that the tests of a file run over at the moment."""

    def __init__(self) -> None:
        self._all = forwarders()
        self.forwarder = self._all["python"]

    def take(self, name: str) -> None:
        self.forwarder = self._all[name]
        assert self.forwarder.path == name

    def track(
        self,
        ssrc: int,
        agreed: Agreed,
        *,
        limits: VoiceLimits | None = None,
        sequence: int = 0,
        timestamp: int = 0,
    ) -> Media:
        return self.forwarder.track(
            limits or VoiceLimits(), ssrc, agreed, sequence=sequence, timestamp=timestamp
        )
