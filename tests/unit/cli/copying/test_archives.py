"""Files into an archive and out of one, that of a hostile container too."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seacan.cli.copying.packing import pack
from seacan.cli.copying.patterns import Pattern
from seacan.cli.copying.unpacking import unpack
from seacan.errors import InvalidArgument

Entry = tuple[str, bytes, str]  # name, kind, content or where a link leads


def archive(*entries: Entry) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, kind, text in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755 if kind == tarfile.DIRTYPE else 0o644
            if kind == tarfile.REGTYPE:
                info.size = len(text)
            else:
                info.linkname = text
            made.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


def take(directory: Path, data: bytes, rename: Callable[[str], str | None] = str) -> int:
    return unpack([data[:700], data[700:]], str(directory), rename, keeps_owners=False)


def test_there_and_back(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "file").write_text("x" * 5000)
    (source / "inner" / "file").chmod(0o640)
    os.link(source / "inner" / "file", source / "second")
    (source / "link").symlink_to("inner/file")
    os.mkfifo(source / "pipe")
    os.utime(source / "inner", (1000, 1000))
    target = tmp_path / "target"
    target.mkdir()
    assert take(target, b"".join(pack(str(source), "other"))) == 6
    copy = target / "other"
    assert (copy / "second").read_text() == "x" * 5000
    assert os.path.samefile(copy / "second", copy / "inner" / "file")
    assert (copy / "inner" / "file").stat().st_mode & 0o777 == 0o640
    assert (copy / "inner").stat().st_mtime == 1000
    assert os.readlink(copy / "link") == "inner/file"
    assert (copy / "pipe").is_fifo()


def test_contents_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack(str(tmp_path), ".")))) as made:
        assert made.getnames() == [".", "file"]


@pytest.mark.parametrize(
    "entries",
    [
        [("../out", tarfile.REGTYPE, "x")],
        [("a/../../out", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, ".."), ("link/out", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, "/"), ("link/out/more", tarfile.DIRTYPE, "")],
        [("hard", tarfile.LNKTYPE, "../secret")],
        [("link", tarfile.SYMTYPE, ".."), ("hard", tarfile.LNKTYPE, "link/secret")],
    ],
)
def test_nothing_leads_out(tmp_path: Path, entries: list[Entry]) -> None:
    """CVE-2014-9356 and its kin: names, links and links to links in the archive."""
    (tmp_path / "secret").write_text("secret")
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument):
        take(target, archive(*entries))
    assert sorted(os.listdir(tmp_path)) == ["secret", "target"]
    assert not (target / "hard").exists()


def test_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    take(tmp_path, archive(("link", tarfile.REGTYPE, "x")))
    assert (tmp_path / "link").read_text() == "x"
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(InvalidArgument, match='cannot overwrite directory "directory" with non-'):
        take(tmp_path, archive(("directory", tarfile.REGTYPE, "x")))
    with pytest.raises(InvalidArgument, match='cannot overwrite non-directory "link" with dir'):
        take(tmp_path, archive(("link", tarfile.DIRTYPE, "")))


def test_a_broken_archive_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="the archive cannot be read"):
        take(tmp_path, b"x" * 2048)


@pytest.mark.parametrize(
    ("pattern", "directory", "name", "renamed"),
    [
        ("/var/log/*.log", "/var/log", "log/a.log", "a.log"),
        ("/var/log/*.log", "/var/log", "log/a.txt", None),
        ("/var/log/*.log", "/var/log", "log/.a.log", None),
        ("/var/log/.*", "/var/log", "log/.a", ".a"),
        ("/var/*/x?", "/var", "var/any/x1/below", "x1/below"),
        ("/var/*/x?", "/var", "var/any", None),
        ("/[ab]", "/", "/b/c", "b/c"),
    ],
)
def test_patterns(pattern: str, directory: str, name: str, renamed: str | None) -> None:
    wanted = Pattern(pattern)
    assert wanted.directory == directory
    assert wanted.renamed(name) == renamed
