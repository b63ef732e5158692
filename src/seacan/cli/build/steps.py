"""The steps of a build, as the daemon's messages tell of them.

    {"began": {"id": 3, "total": 9, "stage": "deps", "text": "RUN npm ci", "line": 4}}
    {"printed": {"id": 3, "text": "added 7 packages"}}
    {"ended": {"id": 3, "isCached": false}}
    {"failed": {"id": 3}}

`id` is a step's number in the whole build; several run at once.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEPT_LINES = 10


class Step:
    """One step; times are those of a clock that only goes forward, in seconds."""

    def __init__(self, told: dict[str, Any], now: float) -> None:
        self.id = int(told["id"])
        self.text = " ".join(str(told["text"]).split())
        self.line = int(told.get("line") or 0)
        self.last_line = int(told.get("lastLine") or self.line)
        stage = str(told.get("stage") or "")
        self.label = f"[{stage + ' ' if stage else ''}{self.id}/{told['total']}] {self.text}"
        self.began_s = now
        self.ended_s: float | None = None
        self.is_cached = False
        self.has_failed = False
        self.tail: list[str] = []  # the last lines of output
        self._unfinished = ""

    @property
    def is_running(self) -> bool:
        return self.ended_s is None

    def seconds(self, now: float) -> float:
        return (now if self.ended_s is None else self.ended_s) - self.began_s

    def take_output(self, text: str) -> list[str]:
        """Return the lines that this text completes."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        lines = [line.rstrip("\r") for line in lines]
        self.tail = [*self.tail, *lines][-_KEPT_LINES:]
        return lines

    def rest_of_output(self) -> list[str]:
        """Return the last line, if nothing ended it."""
        return self.take_output("\n") if self._unfinished else []


class Steps:
    """All steps so far, in the order in which they began."""

    def __init__(self) -> None:
        self.all: dict[int, Step] = {}
        self.total = 0

    def begin(self, told: dict[str, Any], now: float) -> Step:
        step = self.all[int(told["id"])] = Step(told, now)
        self.total = max(self.total, int(told["total"]))
        return step

    def end(self, told: dict[str, Any], now: float) -> Step:
        step = self.all[int(told["id"])]
        step.ended_s = now
        step.is_cached = bool(told.get("isCached"))
        return step

    def fail(self, told: dict[str, Any], now: float) -> Step:
        step = self.all[int(told["id"])]
        step.has_failed = True
        step.ended_s = now
        return step

    def stop(self, now: float) -> Step | None:
        """End what still runs; return the step that has failed, if it is one."""
        for step in self.all.values():
            if step.is_running:
                step.ended_s = now
        return next((step for step in self.all.values() if step.has_failed), None)

    @property
    def done(self) -> int:
        return sum(not step.is_running for step in self.all.values())
