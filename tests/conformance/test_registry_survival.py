"""The daemon killed, or told to end, while it pulls and pushes for docker."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon, wait_until
from tests.fakes.registry import Cut, FakeRegistry, Hold
from tests.images.archives import digest
from tests.images.busybox import rootfs

pytestmark = [pytest.mark.conformance, pytest.mark.root]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running_daemon() as daemon:
        yield Engine(daemon.host, daemon)


@pytest.fixture
def daemon(engine: Engine) -> Daemon:
    assert engine.daemon is not None
    return engine.daemon


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        yield registry


@pytest.fixture
def box(registry: FakeRegistry) -> bytes:
    """The layer of image box:1 in the registry."""
    layer = rootfs()
    registry.add_image("box", "1", [layer], config={"Cmd": ["echo", "works"]})
    return layer


def partials(daemon: Daemon) -> list[Path]:
    return list((daemon.data_root / "images" / "partial").iterdir())


def test_a_pull_goes_on_after_kill_9(
    docker: Docker, daemon: Daemon, registry: FakeRegistry, box: bytes
) -> None:
    hold = Hold(threading.Event())
    registry.faults[digest(box)] = [Cut(500_000), hold]
    name = f"{registry.host}/box:1"
    with docker.popen("pull", name) as pull:
        assert hold.began.wait(60)
        daemon.kill()
        pull.communicate(timeout=60)
    hold.event.set()
    assert pull.returncode == 1
    assert [path.stat().st_size for path in partials(daemon)] == [500_000]

    daemon.start()

    assert docker("image", "inspect", name).status == 1
    docker.ok("pull", name)
    assert registry.asked_for("GET", digest(box))[-1].headers["range"] == "bytes=500000-"
    assert partials(daemon) == []
    assert docker.ok("run", "--rm", "--network", "none", name) == "works"
    docker.ok("rmi", name)


def test_a_push_works_after_kill_9(
    docker: Docker, daemon: Daemon, registry: FakeRegistry, box: bytes
) -> None:
    name = f"{registry.host}/box:1"
    docker.ok("pull", name)
    with FakeRegistry().serving() as other:
        there = f"{other.host}/box:2"
        docker.ok("tag", name, there)
        hold = Hold(threading.Event())
        other.faults["/blobs/upload1"] = [hold]
        with docker.popen("push", there) as push:
            assert hold.began.wait(60)
            daemon.kill()
            push.communicate(timeout=60)
        hold.event.set()
        daemon.start()

        docker.ok("push", there)

        assert other.manifests["box", "2"] == registry.manifests["box", "1"]
    docker.ok("rmi", name, there)


def test_a_registry_that_hangs_keeps_no_daemon_from_ending(
    docker: Docker, daemon: Daemon, registry: FakeRegistry, box: bytes
) -> None:
    holds = [Hold(threading.Event()), Hold(threading.Event())]
    registry.faults["/manifests/"] = [holds[0]]
    registry.faults[digest(box)] = [holds[1]]
    for hold in holds:
        with docker.popen("pull", f"{registry.host}/box:1") as pull:
            assert hold.began.wait(60)
            assert daemon.request("GET", "/_ping")[0] == 200
            daemon.stop()
            pull.communicate(timeout=60)
        hold.event.set()
        daemon.start()


def test_a_client_that_goes_away_ends_its_pull(
    docker: Docker, daemon: Daemon, registry: FakeRegistry, box: bytes
) -> None:
    hold = Hold(threading.Event())
    registry.faults[digest(box)] = [Cut(500_000), hold]
    with docker.popen("pull", f"{registry.host}/box:1") as pull:
        assert hold.began.wait(60)
        pull.terminate()
        pull.communicate(timeout=60)
    hold.event.set()

    wait_until(lambda: len(partials(daemon)) == 1, "what was fetched to be kept")
    docker.ok("pull", f"{registry.host}/box:1")
    docker.ok("rmi", f"{registry.host}/box:1")
