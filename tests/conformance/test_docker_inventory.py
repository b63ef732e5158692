"""docker system df, network, volume, plugin and what needs a swarm."""

import contextlib
import json

import docker as sdk
import pytest
from tests.conformance.docker_cli import Docker, Engine

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NETWORK = ("--network", "none")


@pytest.mark.usefixtures("garbage_of_docker_py")
def test_disk_usage_of_a_container(docker: Docker, engine: Engine) -> None:
    script = "head -c 1000 /dev/zero > /tmp/a; ln /tmp/a /tmp/b; mkdir /tmp/c; ln -s xyz /tmp/l"
    docker.ok("run", *NETWORK, "--name", docker.name, "busybox", "sh", "-c", script)
    verbose = json.loads(docker.ok("system", "df", "-v", "--format", "json"))
    (shown,) = [one for one in verbose["Containers"] if one["Names"] == docker.name]
    assert shown["Size"] == "1kB"
    with contextlib.closing(sdk.APIClient(base_url=engine.host)) as client:
        usage = client.df()
    (measured,) = [one for one in usage["Containers"] if one["Names"] == [f"/{docker.name}"]]
    assert measured["SizeRw"] == 1000 + len("xyz")
    assert measured["SizeRootFs"] == 1003 + int(docker.inspect("busybox", "{{.Size}}"))


def test_disk_usage_of_images(docker: Docker, engine: Engine) -> None:
    docker.ok("tag", "busybox", f"{docker.name}:1")
    try:
        docker.ok("create", *NETWORK, f"{docker.name}:1")
        verbose = json.loads(docker.ok("system", "df", "-v", "--format", "json"))
    finally:
        docker.ok("rmi", "-f", f"{docker.name}:1")
    images = [
        image for image in verbose["Images"] if image["Repository"] in ("busybox", docker.name)
    ]
    size = f"{int(docker.inspect('busybox', '{{.Size}}')) / 1e6:.3g}MB"
    assert {image["Size"] for image in images} == {size}
    assert {image["SharedSize"] for image in images} == {"0B"}
    assert all(int(image["Containers"]) >= 1 for image in images)
    if engine.daemon is not None:
        rows = docker.ok("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}")
        assert rows.splitlines() == [
            *["Images 2 1", "Containers 1 0", "Local Volumes 0 0", "Build Cache 0 0"]
        ]


@pytest.mark.parametrize("name", ["none", "host"])
def test_networks(docker: Docker, name: str) -> None:
    listed = docker.ok("network", "ls", "--no-trunc", "--format", "{{.Name}} {{.ID}} {{.Driver}}")
    (row,) = [line.split() for line in listed.splitlines() if line.startswith(f"{name} ")]
    docker.ok("run", "-d", "--network", name, "--name", docker.name, "busybox", "sleep", "1000")
    (network,) = json.loads(docker.ok("network", "inspect", name))
    assert [network["Name"], network["Id"], network["Driver"]] == row
    assert docker.name in [one["Name"] for one in network["Containers"].values()]
    docker.ok("kill", docker.name)
    (network,) = json.loads(docker.ok("network", "inspect", row[1][:12]))
    assert docker.name not in [one["Name"] for one in network["Containers"].values()]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("network", "inspect", "nosuch"), "network nosuch not found"),
        (("network", "rm", "none"), "none is a pre-defined network and cannot be removed"),
        (("volume", "inspect", "nosuch"), "get nosuch: no such volume"),
        (("plugin", "inspect", "nosuch"), 'plugin "nosuch" not found'),
        (("node", "ls"), "This node is not a swarm manager."),
        (("service", "ls"), "This node is not a swarm manager."),
        (("secret", "ls"), "This node is not a swarm manager."),
        (("config", "ls"), "This node is not a swarm manager."),
        (("stack", "ls"), "This node is not a swarm manager."),
        (("swarm", "leave"), "This node is not part of a swarm"),
    ],
)
def test_refusals(docker: Docker, words: tuple[str, ...], error: str) -> None:
    result = docker(*words)
    assert result.status == 1
    assert error in result.err


def test_that_there_are_none(docker: Docker) -> None:
    assert docker.ok("volume", "ls", "-q", "--filter", "name=nosuch") == ""
    assert docker.ok("plugin", "ls", "-q") == ""
