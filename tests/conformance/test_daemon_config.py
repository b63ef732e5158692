"""daemon.json on a daemon that runs: what containers get of it, and what SIGHUP changes."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SAID: dict[str, Any] = {
    "labels": ["rack=7"],
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 77, "Hard": 88}},
    "default-shm-size": "8m",
    "no-new-privileges": True,
    "init": True,
    "dns": ["192.0.2.53"],
    "dns-search": ["example.org"],
    "log-opts": {"max-size": "1m"},
    "live-restore": True,
    "registry-mirrors": ["http://127.0.0.1:9"],
}


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    path = tmp_path_factory.mktemp("configuration") / "daemon.json"
    path.write_text(json.dumps(SAID))
    narrow = f"unix://{path.parent}/read.sock?access=read"
    with running_daemon("--config-file", str(path), "-H", narrow) as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def wrapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runtime that notes its first two flags, and goes on as runc."""
    path = tmp_path_factory.mktemp("runtime") / "noting-runc"
    path.write_text(f'#!/bin/sh\necho "$1 $2" >>{path}.flags\nshift 2\nexec runc "$@"\n')
    path.chmod(0o755)
    return path


def info(daemon: Daemon) -> Any:
    return daemon.request("GET", "/info")[1]


def test_containers_get_what_the_file_says(daemon: Daemon) -> None:
    script = "ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status; df -k /dev/shm | tail -1"
    soft, hard, privileges, shm = daemon.output(script).splitlines()
    assert (soft, hard, privileges.split()[1], shm.split()[1]) == ("77", "88", "1", "8192")
    names = daemon.output("cat /proc/1/comm; cat /etc/resolv.conf", NetworkMode="bridge")
    assert names.splitlines()[0] == "docker-init"
    assert "nameserver 192.0.2.53" in names
    assert "search example.org" in names


def test_what_a_container_asks_for_counts(daemon: Daemon) -> None:
    ulimits = [{"Name": "nofile", "Soft": 5, "Hard": 50}]
    options = ["no-new-privileges=false"]
    script = "ulimit -Sn; grep NoNewPrivs /proc/self/status"
    found = daemon.output(script, Ulimits=ulimits, SecurityOpt=options).split()
    assert (found[0], found[-1]) == ("5", "0")


def test_it_is_read_anew_at_sighup(daemon: Daemon) -> None:
    path = Path(daemon.flags[1])
    assert info(daemon)["Labels"] == ["rack=7"]
    path.write_text(json.dumps({**SAID, "labels": ["rack=8"], "debug": True, "mtu": 1400}))
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: info(daemon)["Labels"] == ["rack=8"], "the new labels")
    assert info(daemon)["Debug"] is True
    wait_until(lambda: "configuration is reloaded" in daemon.log.read_text(), "its word")
    assert 'msg="these need a restart" keys=mtu' in daemon.log.read_text()
    path.write_text("{")
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: "configuration is not reloaded" in daemon.log.read_text(), "its complaint")
    assert info(daemon)["Labels"] == ["rack=8"]
    path.write_text(json.dumps(SAID))


def test_the_docker_cli_on_a_socket_for_reading(daemon: Daemon) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    container = daemon.run("sleep 1000")

    def docker(*words: str) -> subprocess.CompletedProcess[str]:
        host = f"unix://{Path(daemon.flags[1]).parent}/read.sock"
        command = ["docker", "-H", host, *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)

    try:
        assert docker("ps", "-q", "--no-trunc").stdout == f"{container}\n"
        assert docker("inspect", "-f", "{{.State.Running}}", container).stdout == "true\n"
        for words in (("stop", container), ("exec", container, "true"), ("run", "busybox"),
                      ("logs", container), ("cp", f"{container}:/etc/passwd", "-")):  # fmt: skip
            done = docker(*words)
            assert done.returncode != 0
            assert "is not served on this socket" in done.stderr
        assert daemon.state(container)["Running"]
    finally:
        daemon.request("DELETE", f"/containers/{container}?force=1")


@pytest.mark.skipif(shutil.which("runc") is None, reason="there is no runc here")
def test_a_runtime_gets_its_flags(daemon: Daemon, wrapper: Path) -> None:
    flags = ["--first", "second=2"]
    runtimes = {"noting": {"path": str(wrapper), "runtimeArgs": flags}}
    path = Path(daemon.flags[1])
    path.write_text(json.dumps({**SAID, "runtimes": runtimes}))
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: "noting" in info(daemon)["Runtimes"], "the new runtime")
    assert info(daemon)["Runtimes"]["noting"] == runtimes["noting"]
    assert daemon.output("echo hello", Runtime="noting", Init=False) == "hello\n"
    assert set(Path(f"{wrapper}.flags").read_text().splitlines()) == {"--first second=2"}
    path.write_text(json.dumps(SAID))


def test_clients_of_an_experimental_daemon_offer_more(daemon: Daemon, tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN touch /a\nRUN touch /b\n")
    command = ["docker", "-H", daemon.host, "build", "-q", "--squash", str(tmp_path)]
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment, check=False, capture_output=True, text=True, timeout=120
        )

    refused = build()
    assert refused.returncode != 0
    assert "experimental" in refused.stderr
    daemon.stop()
    daemon.start("--experimental")
    done = build()
    assert done.returncode == 0, done.stderr
    layers = daemon.request("GET", f"/images/{done.stdout.strip()}/json")[1]["RootFS"]["Layers"]
    assert len(layers) == 2
    assert info(daemon)["ExperimentalBuild"] is True
    daemon.stop()
    daemon.start()


def test_containers_have_the_descriptors_that_the_daemon_began_with(busybox_tar: Path) -> None:
    """It takes all that it may have itself: a shell gives 1024, as many as there are clients."""
    with running_daemon(start_with=lambda _: ["prlimit", "--nofile=700:9000"]) as daemon:
        daemon.load(busybox_tar)
        limits = Path(f"/proc/{daemon.pid}/limits").read_text()
        (open_files,) = [line.split() for line in limits.splitlines() if "open files" in line]
        assert open_files[3:5] == ["9000", "9000"]
        assert daemon.output("ulimit -Sn; ulimit -Hn").split() == ["700", "9000"]
