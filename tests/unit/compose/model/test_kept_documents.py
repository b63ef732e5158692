"""What YAML files came to, in the user's cache."""

import os
from pathlib import Path

import pytest

from seacan.compose.model import kept_documents
from seacan.compose.model.documents import Document, Documents
from seacan.compose.model.remote_files import RemoteFiles
from seacan.errors import InvalidArgument

TEXT = b"a: [1, 0x10, .inf, ~, yes, 'text', \"\xc3\xa4\"]\nb: !override {c: true}\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "cache"
    directory.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory))
    return directory


def documents_of(directory: Path, text: bytes) -> list[Document]:
    file = directory / "compose.yaml"
    file.write_bytes(text)
    return Documents(RemoteFiles({})).of(str(file))


def test_what_is_kept_is_what_was_read(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = documents_of(tmp_path, TEXT)
    (entry,) = (cache / "seacan" / "compose").iterdir()
    assert entry.stat().st_mode & 0o777 == 0o600
    assert entry.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr("seacan.compose.model.yaml_reader.read", None)  # it is not called
    assert documents_of(tmp_path, TEXT) == read


def test_lines_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes(TEXT)
    for _ in range(2):
        documents = Documents(RemoteFiles({}))
        documents.of(str(file))
        assert documents.lines(str(file))[0]["b", "c"] == 2


@pytest.mark.parametrize("damage", [b"", b"[[", b"\xff"])
def test_a_damaged_entry_is_read_anew(cache: Path, tmp_path: Path, damage: bytes) -> None:
    read = documents_of(tmp_path, TEXT)
    (entry,) = (cache / "seacan" / "compose").iterdir()
    entry.write_bytes(damage)
    assert documents_of(tmp_path, TEXT) == read
    assert entry.read_bytes() != damage


def test_an_entry_that_is_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    documents_of(tmp_path, b"a: 1")
    (entry,) = (cache / "seacan" / "compose").iterdir()
    entry.rename(cache / "elsewhere")
    entry.symlink_to(cache / "elsewhere")
    assert kept_documents.find(b"a: 1") is None


def test_somebody_elses_entry_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents_of(tmp_path, b"a: 1")
    assert kept_documents.find(b"a: 1") is not None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert kept_documents.find(b"a: 1") is None


def test_the_oldest_make_room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_documents, "LIMIT_ENTRIES", 3)
    for at in range(5):
        text = f"a: {at}".encode()
        kept_documents.keep(text, [[at, []]])
        os.utime(kept_documents._path(text), ns=(at, at))
    assert [at for at in range(5) if kept_documents.find(f"a: {at}".encode())] == [2, 3, 4]


def test_standard_input_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.compose.model.documents._content", lambda _: b"a: secret")
    Documents(RemoteFiles({})).of("-")
    assert list(cache.iterdir()) == []


def test_without_a_place_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("relative", "/dev/null", "/proc/nowhere"):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        assert documents_of(tmp_path, b"a: 1")[0].value == {"a": 1}


def test_what_is_wrong_is_not_kept(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument):
        documents_of(tmp_path, b"a: [")
    assert list(cache.iterdir()) == []
