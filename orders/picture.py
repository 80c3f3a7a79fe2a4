"""The process as a document: tables and a picture, made from the tables that are carried out.

`python -m orders workflow` prints it and `orders/PROCESS.md` is what it printed last; a test
compares the two, so the document cannot say anything else than the program does.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from orders.events import PARTIES, SecretKind, State, Timer
from orders.policy import Policy, Screening
from orders.situation import ZERO_OF
from orders.workflow import (
    CLOCKS,
    ENDED,
    PAUSES,
    REMINDED,
    RESUMES_AS,
    STEPS,
    UNPAID,
    Money,
    Operator,
    Step,
    length_of,
)

OPENING = """\
# The process of an order

Made by `python -m orders workflow` from `orders.workflow.STEPS` and `orders.policy.Policy`.
Do not edit it: change those, then run

    python -m orders workflow > orders/PROCESS.md
"""

STEPS_SAY = """\
## Steps

Steps named T are those of ComeUp's process as its help pages describe it; those named H are the
house's own. A clock takes its step when it reaches zero. "Back" leads to where the order was
before the request or the freeze. A step that is not in the table is refused and changes nothing.

T1, paying, is a row where the order was a question before. Who pays without having asked begins
there: `orders.commands.create_order` opens the order as the same step would have left it. Two of
ComeUp's transitions are no rows here, because they move no state: T24, a part of the money back
by agreement (`orders.agreements`), and T25, an option added later (`orders.options`).
"""

PICTURE_SAYS = """\
## Picture

What is possible from every open state is drawn once, from the frame around them.
"""

CLOCKS_SAY = """\
## Clocks

A clock that "opens a right" moves nothing: the buyer may file a dispute from then on. Lengths
are the defaults. Those that pause stand still while the order is frozen.
"""

SETTINGS_SAY = """\
## Settings

A marketplace sets them for all its orders, or for one when it creates it. An order keeps what it
was created with.
"""

CHOICES = """\
## Where ComeUp's pages contradict each other, or say nothing

Numbers are articles of ComeUp's help centre.

- **A question before the order.** It is written and spoken like any other conversation (1583,
  1639), and nothing is said of its end. It has no clock and no money, so it may simply stay. The
  ways out are paying, which makes this same order one that awaits validation, and putting it
  away (H2), which either party or the marketplace may do: nobody has to keep a stranger's
  question open. Put away, it is an end without time to talk; asking again is a new question.
- **What follows a request for changes.** One page sends the order straight back to work (1759),
  another gives the seller 48 hours to answer (1741). The second is finer and contains the first,
  so a request is a state of its own, with its own clock.
- **Who starts.** One page asks both parties to confirm within 48 hours (1464), another leaves it
  to the seller (1730). The seller alone starts: only they know whether the brief is enough. The
  buyer can say that it is complete (H0), which passes the turn and starts nothing.
- **Part of the money back.** Two pages say that this does not exist (1739, 1768), four describe
  it (1457, 1579, 1764, 1791). The four are newer, and it is built: either party proposes.
- **Added options.** That they exist is said (1734, 1754); who asks, when the money counts and what
  becomes of the delivery date is not. Either party proposes a title, a price and days; the other
  accepts; the marketplace charges the buyer. The option counts once the charge is confirmed,
  because nobody can divide or pay out money that is not there. Then the price and what is held
  grow, and the delivery date moves by the option's days: kept for the start before it, from now
  for an order that was late, which is in progress again. A refused charge stays visible; the
  buyer may take the option back until it is paid, and it lapses when the order ends or freezes.
  A charge confirmed after that is booked, and goes back to the buyer at once.
- **Talking after a delivery.** The conversation is closed, and yet the buyer is told to contact
  the seller (both 1735). It is closed; asking for changes is the way to open it (1750).
- **When a card shows a refund.** 3 to 5 working days (1729), 2 to 3 (1751) or 2 to 5 (1760). The
  first is what is promised here: who gets their money sooner than told does not complain.
- **The new delivery date after changes.** Not described. The old date stands if it leaves at
  least the setting `revision`; otherwise it moves that far from now.
- **No choice after refused changes.** The buyer has seven days (1739); what then happens is not
  said. The order closes and the seller is paid, as it does when a delivery is not answered.
- **Cancelling a request to cancel.** Not described. The buyer may take it back (H1). While a
  request waits the delivery clock runs on, and the order may become late under it.
- **Clocks in a dispute.** Not described. They stop and go on with what was left, except for the
  life of the order, which is told by the calendar.
- **More time.** Not described, unless by asking for changes. The two may agree on it, bounded in
  length and number, and never beyond the life of the order.
- **Nights and weekends.** No page mentions them, so windows are plain elapsed time.
- **Who calls.** ComeUp lets only the seller start a call (1639). Here it is a setting, and both
  may by default.
"""

OPEN = tuple(state for state in State if state not in {*ENDED, *UNPAID, State.FROZEN})
"""The states in which a paid order is under way."""
_BACK = {
    State.CANCEL_REQUESTED: (State.IN_PROGRESS, State.LATE),
    State.FROZEN: (*RESUMES_AS.values(), State.IN_PROGRESS),
}
"""Where a step without a target may lead."""


def document() -> str:
    """Return the whole document as Markdown."""
    parts = (
        OPENING,
        f"{STEPS_SAY}\n{steps()}",
        f"{PICTURE_SAYS}\n```mermaid\n{diagram()}```\n",
        f"{CLOCKS_SAY}\n{clocks()}",
        f"{SETTINGS_SAY}\n{settings()}",
        CHOICES,
    )
    return "\n".join(parts)


def steps(rows: Sequence[Step] = STEPS) -> str:
    """Return the steps as a Markdown table; those that differ only in their source share a line."""
    lines: dict[Step, list[State]] = {}
    for step in rows:
        alike = msgspec.structs.replace(step, source=State.CLOSED)
        lines.setdefault(alike, []).append(step.source)
    return _table(
        ("", "from", "who", "step", "to", "money", "then it is for", "clock that begins", "needs"),
        (
            (
                step.name,
                _every(sources),
                _who(step),
                f"`{step.verb}`",
                _where(step, sources),
                "" if {*sources, step.target} <= UNPAID else _MONEY[step.money],
                step.turn or "",
                _plain(step.opens) if step.opens else "",
                _needs(step),
            )
            for step, sources in lines.items()
        ),
    )


def diagram(rows: Sequence[Step] = STEPS) -> str:
    """Return the steps as a Mermaid state diagram."""
    arrows: dict[tuple[str, str], list[str]] = {}
    drawn: set[tuple[str, State | None]] = set()
    for step in rows:
        sources = {other.source for other in rows if _alike(other, step)}
        source = "open" if sources == set(OPEN) else str(step.source)
        if (step.name + step.verb, step.target) in drawn and source == "open":
            continue
        drawn.add((step.name + step.verb, step.target))
        targets = (step.target,) if step.target else _BACK[step.source]
        for target in targets:
            arrows.setdefault((source, target), []).append(f"{step.name} {_short(step)}")
    inside = [pair for pair in arrows if set(pair) <= set(OPEN)]
    outside = [pair for pair in arrows if pair not in inside]

    def line(pair: tuple[str, str]) -> str:
        return f"{pair[0]} --> {pair[1]}: {', '.join(dict.fromkeys(arrows[pair]))}"

    return "".join(
        f"{text}\n"
        for text in (
            "stateDiagram-v2",
            f"    [*] --> {State.QUESTION}: the buyer asks",
            f"    [*] --> {State.AWAITING_VALIDATION}: T1 the buyer pays",
            "    state open {",
            *(f"        {line(pair)}" for pair in inside),
            "    }",
            *(f"    {line(pair)}" for pair in outside),
            *(f"    {state} --> [*]" for state in State if state in ENDED),
        )
    )


def clocks() -> str:
    """Return the clocks of an order as a Markdown table."""
    defaults = Policy()
    return _table(
        ("clock", "length", "runs in", "at zero", "reminded", "pauses"),
        (
            (
                _plain(timer),
                length(length_of(timer, defaults)),
                _every([s for s in State if timer in CLOCKS[s]]) or "a call",
                _plain(ZERO_OF[timer]),
                _tick(timer in REMINDED),
                _tick(timer in PAUSES),
            )
            for timer in Timer
        ),
    )


def settings() -> str:
    """Return the settings of the process, their defaults and what they mean."""
    meaning = _meanings()
    return _table(
        ("setting", "default", "meaning"),
        (
            (f"`{field.name}`", _default(field), meaning[field.name])
            for field in msgspec.structs.fields(Policy)
        ),
    )


def length(seconds: int) -> str:
    """Return a length as people say it: "48 hours", "7 days", "30 seconds"."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number, rest = divmod(seconds, size)
        if number > (2 if unit == "day" else 0) and not rest:
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{seconds} seconds"


_MONEY: Mapping[Money, str] = {
    Money.STAYS: "stays in escrow",
    Money.HELD: "into escrow",
    Money.REFUNDED: "back to the buyer",
    Money.RELEASED: "to the seller",
    Money.SPLIT: "divided as decided",
    Money.EXPIRED: "to the marketplace",
}


def _alike(one: Step, other: Step) -> bool:
    return one == msgspec.structs.replace(other, source=one.source)


def _who(step: Step) -> str:
    if isinstance(step.by, Timer):
        return f"clock: {_plain(step.by)}"
    return "the marketplace" if isinstance(step.by, Operator) else step.by


def _short(step: Step) -> str:
    if isinstance(step.by, Timer):
        return f"{_plain(step.by)} over"
    verb = _plain(step.verb.partition(".")[2])
    noun = _plain(step.verb.partition(".")[0])
    return f"{step.by} - {verb} {noun}" if step.by in {*PARTIES} else f"{step.by} - {verb}"


def _where(step: Step, sources: Sequence[State]) -> str:
    if step.target is None:
        return "back: " + _every(list(dict.fromkeys(s for f in sources for s in _BACK[f])))
    return "stays" if [step.target] == [*sources] else _plain(step.target)


def _needs(step: Step) -> str:
    told = [_plain(step.guard)] if step.guard else []
    told += ["a reason"] if step.needs_note else []
    told += ["opens the right to dispute"] if step.right else []
    return "; ".join(told)


def _every(states: Sequence[State]) -> str:
    return "any open state" if set(states) == set(OPEN) else ", ".join(map(_plain, states))


def _plain(word: str) -> str:
    return str(word).replace("_", " ")


def _tick(true: bool) -> str:  # noqa: FBT001 - a cell of a table
    return "yes" if true else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    match field.default:
        case int(number) if field.name in _LENGTHS:
            return length(number)
        case tuple(marks):
            return ", ".join(map(str, marks))
        case Screening() as kinds:
            return ", ".join(f"{kind} {kinds.handling(kind)}" for kind in SecretKind)
        case other:
            return str(other)


_LENGTHS = frozenset(
    name
    for name, kind in Policy.__annotations__.items()
    if str(kind).partition(" ")[0] == "Seconds"
)


def _meanings() -> dict[str, str]:
    """Return the sentences that stand under the fields of `Policy`; its type's, where none does."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(Policy))).body[0]
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(tree)
    found: dict[str, str] = {}
    for field, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        match after:
            case ast.Expr(value=ast.Constant(value=str(text))):
                found[field.target.id] = " ".join(text.split())
            case _:
                kind = type(getattr(Policy(), field.target.id))
                found[field.target.id] = " ".join((kind.__doc__ or "").split())
    return found


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)
