"""`seacan limit`: what it refuses before it asks anyone, and what it prints."""

from typing import Any

import pytest

from seacan.cli import hood_process
from seacan.cli.commands import limit, limit_ls, limit_rm
from seacan.cli.daemon_choice import DaemonChoice
from seacan.cli.flags import parse
from seacan.cli.session import Session
from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.limits import Limited, Line

LIMITED: Limited = {
    "Pid": 7,
    "Command": "yes",
    "Cpus": 0.1,
    "Memory": None,
    "MemoryUsed": 0,
    "Pids": 20,
    "PidsUsed": 3,
    "Cgroup": "/seacan-limits/7-1",
    "Origins": {"cpu": "/sys/fs/cgroup/cpu"},
    "Lowered": ["--cpus"],
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, config_directory: object) -> list[list[str]]:
    """What the program was asked, which answers with ANSWERS."""
    words: list[list[str]] = []

    def lines(program: str, given: list[str]) -> Any:
        words.append([program, *given])
        return iter(ANSWERS[given[-1] if given[-1] == "ls" else given[0]])

    monkeypatch.setattr(hood_process, "lines", lines)
    return words


ANSWERS: dict[str, list[Line]] = {
    "add": [
        {"Before": {"Cpus": 0.998, "Memory": 1 << 20, "Processes": 1, "HeldBack": 0}},
        {"Limited": LIMITED},
        {"Now": {"Cpus": 0.1, "Memory": 1 << 20, "Processes": 1, "HeldBack": 9}},
    ],
    "rm": [{"Removed": 7}, {"Error": "process 8 is not limited"}],
    "ls": [{"Limited": LIMITED}],
    "--exec-root=/x": [{"Limited": LIMITED}],
}


def run(command: Any, *words: str, host: str = "unix:///x.sock") -> int:
    values, arguments = parse(command.FLAGS, words)
    session = Session(DaemonChoice(config_path="/none", hosts=[host]))
    code: int = command.run(session, values, arguments)
    return code


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["web", "--cpus", "1"], "a container is limited by `seacan update --cpus 0.1 web`"),
        (["0", "--cpus", "1"], "'0' is not the pid"),
        (["99999999999", "--cpus", "1"], "is not the pid"),
        (["7"], "nothing to limit: as in `seacan limit 7 --cpus 0.1`"),
        (["7", "--cpus", "0.001"], "--cpus: at least 0.01"),
        (["7", "-m", "1m"], "--memory: at least 6m"),
        (["7", "--pids", "0"], "--pids-limit: at least 1"),
        (["7", "--pids", "-1"], "--pids-limit: at least 1"),
    ],
)
def test_wrong_input_is_explained(asked: list[list[str]], words: list[str], complaint: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        run(limit, *words)
    assert complaint in str(caught.value)
    assert asked == []


def test_a_process_of_another_host_is_not_taken_for_one_of_this(asked: list[list[str]]) -> None:
    for command, word in ((limit, "7"), (limit_rm, "7")):
        with pytest.raises(Unsupported, match="there"):
            run(command, word, host="tcp://192.0.2.1:2375")
    assert asked == []


def test_add(asked: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(limit, "7", "--cpus", "0.1", "-m", "64m", "--pids", "20", "--watch") == 0
    assert asked == [
        ["limit", "add", "7", "--cpus=100000000", "--memory=67108864", "--pids-limit=20",
         "--watch"],
    ]  # fmt: skip
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "before   cpu  99.8 %, memory 1MiB, processes 1",
        "process 7 (yes): at most 0.1 CPUs, 20 processes",
        "limited  cpu  10.0 %, memory 1MiB, processes 1, held back 9 times",
    ]
    assert err == "--cpus: it had no more where it was, and has no more now\n"


def test_rm_tells_of_each(asked: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(limit_rm, "7", "8") == 1
    assert asked == [["limit", "rm", "7", "8"]]
    assert capsys.readouterr() == ("7\n", "process 8 is not limited\n")


def test_ls(asked: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(limit_ls, "--exec-root", "/x") == 0
    assert asked == [["limit", "--exec-root=/x", "ls"]]
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["PID", "CPUS", "MEMORY", "PIDS", "COMMAND"],
        ["7", "0.1", "-", "3", "/", "20", "yes"],
    ]
