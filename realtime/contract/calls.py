"""The table of HTTP calls. A test compares it with the routes of the application."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Literal

import msgspec

from orders.commands import Person
from orders.errors import (
    ChatClosed,
    FileEmpty,
    FileInfected,
    FileScanning,
    FileTooLarge,
    FileUnknown,
    FrameTooLarge,
    IdReused,
    LinkOver,
    Malformed,
    MovementUnknown,
    NotFound,
    NotYours,
    OffsetWrong,
    OrderUnknown,
    RateExceeded,
    Refused,
    ReportUnknown,
    TextEmpty,
    TextTooLong,
    TokenExpired,
    TokenInvalid,
    TooManyFiles,
    TooManyOpen,
    Unauthenticated,
    Unavailable,
    UploadBusy,
    UploadOver,
    UploadUnknown,
    WrongState,
)
from orders.questions import Payment
from orders.record import KeySet, Record
from orders.reports import Report
from orders.search import Results
from realtime.api.backend import (
    Access,
    Closing,
    Confirmation,
    Freeze,
    Handled,
    Trouble,
    WantedToken,
)
from realtime.api.me import Wishes
from realtime.auth import Minted
from realtime.contract.given import (
    AFTER,
    AS,
    ASKED,
    ASSET,
    BEFORE,
    CLIENT_ID,
    FILE,
    FILE_NAME,
    IN_ORDER,
    KEY,
    LANGUAGE,
    LIMIT,
    LINK,
    MOVEMENT,
    NOT_ANSWERED,
    ON_BEHALF,
    ORDER,
    PAGE_BEFORE,
    PERSON,
    RANGE,
    REPORT,
    SEALED,
    SEQ,
    STATE,
    TUS,
    UPLOAD,
    UPLOAD_LENGTH,
    UPLOAD_METADATA,
    UPLOAD_OFFSET,
    VOICE_NOTE,
    Bytes,
    Given,
)
from realtime.contract.shapes import (
    Alive,
    AskedQuestion,
    Entries,
    FileLink,
    FileTold,
    InboxPage,
    Movements,
    OrderShown,
    PaidOrder,
    Ready,
    Reports,
    RoomPage,
    UploadTold,
)
from realtime.contract.twins import TWINS, Twin
from realtime.refusals import MediaTypeRefused, TusVersionRefused


class Who(StrEnum):
    """Who may ask."""

    ANYBODY = "anybody"
    BACKEND = "service_key"
    PARTY = "party_token"
    MONITOR = "metrics_key"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `name` is its operation id, `gives` the body of each good answer, if it has one."""

    method: Literal["get", "post", "patch", "delete"]
    path: str
    name: str
    who: Who
    about: str
    gives: dict[int, type[msgspec.Struct] | Bytes | None]
    takes: type[msgspec.Struct] | Bytes | None = None
    may_be_empty: bool = False
    """Whether the body may be left out."""
    given: tuple[Given, ...] = ()
    refused: tuple[type[Refused], ...] = ()

    def all_given(self) -> tuple[Given, ...]:
        """Everything it takes beside its body, what goes with its kind included."""
        return (*self.given, ON_BEHALF) if self.who is Who.PARTY else self.given

    def refusals(self) -> tuple[type[Refused], ...]:
        """Every refusal of this call, those of its kind included."""
        found = [*self.refused, Unavailable]
        if self.who is not Who.ANYBODY:
            found.append(Unauthenticated)
        if self.who is Who.PARTY:
            found += [TokenInvalid, TokenExpired, Malformed, RateExceeded]
        if isinstance(self.takes, type):
            found += [Malformed, FrameTooLarge, MediaTypeRefused]
        return tuple(sorted(set(found), key=lambda kind: (kind.status, kind.code)))


def _of(twin: Twin) -> Call:
    """Describe a frame's twin. What the frame does, it says itself."""
    return Call(
        method="post", path=twin.path, name=twin.name, who=Who.PARTY,
        about=" ".join((inspect.getdoc(twin.frame) or "").split())
        + f" The same as the frame `{twin.tag}`.",
        takes=twin.body, may_be_empty=twin.may_be_empty,
        given=(ORDER, CLIENT_ID) if twin.keyed else (ORDER,),
        gives={204: None} if twin.gives is None else {200: twin.gives},
        refused=(OrderUnknown, *twin.refusals),
    )  # fmt: skip


CALLS = (
    Call(
        method="post", path="/api/v1/orders", name="createOrder", who=Who.BACKEND,
        about="Open the room of a paid order: the money goes into escrow and the clock for the"
        " brief begins. 201 the first time, 200 with the same answer afterwards.",
        takes=PaidOrder, given=(KEY,), gives={201: OrderShown, 200: OrderShown},
        refused=(IdReused,),
    ),
    Call(
        method="post", path="/api/v1/questions", name="askQuestion", who=Who.BACKEND,
        about="Open a question thread before any payment: the two may talk, no money and no"
        " clock. 201 the first time, 200 with the same answer afterwards.",
        takes=AskedQuestion, given=(KEY,), gives={201: OrderShown, 200: OrderShown},
        refused=(IdReused, TextTooLong),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/pay", name="payQuestion", who=Who.BACKEND,
        about="The buyer paid for what they asked about: this same order awaits validation from"
        " now on, with its history, the money in escrow and the clock for the brief.",
        takes=Payment, given=(ORDER, KEY), gives={200: OrderShown},
        refused=(OrderUnknown, WrongState, IdReused),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/close-question", name="putQuestionAway",
        who=Who.BACKEND,
        about="Put a question away that comes to nothing. Either party can do the same.",
        takes=Closing, given=(ORDER, KEY), gives={200: OrderShown},
        refused=(OrderUnknown, WrongState, TextTooLong, IdReused),
    ),
    Call(
        method="get", path="/api/v1/orders/{order}", name="showOrder", who=Who.BACKEND,
        about="The order's state, its clocks, its ledger and the head of its timeline.",
        given=(ORDER,), gives={200: OrderShown}, refused=(OrderUnknown,),
    ),
    Call(
        method="get", path="/api/v1/orders/{order}/entries", name="readEntries", who=Who.BACKEND,
        about="The page of the timeline that follows `after`.",
        given=(ORDER, AFTER, LIMIT), gives={200: Entries}, refused=(OrderUnknown, Malformed),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/entries/{seq}/redact", name="redactEntry",
        who=Who.BACKEND,
        about="Erase what somebody wrote in an entry, for good: a message with its edits, a file,"
        " or the words of a step, a proposal or an item of the list, which itself stays. The"
        " order's chain stays valid. Doing it again changes nothing.",
        given=(ORDER, SEQ), gives={200: OrderShown}, refused=(OrderUnknown, Malformed),
    ),
    Call(
        method="get", path="/api/v1/movements", name="listMovements", who=Who.BACKEND,
        about="The movements of money to be carried out by the marketplace's payment system."
        " No cursor: what is not confirmed is listed again, and a refused one stays.",
        given=(LIMIT,), gives={200: Movements}, refused=(Malformed,),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/movements/{movement}/confirm",
        name="confirmMovement", who=Who.BACKEND,
        about="The payment system carried the movement out, under this reference of its own."
        " The same reference again changes nothing.",
        takes=Confirmation, given=(ORDER, MOVEMENT), gives={200: OrderShown},
        refused=(OrderUnknown, MovementUnknown, IdReused),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/movements/{movement}/refuse",
        name="refuseMovement", who=Who.BACKEND,
        about="The payment system could not carry the movement out. It stays on the list.",
        takes=Trouble, given=(ORDER, MOVEMENT), gives={200: OrderShown},
        refused=(OrderUnknown, MovementUnknown, IdReused),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/freeze", name="freezeOrder", who=Who.BACKEND,
        about="Freeze the order for checks: its clocks stop, both parties read why.",
        takes=Freeze, given=(ORDER, KEY), gives={200: OrderShown},
        refused=(OrderUnknown, WrongState, TextTooLong, IdReused),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/mediator", name="sendMediator",
        who=Who.BACKEND,
        about="Let a mediator into a frozen order. They read all of it, lead a talk of three,"
        " and decide.",
        takes=Person, given=(ORDER, KEY), gives={200: OrderShown},
        refused=(OrderUnknown, WrongState, IdReused),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/members/{person}/revoke",
        name="revokeAccess", who=Who.BACKEND,
        about="Take a member's access to the order away, on every open socket within a second."
        " They stay in its story; to them it is an unknown order. A call of theirs ends.",
        given=(ORDER, PERSON), gives={200: Access}, refused=(OrderUnknown,),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/members/{person}/restore",
        name="restoreAccess", who=Who.BACKEND,
        about="Give a member's access to the order back.",
        given=(ORDER, PERSON), gives={200: Access}, refused=(OrderUnknown,),
    ),
    Call(
        method="get", path="/api/v1/reports", name="listReports", who=Who.BACKEND,
        about="What members reported: messages, and each other. The one who was reported is not"
        " told.",
        given=(STATE, LIMIT), gives={200: Reports}, refused=(Malformed,),
    ),
    Call(
        method="post", path="/api/v1/orders/{order}/reports/{report}/handle", name="handleReport",
        who=Who.BACKEND, about="The report was looked after. Doing it again changes nothing.",
        takes=Handled, given=(ORDER, REPORT), gives={200: Report},
        refused=(OrderUnknown, ReportUnknown),
    ),
    Call(
        method="post", path="/api/v1/tokens", name="mintToken", who=Who.BACKEND,
        about="Make a party token for a page of the marketplace, perhaps narrowed to some orders.",
        takes=WantedToken, gives={200: Minted},
    ),
    Call(
        method="get", path="/api/v1/me/orders", name="readInbox", who=Who.PARTY,
        about="The person's orders, the most urgent first.", gives={200: InboxPage},
    ),
    Call(
        method="get", path="/api/v1/me/preferences", name="readPreferences", who=Who.PARTY,
        about="What the person prefers, in all their orders.", gives={200: Wishes},
    ),
    Call(
        method="post", path="/api/v1/me/preferences", name="setPreferences", who=Who.PARTY,
        about="Hide when the person is here, was last seen, or writes, or show it again. It goes"
        " both ways: who hides does not see it of others either.",
        takes=Wishes, gives={200: Wishes},
    ),
    Call(
        method="get", path="/api/v1/me/search", name="search", who=Who.PARTY,
        about="What was said, the newest first, with the places of what was asked for.",
        given=(ASKED, IN_ORDER, PAGE_BEFORE), gives={200: Results},
        refused=(OrderUnknown, Malformed, TextEmpty, TextTooLong, RateExceeded),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}", name="readRoom", who=Who.PARTY,
        about="The room, the person's situation and the newest page of the timeline, without a"
        " socket.",
        given=(ORDER,), gives={200: RoomPage}, refused=(OrderUnknown,),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}/reports", name="readReports", who=Who.PARTY,
        about="What was reported on the order, for its mediator alone.",
        given=(ORDER,), gives={200: Reports}, refused=(OrderUnknown, NotYours),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}/entries", name="readHistory", who=Who.PARTY,
        about="A page of the timeline: what follows `after`, or what comes before `before`.",
        given=(ORDER, AFTER, BEFORE, LIMIT), gives={200: Entries}, refused=(OrderUnknown,),
    ),
    *map(_of, TWINS),
    Call(
        method="get", path="/api/v1/me/orders/{order}/record.json", name="exportRecord",
        who=Who.PARTY,
        about="The sealed record of the order, as the file that `python -m orders verify` checks"
        " offline.",
        given=(ORDER,), gives={200: Record}, refused=(OrderUnknown, RateExceeded),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}/record.html", name="printRecord",
        who=Who.PARTY, about="The same record as a page to read and print.",
        given=(ORDER, LANGUAGE), gives={200: Bytes("text/html", "The page.")},
        refused=(OrderUnknown, RateExceeded),
    ),
    Call(
        method="get", path="/.well-known/order-room-record-keys", name="recordKeys",
        who=Who.ANYBODY, about="The public keys that records are sealed with (RFC 7517).",
        gives={200: KeySet},
    ),
    Call(
        method="post", path="/api/v1/me/orders/{order}/files", name="shareFile", who=Who.PARTY,
        about="Share the body as a file of the order: 201, or 200 if this was done before. What"
        " it is called or said to be decides nothing; its type is recognised from its content.",
        takes=Bytes("application/octet-stream", "The file itself, up to the order's `file_max`."),
        given=(ORDER, CLIENT_ID, FILE_NAME, VOICE_NOTE), gives={201: FileTold, 200: FileTold},
        refused=(
            OrderUnknown, Malformed, ChatClosed, FileEmpty, FileTooLarge, TooManyFiles,
            TooManyOpen, IdReused, FileUnknown,
        ),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}/files/{file}", name="linkFile",
        who=Who.PARTY, about="What the file is, and a link to it that works for some minutes.",
        given=(ORDER, FILE), gives={200: FileLink},
        refused=(OrderUnknown, FileUnknown, FileScanning, FileInfected),
    ),
    Call(
        method="post", path="/api/v1/me/orders/{order}/uploads", name="beginUpload", who=Who.PARTY,
        about="Begin an upload that can be resumed (tus 1.0.0: core, creation, termination,"
        " expiration). `Location` is where its bytes go. 201, or 200 if it was begun before. It is"
        " given up a day after its last byte. One that was refused at its last byte is refused"
        " again, with the same code.",
        given=(ORDER, CLIENT_ID, TUS, UPLOAD_LENGTH, UPLOAD_METADATA),
        gives={201: UploadTold, 200: UploadTold},
        refused=(
            OrderUnknown, Malformed, ChatClosed, FileEmpty, FileTooLarge, TooManyFiles,
            TooManyOpen, IdReused, TusVersionRefused,
        ),
    ),
    Call(
        method="get", path="/api/v1/me/orders/{order}/uploads/{upload}", name="showUpload",
        who=Who.PARTY,
        about="How far an upload has come and what became of it. HEAD says it in headers alone,"
        " as tus has it.",
        given=(ORDER, UPLOAD), gives={200: UploadTold},
        refused=(OrderUnknown, UploadUnknown, UploadOver),
    ),
    Call(
        method="patch", path="/api/v1/me/orders/{order}/uploads/{upload}", name="resumeUpload",
        who=Who.PARTY,
        about="The bytes from `Upload-Offset` on, as many as there are. What arrived before a line"
        " broke is kept. After the last byte the file is looked into, cleaned and shared; the"
        " answer then names it in `Order-File` and its entry in `Order-Seq`. What became of it is"
        " answered again, whatever the offset; a refusal comes without its facts then.",
        takes=Bytes("application/offset+octet-stream", "Some bytes of the file, or all the rest."),
        given=(ORDER, UPLOAD, TUS, UPLOAD_OFFSET), gives={204: None},
        refused=(
            OrderUnknown, UploadUnknown, UploadOver, UploadBusy, OffsetWrong, Malformed,
            TooManyOpen, TusVersionRefused, MediaTypeRefused, ChatClosed, FileEmpty, FileTooLarge,
            TooManyFiles, IdReused,
        ),
    ),
    Call(
        method="delete", path="/api/v1/me/orders/{order}/uploads/{upload}", name="cancelUpload",
        who=Who.PARTY, about="Cancel an upload: what came of it is erased.",
        given=(ORDER, UPLOAD, TUS), gives={204: None},
        refused=(OrderUnknown, UploadUnknown, UploadOver, UploadBusy, TusVersionRefused),
    ),
    Call(
        method="get", path="/files/{file}", name="downloadFile", who=Who.ANYBODY,
        about="The file, for whoever holds a good link to it and is still a member.",
        given=(FILE, LINK, AS, RANGE),
        gives={
            200: Bytes("application/octet-stream", "The file."),
            206: Bytes("application/octet-stream", "The bytes that were asked for."),
            416: Bytes("application/octet-stream", "Nothing: the file has no such bytes."),
        },
        refused=(FileUnknown, LinkOver, FileScanning, FileInfected),
    ),
    Call(
        method="get", path="/api/openapi.json", name="openapi", who=Who.ANYBODY,
        about="These calls as OpenAPI 3.1.",
        gives={200: Bytes("application/json", "The document.")},
    ),
    Call(
        method="get", path="/api/asyncapi.json", name="asyncapi", who=Who.ANYBODY,
        about="The frames of the socket as AsyncAPI 3.0.",
        gives={200: Bytes("application/json", "The document.")},
    ),
    Call(
        method="get", path="/api/docs", name="docs", who=Who.ANYBODY,
        about="Both as one page to read.", gives={200: Bytes("text/html", "The page.")},
    ),
    Call(
        method="get", path="/healthz", name="healthy", who=Who.ANYBODY,
        about="200 unless a part of the process has ended, which only a restart repairs.",
        gives={200: Alive},
    ),
    Call(
        method="get", path="/readyz", name="ready", who=Who.ANYBODY,
        about="200 while new work is welcome and can be done; the facts of a 503 say which part"
        " cannot.",
        gives={200: Ready},
    ),
    Call(
        method="get", path="/metrics", name="metrics", who=Who.MONITOR,
        about="The metrics of this process, as Prometheus reads them. Nobody may without"
        " `ORDER_ROOM_METRICS_KEY`.",
        gives={200: Bytes("text/plain", "The metrics.")},
    ),
    Call(
        method="get", path="/answer", name="askedByMail", who=Who.ANYBODY,
        about="The page behind a link of a mail: what it would answer, and one button. Changes"
        " nothing. The sealed link is the whole permission, for one answer of one person.",
        given=(SEALED,), gives={200: Bytes("text/html", "The page."), **NOT_ANSWERED},
    ),
    Call(
        method="post", path="/answer", name="answerByMail", who=Who.ANYBODY,
        about="Answer as the link says; pressed twice, it is the same answer.",
        takes=Bytes("application/x-www-form-urlencoded", "The sealed link as `t`."),
        gives={200: Bytes("text/html", "What was done."), **NOT_ANSWERED},
    ),
    Call(
        method="get", path="/embed.js", name="embed", who=Who.ANYBODY,
        about="The custom element `order-room` for pages of the marketplace.",
        gives={200: Bytes("text/javascript", "The script.")}, refused=(NotFound,),
    ),
    Call(
        method="get", path="/assets/{name}", name="asset", who=Who.ANYBODY,
        about="What the browser client loads; the names change with the content.",
        given=(ASSET,), gives={200: Bytes("application/octet-stream", "The file.")},
        refused=(NotFound,),
    ),
)  # fmt: skip
