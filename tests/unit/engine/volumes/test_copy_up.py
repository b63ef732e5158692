import os
import stat
from pathlib import Path

import pytest

from seacan.engine.volumes.copy_up import copy_up, has_directory
from seacan.errors import InvalidArgument


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
    copy_up(layers, path, target)
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


def test_holes_stay_holes(layers: list[Path], tmp_path: Path) -> None:
    with (layers[0] / "v" / "sparse").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"end")
        file.truncate(128 << 20)
    target = copied(layers, tmp_path)
    status = (target / "sparse").stat()
    assert status.st_size == 128 << 20
    assert status.st_blocks * 512 < 1 << 20
    with (target / "sparse").open("rb") as file:
        file.seek(64 << 20)
        assert file.read(4) == b"end\0"


def test_an_image_has_a_directory_or_not(layers: list[Path]) -> None:
    assert has_directory(layers, "/v")
    assert not has_directory(layers, "/none")
    assert not has_directory(layers, "/v/both")
