import os
import stat
from pathlib import Path

import pytest
from tests.fakes.engine import make_container

from seacan.engine import anonymous_volumes
from seacan.engine.mount_points import MountPoint
from seacan.errors import InvalidArgument


def data_of(name: str) -> Path:
    return Path("/volumes", name, "_data")


def test_a_volume_for_each_path_where_nothing_else_is_mounted() -> None:
    bind = MountPoint("bind", "/a", "/host")
    points = anonymous_volumes.wanted([bind], {"Volumes": {"/a": {}, "/b/../c/": {}}}, data_of)
    assert points[0] is bind
    assert [point.destination for point in points] == ["/a", "/c"]
    name = points[1].name
    assert len(name) == 64
    assert points[1].source == f"/volumes/{name}/_data"
    assert points[1].to_wire() == {
        "Type": "volume",
        "Name": name,
        "Source": f"/volumes/{name}/_data",
        "Destination": "/c",
        "Driver": "local",
        "Mode": "",
        "RW": True,
        "Propagation": "",
    }


def test_a_volume_of_another_container_keeps_its_name() -> None:
    theirs = MountPoint("volume", "/v", "/there", name="n")
    assert anonymous_volumes.wanted([theirs], {"Volumes": {"/v": {}}}, data_of) == (theirs,)


def test_the_root_is_no_volume() -> None:
    with pytest.raises(InvalidArgument, match="destination can't be '/'"):
        anonymous_volumes.wanted([], {"Volumes": {"/a/..": {}}}, data_of)


def test_what_two_containers_have_is_of_neither_alone() -> None:
    first, second = make_container("a" * 64), make_container("b" * 64)
    first.mount_points = [MountPoint("volume", p, name=p) for p in ("/own", "/common")]
    second.mount_points = [MountPoint("volume", "/x", name="/common")]
    assert anonymous_volumes.of_one(first, [first, second]) == ["/own"]
    assert anonymous_volumes.of_one(second, [second]) == ["/common"]


# --- copies -----------------------------------------------------------------------------------


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Two layers of an image, the topmost first."""
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for layer, content in ((upper, "upper"), (lower, "lower")):
        (layer / "v").mkdir(parents=True)
        (layer / "v" / "both").write_text(content)
    (lower / "v" / "below").write_text("lower")
    return [upper, lower]


def copied(layers: list[Path], tmp_path: Path, path: str = "/v") -> Path:
    target = tmp_path / "target"
    target.mkdir()
    anonymous_volumes.copy_up(layers, path, target)
    return target


def test_a_copy_is_what_the_layers_show_together(layers: list[Path], tmp_path: Path) -> None:
    (layers[1] / "v" / "removed").write_text("x")
    os.mknod(layers[0] / "v" / "removed", stat.S_IFCHR, os.makedev(0, 0))
    (layers[1] / "v" / "sub" / "deep").mkdir(parents=True)
    (layers[1] / "v" / "sub" / "deep" / "file").write_text("deep")
    target = copied(layers, tmp_path)
    assert sorted(os.listdir(target)) == ["below", "both", "sub"]
    assert (target / "both").read_text() == "upper"
    assert (target / "sub/deep/file").read_text() == "deep"


def test_modes_times_links_and_attributes_are_kept(layers: list[Path], tmp_path: Path) -> None:
    source = layers[0] / "v"
    (source / "both").chmod(0o4751)
    os.setxattr(source / "both", "user.note", b"kept")
    os.link(source / "both", source / "twin")
    os.symlink("/etc/passwd", source / "link")
    os.mkfifo(source / "fifo")
    (source / "fifo").chmod(0o620)
    os.utime(source / "both", ns=(1, 1_000_000_001))
    source.chmod(0o2770)
    target = copied(layers, tmp_path)
    status = (target / "both").stat()
    assert stat.S_IMODE(status.st_mode) == 0o4751
    assert (status.st_mtime_ns, status.st_nlink) == (1_000_000_001, 2)
    assert (target / "twin").stat().st_ino == status.st_ino
    assert os.getxattr(target / "both", "user.note") == b"kept"
    assert os.readlink(target / "link") == "/etc/passwd"
    assert stat.S_IMODE((target / "fifo").stat().st_mode) == 0o620
    assert stat.S_ISFIFO((target / "fifo").stat().st_mode)
    assert stat.S_IMODE(target.stat().st_mode) == 0o2770


def test_a_link_in_the_image_is_followed_within_it(layers: list[Path], tmp_path: Path) -> None:
    (layers[1] / "link").symlink_to("../../v")
    assert sorted(os.listdir(copied(layers, tmp_path, "/link"))) == ["below", "both"]


@pytest.mark.parametrize("path", ["/none", "/v/both", "/v/both/x"])
def test_where_the_image_has_no_directory_a_volume_is_empty(
    layers: list[Path], tmp_path: Path, path: str
) -> None:
    assert os.listdir(copied(layers, tmp_path, path)) == []


def test_a_tree_that_is_too_deep_is_refused(layers: list[Path], tmp_path: Path) -> None:
    (layers[0] / "v" / "/".join(["d"] * 300)).mkdir(parents=True)
    with pytest.raises(InvalidArgument, match="too deep"):
        copied(layers, tmp_path)
