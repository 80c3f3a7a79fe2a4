"""What calls are given in paths, queries and headers, and what is no JSON in their answers."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from orders.search import QUERY_MAX
from orders.settlement import LISTED_MOST
from realtime.api.backend import KEY_MAX
from realtime.api.me import BEHALF


class Given(msgspec.Struct, frozen=True):
    """Something that a call takes beside its body."""

    name: str
    place: Literal["path", "query", "header"]
    about: str
    schema: dict[str, Any]
    example: str
    required: bool = True


class Bytes(msgspec.Struct, frozen=True):
    """A body that is not JSON."""

    media_type: str
    about: str


NAME = {"type": "string", "minLength": 1, "maxLength": 64}
NUMBER = {"type": "integer", "minimum": 0}
ORDER = Given("order", "path", "The order's id.", NAME, "o_5c1f0a9be2d34c7788aa")
MOVEMENT = Given("movement", "path", "The movement's name, from the list.", NAME, "refund:4")
PERSON = Given("person", "path", "The person's id at the marketplace.", NAME, "u-97")
FILE = Given("file", "path", "The file's id.", NAME, "f_8d2b61c09e4f4a53")
KEY = Given(
    "Idempotency-Key",
    "header",
    "Made by the caller, one for each thing to be done. The same key with the same content does"
    " nothing and gets the first answer again; with other content it is refused.",
    {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
    "payment-20261123-17",
)
CLIENT_ID = Given(
    "Idempotency-Key",
    "header",
    "The command's id, as `id` in a frame: unique within the order and the person.",
    {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
    "file-3f0a",
)
FILE_NAME = Given(
    "X-File-Name",
    "header",
    "The file's name, percent-encoded UTF-8. Folders and control characters are dropped.",
    {"type": "string"},
    "brief%20v2.pdf",
    required=False,
)
VOICE_NOTE = Given(
    "X-Voice-Note",
    "header",
    "`1` if the sound was spoken in the room: it is shown as a voice note, not by its name.",
    {"const": "1"},
    "1",
    required=False,
)
ON_BEHALF = Given(
    BEHALF,
    "header",
    "With the service key instead of a party token: for whom this is done. The backend may do"
    " what the person may do.",
    {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
    "u-41",
    required=False,
)
BEFORE = Given(
    "before", "query", "The entry before which to read; not together with `after`.", NUMBER, "51",
    required=False,
)  # fmt: skip
SEQ = Given("seq", "path", "The entry's number.", {"type": "integer", "minimum": 1}, "4")
AFTER = Given(
    "after", "query", "The last entry that is known; 0 for none.", NUMBER, "0", required=False
)
LIMIT = Given(
    "limit", "query", f"How many at most; {LISTED_MOST} is the most.", NUMBER, "100", required=False
)
STATE = Given(
    "state", "query", "`open`, or `handled`.", {"type": "string", "enum": ["open", "handled"]},
    "open", required=False,
)  # fmt: skip
REPORT = Given("report", "path", "The report's id.", NAME, "r_17c2b84f0a9be2d3")
ASKED = Given(
    "q", "query", 'Beginnings of words, and "words that follow each other"; case and accents do'
    f" not count. {QUERY_MAX} characters at most.",
    {"type": "string", "maxLength": QUERY_MAX}, "logo",
)  # fmt: skip
IN_ORDER = Given(
    "order", "query", "Only in this order; in all of the person's if missing.", NAME,
    "o_5c1f0a9be2d34c7788aa", required=False,
)  # fmt: skip
PAGE_BEFORE = Given(
    "before", "query", "The `next` of the page before.", {"type": "string"},
    "1795442709120000.12.o_5c1f0a9be2d34c7788aa", required=False,
)  # fmt: skip
LANGUAGE = Given(
    "language", "query", "`fr` or `en`; the reader's own if missing.", {"type": "string"}, "en",
    required=False,
)  # fmt: skip
LINK = Given(
    "link", "query", "The signature that came with the path.", {"type": "string"}, "q1C…",
    required=False,
)  # fmt: skip
AS = Given(
    "as", "query", "`thumb` for the small picture.", {"type": "string"}, "thumb", required=False
)
RANGE = Given(
    "Range", "header", "One range of bytes (RFC 9110).", {"type": "string"}, "bytes=0-65535",
    required=False,
)  # fmt: skip
UPLOAD = Given("upload", "path", "The upload's id.", NAME, "9f1c2d3e4b5a60718293a4b5c6d7e8f9")
TUS = Given("Tus-Resumable", "header", "The protocol's version.", {"const": "1.0.0"}, "1.0.0")
UPLOAD_LENGTH = Given("Upload-Length", "header", "The file's size in bytes.", NUMBER, "48213")
UPLOAD_OFFSET = Given(
    "Upload-Offset", "header", "Where the bytes of the body begin: as many as came so far.",
    NUMBER, "0",
)  # fmt: skip
UPLOAD_METADATA = Given(
    "Upload-Metadata",
    "header",
    "`filename` and the file's name in base64 of UTF-8. Folders are dropped.",
    {"type": "string"},
    "filename YnJpZWYgdjIucGRm",
    required=False,
)
NOT_ANSWERED = {
    status: Bytes("text/html", f"A page that says why nothing was answered: {why}.")
    for status, why in (
        (403, "it is not this person's to answer"), (404, "the link is none"),
        (409, "it was answered already"), (410, "the link is too old"), (413, "too long"),
        (422, "it cannot be done so"), (429, "too fast"), (503, "not at this moment"),
    )
}  # fmt: skip
SEALED = Given("t", "query", "The sealed link, as the mail has it.", {"type": "string"}, "c2VhbGVk")
ASSET = Given("name", "path", "A file of the browser client.", {"type": "string"}, "room.js")
