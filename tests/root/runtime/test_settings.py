"""What the flags of the command line change in a container."""

import os
import subprocess

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Unavailable
from seacan.kernel import this_process
from seacan.runtime.container import Container
from seacan.runtime.settings import Settings

pytestmark = pytest.mark.root

MOVED = Settings(no_pivot=True)
POSSESSOR_ONLY = 0x3F000000  # KEY_POS_ALL, linux/key.h


def in_mounts_of(container: Container, *command: str) -> str:
    """Run a command in the container's mount namespace, from that one's own root."""
    enter = ["nsenter", f"--mount=/proc/{container.pid}/ns/mnt", "--", *command]
    return subprocess.run(enter, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("propagation", [None, "shared", "rslave"])
def test_a_moved_root_is_the_root(box: Box, propagation: str | None) -> None:
    if propagation:
        box.linux["rootfsPropagation"] = propagation
    with box.created("sleep", "60", settings=MOVED) as container:
        container.start()
        assert "busybox" in box.execute(container, "ls", "/bin").out
        above = box.execute(container, "ls", "-d", "/../../home", "/home", cwd="/").out
        assert above.count("No such file") == 2
        assert "interrupts" in box.execute(container, "ls", "/proc").out
        assert box.execute(container, "cat", "/proc/interrupts").out == ""
        kind = (propagation or "private").removeprefix("r")
        first = box.execute(container, "head", "-n", "1", "/proc/self/mountinfo").out
        assert first.split()[4] == "/"
        assert ("shared:" in first) == (kind == "shared")


def test_below_a_moved_root_there_is_no_proc_of_the_host(box: Box) -> None:
    with box.created("sleep", "60", settings=MOVED) as container:
        in_mounts_of(container, "/bin/busybox", "umount", "-l", "/")
        assert "home" in in_mounts_of(container, "ls", "/")  # it is the host's root, uncovered
        assert in_mounts_of(container, "ls", "/proc") == ""
        assert "kernel" not in in_mounts_of(container, "ls", "/sys")


def test_session_keyring_is_kept_if_asked(box: Box) -> None:
    keyring = this_process.keyctl_join_session_keyring(box.id)
    this_process.keyctl_setperm(keyring, POSSESSOR_ONLY)
    box.linux["maskedPaths"] = []  # /proc/keys shows the keys that its reader may view
    for settings, count in ((Settings(no_new_keyring=True), 1), (Settings(), 0)):
        with box.created("sleep", "60", settings=settings) as container:
            container.start()
            keys = box.execute(container, "cat", "/proc/keys").out
        assert keys.count(f" {box.id}:") == count
        assert box.sh("cat /proc/keys").count(f" {box.id}:") == 0


@pytest.mark.skipif(os.path.exists("/run/systemd/private"), reason="there is a systemd")
def test_cgroups_of_systemd_without_a_systemd(box: Box) -> None:
    box.linux["cgroupsPath"] = f"system.slice:test:{box.id}"
    with (
        pytest.raises(Unavailable, match="systemd cannot be asked to make cgroups: /run/systemd"),
        box.created("true", settings=Settings(systemd_cgroup=True)),
    ):
        pass
