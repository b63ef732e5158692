"""Files of a context put straight into an upper directory: as overlayfs' way would have them."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from seacan.build.copying import Copying
from seacan.build.fresh_copy import FreshCopy, is_simple
from seacan.build.layer_writer import write_layer
from seacan.build.listing import Listing, encode
from seacan.build.worker_words import Place
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member

pytestmark = pytest.mark.root

EPOCH = 1_700_000_000
OLD_NS = 1_600_000_000 * 10**9 + 7
Listed = list[tuple[Member, int]]


class Contents:
    """Members, and the file that their contents are in."""

    def __init__(self, directory: Path) -> None:
        self.file: BinaryIO = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
        self.listed: Listed = []

    def add(self, name: str, content: bytes, mode: int = 0o644, mtime_ns: int = OLD_NS) -> None:
        segments = (Segment(0, len(content)),) if content else ()
        member = Member(name, Kind.FILE, mode, 0, 0, mtime_ns, len(content), segments=segments)
        self.listed.append((member, self.file.tell()))
        self.file.write(content)
        self.file.flush()

    def add_other(self, name: str, kind: Kind, mode: int = 0o755, link: str = "") -> None:
        self.listed.append((Member(name, kind, mode, 0, 0, OLD_NS, link=link), 0))


@pytest.fixture
def contents(tmp_path: Path) -> Iterator[Contents]:
    contents = Contents(tmp_path)
    contents.add("z", b"last")
    contents.add("empty", b"")
    contents.add("new", b"of now", mtime_ns=2 * OLD_NS)
    contents.add_other("d", Kind.DIRECTORY, 0o2750)
    contents.add("d/large", b"large" * 500_000)
    contents.add("d/tool", b"#!", 0o4755)
    contents.add_other("d/link", Kind.SYMBOLIC_LINK, link="../z")
    contents.add("d-", b"before d/")
    contents.add("d/" + "long/".replace("/", "") * 60, b"x" * 511)
    contents.add("d/ä", b"x" * 512)
    yield contents
    contents.file.close()


def place(owner: tuple[int, int] | None = (0, 0), mode: str = "") -> Place:
    return Place(destination="/app", is_directory=True, owner=owner, mode=mode, has_whiteouts=False)


def fresh(contents: Contents, upper: Path, donor: Path | None, where: Place) -> bytes:
    """Return the archive of a fresh copy."""
    listing = Listing(encode(contents.listed), contents.file.fileno())
    assert is_simple(listing.members)
    return written(upper, lambda upper_fd, out_fd: _fresh(upper_fd, listing, donor, where, out_fd))


def _fresh(upper_fd: int, listing: Listing, donor: Path | None, where: Place, out_fd: int) -> int:
    donor_fd = os.open(donor, os.O_RDONLY) if donor else None
    copying = FreshCopy(
        upper_fd, listing, "/app", where, donor_fd=donor_fd, out_fd=out_fd, latest_s=EPOCH
    )
    try:
        with closing(copying):
            return copying.run()
    finally:
        if donor_fd is not None:
            os.close(donor_fd)


def slow(contents: Contents, upper: Path, where: Place) -> bytes:
    """Return the archive of the same, made and then walked."""

    def make(upper_fd: int, out_fd: int) -> int:
        listing = Listing(encode(contents.listed), contents.file.fileno())
        with closing(Copying(upper_fd, listing, "/app", "", where)) as copying:
            copying.run()
        return write_layer(upper_fd, out_fd, EPOCH)

    return written(upper, make)


def written(upper: Path, make: Callable[[int, int], int]) -> bytes:
    (upper / "app").mkdir(parents=True)
    upper_fd = os.open(upper, os.O_RDONLY)
    try:
        with tempfile.TemporaryFile(dir=upper.parent) as out:
            size_bytes = make(upper_fd, out.fileno())
            out.seek(0)
            return f"{size_bytes}\n".encode() + out.read()
    finally:
        os.close(upper_fd)


def tree(upper: Path) -> Mapping[str, Sequence[object]]:
    """Return of each file all that counts."""
    found = {}
    for path in sorted(upper.rglob("*")):
        status = path.lstat()
        is_file = stat.S_ISREG(status.st_mode)
        size = None if stat.S_ISDIR(status.st_mode) else status.st_size
        content = hashlib.sha256(path.read_bytes()).hexdigest() if is_file else ""
        link = os.readlink(path) if path.is_symlink() else ""
        owner = (status.st_uid, status.st_gid)
        said = (status.st_mode, owner, size, status.st_mtime_ns, content, link)
        found[str(path.relative_to(upper))] = said
    return found


@pytest.mark.parametrize("where", [place(), place((5, 7)), place(mode="u=rwX,go=")])
def test_it_is_what_a_walk_would_find(contents: Contents, tmp_path: Path, where: Place) -> None:
    expected = slow(contents, tmp_path / "slow", where)
    assert fresh(contents, tmp_path / "fresh", None, where) == expected
    assert tree(tmp_path / "fresh") == tree(tmp_path / "slow")
    linked = fresh(contents, tmp_path / "linked", tmp_path / "fresh", where)
    assert linked == expected
    assert tree(tmp_path / "linked") == tree(tmp_path / "slow")
    names = {path.name for path in (tmp_path / "linked").rglob("*") if path.stat().st_nlink > 1}
    assert names - {"app", "d"} >= {"z", "empty", "new", "tool", "d-", "ä"}
    assert "large" not in names


@pytest.mark.parametrize("change", ["content", "mode", "time", "attribute", "link", "fifo", "gone"])
def test_what_differs_is_not_linked(contents: Contents, tmp_path: Path, change: str) -> None:
    expected = fresh(contents, tmp_path / "donor", None, place())
    path = tmp_path / "donor" / "app" / "d" / "tool"
    status = path.stat()
    match change:
        case "content":
            path.write_bytes(b"!#")
        case "mode":
            path.chmod(0o700)
        case "time":
            os.utime(path, ns=(0, 0))
        case "attribute":
            os.setxattr(path, "user.x", b"y")
        case "link":
            path.rename(path.with_name("elsewhere"))
            path.symlink_to("elsewhere")
        case "fifo":
            path.unlink()
            os.mkfifo(path, 0o4755)
        case "gone":
            path.unlink()
    if change == "content":
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(status.st_mode)
    assert fresh(contents, tmp_path / "upper", tmp_path / "donor", place()) == expected
    made = tmp_path / "upper" / "app" / "d" / "tool"
    assert (made.read_bytes(), made.stat().st_nlink) == (b"#!", 1)
    assert (made.parent / "ä").stat().st_nlink == 2


def test_what_is_not_simple() -> None:
    file = Member("f", Kind.FILE, 0o644, 0, 0, 0)
    directory = Member("d", Kind.DIRECTORY, 0o755, 0, 0, 0)
    inside = file._replace(name="d/f")
    assert is_simple([(file, 0), (directory, 0), (inside, 0)])
    for members in (
        [],
        [file, file],
        [inside],
        [inside, directory],
        [file._replace(xattrs={"security.capability": b"x"})],
        [file._replace(size_bytes=9)],  # holes alone
        [file._replace(kind=Kind.FIFO)],
    ):
        assert not is_simple([(member, 0) for member in members])
