"""kill -9 in the midst of pull and push, and a full disk: nothing is half, and again it works."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.registry import FakeRegistry
from tests.images.archives import digest, directory, member, tar
from tests.images.place import HELLO, Place, check_manifest

from seacan.images import references
from seacan.images.remote.settings import RegistrySettings

pytestmark = pytest.mark.root

SETTINGS = RegistrySettings(retry_delay_s=0.01, directories=())
LAYERS = [
    tar(
        [
            directory(f"{layer}"),
            *(member(f"{layer}/{n}", os.urandom(20_000)) for n in range(100)),
        ]
    )
    for layer in range(3)
]
# Pulls an image and pushes it under another name; a line on stdout at each message.
VICTIM = """
import os, sys
from pathlib import Path
from seacan.images import references
from seacan.images.images import Images
from seacan.images.remote.credentials import NOBODY
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation
from seacan.paths import DataRoot

def say(*_):
    os.write(1, b"step\\n")

images = Images(DataRoot(Path(sys.argv[1])), registries=RegistrySettings(directories=()))
host = sys.argv[2]
name = references.parse(f"{host}/a:1")
known = dict(credentials=NOBODY, progress=say, cancellation=Cancellation(), platform=None)
for round in range(100):
    images.remote.pull(name, **known)
    say()
    images.tag(f"{host}/a:1", references.parse(f"{host}/b:{round}"))
    images.remote.push(references.parse(f"{host}/b:{round}"), **known)
    images.remove(str(name), force=True, used_by=lambda _: [])
    images.remove(f"{host}/b:{round}", force=True, used_by=lambda _: [])
"""


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        registry.add_image("a", "1", LAYERS)
        yield registry


@pytest.mark.parametrize("steps", [1, 2, 4, 6, 8, 11, 14, 18, 22, 26, 31, 36, 42, 50, 61, 75])
def test_kill_9(tmp_path: Path, registry: FakeRegistry, steps: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(tmp_path), registry.host], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(steps):
            assert process.stdout.readline() == b"step\n"
        process.kill()
    place = Place(tmp_path, SETTINGS)
    check(place)

    place.pull(f"{registry.host}/a:1")
    place.images.tag(f"{registry.host}/a:1", references.parse(f"{registry.host}/c:1"))
    place.push(f"{registry.host}/c:1")

    check(place)
    assert place.partials() == {}
    place.images.close()


def check(place: Place) -> None:
    """What is listed is whole, and whatever else there is are downloads to go on with."""
    blobs = place.root.images / "blobs" / "sha256"
    for image in place.images.list():
        check_manifest(place, image)
        assert all(path.is_dir() for path in place.images.snapshots.lower_directories(image))
    for path in blobs.iterdir():
        assert digest(path.read_bytes())[7:] == path.name
    assert not list((place.root.images / "ingest").iterdir())
    wanted = {digest(layer) for layer in LAYERS}
    assert set(place.partials()) <= wanted


# In a mount namespace of its own: a disk of 4 MiB for the images, too small for all of them.
FULL = """
import os, sys
from pathlib import Path
from tests.images.place import HELLO, Place
from tests.root.test_images_registry_crash import SETTINGS
from seacan.errors import Internal

place = Place(Path(sys.argv[1]), SETTINGS)
before = place.files()
used = os.statvfs(sys.argv[1]).f_bfree
try:
    place.pull(sys.argv[2] + "/a:1")
except Internal as err:
    print(err)
assert place.files() == before, place.files() - before
assert place.names() == [HELLO]
assert os.statvfs(sys.argv[1]).f_bfree >= used - 64, "something is not given back"
place.pull(sys.argv[2] + "/small:1")
print(*place.names())
"""


def test_a_full_disk(tmp_path: Path, registry: FakeRegistry) -> None:
    registry.add_image("small", "1", [tar([member("file", b"x")])])
    done = subprocess.run(
        [
            "unshare", "--mount", "--propagation", "private", "sh", "-ec",
            'mount -t tmpfs -o size=4m tmpfs "$1"; exec "$2" -c "$3" "$1" "$4"',
            "sh", tmp_path, sys.executable, FULL, registry.host,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    error, names = done.stdout.splitlines()
    assert "no space left on device" in error
    assert names == f"{registry.host}/small:1 {HELLO}"
