"""Copying while the container works against it, and clients that go away."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.calls import UnixConnection
from tests.daemon import Daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def loaded(daemon: Daemon, busybox_tar: Path) -> Daemon:
    daemon.load(busybox_tar)
    return daemon


def tar(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def wait_for_file(daemon: Daemon, container: str, path: str) -> None:
    def is_there() -> bool:
        return daemon.raw("HEAD", f"/containers/{container}/archive?path={path}")[0] == 200

    wait_until(is_there, f"{path} in the container")


def test_a_directory_swapped_for_a_link_leads_nowhere_else(loaded: Daemon, tmp_path: Path) -> None:
    """CVE-2018-15664, CVE-2026-41568, CVE-2026-42306: nothing of the host is read or written."""
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (tmp_path / "w").mkdir()
    # A busy loop of exchanges: a directory, a link to the host's path, a link out by `..`.
    script = f"""
    mkdir -p /real /trap{tmp_path}/w; echo own > /real/secret; echo own > /trap{tmp_path}/secret
    ln -s {tmp_path} /link; ln -s ../../../../../../..{tmp_path} /up; touch /ready
    while :; do
        mv /real /x; mv /link /real; mv /real /link; mv /x /real
        mv /real /x; mv /up /real; mv /real /up; mv /x /real
    done
    """
    container = loaded.run(script)
    wait_for_file(loaded, container, "/ready")
    payload = tar(("w/planted", b"x"), ("planted", b"x"))
    deadline = time.monotonic() + 6
    rounds = 0
    while time.monotonic() < deadline or rounds < 6:  # on a busy machine, too
        _, _, body = loaded.raw("GET", f"/containers/{container}/archive?path=/real/secret")
        assert b"of the host" not in body
        _, _, body = loaded.raw("GET", f"/containers/{container}/archive?path=/real/")
        assert b"of the host" not in body
        loaded.raw("PUT", f"/containers/{container}/archive?path=/real", payload)
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["secret", "w"]
        rounds += 1


def test_nothing_of_the_container_is_loaded_or_run(loaded: Daemon) -> None:
    """CVE-2019-14271 and CVE-2026-41567: libraries, modules and decompressors are never its."""
    script = """
    for dir in /lib /lib64 /usr/lib /usr/lib/python3 /lib/x86_64-linux-gnu; do
        mkdir -p $dir; for name in libnss_files.so.2 libc.so.6 encodings.py stat.py os.py; do
            echo garbage > $dir/$name; done; done
    for name in unpigz gzip xz zstd python3; do
        for dir in /bin /usr/bin; do printf '#!/bin/sh\\ntouch /ran\\n' > $dir/$name
            chmod +x $dir/$name; done; done
    echo 'passwd: evil' > /etc/nsswitch.conf; touch /ready; exec sleep 600
    """
    container = loaded.run(script)
    wait_for_file(loaded, container, "/ready")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        archive.addfile(tarfile.TarInfo("packed"))
    for path in ("/tmp", "/home"):
        assert (
            loaded.raw("PUT", f"/containers/{container}/archive?path={path}", buffer.getvalue())[0]
            == 200
        )
        assert loaded.raw("GET", f"/containers/{container}/archive?path={path}")[0] == 200
    assert loaded.raw("HEAD", f"/containers/{container}/archive?path=/ran")[0] == 404
    assert loaded.raw("HEAD", f"/containers/{container}/archive?path=/home/packed")[0] == 200


@pytest.mark.parametrize("name", ["hosts", "hostname"])
def test_a_mount_point_is_not_replaced(loaded: Daemon, name: str) -> None:
    """To remove one would unmount it in the container."""
    container = loaded.run("touch /ready; exec sleep 600")
    wait_for_file(loaded, container, "/ready")
    archive = tar((name, b"mine"))
    status, _, body = loaded.raw("PUT", f"/containers/{container}/archive?path=/etc", archive)
    assert (status, b"device or resource busy" in body) == (500, True)
    assert b"mine" not in loaded.raw("GET", f"/containers/{container}/archive?path=/etc/{name}")[2]


def test_what_names_itself_out_of_the_place_is_refused(loaded: Daemon) -> None:
    container = loaded.run("exec sleep 600")
    for name in ("../x", "a/../../x"):
        status, _, body = loaded.raw(
            "PUT", f"/containers/{container}/archive?path=/tmp", tar((name, b"x"))
        )
        assert (status, json.loads(body)["message"]) == (500, f'invalid entry name "{name}"')
    assert loaded.raw("HEAD", f"/containers/{container}/archive?path=/x")[0] == 404


def test_an_archive_larger_than_memory_streams_both_ways(loaded: Daemon) -> None:
    """With a client that stops reading, nobody reads on; when it goes, the work ends."""
    container = loaded.run("dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null; touch /ready")
    wait_for_file(loaded, container, "/ready")
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(loaded.socket))
    with client:
        client.sendall(
            f"GET /containers/{container}/archive?path=/big HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        assert client.recv(64).startswith(b"HTTP/1.1 200")
        before = _resident_kib(loaded.pid)
        time.sleep(1)
        assert "seacan-files" in loaded.engine_processes().values()
        assert _resident_kib(loaded.pid) - before < 40_000
    wait_until(
        lambda: "seacan-files" not in loaded.engine_processes().values(), "the worker to end"
    )


def test_a_client_that_sends_half_an_archive_leaves_no_worker(loaded: Daemon) -> None:
    container = loaded.run("exec sleep 600")
    for ref in (container, "stopped"):
        if ref == "stopped":
            loaded.request("POST", f"/containers/{container}/kill")
            loaded.request("POST", f"/containers/{container}/wait")
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(loaded.socket))
        with connection:
            connection.sendall(
                f"PUT /containers/{container}/archive?path=/tmp HTTP/1.1\r\nHost: x\r\n"
                "Content-Length: 1000000\r\n\r\n".encode()
                + tar(("half", b"x" * 600))[:1024]
            )
            wait_until(lambda: "seacan-files" in loaded.engine_processes().values(), "a worker")
        wait_until(
            lambda: "seacan-files" not in loaded.engine_processes().values(), "the worker to end"
        )
    assert loaded.request("POST", f"/containers/{container}/start")[0] == 204


def test_a_worker_is_forked_of_the_launcher_and_outlives_it(loaded: Daemon) -> None:
    """CVE-2019-5736: its executable is nobody's to write to. Another launcher forks the next."""
    container = loaded.run("dd if=/dev/zero of=/big bs=1M count=50 2>/dev/null; touch /ready; cat")
    wait_for_file(loaded, container, "/ready")
    connection = UnixConnection(loaded.socket)
    connection.request("GET", f"/containers/{container}/archive?path=/big")
    response = connection.getresponse()
    response.read(512)
    worker = _only_worker(loaded)
    assert "memfd:" in os.readlink(f"/proc/{worker}/exe")
    launcher = _parent(worker)
    assert loaded.engine_processes()[launcher] == "seacan-launcher"
    os.kill(launcher, signal.SIGKILL)
    assert len(response.read()) > 50 << 20
    connection.close()
    assert loaded.raw("HEAD", f"/containers/{container}/archive?path=/big")[0] == 200
    assert launcher not in loaded.engine_processes()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_container_that_ends_before_the_worker_has_joined_it(loaded: Daemon, method: str) -> None:
    """What it had mounted is there all the same: nothing is refused, nothing lost."""
    script = "echo of the volume > /v/here; touch /ready; exec sleep 600"
    container = loaded.run(script, Mounts=[{"Type": "volume", "Target": "/v"}])
    wait_for_file(loaded, container, "/ready")
    pid = loaded.state(container)["Pid"]
    namespace = os.readlink(f"/proc/{pid}/ns/mnt")
    archive = tar(("sent", b"to the volume")) if method == "PUT" else b""
    path = "/v" if method == "PUT" else "/v/here"
    with ThreadPoolExecutor() as pool:
        with _stopped_launchers(loaded):  # no worker comes
            request = f"/containers/{container}/archive?path={path}"
            answer = pool.submit(loaded.raw, method, request, archive)
            wait_until(lambda: namespace in _open_files(loaded.pid), "the daemon to look")
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the container to end")
        status, _, body = answer.result()
    assert status == 200, body
    loaded.request("POST", f"/containers/{container}/wait")
    if method == "PUT":
        body = loaded.raw("GET", f"/containers/{container}/archive?path=/v/sent")[2]
    assert (b"to the volume" if method == "PUT" else b"of the volume") in body
    assert namespace not in _open_files(loaded.pid)
    assert loaded.request("DELETE", f"/containers/{container}?v=1")[0] == 204


def test_a_worker_that_is_killed_is_told_of_and_leaves_nothing(loaded: Daemon) -> None:
    container = loaded.run("dd if=/dev/zero of=/big bs=1M count=50 2>/dev/null; touch /ready; cat")
    wait_for_file(loaded, container, "/ready")
    connection = UnixConnection(loaded.socket)
    connection.request("GET", f"/containers/{container}/archive?path=/big")
    response = connection.getresponse()
    worker = _only_worker(loaded)
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    assert loaded.raw("HEAD", f"/containers/{container}/archive?path=/big")[0] == 200
    wait_until(lambda: not _pids(loaded, "seacan-files"), "the workers to end")


def test_reading_a_stopped_container_does_not_hold_up_its_start(loaded: Daemon) -> None:
    container = loaded.run("test -e /big || dd if=/dev/zero of=/big bs=1M count=20; touch /again")
    loaded.request("POST", f"/containers/{container}/wait")
    connection = UnixConnection(loaded.socket)
    connection.request("GET", f"/containers/{container}/export")
    response = connection.getresponse()
    assert response.read(512)
    assert loaded.request("POST", f"/containers/{container}/start")[0] == 204
    assert len(response.read()) > 20 << 20
    connection.close()


def test_commit_pauses_and_goes_on(loaded: Daemon) -> None:
    """Of two files that grow together, the image has the same."""
    script = "i=0; while :; do i=$((i+1)); for f in a b; do echo $i > /x; mv /x /$f; done; done"
    container = loaded.run(script)
    wait_for_file(loaded, container, "/b")
    status, answer = loaded.request("POST", f"/commit?container={container}&repo=made")
    assert status == 201, answer
    assert loaded.request("GET", "/images/made/json")[1]["Id"] == answer["Id"]
    path = f"/containers/{container}/archive?path=/a"
    first = loaded.raw("GET", path)[2]
    wait_until(lambda: loaded.raw("GET", path)[2] != first, "it to go on")
    check = "a=$(cat /a) b=$(cat /b); [ $((a-b)) = 0 ] || [ $((a-b)) = 1 ]"
    reader = loaded.run(check, image="made")
    assert loaded.request("POST", f"/containers/{reader}/wait")[1]["StatusCode"] == 0


def test_a_container_that_ends_while_it_is_committed(loaded: Daemon) -> None:
    for delay in ("true", "sleep 0.02", "sleep 0.05", "sleep 0.1"):
        container = loaded.run(f"echo x > /x; {delay}")
        status, answer = loaded.request("POST", f"/commit?container={container}&repo=ended")
        assert status == 201, answer
        assert loaded.request("POST", f"/containers/{container}/wait")[1]["StatusCode"] == 0


def test_a_daemon_killed_in_a_commit_leaves_nothing_half_made(loaded: Daemon) -> None:
    container = loaded.run("dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null; touch /ready")
    wait_for_file(loaded, container, "/ready")
    before = loaded.request("GET", "/images/json")[1]
    thread = threading.Thread(target=_try_commit, args=(loaded, container))
    thread.start()
    wait_until(lambda: "seacan-files" in loaded.engine_processes().values(), "a worker")
    loaded.kill()
    thread.join()
    wait_until(
        lambda: "seacan-files" not in loaded.engine_processes().values(), "the worker to end"
    )
    loaded.start()
    assert loaded.request("GET", "/images/json")[1] == before
    assert not [*(loaded.data_root / "images/ingest").iterdir()]
    assert not [*(loaded.data_root / "layers").glob(".new-*")]


def test_a_daemon_killed_at_any_moment_leaves_no_worker(loaded: Daemon) -> None:
    """Also between the fork of one and what it is told to do."""
    container = loaded.run("exec sleep 600")
    for _ in range(5):
        threads = [threading.Thread(target=_stat_on, args=(loaded, container)) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: _pids(loaded, "seacan-files"), "a worker")
        loaded.kill()
        for thread in threads:
            thread.join()
        wait_until(lambda: not _pids(loaded, "seacan-files"), "the workers to end")
        loaded.start()


def _stat_on(daemon: Daemon, container: str) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):  # killed, as is the point
        while True:
            daemon.raw("HEAD", f"/containers/{container}/archive?path=/etc")


def _try_commit(daemon: Daemon, container: str) -> None:
    try:
        daemon.request("POST", f"/commit?container={container}&repo=half&pause=0")
    except (OSError, http.client.HTTPException):
        return  # killed meanwhile, as is the point


def _pids(daemon: Daemon, name: str) -> list[int]:
    return [pid for pid, found in daemon.engine_processes().items() if found == name]


@contextlib.contextmanager
def _stopped_launchers(daemon: Daemon) -> Iterator[None]:
    """Stop the launcher and what it has forked ahead, also what it was forking just now."""
    stopped: set[int] = set()
    try:
        while new := {*_pids(daemon, "seacan-launcher")} - stopped:
            stopped |= new
            for pid in new:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _only_worker(daemon: Daemon) -> int:
    """Return the pid of the one worker; the one of the request before may be there for a moment."""
    wait_until(lambda: len(_pids(daemon, "seacan-files")) == 1, "one worker")
    (worker,) = _pids(daemon, "seacan-files")
    return worker


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _open_files(pid: int) -> set[str]:
    directory, found = f"/proc/{pid}/fd", set()
    for name in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.add(os.readlink(f"{directory}/{name}"))
    return found


def _resident_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
