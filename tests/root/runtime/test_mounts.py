import stat
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import mounts_below

from seacan.errors import Internal, InvalidArgument

pytestmark = pytest.mark.root


def mount_options(box: Box, point: str) -> tuple[str, set[str]]:
    """Return type and options of the topmost mount at `point` as the container sees it."""
    lines = [line.split() for line in box.sh("cat /proc/mounts").splitlines()]
    kind, options = [(line[2], line[3]) for line in lines if line[1] == point][-1]
    return kind, set(options.split(","))


@pytest.mark.parametrize(
    ("point", "kind", "options"),
    [
        ("/proc", "proc", {"rw", "nosuid", "nodev", "noexec"}),
        ("/dev", "tmpfs", {"rw", "nosuid", "size=65536k", "mode=755"}),
        ("/dev/pts", "devpts", {"rw", "nosuid", "noexec", "ptmxmode=666"}),
        ("/dev/shm", "tmpfs", {"rw", "nosuid", "nodev", "noexec"}),
        ("/sys", "sysfs", {"ro", "nosuid", "nodev", "noexec"}),
        ("/proc/sys", "proc", {"ro", "nosuid", "nodev", "noexec"}),
        ("/proc/interrupts", "tmpfs", {"rw", "nosuid"}),
        ("/sys/firmware", "tmpfs", {"ro"}),
    ],
)
def test_default_mounts(box: Box, point: str, kind: str, options: set[str]) -> None:
    found_kind, found = mount_options(box, point)
    assert found_kind == kind
    assert options <= found


def test_masked_file_is_empty_and_directory_is_empty(box: Box) -> None:
    out = box.sh("wc -c < /proc/interrupts; ls -A /sys/firmware | wc -l")
    assert out.split() == ["0", "0"]


def test_read_only_path(box: Box) -> None:
    result = box.run("sh", "-c", "echo 1 > /proc/sys/kernel/shmmni")
    assert result.code != 0
    assert "Read-only file system" in result.out


def test_read_only_root_leaves_mounts_writable(box: Box) -> None:
    box.config["root"]["readonly"] = True
    box.mount("/tmp", "tmpfs", "tmpfs", "nosuid")
    out = box.sh("touch /x 2>&1 || true; touch /tmp/x && echo fine")
    assert "Read-only file system" in out
    assert "fine" in out


def test_bind_of_directory_and_file(box: Box, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").write_text("content")
    box.mount("/a/b/c", "bind", str(volume), "rbind")
    box.mount("/a/one", "bind", str(volume / "file"), "bind", "ro")
    out = box.sh("cat /a/b/c/file /a/one; echo new > /a/b/c/new; echo x 2>&1 > /a/one || true")
    assert out.startswith("contentcontent")
    assert (volume / "new").read_text() == "new\n"
    assert (volume / "file").read_text() == "content"


def test_bind_relative_to_the_bundle(box: Box) -> None:
    (box.path / "beside").write_text("here")
    box.mount("/beside", "bind", "beside", "bind")
    assert box.sh("cat /beside") == "here"


def test_bind_options_hold_for_the_tree_or_the_top(box: Box, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    box.mount("/v", "bind", str(volume), "rbind", "rro", "rnosuid", "noexec")
    assert {"ro", "nosuid", "noexec"} <= mount_options(box, "/v")[1]


def test_tmpfs_has_the_mode_of_what_it_covers(box: Box) -> None:
    box.mount("/tmp", "tmpfs", "tmpfs", "nosuid", "size=64k")
    box.mount("/root", "tmpfs", "tmpfs", "mode=700")
    assert box.sh("stat -c %a /tmp /root").split() == ["1777", "700"]


def test_read_only_tmpfs_still_gets_the_mounts_within(box: Box) -> None:
    box.mount("/outer", "tmpfs", "tmpfs", "ro")
    box.mount("/outer/inner", "tmpfs", "tmpfs")
    out = box.sh("touch /outer/x 2>&1 || true; touch /outer/inner/x && echo fine")
    assert "Read-only file system" in out
    assert "fine" in out


def test_devices_are_exactly_the_default_ones(box: Box) -> None:
    expected = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    if Path("/proc/kcore").exists():
        expected = f"core {expected}"
    assert " ".join(box.sh("ls /dev").split()) == expected


def test_missing_source_names_both_sides(box: Box) -> None:
    box.mount("/there", "bind", "/absent/source", "bind")
    with pytest.raises(Internal, match=r'"/absent/source" to rootfs at "/there": .*no such file'):
        box.run("true")


def test_directory_on_a_file_is_explained(box: Box) -> None:
    box.mount("/etc/passwd", "bind", str(box.path), "bind")
    with pytest.raises(Internal, match="Are you trying to mount a directory onto a file"):
        box.run("true")


def test_wrong_option_of_a_file_system_is_named(box: Box) -> None:
    box.mount("/there", "tmpfs", "tmpfs", "sise=1")
    with pytest.raises(Internal, match="sise"):
        box.run("true")


def test_host_does_not_see_the_mounts(box: Box) -> None:
    with box.started("sleep", "60"):
        assert mounts_below(box.path) == []


@pytest.mark.parametrize("destination", ["/proc/1", "/proc/sys", "/proc/self/attr"])
def test_bind_into_proc_is_refused(box: Box, destination: str) -> None:
    box.mount(destination, "bind", str(box.path), "bind")
    with pytest.raises(InvalidArgument, match="inside /proc"):
        box.run("true")


def test_bind_over_proc_is_refused(box: Box) -> None:
    box.mount("/proc", "bind", str(box.path), "bind")
    with pytest.raises(InvalidArgument, match="not of type proc"):
        box.run("true")


def test_replaceable_file_of_proc(box: Box, tmp_path: Path) -> None:
    fake = tmp_path / "uptime"
    fake.write_text("1.00 1.00")
    box.mount("/proc/uptime", "bind", str(fake), "bind")
    assert box.sh("cat /proc/uptime") == "1.00 1.00"


def test_working_directory_is_made(box: Box) -> None:
    box.process["cwd"] = "/not/yet"
    assert box.sh("pwd").strip() == "/not/yet"
    assert stat.S_IMODE((box.rootfs / "not/yet").stat().st_mode) == 0o755
