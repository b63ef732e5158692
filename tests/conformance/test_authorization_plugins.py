"""--authorization-plugin: nothing happens that the plugin was not asked about, and has allowed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon, wait_until
from tests.fakes.authorization_plugin import AuthorizationPlugin, shown
from tests.fakes.volume_plugin import serving

pytestmark = [pytest.mark.root, pytest.mark.conformance]

CREATE = "/containers/create"
GATE = AuthorizationPlugin()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where the plugin is."""
    with (
        TemporaryDirectory(prefix="sc-") as directory,
        serving(GATE, Path(directory, "gate.sock")),
    ):
        yield Path(directory)


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path, place: Path) -> Iterator[Daemon]:
    (place / "daemon.json").write_text(json.dumps({"authorization-plugins": ["gate"]}))
    flags = ("--plugin-directory", str(place), "--config-file", str(place / "daemon.json"))
    with running_daemon(*flags) as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def engine(daemon: Daemon) -> Engine:
    return Engine(daemon.host, daemon)


@pytest.fixture(autouse=True)
def gate(daemon: Daemon) -> Iterator[AuthorizationPlugin]:
    GATE.reset()
    yield GATE
    GATE.reset()


def test_it_is_told_of_requests_and_answers(docker: Docker, gate: AuthorizationPlugin) -> None:
    assert docker.ok("run", "-i", "--rm", "busybox", "cat", stdin="hello") == "hello"
    asked = gate.of("AuthZReq", CREATE)
    assert asked["RequestMethod"] == "POST"
    assert shown(asked, "RequestBody")["Image"] == "busybox"
    assert asked["RequestHeaders"]["Content-Type"] == "application/json"
    answered = gate.of("AuthZRes", CREATE)
    assert answered["ResponseStatusCode"] == 201
    assert len(shown(answered, "ResponseBody")["Id"]) == 64
    assert {**answered, **asked} == answered
    # Of a connection that is given away the head is all that it is told.
    attached = gate.of("AuthZRes", "/attach")
    assert attached["ResponseStatusCode"] == 101
    assert "ResponseBody" not in attached
    assert json.loads(docker.ok("info", "-f", "{{json .Plugins.Authorization}}")) == ["gate"]


def test_what_it_refuses_does_not_happen(
    docker: Docker, daemon: Daemon, gate: AuthorizationPlugin
) -> None:
    def refuses(kind: str, body: dict[str, Any]) -> str:
        asked = shown(body, "RequestBody") or {}
        is_privileged = (asked.get("HostConfig") or {}).get("Privileged") or asked.get("Privileged")
        return "nobody is privileged here" if is_privileged else ""

    container = docker.ok("run", "-d", "--network", "none", "busybox", "sleep", "600")
    gate.refuses = refuses
    refused = docker("run", "--privileged", "busybox", "true")
    assert refused.status == 125
    assert "authorization denied by plugin gate: nobody is privileged here" in refused.err
    assert docker.ok("ps", "-aq", "--no-trunc") == container
    refused = docker("exec", "--privileged", container, "touch", "/x")
    assert "authorization denied by plugin gate" in refused.err
    docker.ok("exec", container, "test", "!", "-e", "/x")
    # Who would get a connection gets an answer.
    gate.refuses = lambda kind, body: "no way" if "/exec/" in body["RequestUri"] else ""
    refused = docker("exec", container, "touch", "/x")
    assert refused.err == "unable to upgrade to tcp, received 403\n"
    gate.reset()
    docker.ok("exec", container, "test", "!", "-e", "/x")


def test_answers_are_kept_back(docker: Docker, gate: AuthorizationPlugin) -> None:
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c",
                          "echo secret; sleep 600")  # fmt: skip
    gate.refuses = lambda kind, body: "not for you" if kind == "AuthZRes" else ""
    for words in (("inspect", container), ("logs", container), ("attach", container)):
        refused = docker(*words)
        assert "authorization denied by plugin gate: not for you" in refused.err
        assert "secret" not in refused.out
    gate.reset()


@pytest.mark.parametrize(
    ("says", "status", "message"),
    [
        ({}, 403, "authorization denied by plugin gate: "),
        ({"Allow": "yes"}, 403, "authorization denied by plugin gate: "),
        ({"Allow": True, "Err": "I am ill"}, 500, "plugin gate failed with error: "
         "AuthZPlugin.AuthZReq: I am ill"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_no(
    daemon: Daemon, gate: AuthorizationPlugin, says: dict[str, Any], status: int, message: str
) -> None:
    gate.says = says
    assert daemon.request("GET", "/_ping")[0] == status
    assert daemon.request("GET", "/info") == (status, {"message": message})


def test_nothing_goes_while_it_is_gone(daemon: Daemon, place: Path) -> None:
    (place / "gate.sock").rename(place / "away")
    try:
        status, answer = daemon.request("GET", "/info")
        assert status == 500
        assert answer["message"].startswith("plugin gate failed with error: ")
    finally:
        (place / "away").rename(place / "gate.sock")
    assert daemon.request("GET", "/info")[0] == 200


def raw(daemon: Daemon, data: bytes) -> bytes:
    """Send `data` and return all that is answered, up to the end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(daemon.socket))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


BODY = json.dumps({"Image": "busybox", "HostConfig": {"Privileged": True}}).encode()


@pytest.mark.parametrize(
    ("head", "body", "is_shown"),
    [
        (b"Content-Type: application/json\r\nContent-Length: 0", BODY, False),
        (b"Content-Type: application/json\r\nContent-Length: 00", BODY, False),
        (b"Content-Type: application/json", BODY, False),
        (b"Content-Type: application/json\r\nTransfer-Encoding: chunked",
         b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), True),
        (b"Content-Type: application/json; =\r\nContent-Length: %d" % len(BODY), BODY, True),
        (b"content-type:APPLICATION/JSON;x\r\nContent-Length: %d" % len(BODY), BODY, True),
        (b"Content-Type: text/plain\r\nContent-Length: %d" % len(BODY), BODY, False),
        (b"Content-Length: %d" % len(BODY), BODY, False),
    ],
)  # fmt: skip
def test_no_body_is_acted_upon_that_it_was_not_shown(
    daemon: Daemon, gate: AuthorizationPlugin, head: bytes, body: bytes, is_shown: bool
) -> None:
    """CVE-2024-41110: with `Content-Length: 0` dockerd showed its plugins no body, and used it."""
    gate.refuses = lambda kind, body: "no" if shown(body, "RequestBody") else ""
    answer = raw(daemon, b"POST /containers/create HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s"
                 % (head, body))  # fmt: skip
    assert answer.startswith(b"HTTP/1.1 403" if is_shown else b"HTTP/1.1 400"), answer
    assert any("RequestBody" in body for _, body in gate.asked) is is_shown
    gate.reset()
    assert daemon.request("GET", "/containers/json?all=1")[1] == []


def test_what_is_too_long_to_be_shown_is_refused(daemon: Daemon, gate: AuthorizationPlugin) -> None:
    body = {"Image": "busybox", "Labels": {"x": "y" * (4 << 20)}}
    status, answer = daemon.request("POST", "/containers/create", body)
    assert status == 403
    assert "request body too large for authorization plugin" in answer["message"]
    assert gate.asked == []


def test_credentials_are_not_shown(daemon: Daemon, gate: AuthorizationPlugin) -> None:
    secret = {"username": "u", "password": "pass-word", "serveraddress": "127.0.0.1:9"}
    for path in ("/auth", "/v1.44/auth"):
        daemon.request("POST", path, secret, {"X-Registry-Auth": "pass-word", "Authorization": "x"})
    assert len(gate.asked) == 4
    for _, body in gate.asked:
        assert "pass-word" not in json.dumps(body)
        assert not {"RequestBody", "ResponseBody"} & body.keys()
        assert "Authorization" not in body["RequestHeaders"]


def test_sighup_changes_who_is_asked(
    daemon: Daemon, gate: AuthorizationPlugin, place: Path
) -> None:
    def read_anew(names: list[str], word: str) -> None:
        count = daemon.log.read_text().count(word)
        (place / "daemon.json").write_text(json.dumps({"authorization-plugins": names}))
        os.kill(daemon.pid, signal.SIGHUP)
        wait_until(lambda: daemon.log.read_text().count(word) > count, "its word of that")

    read_anew(["gate", "nobody"], "configuration is not reloaded")
    assert 'Error validating authorization plugin: plugin \\"nobody\\" not found' in (
        daemon.log.read_text()
    )
    assert daemon.request("GET", "/info")[1]["Plugins"]["Authorization"] == ["gate"]
    read_anew([], "configuration is reloaded")
    gate.asked.clear()
    assert daemon.request("GET", "/info")[1]["Plugins"]["Authorization"] is None
    assert gate.asked == []
    read_anew(["gate"], "configuration is reloaded")
    daemon.request("GET", "/info")
    assert [kind for kind, _ in gate.asked] == ["AuthZReq", "AuthZRes"]


def test_a_daemon_does_not_start_without_it(place: Path) -> None:
    command = [sys.executable, "-m", "seacan.daemon.main", "--plugin-directory", str(place),
               "--authorization-plugin", "nobody", "--data-root", str(place / "d"),
               "--exec-root", str(place / "r"), "-H", f"unix://{place}/s"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert 'Error validating authorization plugin: plugin "nobody" not found' in done.stderr
