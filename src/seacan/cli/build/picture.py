"""Steps → lines of a terminal.

[+] Building 3.2s (4/9)
=> CACHED [deps 2/9] WORKDIR /app                  0.0s
=> [deps 3/9] RUN npm ci                           1.2s
=> => # added 7 packages
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.build.steps import Step, Steps

_TAIL_LINES = 6
_LEAST_COLUMNS = 20


def lines_of(steps: Steps, now: float, *, began_s: float, rows: int, columns: int) -> list[str]:
    """Return the lines; where there are too many, steps that are done are left out first."""
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
    return lines


def _line(step: Step, now: float, columns: int) -> str:
    mark = "CACHED " if step.is_cached else "ERROR " if step.has_failed else ""
    time = f"{step.seconds(now):.1f}s"
    room = columns - len(time) - 1
    text = f" => {mark}{printable(step.label)}"
    return f"{text[:room]:<{room}} {time}"


def _tail(step: Step, columns: int) -> list[str]:
    lines = [line for line in step.tail if line.strip()]
    return [f" => => # {printable(line)}"[:columns] for line in lines[-_TAIL_LINES:]]


def printable(text: str) -> str:
    """Return `text` without what would move the cursor: of a line rewritten, what is last there."""
    last = text.rstrip("\r").rpartition("\r")[2].expandtabs()
    return "".join(letter for letter in last if letter.isprintable())
