from pathlib import Path
from typing import Any

import pytest

from seacan.engine.bundle import devices
from seacan.errors import InvalidArgument

NULL = {"PathOnHost": "/dev/null", "PathInContainer": "/dev/n", "CgroupPermissions": "r"}


def find(**host_config: Any) -> devices.Devices:
    return devices.find(host_config)  # type: ignore[arg-type]


def test_everything_is_denied_then_some_is_allowed() -> None:
    found = find()
    assert found.nodes == ()
    assert found.rules[0] == {"allow": False, "access": "rwm"}
    allowed = {(r["major"], r["minor"]) for r in found.rules[1:] if r["allow"]}
    assert allowed == {(1, 3), (1, 5), (1, 8), (1, 9), (5, 0), (5, 1)}


def test_a_device_is_made_and_allowed() -> None:
    found = find(Devices=[NULL])
    assert [(n["path"], n["type"], n["major"], n["minor"]) for n in found.nodes] == [
        ("/dev/n", "c", 1, 3)
    ]
    assert found.rules[-1] == {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "r"}


def test_a_path_or_access_left_out_is_the_hosts_and_all() -> None:
    found = find(Devices=[{"PathOnHost": "/dev/null"}])
    assert found.nodes[0]["path"] == "/dev/null"
    assert found.rules[-1]["access"] == "rwm"


def test_a_link_is_followed_and_a_directory_searched(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    found = find(Devices=[{"PathOnHost": str(tmp_path / "link"), "PathInContainer": "/dev/z"}])
    assert [(n["path"], n["minor"]) for n in found.nodes] == [("/dev/z", 5)]
    if Path("/dev/net/tun").exists():
        found = find(Devices=[{"PathOnHost": "/dev/net", "PathInContainer": "/dev/x"}])
        assert [n["path"] for n in found.nodes] == ["/dev/x/tun"]


@pytest.mark.parametrize("name", ["none", "file", "empty"])
def test_what_is_no_device_is_refused_in_dockers_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    path = tmp_path / name
    with pytest.raises(InvalidArgument) as caught:
        find(Devices=[{"PathOnHost": str(path)}])
    why = "no such file or directory" if name == "none" else "not a device node"
    assert str(caught.value) == (
        f'error gathering device information while adding custom device "{path}": {why}'
    )


def test_a_privileged_container_has_the_hosts_devices_but_not_its_terminals() -> None:
    found = find(Privileged=True, Devices=[NULL])
    paths = [node["path"] for node in found.nodes]
    assert {"/dev/null", "/dev/zero", "/dev/n"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert not any(path.startswith(("/dev/pts", "/dev/shm", "/dev/console")) for path in paths)
    assert found.rules == ({"allow": True, "access": "rwm"},)


def test_rules_of_ones_own() -> None:
    found = find(DeviceCgroupRules=["c 1:* rw", "a *:* rwm", "b 8:16 m"])
    assert found.rules[-3:] == (
        {"allow": True, "type": "c", "major": 1, "access": "rw"},
        {"allow": True, "type": "a", "access": "rwm"},
        {"allow": True, "type": "b", "major": 8, "minor": 16, "access": "m"},
    )


@pytest.mark.parametrize(
    ("host_config", "message"),
    [
        ({"DeviceCgroupRules": ["foo"]}, "invalid device cgroup rule format: 'foo'"),
        (
            {"DeviceCgroupRules": ["c 1:99999999999 r"]},
            "invalid device cgroup rule format: 'c 1:99999999999 r'",
        ),
        ({"DeviceCgroupRules": ["c 1:3 r\n"]}, "invalid device cgroup rule format: 'c 1:3 r\n'"),
        ({"Devices": [{**NULL, "CgroupPermissions": "rx"}]}, "invalid device mode: rx"),
        (
            {"Devices": [{**NULL, "PathInContainer": "dev/n"}]},
            "invalid device path: 'dev/n' must be absolute",
        ),
        ({"Devices": [{}]}, "invalid device path: '' must be absolute"),
    ],
)
def test_wrong_devices_are_refused(host_config: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        devices.check(host_config)
    assert str(caught.value) == message


def test_number_of(tmp_path: Path) -> None:
    assert devices.number_of("/dev/null") == (1, 3)
    with pytest.raises(InvalidArgument, match=f"stat {tmp_path}/x: no such file or directory"):
        devices.number_of(str(tmp_path / "x"))
