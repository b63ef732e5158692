"""A daemon on TCP, within TLS and without, and the clients that reach it there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker as sdk
import pytest
import websocket
from docker.tls import TLSConfig
from tests.conformance.docker_cli import Result
from tests.daemon import Daemon, empty_configuration, running_daemon
from tests.fakes.certificates import Authority
from tests.fakes.git_server import Repository, over_ssh

pytestmark = [pytest.mark.conformance, pytest.mark.root]

DOCKER = ["docker"]
SEACAN = [sys.executable, "-m", "seacan.cli.main"]
CLIENTS = pytest.mark.parametrize("client", [DOCKER, SEACAN], ids=["docker", "seacan"])


@dataclass
class Remote:
    """A daemon that listens on TCP, and the directory of certificates that `tls init` made.

    `version`: of TLS; "" for none.
    """

    daemon: Daemon
    keys: Path
    version: str
    host: str

    @property
    def environment(self) -> dict[str, str]:
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.keys), "DOCKER_HOST": self.host}
        if not self.version:
            return plain
        return plain | {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.keys / "client")}

    def call(self, client: list[str], *words: str, stdin: bytes = b"") -> Result:
        return run(client, *words, stdin=stdin, environment=self.environment)


def run(client: list[str], *words: str, environment: dict[str, str], stdin: bytes = b"") -> Result:
    done = subprocess.run(
        [*client, *words],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def tcp_host(daemon: Daemon) -> str:
    """Return the address that the kernel chose at the last start."""
    words = [word.strip('"') for word in daemon.log.read_text().split()]
    return next(word for word in reversed(words) if word.startswith("tcp://127.0.0.1:"))


@pytest.fixture(scope="module", params=["TLSv1.2", "TLSv1.3"])
def remote(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, busybox_tar: Path
) -> Iterator[Remote]:
    """A daemon that speaks one version of TLS; the certificates are those of `seacan tls init`."""
    directory = tmp_path_factory.mktemp("keys")
    keys = directory / "keys"
    command = [*SEACAN, "tls", "init", "--host", "127.0.0.1", "--directory", str(keys)]
    subprocess.run(command, check=True, capture_output=True)
    configuration = directory / "openssl.cnf"
    configuration.write_text(
        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
        f"[c]\nMinProtocol = {request.param}\nMaxProtocol = {request.param}\n"
    )
    files = [f"--tlscacert={keys}/ca.pem", f"--tlscert={keys}/cert.pem", f"--tlskey={keys}/key.pem"]
    with running_daemon(
        *("-H", "tcp://127.0.0.1:0", "--tlsverify", *files),
        start_with=lambda _: ["env", f"OPENSSL_CONF={configuration}"],
    ) as daemon:
        daemon.load(busybox_tar)
        yield Remote(daemon, keys, request.param, tcp_host(daemon))


@CLIENTS
def test_the_reply_to_the_end_of_input_arrives(remote: Remote, client: list[str]) -> None:
    words = ("run", "--rm", "--network=none", "-i", "busybox", "cat")
    assert remote.call(client, *words, stdin=b"x\n") == Result(0, "x\n", "")


@CLIENTS
def test_exec_and_more_than_buffers_hold(remote: Remote, client: list[str]) -> None:
    words = ("run", "-d", "--network=none", "busybox", "sleep", "1000")
    container = remote.call(client, *words).out.strip()
    data = os.urandom(2 << 20).hex()
    result = remote.call(client, "exec", "-i", container, "cat", stdin=data.encode())
    assert (result.status, result.out == data, result.err) == (0, True, "")
    assert remote.call(client, "rm", "-f", container).status == 0


@CLIENTS
def test_a_process_that_ends_before_its_input(remote: Remote, client: list[str]) -> None:
    words = ("run", "--rm", "--network=none", "-i", "busybox", "sh", "-c", "echo out; exit 3")
    result = remote.call(client, *words, stdin=b"y\n" * 500_000)
    assert (result.status, result.out) == (3, "out\n")


def test_attach_over_websocket(remote: Remote) -> None:
    body = {
        "Image": "busybox",
        "Cmd": ["cat"],
        "OpenStdin": True,
        "HostConfig": {"NetworkMode": "none"},
    }
    container = remote.daemon.request("POST", "/containers/create", body)[1]["Id"]
    keys = remote.keys / "client"
    files = {"ca_certs": "ca.pem", "certfile": "cert.pem", "keyfile": "key.pem"}
    client = websocket.create_connection(
        f"wss{remote.host.removeprefix('tcp')}/containers/{container}/attach/ws"
        "?stream=1&stdin=1&stdout=1",
        sslopt={name: str(keys / file) for name, file in files.items()},
        timeout=60,
    )
    assert client.sock is not None
    with closing(client.sock):
        remote.daemon.request("POST", f"/containers/{container}/start")
        data = os.urandom(1 << 17).hex()  # more than a record, and than a pipe takes
        for at in range(0, len(data), 4096):
            client.send(data[at : at + 4096])
        received = b""
        while len(received) < len(data):
            piece = client.recv()
            assert isinstance(piece, bytes)
            received += piece
        assert received.decode() == data
        remote.daemon.request("POST", f"/containers/{container}/kill")
        assert not client.recv()  # its farewell
    remote.daemon.remove_containers()


@pytest.mark.usefixtures("garbage_of_docker_py")
def test_docker_py(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them
        monkeypatch.delenv(name, raising=False)
    tls = TLSConfig(
        client_cert=(f"{remote.keys}/client/cert.pem", f"{remote.keys}/client/key.pem"),
        ca_cert=f"{remote.keys}/client/ca.pem",
        verify=True,
    )
    client = sdk.DockerClient(base_url=remote.host, tls=tls)
    out = client.containers.run("busybox", "echo x", remove=True, network_mode="none")
    assert out == b"x\n"
    client.close()


@CLIENTS
def test_what_is_refused(remote: Remote, client: list[str], tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    pair = stranger.sign("stranger", "clientAuth")
    own = f"--tlscacert={remote.keys}/ca.pem"
    missing = "handshake failure" if remote.version == "TLSv1.2" else "certificate required"
    cases = {
        f"tls: {missing}": ["--tlsverify", own],
        "tls: unknown c": [
            *("--tlsverify", own, f"--tlscert={pair.certificate}", f"--tlskey={pair.key}")
        ],
        "tls: failed to verify certificate": ["--tlsverify", f"--tlscacert={stranger.certificate}"],
        "Client sent an HTTP request to an HTTPS server.": [],
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for complaint, flags in cases.items():
        result = run(client, "-H", remote.host, *flags, "ps", environment=environment)
        assert result.status == 1
        assert complaint in result.err


@CLIENTS
def test_a_container_goes_on_when_the_daemon_dies(remote: Remote, client: list[str]) -> None:
    """The keys of its connection are the daemon's, so the client is cut off; nothing else ends."""
    words = [*client, "run", "--network=none", "busybox", "sh", "-c", "echo on; sleep 1000"]
    with subprocess.Popen(
        words, env=remote.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as attached:
        assert attached.stdout is not None
        assert attached.stdout.readline() == b"on\n"
        remote.daemon.kill()
        assert attached.wait(timeout=60) != 0
    remote.daemon.start()
    remote.host = tcp_host(remote.daemon)
    [container] = remote.daemon.request("GET", "/containers/json")[1]
    assert container["State"] == "running"
    assert remote.call(client, "logs", container["Id"]).out == "on\n"
    remote.daemon.remove_containers()


def test_without_tls_it_serves_only_if_that_is_said(tmp_path: Path) -> None:
    own = ["--data-root", str(tmp_path / "data"), "--exec-root", str(tmp_path / "run")]
    own += empty_configuration(tmp_path)
    command = [sys.executable, "-m", "seacan.daemon.main", *own, "-H", "tcp://127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "listen on tcp://127.0.0.1:0: without TLS, whoever connects is root here" in done.stderr


def test_plain_tcp(busybox_tar: Path, tmp_path: Path) -> None:
    with running_daemon("-H", "tcp://127.0.0.1:0", "--tls=false") as daemon:
        assert "whoever reaches this address is root here" in daemon.log.read_text()
        daemon.load(busybox_tar)
        container = daemon.run("sleep 1000")
        data = os.urandom(2 << 20).hex()
        quiet = ("run", "--rm", "--network=none", "-i", "busybox")
        for client in (DOCKER, SEACAN):
            remote = Remote(daemon, tmp_path, "", tcp_host(daemon))
            assert remote.call(client, *quiet, "cat", stdin=b"x\n") == Result(0, "x\n", "")
            result = remote.call(client, "exec", "-i", container, "cat", stdin=data.encode())
            assert (result.status, result.out == data, result.err) == (0, True, "")
            # Input that nobody takes, and much output that is still on its way at the end.
            loud = "yes | head -c 3000000; exit 3"
            result = remote.call(client, *quiet, "sh", "-c", loud, stdin=b"y\n" * 500_000)
            assert (result.status, len(result.out), result.err) == (3, 3_000_000, "")
        daemon.remove_containers()


def test_an_agent_answers_a_build(remote: Remote, tmp_path: Path) -> None:
    Repository(tmp_path / "r").commit({"f": "x"})
    with over_ssh(tmp_path) as base:
        text = f"FROM scratch\nADD {base}{tmp_path}/r/.git /\n"
        words = ("build", f"--ssh=default={tmp_path}/key", "-")
        done = remote.call(SEACAN, *words, stdin=text.encode())
    assert done.status == 0, done.err
