import pytest

from seacan.errors import Internal
from seacan.runtime.commands.ps import select


def test_lines_of_the_pids() -> None:
    table = "UID   PID  PPID CMD\nroot   12     1 sh -c 13\nroot   13    12 sleep\n"
    assert select(table, {13}) == ["UID   PID  PPID CMD", "root   13    12 sleep"]
    assert select(table, set()) == ["UID   PID  PPID CMD"]
    assert select("COMMAND PID\nsleep 60 12\nsh 60\n", {12}) == ["COMMAND PID", "sleep 60 12"]


@pytest.mark.parametrize("table", ["CMD\nsh\n", "COMMAND PID X\nsleep x 12 3\n", "A PID B\nx\n"])
def test_tables_without_a_pid_to_be_found(table: str) -> None:
    with pytest.raises(Internal, match="column PID"):
        select(table, {12})
