import json
import os
from pathlib import Path
from typing import Any

import pytest

from seacan.cli import flags
from seacan.cli.container_flags import CONTAINER_FLAGS
from seacan.cli.container_request import container_request
from seacan.cli.flags import FlagError
from seacan.errors import InvalidArgument


def request(*words: str) -> dict[str, Any]:
    values, arguments = flags.parse(CONTAINER_FLAGS, words, stop_at_argument=True)
    image, *command = arguments or ["busybox"]
    return dict(container_request(values, image, command))


def host(*words: str) -> dict[str, Any]:
    """Return HostConfig without what every request has."""
    config = request(*words)["HostConfig"]
    assert config.pop("NetworkMode") == "default"
    return dict(config)


def test_request_without_flags_has_what_the_daemon_cannot_know() -> None:
    assert request("busybox", "echo", "-n", "hi") == {
        "Image": "busybox",
        "Cmd": ["echo", "-n", "hi"],
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {"NetworkMode": "default"},
    }


@pytest.mark.parametrize(
    ("words", "attached"),
    [
        ((), (False, True, True)),
        (("-i",), (True, True, True)),
        (("-a", "stdin"), (True, False, False)),
        (("-a", "stdout"), (False, True, False)),
        (("-i", "-a", "stderr"), (True, False, True)),
        (("-a", "STDIN", "-a", "STDOUT"), (True, True, False)),
    ],
)
def test_attached_streams(words: tuple[str, ...], attached: tuple[bool, ...]) -> None:
    made = request(*words)
    assert tuple(made[f"Attach{name}"] for name in ("Stdin", "Stdout", "Stderr")) == attached


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (("-h", "box"), "Hostname", "box"),
        (("-u", "1:2"), "User", "1:2"),
        (("-w", "/x"), "WorkingDir", "/x"),
        (("--entrypoint", "sh"), "Entrypoint", ["sh"]),
        (("--entrypoint=",), "Entrypoint", [""]),
        (("--stop-signal", "INT"), "StopSignal", "INT"),
        (("--stop-timeout", "0"), "StopTimeout", 0),
        (("-e", "A=1", "-e", "B="), "Env", ["A=1", "B="]),
        (("-l", "a=b=c", "--label", "d"), "Labels", {"a": "b=c", "d": ""}),
        (
            ("--expose", "80", "--expose", "90-91/UDP"),
            "ExposedPorts",
            {"80/tcp": {}, "90/udp": {}, "91/udp": {}},
        ),
        (("-v", "/anonymous"), "Volumes", {"/anonymous": {}}),
        (("--no-healthcheck",), "Healthcheck", {"Test": ["NONE"]}),
        (
            ("--health-cmd", "true", "--health-interval", "2s"),
            "Healthcheck",
            {
                "Test": ["CMD-SHELL", "true"],
                "Interval": 2 * 10**9,
                "Timeout": 0,
                "StartPeriod": 0,
                "StartInterval": 0,
                "Retries": 0,
            },
        ),
        (
            ("--network", "a", "--network", "b"),
            "NetworkingConfig",
            {"EndpointsConfig": {"a": {}, "b": {}}},
        ),
    ],
)
def test_configuration(words: tuple[str, ...], key: str, value: object) -> None:
    assert request(*words)[key] == value


@pytest.mark.parametrize(
    ("words", "config"),
    [
        (("-m", "64m", "--memory-swap", "-1"), {"Memory": 64 << 20, "MemorySwap": -1}),
        (("--cpus", "1.5"), {"NanoCpus": 1_500_000_000}),
        (("--pids-limit", "-1"), {"PidsLimit": -1}),
        (("--memory-swappiness", "0"), {"MemorySwappiness": 0}),
        (
            ("--cap-add", "net_admin", "--cap-add", "CAP_KILL", "--cap-drop", "kill"),
            {"CapAdd": ["CAP_KILL", "CAP_NET_ADMIN"]},
        ),
        (("--cap-add", "ALL", "--cap-drop", "kill"), {"CapAdd": ["ALL"], "CapDrop": ["CAP_KILL"]}),
        (
            ("--mount", "type=tmpfs,dst=/a", "--mount", "type=bind,src=/b,dst=/c,ro"),
            {
                "Mounts": [
                    {"Type": "tmpfs", "Target": "/a"},
                    {"Type": "bind", "Source": "/b", "Target": "/c", "ReadOnly": True},
                ]
            },
        ),
        (
            ("--device-read-bps", "/dev/vda:1m", "--device-write-iops", "/dev/vda:5"),
            {
                "BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": 1 << 20}],
                "BlkioDeviceWriteIOps": [{"Path": "/dev/vda", "Rate": 5}],
            },
        ),
        (
            ("--blkio-weight-device", "/dev/vda:50"),
            {"BlkioWeightDevice": [{"Path": "/dev/vda", "Weight": 50}]},
        ),
        (("--rm", "--privileged"), {"AutoRemove": True, "Privileged": True}),
        (("--read-only",), {"ReadonlyRootfs": True}),
        (("--init",), {"Init": True}),
        (("--init=false",), {"Init": False}),
        (("--ulimit", "nofile=1:2"), {"Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}]}),
        (("--tmpfs", "/a", "--tmpfs", "/b:size=1m,ro"), {"Tmpfs": {"/a": "", "/b": "size=1m,ro"}}),
        (("--restart", "no"), {}),
        (
            ("--restart", "on-failure:3"),
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
        ),
        (("--runtime", "runc"), {"Runtime": "runc"}),
        (
            ("--log-driver", "json-file", "--log-opt", "max-size=1m"),
            {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}},
        ),
        (("--security-opt", "no-new-privileges"), {"SecurityOpt": ["no-new-privileges"]}),
        (("--security-opt", "seccomp:unconfined"), {"SecurityOpt": ["seccomp:unconfined"]}),
        (("--security-opt", "seccomp=builtin"), {"SecurityOpt": ["seccomp=builtin"]}),
        (
            ("--security-opt", "systempaths=unconfined"),
            {"MaskedPaths": [], "ReadonlyPaths": []},
        ),
        (("--sysctl", "net.x=1"), {"Sysctls": {"net.x": "1"}}),
        (("--pid", "host", "--uts", "host"), {"PidMode": "host", "UTSMode": "host"}),
        (("-v", "/a:/b:ro", "-v", "name:/c"), {"Binds": ["/a:/b:ro", "name:/c"]}),
        (("-v", "/a:/b", "-v", "/a:/b"), {"Binds": ["/a:/b"]}),
        (("--storage-opt", "size=1g"), {"StorageOpt": {"size": "1g"}}),
        (("--add-host", "a=::1"), {"ExtraHosts": ["a:::1"]}),
    ],
)
def test_host_configuration(words: tuple[str, ...], config: dict[str, object]) -> None:
    assert host(*words) == config


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("/dev/x", ("/dev/x", "/dev/x", "rwm")),
        ("/dev/x:r", ("/dev/x", "/dev/x", "r")),
        ("/dev/x:/dev/y", ("/dev/x", "/dev/y", "rwm")),
        ("/dev/x:/dev/y:rw", ("/dev/x", "/dev/y", "rw")),
    ],
)
def test_devices(text: str, device: tuple[str, str, str]) -> None:
    keys = ("PathOnHost", "PathInContainer", "CgroupPermissions")
    assert host("--device", text) == {"Devices": [dict(zip(keys, device, strict=True))]}


def test_relative_source_is_this_processs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert host("-v", "./a/../b:/c", "-v", ".:/d")["Binds"] == [
        f"{tmp_path}/b:/c",
        f"{tmp_path}:/d",
    ]


def test_seccomp_profile_is_sent_instead_of_its_path(tmp_path: Path) -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile, indent=8))
    option = host("--security-opt", f"seccomp={path}")["SecurityOpt"][0]
    assert option == 'seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}'


def test_files_come_before_flags(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "SEACAN_TEST", "here")
    variables = tmp_path / "env"
    variables.write_text("\ufeff# note\n\nA=1 # kept\n  B=x=y\r\nSEACAN_TEST\nSEACAN_NONE\nC=\n")
    labels = tmp_path / "labels"
    labels.write_text("a=1\nb\n")
    made = request(
        *("-e", "A=2", "--env-file", str(variables)),
        *("-l", "a=2", "--label-file", str(labels)),
    )
    assert made["Env"] == ["A=1 # kept", "B=x=y", "SEACAN_TEST=here", "C=", "A=2"]
    assert made["Labels"] == {"a": "2", "b": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"=x\n", "no variable name on line '=x'"),
        (b"A B=x\n", "variable 'A B' contains whitespaces"),
        (b"A\xff=x\n", "can't decode byte 0xff"),
    ],
)
def test_broken_files_of_variables(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "env"
    path.write_bytes(content)
    with pytest.raises(InvalidArgument) as raised:
        request("--env-file", str(path))
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rm", "--restart", "always"), "cannot specify both --restart and --rm"),
        (("--restart", "always:x"), "maximum retry count must be an integer"),
        (("--security-opt", "foo"), 'Invalid --security-opt: "foo"'),
        (("--security-opt", "seccomp=/none"), "(/none) failed: open /none: no such file"),
        (("--env-file", "/none"), "open /none: no such file or directory"),
        (("--memory-swappiness", "101"), "Valid memory swappiness range is 0-100"),
        (("--no-healthcheck", "--health-cmd", "x"), "conflicts with --health-* options"),
        (("--health-retries", "-1"), "--health-retries cannot be negative"),
        (("--log-driver", "none", "--log-opt", "a=b"), "invalid logging opts for driver none"),
        (("--storage-opt", "x"), "invalid storage option"),
        (("--device", "x:foo"), "foo is not an absolute path"),
        (("--device", "/x:/y:z"), "bad mode specified: z"),
        (("--device", ":/y"), "bad format for path: :/y"),
        (("-v", ""), "invalid empty volume spec"),
        (("-v", "/a:/b:ro:x"), "too many colons"),
        (("-v", "/a:"), "empty section between colons"),
        (("--pid", "x"), "--pid: invalid PID mode"),
        (("--pid", "container:"), "--pid: invalid PID mode"),
        (("--userns", "x"), "--userns: invalid USER mode"),
        (("--cgroupns", "x"), "--cgroupns: invalid CGROUP mode"),
    ],
)
def test_flags_that_make_no_request(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        request(*words)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("flag", "text", "message"),
    [
        ("--device-read-bps", "zz", "bad format: zz"),
        ("--device-read-bps", "vda:1m", "bad format for device path: vda:1m"),
        ("--device-read-bps", "/dev/vda:-1", "invalid rate for device: /dev/vda:-1"),
        ("--device-write-iops", "/dev/vda:1m", "invalid rate for device: /dev/vda:1m"),
        ("--blkio-weight-device", "/dev/vda:5", "invalid weight for device: /dev/vda:5"),
        ("--mount", "x", "invalid field 'x' must be a key=value pair"),
        ("--expose", "90-80", "invalid range specified for port: 90-80"),
        ("--expose", "zz", "invalid range format for --expose: zz"),
    ],
)
def test_wrong_texts_of_devices_and_ports(flag: str, text: str, message: str) -> None:
    with pytest.raises((InvalidArgument, FlagError)) as raised:
        request(flag, text)
    assert message in str(raised.value)
