"""What we lean on in aiortc, aioice and pylibsrtp, and have no promise for."""

import ast
import inspect
import re
from importlib.metadata import version
from pathlib import Path

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from pylibsrtp import Policy, Session, _binding

from realtime.voice import adapter, peer_leg
from realtime.voice.adapter import Identity, InPlace, Keys

VOICE = Path(inspect.getfile(adapter)).parent


def test_the_libraries_are_the_ones_the_private_names_were_read_in() -> None:
    pins = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0"}
    assert {name: version(name) for name in pins} == pins


def test_every_private_name_that_the_adapter_uses_exists() -> None:
    owners: dict[str, object] = {
        "aiortc.RTCCertificate": RTCCertificate,
        "aiortc.RTCDtlsTransport": RTCDtlsTransport(None, [Identity().certificate]),  # type: ignore[arg-type]
        "pylibsrtp.Session": Session(),
        "pylibsrtp._binding": _binding,
        "pylibsrtp._binding.lib": _binding.lib,
    }
    for name in adapter.PRIVATE_NAMES:
        owner, _, attribute = name.rpartition(".")
        assert hasattr(owners[owner], attribute), name


def test_the_handshake_asks_its_transport_for_nothing_but_what_ours_has() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = set(re.findall(r"self\.transport\.(\w+)", source))
    # The role is asked for only where none was set, and we set it.
    assert used == {"_recv", "_send", "role"}


LISTED = {
    Path(each.__file__ or "").name: {
        part for name in each.PRIVATE_NAMES for part in name.split(".") if part[0] == "_"
    }
    for each in (adapter, peer_leg)
}


def private_names(path: Path) -> set[str]:
    """Private names of others that a file uses: imported, or looked up on what is not `self`.

    A file may call its own objects' by their names, but not by names that libraries have too.
    """
    found: set[str] = set()
    own: set[str] = set()
    for each in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(each, ast.ImportFrom):
            found |= {name.name for name in each.names}
        elif isinstance(each, ast.Attribute):
            (own if ast.unparse(each.value) == "self" else found).add(each.attr)
    own -= set().union(*LISTED.values())
    return {name for name in found - own if name.startswith("_") and not name.startswith("__")}


def test_every_private_name_in_use_is_on_the_list_of_its_file_and_no_other_file_has_any() -> None:
    used = {path.name: private_names(path) for path in VOICE.glob("*.py")}
    assert {name: names for name, names in used.items() if names} == LISTED


def sessions() -> Keys:
    def policy(kind: int) -> Policy:
        return Policy(
            key=bytes(range(30)),
            ssrc_type=kind,
            srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        )

    return Keys(Session(policy(Policy.SSRC_ANY_INBOUND)), Session(policy(Policy.SSRC_ANY_OUTBOUND)))


def test_in_place_makes_what_the_librarys_own_method_makes() -> None:
    packet = b"\x80\x60\x00\x01" + bytes(8) + b"speech"
    keys, srtp = sessions(), InPlace(2_048)
    srtp.buffer[: len(packet)] = packet
    size = srtp.protect(keys, len(packet))
    assert size == len(packet) + 10
    assert sessions()._rx.unprotect(bytes(srtp.view[:size])) == packet
    assert srtp.unprotect(keys, size) == len(packet)
    assert srtp.buffer[: len(packet)] == packet


@pytest.mark.parametrize("size", [0, 5, 40])
def test_what_is_not_authentic_is_no_packet(size: int) -> None:
    srtp = InPlace(2_048)
    srtp.buffer[:2] = b"\x80\x60"
    assert srtp.unprotect(sessions(), size) == 0


def test_reports_that_are_not_authentic_are_none() -> None:
    keys = sessions()
    assert keys.read_report(b"\x80\xc8\x00\x06" + bytes(40)) is None
    sealed = keys.seal_report(b"\x80\xc9\x00\x01" + bytes(4))
    assert sealed is not None
    assert keys.read_report(sealed) == b"\x80\xc9\x00\x01" + bytes(4)
    assert keys.seal_report(bytes(1_500)) is None


def test_libsrtps_functions_have_addresses() -> None:
    assert all(adapter.srtp_functions())
    assert len(set(adapter.srtp_functions())) == 2
    assert pylibsrtp.__version__ == "1.0.0"
