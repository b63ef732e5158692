"""Paths that are covered, and paths that are only to read."""

import os
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import seen_in

from seacan.errors import Internal
from seacan.kernel import mounts, syscalls

pytestmark = pytest.mark.root


def test_files_and_directories(box: Box) -> None:
    (box.rootfs / "secrets/sub").mkdir(parents=True)
    (box.rootfs / "secrets/file").write_text("secret")
    (box.rootfs / "key").write_text("secret")
    box.linux["maskedPaths"] = ["/secrets", "/key", "/absent/x"]
    out = box.sh(
        "ls -A /secrets | wc -l; wc -c < /key; touch /secrets/x 2>&1 || true; echo x > /key"
    )
    assert out.split()[:2] == ["0", "0"]
    assert "Read-only file system" in out
    assert (box.rootfs / "key").read_text() == "secret"


def test_links_are_followed_in_the_root(box: Box, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside")
    (box.rootfs / "key").write_text("secret")
    (box.rootfs / "a").symlink_to("../../key")
    (box.rootfs / "out").symlink_to(tmp_path / "outside")
    (box.rootfs / "dangling").symlink_to("/nowhere")
    box.linux["maskedPaths"] = ["/a", "/out", "/dangling"]
    assert box.sh("wc -c < /key").strip() == "0"
    assert (tmp_path / "outside").read_text() == "outside"


def test_file_on_the_way_is_an_error(box: Box) -> None:
    box.linux["maskedPaths"] = ["/etc/passwd/x"]
    with pytest.raises(Internal, match=r"mask path /etc/passwd/x: .*not a directory"):
        box.run("true")


def test_same_path_twice_and_one_in_another(box: Box) -> None:
    (box.rootfs / "d/e").mkdir(parents=True)
    box.linux["maskedPaths"] = ["/d/e", "/d", "/d", "/d/e"]
    assert box.sh("ls -A /d | wc -l").strip() == "0"


def test_masks_are_one_file_system(box: Box) -> None:
    for number in range(300):
        (box.rootfs / f"masked/{number}").mkdir(parents=True)
        (box.rootfs / f"masked/f{number}").touch()
    paths = sorted(f"/masked/{name}" for name in os.listdir(box.rootfs / "masked"))
    box.linux["maskedPaths"] = paths
    box.linux["readonlyPaths"] = []
    seen = seen_in(box)
    assert [point for point in seen if point.startswith("/masked/")] == paths
    own = {
        line.split()[2]
        for line in box.sh("cat /proc/self/mountinfo").splitlines()
        if "/masked/" in line
    }
    assert len(own) == 2  # devices: the tmpfs, and that of /dev/null


def test_read_only_keeps_the_flags_of_the_mount(box: Box, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    (volume / "d").mkdir(parents=True)
    (volume / "f").touch()
    box.mount("/v", "bind", str(volume), "bind", "nosuid", "nodev", "noexec", "noatime")
    box.linux["readonlyPaths"] = ["/v/d", "/v/f", "/proc/sys"]
    seen = seen_in(box)
    for point in ("/v/d", "/v/f"):
        assert seen[point].options == {"ro", "nosuid", "nodev", "noexec", "noatime"}
    assert {"ro", "nosuid", "nodev", "noexec"} <= seen["/proc/sys"].options
    assert "rw" in seen["/v"].options


def test_read_only_in_read_only_and_through_links(box: Box) -> None:
    (box.rootfs / "a/b").mkdir(parents=True)
    (box.rootfs / "link").symlink_to("/a/b")
    box.linux["readonlyPaths"] = ["/a", "/a/b", "/link", "/absent", "/etc/passwd"]
    out = box.sh(
        "for name in /a/x /a/b/x /link/x; do touch $name 2>&1 || true; done;"
        "echo x >> /etc/passwd || true"
    )
    assert out.count("Read-only file system") == 4


def test_mounts_below_a_read_only_path_stay_as_they_are(box: Box) -> None:
    box.mount("/a/b", "tmpfs", "tmpfs")
    box.linux["readonlyPaths"] = ["/a"]
    out = box.sh("touch /a/x 2>&1 || true; touch /a/b/x && echo fine")
    assert "Read-only file system" in out
    assert "fine" in out


def test_path_that_may_not_be_bound_is_named(box: Box) -> None:
    box.mount("/m", "tmpfs", "tmpfs", "unbindable")
    box.linux["readonlyPaths"] = ["/m"]
    with pytest.raises(Internal, match=r"make path /m read-only: .*invalid argument"):
        box.run("true")


def test_masks_do_not_travel_over_a_shared_volume(box: Box, tmp_path: Path) -> None:
    """The host would lose sight of its own file."""
    volume = tmp_path / "volume"
    (volume / "d").mkdir(parents=True)
    (volume / "key").write_text("secret")
    syscalls.mount(str(volume), str(volume), None, mounts.MS_BIND)
    try:
        syscalls.mount(None, str(volume), None, mounts.MS_SHARED)
        box.mount("/v", "bind", str(volume), "rbind", "rslave")
        box.linux["maskedPaths"] = ["/v/key", "/v/d"]
        box.linux["readonlyPaths"] = ["/v/d"]
        with box.started("sleep", "60") as container:
            assert box.execute(container, "wc", "-c", "/v/key").out.split()[0] == "0"
            assert (volume / "key").read_text() == "secret"
            (volume / "d/x").touch()
    finally:
        syscalls.umount2(str(volume), mounts.MNT_DETACH)
