import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import create, devices


def test_device_rules_begin_with_none_and_end_with_terminals() -> None:
    given = {"allow": True, "type": "b", "major": 8, "minor": 0, "access": "r"}
    rules = devices.with_device_rules({"devices": [given], "pids": {"limit": 1}})  # type: ignore[list-item]
    assert rules["pids"] == {"limit": 1}
    assert rules["devices"][0] == {"allow": False, "access": "rwm"}
    assert rules["devices"][1] == given
    assert {"allow": True, "type": "c", "major": 136, "access": "rwm"} in rules["devices"]


@pytest.mark.parametrize("path", ["/", "//", "/a/../..", "..", "/a//b", "."])
def test_cgroup_path_that_is_not_below_the_root(path: str) -> None:
    # What is in a container's cgroup is killed with it: it must not be everything there is.
    with pytest.raises(InvalidArgument, match=r"linux\.cgroupsPath"):
        create._checked(path)


@pytest.mark.parametrize(
    ("path", "expected"), [("/docker/x", "/docker/x"), ("a/x", "a/x"), ("//a/", "/a"), ("ID", "ID")]
)
def test_cgroup_path(path: str, expected: str) -> None:
    assert create._checked(path) == expected
