"""seacan as a plugin of the docker CLI: `docker seacan …`."""

import os
import sys
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def test_docker_hands_commands_on(docker: Docker) -> None:
    plugins = Path(docker.env["DOCKER_CONFIG"]) / "cli-plugins"
    plugins.mkdir()
    os.symlink(Path(sys.executable).with_name("seacan"), plugins / "docker-seacan")
    assert "seacan*     Containers, whole, in Python" in docker.ok("--help")
    docker.ok("create", "--name", docker.name, "--network", "none", "busybox")
    names = docker.ok("seacan", "ps", "-a", "--format", "{{.Names}}", "-f", f"name={docker.name}")
    assert names == docker.name
    failed = docker("seacan", "inspect", "nobody")
    assert (failed.status, failed.out, failed.err) == (1, "[]\n", "Error: No such object: nobody\n")
