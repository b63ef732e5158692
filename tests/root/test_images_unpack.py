"""Layers of strangers, unpacked by root: what is made, and that nothing outside is touched."""

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import descriptors
from tests.images.archives import directory, hard_link, member, symlink, tar

from seacan.errors import InvalidArgument
from seacan.images.unpack import unpack

pytestmark = pytest.mark.root

OPAQUE = "trusted.overlay.opaque"


class Ground:
    """A directory to unpack into, beside one that must stay as it is."""

    def __init__(self, path: Path) -> None:
        self.root = path / "root"
        self.root.mkdir()
        self.outside = path / "outside"
        self.outside.mkdir()
        (self.outside / "file").write_text("kept")

    def unpack(self, *members: tuple[tarfile.TarInfo, bytes], **options: Any) -> int:
        fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return unpack(io.BytesIO(tar(members, **options)), fd)
        finally:
            os.close(fd)

    def names(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(tmp_path)
    with descriptors.none_kept():
        yield ground
    assert [path.name for path in ground.outside.iterdir()] == ["file"]
    assert (ground.outside / "file").read_text() == "kept"
    assert (ground.outside / "file").stat().st_nlink == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]


def test_everything_is_made_as_the_archive_has_it(ground: Ground) -> None:
    size_bytes = ground.unpack(
        directory("./", 0o711, mtime=11),
        directory("bin", 0o2755, gid=7, mtime=5),
        member("bin/su", b"#!", mode=0o4755, uid=1, gid=2, mtime=3),
        symlink("bin/sh", "/bin/su", uid=3, gid=4, mtime=9),
        hard_link("bin/doas", "bin/su"),
        member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        member("disk", type=tarfile.BLKTYPE, devmajor=259, devminor=300, mode=0o660, gid=6),
        member("pipe", type=tarfile.FIFOTYPE, mode=0o622, uid=65534),
        member("no/parents/here", b""),
    )
    su = (ground.root / "bin/su").stat()
    assert stat.S_IMODE(su.st_mode) == 0o4755
    assert (su.st_uid, su.st_gid, su.st_mtime, su.st_nlink) == (1, 2, 3, 2)
    sh = (ground.root / "bin/sh").lstat()
    assert os.readlink(ground.root / "bin/sh") == "/bin/su"
    assert (sh.st_uid, sh.st_gid, sh.st_mtime) == (3, 4, 9)
    directories = [(ground.root / name).stat() for name in (".", "bin", "no/parents")]
    assert [stat.S_IMODE(status.st_mode) for status in directories] == [0o711, 0o2755, 0o755]
    assert [status.st_mtime for status in directories][:2] == [11, 5]
    disk, null = (ground.root / "disk").stat(), (ground.root / "null").stat()
    assert stat.S_ISBLK(disk.st_mode)
    assert disk.st_rdev == os.makedev(259, 300)
    assert (null.st_rdev, stat.S_IMODE(null.st_mode)) == (os.makedev(1, 3), 0o666)
    assert stat.S_ISFIFO((ground.root / "pipe").stat().st_mode)
    assert size_bytes == 2 + len("/bin/su")


@pytest.mark.parametrize("name", ["../outside/new", "../../x", "a/../../outside/new", ".."])
def test_names_that_leave_the_root_are_refused(ground: Ground, name: str) -> None:
    # CVE-2007-4559's class; for docker CVE-2014-9356.
    with pytest.raises(InvalidArgument, match="is outside of the root"):
        ground.unpack(member(name, b"x"))
    assert ground.names() == set()


def test_absolute_names_are_of_the_root(ground: Ground) -> None:
    ground.unpack(member(str(ground.outside / "new"), b"x"), member("//a/./b//c", b"x"))
    inside = str(ground.outside / "new").lstrip("/")
    assert {inside, "a/b/c"} <= ground.names()


@pytest.mark.parametrize("target", ["/", "..", "../outside", "/proc/self/root", "/proc/self/cwd"])
def test_writing_through_a_link_stays_inside(ground: Ground, target: str) -> None:
    # CVE-2014-6407: a link out of the root, then a file through it.
    ground.unpack(symlink("out", target), member("out/outside/new", b"x"), member("out/new", b"x"))
    assert any(name.endswith("outside/new") for name in ground.names())


def test_a_link_to_an_absolute_place_means_the_place_in_the_root(ground: Ground) -> None:
    ground.unpack(symlink("out", str(ground.outside)), member("out/file", b"theirs"))
    inside = ground.root / str(ground.outside).lstrip("/") / "file"
    assert inside.read_text() == "theirs"


def test_a_link_at_the_end_of_a_name_is_replaced_not_followed(ground: Ground) -> None:
    # CVE-2014-9357's class: the name is a link to a file outside, then the file is written.
    ground.unpack(
        symlink("a", str(ground.outside / "file")),
        member("a", b"theirs"),
        symlink("b", str(ground.outside)),
        directory("b"),
        member("b/new", b"x"),
    )
    assert (ground.root / "a").read_text() == "theirs"
    assert not (ground.root / "a").is_symlink()
    assert not (ground.root / "b").is_symlink()
    assert ground.names() == {"a", "b", "b/new"}


@pytest.mark.parametrize(
    "target", ["../outside/file", "/../outside/file", "missing", "", "link/file", "/"]
)
def test_hard_links_reach_nothing_outside(ground: Ground, target: str) -> None:
    # CVE-2018-20969's class: a hard link to a file outside, through a link or not.
    with pytest.raises(InvalidArgument):
        ground.unpack(symlink("link", "../outside"), hard_link("x", target), member("x", b"bad"))
    assert ground.names() <= {"link"}


def test_a_hard_link_to_a_link_is_not_followed(ground: Ground) -> None:
    ground.unpack(symlink("a", str(ground.outside / "file")), hard_link("b", "a"))
    assert os.readlink(ground.root / "b") == str(ground.outside / "file")


def test_attributes_of_a_link_do_not_reach_its_target(ground: Ground) -> None:
    before = (ground.outside / "file").stat()
    ground.unpack(symlink("a", str(ground.outside / "file"), mode=0o777, uid=5, mtime=1))
    after = (ground.outside / "file").stat()
    assert (before.st_mode, before.st_uid, before.st_mtime) == (
        after.st_mode,
        after.st_uid,
        after.st_mtime,
    )


def test_whiteouts(ground: Ground) -> None:
    ground.unpack(
        member("etc/.wh.gone", b""),
        directory("opt"),
        member("opt/.wh..wh..opq", b""),
        member("opt/new", b"x"),
        member(".wh..wh.plnk", b""),
    )
    gone = (ground.root / "etc/gone").lstat()
    assert stat.S_ISCHR(gone.st_mode)
    assert gone.st_rdev == 0
    assert os.getxattr(ground.root / "opt", OPAQUE) == b"y"
    assert ground.names() == {"etc", "etc/gone", "opt", "opt/new"}


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "a/.wh..."])
def test_whiteouts_of_no_name_are_refused(ground: Ground, name: str) -> None:
    # CVE-2014-9357's class: `.wh...` would remove `..`.
    with pytest.raises(InvalidArgument, match="whiteout of"):
        ground.unpack(directory("a"), member(name, b""))


def test_whiteouts_through_a_link_stay_inside(ground: Ground) -> None:
    # CVE-2017-14992's class, for the removal of files.
    ground.unpack(symlink("out", "../outside"), member("out/.wh.file", b""))
    assert stat.S_ISCHR((ground.root / "outside/file").lstat().st_mode)


@pytest.mark.parametrize("whiteout_first", [True, False])
def test_a_directory_that_is_removed_and_made_again_hides_the_old_one(
    ground: Ground, whiteout_first: bool
) -> None:
    parts = [[member(".wh.a", b"")], [directory("a"), member("a/new", b"")]]
    first, second = parts if whiteout_first else reversed(parts)
    ground.unpack(*first, *second)
    assert os.getxattr(ground.root / "a", OPAQUE) == b"y"
    assert ground.names() == {"a", "a/new"}


def test_whiteouts_do_not_concern_the_files_of_their_own_layer(ground: Ground) -> None:
    ground.unpack(member("a", b"new"), member(".wh.a", b""))
    assert (ground.root / "a").read_text() == "new"


def xattrs(**records: str) -> dict[str, str]:
    return {f"SCHILY.xattr.{k.replace('__', '.')}": v for k, v in records.items()}


def test_xattrs_are_kept_but_those_of_overlayfs(ground: Ground) -> None:
    # A layer could reshape the union by overlayfs' own marks.
    private = {
        "trusted__overlay__redirect": "/x",
        "trusted__overlay__opaque": "y",
        "trusted__x": "y",
        "user__overlay__opaque": "y",
    }
    capability = "\x01\0\0\x02\0\x04" + "\0" * 14
    ground.unpack(
        directory("d", pax_headers=xattrs(user__a="1", **private)),
        member(
            "f",
            b"",
            uid=5,
            pax_headers=xattrs(user__b="2", security__capability=capability, **private),
        ),
        symlink("l", "f", pax_headers=xattrs(user__c="3")),
    )
    assert os.listxattr(ground.root / "d") == ["user.a"]
    assert sorted(os.listxattr(ground.root / "f")) == ["security.capability", "user.b"]
    assert os.getxattr(ground.root / "f", "user.b") == b"2"
    assert os.listxattr(ground.root / "l", follow_symlinks=False) == []


def test_members_replace_those_before(ground: Ground) -> None:
    ground.unpack(
        member("a/b/c", b"1"),
        member("a", b"2"),
        member("a", b"3"),
        directory("a"),
        member("a/b", b"4"),
        symlink("a/b", "c"),
        directory("d", 0o700),
        member("d/e", b""),
        directory("d", 0o755),
    )
    assert ground.names() == {"a", "a/b", "d", "d/e"}
    assert os.readlink(ground.root / "a/b") == "c"
    assert stat.S_IMODE((ground.root / "d").stat().st_mode) == 0o755


def test_the_open_parent_is_not_used_after_its_name_changed(ground: Ground) -> None:
    # By way of the link to the root, the link itself gives way to a directory.
    ground.unpack(symlink("l", "."), member("l/1", b""), directory("l/l"), member("l/2", b""))
    assert ground.names() == {"1", "l", "l/2"}


def test_holes_stay_holes(ground: Ground) -> None:
    # 8 GiB that are not there.
    records = {"GNU.sparse.map": "4096,2", "GNU.sparse.size": str(8 << 30)}
    ground.unpack(member("sparse", b"xy", pax_headers=records))
    status = (ground.root / "sparse").stat()
    assert status.st_size == 8 << 30
    assert status.st_blocks < 64
    with open(ground.root / "sparse", "rb") as file:
        assert file.read(4100) == bytes(4096) + b"xy\0\0"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("a" * 300, b"")], "file name too long"),
        ([member("/".join(["a"] * 2100), b"")], "file name too long"),
        ([member("a", b""), member("a/b", b"")], "not a directory"),
        ([symlink("a", "a"), member("a/b", b"")], "too many levels of symbolic links"),
        ([symlink("a", "x" * 5000)], "file name too long"),
        ([member(".", b"")], "is no directory"),
    ],
)
def test_what_cannot_be_made_is_the_archives_fault(
    ground: Ground, members: list[Any], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        ground.unpack(*members)


def test_a_name_that_is_no_text_is_kept(ground: Ground) -> None:
    name = b"caf\xe9".decode(errors="surrogateescape")
    ground.unpack(member(name, b"x"), format=tarfile.GNU_FORMAT)
    assert os.listdir(os.fsencode(ground.root)) == [b"caf\xe9"]


def test_many_entries_take_no_descriptors(ground: Ground) -> None:
    ground.unpack(*[member(f"d{i % 7}/{i}", b"") for i in range(3000)])
    assert len(ground.names()) == 3007
