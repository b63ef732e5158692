"""Requests that make containers: whole ones, and each field with values that make no sense."""

from typing import Any, Final

from tests.conformance.asked.ask import Ask

_NONE: Final = {"NetworkMode": "none"}

# dockerd, or the runtime under it, looks at these when the container starts.
_EARLY: Final = "refused when it is created, not when it starts"


def _create(body: Any, query: str = "?name={free}", known: str = "") -> Ask:
    return Ask("POST", f"/containers/create{query}", body, known=known)


# Fields of HostConfig.
_HOST: Final[list[dict[str, Any]]] = [
    {"Memory": 1},
    {"MemorySwap": 1 << 30},
    {"Memory": 64 << 20, "MemorySwap": 1 << 20},
    {"MemorySwappiness": 200},
    {"MemoryReservation": 1},
    {"MemoryReservation": -1},
    {"NanoCpus": -1},
    {"NanoCpus": 1, "CpuQuota": 1},
    {"NanoCpus": 10**15},
    {"CpuPeriod": 1},
    {"CpuQuota": 1},
    {"CpusetCpus": "999"},
    {"CpusetCpus": "x"},
    {"CpusetMems": "x"},
    {"ShmSize": -1},
    {"OomScoreAdj": 5000},
    {"RestartPolicy": {"Name": "nosuch"}},
    {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
    {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -1}},
    {"RestartPolicy": {"Name": "always"}, "AutoRemove": True},
    {"IpcMode": "nosuch"},
    {"IpcMode": "container:{missing}"},
    {"PidMode": "nosuch"},
    {"PidMode": "container:{missing}"},
    {"UTSMode": "nosuch"},
    {"CgroupnsMode": "nosuch"},
    {"NetworkMode": "container:{missing}"},
    {"LogConfig": {"Type": "json-file", "Config": {"nosuch": "1"}}},
    {"Runtime": "nosuch"},
    {"CapAdd": ["NOSUCH"]},
    {"CapAdd": "NOSUCH"},
    {"CapAdd": "NET_ADMIN"},
    {"SecurityOpt": ["nosuch"]},
    {"SecurityOpt": ["nosuch=x"]},
    {"Binds": ["x"]},
    {"Binds": ["/a:b"]},
    {"Binds": ["/a:/b:nosuch"]},
    {"Binds": ["/a:/b:ro:rw"]},
    {"Binds": ["/etc:/a", "/tmp:/a"]},
    {"Tmpfs": {"t": ""}},
    {"Mounts": [{"Type": "nosuch", "Target": "/a"}]},
    {"Mounts": [{"Type": "bind", "Target": "/a"}]},
    {"Mounts": [{"Type": "bind", "Source": "/nosuch/source", "Target": "/a"}]},
    {"Mounts": [{"Type": "bind", "Source": "x", "Target": "/a"}]},
    {"Mounts": [{"Type": "tmpfs", "Source": "x", "Target": "/a"}]},
    {"Mounts": [{"Type": "tmpfs", "Target": ""}]},
    {"VolumesFrom": ["{missing}"]},
    {"VolumesFrom": ["{missing}:x"]},
    {"ExtraHosts": ["nosuch"]},
    {"ConsoleSize": [24, 80]},
    {"Isolation": "hyperv"},
    {"Privileged": True, "UsernsMode": "host"},
    {"KernelMemory": 64 << 20},
    {"PidsLimit": -1},
    {"OomKillDisable": True},
    {"PortBindings": {"80/tcp": None}},
    {"PortBindings": {"80/tcp": [None]}},
    {"Tmpfs": {"/t": None}},
    {"ConsoleSize": []},
    {"Links": [None]},
    {"Mounts": [None]},
]  # fmt: skip

_HOST_EARLY: Final[list[dict[str, Any]]] = [
    {"SecurityOpt": ["seccomp=x"]},
    {"Tmpfs": {"/t": "nosuch=1"}},
    {"Sysctls": {"kernel.nosuch": "1"}},
    {"Ulimits": [{"Name": "nosuch", "Soft": 1, "Hard": 1}]},
    {"Ulimits": [{"Name": "nofile", "Soft": 2, "Hard": 1}]},
    {"Dns": ["x"]},
    {"DeviceCgroupRules": ["x"]},
    {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x",
                  "CgroupPermissions": "x"}]},
    {"DeviceRequests": [{"Driver": "nosuch"}]},
    {"UsernsMode": "nosuch"},
]  # fmt: skip

# Wrong types: how one is told of is each decoder's own.
_WRONG: Final[list[dict[str, Any]]] = [
    {"Image": 5},
    {"Hostname": True},
    {"Env": "A=1"},
    {"StopTimeout": "5"},
    {"Labels": ["a"]},
    {"ExposedPorts": {"80/tcp": []}},
    {"Volumes": {"/v": "x"}},
    {"Healthcheck": {"Interval": "5s"}},
    {"HostConfig": []},
    {"HostConfig": {"Memory": "64m"}},
    {"HostConfig": {"Memory": 1.5}},
    {"HostConfig": {"Memory": 1 << 63}},
    {"HostConfig": {"PidsLimit": True}},
    {"HostConfig": {"Binds": {"/a": "/b"}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": 80}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": {"HostPort": "80"}}}},
    {"HostConfig": {"RestartPolicy": "always"}},
    {"HostConfig": {"Mounts": [{"Type": "tmpfs", "Target": "/t",
                                "TmpfsOptions": {"SizeBytes": "1m"}}]}},
    {"HostConfig": {"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/t",
                                "BindOptions": {"NonRecursive": "x"}}]}},
    {"HostConfig": {"DeviceRequests": [{"Count": "all"}]}},
    {"HostConfig": {"BlkioDeviceReadBps": [{"Path": "/dev/null", "Rate": True}]}},
    {"NetworkingConfig": {"EndpointsConfig": {"none": {"Aliases": "a"}}}},
]  # fmt: skip

CREATE: Final = [
    _create({"Image": "{image}", "HostConfig": _NONE}),
    _create({"Image": "{image}", "HostConfig": _NONE}, "?name={running}"),
    _create({"Image": "{image}"}, "?name=a"),
    _create({"Image": "{image}"}, "?name=-x"),
    _create({"Image": "{image}"}, "?name=a/b"),
    _create({"Image": "{missing}"}),
    _create({"Image": "{image}"}, "?name={free}&platform=x/y/z/w"),
    _create({"Image": "{image}"}, "?name={free}&platform=linux/s390x"),
    _create({}),
    _create(None),
    _create({"Image": "UPPER"}),
    _create({"Image": "{image}", "Hostname": "-x-" * 30}, known=_EARLY),
    _create({"Image": "{image}", "WorkingDir": "relative"}),
    _create({"Image": "{image}", "StopSignal": "NOSUCH"}),
    _create({"Image": "{image}", "Env": ["=x"]}),
    _create({"Image": "{image}", "ExposedPorts": {"x/tcp": {}}}),
    _create({"Image": "{image}", "Healthcheck": {"Test": ["NOSUCH"], "Interval": 1}}),
    _create({"Image": "{image}", "Healthcheck": {"Interval": 1}}),
    _create({"Image": "{image}", "HostConfig": _NONE, "Labels": {"a": None}, "Cmd": [None]}),
    _create({"Image": "{image}", "HostConfig": _NONE, "ExposedPorts": {"80/tcp": None}}),
    _create({"Image": "{image}", "HostConfig": _NONE, "Env": [None]}),
    _create({"Image": "{image}", "HostConfig": _NONE, "MacAddress": "02:42:00:00:00:01"}),
    _create({"Image": "{image}", "Healthcheck": {"Retries": -1}}),
    _create({"Image": "{image}", "HostConfig": _NONE, "Shell": "sh", "Entrypoint": "a b"}),
    _create({"Image": "{image}", "HostConfig": _NONE, "ExposedPorts": {"80/tcp": {"x": 1}}}),
    *[_create({"Image": "{image}", "HostConfig": _NONE | host}) for host in _HOST],
    *[_create({"Image": "{image}", "HostConfig": _NONE | host}, known=_EARLY)
      for host in _HOST_EARLY],
    *[_create({"Image": "{image}", "HostConfig": _NONE} | wrong) for wrong in _WRONG],
]  # fmt: skip
