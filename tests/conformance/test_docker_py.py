"""The Docker SDK for Python: the life of a container, as its users write it."""

import contextlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.conformance.docker_cli import Engine

pytestmark = [
    pytest.mark.root,
    pytest.mark.conformance,
    # The SDK leaves connections that it has streamed from to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("garbage_of_docker_py"),
]


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    with contextlib.closing(docker.DockerClient(base_url=engine.host)) as client:
        yield client


@pytest.fixture
def sleeper(client: Any, tmp_path: Path) -> Iterator[Any]:
    container = client.containers.run(
        "busybox", ["sleep", "1000"], detach=True, network_mode="none",
        volumes={str(tmp_path): {"bind": "/gate"}},
    )  # fmt: skip
    yield container
    container.remove(force=True)


# docker-py loses output that comes before it has read the head of the answer.
_HEARD = "until rm /gate/open 2>/dev/null; do sleep 0.02; done; "


@pytest.fixture
def heard(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let execs go on behind _HEARD when their client listens."""
    take = client.api._get_raw_response_socket

    def take_and_open(response: Any) -> Any:
        stream = take(response)
        (tmp_path / "open").touch()
        return stream

    monkeypatch.setattr(client.api, "_get_raw_response_socket", take_and_open)


def test_ping_and_version(client: Any) -> None:
    assert client.ping()
    assert client.version()["ApiVersion"]
    assert client.info()["OSType"] == "linux"


def test_run_and_collect(client: Any) -> None:
    out = client.containers.run("busybox", ["sh", "-c", "echo hi"], remove=True)
    assert out == b"hi\n"
    with pytest.raises(docker.errors.ContainerError) as failed:
        client.containers.run("busybox", ["sh", "-c", "echo no >&2; exit 3"], remove=True)
    assert (failed.value.exit_status, failed.value.stderr) == (3, b"no\n")


def test_create_start_wait_logs_remove(client: Any) -> None:
    script = ["sh", "-c", "echo out; echo err >&2; exit 4"]
    container = client.containers.create("busybox", script, environment={"A": "1"})
    assert container.status == "created"
    container.start()
    assert container.wait()["StatusCode"] == 4
    assert container.logs(stderr=False) == b"out\n"
    assert container.logs(stdout=False) == b"err\n"
    container.reload()
    assert container.status == "exited"
    container.remove()
    with pytest.raises(docker.errors.NotFound):
        client.containers.get(container.id)


@pytest.mark.usefixtures("heard")
def test_exec_run(sleeper: Any) -> None:
    def run(script: str, **options: Any) -> Any:
        return sleeper.exec_run(["sh", "-c", f"{_HEARD}{script}"], **options)

    assert run("echo $A; exit 5", environment={"A": "1"}) == (5, b"1\n")
    assert run("echo a; echo b >&2", demux=True).output == (b"a\n", b"b\n")
    assert b"".join(run("seq 3", stream=True).output) == b"1\n2\n3\n"


def test_exec_socket(client: Any, sleeper: Any) -> None:
    exec_id = client.api.exec_create(sleeper.id, ["cat"], stdin=True)["Id"]
    socket = client.api.exec_start(exec_id, socket=True)
    socket._sock.sendall(b"words")
    assert _read(socket, 8 + 5) == b"\x01\0\0\0\0\0\0\x05words"
    socket._sock.close()
    socket.close()


def _read(stream: Any, size: int) -> bytes:
    """Return so many bytes, in whatever pieces they come."""
    data = b""
    while len(data) < size and (piece := stream.read(size - len(data))):
        data += piece
    return data


def test_attach(client: Any) -> None:
    script = ["sh", "-c", "read x; echo got $x"]
    container = client.containers.create("busybox", script, stdin_open=True)
    try:
        stream = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        container.start()
        stream._sock.sendall(b"it\n")
        assert _read(stream, 8 + 7) == b"\x01\0\0\0\0\0\0\x07got it\n"
        assert container.wait()["StatusCode"] == 0
        stream._sock.close()
        stream.close()
    finally:
        container.remove(force=True)


def test_follow_logs(client: Any) -> None:
    script = ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done"]
    container = client.containers.run("busybox", script, detach=True)
    try:
        assert b"".join(container.logs(stream=True, follow=True)) == b"1\n2\n3\n"
    finally:
        container.remove(force=True)


def test_stop_kill_restart(sleeper: Any) -> None:
    sleeper.restart(timeout=0)
    sleeper.reload()
    assert sleeper.status == "running"
    sleeper.kill()
    assert sleeper.wait()["StatusCode"] == 137
    sleeper.start()
    start = time.monotonic()
    sleeper.stop(timeout=0)
    assert time.monotonic() - start < 10


def test_pause_and_unpause(client: Any, sleeper: Any) -> None:
    sleeper.pause()
    sleeper.reload()
    assert sleeper.status == "paused"
    assert sleeper in client.containers.list(filters={"status": "paused"})
    with pytest.raises(docker.errors.APIError, match="is already paused"):
        sleeper.pause()
    sleeper.unpause()
    sleeper.reload()
    assert sleeper.status == "running"


def test_rename_update_top(client: Any, sleeper: Any) -> None:
    name = f"{sleeper.name}-new"
    sleeper.rename(name)
    assert client.containers.get(name).id == sleeper.id
    answer = sleeper.update(cpu_shares=300, mem_limit="64m", memswap_limit="128m")
    assert not answer["Warnings"]
    sleeper.reload()
    host_config = sleeper.attrs["HostConfig"]
    assert (host_config["CpuShares"], host_config["Memory"]) == (300, 67108864)
    found = sleeper.top(ps_args="-eo pid,args")
    assert found["Titles"] == ["PID", "COMMAND"]
    assert found["Processes"] == [[str(sleeper.attrs["State"]["Pid"]), "sleep 1000"]]


def test_stats(client: Any, sleeper: Any) -> None:
    once = sleeper.stats(stream=False)
    assert once["precpu_stats"]["system_cpu_usage"] < once["cpu_stats"]["system_cpu_usage"]
    assert once["memory_stats"]["limit"] > once["memory_stats"]["usage"] > 0
    shot = client.api.stats(sleeper.id, stream=False, one_shot=True)
    assert shot["pids_stats"]["current"] == 1
    stream = sleeper.stats(decode=True)
    first, second = next(stream), next(stream)
    assert first["read"] == second["preread"]
    assert second["cpu_stats"]["online_cpus"] >= 1
    stream.close()


def test_prune(client: Any, sleeper: Any) -> None:
    ended = client.containers.create("busybox", ["true"], labels={"seacan.test.prune": sleeper.id})
    answer = client.containers.prune(filters={"label": f"seacan.test.prune={sleeper.id}"})
    assert answer == {"ContainersDeleted": [ended.id], "SpaceReclaimed": 0}
    assert client.containers.prune(filters={"label": "seacan.test.none"}) == {
        "ContainersDeleted": None,
        "SpaceReclaimed": 0,
    }


def test_list_and_names(client: Any, sleeper: Any) -> None:
    assert sleeper in client.containers.list()
    assert client.containers.get(sleeper.name).id == sleeper.id
    found = client.containers.list(filters={"id": sleeper.id})
    assert [container.id for container in found] == [sleeper.id]


def test_images(client: Any) -> None:
    image = client.images.get("busybox:latest")
    assert "busybox:latest" in image.tags
    assert image.id in [listed.id for listed in client.images.list()]
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("nosuch:1")


def test_a_network_named_alone_is_the_only_one(client: Any) -> None:
    """As of the low-level API's examples, which say nothing of a mode."""
    name = f"seacan-test-{secrets.token_hex(6)}"
    network = client.networks.create(name)
    try:
        endpoints = client.api.create_networking_config({name: client.api.create_endpoint_config()})
        command = ["ip", "-o", "-4", "addr"]
        made = client.api.create_container("busybox", command, networking_config=endpoints)
        try:
            client.api.start(made)
            client.api.wait(made)
            assert client.api.logs(made).count(b"eth") == 2  # the name, and the label, of one
            shown = client.api.inspect_container(made)
            assert list(shown["NetworkSettings"]["Networks"]) == [name]
        finally:
            client.api.remove_container(made, force=True)
    finally:
        network.remove()


def test_errors(client: Any) -> None:
    with pytest.raises(docker.errors.ImageNotFound):
        client.containers.create("nosuch:1")
    container = client.containers.create("busybox", ["nosuchcommand"])
    try:
        with pytest.raises(docker.errors.APIError, match="executable file not found"):
            container.start()
    finally:
        container.remove()
