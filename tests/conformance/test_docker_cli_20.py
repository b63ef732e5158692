"""A docker CLI of 20.10, which speaks BuildKit's protocol itself and asks for builds of version 2.

Debian 12 has it, as docker.io. The first one in PATH is taken.
"""

import os
import subprocess
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Result

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def _program() -> str:
    places = [Path(each, "docker") for each in os.get_exec_path()]
    for place in filter(Path.exists, places):
        said = subprocess.run([place, "--version"], capture_output=True, text=True, check=True)
        if "version 20.10." in said.stdout:
            return str(place)
    pytest.skip("there is no docker CLI of 20.10 here")


def build(docker: Docker, *words: str, stdin: str | bytes = b"") -> Result:
    """Build without the network; what it says is on standard error."""
    command = [_program(), "build", "--network=none", *words]
    done = subprocess.run(
        command,
        env=docker.env | {"DOCKER_BUILDKIT": "1"},
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=100,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_build(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "f").write_text(docker.name)
    (tmp_path / "context" / "Dockerfile").write_text(
        "FROM busybox\nCOPY f /\nRUN --mount=type=secret,id=s wc -c /run/secrets/s\n"
    )
    (tmp_path / "secret").write_text("hush\n")
    words = ("--secret", f"id=s,src={tmp_path}/secret", f"{tmp_path}/context")
    first = build(docker, "--progress=plain", "-t", docker.name, *words)
    assert first.status == 0, first.err
    for said in ("[internal] load build context", "5 /run/secrets/s", f"library/{docker.name}"):
        assert said in first.err
    quiet = build(docker, "-q", *words)
    assert quiet.out.strip() == docker.inspect(docker.name, "{{.Id}}")
    files = build(docker, "-o", f"{tmp_path}/out", *words)
    assert files.status == 0, files.err
    assert (tmp_path / "out" / "f").read_text() == docker.name
    docker.ok("rmi", docker.name)


def test_what_comes_on_standard_input(docker: Docker, tmp_path: Path) -> None:
    failed = build(docker, "--progress=plain", "-", stdin="FROM busybox\nRUN exit 3\n")
    assert failed.status == 1
    assert "did not complete successfully: exit code: 3" in failed.err
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nLABEL a={docker.name}\nCOPY f /\n")
    (tmp_path / "f").write_text("of the archive")
    archive = subprocess.run(["tar", "-C", tmp_path, "-c", "."], capture_output=True, check=True)
    built = build(docker, "-q", "-t", docker.name, "-", stdin=archive.stdout)
    assert built.status == 0, built.err
    assert docker.inspect(docker.name, "{{.Config.Labels.a}}") == docker.name
    docker.ok("rmi", docker.name)
