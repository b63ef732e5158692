import os
import stat
from pathlib import Path

import pytest

from seacan.engine.creation.mount_owners import Owner, mappings, parse
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("options", "owner"),
    [
        ([], Owner()),
        (["uid=1000", "gid=0", "mode=2750"], Owner(1000, 0, 0o2750)),
        (["idmap=uids=0-1000-1"], Owner(uids=((0, 1000, 1),), gids=((0, 1000, 1),))),
        (
            ["idmap=uids=0-1-10#10-11-5;gids=0-7-1"],
            Owner(uids=((0, 1, 10), (10, 11, 5)), gids=((0, 7, 1),)),
        ),
    ],
)
def test_what_is_asked_for(options: list[str], owner: Owner) -> None:
    assert parse(options) == owner


@pytest.mark.parametrize(
    "option",
    [
        "uid=", "uid=-1", "uid=x", "uid=4294967295", "gid=1_0", "mode=8",
        "mode=17777", "uid=" + "9" * 5000,
        "idmap=", "idmap=0-1-2", "idmap=uids=0-1", "idmap=uids=0-1-0", "idmap=gids=0-1-1",
        "idmap=uids=0-1-1;uids=0-2-1", "idmap=uids=0-1-5#3-9-1", "idmap=uids=a-1-1",
    ],
)  # fmt: skip
def test_what_makes_no_sense(option: str) -> None:
    with pytest.raises(InvalidArgument):
        parse([option])


def test_a_directory_gets_what_is_given(tmp_path: Path) -> None:
    tmp_path.chmod(0o2755)
    Owner(uid=os.getuid(), mode=0o700).give(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    tmp_path.chmod(0o2755)
    Owner(gid=os.getgid()).give(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o2755


def test_a_tmpfs_has_options_of_its_own() -> None:
    assert Owner(1, 2, 0o750).to_tmpfs() == ["uid=1", "gid=2", "mode=750"]
    with pytest.raises(InvalidArgument, match="idmap is for binds and volumes"):
        Owner(uids=((0, 1, 1),)).to_tmpfs()


def test_ranges_as_an_oci_mount_has_them() -> None:
    assert mappings([(0, 1000, 5)]) == [{"containerID": 0, "hostID": 1000, "size": 5}]
