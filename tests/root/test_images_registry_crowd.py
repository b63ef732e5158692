"""Many pulls, pushes and removals of the same few images at once, some of them broken off."""

import os
import random
import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.fakes.registry import Cut, FakeRegistry, Fault, Status
from tests.images.archives import digest, member, tar
from tests.images.place import Place, check_manifest, no_containers

from seacan.errors import NotFound, SeacanError
from seacan.images import references
from seacan.images.remote.credentials import NOBODY
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation, Cancelled

pytestmark = [pytest.mark.root, pytest.mark.slow]

SETTINGS = RegistrySettings(retry_delay_s=0.01, directories=())
LAYERS = [tar([member(f"{n}/{m}", os.urandom(3000)) for m in range(40)]) for n in range(6)]
IMAGES = 4
CLIENTS = 5
DEEDS = 25  # of each client
FAULTS: list[Fault] = [Cut(5000), Status(503)]


class Client:
    """Does one thing after the other; `failures` are those that nobody is to blame for."""

    def __init__(self, place: Place, registry: FakeRegistry, seed: int) -> None:
        self._remote = place.images.remote
        self._images = place.images
        self._registry = registry
        self._random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        deeds = (self._pull, self._pull, self._break_off, self._push, self._remove, self._spoil)
        for _ in range(DEEDS):
            deed = self._random.choice(deeds)
            try:
                deed(f"{self._registry.host}/a:{self._random.randrange(IMAGES)}")
                self.done[deed.__name__] += 1
            except (NotFound, Cancelled):
                continue  # removed by another, or broken off
            except Exception as err:
                self.failures.append(f"{deed.__name__}: {err!r}")

    def _pull(self, name: str, cancellation: Cancellation | None = None) -> None:
        self._remote.pull(
            references.parse(name),
            platform=None,
            credentials=NOBODY,
            progress=lambda _: None,
            cancellation=cancellation or Cancellation(),
        )

    def _break_off(self, name: str) -> None:
        cancellation = Cancellation()
        timer = threading.Timer(self._random.random() / 20, cancellation.cancel)
        timer.start()
        try:
            self._pull(name, cancellation)
        finally:
            timer.join()

    def _push(self, name: str) -> None:
        there = f"{self._registry.host}/b{self._random.randrange(99)}:1"
        self._images.tag(name, references.parse(there))
        try:
            self._remote.push(
                references.parse(there),
                platform=None,
                credentials=NOBODY,
                progress=lambda _: None,
                cancellation=Cancellation(),
            )
        except SeacanError as err:
            if "does not exist" not in str(err):  # as it was removed with its image
                raise
        self._remove(there)

    def _remove(self, name: str) -> None:
        self._images.remove(name, force=True, used_by=no_containers)

    def _spoil(self, name: str) -> None:
        fault: Fault = self._random.choice(FAULTS)
        with self._registry.lock:
            self._registry.faults[digest(self._random.choice(LAYERS))] = [fault]


def test_a_crowd(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry().serving() as registry:
        for number in range(IMAGES):
            layers = random.Random(number).sample(LAYERS, 3)
            registry.add_image("a", str(number), layers, comment=str(number))
        clients = [Client(place, registry, seed) for seed in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [failure for client in clients for failure in client.failures] == []
    done = sum((client.done for client in clients), Counter[str]())
    assert all(done[deed] for deed in ("_pull", "_push", "_remove")), done
    for image in place.images.list():
        check_manifest(place, image)
        assert all(path.is_dir() for path in place.images.snapshots.lower_directories(image))
    for path in (tmp_path / "images/blobs/sha256").iterdir():
        assert digest(path.read_bytes())[7:] == path.name
    assert not os.listdir(tmp_path / "images/ingest")
    place.images.close()
