from typing import Any

import pytest

from seacan.engine.bundle import namespaces
from seacan.errors import InvalidArgument

DEFAULTS = {"net.ipv4.ip_unprivileged_port_start": "0"}


def kinds(**host_config: Any) -> set[str]:
    made = namespaces.to_oci(host_config, {})  # type: ignore[arg-type]
    return {entry["type"] for entry in made}


def test_a_container_has_namespaces_of_its_own() -> None:
    assert kinds(CgroupnsMode="host") == {"mount", "network", "uts", "pid", "ipc"}
    assert kinds(CgroupnsMode="private") == {"mount", "network", "uts", "pid", "ipc", "cgroup"}


@pytest.mark.parametrize(
    ("field", "kind"),
    [("NetworkMode", "network"), ("UTSMode", "uts"), ("PidMode", "pid"), ("IpcMode", "ipc")],
)
def test_the_hosts_namespace_is_shared_one_by_one(field: str, kind: str) -> None:
    own = {"mount", "network", "uts", "pid", "ipc", "cgroup"}
    assert kinds(CgroupnsMode="private", **{field: "host"}) == own - {kind}


@pytest.mark.parametrize(
    ("sysctls", "result"),
    [
        ({}, DEFAULTS),
        ({"net.core.somaxconn": "1"}, {**DEFAULTS, "net.core.somaxconn": "1"}),
        (
            {"net.ipv4.ip_unprivileged_port_start": "1024"},
            {"net.ipv4.ip_unprivileged_port_start": "1024"},
        ),
        ({"kernel/shmmax": "1"}, {**DEFAULTS, "kernel.shmmax": "1"}),
        (
            {"net/ipv4/conf/eth0.1/forwarding": "1"},
            {**DEFAULTS, "net.ipv4.conf.eth0/1.forwarding": "1"},
        ),
        ({"fs.mqueue.msg_max": "5"}, {**DEFAULTS, "fs.mqueue.msg_max": "5"}),
    ],
)
def test_sysctls(sysctls: dict[str, str], result: dict[str, str]) -> None:
    assert namespaces.sysctls({"Sysctls": sysctls}, DEFAULTS) == result


@pytest.mark.parametrize("mode", ["host", "container:x"])
def test_the_network_of_others_is_left_as_it_is(mode: str) -> None:
    assert namespaces.sysctls({"NetworkMode": mode}, DEFAULTS) == {}


def test_namespaces_of_another_are_joined_by_path() -> None:
    made = namespaces.to_oci({"CgroupnsMode": "host"}, {"network": "/proc/1/ns/net"})
    assert {"type": "network", "path": "/proc/1/ns/net"} in made
    assert {"type": "pid"} in made


def test_without_a_network_it_is_not_the_hosts_either() -> None:
    made = namespaces.to_oci({"NetworkMode": "host"}, {}, has_network=False)
    assert {"type": "network"} in made


@pytest.mark.parametrize(
    ("host_config", "message"),
    [
        ({"Sysctls": {"foo": "1"}}, 'sysctl "foo" is not in a separate kernel namespace'),
        (
            {"Sysctls": {"kernel.core_pattern": "|/x"}},
            'sysctl "kernel.core_pattern" is not in a separate kernel namespace',
        ),
        (
            {"Sysctls": {"kernel.hostname": "1"}},
            'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
        ),
        (
            {"Sysctls": {"net.core.somaxconn": "1"}, "NetworkMode": "host"},
            'sysctl "net.core.somaxconn" not allowed in host network namespace',
        ),
        (
            {"Sysctls": {"kernel.shmmax": "1"}, "IpcMode": "host"},
            'sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace',
        ),
        *(
            ({"Sysctls": {name: "1"}}, f'sysctl "{name}" is not a name of a kernel parameter')
            for name in (
                "",
                ".",
                "net..x",
                "net/../kernel/core_pattern",
                "net.//.kernel.core_pattern",
            )
        ),
    ],
)
def test_sysctls_of_the_whole_host_are_refused_in_runcs_words(
    host_config: Any, message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        namespaces.sysctls(host_config, DEFAULTS)
    assert str(caught.value) == message
