"""Contexts as they come: bounded, and harmless whatever is in them."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from tests.images.archives import member, tar

from seacan.build import context_index
from seacan.build.context_tree import ContextTree
from seacan.build.selection import Choice, select
from seacan.errors import InvalidArgument

Entry = tuple[tarfile.TarInfo, bytes]


def received(directory: Path, *members: Entry) -> ContextTree:
    tree = ContextTree(directory)
    tree.receive(io.BytesIO(tar(members)))
    return tree


def test_nothing_is_made_of_what_is_received(tmp_path: Path) -> None:
    with received(tmp_path, member("f", b"x"), member("dev", type=b"3"), member("p", type=b"6")):
        assert os.listdir(tmp_path) == []


def test_a_directory_is_the_whole(tmp_path: Path) -> None:
    members = (
        member("d/f", b"x"),
        member("l", type=b"2", linkname="/d"),
        member("out", type=b"2", linkname="../../d/.."),
        member("f", b"y"),
    )
    for path in ("d", "l", "d/../l/"):
        with received(tmp_path, *members) as tree:
            tree.descend(path)
            assert tree.names("") == ["f"]
            assert tree.read("f", 10) == b"x"
    with received(tmp_path, *members) as tree:
        tree.descend("out")  # no further than the top
        assert tree.names("") == ["d", "f", "l", "out"]
        for path in ("none", "f", "d/f"):
            with pytest.raises(InvalidArgument, match=f"there is no directory {path}"):
                tree.descend(path)


def test_what_is_put_in_is_what_is_copied(tmp_path: Path) -> None:
    with received(tmp_path, member("f", b"old")) as tree:
        tree.add_directory("d/e", mtime_ns=10**9)
        tree.add_file("f", io.BytesIO(b"new"))
        tree.add_file("d/empty", io.BytesIO())
        archive = tmp_path / "archive"
        with archive.open("wb") as file:
            tree.write_members(
                select(tree, Choice(["."], [], False), lambda _: False), file.fileno()
            )
            file.write(bytes(1024))
        with tarfile.open(archive) as members:
            copied = members.extractfile("f")
            assert copied is not None
            assert copied.read() == b"new"
            assert sorted(members.getnames()) == ["d", "d/e", "d/empty", "f"]


def test_content_is_read_through_links_within(tmp_path: Path) -> None:
    with received(
        tmp_path,
        member("d/f", b"content"),
        member("l", type=b"2", linkname="/d/../d/f"),
        member("h", type=b"1", linkname="d/f"),
    ) as tree:
        assert tree.read("l", 100) == b"content"
        assert tree.read("h", 100) == b"content"
        assert tree.read("d", 100) is None
        with pytest.raises(InvalidArgument, match="longer than 3 bytes"):
            tree.read("l", 3)


def test_the_last_of_a_name_counts(tmp_path: Path) -> None:
    with received(tmp_path, member("f", b"old"), member("f", b"new")) as tree:
        assert tree.read("f", 100) == b"new"
        assert tree.names("") == ["f"]


def test_a_directory_in_place_of_a_file(tmp_path: Path) -> None:
    with received(tmp_path, member("f", b"old"), member("f/g", b"new")) as tree:
        assert tree.read("f/g", 100) == b"new"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (member("../f", b"x"), "is outside of the root"),
        (member("h", type=b"1", linkname="nope"), "a link to nothing"),
        (member("l", type=b"2", linkname="l/" * 2048), "a link to too long a name"),
        (member("d/" * 2048 + "f"), "file name too long"),
    ],
)
def test_what_is_refused(tmp_path: Path, bad: Entry, said: str) -> None:
    with ContextTree(tmp_path) as tree, pytest.raises(InvalidArgument, match=said):
        tree.receive(io.BytesIO(tar([bad])))


def test_directories_as_deep_as_a_name_says(tmp_path: Path) -> None:
    path = "d/" * 2000 + "f"
    with received(tmp_path, member(path, b"deep")) as tree:
        assert tree.read(path, 10) == b"deep"
        assert sum(1 for _ in tree.below("")) == 2001


def test_names_come_to_so_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_index, "_MOST_PATHS_BYTES", 10_000)
    with ContextTree(tmp_path) as tree, pytest.raises(InvalidArgument, match="too many long names"):
        tree.receive(io.BytesIO(tar([member("d/" * 150 + "f")])))


def test_devices_are_not_copied(tmp_path: Path) -> None:
    with received(tmp_path, member("dev", type=b"3")) as tree:
        chosen = select(tree, Choice(["dev"], [], False), lambda path: False)
        with (
            open(os.devnull, "wb") as out,
            pytest.raises(InvalidArgument, match="cannot copy dev: it is no file"),
        ):
            tree.write_members(chosen, out.fileno())


def test_removed(tmp_path: Path) -> None:
    with received(tmp_path, member("f", b"x")) as tree:
        tree.remove("f")
        tree.remove("f")
        assert tree.names("") == []


def test_split(tmp_path: Path) -> None:
    files = [member("d/deep/f", b"inner"), member("d/g", b"g"), member("do/f", b"f")]
    with received(tmp_path, *files) as tree:
        part = tree.split("d")
        assert [path for path, _ in tree.below("")] == ["do", "do/f"]
        assert tree.read("d/deep/f", 10) is None
    # The other one is closed by now.
    with part:
        assert [path for path, _ in part.below("")] == ["deep", "deep/f", "g"]
        assert part.read("deep/f", 10) == b"inner"


@pytest.mark.parametrize("path", ["", "none", "do/f", ".."])
def test_no_split(tmp_path: Path, path: str) -> None:
    with received(tmp_path, member("do/f", b"")) as tree, pytest.raises(InvalidArgument):
        tree.split(path)


def test_what_is_closed_holds_nothing(tmp_path: Path) -> None:
    with received(tmp_path, member("d/f", b"inner")) as tree:
        part = tree.split("d")
    assert [*tree.below("")] == []
    with part:
        assert part.read("f", 10) == b"inner"
    assert [*part.below("")] == []
