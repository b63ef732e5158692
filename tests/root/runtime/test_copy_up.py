"""tmpcopyup: a tmpfs that begins with what the image has there."""

import os
import stat
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Internal, InvalidArgument
from seacan.runtime import copy_up

pytestmark = pytest.mark.root


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A directory with one of everything."""
    top = tmp_path / "full"
    (top / "sub/deep").mkdir(parents=True)
    (top / "sub").chmod(0o2751)
    os.chown(top / "sub", 5, 6)
    (top / "sub/deep/file").write_text("content")
    os.chown(top / "sub/deep/file", 1, 2)
    (top / "sub/deep/file").chmod(0o4755)
    os.setxattr(top / "sub/deep/file", "trusted.x", b"1")
    os.setxattr(top / "sub/deep/file", "user.y", b"2")
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(top / "sub/deep/file", "security.capability", capability)
    os.utime(top / "sub/deep/file", ns=(1_000_000_001, 2_000_000_002))
    os.link(top / "sub/deep/file", top / "second")
    (top / "link").symlink_to("/etc/passwd")
    os.chown(top / "link", 7, 8, follow_symlinks=False)
    os.mkfifo(top / "fifo", 0o640)
    os.mknod(top / "null", 0o20666, os.makedev(1, 3))
    with open(top / "sparse", "wb") as file:
        file.seek(8 << 20)
        file.write(b"end")
    os.utime(top / "sub", ns=(3_000_000_003, 4_000_000_004))
    return top


def described(path: Path) -> dict[str, object]:
    """Return what a copy has to have of the original, by relative path."""
    found: dict[str, object] = {}
    for entry in sorted(path.rglob("*")):
        status = entry.lstat()
        keys = os.listxattr(entry, follow_symlinks=False)
        found[str(entry.relative_to(path))] = (
            stat.filemode(status.st_mode),
            (status.st_uid, status.st_gid, status.st_rdev),
            status.st_mtime_ns,
            None if stat.S_ISDIR(status.st_mode) else status.st_nlink,
            os.readlink(entry) if entry.is_symlink() else "",
            {key: os.getxattr(entry, key, follow_symlinks=False) for key in keys},
            entry.read_bytes() if stat.S_ISREG(status.st_mode) else b"",
        )
    return found


def test_copy_is_the_same(full: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    source_fd, target_fd = os.open(full, os.O_PATH), os.open(target, os.O_PATH)
    copy_up.copy(source_fd, target_fd)
    os.close(source_fd)
    os.close(target_fd)
    assert described(target) == described(full)
    assert (target / "second").samefile(target / "sub/deep/file")
    assert (target / "sparse").stat().st_blocks < 100


def test_container_sees_the_content_and_keeps_its_changes(box: Box) -> None:
    (box.rootfs / "etc/sub").mkdir()
    (box.rootfs / "etc/sub/file").write_text("old")
    box.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup", "nosuid", "size=1m")
    out = box.sh(
        "cat /etc/sub/file; echo new > /etc/sub/file; cat /etc/sub/file; head -1 /etc/passwd"
    )
    assert out == "oldnew\nroot:x:0:0:root:/root:/bin/sh\n"
    assert (box.rootfs / "etc/sub/file").read_text() == "old"


def test_read_only_copy(box: Box) -> None:
    box.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup", "ro", "mode=711")
    out = box.sh("stat -c %a /etc; ls /etc; touch /etc/x 2>&1 || true")
    assert out.split()[:2] == ["711", "passwd"]
    assert "Read-only file system" in out


def test_directory_that_was_not_there(box: Box) -> None:
    box.mount("/absent", "tmpfs", "tmpfs", "tmpcopyup")
    assert box.sh("ls -a /absent").split() == [".", ".."]


def test_more_than_the_size_of_the_file_system(box: Box) -> None:
    (box.rootfs / "etc/big").write_bytes(bytes(1 << 20))
    box.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup", "size=64k")
    with pytest.raises(Internal, match=r'to rootfs at "/etc": .*no space left'):
        box.run("true")


def test_too_deep_is_refused(box: Box) -> None:
    directory = box.rootfs / "etc"
    for _ in range(140):
        directory /= "d"
        directory.mkdir()
    box.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup")
    with pytest.raises(InvalidArgument, match="more than 128 directories deep"):
        box.run("true")


def test_link_in_the_image_is_copied_not_followed(box: Box, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (box.rootfs / "etc/leak").symlink_to(tmp_path / "secret")
    (box.rootfs / "etc/dir").symlink_to(tmp_path)
    box.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup")
    out = box.sh("readlink /etc/leak; readlink /etc/dir; cat /etc/leak 2>&1 || true")
    assert f"{tmp_path}/secret\n{tmp_path}\n" in out
    assert "No such file" in out
