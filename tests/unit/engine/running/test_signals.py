import pytest

from seacan.engine.running.signals import parse_signal
from seacan.errors import InvalidArgument

# As dockerd 28 has them.
PARSED = [
    ("9", 9), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("RTMIN", 34), ("SIGRTMIN+3", 37),
    ("rtmax-1", 63), ("64", 64),
]  # fmt: skip
REFUSED = [
    ("0", "invalid signal: 0"),
    ("SIGNOPE", "invalid signal: SIGNOPE"),
    (" 9", "invalid signal:  9"),
    ("1e1", "invalid signal: 1e1"),
    ("9" * 30, f"invalid signal: {'9' * 30}"),
    ("32", "the linux daemon does not support signal 32"),
    ("99", "the linux daemon does not support signal 99"),
    ("-1", "the linux daemon does not support signal -1"),
]


@pytest.mark.parametrize(("text", "number"), PARSED)
def test_a_signal_by_name_or_number(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_no_signal(text: str, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_signal(text)
    assert str(refused.value) == sentence
