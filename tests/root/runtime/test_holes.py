"""Each historic hole, tried as its finder did."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Conflict, Internal, InvalidArgument
from seacan.kernel import procfs, syscalls
from seacan.kernel.cgroups.hierarchy import open_cgroup
from seacan.runtime.labels import label_process
from seacan.runtime.launch import Launch
from seacan.runtime.settings import NO_SETTINGS
from seacan.spec.runtime import Process

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("every_way")]


def test_no_descriptor_of_the_runtime_is_left(box: Box) -> None:
    """CVE-2024-21626: a leaked directory of the host was a way out."""
    leak = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(leak, True)
    try:
        with box.started("sleep", "60") as container:
            assert sorted(os.listdir(f"/proc/{container.pid}/fd")) == ["0", "1", "2"]
            script = "ls /proc/self/fd"
            # The fourth is the listing's own.
            assert box.execute(container, "sh", "-c", script).out.split() == ["0", "1", "2", "3"]
    finally:
        os.close(leak)


def test_created_container_holds_no_descriptor_of_the_caller(box: Box) -> None:
    leak = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with box.created("true") as container:
            links = os.listdir(f"/proc/{container.pid}/fd")
            held = {os.readlink(f"/proc/{container.pid}/fd/{fd}") for fd in links}
            fifo = str(container.directory.fifo)
            assert {name for name in held if name.startswith("/")} <= {"/", "/dev/null", fifo}
            # "/" is the container's own root by now.
            roots = [fd for fd in links if os.readlink(f"/proc/{container.pid}/fd/{fd}") == "/"]
            for fd in roots:
                assert os.stat(f"/proc/{container.pid}/fd/{fd}").st_ino == box.rootfs.stat().st_ino
    finally:
        os.close(leak)


def test_working_directory_in_a_descriptor_is_refused(box: Box) -> None:
    """CVE-2024-21626."""
    leak = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(leak, True)
    try:
        for fd in range(3, leak + 1):
            box.process["cwd"] = f"/proc/self/fd/{fd}"
            with pytest.raises((InvalidArgument, Internal)):
                box.run("pwd")
    finally:
        os.close(leak)


def test_symlinked_target_stays_inside(box: Box, tmp_path: Path) -> None:
    """CVE-2021-30465."""
    outside = tmp_path / "outside"
    outside.mkdir()
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "mark").touch()
    (box.rootfs / "link").symlink_to(outside)
    (box.rootfs / "up").symlink_to("../../../../../.." + str(outside))
    for name in ("link", "up"):
        box.mount(f"/{name}/sub", "bind", str(volume), "bind")
    assert box.sh(f"ls {outside}/sub/mark /link/sub/mark /up/sub/mark").count("mark") == 3
    assert list(outside.iterdir()) == []


def test_targets_that_are_swapped_for_links_stay_inside(box: Box, tmp_path: Path) -> None:
    """CVE-2021-30465: one container swaps what another's mount, device or mask goes through."""
    outside, volume = tmp_path / "outside", tmp_path / "volume"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub/key").write_text("outside")
    (volume / "swap/sub").mkdir(parents=True)
    (volume / "link").symlink_to(outside)
    box.mount("/v", "bind", str(volume), "bind")
    box.mount("/v/swap/sub", "tmpfs", "first", "mode=755")
    box.mount("/v/swap/sub/inner", "tmpfs", "second")
    box.mount("/v/swap/new/deep", "tmpfs", "third")
    box.linux["devices"] = [{"type": "p", "path": "/v/swap/made/fifo"}]
    box.linux["maskedPaths"] = ["/v/swap/sub/key"]
    box.linux["readonlyPaths"] = ["/v/swap/sub"]
    created = swapped = 0
    with _swapping(volume / "swap", volume / "link"):
        begun = time.monotonic()
        # For a while, and on a busy machine for as long as it takes to have tried.
        while (tried_s := time.monotonic() - begun) < 3 or (
            min(created, swapped) <= 10 and tried_s < 150
        ):
            swapped += (volume / "swap").is_symlink()
            try:
                with box.created("true") as container:
                    seen = Path(f"/proc/{container.pid}/mountinfo").read_text()
                    created += 1
            except (Internal, InvalidArgument, Conflict):
                continue  # what it found was half of the one and half of the other
            # A mount made outside of the root is not among those that the container has.
            for name in ("first", "second", "third"):
                assert f" - tmpfs {name} " in seen
            assert [str(p.relative_to(outside)) for p in outside.rglob("*")] == ["sub", "sub/key"]
            assert (outside / "sub/key").read_text() == "outside"
    assert created > 10
    assert swapped > 10


_SWAP = """
import ctypes, os, sys
exchange = ctypes.CDLL(None, use_errno=True).renameat2
first, second = map(os.fsencode, sys.argv[1:])
while True:
    if exchange(-100, first, -100, second, 2):  # AT_FDCWD, RENAME_EXCHANGE
        sys.exit(os.strerror(ctypes.get_errno()))
"""


@contextmanager
def _swapping(first: Path, second: Path) -> Iterator[None]:
    """Exchange two entries, again and again, in a process of its own."""
    swapper = subprocess.Popen([sys.executable, "-c", _SWAP, str(first), str(second)])
    try:
        yield
        assert swapper.poll() is None
    finally:
        swapper.kill()
        swapper.wait()


def test_null_device_that_is_none_stops_the_masking(box: Box, tmp_path: Path) -> None:
    """CVE-2025-31133: the mask would have been a writable file of procfs."""
    dev = tmp_path / "dev"
    (dev / "pts").mkdir(parents=True)
    (dev / "shm").mkdir()
    (dev / "null").symlink_to("/proc/sys/kernel/core_pattern")
    box.config["mounts"][1] = {
        "destination": "/dev",
        "type": "bind",
        "source": str(dev),
        "options": ["bind"],
    }
    with pytest.raises(Internal, match="not the null device"):
        box.run("true")


def test_null_device_of_an_image_is_not_taken_for_ours(box: Box) -> None:
    box.config["mounts"] = [box.config["mounts"][0]]
    (box.rootfs / "dev/null").write_text("")
    with pytest.raises(Conflict, match="/dev/null: there is something else already"):
        box.run("true")


def test_dev_that_is_a_link_stays_inside(box: Box, tmp_path: Path) -> None:
    """CVE-2026-41579: the nodes were made in the host's directory."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (box.rootfs / "dev").rmdir()
    (box.rootfs / "dev").symlink_to(outside)
    box.config["mounts"] = [box.config["mounts"][0]]
    box.sh("true")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["proc", "sys"])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_proc_and_sys_must_be_directories(box: Box, name: str, kind: str) -> None:
    """CVE-2019-19921, CVE-2023-27561."""
    (box.rootfs / name).rmdir()
    if kind == "link":
        (box.rootfs / "elsewhere").mkdir()
        (box.rootfs / name).symlink_to("elsewhere")
    else:
        (box.rootfs / name).touch()
    with pytest.raises(InvalidArgument, match="ordinary directory"):
        box.run("true")


def test_write_goes_to_procfs_alone(tmp_path: Path) -> None:
    """CVE-2025-52881: a look-alike, or a mount over the file, is not written to."""

    def probe() -> int:
        _cover("/proc/sys/kernel/shmmni", tmp_path)
        if not _refuses(lambda: procfs.write("sys/kernel/shmmni", "4096")):
            return 2
        _replace_proc("/proc/sys/kernel/shmmni")
        return 0 if _refuses(lambda: procfs.write("sys/kernel/shmmni", "4096")) else 3

    assert _in_own_mounts(probe) == 0


@pytest.mark.parametrize(
    ("process", "attribute"),
    [
        ({"apparmorProfile": "strict"}, "apparmor/exec"),
        ({"selinuxLabel": "system_u:system_r:container_t:s0"}, "exec"),
    ],
)
def test_label_goes_to_procfs_alone(tmp_path: Path, process: Process, attribute: str) -> None:
    """CVE-2019-16884, CVE-2025-52881: a label in a look-alike's file was taken for set."""
    launch = Launch(
        container_id="x",
        process=process,
        linux={},
        stdio=(0, 1, 2),
        console=None,
        preserve_fds=0,
        pipe=-1,
        cgroup=open_cgroup("/absent"),
        settings=NO_SETTINGS,
    )

    def probe() -> int:
        place = f"/proc/self/attr/{attribute}"
        if os.path.exists(place):
            _cover(place, tmp_path)
            if not _refuses(lambda: label_process(launch)):
                return 2
        _replace_proc(place)
        if not _refuses(lambda: label_process(launch)):
            return 3
        return 0 if Path(place).read_bytes() == b"" else 4

    assert _in_own_mounts(probe) == 0


def _in_own_mounts(probe: Callable[[], int]) -> int:
    """Return what `probe` returns in a process with mounts of its own."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            syscalls.unshare(0x00020000)  # CLONE_NEWNS
            syscalls.mount(None, "/", None, 0x4000 | 0x40000)  # MS_REC | MS_PRIVATE
            status = probe()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _cover(path: str, directory: Path) -> None:
    (directory / "file").touch()
    syscalls.mount(str(directory / "file"), path, None, 0x1000)  # MS_BIND


def _replace_proc(path: str) -> None:
    syscalls.mount("tmpfs", "/proc", "tmpfs")
    os.makedirs(os.path.dirname(path))
    Path(path).touch()


def _refuses(write: Callable[[], None]) -> bool:
    try:
        write()
    except (OSError, Internal):
        return True
    return False


def test_process_that_joins_cannot_be_looked_into(box: Box) -> None:
    """CVE-2016-9962, CVE-2019-5736: /proc/PID/exe and /proc/PID/fd were the host's."""
    box.linux["maskedPaths"] = []
    # Without CAP_SYS_PTRACE nobody gets at what is not dumpable; poll for what would be visible.
    script = """
    while true; do
      for p in /proc/[0-9]*; do
        [ $p = /proc/1 ] && continue
        exe=$(readlink $p/exe 2>/dev/null) && case $exe in /bin/busybox) ;; *) echo $exe ;; esac
      done
    done > /tmp/seen
    """
    with box.started("sh", "-c", script) as container:
        for _ in range(20):
            assert box.execute(container, "true").code == 0
    assert (box.rootfs / "tmp/seen").read_text() == ""


def test_passwd_that_never_ends_does_not_hang(box: Box) -> None:
    """CVE-2026-47262."""
    (box.rootfs / "etc/passwd").unlink()
    os.mkfifo(box.rootfs / "etc/passwd")
    assert "HOME=/\n" in box.sh("env")


def test_terminal_is_of_the_containers_devpts(box: Box) -> None:
    """CVE-2025-52565: a link in place of /dev/pts/N was bound over /dev/console."""
    box.config["mounts"] = [m for m in box.config["mounts"] if m["destination"] != "/dev/pts"]
    (box.rootfs / "dev/pts").mkdir()
    box.process["terminal"] = True
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(Internal), box.created("true", console=theirs):
        pass


def test_console_does_not_cover_a_file_of_proc(box: Box, tmp_path: Path) -> None:
    """CVE-2025-52565: the terminal went where a link of the image led, before the masks."""
    (tmp_path / "dev/pts").mkdir(parents=True)
    (tmp_path / "dev/shm").mkdir()
    (tmp_path / "dev/console").symlink_to("/proc/sys/kernel/core_pattern")
    os.mknod(tmp_path / "dev/null", 0o20666, os.makedev(1, 3))
    box.config["mounts"][1] |= {"type": "bind", "source": str(tmp_path / "dev")}
    box.config["mounts"][1]["options"] = ["bind"]
    box.process["terminal"] = True
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        pytest.raises(InvalidArgument, match="inside /proc"),
        box.created("true", console=theirs),
    ):
        pass


def test_rootfs_that_is_a_link_to_nowhere(box: Box) -> None:
    shutil.rmtree(box.rootfs)
    box.rootfs.symlink_to("/absent")
    with pytest.raises(InvalidArgument, match=r"root.path"):
        box.run("true")
