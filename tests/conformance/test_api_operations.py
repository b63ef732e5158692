"""What the API does: each operation on containers, execs, events and the system.

A row names status, type of the content, and fields that are there; no type: there is no body. Each
test has containers of its own.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.docker_cli import Engine
from tests.conformance.stage import Stage

pytestmark = [pytest.mark.root, pytest.mark.conformance]

JSON = "application/json"
TAR = "application/x-tar"
TEXT = "text/plain; charset=utf-8"
RAW = "application/vnd.docker.raw-stream"
FRAMED = "application/vnd.docker.multiplexed-stream"

UPDATE = {"Memory": 64 << 20, "MemorySwap": 128 << 20}

OPERATIONS: list[tuple[str, str, Any, int, str | None, str]] = [
    ("GET", "/containers/CREATED/json", None, 200, JSON, "Id Created Path Args State Image Name "
     "ResolvConfPath HostnamePath HostsPath LogPath RestartCount Driver Platform MountLabel "
     "ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings"),
    ("GET", "/containers/EXITED/json?size=1", None, 200, JSON, "Id SizeRw SizeRootFs"),
    ("GET", "/containers/RUNNING/top", None, 200, JSON, "Titles Processes"),
    ("GET", "/containers/RUNNING/top?ps_args=aux", None, 200, JSON, "Titles Processes"),
    ("GET", "/containers/RUNNING/changes", None, 200, JSON, ""),
    ("GET", "/containers/EXITED/logs?stdout=1", None, 200, FRAMED, ""),
    ("GET", "/v1.41/containers/EXITED/logs?stdout=1", None, 200, RAW, ""),
    ("GET", "/containers/RUNNING/stats?stream=0", None, 200, JSON,
     "name id read preread pids_stats cpu_stats precpu_stats memory_stats blkio_stats num_procs "
     "storage_stats"),
    ("GET", "/containers/RUNNING/stats?stream=0&one-shot=1", None, 200, JSON, "cpu_stats"),
    ("GET", "/containers/CREATED/stats?stream=0", None, 200, JSON, "name id cpu_stats"),
    ("GET", "/containers/CREATED/export", None, 200, "application/octet-stream", ""),
    ("HEAD", "/containers/RUNNING/archive?path=/etc", None, 200, None, ""),
    ("HEAD", "/containers/CREATED/archive?path=/etc", None, 200, None, ""),
    ("HEAD", "/containers/RUNNING/archive?path=/nope", None, 404, JSON, ""),
    ("GET", "/containers/RUNNING/archive?path=/etc", None, 200, TAR, ""),
    ("GET", "/containers/EXITED/archive?path=/etc/passwd", None, 200, TAR, ""),
    ("PUT", "/containers/RUNNING/archive?path=/tmp", bytes(1024), 200, None, ""),
    ("PUT", "/containers/EXITED/archive?path=/tmp", bytes(1024), 200, None, ""),
    ("POST", "/containers/CREATED/start", None, 204, None, ""),
    ("POST", "/containers/EXITED/start", None, 204, None, ""),
    ("POST", "/containers/RUNNING/start", None, 304, None, ""),
    ("POST", "/containers/RUNNING/stop?t=0", None, 204, None, ""),
    ("POST", "/containers/RUNNING/stop?t=0&signal=KILL", None, 204, None, ""),
    ("POST", "/containers/PAUSED/stop?t=0", None, 204, None, ""),
    ("POST", "/containers/RUNNING/restart?t=0", None, 204, None, ""),
    ("POST", "/containers/EXITED/restart", None, 204, None, ""),
    ("POST", "/containers/CREATED/restart", None, 204, None, ""),
    ("POST", "/containers/RUNNING/kill", None, 204, None, ""),
    ("POST", "/containers/RUNNING/kill?signal=CONT", None, 204, None, ""),
    ("POST", "/containers/PAUSED/kill", None, 204, None, ""),
    ("POST", "/containers/RUNNING/pause", None, 204, None, ""),
    ("POST", "/containers/PAUSED/unpause", None, 204, None, ""),
    ("POST", "/containers/CREATED/rename?name=NAME_OF_EXITED-2", None, 204, None, ""),
    ("POST", "/containers/RUNNING/update", {}, 200, JSON, "Warnings"),
    ("POST", "/containers/RUNNING/update", UPDATE, 200, JSON, "Warnings"),
    ("POST", "/containers/CREATED/update", UPDATE, 200, JSON, "Warnings"),
    ("POST", "/containers/RUNNING/resize?h=24&w=80", None, 200, None, ""),
    ("POST", "/containers/EXITED/wait", None, 200, JSON, "StatusCode"),
    ("POST", "/containers/CREATED/wait", None, 200, JSON, "StatusCode"),
    ("POST", "/containers/EXITED/attach?logs=1&stdout=1", None, 200, RAW, ""),
    ("POST", "/containers/RUNNING/exec", {"Cmd": ["true"]}, 201, JSON, "Id"),
    ("POST", "/containers/RUNNING/exec", {"Cmd": ["id"], "User": "1:2"}, 201, JSON, "Id"),
    ("GET", "/exec/EXEC/json", None, 200, JSON, "ID Running ExitCode ProcessConfig OpenStdin "
     "OpenStderr OpenStdout CanRemove ContainerID DetachKeys Pid"),
    ("DELETE", "/containers/CREATED", None, 204, None, ""),
    ("DELETE", "/containers/EXITED?v=1", None, 204, None, ""),
    ("DELETE", "/containers/RUNNING?force=1", None, 204, None, ""),
    ("DELETE", "/containers/PAUSED?force=1", None, 204, None, ""),
    ("POST", '/containers/prune?filters={"label":["seacan.test.none"]}', None, 200, JSON,
     "ContainersDeleted SpaceReclaimed"),
    ("GET", "/containers/json", None, 200, JSON, ""),
    ("GET", "/events?since=0&until=1", None, 200, JSON, ""),
    ("GET", "/system/df", None, 200, JSON, "LayersSize Images Containers Volumes BuildCache"),
    ("GET", "/system/df?type=container", None, 200, JSON, "Containers"),
    ("GET", "/info", None, 200, JSON, "ID Containers ContainersRunning ContainersPaused "
     "ContainersStopped Images Driver LoggingDriver CgroupDriver CgroupVersion Runtimes "
     "DefaultRuntime SecurityOptions Swarm ServerVersion Name NCPU MemTotal DockerRootDir"),
    ("GET", "/version", None, 200, JSON, "Platform Components Version ApiVersion MinAPIVersion "
     "GitCommit GoVersion Os Arch KernelVersion"),
    ("GET", "/_ping", None, 200, TEXT, ""),
    ("HEAD", "/_ping", None, 200, TEXT, ""),
]  # fmt: skip

# Fields whose values a state has, in GET /containers/{id}/json.
STATES: list[tuple[str, dict[str, Any]]] = [
    ("CREATED", {"Status": "created", "Running": False, "Pid": 0, "ExitCode": 0,
                 "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z"}),
    ("RUNNING", {"Status": "running", "Running": True, "Paused": False, "Restarting": False,
                 "OOMKilled": False, "Dead": False, "ExitCode": 0, "Error": "",
                 "FinishedAt": "0001-01-01T00:00:00Z"}),
    ("PAUSED", {"Status": "paused", "Running": True, "Paused": True, "ExitCode": 0}),
    ("EXITED", {"Status": "exited", "Running": False, "Pid": 0, "ExitCode": 3, "Error": ""}),
]  # fmt: skip


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    stage = Stage(engine.host)
    yield stage
    stage.close()


@pytest.mark.parametrize(("method", "path", "body", "status", "kind", "fields"), OPERATIONS)
def test_done(
    stage: Stage, method: str, path: str, body: Any, status: int, kind: str | None, fields: str
) -> None:
    answer = stage.ask(method, path, body)

    assert (answer.status, answer.headers.get("content-type")) == (status, kind)
    assert kind or not answer.body
    if fields:
        assert set(fields.split()) - answer.json.keys() == set()


@pytest.mark.parametrize(("state", "fields"), STATES)
def test_a_state_is_shown(stage: Stage, state: str, fields: dict[str, Any]) -> None:
    shown = stage.ask("GET", f"/containers/{state}/json").json["State"]
    assert {name: shown[name] for name in fields} == fields
