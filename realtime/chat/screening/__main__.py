"""Print precision and recall on files of labelled lines: `python -m realtime.chat.screening`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from realtime.chat.screening import screen
from realtime.chat.screening.judging import judge, judge_line, labelled, overall

LINES = Path("tests/realtime/chat/screening")


def main(told: list[str]) -> int:
    """Print a table; with `-v` also every line on which something was wrong or missed."""
    names = [name for name in told if name != "-v"]
    for path in [Path(name) for name in names] or sorted(LINES.glob("*.txt")):
        lines = list(labelled(path.read_text(encoding="utf-8")))
        scores = judge(lines)
        print(f"{path.name}: {len(lines)} lines")
        print(f"  {'kind':<10} {'there':>5} {'right':>5} {'wrong':>5}  precision  recall")
        for kind, score in [*scores.items(), ("all", overall(scores))]:
            there = score.right + score.missed
            print(
                f"  {kind:<10} {there:>5} {score.right:>5} {score.wrong:>5}"
                f"  {score.precision:>9.3f}  {score.recall:>6.3f}"
            )
        ordinary = [line.text for line in lines if not line.wanted]
        began = time.perf_counter()
        for _ in range(20):
            for text in ordinary:
                screen(text)
        each = (time.perf_counter() - began) / 20 / len(ordinary)
        print(f"  {each * 1e6:.1f} µs for a line with nothing to see\n")
        if "-v" in told:
            for line in lines:
                total = overall(judge_line(line))
                if total.wrong or total.missed:
                    print(f"  {line.text!r}\n      {screen(line.text)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
