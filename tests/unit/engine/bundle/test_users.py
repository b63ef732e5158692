import os
from pathlib import Path

import pytest

from seacan.engine.bundle.overlay import open_file
from seacan.engine.bundle.users import Accounts, User, find_user, in_root, read_accounts
from seacan.errors import InvalidArgument

ACCOUNTS = Accounts(
    b"""\
root:x:0:0:root:/root:/bin/sh

# a comment
broken:x:zero:0:no number:/:/bin/sh
  daemon:x:1:1:daemon:/usr/sbin:/bin/false
www:x:33:33::/var/www:
1337:x:2000:2000:a name of digits:/home/leet:/bin/sh
far:x:4294967296:0::/:
short:x:50
""",
    b"root:x:0:\ndaemon:x:1:\nwww:x:33:\naudio:x:29:www,daemon\nvideo:x:44:www\nnobody:*:-1:nemo\n",
)


@pytest.mark.parametrize(
    ("spec", "groups", "user"),
    [
        ("", [], User(0, 0, (0,), "/root")),
        ("root", [], User(0, 0, (0,), "/root")),
        ("0", [], User(0, 0, (0,), "/root")),
        ("www", [], User(33, 33, (33, 29, 44), "/var/www")),
        ("33", [], User(33, 33, (33, 29, 44), "/var/www")),
        ("www:audio", [], User(33, 29, (29,), "/var/www")),
        ("www:7", [], User(33, 7, (7,), "/var/www")),
        ("www:", [], User(33, 33, (33, 29, 44), "/var/www")),
        (":audio", [], User(0, 29, (29,), "/root")),
        ("5000", [], User(5000, 0, (0,), "/")),
        ("5000:6000", [], User(5000, 6000, (6000,), "/")),
        ("2147483647", [], User(2147483647, 0, (0,), "/")),
        # A number is an id, whatever the accounts are called.
        ("1337", [], User(1337, 0, (0,), "/")),
        ("www", ["7", "video", "daemon"], User(33, 33, (33, 29, 44, 7, 1), "/var/www")),
    ],
)
def test_users_are_found_as_docker_does(spec: str, groups: list[str], user: User) -> None:
    assert find_user(spec, groups, ACCOUNTS) == user


@pytest.mark.parametrize(
    ("spec", "groups", "message"),
    [
        ("nope", [], "unable to find user nope: no matching entries in passwd file"),
        ("0:nope", [], "unable to find group nope: no matching entries in group file"),
        ("", ["nope"], "unable to find group nope: no matching entries in group file"),
        ("nobody;", [], "unable to find user nobody;: no matching entries in passwd file"),
        # A line without a number is not the line of root.
        ("broken", [], "unable to find user broken: no matching entries in passwd file"),
        ("short", [], "unable to find user short: no matching entries in passwd file"),
        # CVE-2024-40635: beyond 32 bits, ids began again at root.
        ("4294967296", [], "uids and gids must be in range 0-2147483647"),
        ("2147483648", [], "uids and gids must be in range 0-2147483647"),
        ("-1", [], "uids and gids must be in range 0-2147483647"),
        ("9" * 5000, [], "uids and gids must be in range 0-2147483647"),
        ("far", [], "uids and gids must be in range 0-2147483647"),
        ("0:-1", [], "uids and gids must be in range 0-2147483647"),
        ("", ["-3"], "uids and gids must be in range 0-2147483647"),
        ("", ["nobody"], "uids and gids must be in range 0-2147483647"),
    ],
)
def test_wrong_users_are_refused_in_dockers_words(
    spec: str, groups: list[str], message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        find_user(spec, groups, ACCOUNTS)
    assert str(caught.value) == message


def test_without_files_there_is_root_and_there_are_numbers() -> None:
    assert find_user("", [], Accounts()) == User(0, 0, (0,), "/")
    assert find_user("7:8", ["9"], Accounts()) == User(7, 8, (8, 9), "/")


def test_to_oci() -> None:
    assert User(1, 2, (2, 3), "/").to_oci() == {"uid": 1, "gid": 2, "additionalGids": [2, 3]}


# --- reading ----------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_bytes(b"root:x:0:\n")
    return tmp_path


def accounts_of(root: Path) -> Accounts:
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        mounted = read_accounts(in_root(fd))
    finally:
        os.close(fd)
    assert mounted == read_accounts(lambda path: open_file([root], path))
    return mounted


def test_the_files_of_the_root_are_read(root: Path) -> None:
    (root / "etc/passwd").write_bytes(b"a\n")
    assert accounts_of(root) == Accounts(b"a\n", b"root:x:0:\n")


def test_a_missing_file_is_empty(root: Path) -> None:
    assert accounts_of(root).passwd == b""


def test_a_link_is_followed_within_the_root_alone(root: Path) -> None:
    (root / "real").write_bytes(b"inside\n")
    (root / "etc/passwd").symlink_to("/../../real")
    assert accounts_of(root).passwd == b"inside\n"
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").symlink_to("/../../etc/passwd")
    assert accounts_of(root).passwd == b""  # a circle


def test_a_fifo_neither_waits_nor_counts(root: Path) -> None:
    os.mkfifo(root / "etc/passwd")
    assert accounts_of(root).passwd == b""


def test_a_directory_does_not_count(root: Path) -> None:
    (root / "etc/passwd").mkdir()
    assert accounts_of(root).passwd == b""


def test_a_huge_file_is_refused(root: Path) -> None:
    (root / "etc/passwd").write_bytes(b"")
    os.truncate(root / "etc/passwd", 1 << 40)
    with pytest.raises(InvalidArgument, match="read /etc/passwd: longer than 1048576 bytes"):
        accounts_of(root)
