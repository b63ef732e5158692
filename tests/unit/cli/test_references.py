import pytest

from seacan.cli.references import require_reference
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    "name",
    [
        "busybox",
        "busybox:1.2",
        "a/b_c/d-e:X",
        "localhost/x",
        "Host/x:1",
        "h.example:5000/a/b@sha256:" + "0" * 64,
        "[::1]:5000/x",
        "0123456789ab",
    ],
)
def test_names(name: str) -> None:
    require_reference(name)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Bad", r"invalid reference format: repository name \(library/Bad\) must be lowercase"),
        ("h:5/a/B", r"invalid reference format: repository name \(a/B\) must be lowercase"),
        ("a//b", "^invalid reference format$"),
        ("a:", "^invalid reference format$"),
        ("-a", "^invalid reference format$"),
        ("", "^invalid reference format$"),
    ],
)
def test_what_is_none(name: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        require_reference(name)
