from pathlib import Path
from typing import Any

import pytest
from tests.unit.compose.projects import project_of_text

from seacan.compose.model.notices import Notices
from seacan.compose.request import Making, container_request
from seacan.compose.unsupported import check_supported
from seacan.errors import InvalidArgument, Unsupported

BILLION = 1_000_000_000


def request(directory: Path, service: str, rest: str = "", **making: Any) -> dict[str, Any]:
    project = project_of_text(directory, f"services: {{a: {{image: x, {service}}}}}\n{rest}")
    making_of = Making("app-a-1", 1, "sha256:1", **making)
    return container_request(project, "a", project.services["a"], making_of)


def test_labels_are_docker_composes(tmp_path: Path) -> None:
    labels = request(tmp_path, "labels: {own: x}")["Labels"]
    prefix = "com.docker.compose."
    hashed = labels.pop(f"{prefix}config-hash")
    assert len(hashed) == 64
    assert labels == {
        "own": "x",
        f"{prefix}project": "app",
        f"{prefix}service": "a",
        f"{prefix}container-number": "1",
        f"{prefix}oneoff": "False",
        f"{prefix}image": "sha256:1",
        f"{prefix}depends_on": "",
        f"{prefix}version": "2.40.3",
        f"{prefix}project.working_dir": str(tmp_path),
        f"{prefix}project.config_files": str(tmp_path / "compose.yaml"),
    }


@pytest.mark.parametrize(
    ("service", "field", "value"),
    [
        ("command: echo a", "Cmd", ["echo", "a"]),
        ("environment: {B: 1, A: }", "Env", ["A", "B=1"]),
        ("stop_grace_period: 1m30s", "StopTimeout", 90),
        ("expose: [80, '81/udp']", "ExposedPorts", {"80/tcp": {}, "81/udp": {}}),
        ("healthcheck: {disable: true}", "Healthcheck", {"Test": ["NONE"]}),
        (
            "healthcheck: {test: t, interval: 2s, retries: 3}",
            "Healthcheck",
            {"Test": ["CMD-SHELL", "t"], "Retries": 3, "Interval": 2 * BILLION},
        ),
    ],
)
def test_config(tmp_path: Path, service: str, field: str, value: object) -> None:
    assert request(tmp_path, service)[field] == value


@pytest.mark.parametrize(
    ("service", "field", "value"),
    [
        ("cpus: 0.5", "NanoCpus", BILLION // 2),
        ("deploy: {resources: {limits: {cpus: '2', pids: 9}}}", "PidsLimit", 9),
        ("mem_limit: 1m", "Memory", 1024 * 1024),
        ("shm_size: 1k", "ShmSize", 1024),
        (
            "restart: 'on-failure:3'",
            "RestartPolicy",
            {"Name": "on-failure", "MaximumRetryCount": 3},
        ),
        (
            "deploy: {restart_policy: {condition: any}}",
            "RestartPolicy",
            {"Name": "always", "MaximumRetryCount": 0},
        ),
        ("tmpfs: ['/t', '/u:size=1m']", "Tmpfs", {"/t": "", "/u": "size=1m"}),
        ("extra_hosts: ['a:1.2.3.4']", "ExtraHosts", ["a:1.2.3.4"]),
        ("ulimits: {nofile: 5}", "Ulimits", [{"Name": "nofile", "Soft": 5, "Hard": 5}]),
        (
            "ports: ['127.0.0.1:80:81']",
            "PortBindings",
            {"81/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]},
        ),
        ("network_mode: host", "NetworkMode", "host"),
        ("volumes: ['/a:/b:ro,z']", "Binds", ["/a:/b:ro,z"]),
        (
            "volumes: [/b]",
            "Mounts",
            [
                {
                    "Type": "volume",
                    "Source": "",
                    "Target": "/b",
                    "ReadOnly": False,
                    "Consistency": "",
                    "VolumeOptions": {"NoCopy": False, "Subpath": "", "Labels": None},
                }
            ],
        ),
        ("security_opt: [systempaths=unconfined]", "MaskedPaths", []),
        ("privileged: true", "Privileged", True),
    ],
)
def test_host_config(tmp_path: Path, service: str, field: str, value: object) -> None:
    assert request(tmp_path, service)["HostConfig"][field] == value


def test_named_volumes(tmp_path: Path) -> None:
    made = request(tmp_path, "volumes: ['vol:/v']", "volumes: {vol: {}}")
    assert made["HostConfig"]["Binds"] == ["app_vol:/v:rw"]


def test_a_follower_has_the_anonymous_volumes(tmp_path: Path) -> None:
    old = {"Type": "volume", "Source": "abc", "Target": "/v", "ReadOnly": False}
    made = request(tmp_path, "volumes: [/v]", inherited={"/v": old})
    assert made["HostConfig"]["Mounts"] == [old]


def test_the_network_with_the_highest_priority_is_the_main_one(tmp_path: Path) -> None:
    made = request(
        tmp_path,
        "networks: {n1: {aliases: [x]}, n2: {priority: 5, ipv4_address: 10.0.0.2}}",
        "networks: {n1: , n2: }",
    )
    assert made["HostConfig"]["NetworkMode"] == "app_n2"
    endpoints = made["NetworkingConfig"]["EndpointsConfig"]
    assert endpoints["app_n1"]["Aliases"] == ["app-a-1", "a", "x"]
    assert endpoints["app_n2"]["IPAMConfig"]["IPv4Address"] == "10.0.0.2"


def test_files_of_secrets_and_configs_are_bound(tmp_path: Path) -> None:
    made = request(
        tmp_path,
        "secrets: [s], configs: [{source: c, target: /etc/c}]",
        "secrets: {s: {file: ./s}}\nconfigs: {c: {file: ./c}}",
    )
    mounts = {mount["Target"]: mount for mount in made["HostConfig"]["Mounts"]}
    assert mounts["/run/secrets/s"]["Source"] == str(tmp_path / "s")
    assert mounts["/etc/c"]["ReadOnly"] is True


def test_a_security_option_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match='invalid security-opt: "x"'):
        request(tmp_path, "security_opt: [x]")


def told(directory: Path, service: str, rest: str = "") -> list[str]:
    project = project_of_text(directory, f"services: {{a: {{image: x, {service}}}}}\n{rest}")
    texts: list[str] = []
    check_supported(project, Notices(texts.append))
    return texts


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("placement", "{constraints: [a]}"),
        ("endpoint_mode", "vip"),
    ],
)
def test_what_means_nothing_to_one_engine_is_told(tmp_path: Path, key: str, value: str) -> None:
    (text,) = told(tmp_path, f"deploy: {{{key}: {value}}}")
    assert text == f"services.a.deploy.{key}: means nothing to a single engine, and is ignored"
    assert told(tmp_path, "deploy: {mode: replicated, replicas: 2}") == []


def test_how_a_rollback_goes_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "deploy: {rollback_config: {parallelism: 1, delay: 1s}}") == []
    (text,) = told(tmp_path, "deploy: {rollback_config: {monitor: 1s}}")
    assert text.startswith("services.a.deploy.rollback_config.monitor: ignored")


def test_a_missing_secret_file_is_told(tmp_path: Path) -> None:
    texts = told(tmp_path, "secrets: [{source: s, uid: '5'}]", "secrets: {s: {file: ./nope}}")
    assert texts == [
        "services.a.secrets.s: uid, gid and mode of a file are its own",
        f"services.a.secrets.s: {tmp_path}/nope does not exist",
    ]


def test_what_would_make_another_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match=r"services\.a\.credential_spec: not supported"):
        told(tmp_path, "credential_spec: {file: x}")


def test_capabilities_have_their_whole_names(tmp_path: Path) -> None:
    host = request(tmp_path, "cap_add: [net_admin, CAP_KILL], cap_drop: [all, chown]")["HostConfig"]
    assert (host["CapAdd"], host["CapDrop"]) == (["CAP_KILL", "CAP_NET_ADMIN"], ["ALL"])
