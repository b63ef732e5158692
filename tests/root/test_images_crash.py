"""kill -9 in the midst of load and remove: what is listed is whole, and nothing else is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import member, tar
from tests.images.place import HELLO, Place, check_manifest

pytestmark = pytest.mark.root

FILES = 300
LAYERS = [
    tar([member(f"{layer}/{number}", b"x" * 2000) for number in range(FILES)]) for layer in range(3)
]
# Loads two images of the same layers and removes one, for ever; a line on stdout at each step.
VICTIM = """
import sys
from pathlib import Path
from seacan.images.images import Images
from seacan.paths import DataRoot

def say(*_):
    print("step", flush=True)

images = Images(DataRoot(Path(sys.argv[1])))
for round in range(1000):
    for name in sys.argv[2:]:
        with open(name, "rb") as archive:
            images.load(archive, say)
    say()
    images.remove(f"app:{round % 2}", force=True, used_by=lambda _: [])
    say()
"""


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 9, 12, 16, 23, 31])
def test_kill_9(tmp_path: Path, steps: int) -> None:
    paths = []
    for number in range(2):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(
            archives.old_docker_archive(LAYERS, [f"app:{number}"], comment=f"{number}")
        )
        paths.append(str(path))
    data = tmp_path / "data"
    data.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(data), *paths], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(steps):
            assert process.stdout.readline() == b"step\n"
        process.kill()
    check(Place(data))


def check(place: Place) -> None:
    images = place.images.list()
    assert HELLO in place.names()
    for image in images:
        check_manifest(place, image)
        lowers = place.images.snapshots.lower_directories(image)
        if image.references[0].path == "library/app":
            assert [len(list(lower.glob("*/*"))) for lower in lowers] == [FILES] * len(LAYERS)
    numbers = {str(number) for image in images for number in image.layers}
    assert set(os.listdir(place.root.layers)) == numbers
    assert os.listdir(place.root.images / "ingest") == []
    blobs = set(os.listdir(place.root.images / "blobs/sha256"))
    documents = {image.id for image in images} | {image.manifest_digest for image in images}
    layers = {digest for image in images for digest in image.diff_ids}
    assert blobs == {digest.removeprefix("sha256:") for digest in documents | layers}
    place.images.close()
