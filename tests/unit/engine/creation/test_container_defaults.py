from typing import Any

import pytest

from seacan.engine.creation.container_defaults import ContainerDefaults, with_defaults
from seacan.engine.host import OWN_RUNTIME, probe, with_runtimes
from seacan.errors import InvalidArgument

DEFAULTS = ContainerDefaults(
    ulimits=[{"Name": "nofile", "Soft": 1, "Hard": 2}],
    shm_bytes=8 << 20,
    init=True,
    ipc_mode="shareable",
    cgroupns_mode="private",
    dns=["192.0.2.1"],
    dns_options=["ndots:1"],
    dns_search=["example"],
    security_options=["no-new-privileges", "seccomp=unconfined"],
    runtime="runc",
)


def filled(**host_config: Any) -> Any:
    return with_defaults({"HostConfig": host_config}, DEFAULTS)["HostConfig"]  # type: ignore[typeddict-item]


def test_who_asks_for_nothing_gets_the_daemons() -> None:
    assert filled() == {
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        "ShmSize": 8 << 20,
        "Init": True,
        "IpcMode": "shareable",
        "CgroupnsMode": "private",
        "Dns": ["192.0.2.1"],
        "DnsOptions": ["ndots:1"],
        "DnsSearch": ["example"],
        "SecurityOpt": ["no-new-privileges", "seccomp=unconfined"],
        "Runtime": "runc",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ShmSize", 1),
        ("Init", False),
        ("IpcMode", "private"),
        ("CgroupnsMode", "host"),
        ("Dns", ["192.0.2.9"]),
        ("Runtime", "seacan"),
    ],
)
def test_what_is_asked_for_counts(name: str, value: object) -> None:
    assert filled(**{name: value})[name] == value


def test_limits_and_options_are_filled_by_name() -> None:
    found = filled(
        Ulimits=[{"Name": "core", "Soft": 0, "Hard": 0}],
        SecurityOpt=["no-new-privileges=false", "seccomp:builtin"],
    )
    assert [ulimit["Name"] for ulimit in found["Ulimits"]] == ["core", "nofile"]
    assert found["SecurityOpt"] == ["no-new-privileges=false", "seccomp:builtin"]
    assert filled(Ulimits=[{"Name": "nofile"}])["Ulimits"] == [{"Name": "nofile"}]


def test_a_privileged_container_has_no_filter_and_the_hosts_cgroups() -> None:
    found = filled(Privileged=True)
    assert found["SecurityOpt"] == ["no-new-privileges"]
    assert "CgroupnsMode" not in found


def test_without_defaults_a_request_stays_as_it_is() -> None:
    request: Any = {"Image": "x"}
    assert with_defaults(request, ContainerDefaults()) is request


def test_runtimes_of_the_daemon() -> None:
    host = with_runtimes(probe("v1"), {"other": "/bin/true"}, "other")
    assert host.runtimes["other"] == "/bin/true"
    assert OWN_RUNTIME in host.runtimes
    with pytest.raises(InvalidArgument, match="specified default runtime 'nope' does not exist"):
        with_runtimes(host, {}, "nope")
