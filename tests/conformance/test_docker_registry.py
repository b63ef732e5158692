"""docker pull, push, login and the rest, between Debian's docker-registry and seacan."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon
from tests.fakes.registry import FakeRegistry
from tests.images.docker_registry import DockerRegistry, certificate, docker_registry

pytestmark = [pytest.mark.conformance, pytest.mark.root]


@pytest.fixture(scope="module")
def certs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certs.d")


@pytest.fixture(scope="module")
def engine(busybox_tar: Path, certs_dir: Path) -> Iterator[Engine]:
    if host := os.environ.get("SEACAN_TEST_HOST"):
        yield Engine(host, None)
        return
    with running_daemon("--certs-dir", str(certs_dir)) as daemon:
        daemon.load(busybox_tar)
        yield Engine(daemon.host, daemon)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


def digest_of(docker: Docker, name: str) -> str:
    return docker.ok("image", "inspect", "-f", "{{index .RepoDigests 0}}", name).partition("@")[2]


def own(engine: Engine) -> Daemon:
    """Return the daemon, if it is our own; skips the test otherwise."""
    if engine.daemon is None:
        pytest.skip("of seacan's own daemon")
    return engine.daemon


def test_push_pull_and_run(docker: Docker, engine: Engine, registry: DockerRegistry) -> None:
    name = f"{registry.host}/team/box:1"
    docker.ok("tag", "busybox", name)

    pushed = docker.ok("push", name)

    assert f"The push refers to repository [{registry.host}/team/box]" in pushed
    assert "Pushed" in pushed
    digest = digest_of(docker, name)
    assert pushed.splitlines()[-1].startswith(f"1: digest: {digest} size: ")
    docker.ok("rmi", name)
    if engine.daemon:
        docker.ok("rmi", "busybox")
    pulled = docker.ok("pull", name)
    assert f"Status: Downloaded newer image for {name}" in pulled
    assert docker.ok("run", "--rm", "--network", "none", name, "echo", "works") == "works"
    docker.ok("tag", name, "busybox")  # as before
    docker.ok("rmi", name)

    by_digest = f"{registry.host}/team/box@{digest}"
    assert f"Digest: {digest}" in docker.ok("pull", by_digest)
    assert docker.ok("run", "--rm", "--network", "none", by_digest, "echo", "too") == "too"
    listed = docker.ok("images", "--digests", "--format", "{{.Repository}} {{.Digest}}")
    assert f"{registry.host}/team/box {digest}" in listed
    docker.ok("rmi", by_digest)


def test_run_pulls_what_is_missing(docker: Docker, registry: DockerRegistry) -> None:
    name = f"{registry.host}/missing:1"
    docker.ok("tag", "busybox", name)
    docker.ok("push", name)
    docker.ok("rmi", name)

    ran = docker("run", "--rm", "--network", "none", name, "echo", "works")

    assert (ran.status, ran.out) == (0, "works\n")
    assert f"Unable to find image '{name}' locally" in ran.err
    docker.ok("rmi", name)
    never = docker("run", "--rm", "--pull", "never", name, "true")
    assert never.status == 125
    always = docker("run", "--rm", "--network", "none", "--pull", "always", "-q", name, "true")
    assert always.status == 0, always
    docker.ok("rmi", name)


def test_all_tags(docker: Docker, registry: DockerRegistry) -> None:
    name = f"{registry.host}/many"
    for tag in ("a", "b"):
        docker.ok("tag", "busybox", f"{name}:{tag}")
    docker.ok("push", "-a", name)
    docker.ok("rmi", f"{name}:a", f"{name}:b")

    docker.ok("pull", "-a", name)

    names = docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    assert {one for one in names if one.startswith(name)} == {f"{name}:a", f"{name}:b"}
    docker.ok("rmi", f"{name}:a", f"{name}:b")


def test_errors(docker: Docker, registry: DockerRegistry) -> None:
    missing = docker("pull", f"{registry.host}/none:1")
    assert missing.status == 1
    assert missing.err == (
        f"Error response from daemon: manifest for {registry.host}/none:1 not found:"
        " manifest unknown: manifest unknown\n"
    )
    all_of_none = docker("pull", "-a", f"{registry.host}/none")
    assert all_of_none.err == (
        f"Error response from daemon: repository {registry.host}/none not found: name unknown:"
        " repository name not known to registry\n"
    )
    nothing = docker("push", f"{registry.host}/none:1")
    assert nothing.err == (f"An image does not exist locally with the tag: {registry.host}/none\n")


def test_a_registry_without_search(
    docker: Docker, engine: Engine, registry: DockerRegistry
) -> None:
    own(engine)
    assert "has no search" in docker("search", f"{registry.host}/x").err


def test_events(docker: Docker, registry: DockerRegistry) -> None:
    name = f"{registry.host}/told:1"
    docker.ok("tag", "busybox", name)
    docker.ok("push", name)
    docker.ok("pull", name)
    docker.ok("rmi", name)

    since, until = str(time.time() - 60), str(time.time())
    lines = docker.ok("events", "--since", since, "--until", until, "--format", "{{json .}}")

    events = [json.loads(line) for line in lines.splitlines()]
    told = [event for event in events if event["Actor"]["ID"] == name]
    assert [event["Action"] for event in told] == ["push", "pull"]
    for event in told:
        assert (event["Type"], event["status"], event["id"]) == ("image", event["Action"], name)
        assert event["Actor"]["Attributes"] == {"name": f"{registry.host}/told"}


def test_login_htpasswd_and_tls(
    docker: Docker, engine: Engine, certs_dir: Path, tmp_path: Path
) -> None:
    """After a refusal over TLS, dockerd asks an insecure registry without, and tells of that."""
    own(engine)
    tls = certificate(tmp_path)
    with docker_registry(tmp_path / "registry", htpasswd=True, tls=tls) as registry:
        directory = certs_dir / registry.host
        directory.mkdir()
        shutil.copy(tls[0], directory / "ca.crt")
        name = f"{registry.host}/private:1"
        docker.ok("tag", "busybox", name)

        assert "no basic auth credentials" in docker("push", name).err
        wrong = docker("login", "-u", "bob", "--password-stdin", registry.host, stdin="wrong")
        assert "401 Unauthorized" in wrong.err
        right = docker("login", "-u", "bob", "--password-stdin", registry.host, stdin="secret")
        assert "Login Succeeded" in right.out, right
        docker.ok("push", name)
        docker.ok("rmi", name)
        docker.ok("pull", name)
        docker.ok("rmi", name)
        docker.ok("logout", registry.host)
        assert "no basic auth credentials" in docker("pull", name).err


def test_distribution_and_manifest(
    docker: Docker, engine: Engine, registry: DockerRegistry
) -> None:
    daemon = own(engine)
    name = f"{registry.host}/shown:1"
    docker.ok("tag", "busybox", name)
    docker.ok("push", name)

    status, shown = daemon.request("GET", f"/distribution/{name}/json")

    assert status == 200
    assert shown["Descriptor"]["digest"] == digest_of(docker, name)
    assert shown["Platforms"] == [{"architecture": "amd64", "os": "linux"}]
    assert daemon.request("GET", f"/distribution/{registry.host}/none/json")[0] == 404
    manifest = json.loads(docker.ok("manifest", "inspect", "--insecure", name))
    assert manifest["schemaVersion"] == 2
    docker.ok("rmi", name)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="there is no skopeo here")
def test_digests_stay_the_same_between_tools(
    docker: Docker, engine: Engine, registry: DockerRegistry, busybox_tar: Path
) -> None:
    """By skopeo in, by seacan out and in again; dockerd makes a manifest of its own."""
    own(engine)
    source = f"docker://{registry.host}/skopeo:1"
    subprocess.run(
        [
            "skopeo", "copy", "-q", "--dest-tls-verify=false",
            f"docker-archive:{busybox_tar}", source,
        ],
        check=True,
    )  # fmt: skip
    docker.ok("pull", f"{registry.host}/skopeo:1")
    docker.ok("tag", f"{registry.host}/skopeo:1", f"{registry.host}/seacan:2")

    docker.ok("push", f"{registry.host}/seacan:2")

    raw = [
        subprocess.run(
            ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{registry.host}/{name}"],
            check=True,
            capture_output=True,
        ).stdout
        for name in ("skopeo:1", "seacan:2")
    ]  # fmt: skip
    assert raw[0] == raw[1]
    docker.ok("rmi", f"{registry.host}/skopeo:1", f"{registry.host}/seacan:2")


@pytest.mark.usefixtures("garbage_of_docker_py")
def test_docker_py(engine: Engine, registry: DockerRegistry) -> None:
    docker_py = pytest.importorskip("docker")
    client = docker_py.DockerClient(base_url=engine.host)
    try:
        name = f"{registry.host}/py"
        client.images.get("busybox").tag(name, "1")
        lines = list(client.images.push(name, "1", stream=True, decode=True))
        assert lines[-1]["aux"]["Tag"] == "1"
        client.images.remove(f"{name}:1")
        image = client.images.pull(name, "1")
        assert f"{name}:1" in image.tags
        data = client.images.get_registry_data(f"{name}:1")
        assert data.id == lines[-1]["aux"]["Digest"]
        with pytest.raises(docker_py.errors.NotFound):
            client.images.pull(name, "2")
        client.images.remove(f"{name}:1")
    finally:
        client.close()


def test_seacans_own_command_line(
    engine: Engine, registry: DockerRegistry, tmp_path: Path, busybox_tar: Path
) -> None:
    own(engine)

    def seacan(*words: str) -> str:
        command = [sys.executable, "-m", "seacan.cli.main", "-H", engine.host, *words]
        environment = os.environ | {"DOCKER_CONFIG": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done
        return done.stdout

    name = f"{registry.host}/own:1"
    seacan("tag", "busybox", name)
    assert ": Pushed\n" in seacan("push", name)
    seacan("rmi", name)
    assert seacan("pull", "-q", name) == f"{name}\n"
    seacan("rmi", name)
    ran = seacan("run", "--rm", "--network", "none", "-q", name, "echo", "works")
    assert ran == "works\n"
    seacan("manifest", "create", f"{registry.host}/own:list", name)
    digest = seacan("manifest", "push", "-p", f"{registry.host}/own:list").strip()
    pulled = seacan("pull", f"{registry.host}/own:list")
    assert f"Digest: {digest}\n" in pulled
    seacan("rmi", name, f"{registry.host}/own:list")


def test_login_at_a_token_server(docker: Docker, engine: Engine) -> None:
    """The identity token that login brings is what pull and push then show."""
    own(engine)
    with FakeRegistry(auth="token").serving() as registry:
        name = f"{registry.host}/box:1"
        docker.ok("tag", "busybox", name)
        wrong = docker("login", "-u", "bob", "--password-stdin", registry.host, stdin="wrong")
        assert "unauthorized: incorrect username or password" in wrong.err
        docker.ok("login", "-u", "bob", "--password-stdin", registry.host, stdin="secret")
        registry.asked.clear()

        docker.ok("push", name)
        docker.ok("rmi", name)
        docker.ok("pull", name)

        assert registry.asked_for("POST", "/token")
        assert not registry.asked_for("GET", "/token")
        docker.ok("rmi", name)
