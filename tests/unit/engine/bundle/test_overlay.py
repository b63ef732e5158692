import os
import stat
from pathlib import Path

import pytest
from tests import descriptors

from seacan.engine.bundle.overlay import open_file


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Two layers, the topmost first."""
    directories = [tmp_path / "upper", tmp_path / "lower"]
    for directory in directories:
        directory.mkdir()
    return directories


def write(layer: Path, name: str, content: str) -> None:
    path = layer / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def link(layer: Path, name: str, target: str) -> None:
    path = layer / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def whiteout(layer: Path, name: str) -> None:
    path = layer / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))  # allowed to everyone since Linux 5.8


def read(layers: list[Path], path: str) -> str | None:
    fd = open_file(layers, path)
    if fd is None:
        return None
    with os.fdopen(fd) as file:
        return file.read()


def test_the_topmost_layer_has_its_say(layers: list[Path]) -> None:
    write(layers[1], "etc/passwd", "lower")
    assert read(layers, "/etc/passwd") == "lower"
    write(layers[0], "etc/passwd", "upper")
    assert read(layers, "/etc/passwd") == "upper"


def test_directories_are_merged(layers: list[Path]) -> None:
    write(layers[0], "etc/group", "upper")
    write(layers[1], "etc/passwd", "lower")
    assert read(layers, "/etc/passwd") == "lower"
    assert read(layers, "/etc/group") == "upper"
    assert read(layers, "/etc/none") is None
    assert read(layers, "/none/passwd") is None


def test_a_whiteout_hides_a_file_and_a_directory(layers: list[Path]) -> None:
    write(layers[1], "etc/passwd", "lower")
    write(layers[1], "usr/lib/x", "lower")
    whiteout(layers[0], "etc/passwd")
    whiteout(layers[0], "usr")
    assert read(layers, "/etc/passwd") is None
    assert read(layers, "/usr/lib/x") is None


def test_a_file_hides_the_directory_below_it_and_the_other_way_round(layers: list[Path]) -> None:
    write(layers[0], "a", "file")
    write(layers[1], "a/x", "hidden")
    assert read(layers, "/a/x") is None
    assert read(layers, "/a") == "file"
    write(layers[0], "b/x", "seen")
    write(layers[1], "b", "hidden")
    assert read(layers, "/b/x") == "seen"
    assert read(layers, "/b") is None


def test_a_directory_below_a_file_below_a_directory_is_not_merged(tmp_path: Path) -> None:
    layers = [tmp_path / name for name in ("top", "middle", "bottom")]
    write(layers[0], "etc/group", "top")
    write(layers[1], "etc", "a file")
    write(layers[2], "etc/passwd", "hidden")
    assert read(layers, "/etc/passwd") is None


def test_links_are_resolved_over_all_layers(layers: list[Path]) -> None:
    link(layers[0], "etc/passwd", "../usr/share/./passwd")
    link(layers[1], "usr/share", "/data//etc")
    write(layers[1], "data/etc/passwd", "lower")
    assert read(layers, "/etc/passwd") == "lower"
    write(layers[0], "data/etc/passwd", "upper")
    assert read(layers, "etc/passwd") == "upper"


def test_a_link_never_leads_out(layers: list[Path], tmp_path: Path) -> None:
    write(tmp_path, "secret", "host")
    link(layers[0], "a", "../../../../../../../../../secret")
    link(layers[0], "b", str(tmp_path / "secret"))
    link(layers[0], "c", "/proc/self/cwd")
    assert [read(layers, f"/{name}") for name in "abc"] == [None, None, None]
    write(layers[1], "secret", "ours")
    assert read(layers, "/a") == "ours"
    assert read(layers, "/../secret") == "ours"


def test_dot_dot_leads_back_to_where_the_link_pointed(layers: list[Path]) -> None:
    link(layers[0], "short", "/a/b")
    write(layers[1], "a/b/x", "no")
    write(layers[1], "a/y", "yes")
    assert read(layers, "/short/../y") == "yes"


def test_a_circle_of_links_ends(layers: list[Path]) -> None:
    link(layers[0], "a", "b")
    link(layers[1], "b", "a")
    assert read(layers, "/a") is None


def test_what_is_no_regular_file_is_not_opened(layers: list[Path]) -> None:
    os.mkfifo(layers[0] / "fifo")
    assert read(layers, "/fifo") is None
    assert read(layers, "/") is None


def test_no_descriptor_is_left_open(layers: list[Path]) -> None:
    write(layers[1], "a/b/c", "x")
    with descriptors.none_kept():
        for path in ("/a/b/c", "/a/b", "/a/b/none", "/a/b/c/d"):
            read(layers, path)
