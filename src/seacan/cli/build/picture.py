"""Steps → lines of a terminal.

[+] Building 3.2s (4/9)
=> CACHED [deps 2/9] WORKDIR /app                  0.0s
=> [deps 3/9] RUN npm ci                           1.2s
=> => # added 7 packages
"""

from __future__ import annotations

import re

from seacan.cli.output.table import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.build.steps import Step, Steps

_TAIL_LINES = 6
_COLOUR = re.compile(r"(\x1b\[[0-9;:]*m)")
_PLAIN = "\x1b[0m"
# Of a terminal: colours and the like, titles. Source: ECMA-48, 5.4 and 5.6.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[]P^_X][^\x07\x1b]*(\x07|\x1b\\)?")
_LEAST_COLUMNS = 20


def lines_of(steps: Steps, now: float, *, began_s: float, rows: int, columns: int) -> list[str]:
    """Return the lines, fewer than `rows`.

    Where there are too many, output is left out first, then steps that are done, at last others.
    """
    columns = max(columns - 1, _LEAST_COLUMNS)
    head = f"[+] Building {now - began_s:.1f}s ({steps.done}/{steps.total})"
    running = [step for step in steps.all.values() if step.is_running]
    others = [step for step in steps.all.values() if not step.is_running]
    room = max(rows - 2 - len(running), 1)
    tails = {step.id: _tail(step, columns) for step in running}
    while sum(map(len, tails.values())) > max(room, 0) and any(tails.values()):
        longest = max(tails, key=lambda step_id: len(tails[step_id]))
        tails[longest] = tails[longest][1:]
    kept = room - sum(map(len, tails.values()))
    shown = {step.id for step in (*running, *others[max(len(others) - kept, 0) :])}
    lines = [head[:columns]]
    for step in steps.all.values():
        if step.id in shown:
            lines.append(_line(step, now, columns))
            lines += tails.get(step.id, [])
    return lines[: max(rows - 1, 1)]


def _line(step: Step, now: float, columns: int) -> str:
    mark = "CACHED " if step.is_cached else "ERROR " if step.has_failed else ""
    time = f"{step.seconds(now):.1f}s"
    room = columns - len(time) - 1
    text = cut(f" => {mark}{printable(step.label)}", room)
    return f"{text}{' ' * (room - width(text))} {time}"


def _tail(step: Step, columns: int) -> list[str]:
    lines = [line for line in step.tail if line.strip()]
    return [cut(f" => => # {printable(line)}", columns) for line in lines[-_TAIL_LINES:]]


def cut(text: str, columns: int) -> str:
    """Return as much of `text` as takes no more columns: of some letters each takes two."""
    text = text[:columns]
    while width(text) > columns:
        text = text[:-1]
    return text


def harmless(text: str) -> str:
    """Return a line with its colours, without what moves the cursor or changes the terminal."""
    parts = _COLOUR.split(text)
    if len(parts) == 1:
        return printable(text)
    return "".join(part if at % 2 else printable(part) for at, part in enumerate(parts)) + _PLAIN


def printable(text: str) -> str:
    """Return `text` without what would move the cursor: of a line rewritten, what is last there."""
    last = _SEQUENCE.sub("", text).rstrip("\r").rpartition("\r")[2].expandtabs()
    return "".join(letter for letter in last if letter.isprintable())
