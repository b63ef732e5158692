"""The volumes of a daemon, on disk and in its database, without a container that runs."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.containers import make_container

from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.engine.containers.container import Container
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.database import Database
from seacan.engine.volumes.volumes import Volumes
from seacan.errors import Conflict, Internal, InvalidArgument, NotFound
from seacan.volumes.local import LocalVolumes
from seacan.volumes.plugin_places import Places
from seacan.volumes.plugins import Plugins
from seacan.volumes.volume import ANONYMOUS


@dataclass
class Told:
    """What `Events` is told."""

    events: list[str] = field(default_factory=list)

    def append(self, kind: str, action: str, actor_id: str, attributes: dict[str, str]) -> None:
        self.events.append(f"{action} {actor_id}")


def _remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


class Bench:
    """Volumes below a directory; a new daemon can be had on the same."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "volumes"
        self.root.mkdir()
        self.plugins = directory / "plugins"
        self.database = Database(directory / "db")
        self.told = Told()
        self.layer = directory / "layer"
        (self.layer / "v").mkdir(parents=True)
        (self.layer / "v" / "file").write_text("image's")
        self.volumes = self.new()

    def new(self) -> Volumes:
        local = LocalVolumes(self.root, _remove_tree, ProjectQuotas(self.root))
        plugins = Plugins(Places(self.plugins, [self.plugins]), _remove_tree)
        volumes = Volumes(self.database, local, plugins, self.told)  # type: ignore[arg-type]
        volumes.restore(self.database.containers())
        return volumes

    def container(self, letter: str, *points: MountPoint) -> Container:
        record = make_container(letter * 64, letter)
        record.mount_points = list(points)
        return record

    def make(self, record: Container) -> None:
        with self.volumes.coming(record, [self.layer]) as new:
            self.database.add(record, new)

    def remove(self, record: Container, *, volumes: bool = True) -> None:
        with self.volumes.leaving(record, volumes=volumes) as gone:
            self.database.remove(record.id, gone)

    def names(self) -> list[str]:
        return [one.volume.name for one in self.volumes.list({})[0]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.database.close()


def point(name: str, destination: str = "/v", **fields: Any) -> MountPoint:
    return MountPoint("volume", destination, name=name, **{"is_named": True, **fields})


def test_made_once_and_found_by_the_next_daemon(bench: Bench) -> None:
    made = bench.volumes.create("data", "", None, {"a": "b"})
    assert bench.volumes.create("data", "", None, {"other": "x"}) == made
    assert Path(made.mountpoint).is_dir()
    assert bench.new().get("data") == made
    assert bench.told.events == ["create data"]


def test_an_anonymous_one_says_so(bench: Bench) -> None:
    made = bench.volumes.create("", "", None, None).volume
    assert len(made.name) == 64
    assert made.labels == {ANONYMOUS: ""}


def test_what_cannot_be_made(bench: Bench) -> None:
    with pytest.raises(InvalidArgument, match="volume name is too short"):
        bench.volumes.create("a", "", None, None)
    with pytest.raises(InvalidArgument, match="longer than 254"):
        bench.volumes.create("a" * 255, "", None, None)
    with pytest.raises(NotFound, match='plugin "nope" not found'):
        bench.volumes.create("data", "nope", None, None)
    assert bench.names() == []
    assert list(bench.root.iterdir()) == []


def test_one_that_a_container_has_stays(bench: Bench) -> None:
    records = [bench.container(letter, point("data")) for letter in "ab"]
    for record in records:
        bench.make(record)
    with pytest.raises(Conflict) as caught:
        bench.volumes.remove("data", force=True)
    assert str(caught.value) == f"remove data: volume is in use - [{'a' * 64}, {'b' * 64}]"
    bench.volumes = bench.new()
    with pytest.raises(Conflict, match="volume is in use"):
        bench.volumes.remove("data")
    for record in records:
        bench.remove(record)
    bench.volumes.remove("data")
    assert list(bench.root.iterdir()) == []


def test_removal_of_what_is_not_there(bench: Bench) -> None:
    with pytest.raises(NotFound, match="get data: no such volume"):
        bench.volumes.remove("data")
    bench.volumes.remove("data", force=True)


def test_anonymous_ones_go_with_their_last_container(bench: Bench) -> None:
    anonymous, named = point("x" * 64, "/a", is_named=False), point("named", "/b")
    first = bench.container("a", anonymous, named)
    second = bench.container("b", anonymous)
    bench.make(first)
    bench.make(second)
    bench.remove(first)
    assert bench.names() == ["named", "x" * 64]
    bench.remove(second, volumes=False)
    assert bench.names() == ["named", "x" * 64]
    bench.make(second)
    bench.remove(second)
    assert bench.names() == ["named"]


def test_a_new_volume_is_filled_with_the_images_content(bench: Bench) -> None:
    bench.make(bench.container("a", point("full"), point("bare", "/v", copies_up=False)))
    assert (bench.root / "full/_data/file").read_text() == "image's"
    assert list((bench.root / "bare/_data").iterdir()) == []


def test_an_empty_volume_is_filled_and_another_is_not(bench: Bench) -> None:
    for name in ("empty", "full"):
        bench.volumes.create(name, "", None, None)
    (bench.root / "full/_data/own").write_text("x")
    bench.make(bench.container("a", point("empty"), point("full")))
    assert (bench.root / "empty/_data/file").exists()
    assert not (bench.root / "full/_data/file").exists()


def test_a_container_that_does_not_come_leaves_nothing(bench: Bench) -> None:
    record = bench.container("a", point("new"))
    with pytest.raises(ZeroDivisionError), bench.volumes.coming(record, [bench.layer]):
        _ = 1 // 0
    assert list(bench.root.iterdir()) == []
    bench.volumes.create("new", "", None, None)
    bench.volumes.remove("new")


def test_a_copy_that_fails_is_told_and_leaves_nothing(bench: Bench) -> None:
    (bench.layer / "v" / "file").unlink()
    (bench.layer / "v" / "/".join(["d"] * 201)).mkdir(parents=True)
    bench.volumes.create("old", "", None, None)
    for name in ("new", "old"):
        with pytest.raises(InvalidArgument, match="too deep"):
            bench.make(bench.container("a", point(name)))
    assert bench.names() == ["old"]
    assert [path.name for path in (bench.root / "old").iterdir()] == ["_data"]
    bench.volumes.remove("old")


def test_a_full_disk_is_an_error_of_the_daemon(bench: Bench) -> None:
    shutil.rmtree(bench.root)  # as good: nothing can be made
    with pytest.raises(Internal, match="create data: "):
        bench.volumes.create("data", "", None, None)


def test_two_containers_at_once_on_one_new_volume(bench: Bench) -> None:
    """It is filled once, and only then has the second container."""
    together = threading.Barrier(8)

    def make(letter: str) -> None:
        together.wait()
        bench.make(bench.container(letter, point("shared")))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, "abcdefgh"))
    assert len(bench.volumes.get("shared").holders) == 8
    assert (bench.root / "shared/_data/file").read_text() == "image's"
    assert bench.told.events == ["create shared"]


def test_one_container_may_have_a_volume_twice(bench: Bench) -> None:
    record = bench.container("a", point("data", "/v"), point("data", "/w"))
    bench.make(record)
    assert bench.volumes.get("data").holders == (record.id,)
    bench.remove(record)
    assert bench.volumes.get("data").holders == ()


def test_where_a_volume_will_be(bench: Bench) -> None:
    bind = MountPoint("bind", "/b", "/host")
    placed, other = bench.volumes.placed([point("data"), bind])
    assert (placed.driver, placed.source) == ("local", str(bench.root / "data/_data"))
    assert other is bind
