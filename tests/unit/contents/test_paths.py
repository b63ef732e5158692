import os
from pathlib import Path

import pytest

from seacan.contents import paths


@pytest.mark.parametrize(
    ("path", "absolute", "base"),
    [
        ("/", "/", "/"),
        ("/.", "/.", "."),
        (".", "/.", "."),
        ("//", "/", "/"),
        ("a", "/a", "a"),
        ("/a/", "/a/", "a"),
        ("/a/.", "/a/.", "."),
        ("/a/..", "/", "/"),
        ("../../a//b", "/a/b", "b"),
        ("/a/./b/", "/a/b/", "b"),
        ("/a/..b", "/a/..b", "..b"),
    ],
)
def test_absolute(path: str, absolute: str, base: str) -> None:
    assert paths.absolute(path) == absolute
    assert paths.base(absolute) == base


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/to-file", "/d/f"),
        ("/d/up", "/d/f"),
        ("/chain", "/d/f"),
        ("/dangling", "/nowhere/x"),
        ("/outside", "/etc/passwd"),
        ("/to-d/f", "/d/f"),
    ],
)
def test_where_links_lead_within_a_root(tmp_path: Path, path: str, target: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").touch()
    for name, link in (
        ("to-file", "/d/f"),
        ("to-d", "d"),
        ("d/up", "../../../d/f"),
        ("chain", "to-file"),
        ("dangling", "nowhere/x"),
        ("outside", "../../etc/passwd"),
    ):
        (tmp_path / name).symlink_to(link)
    root_fd = os.open(tmp_path, os.O_PATH)
    try:
        assert paths.link_target(root_fd, path) == target
    finally:
        os.close(root_fd)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    root_fd = os.open(tmp_path, os.O_PATH)
    try:
        assert paths.link_target(root_fd, "/a") in ("/a", "/b")
    finally:
        os.close(root_fd)
