"""The command line of what needs no server and no database.

    python -m orders workflow                  print the process as a document
    python -m orders verify FILE               check the record of an order
        --key KEYFILE                          with the key set we publish, or a PEM public key
        --head SEQ:LINK                        and with the head that a mail told

`verify` prints one sentence and exits with 0 if all is well, with 1 if not.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orders import picture, record
from orders.record import BrokenRecord, Checked

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m orders", description="An order, offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("workflow", help="print the process as a document")
    verify = commands.add_parser("verify", help="check the record of an order")
    verify.add_argument("file", type=Path, help="the record, as it was exported")
    verify.add_argument("--key", type=Path, help="the published keys, or a PEM public key")
    verify.add_argument("--head", type=_head, metavar="SEQ:LINK", help="a head told earlier")
    told = parser.parse_args()
    if told.command == "workflow":
        sys.stdout.write(picture.document())
        return
    try:
        sentence = _verify(told.file, told.key, told.head)
    except (BrokenRecord, OSError) as error:
        print(f"{told.file}: {error}.")
        sys.exit(1)
    print(f"{told.file}: {sentence}")


def _verify(file: Path, key: Path | None, head: tuple[int, str] | None) -> str:
    found = record.read(file.read_bytes())
    try:
        trusted = None if key is None else record.read_keys(key.read_bytes())
    except ValueError as error:
        raise BrokenRecord(f"the key file cannot be read: {error}") from None
    checked = record.check(found, trusted)
    if head is not None:
        record.check_head(found, *head)
    return _told(checked)


def _told(checked: Checked) -> str:
    moment = EPOCH + timedelta(microseconds=checked.exported_at)
    erased = f" ({checked.erased} of them erased)" if checked.erased else ""
    whose = (
        f"by the trusted key {checked.key_id}"
        if checked.trusted
        else f"by the key it carries, {checked.key_id}; give --key to know whose that is"
    )
    return (
        f"good. Order {checked.order}, {checked.entries} entries{erased}, all linked,"
        f" sealed {moment:%Y-%m-%d %H:%M:%S} UTC {whose}."
    )


def _head(told: str) -> tuple[int, str]:
    seq, _, link = told.partition(":")
    if not seq.isdecimal() or len(link) < 8:  # noqa: PLR2004 - a shorter beginning proves nothing
        raise argparse.ArgumentTypeError("a number, a colon, and at least 8 characters of a link")
    return int(seq), link


if __name__ == "__main__":
    main()
