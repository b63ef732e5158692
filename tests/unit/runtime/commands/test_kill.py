import pytest

from seacan.errors import InvalidArgument
from seacan.runtime.commands.kill import signal_number


@pytest.mark.parametrize(
    ("text", "number"), [("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("0", 0)]
)
def test_signal(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize("text", ["", "FUN", "99", "-1", "SIG"])
def test_no_signal(text: str) -> None:
    with pytest.raises(InvalidArgument, match="unknown signal"):
        signal_number(text)
