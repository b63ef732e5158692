"""The output of ps(1), cut down to a container's processes."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from seacan.engine.containers.top import Top, check_arguments, parse, top
from seacan.errors import Internal

TABLE = """UID          PID    PPID  CMD
root           1       0  /sbin/init
root          17       1  sh -c  a  b
root          18      17  sleep 1
"""


def test_the_last_column_takes_the_rest() -> None:
    assert parse(TABLE, [18, 17]) == Top(
        ["UID", "PID", "PPID", "CMD"],
        [["root", "17", "1", "sh -c a b"], ["root", "18", "17", "sleep 1"]],
    )


def test_no_process_is_there() -> None:
    assert parse(TABLE, [99]).processes == []
    assert parse("PID\n", [1]).processes == []


def test_threads_belong_to_the_process_before() -> None:
    table = "PID TID CMD\n 7 - x\n - 8 -\n 9 - y\n - 10 -\n"
    assert parse(table, [9]).processes == [["9", "-", "y"], ["-", "10", "-"]]


def test_only_ascii_blanks_part_columns() -> None:
    assert parse("PID CMD\n7 a\u00a0b c\n", [7]).processes == [["7", "a\u00a0b c"]]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("COMMAND\nsh\n", "Couldn't find PID field in ps output"),
        ("", "Couldn't find PID field in ps output"),
        ("CMD PID\nsh -c 7\n", "Unexpected pid '-c'"),
        ("A PID\nx\n", "a line is shorter than the titles"),
    ],
)
def test_output_without_pids(table: str, words: str) -> None:
    with pytest.raises(Internal) as refused:
        parse(table, [7])
    assert words in str(refused.value)


def test_a_column_that_is_called_pid() -> None:
    for arguments in ("-o pid,x", "-o pid=PID", "-ef"):
        check_arguments(arguments)
    for arguments in ("-opid=PID", "opid=PID"):
        check_arguments(arguments)
    for arguments in ("-oetimes=PID,args", "oetimes=PID", "--format=rss=PID", "-opid,rss=PID"):
        with pytest.raises(Internal, match="is not allowed"):
            check_arguments(arguments)
    for arguments in ("-o x=PID2", "-o pid -o x= PID2"):
        with pytest.raises(Internal, match='specifying "x=PID2" is not allowed'):
            check_arguments(arguments)


def test_lines_are_whole_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    cgroup = SimpleNamespace(pids=lambda: [os.getpid()])
    monkeypatch.setattr("seacan.engine.containers.top.hierarchy.open_cgroup", lambda path: cgroup)
    monkeypatch.setenv("COLUMNS", "12")
    ((pid, command),) = top("/x", "-o pid,args").processes
    assert pid == str(os.getpid())
    whole = Path("/proc/self/cmdline").read_text().replace("\0", " ")
    assert command.split() == whole.split()
