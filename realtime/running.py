"""What runs in one process, started in order and stopped the other way round.

Every role has the same parts, because each is cheap while nobody asks it for anything; a role
decides which of them work by themselves:

| role    | answers people | deadlines, mails, files | carries calls |
|---------|----------------|-------------------------|---------------|
| serve   | yes            | yes                     | yes           |
| gateway | yes            |                         |               |
| worker  |                | yes                     |               |
| media   |                |                         | yes           |

All of them answer `/healthz`, `/readyz` and `/metrics`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import structlog

from orders.clock import Sweeper
from orders.database import Database
from orders.events import Timer
from orders.posting import PostBox
from realtime import bus, telemetry
from realtime.afresh import Afresh, Reminding
from realtime.auth import Tokens
from realtime.bus import Bus, MarkMoved, MediaChanged
from realtime.bus.asking import Asker
from realtime.bus.nodes import Nodes, shards
from realtime.bus.remote import RemoteBus
from realtime.cashier import Cashier
from realtime.chat.flood import Flood
from realtime.chat.indexing import Indexer
from realtime.chat.marks import Marks
from realtime.demo import Demo
from realtime.edge import Edge
from realtime.files.caretaker import Caretaker
from realtime.files.clamd import Clamd
from realtime.files.finishing import Finisher, Scanner
from realtime.files.links import FileLinks
from realtime.files.receiving import Receiver
from realtime.files.shelf import Shelf, staged, with_twin
from realtime.files.store import Disk, Store
from realtime.heartbeat import Heartbeat
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.notices.mailbox import Mailbox
from realtime.notices.one_tap import OneTap
from realtime.notices.policy import owed_for
from realtime.notices.sender import NoticeWorker
from realtime.notices.smtp import SmtpSettings
from realtime.rates import Rates
from realtime.reads import Reads
from realtime.settings import (
    Role,
    Secret,
    Settings,
    SettingsError,
    published_keys,
    sealing_key,
)
from realtime.tails import Tails
from realtime.voice import archive, plane, recordings
from realtime.voice.afar import Afar
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from realtime.whereabouts import InRedis

log = structlog.get_logger(__name__)

DEMO_AUDIENCE = "order-room-demo"
"""Keeps the demo's sign-in apart from party tokens: one cannot be used as the other."""


@dataclass(slots=True, frozen=True)
class Stage:
    """What demo mode has beside the rest."""

    demo: Demo
    mailbox: Mailbox
    cookies: Tokens
    """Signs and checks the sign-ins."""


@asynccontextmanager
async def running(
    settings: Settings, token_secret: Secret, limits: Limits
) -> AsyncIterator[tuple[Edge, Stage | None]]:
    """Run one process's parts; leaving it stops them, within `limits.stop_within` each.

    The database has the newest schema.
    """
    nodes = await _nodes(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url)
        stack.push_async_callback(database.close)
        database.on_append(owed_for)
        tails = Tails(database, limits)
        between = _bus(settings, nodes)
        asker = None if nodes is None else Asker(nodes)
        reminding = Reminding(between)
        hub = Hub(database, tails, reminding, limits)
        database.on_commit(hub.announce)
        box = PostBox(database, telemetry.TOGETHER.observe)
        between.subscribe(box.heard, lambda _: None, lambda: None)
        marks = Marks(
            database,
            limits,
            lambda order, who, at: hub.signal(MarkMoved(order, who, at.read, at.delivered)),
        )
        shelf = Shelf(database, _store(settings), settings.var / "files")
        calls = Switchboard(
            database,
            limits=VoiceLimits(),
            reach=Reach(advertise=settings.media_address or None, port=settings.media_port),
            path=settings.media_path,
            carries=settings.role.carries_calls,
            afar=None if nodes is None else Afar(nodes, settings.redis_prefix),
            recordings=(settings.var / "recordings", keeping(shelf)),
            on_signal=lambda order, call, who, media: hub.signal(
                MediaChanged(order, call, who, media)
            ),
        )
        finisher = Finisher(database, shelf, _scanner(settings, limits), settings.scanner_away)
        receiver = Receiver(database, settings.var / "uploads", finisher, limits)
        sweeper = Sweeper(
            database,
            {Timer.RING: calls.fire_ring},
            [calls.end_lapsed],
            settings.shortest_outage,
            telemetry.LATENESS.observe,
        )
        tokens = Tokens(token_secret, limits)
        record_key = sealing_key(settings)
        rates = Rates(limits, asker, settings.redis_prefix)
        flood = Flood(limits) if asker is None else Flood(limits, add=rates.add, told=rates.told)
        edge = Edge(
            settings=settings,
            limits=limits,
            database=database,
            epoch=await database.epoch(),
            box=box,
            tails=tails,
            reads=Reads.of(database, tails.reads),
            hub=hub,
            marks=marks,
            check_token=tokens.check,
            tokens=tokens,
            record_key=record_key,
            record_keys=published_keys(settings, record_key),
            rates=rates,
            flood=flood,
            calls=calls,
            shelf=shelf,
            finisher=finisher,
            receiver=receiver,
            file_links=FileLinks(token_secret.reveal(), limits.file_link_life),
            one_tap=OneTap(token_secret.reveal(), limits.answer_link_life, settings.base_url),
            nudge=sweeper.nudge,
        )
        role = settings.role
        stage = await _stage(settings, token_secret, edge) if settings.demo else None
        if nodes is not None and nodes.clustered:
            _work(stack, edge, nodes.run)
        if isinstance(between, RemoteBus):
            _work(stack, edge, between.run)
            afresh = Afresh(database, reminding, hub.veil, hub.attendance)
            _work(stack, edge, afresh.run)
        if asker is not None:
            _work(stack, edge, asker.run)
            _work(stack, edge, flood.run)
            attendance = hub.attendance
            there = InRedis(
                asker,
                settings.redis_prefix,
                limits,
                lambda: attendance.persons,
                attendance.are_here,
            )
            hub.attendance.whereabouts = there
            _work(stack, edge, there.run)
        _work(stack, edge, box.run)
        if role.works:
            _work(stack, edge, sweeper.run)
            chores: list[Callable[[], Awaitable[None]]] = [
                partial(recordings.expire, database),
                shelf.erase_removed,
                finisher.scan_waiting,
                receiver.tidy,
                shelf.tidy,
            ]
            _work(stack, edge, Caretaker(chores).run)
            _work(stack, edge, Indexer(database, limits).run)
            if stage is not None:
                _work(stack, edge, Cashier(database).run)
            await _mails(stack, edge, stage)
        if role.carries_calls:
            await plane.prepare()
            stack.push_async_callback(calls.close)
            _work(stack, edge, calls.run)
            if nodes is not None:
                _work(stack, edge, calls.serve)
                between.subscribe(
                    lambda _: None,
                    lambda _: None,
                    lambda: calls.retell() if between.is_whole else None,
                )
        stack.push_async_callback(marks.close)
        stack.push_async_callback(hub.close)
        _work(stack, edge, Heartbeat(database, tails, reminding, hub, limits).run)
        edge.ready = True
        try:
            yield edge, stage
        finally:
            edge.ready = False


def _store(settings: Settings) -> Store:
    """Return where files are kept: the folder, or the bucket of the settings."""
    if not settings.files_url:
        return Disk(settings.var / "files")
    try:
        from realtime.files.bucket import Account, Bucket  # noqa: PLC0415 - needs the extra
    except ImportError:
        raise SettingsError(
            "ORDER_ROOM_FILES_URL needs the extra `s3`: it is not installed"
        ) from None

    account = Account(
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_key.reveal() if settings.s3_key else "",
        settings.s3_secret.reveal() if settings.s3_secret else "",
    )
    return Bucket(settings.files_url, account)


def keeping(shelf: Shelf) -> archive.Store:
    """Return the shelf as recordings see it."""

    async def keep(path: Path) -> archive.Shelved:
        async with with_twin(path) as twin:
            whole = await staged(twin)
            file = await shelf.keep(twin, None)
        return archive.Shelved(file, whole.size, whole.sha256)

    return archive.Store(keep, shelf.discard)


def _scanner(settings: Settings, limits: Limits) -> Scanner | None:
    return Clamd(settings.clamd, limits.scan_within).scan if settings.clamd else None


async def _nodes(settings: Settings) -> Nodes | None:
    """Return the servers of Redis. Refuses a cluster whose redirections nobody would follow."""
    if settings.redis_url is None:
        return None
    url = settings.redis_url.reveal()
    if settings.bus_sharded:
        nodes = Nodes(url, clustered=True)
        await nodes.look()
        return nodes
    number = await shards(url)
    if number > 1:
        raise SettingsError(
            f"ORDER_ROOM_REDIS_URL is one node of a Redis Cluster of {number} shards: that needs"
            " ORDER_ROOM_BUS_SHARDED=true in every process, and ORDER_ROOM_BUS_PARTITIONS of"
            " several for each shard"
        )
    return Nodes(url)


def _bus(settings: Settings, nodes: Nodes | None) -> Bus:
    if nodes is None:
        return bus.in_process()
    return RemoteBus(
        nodes,
        prefix=settings.redis_prefix,
        partitions=settings.bus_partitions,
        listens=settings.role is not Role.WORKER,  # nobody comes there to be told of an order
    )


async def _stage(settings: Settings, token_secret: Secret, edge: Edge) -> Stage:
    demo = Demo(edge.database, settings.var, edge.hub.announce, owed_for)
    await demo.begin()
    life = msgspec.structs.replace(edge.limits, token_life=edge.limits.cookie_life)
    return Stage(demo, Mailbox(settings.var / "mailbox"), Tokens(token_secret, life, DEMO_AUDIENCE))


async def _mails(stack: AsyncExitStack, edge: Edge, stage: Stage | None) -> None:
    """Send what is owed: to the mail server of the settings, or to the demo's own."""
    settings = edge.settings
    if settings.smtp_url is not None:
        smtp = SmtpSettings.parse(settings.smtp_url.reveal())
    elif stage is not None:
        smtp = await stage.mailbox.start()
        stack.push_async_callback(stage.mailbox.close)
    else:
        log.warning("no mail server is set: what is owed waits in the database")
        return
    worker = NoticeWorker(edge.database, smtp, settings.link, settings.mail_from, edge.one_tap.link)
    _work(stack, edge, worker.run)


def _work(
    stack: AsyncExitStack, edge: Edge, work: Callable[[], Coroutine[None, None, None]]
) -> None:
    """Keep a task running until the stack is left.

    A task that ends by itself is a bug; the process then says that it is not ready, so that
    whoever watches it starts another.
    """

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            error = task.exception()
            edge.ready = False
            edge.ended.append(task.get_name())
            log.error(
                "a part ended", part=task.get_name(), error=error and telemetry.name_of(error)
            )

    task = asyncio.create_task(work(), name=work.__qualname__)
    task.add_done_callback(ended)
    stack.push_async_callback(_stop, task, edge.limits.stop_within)


async def _stop(task: asyncio.Task[None], within: float) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=within)
