"""Documents of caches: read as they were written, and whatever strangers make of them."""

import json
from typing import Any, cast

import pytest

from seacan.build.caches import document
from seacan.build.caches.document import Entry
from seacan.errors import InvalidArgument
from seacan.images.building import BuiltLayer
from seacan.images.layers import Layer
from seacan.spec.image import MEDIA_TYPE_LAYER_GZIP, Descriptor

TIME = "2020-01-01T00:00:00.123456Z"
KEY = "0" * 64


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def blob(number: int, **changes: Any) -> Descriptor:
    """The blob of the layer that has ten times its number as its diff id."""
    described: dict[str, Any] = {
        "mediaType": MEDIA_TYPE_LAYER_GZIP,
        "digest": digest(number),
        "size": 7,
        "annotations": {document.DIFF_ID: digest(number * 10)},
    }
    return cast(Descriptor, described | changes)


def layer(number: int) -> BuiltLayer:
    diff_id = digest(number * 10)
    return BuiltLayer(Layer(number, diff_id, 1), diff_id, blob(number))


def entry(key: str, *numbers: int) -> Entry:
    return Entry(key, TIME, [layer(number) for number in numbers])


def read(said: object, *blobs: Descriptor) -> document.CacheDocument:
    return document.read(json.dumps(said).encode(), blobs)


def record(**said: Any) -> dict[str, Any]:
    return {"digest": f"sha256:{KEY}", **said}


def test_what_was_written_is_read() -> None:
    entries = [entry("a" * 64, 1), entry("b" * 64, 1, 2), entry("c" * 64, 3), entry("d" * 64, 1, 4)]
    blobs = {digest(n * 10): blob(n) for n in (1, 2, 3, 4)}
    written = document.encode(entries, blobs)
    found = document.read(written, [*blobs.values()])
    assert found.is_own
    for each in entries:
        got = found.find(each.key)
        assert got is not None
        assert (got.created, [one.diff_id for one in got.layers]) == (
            TIME,
            [one.diff_id for one in each.layers],
        )
    assert found.find("e" * 64) is None
    assert len(json.loads(written)["layers"]) == 4


def test_records_of_an_image() -> None:
    image = [digest(10), digest(20), digest(30)]
    written = document.encode_records([entry("a" * 64, 1, 2), entry("b" * 64, 3)], image)
    layers = [document.CachedLayer(blob(n), digest(n * 10)) for n in (1, 2, 3)]
    found = document.read_records(written, layers)
    two, linked = found.find("a" * 64), found.find("b" * 64)
    assert two is not None
    assert linked is not None
    assert [one.diff_id for one in two.layers] == image[:2]
    assert [one.diff_id for one in linked.layers] == image[2:]


def test_what_buildkit_writes_is_read() -> None:
    """Its own keys, inputs, and a parent of 0 that it leaves out."""
    said = {
        "layers": [{"blob": digest(1), "parent": -1}, {"blob": digest(2)}],
        "records": [
            {"digest": digest(77), "layers": [{"layer": 0, "createdAt": TIME}]},
            record(layers=[{"layer": 1, "createdAt": TIME}], inputs=[[{"link": 0}]]),
        ],
    }
    found = read(said, blob(1), blob(2))
    assert not found.is_own
    got = found.find(KEY)
    assert got is not None
    assert [one.diff_id for one in got.layers] == [digest(10), digest(20)]


@pytest.mark.parametrize(
    "said",
    [
        record(layers=[{"layer": 1, "createdAt": TIME}]),
        record(layers=[{"layer": -7, "createdAt": TIME}]),
        record(layers=[{"layer": 2**40, "createdAt": TIME}]),
        record(layers=[{"layer": 0, "createdAt": ""}]),
        record(layers=[{"layer": 0, "createdAt": "2020-01-01T00:00:00Z\n"}]),
        record(chains=[{"layers": [0, 5], "createdAt": TIME}]),
        record(chains=[{"layers": [0] * 126, "createdAt": TIME}]),
    ],
)
def test_a_record_that_is_none(said: dict[str, Any]) -> None:
    found = read({"layers": [{"blob": digest(1), "parent": -1}], "records": [said]}, blob(1))
    with pytest.raises(InvalidArgument, match="invalid cache"):
        found.find(KEY)


@pytest.mark.parametrize(
    "layers",
    [
        [{"blob": digest(1), "parent": 0}],  # a ring
        [{"blob": digest(1), "parent": 1}, {"blob": digest(1), "parent": 0}],
        [{"blob": digest(1), "parent": n + 1} for n in range(200)] + [{"blob": digest(1)}],
    ],
)
def test_layers_without_an_end(layers: list[dict[str, Any]]) -> None:
    said = record(layers=[{"layer": 0, "createdAt": TIME}])
    with pytest.raises(InvalidArgument, match="in a ring, or too many"):
        read({"layers": layers, "records": [said]}, blob(1)).find(KEY)


@pytest.mark.parametrize(
    "unusable",
    [
        blob(1, mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar"),
        blob(1, annotations=None),
        blob(1, annotations={document.DIFF_ID: "sha256:../../etc"}),
        blob(1, annotations={document.DIFF_ID: "sha512:" + "0" * 128}),
        blob(2),
    ],
)
def test_a_layer_that_cannot_be_used(unusable: Descriptor) -> None:
    said = record(layers=[{"layer": 0, "createdAt": TIME}])
    told = {"layers": [{"blob": digest(1), "parent": -1}], "records": [said]}
    assert read(told, unusable).find(KEY) is None


def test_what_others_say_of_a_layer_stays_out_of_images() -> None:
    said = record(layers=[{"layer": 0, "createdAt": TIME}])
    told = {"layers": [{"blob": digest(1), "parent": -1}], "records": [said]}
    found = read(told, blob(1, urls=["http://169.254.169.254/"])).find(KEY)
    assert found is not None
    assert {*found.layers[0].blob} == {"mediaType", "digest", "size"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"records": {}}',
        b'{"layers": [{"parent": 1e99}]}',
        b'{"records":' + b"[" * 100_000,
        b'{"builder": "\xff"}',
        b'{"builder": "' + b"x" * document.LIMIT_BYTES + b'"}',
    ],
)
def test_what_is_no_document(data: bytes) -> None:
    with pytest.raises(InvalidArgument, match="invalid cache"):
        document.read(data, [])


def test_a_document_that_nobody_would_read_is_not_written() -> None:
    entries = [entry(f"{number:064x}", 1) for number in range(10_000)]
    with pytest.raises(InvalidArgument, match="its document is longer"):
        document.encode(entries, {digest(10): blob(1)})
