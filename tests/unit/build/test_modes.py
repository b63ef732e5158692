"""--chmod."""

import pytest

from seacan.build.modes import changed_mode, check
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("mode", "text", "is_directory", "expected"),
    [
        (0o644, "755", False, 0o755),
        (0o644, "4711", False, 0o4711),
        (0o644, "u+x", False, 0o744),
        (0o644, "+x", False, 0o755),
        (0o755, "go-rx", False, 0o700),
        (0o640, "u=rwX,go=rX", False, 0o644),
        (0o640, "u=rwX,go=rX", True, 0o755),
        (0o100, "a+X", False, 0o111),
        (0o755, "u+s,g+s,+t", False, 0o7755),
        (0o777, "o=", False, 0o770),
    ],
)
def test_changed(mode: int, text: str, is_directory: bool, expected: int) -> None:
    assert changed_mode(mode, text, is_directory=is_directory) == expected


@pytest.mark.parametrize("text", ["", "8", "77777", "rwx", "u+y", "u+r,", "-1"])
def test_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid chmod parameter"):
        check(text)
