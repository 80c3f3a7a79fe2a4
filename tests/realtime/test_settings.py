"""What the environment says, and what is said when it says something wrong."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orders.events import OrderId, PersonId
from orders.policy import CallsBy
from realtime.settings import (
    LogLevel,
    Role,
    Settings,
    SettingsError,
    for_serving,
    read,
    sealing_key,
)

SECRETS = {
    "ORDER_ROOM_TOKEN_SECRET": "a-token-secret-that-is-long-enough-00",
    "ORDER_ROOM_SERVICE_KEY": "a-service-key-that-is-long-enough-000",
}
SCALED = {
    "ORDER_ROOM_DATABASE_URL": "postgresql+asyncpg://db.test/orders",
    "ORDER_ROOM_REDIS_URL": "redis://redis.test",
}


def test_an_empty_environment_says_where_it_serves_and_keeps_its_data() -> None:
    settings = read({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url.startswith("sqlite+aiosqlite:////")
    assert settings.database_url.endswith("/var/orders.sqlite3")
    assert settings.calls_by is CallsBy.BOTH


def test_everything_can_be_said() -> None:
    settings = read(
        {
            **SECRETS,
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "ORDER_ROOM_PUBLIC_URL": "https://room.shop.test/",
            "ORDER_ROOM_ORDER_URL": "https://shop.test/orders/{order}?as={person}",
            "ORDER_ROOM_ALLOWED_ORIGINS": " https://shop.test/ ,https://www.shop.test,",
            "ORDER_ROOM_CALLS_BY": "seller",
            "ORDER_ROOM_COMMANDS_PER_SECOND": "2.5",
            "ORDER_ROOM_LOG": "error",
            "UNRELATED": "ignored",
        }
    )
    assert settings.port == 9000
    assert settings.base_url == "https://room.shop.test"
    assert settings.allowed_origins == ("https://shop.test", "https://www.shop.test")
    assert settings.calls_by is CallsBy.SELLER
    assert settings.commands_per_second == 2.5
    assert settings.log is LogLevel.ERROR
    link = settings.link(OrderId("o_1"), PersonId("a b"))
    assert link == "https://shop.test/orders/o_1?as=a%20b"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ORDER_ROOM_CALLS_BY", "nobody"),
        ("ORDER_ROOM_COMMANDS_PER_SECOND", "0"),
        ("ORDER_ROOM_COMMANDS_PER_SECOND", "inf"),
        ("ORDER_ROOM_DRAIN", "inf"),
        ("ORDER_ROOM_DRAIN_NOTICE", "inf"),
        ("ORDER_ROOM_LOG", "loud"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        read({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDER_ROOM_SMTP_URL", "http://mail.test"),
        ("ORDER_ROOM_SMTP_URL", "smtp://mail..test"),
        ("ORDER_ROOM_MAIL_FROM", "not an address"),
        ("ORDER_ROOM_TOKEN_SECRET", "short"),
        ("ORDER_ROOM_SERVICE_KEY", "short"),
        ("ORDER_ROOM_TOKEN_SECRET", ""),
        ("ORDER_ROOM_SERVICE_KEY", ""),
        ("ORDER_ROOM_SERVICE_KEY", "une-clé-de-service-que-nul-en-tête-ne-porte"),
        ("ORDER_ROOM_SERVICE_KEY", "a-service-key-read-with-its-line-break-0\n"),
        ("ORDER_ROOM_METRICS_KEY", " a-metrics-key-that-begins-with-a-space-0"),
        ("ORDER_ROOM_DATABASE_URL", "postgres://me@db.test/orders"),
        ("ORDER_ROOM_DATABASE_URL", "postgresql://me@db.test/orders"),
        ("ORDER_ROOM_MEDIA_ADDRESS", "media.shop.test"),
        ("ORDER_ROOM_MEDIA_ADDRESS", "0.0.0.0"),
        ("ORDER_ROOM_PUBLIC_URL", "room.shop.test"),
        ("ORDER_ROOM_PUBLIC_URL", "https://room.shop.test/?from=mail"),
        ("ORDER_ROOM_ORDER_URL", "shop.test/orders/{order}"),
        ("ORDER_ROOM_ORDER_URL", "https://shop.test/orders/"),
        ("ORDER_ROOM_ORDER_URL", "https://shop.test/{order}?as={persona}"),
        ("ORDER_ROOM_AGAIN_URL", "javascript:{order}"),
        ("ORDER_ROOM_AGAIN_URL", "https://shop.test/{order}?as={person}"),
        ("ORDER_ROOM_POLICY", "48 hours"),
        ("ORDER_ROOM_POLICY", '{"brief_window": -1}'),
        ("ORDER_ROOM_POLICY", '{"brief_windows": 60}'),
        ("ORDER_ROOM_POLICY", '{"time_zone": "Europe/Nowhere"}'),
        ("ORDER_ROOM_POLICY", '{"country": "XX"}'),
    ],
)
def test_what_no_server_can_run_on_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}"):
        for_serving(read({**SECRETS, name: value}))


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ("https://Shop.Test", "https://shop.test"),
        ("https://shop.test:443", "https://shop.test"),
        ("http://shop.test:80/", "http://shop.test"),
        ("http://shop.test:8080", "http://shop.test:8080"),
        ("https://café.test", "https://xn--caf-dma.test"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_known_as_browsers_write_it(told: str, origin: str) -> None:
    assert read({"ORDER_ROOM_ALLOWED_ORIGINS": told}).allowed_origins == (origin,)


@pytest.mark.parametrize(
    "told",
    [
        "shop.test",
        "*",
        "null",
        "https://*.shop.test",
        "https://shop.test/room",
        "https://me@shop.test",
        "https://shop.test:port",
        "https://shop.test; https://www.shop.test",
        "https://shop.test https://www.shop.test",
    ],
)
def test_what_no_page_has_for_an_origin_is_named(told: str) -> None:
    with pytest.raises(SettingsError, match=r"^ORDER_ROOM_ALLOWED_ORIGINS: "):
        read({"ORDER_ROOM_ALLOWED_ORIGINS": f"https://fine.test,{told}"})


SHOP = {"ORDER_ROOM_ORDER_URL": "https://shop.test/orders/{order}"}
ROOM = {"ORDER_ROOM_PUBLIC_URL": "https://room.shop.test"}
MAILS = {**SECRETS, "ORDER_ROOM_SMTP_URL": "smtp://127.0.0.1"}


@pytest.mark.parametrize(
    ("role", "environment", "missing"),
    [
        (Role.ALL, {}, "ORDER_ROOM_ORDER_URL"),
        (Role.ALL, {**ROOM}, "ORDER_ROOM_ORDER_URL"),
        (Role.ALL, {**SHOP, "HOST": "0.0.0.0"}, "ORDER_ROOM_PUBLIC_URL"),
        (Role.ALL, {**SHOP, "HOST": "::"}, "ORDER_ROOM_PUBLIC_URL"),
        (Role.WORKER, {**SHOP}, "ORDER_ROOM_PUBLIC_URL"),
    ],
)
def test_mails_are_not_sent_with_links_that_lead_nowhere(
    role: Role, environment: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is missing: "):
        for_serving(read({**MAILS, **SCALED, **environment}, role=role))


@pytest.mark.parametrize(
    ("role", "environment"),
    [
        (Role.ALL, {**SHOP}),
        (Role.ALL, {**SHOP, **ROOM, "HOST": "0.0.0.0"}),
        (Role.WORKER, {**SHOP, **ROOM}),
        (Role.GATEWAY, {}),
    ],
)
def test_whoever_sends_mails_whose_links_lead_somewhere_starts(
    role: Role, environment: dict[str, str]
) -> None:
    for_serving(read({**MAILS, **SCALED, **environment}, role=role))


def test_a_demo_makes_its_secrets_once_and_keeps_them_to_itself(tmp_path: Path) -> None:
    var = {"ORDER_ROOM_VAR": str(tmp_path / "var")}
    settings, secret = for_serving(read(var, demo=True))
    again, same = for_serving(read(var, demo=True))
    assert secret.reveal() == same.reveal()
    assert settings.service_key is not None
    assert again.service_key is not None
    assert settings.service_key.reveal() == again.service_key.reveal() != secret.reveal()
    for name in ("token-secret", "service-key"):
        assert stat.S_IMODE((tmp_path / "var" / name).stat().st_mode) == 0o600


def test_a_secret_is_shown_nowhere() -> None:
    settings = read({**SECRETS, "ORDER_ROOM_SMTP_URL": "smtp://me:password@mail.test"})
    shown = f"{settings!r} {settings} {settings.token_secret} {settings.smtp_url!r}"
    for secret in (*SECRETS.values(), "password"):
        assert secret not in shown


def test_processes_that_start_together_keep_the_same_key(tmp_path: Path) -> None:
    for n in range(20):
        settings = read({**SECRETS, "ORDER_ROOM_VAR": str(tmp_path / f"{n}")})
        together = threading.Barrier(8)

        def start(settings: Settings = settings, together: threading.Barrier = together) -> str:
            together.wait()
            return sealing_key(settings).public.kid

        with ThreadPoolExecutor(8) as processes:
            keys = {started.result() for started in [processes.submit(start) for _ in range(8)]}
        assert len(keys) == 1
        assert [kept.name for kept in settings.var.iterdir()] == ["record-key"]
