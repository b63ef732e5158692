"""What seacan's command line shows beyond docker's, on a terminal and without one."""

import subprocess
import sys

import pytest
from tests.conformance.docker_cli import Docker
from tests.terminal import Terminal

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SEACAN = [sys.executable, "-m", "seacan.cli.main"]


def test_ps_is_watched_and_fits(docker: Docker) -> None:
    docker.ok("create", "--name", docker.name, "--network", "none", "busybox", "x" * 60)
    words = ["ps", "-a", "--watch", "--filter", f"name={docker.name}"]
    with Terminal([*SEACAN, *words], docker.env, columns=100) as terminal:
        terminal.expect(r"\x1b\[HCONTAINER ID ")
        terminal.expect(docker.name)
        docker.ok("rm", docker.name)
        terminal.expect(r"\x1b\[HCONTAINER ID [^\r]*\r\n\x1b\[J")
        terminal.send("\x03")
        assert terminal.wait() == 130
    assert subprocess.run([*SEACAN, *words], env=docker.env, check=False).returncode == 1


def test_logs_of_two_containers(docker: Docker) -> None:
    names = [f"{docker.name}-{each}" for each in ("a", "b")]
    for name in names:
        script = f"echo out of {name}; echo err of {name} >&2; echo other"
        docker.ok("run", "--name", name, "--network", "none", "busybox", "sh", "-c", script)
    words = ["logs", "--grep", " of ", *names, "none-such"]
    done = subprocess.run(
        [*SEACAN, *words], env=docker.env, capture_output=True, text=True, check=False
    )
    assert sorted(done.stdout.splitlines()) == [f"{name} | out of {name}" for name in names]
    assert sorted(done.stderr.splitlines()) == [
        "Error response from daemon: No such container: none-such",
        *(f"{name} | err of {name}" for name in names),
    ]
    assert done.returncode == 1
    with Terminal([*SEACAN, "logs", *names], docker.env) as terminal:
        terminal.expect(r"\x1b\[36m")
    with Terminal([*SEACAN, "logs", *names], docker.env | {"NO_COLOR": "1"}) as terminal:
        terminal.expect(rf"(?<!m){names[0]} \| ")


def test_images_as_a_tree(docker: Docker) -> None:
    done = subprocess.run(
        [*SEACAN, "images", "--tree", "busybox"],
        env=docker.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    header, name, platform = done.stdout.splitlines()
    assert header.split() == ["IMAGE", "ID", "DISK", "USAGE", "CONTENT", "SIZE", "IN", "USE"]
    assert name.startswith("busybox:latest")
    assert platform.startswith("└─ linux/")
