"""Archives that came before: what is known of them is what is in them, whoever sends them again."""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.images.archives import member, tar

from seacan.build import known_contexts
from seacan.build.context_tree import ContextTree
from seacan.build.known_contexts import KnownContext, KnownContexts, TakenBefore
from seacan.build.selection import Choice
from seacan.errors import InvalidArgument
from seacan.images import tar as tar_reading

Entry = tuple[tarfile.TarInfo, bytes]
ALL = Choice(["."], [], False)
FILES = (member("d/f", b"inner"), member("g", b"outer"), member("h", type=b"1", linkname="g"))


def received(directory: Path, known: KnownContexts, data: bytes) -> ContextTree:
    tree = ContextTree(directory)
    tree.receive_known(io.BytesIO(data), known)
    return tree


def contents(tree: ContextTree) -> dict[str, bytes | None]:
    return {path: tree.read(path, 100) for path, _ in tree.below("")}


def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names that are read of archives from now on."""
    names: list[str] = []
    whole = tar_reading._Header.member

    def noted(header: tar_reading._Header, *given: object) -> tar_reading.Member:
        found = whole(header, *given)  # type: ignore[arg-type]
        names.append(found.name)
        return found

    monkeypatch.setattr(tar_reading._Header, "member", noted)
    return names


def test_the_same_bytes_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, data = KnownContexts(), tar(FILES)
    with received(tmp_path, known, data) as first:
        before, taken = contents(first), first.take(ALL)
    names = seen(monkeypatch)
    with received(tmp_path, known, data) as again:
        assert (
            contents(again) == before == {"d": None, "d/f": b"inner", "g": b"outer", "h": b"outer"}
        )
        assert again.take(ALL) == taken
    assert names == []
    with received(tmp_path, known, tar([*FILES[:1], member("g", b"other")])) as changed:
        assert contents(changed)["g"] == b"other"
        assert changed.take(ALL).digest != taken.digest
    assert names == ["d/f", "g"]


def test_what_one_build_leaves_out_is_there_for_the_next(tmp_path: Path) -> None:
    known, data = KnownContexts(), tar(FILES)
    with received(tmp_path, known, data) as whole:
        digest = whole.take(ALL).digest
    with received(tmp_path, known, data) as tree:
        tree.remove("g")
        without = tree.take(ALL).digest
        assert without != digest
        with tree.split("d") as part:
            assert contents(part) == {"f": b"inner"}
            assert contents(tree) == {"h": b"outer"}
            assert len({digest, without, part.take(ALL).digest, tree.take(ALL).digest}) == 4
    with received(tmp_path, known, data) as tree:
        assert tree.take(ALL).digest == digest
        tree.remove("g")
        assert tree.take(ALL).digest == without
        tree.add_file("g", io.BytesIO(b"outer"))
        assert tree.take(ALL).digest != without


def test_choices_are_told_apart(tmp_path: Path) -> None:
    choices = [
        ALL,
        Choice(["d"], [], False),
        Choice(["d"], [], True),
        Choice(["."], ["g"], False),
        Choice([".", "g"], [], False),
        Choice(["g", "h"], [], False),
    ]

    def taken(known: KnownContexts) -> list[object]:
        with received(tmp_path, known, tar(FILES)) as tree:
            return [tree.take(choice) for choice in choices]

    known = KnownContexts()
    assert taken(known) == taken(known) == taken(KnownContexts())
    assert len({*taken(known)}) == len(choices)


@pytest.mark.parametrize("size", [0, 1, 511, 1024, 1 << 20])
def test_an_archive_beyond_the_limit_is_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(known_contexts, "LIMIT_BYTES", size)
    known, data = KnownContexts(), tar(FILES)
    for _ in range(2):
        stream = io.BytesIO(data + b"what follows")
        with ContextTree(tmp_path) as tree:
            tree.receive_known(stream, known)
            assert contents(tree)["h"] == b"outer"
            assert stream.read() == b""


def test_a_malformed_archive_is_malformed_again(tmp_path: Path) -> None:
    known, data = KnownContexts(), tar([*FILES, member("../out", b"")])
    for _ in range(2):
        with (
            ContextTree(tmp_path) as tree,
            pytest.raises(InvalidArgument, match="is outside of the root"),
        ):
            tree.receive_known(io.BytesIO(data), known)


def of_entries(count: int) -> KnownContext:
    with_count: Sequence[str] = [str(number) for number in range(count)]
    return KnownContext(dict.fromkeys(with_count), {}, TakenBefore())  # type: ignore[arg-type]


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_contexts, "_MOST_ENTRIES", 10)
    monkeypatch.setattr(known_contexts, "_MOST_CONTEXTS", 3)
    known = KnownContexts()
    for name in "abc":
        known.keep(name, of_entries(3))
    assert known.find("a") is not None  # and is the last one from now on
    known.keep("d", of_entries(1))
    assert [name for name in "abcd" if known.find(name)] == ["a", "c", "d"]
    known.keep("e", of_entries(9))
    assert [name for name in "acde" if known.find(name)] == ["d", "e"]
    known.keep("f", of_entries(11))
    assert known.find("f") is None
    assert known.find("e") is not None
