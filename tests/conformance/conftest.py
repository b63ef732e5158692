"""The engine under test, and the docker CLI pointed at it.

SEACAN_TEST_HOST=unix:///… runs the same tests against another engine, for reference; what is
seacan's own is then skipped.
"""

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import plugin
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon


@pytest.fixture(scope="session")
def busybox_tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A docker-save archive of busybox:latest."""
    from tests.images.busybox import busybox_archive

    path = tmp_path_factory.mktemp("images") / "busybox.tar"
    busybox_archive(path)
    return path


@pytest.fixture(scope="module")
def engine(busybox_tar: Path) -> Iterator[Engine]:
    """One engine for all tests of a file, none of which hurts it, with busybox and hello-world."""
    host = os.environ.get("SEACAN_TEST_HOST")
    if host:
        yield Engine(host, None)
        return
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield Engine(daemon.host, daemon)


@pytest.fixture(scope="module")
def own_daemon(engine: Engine) -> Daemon:
    """The daemon of `engine`, for what only seacan has."""
    if engine.daemon is None:
        pytest.skip("another engine does not have it")
    return engine.daemon


@pytest.fixture
def garbage_of_docker_py() -> Iterator[None]:
    """Collect the connections that docker-py leaves open, or a later test would fail of them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def docker(engine: Engine) -> Iterator[Docker]:
    """The docker CLI; the test's containers are removed afterwards, and nothing stays behind."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    with tempfile.TemporaryDirectory(prefix="sc-cli-") as configuration:
        docker = Docker(engine.host, Path(configuration))
        before = engine.daemon.leftovers() if engine.daemon else []
        yield docker
        docker.remove_containers()
        docker.remove_networks()
        if engine.daemon:
            engine.daemon.assert_nothing_left(before=before)


@pytest.fixture
def buildx(docker: Docker) -> Docker:
    """The docker CLI, which finds the plugin."""
    found = plugin("docker-buildx", "SEACAN_TEST_BUILDX")
    if found is None:
        pytest.skip("there is no docker buildx here")
    plugins = Path(docker.env["DOCKER_CONFIG"]) / "cli-plugins"
    plugins.mkdir()
    (plugins / "docker-buildx").symlink_to(found)
    return docker
