"""Which mounts made later are seen on the other side."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import Line, mounts_below, mounts_of_the_system, parse, seen_in

from seacan.kernel import mounts, syscalls
from seacan.runtime.container import Container

pytestmark = pytest.mark.root


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A shared mount with directories to mount on; what is below it goes with it."""
    top = tmp_path / "shared"
    top.mkdir()
    syscalls.mount("tmpfs", str(top), "tmpfs")
    syscalls.mount(None, str(top), None, mounts.MS_SHARED)
    for name in ("host", "inside"):
        (top / name).mkdir()
    yield top
    for name in ("host", "inside"):
        if os.path.ismount(top / name):
            syscalls.umount2(str(top / name), mounts.MNT_DETACH)
    syscalls.umount2(str(top), mounts.MNT_DETACH)


def seen_from(container: Container) -> dict[str, Line]:
    return parse(Path(f"/proc/{container.pid}/mountinfo").read_text())


def mount_inside(container: Container, point: str) -> None:
    """Mount a tmpfs in the container's mount namespace, as one of its processes could."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            fd = os.open(f"/proc/{container.pid}/ns/mnt", os.O_RDONLY)
            syscalls.setns(fd)
            syscalls.mount("tmpfs", point, "tmpfs")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize(
    ("root", "option", "host_is_seen", "inside_is_seen"),
    [
        (None, None, False, False),
        (None, "rprivate", False, False),
        (None, "rslave", True, False),
        (None, "slave", True, False),
        ("rprivate", "rslave", False, False),
        ("rslave", None, True, False),
        ("slave", None, True, False),
        ("rslave", "rprivate", False, False),
        ("rslave", "rshared", True, False),
        ("shared", "rshared", True, True),
        ("rshared", "rshared", True, True),
        ("shared", "rslave", True, False),
        ("shared", "rprivate", False, False),
        ("unbindable", None, False, False),
        ("runbindable", "rslave", False, False),
    ],
)
def test_mounts_made_later(
    box: Box,
    shared: Path,
    root: str | None,
    option: str | None,
    host_is_seen: bool,
    inside_is_seen: bool,
) -> None:
    if root:
        box.linux["rootfsPropagation"] = root
    box.mount("/v", "bind", str(shared), "rbind", *([option] if option else []))
    with box.started("sleep", "60") as container:
        syscalls.mount("tmpfs", str(shared / "host"), "tmpfs")
        assert ("/v/host" in seen_from(container)) == host_is_seen
        mount_inside(container, "/v/inside")
        assert "/v/inside" in seen_from(container)
        assert os.path.ismount(shared / "inside") == inside_is_seen


def test_others_stay_private_when_one_is_a_slave(box: Box, shared: Path) -> None:
    box.mount("/v", "bind", str(shared), "rbind", "rslave")
    box.mount("/w", "bind", str(shared), "rbind")
    with box.started("sleep", "60") as container:
        syscalls.mount("tmpfs", str(shared / "host"), "tmpfs")
        seen = seen_from(container)
        assert "/v/host" in seen
        assert "/w/host" not in seen
        assert [point for point, line in seen.items() if line.tags] == ["/v", "/v/host"]


@pytest.mark.parametrize(
    ("propagation", "root", "below"),
    [
        (None, "", ""),
        ("private", "", ""),
        ("rprivate", "", ""),
        ("shared", "shared", ""),
        ("rshared", "shared", "shared"),
        ("unbindable", "unbindable", ""),
        ("runbindable", "unbindable", "unbindable"),
    ],
)
def test_tags_of_the_root_and_what_is_below(
    box: Box, propagation: str | None, root: str, below: str
) -> None:
    if propagation:
        box.linux["rootfsPropagation"] = propagation
    seen = seen_in(box)
    assert ",".join(tag.partition(":")[0] for tag in seen["/"].tags) == root
    assert ",".join(tag.partition(":")[0] for tag in seen["/dev"].tags) == below


@pytest.mark.parametrize("root", ["rprivate", "rslave", None])
@pytest.mark.parametrize("option", ["shared", "unbindable"])
def test_what_a_mount_asks_for_outlives_that_of_the_root(
    box: Box, root: str | None, option: str
) -> None:
    if root:
        box.linux["rootfsPropagation"] = root
    box.mount("/m", "tmpfs", "tmpfs", option)
    assert [tag.partition(":")[0] for tag in seen_in(box)["/m"].tags] == [option]


@pytest.mark.parametrize(
    ("propagation", "is_seen"), [(None, False), ("rprivate", False), ("slave", True)]
)
def test_root_on_a_shared_mount(
    box: Box, shared: Path, propagation: str | None, is_seen: bool
) -> None:
    root = shared / "rootfs"
    box.rootfs.rename(box.path / "image")
    root.mkdir()
    syscalls.mount(str(box.path / "image"), str(root), None, mounts.MS_BIND)
    try:
        (root / "later").mkdir()
        box.config["root"]["path"] = str(root)
        if propagation:
            box.linux["rootfsPropagation"] = propagation
        before = mounts_below(box.path)
        with box.started("sleep", "60") as container:
            assert mounts_below(box.path) == before
            syscalls.mount("tmpfs", str(root / "later"), "tmpfs")
            assert ("/later" in seen_from(container)) == is_seen
            syscalls.umount2(str(root / "later"), mounts.MNT_DETACH)
    finally:
        syscalls.umount2(str(root), mounts.MNT_DETACH)


@pytest.mark.parametrize("propagation", ["shared", "rshared"])
def test_shared_root_is_not_shared_with_the_host(box: Box, shared: Path, propagation: str) -> None:
    root = shared / "rootfs"
    box.rootfs.rename(box.path / "image")
    root.mkdir()
    syscalls.mount(str(box.path / "image"), str(root), None, mounts.MS_BIND)
    try:
        (root / "later").mkdir()
        box.config["root"]["path"] = str(root)
        box.linux["rootfsPropagation"] = propagation
        before = mounts_below(box.path)
        with box.started("sleep", "60") as container:
            mount_inside(container, "/later")
            assert mounts_below(box.path) == before
    finally:
        syscalls.umount2(str(root), mounts.MNT_DETACH)


@pytest.mark.parametrize("propagation", ["shared", "rslave", None])
def test_letting_go_of_the_old_root_does_not_unmount_it_on_the_host(
    box: Box, propagation: str | None
) -> None:
    """Where `/` is shared, as systemd makes it, an unmounting in the container would travel."""
    if propagation:
        box.linux["rootfsPropagation"] = propagation
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            syscalls.unshare(0x00020000)  # CLONE_NEWNS
            syscalls.mount(None, "/", None, mounts.MS_SHARED | mounts.MS_REC)
            before = mounts_of_the_system()
            assert box.run("true").code == 0
            status = 0 if mounts_of_the_system() == before else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
