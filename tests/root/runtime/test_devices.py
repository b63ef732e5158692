"""Nodes and links in /dev, and what the device cgroup lets through."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Conflict

pytestmark = pytest.mark.root

SHOW = "stat -c '%F|%a|%u|%g|%t:%T'"


def device(kind: str, path: str, *number: int, **more: Any) -> dict[str, Any]:
    numbers = dict(zip(("major", "minor"), number, strict=False))
    return {"type": kind, "path": path, **numbers, **more}


def without_dev(box: Box) -> Path:
    """Leave /dev to the image; return it."""
    box.config["mounts"] = [box.config["mounts"][0]]
    return box.rootfs / "dev"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (device("c", "/dev/x", 1, 5), "character special file|666|0|0|1:5"),
        (device("u", "/dev/x", 1, 3, fileMode=0o600), "character special file|600|0|0|1:3"),
        (device("b", "/dev/x", 8, 17, fileMode=0o060, gid=6), "block special file|60|0|6|8:11"),
        (device("p", "/dev/x", fileMode=0o777), "fifo|777|0|0|0:0"),
        (device("c", "/dev/x", 1, 5, fileMode=0), "character special file|0|0|0|1:5"),
        # Docker and others leave the type in.
        (
            device("c", "/dev/x", 1, 5, fileMode=0o20640, uid=3),
            "character special file|640|3|0|1:5",
        ),
        (device("c", "/dev/x", 4095, 1048575), "character special file|666|0|0|fff:fffff"),
    ],
)
def test_every_type(box: Box, entry: dict[str, Any], shown: str) -> None:
    box.linux["devices"] = [entry]
    before = os.umask(0o077)
    try:
        assert box.sh(f"{SHOW} /dev/x").strip() == shown
    finally:
        os.umask(before)


def test_directories_are_made_for_them(box: Box) -> None:
    box.linux["devices"] = [
        device("c", "/dev/net/deep/tun", 10, 200),
        device("c", "/elsewhere/zero", 1, 5),
    ]
    out = box.sh("stat -c %a /dev/net /dev/net/deep; ls /dev/net/deep /elsewhere")
    assert out.split() == ["755", "755", "/dev/net/deep:", "tun", "/elsewhere:", "zero"]


def test_links_on_the_way_stay_inside(box: Box, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (box.rootfs / "link").symlink_to(outside)
    (box.rootfs / "up").symlink_to(f"../../../../../..{outside}")
    box.linux["devices"] = [
        device("c", "/link/a", 1, 5),
        device("c", "/up/b", 1, 5),
        device("c", "/tmp/../../../c", 1, 5),
    ]
    assert box.sh(f"ls {outside} /c").split() == ["/c", f"{outside}:", "a", "b"]
    assert list(outside.iterdir()) == []


def test_link_in_place_of_the_node_is_not_followed(box: Box, tmp_path: Path) -> None:
    dev = without_dev(box)
    (dev / "zero").symlink_to("/dev/null")
    with pytest.raises(Conflict, match="/dev/zero: there is something else already"):
        box.run("true")


def test_node_that_is_there_gets_mode_and_owner(box: Box) -> None:
    dev = without_dev(box)
    os.mknod(dev / "x", 0o20600, os.makedev(1, 5))
    os.mknod(dev / "null", 0o20600, os.makedev(1, 3))
    box.linux["devices"] = [device("c", "/dev/x", 1, 5, fileMode=0o644, uid=7)]
    assert box.sh(f"{SHOW} /dev/x /dev/null").split() == [
        "character",
        "special",
        "file|644|7|0|1:5",
        "character",
        "special",
        "file|600|0|0|1:3",
    ]


@pytest.mark.parametrize("kind", ["number", "type", "file"])
def test_something_else_in_its_place_is_an_error(box: Box, kind: str) -> None:
    dev = without_dev(box)
    match kind:
        case "number":
            os.mknod(dev / "x", 0o20600, os.makedev(1, 7))
        case "type":
            os.mknod(dev / "x", 0o60600, os.makedev(1, 5))
        case _:
            (dev / "x").touch()
    box.linux["devices"] = [device("c", "/dev/x", 1, 5)]
    with pytest.raises(Conflict, match="/dev/x: there is something else already"):
        box.run("true")


def test_two_for_one_path(box: Box) -> None:
    box.linux["devices"] = [device("c", "/dev/x", 1, 5), device("c", "/dev/x", 1, 5, uid=4)]
    assert box.sh(f"{SHOW} /dev/x").strip() == "character special file|666|4|0|1:5"
    box.linux["devices"] = [device("c", "/dev/x", 1, 5), device("c", "/dev/x", 1, 3)]
    with pytest.raises(Conflict):
        box.run("true")


def test_default_device_given_otherwise(box: Box) -> None:
    box.linux["devices"] = [device("c", "//dev/./zero", 1, 5, fileMode=0o640, uid=1)]
    assert box.sh(f"{SHOW} /dev/zero /dev/full").splitlines() == [
        "character special file|640|1|0|1:5",
        "character special file|666|0|0|1:7",
    ]


def test_default_devices_and_links(box: Box) -> None:
    names = ("null", "zero", "full", "random", "urandom", "tty")
    out = box.sh(f"cd /dev; stat -c '%n %a %t:%T' {' '.join(names)}")
    numbers = ("1:3", "1:5", "1:7", "1:8", "1:9", "5:0")
    expected = [f"{name} 666 {number}" for name, number in zip(names, numbers, strict=True)]
    assert out.splitlines() == expected
    out = box.sh("cd /dev; for name in fd stdin stdout stderr ptmx; do readlink $name; done")
    assert out.split() == [
        "/proc/self/fd",
        "/proc/self/fd/0",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
        "pts/ptmx",
    ]


def test_links_leave_what_is_there_but_for_ptmx(box: Box) -> None:
    dev = without_dev(box)
    (dev / "stdin").symlink_to("elsewhere")
    os.mknod(dev / "ptmx", 0o20666, os.makedev(5, 2))
    out = box.sh("cd /dev; for name in stdin stdout ptmx; do readlink $name; done")
    assert out.split() == ["elsewhere", "/proc/self/fd/1", "pts/ptmx"]


def test_ptmx_is_always_that_of_the_container(box: Box) -> None:
    box.linux["devices"] = [device("c", "/dev/ptmx", 5, 2)]
    assert box.sh("readlink /dev/ptmx; stat -c %t:%T -L /dev/ptmx").split() == ["pts/ptmx", "5:2"]


@pytest.mark.parametrize(
    ("rules", "opened"),
    [
        ([], ""),
        ([{"allow": True, "type": "c", "major": 4, "minor": 64, "access": "r"}], "a"),
        ([{"allow": True, "type": "c", "major": 4, "access": "rw"}], "a b"),
        ([{"allow": True, "type": "c", "major": -1, "minor": -1, "access": "r"}], "a b c"),
        ([{"allow": True, "type": "c", "minor": 64, "access": "r"}], "a"),
        ([{"allow": True, "type": "c", "major": 4, "access": "w"}], ""),
        ([{"allow": True, "access": "rwm"}], "a b c"),
    ],
)
def test_rules_of_the_device_cgroup(box: Box, rules: list[dict[str, Any]], opened: str) -> None:
    # Without a driver for the number the kernel says ENXIO, but only after the cgroup agreed.
    box.linux["devices"] = [
        device("c", "/dev/a", 4, 64),
        device("c", "/dev/b", 4, 65),
        device("c", "/dev/c", 200, 1),
    ]
    box.linux["resources"] = {"devices": rules}
    script = (
        "for name in a b c; do head -c 0 /dev/$name 2>&1 | grep -q permitted || echo $name; done"
    )
    assert box.sh(script).split() == opened.split()
