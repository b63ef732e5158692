"""What `run --trace` prints of what it was told."""

import json
from typing import Any, cast

import pytest

from seacan.cli.commands import run as run_command
from seacan.cli.flags import FlagError, parse
from seacan.cli.run_trace import RunTrace, new_trace
from seacan.client.containers import Containers


class FakeContainers:
    """A daemon that traces, unless it is another's."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        self.told = told
        self.started: list[str] = []

    def start(self, name: str) -> bool:
        self.started.append(f"{name} untraced")
        return True

    def start_traced(self, name: str) -> list[dict[str, Any]]:
        self.started.append(name)
        return self.told


def traced(*words: str) -> RunTrace:
    return new_trace(parse(run_command.FLAGS, [*words, "busybox"], stop_at_argument=True)[0])


def test_a_table_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    trace = traced("--trace")
    begin = trace._marks[0]["At"]
    told = [
        {"At": begin + 2_000_000, "Who": "daemon", "What": "asked"},
        {"At": begin + 3_000_000, "Who": "init", "What": "pivot"},
        {"At": begin + 4_500_000, "Who": "daemon", "What": "told"},
    ]
    trace.start(cast(Containers, FakeContainers(told)), "c")
    trace._marks = [mark for mark in trace._marks if mark["What"] != "told of the start"]
    trace.print()
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split() for line in err.splitlines()] == [
        ["MS", "TOOK", "WHO", "WHAT"],
        ["0.00", "client", "command", "line", "read"],
        ["2.00", "daemon", "asked"],
        ["3.00", "init", "pivot"],
        ["4.50", "2.50", "daemon", "told"],
    ]


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    trace = traced("--trace=json")
    trace.mark("container created")
    trace.print()
    (line,) = capsys.readouterr().err.splitlines()
    first, second = json.loads(line)
    assert (first["Who"], first["Took"]) == ("client", None)
    assert second["Took"] == second["At"] - first["At"]


def test_nothing_is_asked_or_printed_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    containers = FakeContainers([])
    trace = traced()
    trace.start(cast(Containers, containers), "c")
    trace.print()
    assert containers.started == ["c untraced"]
    assert capsys.readouterr() == ("", "")


def test_of_a_daemon_that_cannot_there_is_the_clients_part(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trace = traced("--trace")
    trace.start(cast(Containers, FakeContainers([])), "c")
    trace.print()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "this daemon does not tell what its start did"
    assert {line.split()[1] for line in lines[2:3]} == {"client"}


def test_another_form_is_refused() -> None:
    with pytest.raises(FlagError, match="must be table or json"):
        traced("--trace=xml")
