"""Contexts as inventories: what is kept for whom, and what is taken for what."""

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from seacan.build import inventory
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import ContextGone, KeptContexts
from seacan.errors import InvalidArgument
from seacan.spec.inventory import Entry

KEY = "a" * 64
OTHERS = "b" * 64


def file(path: str, content: bytes, mode: int = 0o644, capability: str = "") -> Entry:
    digest = hashlib.sha256(content).hexdigest()
    return Entry(path, "file", mode, 10**18, len(content), digest, capability)


def body(entries: Sequence[Entry], sent: Sequence[int] = (), contents: bytes = b"") -> io.BytesIO:
    return io.BytesIO(json.dumps({"Entries": entries, "Sent": sent}).encode() + b"\n" + contents)


def receive(tmp_path: Path, stream: io.BytesIO, key: str = KEY) -> ContextTree:
    """Take in a context as a daemon does that has just been started."""
    (tmp_path / "kept").mkdir(exist_ok=True)
    kept_contexts = KeptContexts(tmp_path / "kept")
    kept_contexts.remove_leftovers()
    with kept_contexts.use(key) as kept, ExitStack() as undo:
        tree = undo.enter_context(ContextTree(tmp_path))
        inventory.receive(tree, kept, stream)
        kept.save()
        undo.pop_all()
    return tree


def test_what_is_sent_once(tmp_path: Path) -> None:
    link = Entry("d/l", "link", 0o777, 0, 0, "f")
    entries = [file("d/f", b"one", 0o4755), link, file("empty", b"")]
    with receive(tmp_path, body(entries, [0, 2], b"one")) as tree:
        assert tree.read("d/l", 10) == b"one"
        assert tree.entry("d/f").member.mode == 0o4755
        assert tree.read("empty", 10) == b""
    entries += [file("g", b"two"), file("again", b"one")]
    with receive(tmp_path, body(entries, [3], b"two")) as tree:
        assert [tree.read(name, 10) for name in ("d/f", "g", "again")] == [b"one", b"two", b"one"]
        assert tree.entry("again").digest == entries[0].subject


def test_a_digest_is_no_key(tmp_path: Path) -> None:
    """Contents are found by who has sent them, and not by what they are."""
    secret = file("secret", b"of somebody else")
    receive(tmp_path, body([secret], [0], b"of somebody else"), OTHERS).__exit__()
    with pytest.raises(ContextGone, match="secret is not kept"):
        receive(tmp_path, body([secret]))
    with receive(tmp_path, body([secret]), OTHERS) as tree:
        assert tree.read("secret", 100) == b"of somebody else"


def test_content_is_what_it_is(tmp_path: Path) -> None:
    """What changed on its way, or is a lie, comes in the place of nothing else."""
    claimed = file("f", b"good")
    with receive(tmp_path, body([claimed], [0], b"evil")) as tree:
        assert tree.entry("f").digest == hashlib.sha256(b"evil").hexdigest()
    with pytest.raises(ContextGone):
        receive(tmp_path, body([claimed]))


def test_capabilities(tmp_path: Path) -> None:
    entry = file("f", b"x", capability=base64.b64encode(b"\1\2").decode())
    with receive(tmp_path, body([entry], [0], b"x")) as tree:
        assert tree.entry("f").member.xattrs == {"security.capability": b"\1\2"}


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (io.BytesIO(b""), "no inventory"),
        (io.BytesIO(b"{}\n"), "malformed inventory"),
        (body([file("f", b"x")], [1], b"x"), "Sent"),
        (body([file("f", b"x")], [0, 0], b"xx"), "Sent"),
        (body([Entry("d", "directory")], [0]), "only files"),
        (body([file("../f", b"x")], [0], b"x"), "outside of the root"),
        (body([file("f", b"xy")], [0], b"x"), "not sent to its end"),
        (body([file("f", b"x")], [0], b"xy"), "more was sent"),
        (body([file("f", b"x")._replace(size_bytes=-1)], [0]), "bad size"),
        (body([file("f", b"x")._replace(size_bytes=1 << 49)], [0]), "does not fit"),
        (body([file("f", b"x")._replace(kind="device")]), "malformed"),  # type: ignore[arg-type]
        (body([file("f", b"x", capability="!")], [0], b"x"), "bad capability"),
    ],
)
def test_refused(tmp_path: Path, stream: io.BytesIO, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        receive(tmp_path, stream)
    assert [*(tmp_path / "kept").iterdir()] == []


def test_what_broke_off_is_sent_again(tmp_path: Path) -> None:
    """Neither contents without an index nor contents that it does not speak of are used."""
    first = file("f", b"first")
    receive(tmp_path, body([first], [0], b"first")).__exit__()
    (directory,) = (tmp_path / "kept").iterdir()
    with (directory / "contents").open("ab") as contents:
        contents.write(b"half of wh")
    new = file("g", b"new")
    with receive(tmp_path, body([first, new], [1], b"new")) as tree:
        assert (tree.read("f", 9), tree.read("g", 9)) == (b"first", b"new")
    (directory / "index.json").unlink()
    with pytest.raises(ContextGone):
        receive(tmp_path, body([first]))
    (directory).mkdir(exist_ok=True)
    (directory / "index.json").write_text("no JSON")
    with pytest.raises(ContextGone):
        receive(tmp_path, body([first]))


def test_what_is_removed_while_it_is_used(tmp_path: Path) -> None:
    kept_contexts = KeptContexts(tmp_path)
    entry = file("f", b"x")
    with kept_contexts.use(KEY) as kept, ContextTree(tmp_path) as tree:
        inventory.receive(tree, kept, body([entry], [0], b"x"))
        kept.save()
        (record,) = kept_contexts.records()
        kept_contexts.remove(record.name)
        assert tree.read("f", 9) == b"x"
        with kept_contexts.use(KEY) as same:
            inventory.receive(tree, same, body([entry]))
            same.save()
    assert (kept_contexts.records(), [*tmp_path.iterdir()]) == ([], [])


def test_what_nobody_needs_does_not_pile_up(tmp_path: Path) -> None:
    kept_contexts = KeptContexts(tmp_path)
    large = b"x" * (40 << 20)
    for number in range(2):
        content = large + bytes([number])
        with kept_contexts.use(KEY) as kept, ContextTree(tmp_path) as tree:
            inventory.receive(tree, kept, body([file("f", content)], [0], content))
            kept.save()
        assert len(kept_contexts.records()) == 1
    with kept_contexts.use(KEY) as kept, ContextTree(tmp_path) as tree:
        inventory.receive(tree, kept, body([file("f", b"small")], [0], b"small"))
        kept.save()
    assert kept_contexts.records() == []
