"""What COPY takes of a context, and under which names."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images.archives import member, tar

from seacan.build.context_tree import ContextTree
from seacan.build.selection import Choice, check_inside, excluded_by, resolve, select
from seacan.errors import InvalidArgument

Entry = tuple[tarfile.TarInfo, bytes]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[ContextTree]:
    with received(
        tmp_path,
        member("a.txt", b"a"),
        member("b.md", b"b"),
        member("d/one.txt", b"1"),
        member("d/sub/two.txt", b"2"),
        member("d/[x]", b"x"),
        member("to-d", type=b"2", linkname="d"),
        member("out", type=b"2", linkname="../../../etc/passwd"),
        member("loop", type=b"2", linkname="loop"),
    ) as tree:
        yield tree


def received(directory: Path, *members: Entry) -> ContextTree:
    tree = ContextTree(directory)
    tree.receive(io.BytesIO(tar([*members])))
    return tree


def names(tree: ContextTree, *paths: str, excludes: tuple[str, ...] = (), **choice: bool) -> str:
    wanted = Choice([*paths], [*excludes], choice.get("has_parents", False))
    found = select(tree, wanted, excluded_by([*excludes]))
    return " ".join(one.name for one in found)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.txt"], "a.txt"),
        (["/a.txt"], "a.txt"),
        (["./d/../a.txt"], "a.txt"),
        (["*.txt"], "a.txt"),
        (["?.*"], "a.txt b.md"),
        (["d"], "[x] one.txt sub sub/two.txt"),
        (["d/"], "[x] one.txt sub sub/two.txt"),
        (["to-d"], "[x] one.txt sub sub/two.txt"),
        (["to-d/one.txt"], "one.txt"),
        (["d/*/two.txt"], "two.txt"),
        (["*d/*.txt"], "one.txt"),  # not that of to-d once more
        (["to-d/*/two.txt"], "two.txt"),
        (["to-d/s*"], "two.txt"),
        (["to-*"], "[x] one.txt sub sub/two.txt"),
        (["d/[[]x]"], "[x]"),
        (["d/\\[x]"], "[x]"),
        (["a.txt", "b.md"], "a.txt b.md"),
    ],
)
def test_what_is_taken(tree: ContextTree, paths: list[str], expected: str) -> None:
    assert names(tree, *paths) == expected


def test_parents_are_kept(tree: ContextTree) -> None:
    assert names(tree, "d/sub/two.txt", has_parents=True) == "d d/sub d/sub/two.txt"
    assert names(tree, "d/sub", has_parents=True) == "d d/sub d/sub/two.txt"


def test_excludes(tree: ContextTree) -> None:
    assert names(tree, "d", excludes=("*.txt",)) == "[x] sub sub/two.txt"
    assert names(tree, "d", excludes=("**/*.txt",)) == "[x] sub"
    assert names(tree, "*.txt", "b.md", excludes=("*.md",)) == "a.txt"


@pytest.mark.parametrize("path", ["nope", "out", "loop", "a.txt/x", "d/nope"])
def test_what_is_not_there(tree: ContextTree, path: str) -> None:
    with pytest.raises(InvalidArgument, match="file not found in build context"):
        resolve(tree, Choice([path], [], False))


def test_nothing_matches(tree: ContextTree) -> None:
    assert resolve(tree, Choice(["*.nope", "nope/*"], [], False)) == []


def test_above_the_top_is_the_top(tree: ContextTree) -> None:
    found = [path for _, path in resolve(tree, Choice(["../a.txt", "d/../../a.txt"], [], False))]
    assert found == ["a.txt", "a.txt"]


@pytest.mark.parametrize("path", ["..", "../x", "/../x", "a/../../x", "./.."])
def test_outside(path: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^forbidden path outside the build context: "):
        check_inside(path)


@pytest.mark.parametrize("path", ["", "/", ".", "a/..", "..a", "http://x/../../y"])
def test_inside(path: str) -> None:
    check_inside(path)


def test_a_digest_is_of_content_and_not_of_times(tmp_path: Path) -> None:
    def of(*members: Entry) -> str:
        with received(tmp_path, *members) as tree:
            return tree.take(Choice(["/"], [], False)).digest

    same = of(member("f", b"x", mtime=1, uid=5))
    assert of(member("f", b"x", mtime=2, uid=6)) == same
    assert of(member("f", b"y")) != same
    assert of(member("g", b"x")) != same
    assert of(member("f", b"x", mode=0o755)) != same
    assert of(member("f", type=b"2", linkname="x")) != same
