import os
from pathlib import Path
from typing import Any, cast

import pytest
from tests.fakes.containers import make_container

from seacan import errors
from seacan.engine.bundle import sharing
from seacan.engine.containers.container import Container, Status
from seacan.engine.creation.mount_points import MountPoint
from seacan.paths import DataRoot, ExecRoot
from seacan.spec.engine_api import ContainerCreate

OTHER = "0" * 63 + "1"


def find_in(*containers: Container) -> sharing.Find:
    def find(ref: str) -> Container:
        for container in containers:
            if ref in (container.id, container.name):
                return container
        raise errors.NotFound(f"No such container: {ref}")

    return find


def resolve(find: sharing.Find, **host_config: Any) -> dict[str, Any]:
    request = cast(ContainerCreate, {"HostConfig": host_config})
    return cast(dict[str, Any], sharing.resolve(request, find)["HostConfig"])


def test_others_are_kept_by_id() -> None:
    find = find_in(make_container(OTHER, "other"))
    wanted = dict.fromkeys(("NetworkMode", "IpcMode", "PidMode"), "container:other")
    assert resolve(find, **wanted) == dict.fromkeys(wanted, f"container:{OTHER}")
    own = {"NetworkMode": "none", "IpcMode": "private", "PidMode": ""}
    assert resolve(find, **own) == own


def test_another_must_be_there_but_for_a_network() -> None:
    for field in ("IpcMode", "PidMode"):
        with pytest.raises(errors.InvalidArgument, match=r"^No such container: x$"):
            resolve(find_in(), **{field: "container:x"})
    assert resolve(find_in(), NetworkMode="container:x") == {"NetworkMode": "container:x"}


@pytest.mark.parametrize(
    ("fields", "host_config", "words"),
    [
        ({"Hostname": "x"}, {}, "hostname and the network mode"),
        ({"ExposedPorts": {"80/tcp": {}}}, {},
         "port exposing and the container type network mode"),
        ({}, {"Dns": ["1.1.1.1"]}, "dns and the network mode"),
        ({}, {"DnsSearch": ["a"]}, "dns search domains and the network mode"),
        ({}, {"DnsOptions": ["a"]}, "dns options and the network mode"),
        ({}, {"ExtraHosts": ["a:1.1.1.1"]}, "custom host-to-IP mapping and the network mode"),
        ({}, {"PublishAllPorts": True}, "port publishing and the container type network mode"),
        ({}, {"PortBindings": {"80/tcp": [{}]}},
         "port publishing and the container type network mode"),
        ({}, {"Links": ["a"]}, "container type network can't be used with links. "
         "This would result in undefined behavior"),
    ],
)  # fmt: skip
def test_a_network_of_another_leaves_no_choice(
    fields: dict[str, Any], host_config: dict[str, Any], words: str
) -> None:
    request = {**fields, "HostConfig": {"NetworkMode": "container:other", **host_config}}
    with pytest.raises(errors.InvalidArgument) as caught:
        sharing.resolve(cast(ContainerCreate, request), find_in(make_container(OTHER, "other")))
    assert str(caught.value) == f"conflicting options: {words}"


# --- VolumesFrom ------------------------------------------------------------------------------


def other_with_mounts() -> Container:
    other = make_container(OTHER, "other")
    other.mount_points = [
        MountPoint("bind", "/ro", "/host/ro", mode="ro", is_writable=False, makes_source=True),
        MountPoint("bind", "/rw", "/host/rw", propagation="rprivate"),
        MountPoint("volume", "/v", "/volumes/n/_data", name="n"),
        MountPoint("tmpfs", "/t"),
    ]
    return other


@pytest.mark.parametrize(
    ("entry", "writable"),
    [("other", {"/rw", "/v"}), ("other:rw,z", {"/rw", "/v"}), ("other:ro", set())],
)
def test_mounts_of_another_are_copied_but_for_a_tmpfs(entry: str, writable: set[str]) -> None:
    points = sharing.mounts_of_others({"VolumesFrom": [entry]}, find_in(other_with_mounts()))
    assert [point.destination for point in points] == ["/ro", "/rw", "/v"]
    assert {point.destination for point in points if point.is_writable} == writable
    assert [point.name for point in points] == ["", "", "n"]
    assert not any(point.makes_source or point.copies_up or point.mode for point in points)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("", "volumes-from specification cannot be an empty string"),
        (":ro", 'invalid name or ID supplied: ""'),
        ("other:zz", "invalid mode: zz"),
        ("other:nocopy", "invalid mode: nocopy"),
        ("none", "No such container: none"),
    ],
)
def test_wrong_volumes_from_is_refused_in_dockers_words(entry: str, message: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        sharing.mounts_of_others({"VolumesFrom": [entry]}, find_in(other_with_mounts()))
    assert str(caught.value) == message


# --- at the start -----------------------------------------------------------------------------


def running(mode: str, *, pid: int = 1) -> Container:
    other = make_container(OTHER, "other", status=Status.RUNNING, pid=pid)
    other.host_config["IpcMode"] = mode
    return other


class _Context:
    """The paths alone."""

    data_root = DataRoot(Path("/data"))
    exec_root = ExecRoot(Path("/run"))


def shared(other: Container, **host_config: Any) -> sharing.Shared:
    record = make_container()
    record.host_config.update(host_config)  # type: ignore[typeddict-item]
    return sharing.find_shared(cast(Any, _Context), record, find_in(other))


def test_a_container_alone_has_files_and_memory_of_its_own() -> None:
    alone = shared(make_container(OTHER, "other"))
    assert alone.namespaces == {}
    assert alone.shm == ""
    assert set(alone.network_files) == {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
    assert (
        shared(make_container(OTHER), IpcMode="shareable").shm == f"/run/containers/{'a' * 64}/shm"
    )


def test_namespaces_are_those_of_the_others_first_process() -> None:
    mode = "container:other"
    taken = shared(running("shareable", pid=77), NetworkMode=mode, PidMode=mode, IpcMode=mode)
    assert taken.namespaces == {
        "network": "/proc/77/ns/net",
        "pid": "/proc/77/ns/pid",
        "ipc": "/proc/77/ns/ipc",
    }
    assert taken.shm == f"/run/containers/{OTHER}/shm"
    assert taken.network is not None


@pytest.mark.parametrize(
    ("field", "error", "message"),
    [
        ("NetworkMode", errors.Conflict,
         "cannot join network namespace of a non running container: container other is created"),
        ("IpcMode", errors.Conflict,
         f"failed to join IPC namespace: container {OTHER} is not running"),
        ("PidMode", errors.Internal,
         f"failed to join PID namespace: container {OTHER} is not running"),
    ],
)  # fmt: skip
def test_the_other_must_run(field: str, error: type[errors.SeacanError], message: str) -> None:
    with pytest.raises(error) as caught:
        shared(make_container(OTHER, "other"), **{field: "container:other"})
    assert caught.value.whole == message
    assert "other" not in str(caught.value)


def test_the_other_is_not_the_container_itself() -> None:
    record = make_container()
    record.host_config["NetworkMode"] = f"container:{record.name}"
    with pytest.raises(errors.Internal, match=r"^cannot join own network namespace$"):
        sharing.find_shared(cast(Any, _Context), record, find_in(record))


def test_the_other_must_let_its_ipc_be_joined() -> None:
    with pytest.raises(errors.InvalidArgument, match="non-shareable IPC"):
        shared(running("private"), IpcMode="container:other")
    assert shared(running("host"), IpcMode="container:other").shm == "/dev/shm"


def test_parameters_of_the_hosts_network_are_refused_by_way_of_another_too() -> None:
    other = running("private", pid=os.getpid())  # whose network is the test's own
    message = 'sysctl "net.core.somaxconn" not allowed in host network namespace'
    with pytest.raises(errors.InvalidArgument, match=message):
        shared(other, NetworkMode="container:other", Sysctls={"net.core.somaxconn": "1"})
