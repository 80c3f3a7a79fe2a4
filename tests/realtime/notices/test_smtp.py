"""Mails reach a server over an encrypted line, and who we are is told over nothing else."""

from pathlib import Path
from urllib.parse import quote

import pytest

from realtime.notices.smtp import Accepted, Failed, Line, Outcome, Refused, SmtpSettings
from tests.certificates import Certificate, certificate
from tests.mail import MailServer, mail_server

USER, PASSWORD = "room@shop.test", "correct horse: é/@%"
LOGIN = (USER, PASSWORD)
MAIL = b"From: room@shop.test\r\nTo: tom@post.test\r\nSubject: Bonjour\r\n\r\nBonjour !\r\n"


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    """A certificate that only this test's server shows."""
    return certificate(tmp_path)


@pytest.fixture
def trusted(own: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """The same, trusted by this process as a machine trusts its own authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own.trusted))
    return own


async def hand_over(
    server: MailServer, scheme: str, user: str = USER, password: str = PASSWORD
) -> Outcome:
    told = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    settings = SmtpSettings.parse(f"{scheme}://{told}{server.host}:{server.port}")
    async with Line(settings) as line:
        return await line.deliver("room@shop.test", "tom@post.test", MAIL)


@pytest.mark.parametrize(("scheme", "at_once"), [("smtps", True), ("smtp+starttls", False)])
async def test_a_mail_is_handed_over_encrypted_by_whoever_knows_the_password(
    trusted: Certificate, scheme: str, at_once: bool
) -> None:
    async with mail_server(trusted.server, at_once=at_once, login=LOGIN) as server:
        assert await hand_over(server, scheme) == Accepted()
        [kept] = await server.expect(to="tom@post.test")
        assert kept.message["Subject"] == "Bonjour"
        assert server.logins == [LOGIN]


async def test_several_mails_share_an_encrypted_line_and_one_login(trusted: Certificate) -> None:
    async with mail_server(trusted.server, login=LOGIN) as server:
        settings = SmtpSettings(
            server.host, server.port, SmtpSettings.parse("smtp+starttls://x").encryption, *LOGIN
        )
        async with Line(settings) as line:
            for _ in range(3):
                assert await line.deliver("room@shop.test", "t@post.test", MAIL) == Accepted()
        assert len(server.received) == 3
        assert server.logins == [LOGIN]


@pytest.mark.parametrize(("scheme", "at_once"), [("smtps", True), ("smtp+starttls", False)])
async def test_a_server_that_cannot_prove_who_it_is_gets_neither_mail_nor_password(
    own: Certificate, scheme: str, at_once: bool
) -> None:
    async with mail_server(own.server, at_once=at_once, login=LOGIN) as server:
        _outage(await hand_over(server, scheme))
        assert (server.logins, server.attempts) == ([], [])


@pytest.mark.parametrize(("scheme", "at_once"), [("smtps", True), ("smtp+starttls", False)])
async def test_a_certificate_for_another_address_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, at_once: bool
) -> None:
    other = certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.trusted))
    async with mail_server(other.server, at_once=at_once, login=LOGIN) as server:
        _outage(await hand_over(server, scheme))
        assert (server.logins, server.attempts) == ([], [])


async def test_where_encryption_is_asked_for_and_not_offered_nothing_is_told() -> None:
    async with mail_server(login=LOGIN) as server:
        _outage(await hand_over(server, "smtp+starttls"))
        assert (server.logins, server.attempts) == ([], [])


async def test_a_wrong_password_is_our_mistake_and_costs_no_mail(trusted: Certificate) -> None:
    async with mail_server(trusted.server, login=LOGIN) as server:
        told = _outage(await hand_over(server, "smtp+starttls", password="wrong"))
        assert told.why.startswith("535")
        assert "wrong" not in told.why
        assert server.attempts == []
        assert await hand_over(server, "smtp+starttls") == Accepted()


async def test_a_server_that_wants_a_login_we_lack_fails_for_now(trusted: Certificate) -> None:
    async with mail_server(trusted.server, login=LOGIN) as server:
        told = _outage(await hand_over(server, "smtp+starttls", user=""))
        assert told.why.startswith("530")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("550 5.1.1 No such mailbox", Refused),
        ("552 5.2.2 Mailbox full", Refused),
        ("554 5.7.1 Relay access denied", Failed),
        ("550 5.7.26 This mail is not authenticated", Failed),
        ("530 5.7.0 Authentication required", Failed),
        ("554 No such user", Refused),
    ],
)
async def test_who_may_not_send_is_our_mistake_and_no_recipients(
    reply: str, outcome: type[Refused | Failed]
) -> None:
    async with mail_server() as server:
        server.refused["tom@post.test"] = reply
        told = await hand_over(server, "smtp", user="")
    assert isinstance(told, outcome)
    assert told.why == reply


async def test_a_line_that_is_spoken_plainly_where_encryption_was_expected_fails_for_now(
    trusted: Certificate,
) -> None:
    async with mail_server() as server:
        _outage(await hand_over(server, "smtps"))
        assert server.logins == []


@pytest.mark.parametrize("host", ["mail.shop.test", "10.0.0.7", "[2001:db8::7]"])
def test_a_password_is_never_sent_in_the_clear_to_another_machine(host: str) -> None:
    with pytest.raises(ValueError, match="smtps") as refused:
        SmtpSettings.parse(f"smtp://room:secret@{host}:25")
    assert "secret" not in str(refused.value)
    assert SmtpSettings.parse(f"smtp://{host}:25").user == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_on_this_machine_it_may_be(host: str) -> None:
    assert SmtpSettings.parse(f"smtp://room:secret@{host}:25").password == "secret"


def _outage(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed)
    assert outcome.outage
    return outcome
