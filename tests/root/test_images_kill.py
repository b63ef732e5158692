"""kill -9 anywhere in what changes the store: it is whole afterwards, and the work can be redone.

The victim counts what it asks of the system (files, directories, renames: Python's audit events)
and dies in front of the chosen one: no clock, and the rare places are as likely as the others.
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images import archives
from tests.images.archives import member, tar
from tests.images.place import HELLO, Place, check_manifest, no_containers

from seacan.images.check import Checked

pytestmark = pytest.mark.root

LAYERS = [tar([member(f"{layer}/{number}", b"x") for number in range(5)]) for layer in range(3)]
POINTS = 5
PREPARATION = """
import io, os, signal, sys
from pathlib import Path
from seacan.images import references
from seacan.images.commit import Commit
from seacan.images.images import Images
from seacan.paths import DataRoot

root, archive, layer, several = Path(sys.argv[1]), *sys.argv[2:5]
last = int(sys.argv[5])
images = Images(DataRoot(root))

def load():
    with open(archive, "rb") as file:
        images.load(file, lambda message: None)

def import_():
    with open(layer, "rb") as file:
        images.import_rootfs(file, reference=references.parse("made:1"), config={}, message="")

def commit():
    with open(layer, "rb") as file:
        wanted = Commit({}, [], "", "", references.parse("made:1"))
        images.commit(images.get("app:1"), file, wanted)

def save():
    with images.saving(["app:1"]) as pieces:
        for piece in pieces:
            pass

def remove():
    for name in ("app:1", "app:2"):
        images.remove(name, force=True, used_by=lambda image_id: [])

def load_several():
    with open(several, "rb") as file:
        images.load(file, lambda message: None)

def remove_platform():
    platform = images.get("many:1").platform
    images.remove("many:1", force=True, used_by=lambda image_id: [], platforms=[platform])

count = 0

def count_or_die(event, arguments):
    global count
    if event == "open" or event.startswith(("os.", "sqlite3.", "shutil.", "tempfile.")):
        count += 1
        if count == last + 1:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count_or_die)
"""
WORK = {
    "load": "load()",
    "load again": "load()",
    "import": "import_()",
    "commit": "commit()",
    "save": "save()",
    "remove": "remove()",
    "load several": "load_several()",
    "remove a platform": "remove_platform()",
    "start": "images.close(); images = Images(DataRoot(root))",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.tar"
    path.write_bytes(archives.old_docker_archive(LAYERS, ["app:1", "app:2"]))
    (tmp_path / "layer.tar").write_bytes(LAYERS[0])
    several = archives.of_platforms(
        "docker.io/library/many:1", ["linux/s390x", "linux/vax"], LAYERS[:2], more=True
    )
    (tmp_path / "several.tar").write_bytes(several)
    return path


def run(archive: Path, data: Path, work: str, last: int) -> tuple[int, int]:
    """Do the work, up to the event `last`; return the exit status and the number of events."""
    script = f"{PREPARATION}\n{work}\nprint(count)"
    files = [archive, archive.with_name("layer.tar"), archive.with_name("several.tar")]
    words = [sys.executable, "-c", script, str(data), *map(str, files), str(last)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    return done.returncode, int(done.stdout or 0)


def prepared(data: Path, archive: Path, name: str) -> Path:
    """Return a data root with what the work needs: the images for all but the first load."""
    data.mkdir()
    place = Place(data)
    if name not in ("load", "import"):
        place.load(archive.read_bytes())
    if name == "remove a platform":
        place.load(archive.with_name("several.tar").read_bytes())
    if name == "start":  # it has something to clear away
        (place.root.layers / ".gone-1/fs").mkdir(parents=True)
        (place.root.layers / "99").mkdir()
        (place.root.images / "ingest/x").mkdir()
    place.images.close()
    return data


@pytest.mark.parametrize("name", WORK)
def test_kill_anywhere(archive: Path, tmp_path: Path, name: str) -> None:
    status, events = run(archive, prepared(tmp_path / "whole", archive, name), WORK[name], -1)
    assert (status, events > POINTS) == (0, True)
    for point in points(events):
        data = prepared(tmp_path / f"at-{point}", archive, name)
        # What several threads ask varies: with fewer events than before, this one does not come.
        status, counted = run(archive, data, WORK[name], point)
        assert status == -signal.SIGKILL or (status == 0 and counted <= point)
        place = Place(data)
        check(place)
        place.images.close()
        if not name.startswith("remove"):
            assert run(archive, data, WORK[name], -1)[0] == 0
        place = Place(data)
        if name == "remove":
            for image in place.images.list():
                place.images.remove(image.id, force=True, used_by=no_containers)
            assert place.files() == set()
        check(place, wants_app=name in ("load", "load again"))
        if name == "load several":
            assert len(place.images.get("many:1").others) == 1
        if name == "remove a platform":
            assert str(place.images.get("many:1").of_all_platforms[-1].platform) == "linux/vax"
        place.images.close()


def points(events: int) -> Iterator[int]:
    """Yield places of kills: the first, the last, and between them some that each run chooses."""
    yield from sorted({0, events - 1, *random.sample(range(events), POINTS)})


def check(place: Place, *, wants_app: bool = False) -> None:
    assert list(place.images.check(Checked())) == []
    here = [one for image in place.images.list() for one in image.of_all_platforms]
    for image in here:
        check_manifest(place, image)
        for lower in place.images.snapshots.lower_directories(image):
            assert lower.is_dir()
    if wants_app:
        assert {"app:1", "app:2", HELLO} <= {*place.names()}
    numbers = {str(number) for image in here for number in image.layers}
    assert {*os.listdir(place.root.layers)} == numbers
