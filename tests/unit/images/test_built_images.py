"""Images of the builder: they and their names come together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.images import documents, references
from seacan.images.building import Building, NewImage
from seacan.images.image import ImageId
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.paths import DataRoot
from seacan.spec.image import ImageConfig

AMD64, ARM64 = Platform("amd64"), Platform("arm64")
NAMES = [references.parse("a").with_default_tag(), references.parse("b:1")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(DataRoot(tmp_path))
    yield store
    store.close()


def new(platform: Platform) -> NewImage:
    config: ImageConfig = {
        "architecture": platform.architecture,
        "os": platform.os,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [],
    }
    return NewImage(config, [])


def names(store: Store) -> set[tuple[str, str]]:
    with store.database.reading() as sql:
        return set(sql.execute("SELECT name, image FROM image_references"))


@pytest.mark.parametrize("platforms", [(AMD64,), (AMD64, ARM64)])
def test_images_come_with_their_names(store: Store, platforms: tuple[Platform, ...]) -> None:
    told: list[tuple[ImageId, Reference | None]] = []
    building = Building(store, lambda image_id, reference: told.append((image_id, reference)))
    images = {platform: new(platform) for platform in platforms}
    with building.adding():
        ids = building.add_images(images, NAMES)
        assert building.add_images(images, NAMES) == ids
    first = ids[AMD64]
    assert names(store) == {(str(name), first) for name in NAMES}
    named = [(first, name) for name in NAMES]
    assert told == [*((each, None) for each in ids.values()), *named, *named]


def test_there_is_none_without_its_names(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_name", killed)
    building = Building(store, lambda image_id, reference: None)
    image = new(AMD64)
    with building.adding(), pytest.raises(KeyboardInterrupt):
        building.add_images({AMD64: image}, NAMES)
    assert not store.manifest_digest(documents.digest(documents.encode(image.config)))
