"""A web application with PostgreSQL, Redis and nginx, under `seacan compose` and docker compose.

Its images are made of Debian's packages (tests/images/debian_servers.py).
"""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import pytest
from tests.conformance.composing import SEACAN, Composer, docker_compose
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.images import debian_servers

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SERVERS: Final = "seacan-test-servers:1"
_FILES: Final = Path(__file__).with_name("shop")


@pytest.fixture(scope="module")
def servers(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image with the servers, imported into the engine."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    try:
        archive = debian_servers.servers_archive()
    except debian_servers.Unavailable as err:
        pytest.skip(str(err))
    docker = Docker(engine.host, tmp_path_factory.mktemp("docker"))
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    imported = docker("import", "-c", path, str(archive), SERVERS, timeout_s=200)
    assert imported.status == 0, imported
    return SERVERS


class Shop:
    """The application under one of the two composers; images are built by `seacan compose`."""

    def __init__(self, directory: Path, program: Sequence[str], engine: Engine) -> None:
        self.name = f"sc{secrets.token_hex(4)}"
        shutil.copytree(_FILES, directory, dirs_exist_ok=True)
        (directory / "password").write_text(secrets.token_hex(16))
        self.compose = Composer(program, engine.host, directory)
        self.builder = Composer(SEACAN, engine.host, directory)
        for composer in (self.compose, self.builder):
            composer.env |= {"PROJECT": self.name, "SERVERS": SERVERS}

    def up(self, *words: str, edition: int = 1) -> None:
        """Have it run, and healthy."""
        self.compose.env["EDITION"] = str(edition)
        done = self.compose("up", "--wait", "--no-build", *words, timeout_s=200)
        assert done.status == 0, done.err

    @property
    def port(self) -> int:
        return int(self.compose.ok("port", "proxy", "80").rpartition(":")[2])

    def containers(self, service: str) -> list[str]:
        return self.compose.ok("ps", "-q", "--no-trunc", service).split()

    def hosts(self) -> set[str]:
        """Return which containers answer, by the beginnings of their ids."""
        return {ask(self.port)["host"] for _ in range(20)}


@pytest.fixture(params=["seacan compose", "docker compose"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, servers: str, engine: Engine, docker: Docker
) -> Iterator[Shop]:
    program = SEACAN if request.param == "seacan compose" else docker_compose()
    if program is None:
        pytest.skip("there is no docker compose 2 here")
    shop = Shop(tmp_path, program, engine)
    built = shop.builder("build")
    assert built.status == 0, built.err
    yield shop
    shop.compose("down", "-v", "-t", "0", "--rmi", "local")


class Load:
    """Somebody who asks without a pause, while a `with` lasts; whatever fails is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.editions: list[str] = []
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                self.editions.append(ask(self._port)["edition"])
            except (OSError, http.client.HTTPException, AssertionError) as err:
                self.failures.append(repr(err))


def ask(port: int, method: str = "GET", body: str | None = None) -> Any:
    """Return what the application answers through the proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    with contextlib.closing(connection):
        connection.request(method, "/", body)
        response = connection.getresponse()
        text = response.read()
    assert response.status == 200, (response.status, text)
    return json.loads(text)


@pytest.mark.timeout(900)
def test_a_shop_from_opening_to_closing(shop: Shop, docker: Docker) -> None:
    shop.up()
    ask(shop.port, "POST", "a first order")
    assert ask(shop.port)["orders"] == 1
    isolated = docker("exec", shop.containers("proxy")[0], "sh", "-c", "exec 3<>/dev/tcp/db/5432")
    assert isolated.status != 0

    shop.up("--scale", "web=3")
    names = {container[:12] for container in shop.containers("web")}
    assert len(names) == 3
    wait_until(lambda: shop.hosts() == names, "all three to answer")

    # One crashes: it is started again, and answers.
    crashed = shop.containers("web")[1]
    os.kill(int(docker.inspect(crashed, "{{.State.Pid}}")), signal.SIGKILL)
    wait_until(lambda: docker.inspect(crashed, "{{.RestartCount}}") == "1", "a restart")
    wait_until(lambda: _health(docker, crashed) == "healthy", "it to be healthy")
    wait_until(lambda: shop.hosts() == names, "all three to answer again")

    # What is in the volume stays, what is not goes.
    assert shop.compose("down").status == 0
    shop.up()
    answer = ask(shop.port)
    assert answer["orders"] == 1
    assert int(answer["visits"]) < 40
    assert shop.compose("down", "-v", "--rmi", "local").status == 0
    label = f"label=com.docker.compose.project={shop.name}"
    for words in (["ps", "-aq"], ["network", "ls", "-q"], ["volume", "ls", "-q"]):
        assert docker.ok(*words, "--filter", label) == ""


def _health(docker: Docker, container: str) -> str:
    return docker.inspect(container, "{{.State.Health.Status}}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shop", ["seacan compose"], indirect=True)
def test_updated_under_load_no_request_fails(shop: Shop) -> None:
    """docker compose ignores update_config: all three would stop at once."""
    shop.up("--scale", "web=3")
    before = shop.containers("web")
    with Load(shop.port) as load:
        wait_until(lambda: len(load.editions) > 10, "the first answers")
        shop.up("--scale", "web=3", edition=2)
        asked = len(load.editions)
        wait_until(lambda: len(load.editions) > asked + 30, "more answers")
    assert not load.failures, load.failures[:3]
    assert set(load.editions) == {"1", "2"}
    assert set(load.editions[-20:]) == {"2"}
    assert not set(before) & set(shop.containers("web"))
