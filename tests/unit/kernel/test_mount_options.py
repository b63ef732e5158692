import pytest

from seacan.kernel import mounts
from seacan.kernel.mounts import Change, parse_options

_ATIME_BITS = 0x70


@pytest.mark.parametrize(
    ("options", "top"),
    [
        ([], Change()),
        (["defaults"], Change()),
        (["ro"], Change(mounts.ATTR_RDONLY, 0)),
        (["ro", "rw"], Change(0, mounts.ATTR_RDONLY)),
        (["rw", "ro"], Change(mounts.ATTR_RDONLY, mounts.ATTR_RDONLY)),
        (["nosuid", "nodev", "noexec"], Change(0x0E, 0)),
        (["noatime"], Change(mounts.ATTR_NOATIME, _ATIME_BITS)),
        (["noatime", "relatime"], Change(0, _ATIME_BITS)),
        (["strictatime"], Change(mounts.ATTR_STRICTATIME, _ATIME_BITS)),
    ],
)
def test_attributes(options: list[str], top: Change) -> None:
    assert parse_options(options).top == top


def test_attributes_of_the_tree_are_kept_apart() -> None:
    parsed = parse_options(["rro", "nosuid", "rnoexec"])
    assert parsed.tree == Change(mounts.ATTR_RDONLY | mounts.ATTR_NOEXEC, 0)
    assert parsed.top == Change(mounts.ATTR_NOSUID, 0)


@pytest.mark.parametrize(
    ("option", "is_recursive"),
    [("bind", False), ("rbind", True)],
)
def test_bind(option: str, is_recursive: bool) -> None:
    parsed = parse_options([option])
    assert parsed.is_bind
    assert parsed.is_recursive == is_recursive


def test_propagation_in_order() -> None:
    parsed = parse_options(["rslave", "shared"])
    assert parsed.propagation == ((mounts.MS_SLAVE, True), (mounts.MS_SHARED, False))


def test_what_is_left_is_for_the_file_system() -> None:
    parsed = parse_options(["ro", "size=64k", "relatime", "newinstance", "rw2"])
    assert parsed.data == ("size=64k", "newinstance", "rw2")
    assert parsed.with_data("mode=755").data[0] == "mode=755"


def test_mountinfo_line() -> None:
    line = r"36 35 98:0 /a\040b /m\134n rw,noatime master:1 - ext4 /dev/root rw,cpu,cpuacct"
    entry = mounts._parse_mountinfo(line)
    assert entry == mounts.MountInfo("/a b", "/m\\n", "ext4", frozenset(("rw", "cpu", "cpuacct")))
