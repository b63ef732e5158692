import pytest

from seacan.engine.running.detach_keys import parse_detach_keys
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (None, b"\x10\x11"),
        ("", b"\x10\x11"),
        ("ctrl-a", b"\x01"),
        ("ctrl-@,a,,", None),
        ("a,b,ctrl-_", b"ab\x1f"),
        ("CTRL-a", None),  # as dockerd: not in capitals
        ("ctrl-1", None),
        ("ctrl-", None),
        ("nope", None),
        ("\u00e9", None),
    ],
)
def test_keys(text: str | None, keys: bytes | None) -> None:
    if keys is not None:
        assert parse_detach_keys(text) == keys
        return
    for of in ("detach", "escape"):
        with pytest.raises(InvalidArgument) as refused:
            parse_detach_keys(text, of=of)
        assert str(refused.value) == f"Invalid {of} keys ({text}) provided"
