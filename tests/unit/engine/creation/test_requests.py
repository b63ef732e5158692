import json
from typing import Any

import pytest
from tests.unit.engine.hosts import BUSYBOX, CONTAINER_ID, HOST_V2, PATH, make

from seacan.engine.creation.requests import command
from seacan.errors import InvalidArgument, SeacanError, Unsupported
from seacan.spec.image import ExecutionConfig

BIND = {"Type": "bind", "Source": "/tmp", "Target": "/a"}

# What dockerd 28.5.2 says to the same request (asked, not remembered), and our class of error.
# Docker answers some of them when the container is started, or with status 500.
REFUSED_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"Cmd": None, "Entrypoint": [""]}, "no command specified"),
    ({"WorkingDir": "x"}, "the working directory 'x' is invalid, it needs to be an absolute path"),
    ({"StopSignal": "FOO"}, "invalid signal: FOO"),
    ({"StopSignal": "0"}, "invalid signal: 0"),
    ({"StopSignal": "999"}, "the linux daemon does not support signal 999"),
    ({"Env": ["=x"]}, "invalid environment variable: =x"),
    ({"Env": [""]}, "invalid environment variable: "),
    ({"Hostname": "h" * 65}, f"invalid hostname: {'h' * 65!r}"),
    ({"Hostname": "a\n1.2.3.4 registry"}, r"invalid hostname: 'a\n1.2.3.4 registry'"),
    ({"Domainname": "x y"}, "invalid domain name: 'x y'"),
    ({"Cmd": ["a\0b"]}, "invalid Cmd: it has a character that cannot be there"),
    ({"Labels": {"a\0": "b"}}, "invalid name in Labels: it has a character that cannot be there"),
    ({"StopTimeout": 2**63}, "invalid StopTimeout: 9223372036854775808 is out of range"),
]

REFUSED_HOST_CONFIG: list[tuple[dict[str, Any], str]] = [
    ({"AutoRemove": True, "RestartPolicy": {"Name": "always"}},
     "can't create 'AutoRemove' container with restart policy"),
    ({"RestartPolicy": {"Name": "foo"}},
     "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', "
     "or 'unless-stopped'"),
    ({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
     "invalid restart policy: maximum retry count can only be used with 'on-failure'"),
    ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -3}},
     "invalid restart policy: maximum retry count cannot be negative"),
    ({"Isolation": "foo"}, "invalid isolation (foo): linux only supports 'default'"),
    ({"IOMaximumIOps": 3},
     "invalid option: QoS maximum IOPs configuration is not supported on linux"),
    ({"IOMaximumBandwidth": 3},
     "invalid option: QoS maximum bandwidth configuration is not supported on linux"),
    ({"Annotations": {"": "x"}},
     "invalid Annotations: the empty string is not permitted as an annotation key"),
    ({"IpcMode": "foo"}, "invalid IPC mode: foo"),
    ({"PidMode": "foo"}, "invalid PID mode: foo"),
    ({"PidMode": "container:"}, "invalid PID mode: container:"),
    ({"UTSMode": "foo"}, "invalid UTS mode: foo"),
    ({"CgroupnsMode": "foo"}, "invalid cgroup namespace mode: foo"),
    ({"NetworkMode": "container:"},
     "invalid network mode: invalid container format container:<name|id>"),
    ({"CpuRealtimePeriod": 5, "CpuRealtimeRuntime": 10},
     "cpu real-time runtime cannot be higher than cpu real-time period"),
    ({"CpuRealtimePeriod": -5}, "cpu real-time period and runtime cannot be negative"),
    ({"KernelMemoryTCP": -5}, "invalid KernelMemoryTCP: -5"),
    ({"ExtraHosts": ["a"]}, 'bad format for add-host: "a"'),
    ({"ExtraHosts": [":1.2.3.4"]}, 'bad format for add-host: ":1.2.3.4"'),
    ({"ExtraHosts": ["a:"]}, 'invalid IP address in add-host: ""'),
    ({"ExtraHosts": ["a:[::1]"]}, 'invalid IP address in add-host: "[::1]"'),
    ({"ExtraHosts": ["a:fe80::1%eth0"]}, 'invalid IP address in add-host: "fe80::1%eth0"'),
    ({"PortBindings": {"x/tcp": []}}, 'invalid port specification: "x"'),
    ({"PortBindings": {"80/foo": []}}, "invalid port protocol: foo"),
    ({"PortBindings": {"80": [{"HostPort": "99999"}]}}, 'invalid port specification: "99999"'),
    ({"PortBindings": {"80": [{"HostIp": "zz"}]}}, "invalid IP address: zz"),
    ({"ExtraHosts": ["a\n6.6.6.6 bank:1.2.3.4"]},
     'invalid ExtraHosts: "a\\n6.6.6.6 bank:1.2.3.4": a control character'),
    ({"Dns": ["1.1.1.1\nx"]}, 'invalid Dns: "1.1.1.1\\nx": a control character'),
    ({"DnsSearch": ["a\nb"]}, 'invalid DnsSearch: "a\\nb": a control character'),
    ({"DnsOptions": ["a\rb"]}, 'invalid DnsOptions: "a\\rb": a control character'),
    ({"Dns": ["x"]}, "bad nameserver address x: unable to parse IP"),
    ({"ShmSize": -1}, "SHM size can not be less than 0"),
    ({"OomScoreAdj": -1001}, "Invalid value -1001, range for oom score adj is [-1000, 1000]"),
    ({"ConsoleSize": [1]}, "invalid ConsoleSize: [1]"),
    ({"Runtime": "foo"}, "unknown or invalid runtime name: foo"),
    ({"CapAdd": ["foo"]}, 'invalid CapAdd: unknown capability: "CAP_FOO"'),
    ({"CapDrop": ["bar"]}, 'invalid CapDrop: unknown capability: "CAP_BAR"'),
    ({"CapAdd": ["sys_resource"]},
     "invalid CapAdd: capability not supported by your kernel or not available in the current "
     'environment: "CAP_SYS_RESOURCE"'),
    ({"SecurityOpt": ["foo"]}, 'invalid --security-opt 1: "foo"'),
    ({"SecurityOpt": ["foo=bar"]}, 'invalid --security-opt 2: "foo=bar"'),
    ({"SecurityOpt": ["no-new-privileges=zz"]},
     'invalid --security-opt 2: "no-new-privileges=zz"'),
    ({"Sysctls": {"foo": "1"}}, 'sysctl "foo" is not in a separate kernel namespace'),
    ({"Devices": [{"PathOnHost": "null"}]}, "invalid device path: 'null' must be absolute"),
    ({"DeviceCgroupRules": ["foo"]}, "invalid device cgroup rule format: 'foo'"),
    ({"LogConfig": {"Config": {"foo": "x"}}}, "unknown log opt 'foo' for json-file log driver"),
    ({"Mounts": [BIND], "Binds": ["/tmp:/a"]}, "Duplicate mount point: /a"),
]  # fmt: skip

UNSUPPORTED: list[tuple[dict[str, Any], str]] = [
    *(
        ({"HostConfig": {name: value}}, f"HostConfig.{name} is not supported")
        for name, value in {
            "CpuCount": 2,
            "Cgroup": "x",
        }.items()
    ),
    ({"HostConfig": {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu", "x"], ["y"]]}]}},
     'could not select device driver "" with capabilities: [[gpu x] [y]]'),
    ({"HostConfig": {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["a/b=c"]}]}},
     "CDI device injection failed: unresolvable CDI devices a/b=c"),
    ({"HostConfig": {"UsernsMode": "private"}}, "HostConfig.UsernsMode private is not supported"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "message"), REFUSED_FIELDS)
def test_wrong_fields_are_refused_in_dockers_words(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make(**fields)
    assert str(caught.value) == message


@pytest.mark.parametrize(("host_config", "message"), REFUSED_HOST_CONFIG)
def test_wrong_host_config_is_refused_in_dockers_words(
    host_config: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make(hc=host_config)
    assert str(caught.value) == message


@pytest.mark.parametrize(("request_", "message"), UNSUPPORTED)
def test_what_is_not_done_is_refused_and_named(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        make(**request_)
    assert str(caught.value) == message


def test_hostname_conflicts_with_the_hosts_uts_namespace() -> None:
    with pytest.raises(InvalidArgument, match="conflicting options: hostname and the UTS mode"):
        make(Hostname="x", hc={"UTSMode": "host"})
    assert make(hc={"UTSMode": "host"}).config["Hostname"] == CONTAINER_ID[:12]


# Recorded from docker 28.2.2: `docker create busybox true`.
DOCKER_CLI = json.loads(
    """{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,
    "AttachStderr":true,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":["true"],
    "Image":"busybox","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{},
    "HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},
    "NetworkMode":"default","PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},
    "AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,
    "CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,
    "GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"",
    "Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,
    "UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,
    "CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],
    "BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,
    "CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"",
    "Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,
    "MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],
    "CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,
    "ReadonlyPaths":null},"NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,
    "Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"",
    "EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"",
    "GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}}"""
)


def test_what_the_docker_cli_sends_for_nothing_in_particular_is_accepted() -> None:
    normalised = make(**DOCKER_CLI)
    assert normalised.warnings == []
    assert normalised.host_config == {
        **make().host_config,
        # Docker, too, echoes an empty list as it came.
        **{name: [] for name in ("Dns", "DnsOptions", "DnsSearch", "Devices", "Ulimits")},
        **{name: value for name, value in DOCKER_CLI["HostConfig"].items() if "Blkio" in name},
        "PortBindings": {},
    }


def test_a_minimal_request_is_filled_as_docker_inspects_it() -> None:
    normalised = make(Cmd=["sleep", "1000"])
    assert (normalised.path, normalised.args) == ("sleep", ["1000"])
    assert normalised.config == {
        "Hostname": "390f8ae98a18",
        "Domainname": "",
        "User": "",
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": [PATH],
        "Cmd": ["sleep", "1000"],
        "Image": "busybox",
        "Volumes": None,
        "WorkingDir": "",
        "Entrypoint": None,
        "OnBuild": None,
        "Labels": {},
    }
    host_config = normalised.host_config
    assert len(host_config) == 63  # as many as dockerd 28.5.2 shows
    assert host_config["NetworkMode"] == "none"
    assert host_config["IpcMode"] == "private"
    assert host_config["CgroupnsMode"] == "host"
    assert host_config["ShmSize"] == 67108864
    assert host_config["Runtime"] == "seacan"
    assert host_config["LogConfig"] == {"Type": "json-file", "Config": {}}
    assert host_config["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert host_config["OomKillDisable"] is False
    assert (host_config["MaskedPaths"] or [])[-1:] == ["/sys/devices/virtual/powercap"]
    assert (host_config["ReadonlyPaths"] or [])[:1] == ["/proc/bus"]
    assert host_config["MemorySwappiness"] is None


def test_with_cgroup_v2_the_namespace_is_private_and_there_is_no_oom_switch() -> None:
    host_config = make(host=HOST_V2, hc={"OomKillDisable": False}).host_config
    assert host_config["CgroupnsMode"] == "private"
    assert host_config["OomKillDisable"] is None


def test_a_privileged_container_has_no_masks_and_no_label() -> None:
    host_config = make(hc={"Privileged": True}).host_config
    assert host_config["MaskedPaths"] is None
    assert host_config["ReadonlyPaths"] is None
    assert host_config["SecurityOpt"] == ["label=disable"]


def test_empty_lists_of_paths_are_a_wish_for_none() -> None:
    host_config = make(hc={"MaskedPaths": [], "ReadonlyPaths": []}).host_config
    assert (host_config["MaskedPaths"], host_config["ReadonlyPaths"]) == ([], [])


def test_ports_are_discarded_with_the_hosts_network() -> None:
    normalised = make(hc={"NetworkMode": "host", "PortBindings": {"80/tcp": [{"HostPort": "80"}]}})
    assert normalised.config["Hostname"] == "vm"
    assert normalised.warnings == ["Published ports are discarded when using host network mode"]


# Image's entry point and command; the request's; what is executed. As dockerd does.
COMMANDS: list[tuple[Any, Any, Any, Any, list[str]]] = [
    (None, ["sh"], None, None, ["sh"]),
    (None, ["sh"], None, ["ls", "-l"], ["ls", "-l"]),
    (None, ["sh"], None, [], ["sh"]),
    (["init"], ["sh"], None, None, ["init", "sh"]),
    (["init"], ["sh"], None, ["ls"], ["init", "ls"]),
    (["init"], ["sh"], ["run"], None, ["run"]),
    (["init"], ["sh"], ["run"], ["ls"], ["run", "ls"]),
    (["init"], ["sh"], [], None, ["sh"]),
    (["init"], ["sh"], [""], ["ls"], ["ls"]),
    (None, ["sh"], None, [""], [""]),
]


@pytest.mark.parametrize(("image_entry", "image_cmd", "entry", "cmd", "executed"), COMMANDS)
def test_entrypoint_and_command_follow_dockers_rules(
    image_entry: Any, image_cmd: Any, entry: Any, cmd: Any, executed: list[str]
) -> None:
    image: ExecutionConfig = {"Entrypoint": image_entry, "Cmd": image_cmd}
    config = make(image, Entrypoint=entry, Cmd=cmd).config
    assert command(config) == executed


def test_the_request_lies_over_the_image_by_name() -> None:
    image: ExecutionConfig = {
        "Cmd": ["sh"],
        "Env": [PATH, "A=image", "B=image"],
        "Labels": {"a": "image", "b": "image"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "User": "daemon",
        "WorkingDir": "/srv",
        "StopSignal": "SIGQUIT",
    }
    normalised = make(
        image, Env=["A=mine"], Labels={"a": "mine"}, ExposedPorts={"22/tcp": {}}, WorkingDir="/x/.."
    )
    config = normalised.config
    assert config["Env"] == ["A=mine", PATH, "B=image"]
    assert config["Labels"] == {"a": "mine", "b": "image"}
    assert config["ExposedPorts"] == {"80/tcp": {}, "22/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert config["User"] == "daemon"
    assert config["WorkingDir"] == "/"
    assert config["StopSignal"] == "SIGQUIT"


def test_an_image_is_no_more_trusted_than_a_request() -> None:
    with pytest.raises(InvalidArgument, match="invalid Env: it has a character that cannot be"):
        make({**BUSYBOX, "Env": ["A=\0"]})
    with pytest.raises(InvalidArgument, match="invalid signal: FOO"):
        make({**BUSYBOX, "StopSignal": "FOO"})


def test_the_health_check_is_the_images_where_the_request_says_nothing() -> None:
    image: ExecutionConfig = {**BUSYBOX, "Healthcheck": {"Test": ["CMD", "true"], "Retries": 2}}
    assert make(image).config["Healthcheck"] == {"Test": ["CMD", "true"], "Retries": 2}
    own = make(image, Healthcheck={"Retries": 5}).config["Healthcheck"]
    assert own == {"Test": ["CMD", "true"], "Retries": 5}
    none = make(image, Healthcheck={"Test": ["NONE"]}).config["Healthcheck"]
    assert none is not None
    assert none["Test"] == ["NONE"]


def test_a_restart_policy_is_shown_whole() -> None:
    policy = make(hc={"RestartPolicy": {"Name": "always"}}).host_config["RestartPolicy"]
    assert policy == {"Name": "always", "MaximumRetryCount": 0}


@pytest.mark.parametrize(
    "host_config",
    [
        {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"]},
        {"SecurityOpt": ["label=disable", "no-new-privileges:true", "writable-cgroups=false"]},
        {"CapAdd": ["ALL"], "CapDrop": ["net_admin", "CAP_MKNOD"]},
        {"IpcMode": "shareable", "PidMode": "host", "CgroupnsMode": "private"},
        {"Sysctls": {"kernel.shmmax": "1", "net.core.somaxconn": "10", "fs.mqueue.msg_max": "5"}},
        {"LogConfig": {"Type": "none"}},
        {"Runtime": "runc", "AutoRemove": True, "Init": True, "GroupAdd": ["7"]},
    ],
)
def test_what_seacan_does_is_accepted_and_kept(host_config: dict[str, Any]) -> None:
    shown = make(hc=host_config).host_config
    assert {name: shown[name] for name in host_config if name != "LogConfig"} == {  # type: ignore[literal-required]
        name: value for name, value in host_config.items() if name != "LogConfig"
    }


def test_an_apparmor_profile_where_there_is_no_apparmor() -> None:
    with pytest.raises(Unsupported, match="apparmor=mine: AppArmor is not enabled here"):
        make(hc={"SecurityOpt": ["apparmor=mine"]})


def test_every_refusal_is_one_line() -> None:
    requests: list[dict[str, Any]] = [fields for fields, _ in [*REFUSED_FIELDS, *UNSUPPORTED]]
    for fields in requests:
        with pytest.raises(SeacanError) as caught:
            make(**fields)
        assert "\n" not in str(caught.value)
