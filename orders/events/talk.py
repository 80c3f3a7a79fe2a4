"""What people say: messages, reactions and files."""

from __future__ import annotations

from enum import StrEnum

from orders.events.words import FileId, Happening, SecretKind


class Reaction(StrEnum):
    """What a person may put under a message: a small closed set, so that each has its words."""

    AGREE = "agree"
    THANKS = "thanks"
    LOVE = "love"
    LAUGH = "laugh"
    CELEBRATE = "celebrate"
    SEEN = "seen"
    DONE = "done"
    QUESTION = "question"


class MessageSent(Happening, frozen=True, tag="message_sent"):
    """A line of the conversation. `reply_to` is the message or file it answers.

    `seen` is what its writer was warned of and sent anyway.
    """

    text: str
    seen: tuple[SecretKind, ...] = ()
    reply_to: int | None = None


class MessageEdited(Happening, frozen=True, tag="message_edited"):
    """The author put message `message` in other words; the newest of its texts is what it says."""

    message: int
    text: str
    seen: tuple[SecretKind, ...] = ()


class MessageWithdrawn(Happening, frozen=True, tag="message_withdrawn"):
    """The author took message `message` back: it and its `versions`, the edits, are empty now.

    What they said is kept where only a mediator reads it.
    """

    message: int
    versions: tuple[int, ...] = ()


class ReactionAdded(Happening, frozen=True, tag="reaction_added"):
    """The actor put a reaction under the message or file of entry `message`.

    A thumb under "50 euros more, then?" is an answer: who reads the order later would miss it.
    """

    message: int
    reaction: Reaction


class ReactionRemoved(Happening, frozen=True, tag="reaction_removed"):
    """The actor took their reaction back."""

    message: int
    reaction: Reaction


class SellerNudged(Happening, frozen=True, tag="seller_nudged"):
    """The buyer asks a silent seller to go on."""


class Scan(StrEnum):
    """What a virus scanner says of a file."""

    CLEAN = "clean"
    SCANNING = "scanning"
    """It has not answered yet; the file is held until it does."""
    INFECTED = "infected"
    """The file is in quarantine: nobody can have it."""
    UNCHECKED = "unchecked"
    """The scanner was away, and the marketplace lets files through then."""


WITHHELD = frozenset({Scan.SCANNING, Scan.INFECTED})
"""Nobody can have a file of which the scanner says this."""


class FileShared(Happening, frozen=True, tag="file_shared"):
    """The actor shared a file. `type` is what its content was recognised as.

    `scan` is missing where no virus scanner is set up. A picture has its size in pixels, and
    `thumb` if there is a small one; a sound its length and up to 100 `peaks` from 0 to 100, and
    `voice` if it is a voice note: spoken in the room, and called so instead of by its name.
    """

    file: FileId
    name: str
    size: int
    type: str
    scan: Scan | None = None
    width: int = 0
    height: int = 0
    thumb: bool = False
    millis: int = 0
    peaks: tuple[int, ...] = ()
    voice: bool = False


class FileScanned(Happening, frozen=True, tag="file_scanned"):
    """The scanner's verdict on the file of entry `shared`, which came later."""

    shared: int
    scan: Scan
