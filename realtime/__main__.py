"""The command line.

    python -m realtime serve [--demo]   serve everything in one process
    python -m realtime gateway          sockets and HTTP, one process of several
    python -m realtime worker           deadlines, mails and files, one process of several
    python -m realtime media            the sound of calls, one process of several
    python -m realtime migrate          bring the database to the newest schema
    python -m realtime epoch            name a new history, after restoring a backup
    python -m realtime verify ORDER     walk the hash chain of an order's timeline

What it is told beside that stands in the environment: the README has the table.
"""

from __future__ import annotations

import gc

gc.disable()  # what is imported stays: to look for garbage in it is a sixth of the start

import argparse
import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from orders import timeline
from orders.database import Database, migrate
from orders.errors import OrderUnknown, Refused, Unavailable
from orders.events import OrderId
from realtime import settings as environment
from realtime import telemetry, texts
from realtime.app import OrderRoom
from realtime.serving import RoomServer, address, listen, settle
from realtime.settings import Role, Settings, SettingsError

gc.enable()


class BrokenError(Exception):
    """A timeline is not what was written; the message names the first entry that does not fit."""


def main() -> None:
    """Do what the command line says; exit with 2 if it or the environment is wrong."""
    parser = argparse.ArgumentParser(prog="order-room", description="The order room's server.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve everything in one process")
    serve.add_argument("--demo", action="store_true", help="with demo orders and open sign-in")
    commands.add_parser("gateway", help="serve sockets and HTTP, as one process of several")
    commands.add_parser("worker", help="look after deadlines, mails and files, as one of several")
    commands.add_parser("media", help="carry the sound of calls, as one process of several")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    commands.add_parser("epoch", help="name a new history, after restoring a backup")
    verify = commands.add_parser("verify", help="walk the hash chain of an order's timeline")
    verify.add_argument("order", help="the order's id")
    told = parser.parse_args()
    try:
        role = Role(told.command) if told.command in set(Role) else Role.ALL
        settings = environment.read(os.environ, demo=getattr(told, "demo", False), role=role)
        telemetry.configure(settings.log)
        match told.command:
            case "serve" | "gateway" | "worker" | "media":
                uvloop.run(_serve(settings))
            case "migrate":
                uvloop.run(_migrate(settings))
            case "epoch":
                print(uvloop.run(_epoch(settings)))
            case _:
                print(uvloop.run(_verify(settings, OrderId(told.order))))
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except BrokenError as broken:
        print(broken, file=sys.stderr)
        sys.exit(1)
    except Refused as refusal:
        print(texts.refusal("en", refusal), file=sys.stderr)
        sys.exit(1)


async def _serve(settings: Settings) -> None:
    room = OrderRoom(settings)
    environment.check_folder(settings.var)
    await _migrate(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        # resolving a name fails with a negative number
        no_place = (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL
        raise SettingsError(
            f"{'HOST' if no_place else 'PORT'}: cannot listen on {settings.host}:{settings.port}:"
            f" {error.strerror}"
        ) from None
    server = RoomServer(room)
    announcing = asyncio.create_task(_announce(server, address(listener), settings))
    try:
        await server.serve(sockets=[listener])
    finally:
        announcing.cancel()


async def _announce(server: RoomServer, where: str, settings: Settings) -> None:
    """Say where to look, once there is something to see."""
    await server.serving.wait()
    settle()
    where = settings.public_url.rstrip("/") or where
    if settings.role is not Role.ALL:
        print(f"The order room's {settings.role} answers on {where}", flush=True)
        return
    print(f"The order room serves on {where}", flush=True)
    if settings.demo:
        print(f"  the demo orders     {where}/", flush=True)
        print(f"  the e-mails sent    {where}/mailbox", flush=True)
        print("Stop it with Ctrl+C.", flush=True)


async def _migrate(settings: Settings) -> None:
    try:
        await migrate(settings.database_url)
    except Exception as error:
        raise SettingsError(
            "ORDER_ROOM_DATABASE_URL: the database cannot be opened or brought to this version"
            f" ({telemetry.name_of(error)})."
        ) from error


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    """Be with the database, as it is: of whatever version."""
    try:
        database = await Database.open(settings.database_url)
    except Unavailable as error:
        raise SettingsError("ORDER_ROOM_DATABASE_URL: the database cannot be opened.") from error
    try:
        yield database
    finally:
        await database.close()


async def _epoch(settings: Settings) -> str:
    async with _opened(settings) as database:
        return await database.new_epoch()


async def _verify(settings: Settings, order: OrderId) -> str:
    async with _opened(settings) as database:
        try:
            async with database.reading() as conn:
                length = await timeline.verify(conn, order)
        except ValueError as error:
            raise BrokenError(f"{order}: {error}") from None
    if length == 0:
        raise OrderUnknown(order=order)
    return f"{order}: {length} entries, every link holds"


if __name__ == "__main__":
    main()
