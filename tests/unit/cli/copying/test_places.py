import os
from pathlib import Path

import pytest

from seacan.cli.copying.places import Destination, absolute, split, split_place
from seacan.errors import InvalidArgument, NotFound


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("web:/a", ("web", "/a")),
        ("web:a:b", ("web", "a:b")),
        ("/a:b", ("", "/a:b")),
        ("./a:b", ("", "./a:b")),
        ("a", ("", "a")),
        ("-", ("", "-")),
    ],
)
def test_arguments(text: str, place: tuple[str, str]) -> None:
    assert split_place(text) == place


def test_paths_keep_how_they_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [os.path.relpath(absolute(path)) for path in ("a", "b/../c")] == ["a", "c"]
    assert absolute("a/").endswith("/a/")
    assert absolute("a/.").endswith("/a/.")
    assert absolute(".") == f"{tmp_path}/."
    assert split("/a/b/") == ("/a", "b")
    assert split("/a/b/.") == ("/a/b", ".")
    assert split("/a") == ("/", "a")


def test_what_becomes_of_it() -> None:
    directory = Destination("/d", exists=True, is_directory=True)
    file = Destination("/d/f", exists=True, is_directory=False)
    nothing = Destination("/d/new", exists=False, is_directory=False)
    no_directory = Destination("/d/new/", exists=False, is_directory=False)
    assert directory.of(is_directory=True) == ("/d", "")
    assert file.of(is_directory=False) == ("/d", "f")
    assert nothing.of(is_directory=True) == ("/d", "new")
    assert no_directory.of(is_directory=True) == ("/d", "new")
    with pytest.raises(InvalidArgument, match="cannot copy directory"):
        file.of(is_directory=True)
    with pytest.raises(NotFound, match="no such directory"):
        no_directory.of(is_directory=False)
