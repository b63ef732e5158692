"""Where mounts go: names, links, files, each other, and the root itself."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import seen_in

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import mounts, syscalls

pytestmark = pytest.mark.root


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    volume = tmp_path / "volume"
    (volume / "inner").mkdir(parents=True)
    (volume / "mark").write_text("mark")
    return volume


@pytest.mark.parametrize(
    ("destination", "point"),
    [
        ("relative/dir", "/relative/dir"),
        ("/a/../b/./c//d", "/b/c/d"),
        ("../../up", "/up"),
        ("/link/x", "/tmp/x"),
        ("/absolute/x", "/tmp/x"),
        ("/above/x", "/tmp/x"),
        ("/dangling", "/made/here"),
    ],
)
def test_destination_is_resolved_in_the_root(
    box: Box, volume: Path, destination: str, point: str
) -> None:
    (box.rootfs / "link").symlink_to("tmp")
    (box.rootfs / "absolute").symlink_to("/tmp")
    (box.rootfs / "above").symlink_to("../../../tmp")
    (box.rootfs / "dangling").symlink_to("/made/here")
    (box.rootfs / "a").mkdir()
    box.mount(destination, "bind", str(volume), "bind")
    assert point in seen_in(box)


@pytest.mark.parametrize("is_there", [True, False])
def test_sources_that_are_no_directories(box: Box, tmp_path: Path, is_there: bool) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name in ("file", "link", "fifo", "socket"):
            if is_there:
                (box.rootfs / name).touch()
            box.mount(f"/{name}", "bind", str(tmp_path / name), "bind")
        box.mount("/deep/zero", "bind", "/dev/zero", "bind")
        out = box.sh("stat -c '%F' /file /link /fifo /socket /deep/zero; cat /link")
    assert out.splitlines() == [
        "regular file",
        "regular file",
        "fifo",
        "socket",
        "character special file",
        "content",
    ]
    made = (box.rootfs / "deep/zero").stat()
    assert oct(made.st_mode) == "0o100644"
    assert oct((box.rootfs / "deep").stat().st_mode) == "0o40755"


def test_later_mounts_cover_earlier_ones(box: Box, volume: Path) -> None:
    box.mount("/m", "tmpfs", "tmpfs")
    box.mount("/m/inner", "bind", str(volume), "bind")
    box.mount("/m/inner/inner", "tmpfs", "tmpfs")
    box.mount("/n", "bind", str(volume), "bind")
    box.mount("/n", "tmpfs", "tmpfs")
    out = box.sh("ls /m/inner; ls -A /m/inner/inner /n | wc -w")
    assert out.split() == ["inner", "mark", "2"]  # the names of the two empty directories


def test_mount_inside_of_a_read_only_one(box: Box, volume: Path) -> None:
    box.mount("/m", "bind", str(volume), "bind", "ro")
    box.mount("/m/inner", "tmpfs", "tmpfs")
    out = box.sh("touch /m/x 2>&1 || true; touch /m/inner/x && echo fine")
    assert "Read-only file system" in out
    assert "fine" in out


def test_missing_place_in_a_read_only_mount(box: Box, volume: Path) -> None:
    box.mount("/m", "bind", str(volume), "bind", "ro")
    box.mount("/m/absent", "tmpfs", "tmpfs")
    with pytest.raises(Internal, match="read-only file system"):
        box.run("true")


def test_bind_keeps_the_flags_of_its_source(box: Box, volume: Path) -> None:
    syscalls.mount("tmpfs", str(volume), "tmpfs", 0x2 | 0x4 | 0x8 | 0x400)  # also noexec, noatime
    try:
        box.mount("/m", "bind", str(volume), "bind", "ro")
        assert seen_in(box)["/m"].options == {"ro", "nosuid", "nodev", "noexec", "noatime"}
    finally:
        syscalls.umount2(str(volume), mounts.MNT_DETACH)


def test_file_system_on_a_file(box: Box) -> None:
    box.mount("/etc/passwd", "tmpfs", "tmpfs")
    with pytest.raises(Internal, match="Are you trying to mount a directory onto a file"):
        box.run("true")


@pytest.mark.parametrize("destination", ["/", "/tmp/..", "."])
def test_bind_on_the_root_takes_its_place(box: Box, destination: str) -> None:
    other = box.path / "other"
    shutil.copytree(box.rootfs, other, symlinks=True)
    (other / "mark").touch()
    entry = {"destination": destination, "type": "bind", "source": str(other), "options": ["bind"]}
    box.config["mounts"].insert(0, entry)
    box.config["root"]["readonly"] = True
    out = box.sh("ls /mark /proc/1/comm /dev/null; touch /x 2>&1 || true")
    assert out.split()[:3] == ["/dev/null", "/mark", "/proc/1/comm"]
    assert "Read-only file system" in out
    assert seen_in(box)["/"].root.endswith("/other")
    assert "dev" not in os.listdir(box.rootfs) or os.listdir(box.rootfs / "dev") == []


def test_tmpfs_on_the_root_takes_its_place(box: Box) -> None:
    place = [{"destination": "/", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]}]
    box.config["mounts"][:0] = place
    shutil.copytree(box.rootfs / "bin", box.path / "programs", symlinks=True)
    box.mount("/bin", "bind", "programs", "bind", "ro")
    assert set(box.sh("ls /").split()) == {"bin", "dev", "proc", "sys"}


def test_mount_on_a_copy_of_the_root_is_not_one_on_the_root(box: Box) -> None:
    box.mount("/copy", "bind", str(box.rootfs), "bind")
    box.mount("/copy", "tmpfs", "tmpfs")
    box.mount("/after", "tmpfs", "tmpfs")
    seen = seen_in(box)
    assert "/after" in seen
    assert seen["/"].fstype != "tmpfs"


def test_root_below_a_link(box: Box) -> None:
    (box.path / "real").mkdir()
    box.rootfs.rename(box.path / "real/root")
    (box.path / "way").symlink_to("real")
    box.config["root"]["path"] = "way/root"
    assert box.sh("ls /bin/sh").strip() == "/bin/sh"


def test_root_that_is_a_link(box: Box) -> None:
    (box.path / "link").symlink_to("rootfs")
    box.config["root"]["path"] = str(box.path / "link")
    assert box.sh("ls /bin/sh").strip() == "/bin/sh"


def test_root_on_an_overlay(box: Box, tmp_path: Path) -> None:
    for name in ("upper", "work", "merged"):
        (tmp_path / name).mkdir()
    data = f"lowerdir={box.rootfs},upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    syscalls.mount("overlay", str(tmp_path / "merged"), "overlay", 0, data)
    try:
        box.config["root"]["path"] = str(tmp_path / "merged")
        assert box.sh("echo x > /written; grep -c ' / overlay ' /proc/mounts").strip() == "1"
        assert (tmp_path / "upper/written").exists()
        assert not (box.rootfs / "written").exists()
    finally:
        syscalls.umount2(str(tmp_path / "merged"), mounts.MNT_DETACH)


@pytest.mark.parametrize("kind", ["tmpfs", "sysfs", "mqueue", "cgroup"])
@pytest.mark.parametrize("destination", ["/proc", "proc", "//proc/"])
def test_only_proc_on_proc(box: Box, kind: str, destination: str) -> None:
    box.mount(destination, kind, kind)
    with pytest.raises(InvalidArgument, match="not of type proc"):
        box.run("true")


@pytest.mark.parametrize("kind", ["tmpfs", "sysfs", "proc", "cgroup"])
@pytest.mark.parametrize("destination", ["/proc/bus", "/way/bus"])
def test_no_file_system_inside_proc(box: Box, kind: str, destination: str) -> None:
    (box.rootfs / "way").symlink_to("proc")
    box.mount(destination, kind, kind)
    with pytest.raises(InvalidArgument, match=r"inside /proc|ordinary directory"):
        box.run("true")


def test_proc_of_the_host_may_be_bound(box: Box) -> None:
    box.config["mounts"][0] = {
        "destination": "/proc",
        "type": "bind",
        "source": "/proc",
        "options": ["rbind"],
    }
    assert box.sh("cat /proc/uptime")


def test_dev_of_the_host_is_left_as_it_is(box: Box) -> None:
    box.config["mounts"][1:4] = [
        {"destination": "dev/", "type": "none", "source": "/dev", "options": ["rbind"]}
    ]
    box.linux["devices"] = [{"type": "c", "path": "/dev/mine", "major": 1, "minor": 5}]
    before = set(os.listdir("/dev"))
    out = set(box.sh("ls /dev").split())
    assert "mine" not in out
    assert before == out == set(os.listdir("/dev"))
    assert not os.path.islink("/dev/ptmx")


def test_read_only_dev_still_gets_its_nodes(box: Box) -> None:
    box.config["mounts"][1]["options"].append("ro")
    out = box.sh("ls /dev/null /dev/ptmx; touch /dev/x 2>&1 || true")
    assert out.split()[:2] == ["/dev/null", "/dev/ptmx"]
    assert "Read-only file system" in out


def test_without_devpts_the_link_leads_nowhere(box: Box) -> None:
    box.config["mounts"] = [m for m in box.config["mounts"] if m["destination"] != "/dev/pts"]
    assert box.sh("readlink /dev/ptmx; ls /dev/ptmx/ 2>/dev/null || echo none").split() == [
        "pts/ptmx",
        "none",
    ]


def cgroups(box: Box, *options: str, with_namespace: bool = True, kind: str = "cgroup") -> None:
    box.mount("/sys/fs/cgroup", kind, "cgroup", "nosuid", "noexec", "nodev", *options)
    if not with_namespace:
        kinds = box.linux["namespaces"]
        box.linux["namespaces"] = [entry for entry in kinds if entry["type"] != "cgroup"]


@pytest.mark.parametrize("with_namespace", [True, False])
def test_cgroup_mounts_fit_what_proc_says(box: Box, with_namespace: bool) -> None:
    if not Path("/sys/fs/cgroup/memory").exists():
        pytest.skip("version 2 has one hierarchy")
    cgroups(box, "ro", with_namespace=with_namespace)
    box.linux["resources"] = {"pids": {"limit": 77}}
    seen = seen_in(box)
    own = dict(line.split(":")[1:] for line in box.sh("cat /proc/self/cgroup").splitlines())
    expected = "/" if with_namespace else f"/{box.id}"
    for name in ("memory", "pids"):
        line = seen[f"/sys/fs/cgroup/{name}"]
        assert line.root == own[name] == expected
        assert {"ro", "nosuid", "nodev", "noexec"} <= line.options
    assert box.sh("cat /sys/fs/cgroup/pids/pids.max").strip() == "77"


def test_cgroup_mounts_take_recursive_options_and_propagation(box: Box) -> None:
    if not Path("/sys/fs/cgroup/memory").exists():
        pytest.skip("version 2 has one hierarchy")
    cgroups(box, "rnosymfollow", "rshared")
    seen = seen_in(box)
    for point in ("/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
        assert "nosymfollow" in seen[point].options
        assert [tag.partition(":")[0] for tag in seen[point].tags] == ["shared"]


@pytest.mark.parametrize("option", ["nsdelegate", "sync", "size=1m"])
def test_cgroup_mounts_of_version_1_have_no_further_options(box: Box, option: str) -> None:
    if not Path("/sys/fs/cgroup/memory").exists():
        pytest.skip("version 2 has one hierarchy")
    cgroups(box, option)
    with pytest.raises(InvalidArgument, match=f"not an option of the cgroup mount.*: {option}"):
        box.run("true")


def test_the_hierarchy_of_version_2_by_its_type(box: Box) -> None:
    cgroups(box, "ro", kind="cgroup2")
    seen = seen_in(box)["/sys/fs/cgroup"]
    assert seen.fstype == "cgroup2"
    assert "ro" in seen.options
