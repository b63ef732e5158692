"""push over a connection that breaks: it goes on where the registry is, if the registry knows."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import wait_until
from tests.fakes.relay import Relay
from tests.images import archives
from tests.images.archives import member, tar
from tests.images.docker_registry import docker_registry
from tests.images.place import Place
from tests.registry.process import Process, running_process

from seacan.images import references
from seacan.images.remote.settings import RegistrySettings

pytestmark = pytest.mark.root

CONTENT = os.urandom(8 << 20)  # which no compression makes less of
BREAK_AT = 5 << 20
SLACK = 1 << 20  # on its way when it breaks, and headers


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "images").mkdir()
    place = Place(tmp_path / "images", RegistrySettings(retry_delay_s=0.1, directories=()))
    place.load(archives.old_docker_archive([tar([member("big", CONTENT)])], ["app:1"]))
    yield place
    place.images.close()


def push(place: Place, relay: Relay) -> list[str]:
    name = f"127.0.0.1:{relay.port}/app:1"
    place.images.tag("app:1", references.parse(name))
    lines = place.push(name)
    assert relay.sent_bytes > BREAK_AT
    return lines


def test_the_rest_is_sent(place: Place, tmp_path: Path) -> None:
    with running_process(tmp_path) as registry, Relay(registry.port, BREAK_AT).running() as relay:
        assert any("Retrying" in line for line in push(place, relay))

        assert relay.sent_bytes < len(CONTENT) + BREAK_AT // 2 + SLACK


def test_over_a_restart_of_the_registry(place: Place, tmp_path: Path) -> None:
    with running_process(tmp_path) as registry, Relay(registry.port, BREAK_AT).running() as relay:
        relay.broken = lambda: _restart(registry, relay)

        push(place, relay)

        assert relay.sent_bytes < len(CONTENT) + BREAK_AT // 2 + SLACK


def test_a_registry_that_forgets_is_sent_all_of_it(place: Place, tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        with Relay(int(registry.host.partition(":")[2]), BREAK_AT).running() as relay:
            push(place, relay)

        assert registry.request("GET", "/v2/app/tags/list")[1]["tags"] == ["1"]


def _restart(registry: Process, relay: Relay) -> None:
    uploads = registry.root / "uploads"
    wait_until(lambda: _bytes_in(uploads) > BREAK_AT // 2, "the registry to have taken some")
    registry.kill()
    registry.start()
    relay.target_port = registry.port


def _bytes_in(directory: Path) -> int:
    return sum(map(_bytes_of, directory.iterdir()))


def _bytes_of(upload: Path) -> int:
    try:
        return upload.stat().st_size
    except FileNotFoundError:  # it is whole, or was given up
        return 0
