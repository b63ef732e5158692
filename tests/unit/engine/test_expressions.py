import sys

import pytest

from seacan.engine.expressions import finder
from seacan.errors import InvalidArgument, Unsupported


@pytest.mark.parametrize(
    ("text", "name", "is_match"),
    [
        ("web", "/web-db", True),
        ("", "web", True),
        ("Web", "web", False),
        ("^/we", "/web", True),
        ("^we", "/web", False),
        ("w.b$", "/web", True),
        ("web|db", "db", True),
        ("é.", "éa", True),
    ],
)
def test_what_matches_anywhere(text: str, name: str, is_match: bool) -> None:
    assert finder(text)(name) is is_match


@pytest.mark.parametrize(
    "text", ["(", "[", "*", "(?=x)", r"(a)\1", "(((a{900}){900}){900})", "a?" * 3000]
)
def test_what_is_none_in_re2(text: str) -> None:
    with pytest.raises(InvalidArgument, match="error parsing regexp: "):
        finder(text)


@pytest.mark.parametrize("text", ["(.*)*(.*)*(.*)*(.*)*#", "(a+)+(a+)+(a+)+$#"])
def test_none_takes_for_ever(text: str) -> None:
    assert not finder(text)("a" * 100_000)


def test_without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)

    assert finder("web")("/web")
    with pytest.raises(Unsupported, match=r"`we\.` need google-re2"):
        finder("we.")
