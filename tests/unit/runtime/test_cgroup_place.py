import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import cgroup_place


@pytest.mark.parametrize("path", ["/", "//", "/a/../..", "..", "/a//b", "."])
def test_cgroup_path_that_is_not_below_the_root(path: str) -> None:
    # What is in a container's cgroup is killed with it: it must not be everything there is.
    with pytest.raises(InvalidArgument, match=r"linux\.cgroupsPath"):
        cgroup_place.checked_path(path)


@pytest.mark.parametrize(
    ("path", "expected"), [("/docker/x", "/docker/x"), ("a/x", "a/x"), ("//a/", "/a"), ("ID", "ID")]
)
def test_cgroup_path(path: str, expected: str) -> None:
    assert cgroup_place.checked_path(path) == expected
