"""Caches of others, looked into: what is found for a step, and what is believed."""

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import anyio
import pytest

from seacan.build.caches import document, imported, inline
from seacan.build.caches.document import Entry
from seacan.build.state import State
from seacan.errors import InvalidArgument, SeacanError
from seacan.images import documents
from seacan.images.building import Building, BuiltLayer, Result
from seacan.images.layers import Layer
from seacan.images.platforms import Platform
from seacan.images.store import Store
from seacan.paths import DataRoot
from seacan.spec.image import (
    MEDIA_TYPE_CONFIG,
    MEDIA_TYPE_INDEX,
    MEDIA_TYPE_LAYER,
    MEDIA_TYPE_MANIFEST,
    Descriptor,
    ImageConfig,
)

T = TypeVar("T")
TIME = "2020-01-01T00:00:00Z"
EMPTY = State(Platform("amd64"), {})
ONE, TWO, LINKED = "1" * 64, "2" * 64, "3" * 64


def archive(name: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as opened:
        opened.addfile(tarfile.TarInfo(name))
    return data.getvalue()


FIRST, SECOND = archive("first"), archive("second")


def described(data: bytes, kind: str = MEDIA_TYPE_LAYER, **more: Any) -> Descriptor:
    said = {"mediaType": kind, "digest": documents.digest(data), "size": len(data), **more}
    return cast(Descriptor, said)


def layer(data: bytes) -> BuiltLayer:
    return BuiltLayer(Layer(0, "", 0), documents.digest(data), described(data))


ENTRIES = [
    Entry(ONE, TIME, [layer(FIRST)]),
    Entry(TWO, TIME, [layer(FIRST), layer(SECOND)]),
    Entry(LINKED, TIME, [layer(SECOND)]),
]


class Blobs:
    """A CacheSource: blobs by digest, the first of which is the manifest."""

    name = "x"

    def __init__(self, *blobs: bytes) -> None:
        self.top = blobs[0]
        self.blobs = {documents.digest(each): each for each in blobs}
        self.taken: list[str] = []

    async def manifest(self, digest: str = "") -> bytes:
        return self.blobs[digest] if digest else self.top

    async def take(self, blob: Descriptor, use: Callable[[BinaryIO], T]) -> T:
        self.taken.append(blob["digest"])
        data = self.blobs[blob["digest"]]
        return await anyio.to_thread.run_sync(use, io.BytesIO(data))


def cached(changes: Mapping[str, bytes] = {}, *, is_index: bool = False) -> Blobs:
    """Return a cache of ENTRIES; `changes`: other bytes for the first layer, or the document."""
    layers = [
        described(each, annotations={document.DIFF_ID: documents.digest(each)})
        for each in (FIRST, SECOND)
    ]
    config = document.encode(ENTRIES, {each["digest"]: each for each in layers})
    told = described(config, document.MEDIA_TYPE)
    made: dict[str, Any]
    if is_index:
        made = {"mediaType": MEDIA_TYPE_INDEX, "manifests": [*layers, told]}
    else:
        made = {"mediaType": MEDIA_TYPE_MANIFEST, "config": told, "layers": layers}
    source = Blobs(json.dumps({"schemaVersion": 2, **made}).encode(), config, FIRST, SECOND)
    for name, data in changes.items():
        source.blobs[documents.digest({"first": FIRST, "config": config}[name])] = data
    return source


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    store = Store(DataRoot(tmp_path))
    building = Building(store, lambda image_id, reference: None)
    with building.adding():
        yield building
    store.close()


def find(
    building: Building, source: Blobs, key: str, state: State = EMPTY, *, is_linked: bool = False
) -> Result | None:
    async def run() -> Result | None:
        cache = await imported.read(source, building)
        return await cache.find(key, state, is_linked=is_linked)

    return anyio.run(run)


def after(building: Building, source: Blobs) -> State:
    """Return the state after the first step."""
    result = find(building, source, ONE)
    assert result is not None
    return EMPTY.after({}, "", TIME, "", result.layer)


@pytest.mark.parametrize("is_index", [False, True])
def test_a_layer_is_fetched_when_it_is_wanted(building: Building, is_index: bool) -> None:
    source = cached(is_index=is_index)
    assert find(building, source, "f" * 64) is None
    assert documents.digest(FIRST) not in source.taken
    state = after(building, source)
    assert building.layer_path(state.layers[0].layer).joinpath("first").exists()
    result = find(building, source, TWO, state)
    assert result is not None
    assert result.layer is not None
    assert result.layer.is_on(state.diff_ids)
    taken = len(source.taken)
    again = find(building, source, TWO, state)
    assert again == result
    assert len(source.taken) == taken + 1  # the document alone: the layer is here


def test_a_step_that_changed_nothing(building: Building) -> None:
    source = cached()
    state = after(building, source)
    assert find(building, source, ONE, state) == Result(ONE, TIME, "", None)


def test_layers_are_of_the_state_that_they_were_made_on(building: Building) -> None:
    source = cached()
    assert find(building, source, TWO) is None
    assert find(building, source, LINKED, after(building, source)) is None


def test_a_linked_layer_is_put_on_whatever_is_below(building: Building) -> None:
    source = cached()
    for state in (EMPTY, after(building, source)):
        result = find(building, source, LINKED, state, is_linked=True)
        assert result is not None
        assert result.layer is not None
        assert result.layer.is_on(state.diff_ids)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first": SECOND}, "layer verification failed"),
        ({"first": FIRST + b"\0"}, "longer than its descriptor says"),
        ({"first": FIRST[:-1]}, "layer verification failed"),
        ({"config": b"{}"}, "is not as it says"),
    ],
)
def test_what_is_not_as_it_says(
    building: Building, changes: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        find(building, cached(changes), ONE)


def test_a_layer_of_another_diff_id(building: Building) -> None:
    """A digest that is right says nothing of what the step came to (CVE-2024-24557's kind)."""
    lies = described(FIRST, annotations={document.DIFF_ID: documents.digest(SECOND)})
    config = document.encode([Entry(ONE, TIME, [layer(SECOND)])], {documents.digest(SECOND): lies})
    told = described(config, document.MEDIA_TYPE)
    manifest = {"schemaVersion": 2, "config": told, "layers": [lies]}
    with pytest.raises(InvalidArgument, match="expected diff id"):
        find(building, Blobs(json.dumps(manifest).encode(), config, FIRST), ONE)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"7",
        b"[" * 100_000,
        b'{"manifests": 7}',
        b'{"config": {}, "layers": []}',
        b'{"manifests": [{"mediaType": "x", "digest": "sha256:../x", "size": 1}]}',
    ],
)
def test_what_is_no_manifest(building: Building, manifest: bytes) -> None:
    with pytest.raises(SeacanError):
        find(building, Blobs(manifest), ONE)


def test_a_document_that_is_too_long_is_not_read(building: Building) -> None:
    told = described(b"", document.MEDIA_TYPE, size=document.LIMIT_BYTES + 1)
    source = Blobs(json.dumps({"schemaVersion": 2, "config": told, "layers": []}).encode(), b"")
    with pytest.raises(InvalidArgument, match="a document longer than"):
        find(building, source, ONE)
    assert source.taken == []


# -- in an image ----------------------------------------------------------------------------------


def image_config(**more: Any) -> ImageConfig:
    diff_ids = [documents.digest(FIRST), documents.digest(SECOND)]
    history = [{"created_by": "a"}, {"created_by": "b", "empty_layer": True}, {"created_by": "c"}]
    made = {"rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history}
    return cast(ImageConfig, {"os": "linux", **made, **more})


def image(config: object) -> Blobs:
    data = json.dumps(config).encode()
    told = {"config": described(data, MEDIA_TYPE_CONFIG)}
    layers = [described(each) for each in (FIRST, SECOND)]
    manifest = json.dumps({"schemaVersion": 2, **told, "layers": layers}).encode()
    return Blobs(manifest, data, FIRST, SECOND)


def test_a_cache_in_an_image(building: Building) -> None:
    config = inline.with_cache(image_config(), ENTRIES)
    source = image(config)
    state = after(building, source)
    assert find(building, source, TWO, state) is not None
    assert find(building, source, LINKED, is_linked=True) is not None


def test_an_index_of_such_images(building: Building) -> None:
    source = image(inline.with_cache(image_config(), ENTRIES))
    other = image(image_config(architecture="arm64"))
    manifests = [described(each.top, MEDIA_TYPE_MANIFEST) for each in (other, source)]
    index = json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()
    together = Blobs(index, *other.blobs.values(), *source.blobs.values())
    assert find(building, together, ONE) is not None


def test_history_tells_of_each_layer_or_there_is_no_cache() -> None:
    """BuildKit reads beyond the end of its list of times, and falls."""
    assert inline.with_cache(image_config(history=[{"created_by": "a"}]), ENTRIES) is None
    assert inline.with_cache(image_config(history=None), ENTRIES) is None


def test_an_image_without_one(building: Building) -> None:
    with pytest.raises(InvalidArgument, match="the image has no cache"):
        find(building, image(image_config()), ONE)
    assert inline.with_cache(image_config(), [Entry(ONE, TIME, [layer(b"other")])]) == (
        image_config()
    )


@pytest.mark.parametrize(
    "cache",
    ["!", 7, base64.b64encode(b"{}").decode(), base64.b64encode(b"[" * 9999).decode()],
)
def test_a_cache_in_an_image_that_is_none(building: Building, cache: object) -> None:
    config = {**image_config(), "moby.buildkit.cache.v0": cache}
    with pytest.raises(InvalidArgument, match="invalid cache"):
        find(building, image(config), ONE)


def test_an_image_whose_layers_are_others(building: Building) -> None:
    config = image_config(rootfs={"type": "layers", "diff_ids": [documents.digest(FIRST)]})
    with pytest.raises(InvalidArgument, match="don't match"):
        find(building, image(config), ONE)
