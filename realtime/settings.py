"""What the environment says: one typed struct. The README's table lists it for people.

`ORDER_ROOM_RECORD_KEY` is an Ed25519 key: the path of an unencrypted PKCS8 file, or 32 bytes in
base64. All processes of one service need the same. Who sets another keeps publishing the public
half of the old one, so that records taken home earlier still verify: each of
`ORDER_ROOM_RECORD_KEYS_RETIRED` is the path of what `/.well-known/order-room-record-keys` said
then, or of a PEM public key.

`ORDER_ROOM_POLICY` is an object with fields of `orders.policy.Policy`, such as
`{"brief_window": 86400}`: the marketplace's own settings, which an order may override.
In `ORDER_ROOM_ORDER_URL` the words `{order}` and `{person}` are filled in; mails link there.
In `ORDER_ROOM_AGAIN_URL` the word `{order}` is; the buyer of an ended order finds it there.
Secrets are wrapped: they appear in no representation and no log.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from redis.asyncio.connection import parse_url

from orders import money
from orders.events import OrderId, PersonId
from orders.policy import CallsBy, Policy
from orders.record import SEED_BYTES, KeySet, SealingKey, published, read_keys
from realtime import addresses
from realtime.files.clamd import Away, Clamd
from realtime.notices.mail import Sender
from realtime.notices.smtp import SmtpSettings
from realtime.voice.plane import MediaPath
from realtime.voice.turn import Turn, checked

SECRET_MIN = 32
"""Characters of a secret: 256 bits in hex are 64, a strong passphrase is about 32."""

DATABASES = ("sqlite+aiosqlite://", "postgresql+asyncpg://")


class SettingsError(Exception):
    """The environment does not describe a server; the message names the variable."""


class Secret:
    """A value that must not be shown. `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep it."""
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Role(StrEnum):
    """What one process does. Only a process of the first kind can be alone."""

    ALL = "serve"
    GATEWAY = "gateway"
    """Sockets and HTTP."""
    WORKER = "worker"
    """Deadlines, mails and files that nobody waits for."""
    MEDIA = "media"
    """The sound of calls."""

    @property
    def serves_people(self) -> bool:
        """Whether browsers and the marketplace's backend come here."""
        return self in {Role.ALL, Role.GATEWAY}

    @property
    def works(self) -> bool:
        """Whether deadlines, mails and files are looked after here."""
        return self in {Role.ALL, Role.WORKER}

    @property
    def carries_calls(self) -> bool:
        """Whether the sound of calls passes here."""
        return self in {Role.ALL, Role.MEDIA}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process; see the table above."""

    host: str = msgspec.field(name="HOST", default="127.0.0.1")
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = msgspec.field(name="PORT", default=8000)
    database_url: str = msgspec.field(name="ORDER_ROOM_DATABASE_URL", default="")
    redis_url: Secret | None = msgspec.field(name="ORDER_ROOM_REDIS_URL", default=None)
    redis_prefix: str = msgspec.field(name="ORDER_ROOM_REDIS_PREFIX", default="order-room")
    bus_partitions: Annotated[int, msgspec.Meta(ge=1, le=4096)] = msgspec.field(
        name="ORDER_ROOM_BUS_PARTITIONS", default=1
    )
    bus_sharded: bool = msgspec.field(name="ORDER_ROOM_BUS_SHARDED", default=False)
    var: Path = msgspec.field(name="ORDER_ROOM_VAR", default=Path("var"))
    service_key: Secret | None = msgspec.field(name="ORDER_ROOM_SERVICE_KEY", default=None)
    token_secret: Secret | None = msgspec.field(name="ORDER_ROOM_TOKEN_SECRET", default=None)
    metrics_key: Secret | None = msgspec.field(name="ORDER_ROOM_METRICS_KEY", default=None)
    otel_url: str = msgspec.field(name="ORDER_ROOM_OTEL_URL", default="")
    record_key: Secret | None = msgspec.field(name="ORDER_ROOM_RECORD_KEY", default=None)
    record_keys_retired: str = msgspec.field(name="ORDER_ROOM_RECORD_KEYS_RETIRED", default="")
    public_url: str = msgspec.field(name="ORDER_ROOM_PUBLIC_URL", default="")
    order_url: str = msgspec.field(name="ORDER_ROOM_ORDER_URL", default="")
    again_url: str = msgspec.field(name="ORDER_ROOM_AGAIN_URL", default="")
    allowed_origins: tuple[str, ...] = msgspec.field(name="ORDER_ROOM_ALLOWED_ORIGINS", default=())
    smtp_url: Secret | None = msgspec.field(name="ORDER_ROOM_SMTP_URL", default=None)
    mail_from: str = msgspec.field(name="ORDER_ROOM_MAIL_FROM", default="room@example.org")
    media_address: str = msgspec.field(name="ORDER_ROOM_MEDIA_ADDRESS", default="")
    media_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = msgspec.field(
        name="ORDER_ROOM_MEDIA_PORT", default=0
    )
    media_path: MediaPath = msgspec.field(name="ORDER_ROOM_MEDIA_PATH", default=MediaPath.AUTO)
    turn_urls: tuple[str, ...] = msgspec.field(name="ORDER_ROOM_TURN_URLS", default=())
    turn_secret: Secret | None = msgspec.field(name="ORDER_ROOM_TURN_SECRET", default=None)
    calls_by: CallsBy = msgspec.field(name="ORDER_ROOM_CALLS_BY", default=CallsBy.BOTH)
    policy: str = msgspec.field(name="ORDER_ROOM_POLICY", default="{}")
    outage_least: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(
        name="ORDER_ROOM_OUTAGE_LEAST", default=300
    )
    commands_per_second: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = msgspec.field(
        name="ORDER_ROOM_COMMANDS_PER_SECOND", default=20.0
    )
    drain: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = msgspec.field(
        name="ORDER_ROOM_DRAIN", default=None
    )
    drain_notice: Annotated[float, msgspec.Meta(ge=0, le=3600)] = msgspec.field(
        name="ORDER_ROOM_DRAIN_NOTICE", default=0.0
    )
    clamd: str = msgspec.field(name="ORDER_ROOM_CLAMD", default="")
    scanner_away: Away = msgspec.field(name="ORDER_ROOM_SCANNER_AWAY", default=Away.HOLD)
    files_url: str = msgspec.field(name="ORDER_ROOM_FILES_URL", default="")
    s3_endpoint: str = msgspec.field(name="ORDER_ROOM_S3_ENDPOINT", default="")
    s3_region: str = msgspec.field(name="ORDER_ROOM_S3_REGION", default="")
    s3_key: Secret | None = msgspec.field(name="ORDER_ROOM_S3_KEY", default=None)
    s3_secret: Secret | None = msgspec.field(name="ORDER_ROOM_S3_SECRET", default=None)
    log: LogLevel = msgspec.field(name="ORDER_ROOM_LOG", default=LogLevel.INFO)
    demo: bool = False
    role: Role = Role.ALL

    @property
    def shortest_outage(self) -> timedelta | None:
        """How long we must be away for people to be given the time back; None for never."""
        return timedelta(seconds=self.outage_least) if self.outage_least else None

    @property
    def turn(self) -> Turn | None:
        """The TURN server that browsers are sent to, if there is one."""
        if not self.turn_urls or self.turn_secret is None:
            return None
        return Turn(self.turn_urls, self.turn_secret.reveal())

    @property
    def base_url(self) -> str:
        """Where browsers reach us, without a slash at the end."""
        return self.public_url.rstrip("/") or addresses.near(self.host, self.port)

    def again_link(self, order: OrderId) -> str:
        """Return where the shop sells what this order was about; empty if it does not say."""
        return self.again_url.replace("{order}", quote(order))

    def link(self, order: OrderId, person: PersonId) -> str:
        """Return where a mail sends this person to find their order; no token is in it."""
        page = self.order_url
        if not page:
            page = "/demo/as/{person}?order={order}" if self.demo else "/orders/{order}"
            page = self.base_url + page
        return page.replace("{order}", quote(order)).replace("{person}", quote(person))


def read(environment: Mapping[str, str], *, demo: bool = False, role: Role = Role.ALL) -> Settings:
    """Read the settings. Raises `SettingsError` naming the variable that is wrong.

    In demo mode missing secrets are made once and kept in `ORDER_ROOM_VAR`, readable by the
    owner only.
    """
    known = {field.encode_name for field in msgspec.structs.fields(Settings)} - {"demo", "role"}
    told: dict[str, Any] = {k: v for k, v in environment.items() if k in known and v != ""}
    origins = told.get("ORDER_ROOM_ALLOWED_ORIGINS", "")
    try:
        told["ORDER_ROOM_ALLOWED_ORIGINS"] = [
            addresses.origin(part.strip()) for part in origins.split(",") if part.strip()
        ]
    except ValueError as error:
        raise SettingsError(f"ORDER_ROOM_ALLOWED_ORIGINS: {error}") from None
    turns = told.get("ORDER_ROOM_TURN_URLS", "")
    told["ORDER_ROOM_TURN_URLS"] = [part.strip() for part in turns.split(",") if part.strip()]
    if demo:  # a person watches this terminal
        told.setdefault("ORDER_ROOM_LOG", LogLevel.WARNING)
    try:
        settings = msgspec.convert(told, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`").partition("[")[0]
        raise SettingsError(f"{name}: {what}") from None
    var = settings.var
    if settings.database_url and not settings.database_url.startswith(DATABASES):
        raise SettingsError(f"ORDER_ROOM_DATABASE_URL: it begins with {' or '.join(DATABASES)}")
    if demo:
        check_folder(var)
    return msgspec.structs.replace(
        settings,
        demo=demo,
        role=role,
        database_url=settings.database_url
        or f"sqlite+aiosqlite:///{(var / 'orders.sqlite3').absolute()}",
        service_key=settings.service_key or (_kept(var, "service-key") if demo else None),
        token_secret=settings.token_secret or (_kept(var, "token-secret") if demo else None),
        metrics_key=settings.metrics_key or (_kept(var, "metrics-key") if demo else None),
    )


def for_serving(settings: Settings) -> tuple[Settings, Secret]:
    """Return the settings and what signs tokens, if a server can run on them.

    Raises `SettingsError` naming what is missing or wrong.
    """
    for name, secret in (
        ("ORDER_ROOM_TOKEN_SECRET", settings.token_secret),
        ("ORDER_ROOM_SERVICE_KEY", settings.service_key),
    ):
        if secret is None:
            raise SettingsError(
                f"{name} is missing. Set it to a random value of at least {SECRET_MIN}"
                " characters, or start with --demo to try the room."
            )
        if len(secret.reveal()) < SECRET_MIN:
            raise SettingsError(f"{name} is too short: it needs {SECRET_MIN} characters.")
    if settings.metrics_key is not None and len(settings.metrics_key.reveal()) < SECRET_MIN:
        raise SettingsError(
            f"ORDER_ROOM_METRICS_KEY is too short: it needs {SECRET_MIN} characters."
        )
    for name, key in (
        ("ORDER_ROOM_SERVICE_KEY", settings.service_key),
        ("ORDER_ROOM_METRICS_KEY", settings.metrics_key),
    ):
        if key is not None and not _BEARER.fullmatch(key.reveal()):
            raise SettingsError(
                f"{name}: no header carries it as it is. Use letters, digits and signs of ASCII,"
                " with no space or line break at its ends."
            )
    if settings.role is not Role.ALL and settings.redis_url is None:
        raise SettingsError(
            f"ORDER_ROOM_REDIS_URL is missing: a {settings.role} is one of several processes."
            " Everything in one process is started by serve."
        )
    if settings.role is not Role.ALL and settings.database_url.startswith("sqlite"):
        raise SettingsError(
            f"ORDER_ROOM_DATABASE_URL: a {settings.role} is one of several processes, which"
            " share a PostgreSQL."
        )
    if settings.redis_url is not None:
        try:
            parse_url(settings.redis_url.reveal())
        except ValueError:
            raise SettingsError("ORDER_ROOM_REDIS_URL: not a redis:// or rediss:// URL") from None
    _check_policy(settings)
    try:
        if settings.clamd:
            Clamd(settings.clamd, within=1.0)
    except ValueError as error:
        raise SettingsError(f"ORDER_ROOM_CLAMD: {error}") from None
    _check_addresses(settings)
    if settings.files_url and not _BUCKET.fullmatch(settings.files_url):
        raise SettingsError("ORDER_ROOM_FILES_URL: not an s3://bucket/prefix URL")
    for name, parse, value in (
        ("ORDER_ROOM_SMTP_URL", SmtpSettings.parse, settings.smtp_url),
        ("ORDER_ROOM_MAIL_FROM", Sender.parse, Secret(settings.mail_from)),
    ):
        try:
            if value is not None:
                parse(value.reveal())
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from None
    try:
        checked(settings.turn_urls)
    except ValueError as error:
        raise SettingsError(f"ORDER_ROOM_TURN_URLS: {error}") from None
    _check_mails(settings)
    if bool(settings.turn_urls) is (settings.turn_secret is None):
        raise SettingsError("ORDER_ROOM_TURN_SECRET and ORDER_ROOM_TURN_URLS need each other.")
    if settings.record_key is not None:
        published_keys(settings, sealing_key(settings))
    if settings.token_secret is None:
        raise AssertionError(settings)
    return settings, settings.token_secret


def _check_policy(settings: Settings) -> None:
    try:
        told = msgspec.json.decode(settings.policy, type=Policy)
    except msgspec.DecodeError as error:
        raise SettingsError(f"ORDER_ROOM_POLICY: {error}") from None
    if not money.knows_country(told.country):
        raise SettingsError(f"ORDER_ROOM_POLICY: nobody knows the holidays of {told.country}")
    if not money.knows_time_zone(told.time_zone):
        raise SettingsError(f"ORDER_ROOM_POLICY: {told.time_zone} is not the name of a time zone")


def _check_mails(settings: Settings) -> None:
    """Refuse to send mails whose links lead nowhere; in demo mode the pages are our own."""
    if settings.smtp_url is None or settings.demo or not settings.role.works:
        return
    if not settings.order_url:
        raise SettingsError(
            "ORDER_ROOM_ORDER_URL is missing: every mail has a button that leads to the order's"
            " page in the shop."
        )
    # what a worker listens on is nobody's address, and neither is every address of the machine
    unknown = settings.role is not Role.ALL or settings.host in addresses.EVERY
    if unknown and not settings.public_url:
        raise SettingsError(
            "ORDER_ROOM_PUBLIC_URL is missing: mails have links that answer, which lead to where"
            " browsers reach the room."
        )


def _check_addresses(settings: Settings) -> None:
    again = settings.again_url
    if again.startswith("/"):  # of the page that embeds the room
        again = f"http://localhost{again}"
    for name, check, value in (
        ("ORDER_ROOM_PUBLIC_URL", addresses.check_base, settings.public_url),
        ("ORDER_ROOM_ORDER_URL", addresses.of_order_and_person, settings.order_url),
        ("ORDER_ROOM_AGAIN_URL", addresses.of_order, again),
        ("ORDER_ROOM_MEDIA_ADDRESS", addresses.check_ip, settings.media_address),
    ):
        try:
            if value:
                check(value)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from None


def published_keys(settings: Settings, current: SealingKey) -> KeySet:
    """Return the keys that records are and were sealed with, the current one first.

    Raises `SettingsError` if a file of retired keys cannot be read.
    """
    keys = {current.public.kid: current.public}
    for path in filter(None, (part.strip() for part in settings.record_keys_retired.split(","))):
        try:
            found = read_keys(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise SettingsError(f"ORDER_ROOM_RECORD_KEYS_RETIRED: {path}: {error}") from None
        for kid, key in found.items():
            keys.setdefault(kid, published(key))
    return KeySet(tuple(keys.values()))


def sealing_key(settings: Settings) -> SealingKey:
    """Return what seals records. Without a setting one is made once, and kept like a secret.

    Raises `SettingsError` if the setting is no key, or none can be kept.
    """
    if settings.record_key is not None:
        return _key_of(settings.record_key.reveal())
    try:
        seed = bytes.fromhex(_kept(settings.var, "record-key").reveal())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"ORDER_ROOM_RECORD_KEY is missing, and {settings.var / 'record-key'} cannot keep"
            f" one: {error}"
        ) from None
    return SealingKey.of_seed(base64.b64encode(seed).decode())


def _key_of(setting: str) -> SealingKey:
    """Read a seed, or the file of a key. The setting itself is not told: it may be the key."""
    try:
        if len(base64.b64decode(setting, validate=True)) == SEED_BYTES:
            return SealingKey.of_seed(setting)
    except binascii.Error:
        pass  # then it is a path
    try:
        return SealingKey.of_pem(Path(setting).read_bytes())
    except (OSError, ValueError):
        raise SettingsError(
            "ORDER_ROOM_RECORD_KEY: neither 32 bytes in base64 nor the path of an unencrypted"
            " PKCS8 file with an Ed25519 key"
        ) from None


_BEARER = re.compile(r"[!-~]([ -~]*[!-~])?")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/.*)?")


def _decode(wanted: type, value: object) -> object:
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(wanted)


def check_folder(folder: Path) -> None:
    """Raise `SettingsError` unless files can be written in the folder; it is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=".written."):
            pass
    except OSError as error:
        raise SettingsError(
            f"ORDER_ROOM_VAR: {folder} cannot be written to: {error.strerror}"
        ) from None


def _kept(folder: Path, name: str) -> Secret:
    """Return the secret of that name, made on first use with nobody else allowed to read it.

    Processes that start together get the same one: it appears under its name whole, and once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        with NamedTemporaryFile("w", dir=folder, prefix=f".{name}.") as draft:  # mode 0600
            draft.write(secrets.token_hex(32))
            draft.flush()
            os.fsync(draft.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(draft.name)
    return Secret(path.read_text().strip())
