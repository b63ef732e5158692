from typing import Any

import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import commandline
from seacan.runtime.commands.exec import _changed, cgroups_below
from seacan.spec.runtime import Process

PROCESS: Process = {
    "args": ["init"],
    "cwd": "/srv",
    "env": ["A=b"],
    "terminal": True,
    "user": {"uid": 5, "gid": 6, "umask": 0o77, "additionalGids": [7]},
    "capabilities": {"bounding": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"], "ambient": []},
    "noNewPrivileges": True,
}


def changed(*flags: str) -> Any:
    options = commandline.defaults()
    words = commandline.parse_global(options, ["exec", *flags, "ID", "ls"])
    commandline.parse_command(options, words)
    return _changed(PROCESS, ["ls"], options)


def test_without_flags_it_is_the_containers_own_but_for_command_and_terminal() -> None:
    assert changed() == {**PROCESS, "args": ["ls"], "terminal": False}


@pytest.mark.parametrize(
    ("flags", "key", "expected"),
    [
        (["-t"], "terminal", True),
        (["--cwd", "/tmp"], "cwd", "/tmp"),
        (["-e", "C=d", "--env", "E=f"], "env", ["A=b", "C=d", "E=f"]),
        (["--apparmor", "own"], "apparmorProfile", "own"),
        (["--process-label", "l"], "selinuxLabel", "l"),
        (["--no-new-privs=false"], "noNewPrivileges", False),
        (["-u", "8"], "user", {"uid": 8, "gid": 6, "umask": 0o77, "additionalGids": [7]}),
        (["-u", "8:9"], "user", {"uid": 8, "gid": 9, "umask": 0o77, "additionalGids": [7]}),
        (["-g", "1"], "user", {"uid": 5, "gid": 6, "umask": 0o77, "additionalGids": [7, 1]}),
        (
            ["-c", "CAP_CHOWN", "--cap", "CAP_FOWNER"],
            "capabilities",
            {
                "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_FOWNER"],
                "effective": ["CAP_CHOWN", "CAP_FOWNER"],
                "permitted": ["CAP_CHOWN", "CAP_FOWNER"],
                "inheritable": ["CAP_CHOWN"],
                "ambient": ["CAP_CHOWN"],
            },
        ),
    ],
)
def test_a_flag_changes_one_property(flags: list[str], key: str, expected: object) -> None:
    assert changed(*flags) == {**PROCESS, "args": ["ls"], "terminal": False, key: expected}


@pytest.mark.parametrize("flags", [["-u", "x"], ["-u", "1:x"], ["-u", "1:2:3"], ["-g", "-1"]])
def test_what_is_no_user(flags: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="exec: --"):
        changed(*flags)


def test_cgroups_below() -> None:
    assert cgroups_below([], "v1") == {}
    assert cgroups_below(["cpu,cpuacct:/a/b", "pids:c"], "v1") == {
        "cpu": "a/b",
        "cpuacct": "a/b",
        "pids": "c",
    }
    assert cgroups_below(["/a/b"], "v2") == {"": "a/b"}


@pytest.mark.parametrize(
    ("arguments", "version"),
    [
        (["a"], "v1"),
        ([":a"], "v1"),
        (["cpu:a", "cpu:b"], "v1"),
        (["cpu,:a"], "v1"),
        (["cpu:../a"], "v1"),
        (["cpu:a"], "v2"),
        (["a", "b"], "v2"),
        (["a/../b"], "v2"),
        (["/"], "v2"),
    ],
)
def test_what_is_no_cgroup_below(arguments: list[str], version: str) -> None:
    with pytest.raises(InvalidArgument, match="--cgroup"):
        cgroups_below(arguments, version)
