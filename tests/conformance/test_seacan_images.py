"""save, history, prune, df and check with seacan's own command line, beside docker's."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Result
from tests.daemon import Daemon, running_daemon, wait_until
from tests.images import archives

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def seacan(daemon: Daemon, *words: str, stdin: bytes = b"") -> Result:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words]
    done = subprocess.run(command, input=stdin, check=False, capture_output=True, timeout=60)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    "words",
    [
        ("images",),
        ("image", "ls", "-a", "--no-trunc", "--digests"),
        ("images", "--filter", "reference=busy*", "--filter", "dangling=false", "-q"),
        ("history", "busybox"),
        ("history", "--no-trunc", "-H=false", "busybox"),
        ("history", "-q", "busybox"),
        ("history", "--format", "json", "busybox"),
        ("system", "df"),
        ("system", "df", "--format", "json"),
        ("system", "df", "-v"),
    ],
)
def test_it_prints_what_docker_prints(daemon: Daemon, words: tuple[str, ...]) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    daemon.request("POST", "/images/busybox/tag?repo=b&tag=2")
    daemon.request("POST", "/containers/create", {"Image": "busybox"})
    command = ["docker", "-H", daemon.host, *words]
    for _ in range(5):  # between the two a second may have passed, which the ages show
        docker = subprocess.run(command, capture_output=True, text=True, check=True)
        # Names of one image are in docker's list in an order that changes.
        theirs, ours = docker.stdout.splitlines(), seacan(daemon, *words).out.splitlines()
        if sorted(ours) == sorted(theirs):
            break
    assert sorted(ours) == sorted(theirs)


def test_save_and_load(daemon: Daemon, tmp_path: Path) -> None:
    image_id = daemon.request("GET", "/images/busybox/json")[1]["Id"]
    path = tmp_path / "saved.tar"
    assert seacan(daemon, "save", "-o", str(path), "busybox").status == 0
    assert [one.name for one in tmp_path.iterdir()] == ["saved.tar"]
    assert seacan(daemon, "rmi", "busybox").status == 0
    assert seacan(daemon, "load", "-i", str(path)).out == "Loaded image: busybox:latest\n"
    assert daemon.request("GET", "/images/busybox/json")[1]["Id"] == image_id
    refused = seacan(daemon, "save", "-o", str(tmp_path / "no.tar"), "nosuch")
    assert (refused.status, "No such image: nosuch" in refused.err) == (1, True)
    refused = seacan(daemon, "save", "-o", f"{tmp_path}/nowhere/x", "busybox")
    assert (refused.status, "no such file or directory" in refused.err) == (1, True)
    assert [one.name for one in tmp_path.iterdir()] == ["saved.tar"]


def test_image_prune(daemon: Daemon) -> None:
    asked = seacan(daemon, "image", "prune", "-a", stdin=b"n\n").out
    assert asked.startswith("WARNING! This will remove all images without at least one container")
    assert len(daemon.request("GET", "/images/json")[1]) == 2
    pruned = seacan(daemon, "image", "prune", "-a", stdin=b"y\n").out.splitlines()
    assert pruned[1].endswith(" [y/N] Deleted Images:")
    assert "untagged: busybox:latest" in pruned
    assert pruned[-1].startswith("Total reclaimed space: ")
    assert daemon.request("GET", "/images/json")[1] == []


def test_system_prune(daemon: Daemon) -> None:
    container = daemon.run("true")
    daemon.request("POST", f"/containers/{container}/wait")
    asked = seacan(daemon, "system", "prune", "-a", "--filter", "label=x", stdin=b"\n").out
    assert "  - all images without at least one container associated to them\n" in asked
    assert "  - all build cache\n" in asked
    assert "  Items to be pruned will be filtered with:\n  - label=x\n" in asked
    refused = seacan(daemon, "system", "prune", "-f", "--volumes", "--filter", "until=1h")
    assert '"until" filter is not supported with "--volumes"' in refused.err
    pruned = seacan(daemon, "system", "prune", "-af").out.splitlines()
    assert {"Deleted Containers:", container, "untagged: busybox:latest"} <= {*pruned}


def test_check_through_the_daemon(daemon: Daemon) -> None:
    whole = seacan(daemon, "system", "check")
    assert (whole.status, whole.out.endswith(": all is well\n")) == (0, True), whole
    refused = seacan(daemon, "system", "check", "--data-root", str(daemon.data_root))
    assert (refused.status, "a daemon has this data root" in refused.err) == (1, True)
    (number,) = [path.parents[2].name for path in daemon.data_root.glob("layers/*/fs/bin/busybox")]
    (daemon.data_root / f"layers/{number}/fs/bin/sh").unlink()
    damaged = seacan(daemon, "system", "check")
    assert damaged.status == 1
    assert "'bin/sh' is missing\n" in damaged.out
    assert damaged.out.endswith(": 2 problems\n")  # the time of bin, too


def test_a_save_whose_client_goes_away_lets_go_of_the_image(daemon: Daemon) -> None:
    blobs = daemon.data_root / "images/blobs/sha256"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.socket))
        client.sendall(b"GET /images/busybox/get HTTP/1.1\r\nHost: d\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        daemon.request("DELETE", "/images/busybox?force=1")
        assert len(list(blobs.iterdir())) == 6  # kept for who reads
    wait_until(lambda: len(list(blobs.iterdir())) == 3, "what nobody has to go")


def test_a_daemon_killed_while_it_loads(daemon: Daemon) -> None:
    files = [archives.member(f"{number}", b"x" * 1000) for number in range(300)]
    layers = [archives.tar([archives.member(f"l{layer}", b""), *files]) for layer in range(3)]
    archive = archives.old_docker_archive(layers, ["app:1"])
    for delay_s in (0.05, 0.2, 0.5):
        timer = threading.Timer(delay_s, daemon.kill)
        timer.start()
        seacan(daemon, "load", stdin=archive)
        timer.join()
        daemon.start()
        checked = seacan(daemon, "system", "check")
        assert (checked.status, checked.err) == (0, ""), checked
        assert seacan(daemon, "load", stdin=archive).out == "Loaded image: app:1\n"
        assert seacan(daemon, "rmi", "app:1").status == 0
