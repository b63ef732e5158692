"""What the options of a mount do, seen from inside."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import parse, seen_in

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import idmaps, mounts, syscalls
from seacan.kernel.namespaces import CLONE_NEWNS
from seacan.runtime.cgroup_mounts import Places
from seacan.runtime.mounts import Mounts
from seacan.spec.runtime import Mount

pytestmark = pytest.mark.root

FLAGS = {"ro", "rw", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow"}
MODES = {"relatime", "noatime"}


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs with another one at `sub`, both with nosuid and nodev."""
    top = tmp_path / "tree"
    top.mkdir()
    syscalls.mount("tmpfs", str(top), "tmpfs", 0x2 | 0x4)  # MS_NOSUID | MS_NODEV
    (top / "sub").mkdir()
    syscalls.mount("tmpfs", str(top / "sub"), "tmpfs", 0x2 | 0x4)
    yield top
    syscalls.umount2(str(top / "sub"), mounts.MNT_DETACH)
    syscalls.umount2(str(top), mounts.MNT_DETACH)


@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("defaults", "rw relatime"),
        ("ro", "ro relatime"),
        ("ro rw", "rw relatime"),
        ("rw ro", "ro relatime"),
        ("nosuid nodev noexec nosymfollow", "rw nosuid nodev noexec nosymfollow relatime"),
        ("nosuid suid nodev dev noexec exec nosymfollow symfollow", "rw relatime"),
        ("noatime nodiratime", "rw noatime nodiratime"),
        ("noatime atime nodiratime diratime", "rw relatime"),
        ("strictatime", "rw"),
        ("norelatime", "rw"),
        ("strictatime nostrictatime", "rw relatime"),
        ("strictatime relatime", "rw relatime"),
        ("silent loud async nomand nolazytime noiversion", "rw relatime"),
    ],
)
def test_flags_and_their_negations(
    box: Box, tmp_path: Path, kind: str, options: str, expected: str
) -> None:
    if kind == "bind":
        options = f"bind {options}"
    box.mount("/m", kind, str(tmp_path / "rootfs/etc"), *options.split())
    assert seen_in(box)["/m"].options & (FLAGS | MODES) == set(expected.split())


@pytest.mark.parametrize(
    ("options", "top", "sub"),
    [
        ("rbind ro", "ro nosuid nodev relatime", "rw nosuid nodev relatime"),
        ("rbind rro", "ro nosuid nodev relatime", "ro nosuid nodev relatime"),
        ("rbind rro rrw", "rw nosuid nodev relatime", "rw nosuid nodev relatime"),
        ("rbind rsuid rdev", "rw relatime", "rw relatime"),
        ("rbind suid", "rw nodev relatime", "rw nosuid nodev relatime"),
        ("rbind rnoexec rexec", "rw nosuid nodev relatime", "rw nosuid nodev relatime"),
        ("rbind rnoexec", "rw nosuid nodev noexec relatime", "rw nosuid nodev noexec relatime"),
        ("rbind rnoatime", "rw nosuid nodev noatime", "rw nosuid nodev noatime"),
        ("rbind rnoatime ratime", "rw nosuid nodev relatime", "rw nosuid nodev relatime"),
        ("rbind rstrictatime", "rw nosuid nodev", "rw nosuid nodev"),
        ("rbind rstrictatime rrelatime", "rw nosuid nodev relatime", "rw nosuid nodev relatime"),
        (
            "rbind rnodiratime rnosymfollow",
            "rw nosuid nodev nodiratime nosymfollow relatime",
            "rw nosuid nodev nodiratime nosymfollow relatime",
        ),
        (
            "rbind rnodiratime rdiratime rnosymfollow rsymfollow",
            "rw nosuid nodev relatime",
            "rw nosuid nodev relatime",
        ),
    ],
)
def test_recursive_options_reach_what_is_below(
    box: Box, tree: Path, options: str, top: str, sub: str
) -> None:
    box.mount("/m", "none", str(tree), *options.split())
    seen = seen_in(box)
    assert seen["/m"].options & (FLAGS | MODES) == set(top.split())
    assert seen["/m/sub"].options & (FLAGS | MODES) == set(sub.split())


def test_bind_is_of_one_mount_and_rbind_of_all(box: Box, tree: Path) -> None:
    box.mount("/one", "bind", str(tree), "bind")
    box.mount("/all", "bind", str(tree), "rbind")
    seen = seen_in(box)
    assert "/one/sub" not in seen
    assert "/all/sub" in seen


def test_bind_passes_over_what_is_for_a_file_system(box: Box, tree: Path) -> None:
    box.mount("/m", "bind", str(tree), "bind", "sync", "mode=755", "size=1k", "noexec")
    seen = seen_in(box)["/m"]
    assert "noexec" in seen.options
    assert not {"sync", "size=1k"} & seen.super_options


@pytest.fixture
def image(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A file with an ext4, and the loop device that is attached to it."""
    path = tmp_path / "image"
    path.write_bytes(b"")
    os.truncate(path, 16 << 20)
    subprocess.run(["mkfs.ext4", "-q", path], check=True)
    loop = subprocess.run(
        ["losetup", "--find", "--show", path], check=True, capture_output=True, text=True
    ).stdout.strip()
    yield path, loop
    subprocess.run(["losetup", "--detach", loop], check=True)


def test_flags_of_the_superblock(box: Box, image: tuple[Path, str]) -> None:
    box.mount("/m", "ext4", image[1], "sync", "dirsync", "lazytime", "nodiscard")
    seen = seen_in(box)["/m"]
    assert {"rw", "sync", "dirsync", "lazytime"} <= seen.super_options


def test_block_device_that_is_mounted_stays_closed_to_the_container(
    box: Box, image: tuple[Path, str]
) -> None:
    number = os.stat(image[1]).st_rdev
    box.mount("/m", "ext4", image[1])
    box.linux["devices"] = [
        {"type": "b", "path": "/dev/b", "major": os.major(number), "minor": os.minor(number)}
    ]
    out = box.sh("ls -d /m/lost+found; cat /dev/b 2>&1 || true; cat /dev/null && echo open")
    assert out.splitlines()[0] == "/m/lost+found"
    assert "Operation not permitted" in out
    assert out.endswith("open\n")


def test_flags_of_the_superblock_undone(box: Box, image: tuple[Path, str]) -> None:
    box.mount("/m", "ext4", image[1], "sync", "async", "lazytime", "nolazytime")
    assert not {"sync", "lazytime"} & seen_in(box)["/m"].super_options


def test_read_only_reaches_the_superblock(box: Box, image: tuple[Path, str]) -> None:
    # Otherwise a device that cannot be written to could not be mounted at all.
    subprocess.run(["blockdev", "--setro", image[1]], check=True)
    try:
        box.mount("/m", "ext4", image[1], "ro", "noload")
        seen = seen_in(box)["/m"]
    finally:
        subprocess.run(["blockdev", "--setrw", image[1]], check=True)
    assert "ro" in seen.super_options
    assert "ro" in seen.options


def test_remount_of_a_block_device(box: Box, image: tuple[Path, str]) -> None:
    box.mount("/m", "ext4", image[1], "ro")
    box.mount("/n", "ext4", image[1], "ro")
    box.mount("/m", "ext4", image[1], "remount", "rw", "lazytime")
    seen = seen_in(box)
    assert {"rw", "lazytime"} <= seen["/m"].super_options
    assert ("rw" in seen["/m"].options, "rw" in seen["/n"].options) == (True, False)


@pytest.mark.parametrize("kind", ["devtmpfs", "sysfs"])
def test_read_only_stays_away_from_what_all_share(box: Box, kind: str) -> None:
    before = _mounts_of(kind)
    box.mount("/m", kind, kind, "ro")
    seen = seen_in(box)["/m"]
    assert "ro" in seen.options
    assert "rw" in seen.super_options
    assert _mounts_of(kind) == before


def _mounts_of(kind: str) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if f" - {kind} " in line]


def test_iversion_brings_the_other_options_with_it(box: Box, image: tuple[Path, str]) -> None:
    box.mount("/m", "ext4", image[1], "iversion", "nosuid", "noatime", "sync")
    seen = seen_in(box)["/m"]
    assert {"nosuid", "noatime"} <= seen.options
    assert "sync" in seen.super_options
    assert (seen.fstype, seen.source) == ("ext4", image[1])


def test_several_options_in_one_string(box: Box) -> None:
    box.mount("/m", "tmpfs", "tmpfs", "size=64k,mode=750", "nr_inodes=9")
    assert {"size=64k", "mode=750", "nr_inodes=9"} <= seen_in(box)["/m"].super_options


def test_data_longer_than_fsconfig_takes(box: Box, tmp_path: Path) -> None:
    lower = [tmp_path / f"{number}{'x' * 100}" for number in range(8)]
    for number, directory in enumerate(lower):
        directory.mkdir()
        (directory / f"file{number}").touch()
    joined = ":".join(map(str, lower))
    box.mount("/m", "overlay", "overlay", f"lowerdir={joined}", "nosuid")
    box.mount("/after", "tmpfs", "tmpfs")
    out = box.sh("ls /m; cat /proc/self/mountinfo")
    assert out.split()[:8] == [f"file{number}" for number in range(8)]
    assert out.count(" - overlay overlay ") == 1
    assert "/new" not in out


def test_data_longer_than_a_page_is_refused(box: Box) -> None:
    box.mount("/m", "overlay", "overlay", "lowerdir=" + ":".join(["/x" * 50] * 100))
    with pytest.raises(Internal, match="options are longer than 4095 bytes"):
        box.run("true")


def test_long_data_that_is_wrong_leaves_nothing(box: Box) -> None:
    box.mount("/m", "overlay", "overlay", "lowerdir=" + "/absent" * 100)
    with pytest.raises(Internal, match=r'to rootfs at "/m": .*no such file'):
        box.run("true")


def test_quoted_comma_is_for_the_file_system_to_read(box: Box, tmp_path: Path) -> None:
    lower = tmp_path / "a,b"
    lower.mkdir()
    (lower / "file").touch()
    other = tmp_path / "other"
    other.mkdir()
    box.mount("/m", "overlay", "overlay", f"lowerdir={tmp_path}/a\\,b:{other}")
    assert box.sh("ls /m").split() == ["file"]


def test_remount_of_a_bind_changes_the_mount(box: Box, tree: Path) -> None:
    box.mount("/m", "bind", str(tree), "bind", "noexec")
    box.mount("/m", "none", "", "bind", "remount", "ro", "suid")
    assert seen_in(box)["/m"].options & FLAGS == {"ro", "nodev", "noexec"}


def test_remount_of_a_file_system_changes_it(box: Box) -> None:
    box.mount("/dev/shm", "tmpfs", "", "remount", "size=1m", "noatime")
    seen = seen_in(box)["/dev/shm"]
    assert "size=1024k" in seen.super_options
    assert {"noatime", "nosuid", "nodev", "noexec"} <= seen.options


def test_remount_of_proc(box: Box) -> None:
    box.mount("/proc", "proc", "", "remount", "hidepid=2")
    assert "hidepid=invisible" in seen_in(box)["/proc"].super_options


def test_remounted_read_only_gets_the_mounts_within(box: Box) -> None:
    box.mount("/m", "tmpfs", "tmpfs")
    box.mount("/m", "tmpfs", "tmpfs", "remount", "ro")
    box.mount("/m/sub", "tmpfs", "tmpfs")
    seen = seen_in(box)
    assert "ro" in seen["/m"].options
    assert "rw" in seen["/m/sub"].options


def test_remount_of_the_root(box: Box) -> None:
    box.mount("/", "none", "", "bind", "remount", "ro", "nosuid")
    assert {"ro", "nosuid"} <= seen_in(box)["/"].options


@pytest.mark.parametrize("options", [("remount", "size=1m"), ("bind", "remount", "ro")])
def test_remount_of_what_is_no_mount(box: Box, options: tuple[str, ...]) -> None:
    box.mount("/etc", "none", "", *options)
    with pytest.raises(InvalidArgument, match='at "/etc": not a mount that can be remounted'):
        box.run("true")


def test_remount_of_what_is_not_there(box: Box) -> None:
    box.mount("/absent", "none", "", "remount", "ro")
    with pytest.raises(Internal, match="no such file"):
        box.run("true")
    assert not (box.rootfs / "absent").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["ro"], "ro nosuid nodev noexec noatime"),
        (["noexec", "nosuid"], "ro nosuid nodev noexec noatime"),
        (["nosymfollow"], "ro nosuid nodev noexec nosymfollow noatime"),
        (["noatime"], "ro nosuid nodev noexec noatime"),
        (["rw"], "a flag of the source is locked"),
        (["ro", "suid"], "a flag of the source is locked"),
        (["dev"], "a flag of the source is locked"),
        (["exec"], "a flag of the source is locked"),
        (["relatime"], "a flag of the source is locked"),
        (["rrw"], "operation not permitted"),
    ],
)
def test_flags_locked_by_another_user_namespace(
    tmp_path: Path, options: list[str], expected: str
) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    source.mkdir()
    root.mkdir()
    flags = 0x1 | 0x2 | 0x4 | 0x8 | 0x400  # ro, nosuid, nodev, noexec, noatime
    syscalls.mount("tmpfs", str(source), "tmpfs", flags)
    try:
        assert expected in _bound_in_a_user_namespace(source, root, options)
    finally:
        syscalls.umount2(str(source), mounts.MNT_DETACH)


def _bound_in_a_user_namespace(source: Path, root: Path, options: list[str]) -> str:
    """Return the options of the mount that is made there, or the error."""
    every_id = [{"containerID": 0, "hostID": 0, "size": 2**32 - 1}]
    namespace = idmaps.user_namespace(every_id, every_id)  # type: ignore[arg-type]
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.setns(namespace)
            syscalls.unshare(CLONE_NEWNS)
            root_fd = mounts.bind_path(str(root))
            mounts.attach(root_fd, os.open(root, os.O_PATH))
            made = Mounts(root_fd, str(root), Places({}), is_private=False)
            entry: Mount = {"destination": "/m", "source": str(source), "type": "bind"}
            made.make({**entry, "options": ["bind", *options]})
            seen = parse(Path("/proc/self/mountinfo").read_text())[f"{root}/m"].options
            order = "ro rw nosuid nodev noexec nosymfollow noatime relatime".split()
            os.write(writer, " ".join(word for word in order if word in seen).encode())
        except Exception as err:
            os.write(writer, str(err).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.close(namespace)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as said:
        return said.read()
