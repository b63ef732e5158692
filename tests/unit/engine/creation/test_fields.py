"""Each field of HostConfig that the API describes: done, or refused by name; none ignored."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from tests.unit.engine.bundle.test_bundle import inputs_of
from tests.unit.engine.hosts import make

from seacan.engine.bundle.bundle import make_config
from seacan.errors import SeacanError

TESTS: Final = Path(__file__).parents[3]
DEFINITIONS: Final = json.loads((TESTS / "descriptions/engine-api-1.51.json").read_text())[
    "definitions"
]

# A value that config.json shows, beside what it needs to be given.
IN_BUNDLE: Final[dict[str, dict[str, Any]]] = {
    "Annotations": {"Annotations": {"a": "b"}},
    "Binds": {"Binds": ["/tmp:/a"]},
    "CapAdd": {"CapAdd": ["SYS_ADMIN"]},
    "CapDrop": {"CapDrop": ["CHOWN"]},
    "CgroupnsMode": {"CgroupnsMode": "private"},
    "CpuPeriod": {"CpuPeriod": 50_000},
    "CpuQuota": {"CpuQuota": 50_000},
    "CpuShares": {"CpuShares": 512},
    "CpusetCpus": {"CpusetCpus": "0"},
    "CpusetMems": {"CpusetMems": "0"},
    "DeviceCgroupRules": {"DeviceCgroupRules": ["c 7:* rwm"]},
    "Devices": {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/a"}]},
    "GroupAdd": {"GroupAdd": ["5"]},
    "Init": {"Init": True},
    "IpcMode": {"IpcMode": "host"},
    "MaskedPaths": {"MaskedPaths": ["/x"]},
    "Memory": {"Memory": 64 << 20},
    "MemoryReservation": {"MemoryReservation": 32 << 20},
    "MemorySwap": {"Memory": 64 << 20, "MemorySwap": 65 << 20},
    "MemorySwappiness": {"MemorySwappiness": 5},
    "Mounts": {"Mounts": [{"Type": "tmpfs", "Target": "/a"}]},
    "NanoCpus": {"NanoCpus": 500_000_000},
    "OomKillDisable": {"Memory": 64 << 20, "OomKillDisable": True},
    "OomScoreAdj": {"OomScoreAdj": 500},
    "PidMode": {"PidMode": "host"},
    "PidsLimit": {"PidsLimit": 7},
    "Privileged": {"Privileged": True},
    "ReadonlyPaths": {"ReadonlyPaths": ["/x"]},
    "ReadonlyRootfs": {"ReadonlyRootfs": True},
    "SecurityOpt": {"SecurityOpt": ["no-new-privileges"]},
    "Sysctls": {"Sysctls": {"kernel.msgmax": "1024"}},
    "Tmpfs": {"Tmpfs": {"/a": ""}},
    "UTSMode": {"UTSMode": "host"},
    "Ulimits": {"Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 10}]},
}
REFUSED: Final[dict[str, Any]] = {
    "Cgroup": "x",
    "CpuCount": 1,
    "DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}],
    "IOMaximumBandwidth": 1,
    "IOMaximumIOps": 1,
    "Isolation": "hyperv",
    "UsernsMode": "private",
}
# What others see of it, and the test that shows that.
ELSEWHERE: Final = {
    "AutoRemove": "conformance/test_survival.py",
    "BlkioDeviceReadBps": "unit/engine/bundle/test_resources.py",
    "BlkioDeviceReadIOps": "unit/engine/creation/test_requests.py",
    "BlkioDeviceWriteBps": "unit/engine/creation/test_requests.py",
    "BlkioDeviceWriteIOps": "unit/engine/bundle/test_resources.py",
    "BlkioWeight": "unit/engine/bundle/test_resources.py",
    "BlkioWeightDevice": "unit/engine/bundle/test_resources.py",
    "CgroupParent": "unit/engine/bundle/test_resources.py",
    "ConsoleSize": "unit/engine/bundle/test_bundle.py",
    "ContainerIDFile": "unit/engine/creation/test_requests.py",  # the client writes it
    "CpuPercent": "unit/engine/creation/test_requests.py",
    "CpuRealtimePeriod": "unit/engine/creation/test_requests.py",
    "CpuRealtimeRuntime": "unit/engine/creation/test_requests.py",
    "Dns": "unit/engine/networks/test_etc_files.py",
    "DnsOptions": "unit/engine/networks/test_etc_files.py",
    "DnsSearch": "unit/engine/networks/test_etc_files.py",
    "ExtraHosts": "unit/engine/networks/test_etc_files.py",
    "KernelMemoryTCP": "unit/engine/creation/test_requests.py",
    "Links": "unit/engine/networks/test_links.py",
    "LogConfig": "conformance/test_survival.py",
    "NetworkMode": "unit/engine/bundle/test_namespaces.py",
    "PortBindings": "conformance/test_network_matrix.py",
    "PublishAllPorts": "unit/engine/creation/test_requests.py",
    "RestartPolicy": "unit/engine/running/test_restart.py",
    "Runtime": "unit/engine/creation/test_requests.py",
    "ShmSize": "unit/engine/creation/test_requests.py",
    "StorageOpt": "vm/test_storage_limits.py",
    "VolumeDriver": "unit/engine/creation/test_requests.py",
    "VolumesFrom": "unit/engine/bundle/test_sharing.py",
}


def test_no_field_of_host_config_is_forgotten() -> None:
    described = set(DEFINITIONS["HostConfig"]["properties"])
    tables = (set(IN_BUNDLE), set(REFUSED), set(ELSEWHERE))
    assert set.union(*tables) == described
    assert sum(map(len, tables)) == len(described)


@pytest.mark.parametrize("field", ELSEWHERE)
def test_what_is_shown_elsewhere(field: str) -> None:
    assert field in (TESTS / ELSEWHERE[field]).read_text()


def config_of(host_config: dict[str, Any]) -> Any:
    return make_config(inputs_of(make(hc=host_config)))


@pytest.mark.parametrize("field", IN_BUNDLE)
def test_what_the_runtime_is_told(field: str) -> None:
    without = {name: value for name, value in IN_BUNDLE[field].items() if name != field}
    assert config_of(IN_BUNDLE[field]) != config_of(without)


@pytest.mark.parametrize("field", REFUSED)
def test_what_is_refused(field: str) -> None:
    with pytest.raises(SeacanError):
        make(hc={field: REFUSED[field]})
