"""What the API refuses: each operation and each reason, with dockerd's status and sentence."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.docker_cli import Engine
from tests.conformance.stage import Stage

from seacan.images import platforms

pytestmark = [pytest.mark.root, pytest.mark.conformance]

REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/containers/nope/start", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/stop", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/restart", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/kill", None, 404,
     "cannot kill container: nope: No such container: nope"),
    ("POST", "/containers/nope/pause", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/unpause", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/rename?name=x", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/rename?name=", None, 400,
     "Neither old nor new names may be empty"),
    ("POST", "/containers/nope/wait", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/resize?h=1&w=1", None, 404, "No such container: nope"),
    ("POST", "/containers/nope/kill?signal=NOPE", None, 400,
     "cannot kill container: nope: invalid signal: NOPE"),
    ("POST", "/containers/nope/kill?signal=99", None, 400,
     "cannot kill container: nope: the linux daemon does not support signal 99"),
    ("POST", "/containers/nope/update", {"Memory": 8388608}, 404, "No such container: nope"),
    ("POST", "/containers/nope/exec", {"Cmd": ["x"]}, 404, "No such container: nope"),
    ("GET", "/containers/nope/json", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/top", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/changes", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/logs?stdout=1", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/logs", None, 400,
     "Bad parameters: you must choose at least one stream"),
    ("GET", "/containers/nope/stats?stream=0", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/export", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/archive?path=/x", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/archive", None, 400, "bad parameter: pathcannot be empty"),
    ("GET", "/containers/nope/archive?path=", None, 400, "bad parameter: pathcannot be empty"),
    ("GET", "/containers/nope/attach/ws", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/stats?stream=1&one-shot=1", None, 404, "No such container: nope"),
    ("PUT", "/containers/nope/archive?path=/x", b"", 404, "No such container: nope"),
    ("PUT", "/containers/nope/archive", b"", 400, "bad parameter: pathcannot be empty"),
    ("DELETE", "/containers/nope", None, 404, "No such container: nope"),
    ("DELETE", "/containers/nope?force=1", None, 404, "No such container: nope"),
    ("POST", "/commit?container=nope", {}, 404, "No such container: nope"),
    ("POST", "/commit", {}, 400, 'invalid name or ID supplied: ""'),
    ("POST", "/containers/CREATED/kill", None, 409,
     "cannot kill container: CREATED: container CREATED is not running"),
    ("POST", "/containers/CREATED/pause", None, 409, "container CREATED is not running"),
    ("POST", "/containers/CREATED/unpause", None, 500, "Container CREATED is not paused"),
    ("POST", "/containers/CREATED/resize?h=1&w=1", None, 409, "container CREATED is not running"),
    ("POST", "/containers/CREATED/exec", {"Cmd": ["x"]}, 409, "container CREATED is not running"),
    ("GET", "/containers/CREATED/top", None, 409, "container CREATED is not running"),
    ("POST", "/containers/CREATED/stop", None, 304, ""),
    ("POST", "/containers/EXITED/kill", None, 409,
     "cannot kill container: EXITED: container EXITED is not running"),
    ("POST", "/containers/EXITED/pause", None, 409, "container EXITED is not running"),
    ("POST", "/containers/EXITED/unpause", None, 500, "Container EXITED is not paused"),
    ("POST", "/containers/EXITED/resize?h=1&w=1", None, 409, "container EXITED is not running"),
    ("POST", "/containers/EXITED/exec", {"Cmd": ["x"]}, 409, "container EXITED is not running"),
    ("GET", "/containers/EXITED/top", None, 409, "container EXITED is not running"),
    ("POST", "/containers/EXITED/stop", None, 304, ""),
    ("POST", "/containers/PAUSED/pause", None, 409, "Container PAUSED is already paused"),
    ("POST", "/containers/PAUSED/start", None, 409,
     "cannot start a paused container, try unpause instead"),
    ("POST", "/containers/PAUSED/exec", {"Cmd": ["x"]}, 409,
     "Container PAUSED is paused, unpause the container before exec"),
    ("DELETE", "/containers/PAUSED", None, 409,
     'cannot remove container "PAUSED": container is paused and must be unpaused first'),
    ("POST", "/containers/RUNNING/start", None, 304, ""),
    ("POST", "/containers/RUNNING/unpause", None, 500, "Container RUNNING is not paused"),
    ("DELETE", "/containers/RUNNING", None, 409,
     'cannot remove container "RUNNING": container is running: stop the container before '
     "removing or force remove"),
    ("GET", "/containers/RUNNING/top?ps_args=-o%20comm", None, 500,
     "Couldn't find PID field in ps output"),
    ("POST", "/containers/RUNNING/kill?signal=NOPE", None, 400,
     "cannot kill container: RUNNING: invalid signal: NOPE"),
    ("POST", "/containers/RUNNING/kill?signal=99", None, 400,
     "cannot kill container: RUNNING: the linux daemon does not support signal 99"),
    ("POST", "/containers/RUNNING/rename?name=NAME_OF_RUNNING", None, 400,
     "Renaming a container with the same name as its current name"),
    ("POST", "/containers/RUNNING/rename?name=NAME_OF_CREATED", None, 409,
     'Error when allocating new name: Conflict. The container name "/NAME_OF_CREATED" is '
     'already in use by container "CREATED". You have to remove (or rename) that '
     "container to be able to reuse that name."),
    ("POST", "/containers/RUNNING/rename?name=a/b", None, 400,
     "Error when allocating new name: Invalid container name (/a/b), only "
     "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ("POST", "/containers/RUNNING/rename?name=-x", None, 400,
     "Error when allocating new name: Invalid container name (/-x), only "
     "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ("POST", "/containers/RUNNING/wait?condition=x", None, 400, 'invalid condition: "x"'),
    ("POST", "/containers/RUNNING/resize?h=x&w=1", None, 400,
     'invalid resize height "x": invalid syntax'),
    ("POST", "/containers/RUNNING/resize?h=1&w=x", None, 400,
     'invalid resize width "x": invalid syntax'),
    ("POST", "/containers/RUNNING/update", {"Memory": 1}, 400,
     "Minimum memory limit allowed is 6MB"),
    ("POST", "/containers/RUNNING/update", {"RestartPolicy": {"Name": "x"}}, 400,
     "invalid restart policy: unknown policy 'x'; use one of 'no', 'always', "
     "'on-failure', or 'unless-stopped'"),
    ("POST", "/containers/RUNNING/update",
     {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -1}}, 400,
     "invalid restart policy: maximum retry count cannot be negative"),
    ("POST", "/containers/RUNNING/update",
     {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 1}}, 400,
     "invalid restart policy: maximum retry count can only be used with 'on-failure'"),
    ("POST", "/containers/RUNNING/update", {"PidsLimit": 5, "NanoCpus": 1, "CpuPeriod": 5}, 400,
     "Conflicting options: Nano CPUs and CPU Period cannot both be set"),
    ("GET", "/containers/RUNNING/archive?path=/nope", None, 404,
     "Could not find the file /nope in container RUNNING"),
    ("PUT", "/containers/RUNNING/archive?path=/nope", b"", 404,
     "Could not find the file /nope in container RUNNING"),
    ("PUT", "/containers/RUNNING/archive?path=/etc/passwd", b"", 400,
     "extraction point is not a directory"),
    ("POST", "/containers/RUNNING/exec", {}, 400, "No exec command specified"),
    ("POST", "/containers/RUNNING/exec", {"Cmd": ["x"], "User": "nosuch"}, 400,
     "unable to find user nosuch: no matching entries in passwd file"),
    ("POST", "/containers/RUNNING/exec", None, 400, "No exec command specified"),
    ("POST", "/exec/nope/start", {}, 404, "No such exec instance: nope"),
    ("POST", "/exec/nope/resize?h=1&w=1", None, 404, "No such exec instance: nope"),
    ("GET", "/exec/nope/json", None, 404, "No such exec instance: nope"),
    ("POST", "/exec/nope/resize?h=1", None, 400, 'invalid resize width "": invalid syntax'),
    ("POST", "/exec/EXEC/start", {"Detach": True}, 409, "exec command EXEC has already run"),
    ("POST", "/containers/create", None, 400, "invalid JSON: got EOF while reading request body"),
    ("POST", "/containers/create", {}, 400,
     "config cannot be empty in order to create a container"),
    ("POST", "/containers/create", {"Image": "nosuch"}, 404, "No such image: nosuch:latest"),
    ("POST", "/containers/create?name=-x", {"Image": "busybox"}, 400,
     "Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ("POST", "/containers/create?name=NAME_OF_RUNNING", {"Image": "busybox"}, 409,
     'Conflict. The container name "/NAME_OF_RUNNING" is already in use by container '
     '"RUNNING". You have to remove (or rename) that container to be able to reuse that '
     "name."),
    ("POST", "/containers/create?name=/", {"Image": "busybox"}, 400,
     "Invalid container name (/), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ("POST", "/containers/create?platform=linux/s390x", {"Image": "busybox"}, 404,
     "image with reference busybox was found but its platform (linux/amd64) does not "
     "match the specified platform (linux/s390x)"),
    ("POST", "/containers/create?platform=linux/s390x", {"Image": "busybox"}, 404,
     f"image with reference busybox was found but its platform ({platforms.host()}) does not match "
     "the specified platform (linux/s390x)"),
    ("POST", "/containers/create", {"Image": "UPPER"}, 400,
     "invalid reference format: repository name (library/UPPER) must be lowercase"),
    ("POST", "/containers/prune?filters=x", None, 400, "invalid filter"),
    ("POST", '/containers/prune?filters={"nope":["a"]}', None, 400, "invalid filter 'nope'"),
    ("POST", '/containers/prune?filters={"until":["x"]}', None, 400,
     'failed to parse value as time or duration: "x"'),
    ("GET", '/containers/json?filters={"nope":["a"]}', None, 400, "invalid filter 'nope'"),
    ("GET", '/containers/json?filters={"status":["x"]}', None, 400,
     "invalid filter 'status=x': invalid value for state (x): must be one of created, "
     "running, paused, restarting, removing, exited, dead"),
    ("GET", '/containers/json?filters={"health":["x"]}', None, 400,
     "invalid filter 'health=x': invalid value for health (x): must be one of none, "
     "starting, healthy, unhealthy"),
    ("GET", '/containers/json?filters={"before":["nope"]}', None, 404, "No such container: nope"),
    ("GET", '/containers/json?filters={"since":["nope"]}', None, 404, "No such container: nope"),
    ("GET", '/containers/json?filters={"is-task":["x"]}', None, 400,
     "invalid filter 'is-task=[x]'"),
    ("GET", "/containers/json?filters=x", None, 400, "invalid filter"),
    ("GET", "/events?filters=x", None, 400, "invalid filter"),
    ("GET", "/events?since=5&until=3", None, 400,
     "`since` time (5) cannot be after `until` time (3)"),
    ("GET", "/events?since=x", None, 500, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ("GET", "/events?until=1.x", None, 500, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ("GET", "/system/df?type=x", None, 400, "unknown object type: x"),
    ("GET", "/v1.99/info", None, 400,
     "client version 1.99 is too new. Maximum supported API version is 1.51"),
    ("GET", "/nosuch", None, 404, "page not found"),
    ("PUT", "/info", None, 404, "page not found"),
]  # fmt: skip

# To create a container of busybox with this in its HostConfig.
REFUSED_HOST_CONFIG: list[tuple[dict[str, Any], int, str]] = [
    ({"PidMode": "container:nope"}, 400, "No such container: nope"),
    ({"VolumesFrom": ["nope"]}, 400, "No such container: nope"),
    ({"AutoRemove": True, "RestartPolicy": {"Name": "always"}}, 400,
     "can't create 'AutoRemove' container with restart policy"),
    ({"Binds": ["/a:/b", "/c:/b"]}, 400, "Duplicate mount point: /b"),
    ({"Mounts": [{"Type": "bind", "Source": "/nope/x", "Target": "/x"}]}, 400,
     'invalid mount config for type "bind": bind source path does not exist: /nope/x'),
    ({"Memory": 1}, 400, "Minimum memory limit allowed is 6MB"),
    ({"LogConfig": {"Type": "nosuch"}}, 400,
     'error looking up logging plugin nosuch: plugin "nosuch" not found'),
    ({"Runtime": "nosuch"}, 400, "unknown or invalid runtime name: nosuch"),
    ({"CapAdd": ["NOSUCH"]}, 400, 'invalid CapAdd: unknown capability: "CAP_NOSUCH"'),
    ({"IpcMode": "nosuch"}, 400, "invalid IPC mode: nosuch"),
    ({"RestartPolicy": {"Name": "nosuch"}}, 400,
     "invalid restart policy: unknown policy 'nosuch'; use one of 'no', 'always', "
     "'on-failure', or 'unless-stopped'"),
]  # fmt: skip

# To create a container of busybox with this in its Config.
REFUSED_CONFIG: list[tuple[dict[str, Any], int, str]] = [
    ({"Env": ["=x"]}, 400, "invalid environment variable: =x"),
    ({"WorkingDir": "rel"}, 400,
     "the working directory 'rel' is invalid, it needs to be an absolute path"),
    ({"Healthcheck": {"Test": ["CMD", "x"], "Interval": 1}}, 400,
     "Interval in Healthcheck cannot be less than 1ms"),
]  # fmt: skip

# What dockerd blames itself for, with a status of 500 and the same sentence: here it is the client.
OWN_STATUS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/containers/RUNNING/stop?signal=NOPE", None, 400,
     "cannot stop container: RUNNING: invalid signal: NOPE"),
    ("POST", "/containers/RUNNING/restart?signal=NOPE", None, 400,
     "Cannot restart container RUNNING: invalid signal: NOPE"),
    ("POST", "/containers/RUNNING/exec", {"Cmd": ["x"], "DetachKeys": "nope"}, 400,
     "Invalid escape keys (nope) provided"),
    ("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Binds": ["/a:b"]}}, 400,
     "invalid volume specification: '/a:b': invalid mount config for type \"bind\": "
     "invalid mount path: 'b' mount path must be absolute"),
    ("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"SecurityOpt": ["x"]}}, 400,
     'invalid --security-opt 1: "x"'),
]  # fmt: skip


@pytest.fixture(scope="module")
def stage(engine: Engine) -> Iterator[Stage]:
    stage = Stage(engine.host)
    yield stage
    stage.close()


@pytest.mark.parametrize(("method", "path", "body", "status", "sentence"), REFUSED)
def test_refused(
    stage: Stage, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answer = stage.ask(method, path, body)

    assert answer.status == status
    if status == 304:
        assert answer.body == b""
        return
    assert answer.headers["content-type"] == "application/json"
    assert stage.blank(answer.message) == sentence


@pytest.mark.parametrize(("changes", "status", "sentence"), REFUSED_HOST_CONFIG)
def test_refused_in_a_host_config(
    stage: Stage, changes: dict[str, Any], status: int, sentence: str
) -> None:
    body = {"Image": "busybox", "HostConfig": changes}
    answer = stage.ask("POST", "/containers/create", body)
    assert (answer.status, answer.message) == (status, sentence)


@pytest.mark.parametrize(("changes", "status", "sentence"), REFUSED_CONFIG)
def test_refused_in_a_config(
    stage: Stage, changes: dict[str, Any], status: int, sentence: str
) -> None:
    answer = stage.ask("POST", "/containers/create", {"Image": "busybox", **changes})
    assert (answer.status, answer.message) == (status, sentence)


@pytest.mark.parametrize(("method", "path", "body", "status", "sentence"), OWN_STATUS)
def test_refused_as_the_clients_mistake(
    stage: Stage,
    engine: Engine,
    method: str,
    path: str,
    body: Any,
    status: int,
    sentence: str,
) -> None:
    answer = stage.ask(method, path, body)
    assert answer.status == (status if engine.daemon else 500)
    assert stage.blank(answer.message) == sentence
