from typing import Any, cast

import pytest

from seacan.engine.creation.mount_points import MountPoint, parse, parse_bind, parse_mount, to_wire
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import Mount

SPEC = "invalid volume specification"
CONFIG = 'invalid mount config for type "bind"'


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", f"{SPEC}: ''"),
        (":/x", f"{SPEC}: ':/x'"),
        ("/tmp:", f"{SPEC}: '/tmp:'"),
        ("/a:ro", f"{SPEC}: '/a:ro'"),
        ("a:/b:c:d", f"{SPEC}: 'a:/b:c:d'"),
        ("/a:/b:zz", "invalid mode: zz"),
        ("/a:/b:ro,rw", "invalid mode: ro,rw"),
        ("/a:/b:ro,", "invalid mode: ro,"),
        (
            "x",
            f"{SPEC}: 'x': invalid mount config for type \"volume\": "
            "invalid mount path: 'x' mount path must be absolute",
        ),
        ("/a:b", f"{SPEC}: '/a:b': {CONFIG}: invalid mount path: 'b' mount path must be absolute"),
        ("/a:/", f"{SPEC}: '/a:/': {CONFIG}: invalid specification: destination can't be '/'"),
        (
            "/a:/x/..",
            f"{SPEC}: '/a:/x/..': {CONFIG}: invalid specification: destination can't be '/'",
        ),
        (
            "a/b:/x",
            'create a/b: "a/b" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. '
            "If you intended to pass a host directory, use absolute path",
        ),
        (
            "/a:/b:nocopy",
            f"{SPEC}: '/a:/b:nocopy': {CONFIG}: field VolumeOptions must not be specified",
        ),
    ],
)
def test_wrong_binds_are_refused_in_dockers_words(raw: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_bind(raw)
    assert str(caught.value) == message


def test_a_volume_with_a_name() -> None:
    point = parse_bind("data:/x/../y:ro,nocopy", "other")
    assert point == MountPoint(
        "volume",
        "/y",
        mode="ro,nocopy",
        is_writable=False,
        copies_up=False,
        name="data",
        is_named=True,
        driver="other",
    )


@pytest.mark.parametrize(
    ("raw", "point"),
    [
        ("/a:/b", MountPoint("bind", "/b", "/a", makes_source=True)),
        (
            "//a/../c/:/x/./y/:ro,z,rslave,cached",
            MountPoint(
                "bind",
                "/x/y",
                "/c",
                mode="ro,z,rslave,cached",
                is_writable=False,
                propagation="rslave",
                makes_source=True,
            ),
        ),
    ],
)
def test_binds(raw: str, point: MountPoint) -> None:
    assert parse_bind(raw) == point


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"Source": "/nonexist-seacan"},
            f"{CONFIG}: bind source path does not exist: /nonexist-seacan",
        ),
        ({"Source": ""}, f"{CONFIG}: field Source must not be empty"),
        ({"Source": "tmp"}, f"{CONFIG}: invalid mount path: 'tmp' mount path must be absolute"),
        ({"Target": "a"}, f"{CONFIG}: invalid mount path: 'a' mount path must be absolute"),
        ({"Target": ""}, f"{CONFIG}: field Target must not be empty"),
        ({"Target": "/"}, f"{CONFIG}: invalid specification: destination can't be '/'"),
        ({"Type": "foo"}, 'invalid mount config for type "foo": mount type unknown'),
        ({"Type": None}, 'invalid mount config for type "": mount type unknown'),
        ({"BindOptions": {"Propagation": "foo"}}, f"{CONFIG}: invalid propagation mode: foo"),
        ({"TmpfsOptions": {}}, 'TmpfsOptions must not be specified on mount type "bind"'),
        ({"VolumeOptions": {}}, 'VolumeOptions must not be specified on mount type "bind"'),
        ({"ImageOptions": {}}, f"{CONFIG}: field ImageOptions must not be specified"),
        (
            {"BindOptions": {"ReadOnlyNonRecursive": True}},
            f"{CONFIG}: mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive",
        ),
        (
            {
                "ReadOnly": True,
                "BindOptions": {"ReadOnlyNonRecursive": True, "ReadOnlyForceRecursive": True},
            },
            f"{CONFIG}: mount options conflict: "
            "ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive",
        ),
        (
            {"Type": "tmpfs"},
            'invalid mount config for type "tmpfs": field Source must not be specified',
        ),
        (
            {"Type": "tmpfs", "Source": None, "TmpfsOptions": {"Options": [["foo"]]}},
            'invalid mount config for type "tmpfs": invalid option: foo',
        ),
        (
            {"Type": "tmpfs", "BindOptions": {}},
            'BindOptions must not be specified on mount type "tmpfs"',
        ),
    ],
)
def test_wrong_mounts_are_refused_in_dockers_words(fields: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_mount(cast(Mount, {"Type": "bind", "Source": "/tmp", "Target": "/a", **fields}))
    assert str(caught.value) == message


def test_images() -> None:
    mount = Mount(Type="image", Source="x", Target="/a", ImageOptions={"Subpath": "a/b"})
    assert parse_mount(mount) == MountPoint(
        "image", "/a", is_writable=False, propagation="rprivate", name="x", subpath="a/b"
    )


@pytest.mark.parametrize("subpath", ["/etc", "../etc", "a/../../b"])
def test_a_subpath_stays_within_its_image(subpath: str) -> None:
    with pytest.raises(InvalidArgument, match="it must stay within the image"):
        parse_mount(
            {"Type": "image", "Source": "x", "Target": "/a", "ImageOptions": {"Subpath": subpath}}
        )


def test_volumes_without_a_name() -> None:
    assert parse_bind("/x") == MountPoint("volume", "/x", mode="z")
    made = parse_mount({"Type": "volume", "Target": "/x", "VolumeOptions": {"NoCopy": True}})
    assert made == MountPoint("volume", "/x", mode="z", copies_up=False)


def test_a_volume_of_the_mounts_api() -> None:
    options = {
        "Labels": {"a": "b"},
        "DriverConfig": {"Name": "other", "Options": {"o": "x"}},
        "Subpath": "a/./b",
    }
    mount = {"Type": "volume", "Source": "data", "Target": "/x", "VolumeOptions": options}
    assert parse_mount(cast(Mount, {**mount, "ReadOnly": True})) == MountPoint(
        "volume",
        "/x",
        mode="z",
        is_writable=False,
        name="data",
        is_named=True,
        driver="other",
        driver_options={"o": "x"},
        labels={"a": "b"},
        subpath="a/./b",
    )


_INVALID_VOLUME = 'invalid mount config for type "volume": '
_OUTSIDE = f"{_INVALID_VOLUME}subpath must be a relative path within the volume"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"ReadOnly": True},
            f"{_INVALID_VOLUME}must not set ReadOnly mode when using anonymous volumes",
        ),
        (
            {"VolumeOptions": {"Subpath": "a"}},
            f"{_INVALID_VOLUME}must not set Subpath when using anonymous volumes",
        ),
        ({"Source": "data", "VolumeOptions": {"Subpath": "/a"}}, _OUTSIDE),
        ({"Source": "data", "VolumeOptions": {"Subpath": ".."}}, _OUTSIDE),
        ({"Source": "data", "VolumeOptions": {"Subpath": "a/../../b"}}, _OUTSIDE),
        (
            {"Source": "a"},
            "create a: volume name is too short, "
            "names should be at least two alphanumeric characters",
        ),
        (
            {"Source": "/data"},
            'create /data: "/data" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. '
            "If you intended to pass a host directory, use absolute path",
        ),
    ],
)
def test_other_volumes_are_refused(fields: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_mount(cast(Mount, {"Type": "volume", "Target": "/x", **fields}))
    assert str(caught.value) == message


def test_mounts_of_others_go_where_nothing_else_is() -> None:
    others = [MountPoint("bind", "/a", "/theirs"), MountPoint("bind", "/b", "/theirs")]
    points = parse({"Binds": ["/ours:/a"]}, others)
    assert [(point.destination, point.source) for point in points] == [
        ("/a", "/ours"),
        ("/b", "/theirs"),
    ]


def test_mounts() -> None:
    assert parse_mount(
        {
            "Type": "bind",
            "Source": "/nonexist-seacan",
            "Target": "/a",
            "ReadOnly": True,
            "BindOptions": {
                "CreateMountpoint": True,
                "NonRecursive": True,
                "ReadOnlyNonRecursive": True,
            },
        }
    ) == MountPoint(
        "bind",
        "/a",
        "/nonexist-seacan",
        is_writable=False,
        read_only="ro",
        is_recursive=False,
        makes_source=True,
    )
    assert parse_mount(
        {
            "Type": "tmpfs",
            "Target": "/a",
            "ReadOnly": True,
            "TmpfsOptions": {"SizeBytes": 3 << 20, "Mode": 0o1777, "Options": [["exec"]]},
        }
    ) == MountPoint(
        "tmpfs",
        "/a",
        is_writable=False,
        tmpfs_options=("nosuid", "nodev", "rprivate", "ro", "mode=1777", "size=3m", "exec"),
    )


@pytest.mark.parametrize(
    "host_config",
    [
        {"Binds": ["/tmp:/a", "/usr:/a/"]},
        {"Binds": ["/tmp:/a"], "Tmpfs": {"/a": ""}},
        {"Mounts": [{"Type": "tmpfs", "Target": "/a"}], "Tmpfs": {"/x/../a": ""}},
    ],
)
def test_one_place_has_one_mount(host_config: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^Duplicate mount point: /a$"):
        parse(host_config)


@pytest.mark.parametrize(
    ("tmpfs", "message"),
    [
        ({"a": ""}, "invalid mount path: 'a' mount path must be absolute"),
        ({"/": ""}, "invalid specification: destination can't be '/'"),
        ({"/x": "foo"}, 'invalid tmpfs option "foo"'),
        ({"/x": "foo=1"}, 'invalid tmpfs option "foo=1"'),
        ({"/x": "bind"}, 'invalid tmpfs option "bind"'),
    ],
)
def test_wrong_tmpfs_are_refused_in_dockers_words(tmpfs: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse({"Tmpfs": tmpfs})
    assert str(caught.value) == message


def test_to_wire() -> None:
    assert parse_bind("/a:/b:ro,rprivate").to_wire() == {
        "Type": "bind",
        "Source": "/a",
        "Destination": "/b",
        "Mode": "ro,rprivate",
        "RW": False,
        "Propagation": "rprivate",
    }


def test_inspect_shows_a_tmpfs_where_it_is_asked_for() -> None:
    host_config: Any = {"Tmpfs": {"/t/": ""}, "Mounts": [{"Type": "tmpfs", "Target": "/m"}]}
    shown = to_wire(parse(host_config), host_config)
    assert [mount["Destination"] for mount in shown] == ["/m"]


def test_more_mounts_than_a_container_may_have() -> None:
    # 200,000 in one request were made volumes, for minutes, after the client had gone.
    binds = [f"v{number}:/v/{number}" for number in range(4097)]
    with pytest.raises(InvalidArgument, match="4096 mounts at most"):
        parse({"Binds": binds})
