"""Contexts, and which daemon is asked: the docker CLI and seacan on one directory say the same."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.docker_cli import Result
from tests.fakes.certificates import Authority

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker CLI here"),
]

DOCKER = ["docker"]
SEACAN = [sys.executable, "-m", "seacan.cli.main"]
BOTH_WAYS = pytest.mark.parametrize(
    ("one", "other"), [(DOCKER, SEACAN), (SEACAN, DOCKER)], ids=["docker first", "seacan first"]
)


class Clients:
    """Both, with one home directory."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, client: list[str], *words: str, **environment: str) -> Result:
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        done = subprocess.run(
            [*client, *words],
            env=plain | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def agree(self, *words: str, **environment: str) -> Result:
        """Return what both say, but for their default sockets and the columns that these need."""
        docker, seacan = (self(client, *words, **environment) for client in (DOCKER, SEACAN))
        said = _squeezed(
            seacan.out.replace("unix:///run/seacan.sock", "unix:///var/run/docker.sock")
        )
        assert (docker.status, _squeezed(docker.out), docker.err) == (
            seacan.status,
            said,
            seacan.err,
        )
        return docker

    def inspect(self, name: str) -> Any:
        found = [json.loads(self(c, "context", "inspect", name).out) for c in (DOCKER, SEACAN)]
        assert found[0] == found[1]
        return found[0][0]


def _squeezed(text: str) -> str:
    return re.sub(" {2,}", "  ", text)


@pytest.fixture
def clients(tmp_path: Path) -> Clients:
    return Clients(tmp_path)


@BOTH_WAYS
def test_what_one_writes_the_other_reads(
    clients: Clients, one: list[str], other: list[str]
) -> None:
    authority = Authority(clients.home)
    pair = authority.sign("client", "clientAuth")
    files = f"ca={authority.certificate},cert={pair.certificate},key={pair.key}"
    assert clients(one, "context", "create", "plain", "--docker", "host=ssh://me@there").status == 0
    assert clients(
        one, "context", "create", "keys", "--description", "far",
        "--docker", f"host=tcp://there:2376,{files}",
    ).status == 0  # fmt: skip
    assert clients.inspect("plain")["TLSMaterial"] == {}
    assert clients.inspect("keys")["TLSMaterial"] == {"docker": ["ca.pem", "cert.pem", "key.pem"]}
    assert len(clients.agree("context", "ls").out.splitlines()) == 4
    assert clients.agree("context", "ls", "-q").out == "default\nkeys\nplain\n"

    assert clients(one, "context", "use", "keys").status == 0
    assert clients.agree("context", "show").out == "keys\n"
    assert clients(other, "context", "update", "keys", "--description", "near").status == 0
    assert clients.inspect("keys")["Metadata"] == {"Description": "near"}
    assert clients(other, "context", "update", "keys", "--docker", "host=tcp://b").status == 0
    assert clients.inspect("keys")["TLSMaterial"] == {}

    assert clients(other, "context", "rm", "-f", "keys", "plain").status == 0
    assert clients.agree("context", "show").out == "default\n"
    assert clients.agree("context", "ls", "-q").out == "default\n"


@BOTH_WAYS
def test_what_one_exports_the_other_imports(
    clients: Clients, one: list[str], other: list[str]
) -> None:
    authority = Authority(clients.home)
    words = ("--docker", f"host=tcp://there:2376,ca={authority.certificate}")
    assert clients(one, "context", "create", "first", *words, "--description", "far").status == 0
    archive = str(clients.home / "archive")
    assert clients(one, "context", "export", "first", archive).status == 0
    assert clients(other, "context", "import", "second", archive).status == 0
    first, second = clients.inspect("first"), clients.inspect("second")
    for key in ("Metadata", "Endpoints", "TLSMaterial"):
        assert first[key] == second[key]
    digest = Path(second["Storage"]["TLSPath"])
    assert (digest / "docker" / "ca.pem").read_bytes() == authority.certificate.read_bytes()
    assert clients(other, "context", "create", "third", "--from", "first").status == 0
    assert clients.inspect("third")["TLSMaterial"] == first["TLSMaterial"]


def test_both_say_the_same_of_the_default_one(clients: Clients) -> None:
    environment = {"DOCKER_HOST": "tcp://there", "DOCKER_CONTEXT": "none"}
    assert clients.agree("context", "ls", **environment).err.startswith("Warning: DOCKER_HOST")
    assert clients.agree("context", "show", **environment).out == "default\n"
    assert clients.agree("context", "show", DOCKER_CONTEXT="none").out == "none\n"
    found = clients.agree("context", "ls", DOCKER_CONTEXT="none").out
    assert ' context "none": context not found: open ' in found


@pytest.mark.parametrize(
    "words",
    [
        ["-H", "x", "-c", "y", "ps"],
        ["-H", "x", "-H", "y", "ps"],
        ["-H", "foo://x", "ps"],
        ["-H", "tcp://a:b", "ps"],
        ["-H", "unix://a://b", "ps"],
        ["-H", "tcp://127.0.0.1:1", "ps"],
        ["-H", ":1", "ps"],
        ["-H", "tcp://[::1]:1/base", "ps"],
        ["-H", "unix:///none", "ps"],
        ["-c", "none", "ps"],
        ["-l", "loud", "ps"],
        ["--tls", "ps"],
        ["--tlsverify", "-H", "unix:///none", "ps"],
        ["--tls=false", "--tlscacert=/none", "-H", "tcp://127.0.0.1:1", "ps"],
        ["--tls", "--tlscacert=/none", "-H", "tcp://127.0.0.1:1", "ps"],
        ["context", "create", "x"],
        ["context", "create", "default"],
        ["context", "create", "new", "--docker", "bogus=1"],
        ["context", "create", "new", "--docker", "bogus"],
        ["context", "create", "new", "--docker", "host=tcp://x,ca=/none"],
        ["context", "create", "new", "--docker", "host=tcp://x,skip-tls-verify=maybe"],
        ["context", "create", "new", "--docker", "from=none"],
        ["context", "create", "new", "--from", "none"],
        ["context", "use", "none"],
        ["context", "use", "x"],
        ["context", "rm", "none"],
        ["context", "rm", "default"],
        ["context", "update", "none"],
        ["context", "inspect", "none"],
        ["context", "import", "new", "/none"],
    ],
    ids=" ".join,
)
def test_what_is_refused_is_refused_in_the_same_words(clients: Clients, words: list[str]) -> None:
    docker, seacan = clients(DOCKER, *words), clients(SEACAN, *words)
    assert docker.status in (1, 125)
    assert (docker.status, docker.out.strip()) == (seacan.status, seacan.out.strip())
    first = docker.err.splitlines()[0].replace("docker context", "seacan context")
    assert first == seacan.err.splitlines()[0]
