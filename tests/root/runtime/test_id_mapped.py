"""Mounts that show the owners of files as other ids."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import seen_in

from seacan.errors import Internal
from seacan.kernel import idmaps, mounts, syscalls
from seacan.runtime.bundle import Bundle
from seacan.runtime.sources import open_sources

pytestmark = pytest.mark.root


def ids(container: int, host: int, size: int = 10) -> list[dict[str, int]]:
    return [{"containerID": container, "hostID": host, "size": size}]


def id_mapped(box: Box, source: Path, *options: str, **changes: Any) -> None:
    box.mount("/m", "none", str(source), *options)
    box.config["mounts"][-1] |= {"uidMappings": ids(0, 5000), "gidMappings": ids(0, 6000)} | changes


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs with a file of 3:4, and with another tmpfs that has one too."""
    top = tmp_path / "volume"
    top.mkdir()
    syscalls.mount("tmpfs", str(top), "tmpfs")
    (top / "sub").mkdir()
    syscalls.mount("tmpfs", str(top / "sub"), "tmpfs")
    for name in ("file", "sub/file"):
        (top / name).touch()
        os.chown(top / name, 3, 4)
    os.chown(top, 0, 0)
    yield top
    syscalls.umount2(str(top / "sub"), mounts.MNT_DETACH)
    syscalls.umount2(str(top), mounts.MNT_DETACH)


SHOW = "stat -c '%u %g' /m/file /m/sub/file"


def test_ids_of_the_mount_alone(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "rbind", "idmap")
    assert box.sh(SHOW).splitlines() == ["5003 6004", "3 4"]


def test_ids_of_the_tree(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "rbind", "ridmap")
    assert box.sh(SHOW).splitlines() == ["5003 6004", "5003 6004"]


def test_mappings_without_the_option_are_of_the_mount(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "rbind", "ro")
    assert box.sh(SHOW).splitlines() == ["5003 6004", "3 4"]
    assert "ro" in seen_in(box)["/m"].options


def test_what_is_made_inside_belongs_to_the_mapped_ids(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "bind", "idmap", uidMappings=ids(7, 0, 1), gidMappings=ids(8, 0, 1))
    os.chown(volume, 7, 8)
    box.sh("touch /m/made")
    assert ((volume / "made").stat().st_uid, (volume / "made").stat().st_gid) == (7, 8)


def test_ids_that_are_not_mapped_are_nobody(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "bind", "idmap", uidMappings=ids(0, 5000, 2))
    assert box.sh("stat -c '%u %g' /m/file").strip() == "65534 6004"


def test_directory_of_the_disk(box: Box, tmp_path: Path) -> None:
    volume = tmp_path / "on-disk"
    volume.mkdir()
    (volume / "file").touch()
    id_mapped(box, volume, "bind", "idmap")
    assert box.sh("stat -c '%u %g' /m/file").strip() == "5000 6000"


def test_file(box: Box, volume: Path) -> None:
    id_mapped(box, volume / "file", "bind", "idmap")
    assert box.sh("stat -c '%u %g' /m").strip() == "5003 6004"


def test_relative_source(box: Box) -> None:
    (box.path / "beside").mkdir()
    id_mapped(box, Path("beside"), "bind", "idmap")
    assert box.sh("stat -c '%u %g' /m").strip() == "5000 6000"


@pytest.mark.parametrize("source", ["/proc", "/sys"])
def test_file_system_that_cannot_is_named(box: Box, source: str) -> None:
    id_mapped(box, Path(source), "bind", "idmap")
    text = f'"{source}" to rootfs at "/m": map ids: .*the file system may not support it'
    with pytest.raises(Internal, match=text):
        box.run("true")


def test_overlay_cannot_either(box: Box, volume: Path, tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    merged.mkdir()
    syscalls.mount("overlay", str(merged), "overlay", 0, f"lowerdir={volume}:{tmp_path}")
    try:
        id_mapped(box, merged, "bind", "idmap")
        with pytest.raises(Internal, match="the file system may not support it"):
            box.run("true")
    finally:
        syscalls.umount2(str(merged), mounts.MNT_DETACH)


def test_mappings_that_the_kernel_refuses_are_named(box: Box, volume: Path) -> None:
    id_mapped(box, volume, "bind", "idmap", uidMappings=ids(0, 5000) + ids(5, 6000))
    with pytest.raises(Internal, match=f'"{volume}" to rootfs at "/m": map ids: .*uid_map'):
        box.run("true")


def test_missing_source_is_named(box: Box) -> None:
    id_mapped(box, Path("/absent"), "bind", "idmap")
    with pytest.raises(Internal, match=r'"/absent" to rootfs at "/m": .*no such file'):
        box.run("true")


def test_volume_does_not_carry_mounts_out(box: Box, tmp_path: Path) -> None:
    # The copy is made in the host's mount namespace, where it was a peer of the original.
    top = tmp_path / "shared"
    (top / "sub").mkdir(parents=True)
    syscalls.mount(str(top), str(top), None, mounts.MS_BIND)
    try:
        syscalls.mount(None, str(top), None, mounts.MS_SHARED)
        id_mapped(box, top, "bind", "idmap")
        box.mount("/m/sub", "tmpfs", "tmpfs")
        with box.started("sleep", "60"):
            assert not os.path.ismount(top / "sub")
        assert not any("shared" in tag for tag in seen_in(box)["/m"].tags)
    finally:
        syscalls.umount2(str(top), mounts.MNT_DETACH)


def test_mappings_of_the_containers_user_namespace(box: Box, volume: Path) -> None:
    box.linux["namespaces"].append({"type": "user"})
    box.linux["uidMappings"] = ids(0, 100000, 65536)
    box.linux["gidMappings"] = ids(0, 200000, 65536)
    for name in ("m", "plain"):
        (box.rootfs / name).mkdir()
    box.mount("/m", "none", str(volume), "rbind", "ridmap")
    box.mount("/plain", "none", str(volume), "rbind")
    assert box.sh("stat -c '%u %g' /m/file /m/sub/file").splitlines() == ["3 4", "3 4"]
    assert box.sh("stat -c '%u %g' /plain/file").strip() == "65534 65534"


def test_mappings_of_a_user_namespace_that_is_joined(volume: Path) -> None:
    namespace = idmaps.user_namespace(ids(0, 7000), ids(0, 8000))  # type: ignore[arg-type]
    linux = {"namespaces": [{"type": "user", "path": f"/proc/self/fd/{namespace}"}]}
    entry = {"destination": "/m", "source": str(volume), "options": ["rbind", "idmap"]}
    config: Any = {"mounts": [{"destination": "/t", "type": "tmpfs"}, entry], "linux": linux}
    with closing(open_sources(Bundle(str(volume), config, str(volume)))) as sources:
        os.close(namespace)
        assert list(sources.binds) == [1]
        status = os.stat("file", dir_fd=sources.binds[1])
        assert (status.st_uid, status.st_gid) == (7003, 8004)
        assert os.stat("sub/file", dir_fd=sources.binds[1]).st_uid == 3
