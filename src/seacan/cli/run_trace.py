"""`seacan run --trace`: the way of a container's start, step by step, and how long each took.

    client ─▶ daemon ─▶ shim ─▶ starter ─▶ init ─▶ execve

What the daemon and those below it did comes with the answer to the start (trace.py says how); the
client adds its own steps, by the same clock if it is on the same host.
"""

from __future__ import annotations

import time

from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.client.containers import Containers

_FORMS = ("table", "json")
_CLIENT = "client"


def _read_form(text: str) -> str:
    if text not in _FORMS:
        raise ValueError("must be table or json")
    return text


TRACE = Flag(
    "trace",
    "",
    Kind("string", str, lambda _, text: _read_form(text), implied="table"),
    "Tell on standard error what its start did, and when: table or json",
)


class RunTrace:
    """Marks nothing, and prints nothing, unless it has a `form`."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._marks: list[dict[str, Any]] = []
        self.mark("command line read")

    def mark(self, what: str) -> None:
        if self._form:
            self._marks.append({"At": time.monotonic_ns(), "Who": _CLIENT, "What": what})

    def start(self, containers: Containers, container_id: str) -> None:
        """Start the container, traced or not."""
        if not self._form:
            containers.start(container_id)
            return
        told = containers.start_traced(container_id)
        self.mark("told of the start")
        if not told:
            complain("this daemon does not tell what its start did")
        self._marks += told

    def print(self) -> None:
        """Print what is known on standard error."""
        if not self._form:
            return
        import sys

        self._marks.sort(key=lambda mark: mark["At"])
        sys.stdout.flush()
        if self._form == "json":
            import json

            text = json.dumps(list(_timed(self._marks))) + "\n"
        else:
            from seacan.cli.output.table import align

            rows = [(f"{'MS':>8}", f"{'TOOK':>7}", "WHO", "WHAT"), *_rows(self._marks)]
            text = align(rows, least=0, gap=2)
        print(text, end="", file=sys.stderr, flush=True)


def new_trace(values: Values) -> RunTrace:
    return RunTrace(values.text("trace"))


def _timed(marks: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield marks with the time since the one before of the same process, None for its first."""
    before: dict[str, int] = {}
    for mark in marks:
        last = before.get(mark["Who"])
        took = None if last is None else mark["At"] - last
        before[mark["Who"]] = mark["At"]
        yield {"At": mark["At"], "Took": took, "Who": mark["Who"], "What": mark["What"]}


def _rows(marks: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """Yield rows of milliseconds, counted from the first mark."""
    for mark in _timed(marks):
        at = f"{(mark['At'] - marks[0]['At']) / 1e6:.2f}"
        took = "" if mark["Took"] is None else f"{mark['Took'] / 1e6:.2f}"
        yield f"{at:>8}", f"{took:>7}", mark["Who"], mark["What"]
