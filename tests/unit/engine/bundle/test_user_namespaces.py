"""Containers in user namespaces: who may be, and what config.json says of it."""

import pytest

from seacan.engine.bundle import mounts, namespaces, user_namespaces
from seacan.engine.bundle.sharing import Shared
from seacan.engine.creation.mount_owners import parse
from seacan.engine.creation.mount_points import MountPoint
from seacan.errors import InvalidArgument, SeacanError, Unsupported
from seacan.spec.engine_api import HostConfig
from seacan.supervisor.protocol import IdMap

ID_MAP = IdMap(
    uids=[{"containerID": 0, "hostID": 100000, "size": 65536}],
    gids=[{"containerID": 0, "hostID": 200000, "size": 65536}],
)


def test_a_container_may_be_exempt() -> None:
    assert user_namespaces.of_container({}, ID_MAP) == ID_MAP
    assert user_namespaces.of_container({"UsernsMode": "host"}, ID_MAP) is None
    assert user_namespaces.of_container({}, None) is None


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"Privileged": True}, "privileged mode is incompatible with user namespaces"),
        ({"PidMode": "host"}, "cannot share the host PID namespace"),
        ({"NetworkMode": "host"}, "cannot share the host's network namespace"),
        ({"Runtime": "runc"}, "runtime runc with --userns-remap"),
    ],
)
def test_what_only_the_hosts_root_may(asked: HostConfig, complaint: str) -> None:
    with pytest.raises(SeacanError, match=complaint):
        user_namespaces.check(asked, ID_MAP)
    user_namespaces.check(asked, None)
    user_namespaces.check({**asked, "UsernsMode": "host"}, ID_MAP)


def test_an_old_kernel_cannot() -> None:
    with pytest.raises(Unsupported, match=r"needs Linux 5\.19"):
        user_namespaces.check_kernel(ID_MAP, (5, 15))
    user_namespaces.check_kernel(ID_MAP, (5, 19))
    user_namespaces.check_kernel(None, (5, 10))


def test_who_joins_a_container_of_the_hosts_users_is_told() -> None:
    shared = Shared(namespaces={"network": "/proc/self/ns/net"})
    with pytest.raises(InvalidArgument, match="runs with --userns=host: add that here, too"):
        user_namespaces.joined(shared, "/absent")


def test_the_namespace_is_the_first_of_those_joined() -> None:
    joined = namespaces.to_oci({}, {"user": "/proc/7/fd/9"})
    assert joined[0] == {"type": "user", "path": "/proc/7/fd/9"}
    assert "user" not in {each["type"] for each in namespaces.to_oci({}, {})}


def test_what_is_its_own_on_disk_is_mapped() -> None:
    points = [
        MountPoint("volume", "/volume", source="/v"),
        MountPoint("bind", "/bind", source="/b"),
        MountPoint("bind", "/ours", source="/o", is_ours=True),
    ]
    files = {"/etc/hosts": "/h"}
    for maps_ids in (True, False):
        found = mounts.to_oci({}, points, files, init=None, shm="", writable_cgroups=False,
                              maps_ids=maps_ids)  # fmt: skip
        mapped = {m["destination"] for m in found if "idmap" in m.get("options", ())}
        assert mapped == ({"/volume", "/ours", "/etc/hosts"} if maps_ids else set())


@pytest.mark.parametrize(
    "point",
    [
        MountPoint("bind", "/b", source="/b", propagation="rshared"),
        MountPoint("volume", "/v", source="/v", owner=parse(["idmap=uids=0-5-1"])),
    ],
)
def test_mounts_that_are_refused(point: MountPoint) -> None:
    with pytest.raises(Unsupported, match="with --userns-remap"):
        mounts.to_oci({}, [point], {}, init=None, shm="", writable_cgroups=False, maps_ids=True)
