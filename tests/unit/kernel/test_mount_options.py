import pytest

from seacan.kernel import mounts, old_mount
from seacan.kernel.mount_options import Options, names, parse_options
from seacan.kernel.mounts import Change

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


# runtime-spec 1.2, config.md#linux-mount-options, line by line.
OF_THE_SPECIFICATION = """
async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev
nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private
ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodiratime rnoexec rnorelatime
rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid
rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable
idmap ridmap
""".split()


@pytest.mark.parametrize("option", OF_THE_SPECIFICATION)
def test_options_of_the_specification_are_not_left_to_the_file_system(option: str) -> None:
    parsed = parse_options([option])
    assert parsed.data == ()
    assert option in names()
    says_nothing = option in ("defaults", "silent", "loud", "noiversion")
    assert (parsed == Options()) == says_nothing


def test_there_is_one_more_that_the_table_forgets() -> None:
    assert set(names()) - set(OF_THE_SPECIFICATION) == {"rnodev"}


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (["noatime", "atime"], 0),
        (["strictatime", "atime"], mounts.ATTR_STRICTATIME),
        (["noatime", "nostrictatime"], mounts.ATTR_NOATIME),
        (["strictatime", "nostrictatime"], 0),
        (["noatime", "norelatime"], mounts.ATTR_NOATIME),
        (["relatime", "norelatime"], mounts.ATTR_STRICTATIME),
        (["noatime", "strictatime"], mounts.ATTR_STRICTATIME),
        (["strictatime", "noatime", "relatime"], 0),
    ],
)
def test_mode_of_access_times_is_one_of_three(options: list[str], mode: int) -> None:
    assert parse_options(options).top == Change(mode, _ATIME_BITS)


@pytest.mark.parametrize("option", ["sync", "dirsync", "lazytime", "mand"])
def test_flags_of_the_superblock_reach_it(option: str) -> None:
    parsed = parse_options([option])
    assert parsed.superblock == (option,)
    assert parsed.for_file_system == (option,)


def test_flags_of_the_superblock_stay_in_order() -> None:
    parsed = parse_options(["sync", "async", "nolazytime", "lazytime"])
    assert parsed.superblock == ("sync", "async", "nolazytime", "lazytime")


def test_what_is_to_be_done() -> None:
    parsed = parse_options(["remount", "tmpcopyup", "ridmap", "iversion"])
    assert (parsed.is_remount, parsed.copies_up, parsed.has_iversion) == (True, True, True)
    assert parsed.is_id_mapped
    assert parsed.is_id_map_recursive
    assert not parse_options(["iversion", "noiversion"]).has_iversion


def test_what_is_left_is_for_the_file_system() -> None:
    parsed = parse_options(["ro", "size=64k", "relatime", "newinstance", "rw2"])
    assert parsed.data == ("size=64k", "newinstance", "rw2")


def test_several_in_one_string() -> None:
    assert parse_options(["size=64k,mode=700,,flag"]).data == ("size=64k", "mode=700", "flag")
    quoted = ('context="s0:c1,c2"', "lowerdir=/a\\,b:/c")
    assert parse_options(quoted).data == quoted
    assert parse_options(["password=a,b"], are_whole=True).data == ("password=a,b",)


@pytest.mark.parametrize(
    ("source", "data", "fits"),
    [
        ("tmpfs", ["size=64k", "flag", "context=s0:c1,c2"], True),
        ("tmpfs", ["lowerdir=" + "x" * 255], True),
        ("tmpfs", ["lowerdir=" + "x" * 256], False),
        ("tmpfs", ["lowerdir=" + "é" * 128], False),
        ("tmpfs", ['context="s0:c1,c2"'], False),
        ("tmpfs", ["lowerdir=/a\\,b"], False),
        ("/" + "x" * 255, [], False),
    ],
)
def test_what_fsconfig_takes(source: str, data: list[str], fits: bool) -> None:
    assert mounts.fits_fsconfig(source, data) == fits


def test_what_mount_gets_instead() -> None:
    data = ["sync", "lazytime", "async", "a=1", "context=s0:c1,c2", "lowerdir=/a\\,b"]
    flags, words = old_mount._flags_and_data(data)
    assert flags == 1 << 25
    assert words == ["a=1", 'context="s0:c1,c2"', "lowerdir=/a\\,b"]


def test_mountinfo_line() -> None:
    line = r"36 35 98:0 /a\040b /m\134n rw,noatime master:1 - ext4 /dev/root rw,cpu,cpuacct"
    entry = mounts._parse_mountinfo(line)
    assert entry == mounts.MountInfo("/a b", "/m\\n", "ext4", frozenset(("rw", "cpu", "cpuacct")))
