import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.kernel import rooted


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return root


@pytest.fixture
def root_fd(root: Path) -> Iterator[int]:
    fd = os.open(root, os.O_PATH)
    yield fd
    os.close(fd)


def path_of(fd: int) -> str:
    path = os.readlink(f"/proc/self/fd/{fd}")
    os.close(fd)
    return path


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("absolute", "/real"),
        ("above", "../../../real"),
        ("dangling", "/made"),
        ("dangling_above", "../../outside/x"),
        ("chain", "dangling"),
    ],
)
def test_links_are_followed_inside_the_root(
    root: Path, root_fd: int, link: str, target: str
) -> None:
    (root / "dangling").symlink_to("/made")
    (root / link).unlink(missing_ok=True)
    (root / link).symlink_to(target)
    assert path_of(rooted.open_directory(root_fd, f"/{link}/sub")).startswith(f"{root}/")
    assert list((root.parent / "outside").iterdir()) == []


def test_missing_directories_and_file_are_made(root: Path, root_fd: int) -> None:
    os.close(rooted.open_file(root_fd, "/a/b/../c/file", mode=0o600))
    assert (root / "a/c/file").is_file()
    assert (root / "a/b").is_dir()


def test_dots_do_not_leave_the_root(root: Path, root_fd: int) -> None:
    assert path_of(rooted.open_directory(root_fd, "../../outside")) == str(root / "outside")


def test_what_exists_is_opened_and_not_made_again(root: Path, root_fd: int) -> None:
    (root / "file").write_text("content")
    assert path_of(rooted.open_file(root_fd, "/file")) == str(root / "file")
    assert (root / "file").read_text() == "content"


def test_loop_of_links(root: Path, root_fd: int) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        rooted.open_directory(root_fd, "/a/x")


def test_loop_of_links_that_make_something(root: Path, root_fd: int) -> None:
    (root / "a").symlink_to("new/../a")
    with pytest.raises(OSError, match="Too many levels"):
        rooted.open_directory(root_fd, "/a/x")


def test_file_on_the_way_is_no_directory(root: Path, root_fd: int) -> None:
    (root / "file").touch()
    with pytest.raises(NotADirectoryError):
        rooted.open_directory(root_fd, "/file/x")


def test_no_links_at_all(root: Path, root_fd: int) -> None:
    (root / "link").symlink_to("real")
    with pytest.raises(OSError, match="Too many levels"):
        rooted.open_in_root(root_fd, "/link", symlinks=False)


def test_magic_link_is_refused(root_fd: int) -> None:
    host = os.open("/", os.O_PATH)
    with pytest.raises(OSError, match="Too many levels"):
        rooted.open_in_root(host, "/proc/self/root")
    os.close(host)


def test_descriptors_are_not_leaked(root: Path, root_fd: int) -> None:
    (root / "a").symlink_to("b")
    before = _open_below(root)
    os.close(rooted.open_directory(root_fd, "/a/c/../d"))
    assert _open_below(root) == before


def _open_below(root: Path) -> list[str]:
    """Return what is open there; other threads of the test run may open what they like."""
    opened = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            opened.append(os.readlink(f"/proc/self/fd/{fd}"))
    return sorted(path for path in opened if path.startswith(str(root)))
