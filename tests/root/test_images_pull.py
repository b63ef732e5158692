"""pull: what comes of an image in a registry, and what is refused."""

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.registry import CONFIG, INDEX, LAYER, MANIFEST, Body, FakeRegistry, Hold
from tests.images import archives
from tests.images.archives import descriptor, digest, member, tar, zstd
from tests.images.place import BASE, HELLO, TOP, Place, check_manifest, no_containers

from seacan.errors import InvalidArgument, NotFound, SeacanError, Unsupported
from seacan.images import platforms
from seacan.images.remote.settings import RegistrySettings

pytestmark = pytest.mark.root


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        yield registry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, RegistrySettings(retry_delay_s=0.01, directories=()))
    yield place
    place.images.close()


def short(data: bytes) -> str:
    return digest(data)[7:19]


def test_pull_by_tag_and_again(place: Place, registry: FakeRegistry) -> None:
    manifest = registry.add_image("a/b", "1", [BASE, TOP])
    name = f"{registry.host}/a/b:1"

    lines = place.pull(name)

    assert lines[0] == "1: Pulling from a/b"
    # Of the first layer more may be told before the second is begun.
    begun = [line for line in lines if line.endswith(": Pulling fs layer")]
    assert begun == [f"{short(layer)}: Pulling fs layer" for layer in (BASE, TOP)]
    for layer in (BASE, TOP):
        steps = [line.partition(": ")[2] for line in lines if line.startswith(short(layer))]
        assert steps == [
            "Pulling fs layer",
            "Verifying Checksum",
            "Download complete",
            "Pull complete",
        ]
    assert lines[-2:] == [f"Digest: {manifest}", f"Status: Downloaded newer image for {name}"]
    image = place.images.get(name)
    assert image.manifest_digest == manifest
    assert [str(reference) for reference in image.digests] == [f"{registry.host}/a/b@{manifest}"]
    top, base = place.images.snapshots.lower_directories(image)
    assert (base / "etc/name").read_text() == "base"
    assert (top / "etc/name").is_char_device()
    check_manifest(place, image)
    assert place.events == [("pull", name, f"{registry.host}/a/b")]
    registry.asked.clear()

    assert place.pull(name) == [
        "1: Pulling from a/b",
        f"Digest: {manifest}",
        f"Status: Image is up to date for {name}",
    ]
    # What has not changed costs no pull: registries count those.
    assert not registry.asked_for("GET", "/manifests/")
    assert place.partials() == {}


def test_pull_by_digest(place: Place, registry: FakeRegistry) -> None:
    manifest = registry.add_image("a/b", "1", [BASE])
    name = f"{registry.host}/a/b@{manifest}"

    lines = place.pull(name)

    assert lines[0] == f"{manifest}: Pulling from a/b"
    assert lines[-1] == f"Status: Downloaded newer image for {name}"
    image = place.images.get(name)
    assert (image.references, image.digests[0].digest) == ((), manifest)


@pytest.mark.parametrize(
    ("compress", "layer_type"),
    [
        (bytes, LAYER),
        (gzip.compress, f"{LAYER}+gzip"),
        (zstd.compress, f"{LAYER}+zstd"),
        (gzip.compress, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    ],
)
def test_layers_are_kept_as_they_came(
    place: Place, registry: FakeRegistry, compress: type[bytes], layer_type: str
) -> None:
    layer = compress(BASE)
    registry.add_image("a", "1", [layer], layer_type=layer_type)

    place.pull(f"{registry.host}/a:1")

    image = place.images.get(f"{registry.host}/a:1")
    blob = place.root.images / "blobs/sha256" / digest(layer)[7:]
    assert blob.read_bytes() == layer
    assert (place.images.snapshots.lower_directories(image)[0] / "etc/name").exists()


def test_layers_that_are_here_are_not_fetched(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    registry.add_image("a", "2", [BASE, TOP], comment="more")
    place.pull(f"{registry.host}/a:1")
    registry.asked.clear()

    lines = place.pull(f"{registry.host}/a:2")

    assert f"{short(BASE)}: Already exists" in lines
    assert not registry.asked_for("GET", digest(BASE))
    assert registry.asked_for("GET", digest(TOP))


def test_a_layer_twice_in_an_image(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE, TOP, BASE])

    place.pull(f"{registry.host}/a:1")

    assert len(place.images.get(f"{registry.host}/a:1").layers) == 3
    assert len(registry.asked_for("GET", digest(BASE))) == 1


def test_all_tags(place: Place, registry: FakeRegistry) -> None:
    for tag in "12345":
        registry.add_image("a", tag, [BASE], comment=tag)

    lines = place.pull(f"{registry.host}/a")

    assert place.names() == sorted([HELLO, *(f"{registry.host}/a:{tag}" for tag in "12345")])
    assert lines[-1] == f"Status: Downloaded newer image for {registry.host}/a"
    assert sum(line.startswith("Digest: ") for line in lines) == 5


def test_a_tag_that_moved(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    name = f"{registry.host}/a:1"
    place.pull(name)
    before = place.images.get(name)
    registry.add_image("a", "1", [BASE, TOP])

    assert place.pull(name)[-1] == f"Status: Downloaded newer image for {name}"

    assert place.images.get(name).id != before.id
    assert place.images.get(before.id).references == ()


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("linux/arm/v7", "arm-v7"),
        ("linux/arm/v6", "arm-v6"),
        ("linux/arm", "arm-v7"),
        ("arm64", "arm64"),
        ("linux/arm64/v8", "arm64"),
        ("", "host"),
    ],
)
def test_the_platform_of_an_index(
    place: Place, registry: FakeRegistry, wanted: str, chosen: str
) -> None:
    host = str(platforms.host())
    digests = {
        platform: registry.add_image("a", tag, [BASE], comment=tag, architecture=architecture)
        for platform, tag, architecture in (
            ("unknown/unknown", "attestation", "unknown"),
            ("linux/arm/v6", "arm-v6", "arm"),
            ("linux/arm/v7", "arm-v7", "arm"),
            ("linux/arm64", "arm64", "arm64"),
            (host, "host", platforms.host().architecture),
        )
    }
    index = registry.add_index("a", "all", digests)
    name = f"{registry.host}/a:all"

    lines = place.pull(name, platform=wanted)

    image = place.images.get(name)
    assert image.config["comment"] == chosen
    assert f"Digest: {index}" in lines
    assert image.digests[0].digest == index


def test_an_index_within_an_index(place: Place, registry: FakeRegistry) -> None:
    host = str(platforms.host())
    inner = registry.add_index("a", "inner", {host: registry.add_image("a", "1", [BASE])})
    registry.add_index("a", "outer", {host: inner})

    place.pull(f"{registry.host}/a:outer")

    assert place.names() == sorted([HELLO, f"{registry.host}/a:outer"])


def test_no_image_for_the_platform(place: Place, registry: FakeRegistry) -> None:
    registry.add_index("a", "all", {"linux/s390x": registry.add_image("a", "1", [BASE])})

    with pytest.raises(NotFound, match="no matching manifest for linux/arm64 in the manifest list"):
        place.pull(f"{registry.host}/a:all", platform="linux/arm64")


def test_another_platform_than_asked_for_is_told(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE], architecture="arm64")
    name = f"{registry.host}/a:1"

    lines = place.pull(name, platform="linux/s390x")

    assert lines[-1] == (
        f"WARNING: image with reference {name} was found but its platform (linux/arm64) does not"
        " match the specified platform (linux/s390x)"
    )


def test_pulls_of_the_same_image_share_the_work(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE, TOP])
    registry.add_image("b", "1", [BASE, TOP], comment="other")
    hold = Hold(threading.Event())
    registry.faults[digest(BASE)] = [hold]
    failures: list[Exception] = []

    def pull(name: str) -> None:
        try:
            place.pull(f"{registry.host}/{name}:1")
        except Exception as err:
            failures.append(err)

    threads = [threading.Thread(target=pull, args=(name,)) for name in ("a", "b", "a")]
    for thread in threads:
        thread.start()
    assert hold.began.wait(60)
    hold.event.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(registry.asked_for("GET", digest(BASE))) == 1
    assert len(registry.asked_for("GET", digest(TOP))) == 1
    for name in ("a", "b"):
        check_manifest(place, place.images.get(f"{registry.host}/{name}:1"))


def manifest_of(registry: FakeRegistry, **fields: object) -> dict[str, object]:
    """Return a right manifest of image a:1 with other fields."""
    registry.add_image("a", "1", [BASE])
    document: dict[str, object] = json.loads(registry.manifests["a", "1"][1])
    return document | fields


def refusal_of(place: Place, name: str, kind: type[SeacanError]) -> str:
    files = place.files()
    with pytest.raises(kind) as raised:
        place.pull(name)
    assert place.files() == files, "something is left"
    assert place.names() == [HELLO]
    return str(raised.value)


FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"layers": [descriptor(BASE, FOREIGN)]}, Unsupported, "is foreign"),
        (
            {"layers": [descriptor(BASE, f"{LAYER}+lz4")]},
            Unsupported,
            "unsupported media type application/vnd.oci.image.layer.v1.tar+lz4",
        ),
        (
            {"config": descriptor(b"{}", "application/vnd.oci.empty.v1+json")},
            Unsupported,
            "unsupported media type application/vnd.oci.empty.v1+json",
        ),
        ({"layers": [descriptor(BASE, LAYER)] * 126}, InvalidArgument, "max depth exceeded"),
        ({"layers": []}, InvalidArgument, "layers from manifest don't match image configuration"),
        (
            {"layers": [{"mediaType": LAYER, "size": 1, "digest": "sha256:../../../../etc/x"}]},
            InvalidArgument,
            "is no sha256 digest",
        ),
        ({"layers": [{"mediaType": LAYER, "size": -1, "digest": digest(BASE)}]}, InvalidArgument,
         "without media type or size"),
        ({"mediaType": INDEX}, InvalidArgument, "the document application/vnd.oci.image.index"),
        ({"manifests": []}, InvalidArgument, "neither an image's nor an index"),
        ({"config": descriptor(b"x" * (5 << 20), CONFIG)}, InvalidArgument, "longer than 4194304"),
    ],
)  # fmt: skip
def test_manifests_that_are_refused(
    place: Place,
    registry: FakeRegistry,
    fields: dict[str, object],
    kind: type[SeacanError],
    words: str,
) -> None:
    registry.add_manifest("a", "bad", manifest_of(registry, **fields))

    assert words in refusal_of(place, f"{registry.host}/a:bad", kind)


def test_a_manifest_is_taken_for_what_both_say_it_is(place: Place, registry: FakeRegistry) -> None:
    document = manifest_of(registry)
    del document["mediaType"]
    registry.add_manifest("a", "untold", document, "application/json")
    assert "nobody says" in refusal_of(place, f"{registry.host}/a:untold", InvalidArgument)

    registry.add_manifest("a", "told", document, MANIFEST)
    place.pull(f"{registry.host}/a:told")


def test_schema_1_is_refused(place: Place, registry: FakeRegistry) -> None:
    registry.add_manifest("a", "old", {"schemaVersion": 1, "fsLayers": []}, "application/json")

    assert "schema 1" in refusal_of(place, f"{registry.host}/a:old", Unsupported)


def test_a_huge_manifest_is_not_read_to_its_end(place: Place, registry: FakeRegistry) -> None:
    registry.add_manifest("a", "huge", b"[" * (64 << 20))

    assert "longer than 4194304 bytes" in refusal_of(place, f"{registry.host}/a:huge", SeacanError)


@pytest.mark.parametrize("data", [b"[" * 100_000, b"{", b"\xff", b"[]"])
def test_a_manifest_that_is_none(place: Place, registry: FakeRegistry, data: bytes) -> None:
    registry.add_manifest("a", "bad", data)

    assert "invalid manifest" in refusal_of(place, f"{registry.host}/a:bad", InvalidArgument)


def test_another_manifest_than_the_one_of_a_digest(place: Place, registry: FakeRegistry) -> None:
    wanted = registry.add_image("a", "1", [BASE])
    other = registry.manifests["a", registry.add_image("a", "2", [TOP])]
    registry.manifests["a", wanted] = other

    text = refusal_of(place, f"{registry.host}/a@{wanted}", InvalidArgument)

    assert text == f"manifest verification failed for digest {wanted}"


def test_another_config_than_the_manifest_says(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    config = archives.config([BASE])
    registry.blobs["a", digest(config)] = config.replace(b"linux", b"l1nux")

    text = refusal_of(place, f"{registry.host}/a:1", InvalidArgument)

    assert "image configuration verification failed" in text


def test_a_layer_that_is_not_what_it_says(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    registry.faults[digest(BASE)] = [Body(BASE[:-1] + b"x")]
    text = refusal_of(place, f"{registry.host}/a:1", InvalidArgument)
    assert text == f"filesystem layer verification failed for digest {digest(BASE)}"

    registry.faults[digest(BASE)] = [Body(BASE + b"x" * 10)]
    text = refusal_of(place, f"{registry.host}/a:1", InvalidArgument)
    assert "is longer than" in text


def test_a_layer_that_is_hostile(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE, tar([member("../../../evil", b"x")])])

    refusal_of(place, f"{registry.host}/a:1", InvalidArgument)


def test_a_layer_of_another_diff_id(place: Place, registry: FakeRegistry) -> None:
    document = archives.config([TOP])
    registry.add_blob("a", document)
    registry.add_blob("a", BASE)
    registry.add_manifest("a", "1", manifest_of(registry, config=descriptor(document, CONFIG)))

    assert "expected diff id" in refusal_of(place, f"{registry.host}/a:1", InvalidArgument)


def test_an_image_of_another_system(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE], os="windows")

    assert "windows" in refusal_of(place, f"{registry.host}/a:1", InvalidArgument)
    assert not registry.asked_for("GET", digest(BASE))


def test_what_is_not_there(place: Place, registry: FakeRegistry) -> None:
    name = f"{registry.host}/a:1"

    assert refusal_of(place, name, NotFound) == (
        f"manifest for {name} not found: manifest unknown: manifest unknown"
    )


def test_removed_images_give_everything_back(place: Place, registry: FakeRegistry) -> None:
    files = place.files()
    registry.add_image("a", "1", [BASE, TOP])
    place.pull(f"{registry.host}/a:1")

    place.images.remove(f"{registry.host}/a:1", force=False, used_by=no_containers)

    assert place.files() == files


def test_an_image_that_is_here_gets_the_manifest_of_the_registry(
    place: Place, registry: FakeRegistry
) -> None:
    """It was loaded, not compressed; what is pushed after a pull is what was pulled."""
    place.load(archives.old_docker_archive([BASE, TOP], ["app:1"]))
    before = place.images.get("app:1")
    layers = [gzip.compress(layer) for layer in (BASE, TOP)]
    config = archives.config([BASE, TOP])
    for blob in (*layers, config):
        registry.add_blob("a", blob)
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(config, CONFIG),
        "layers": [descriptor(layer, f"{LAYER}+gzip") for layer in layers],
    }
    manifest = registry.add_manifest("a", "1", document)

    place.pull(f"{registry.host}/a:1")

    image = place.images.get("app:1")
    assert (image.id, image.layers) == (before.id, before.layers)
    assert image.manifest_digest == manifest
    check_manifest(place, image)
    assert digest(BASE)[7:] not in place.files()  # nobody needs it any more


def test_a_blob_of_a_layer_that_is_here_is_checked_all_the_same(
    place: Place, registry: FakeRegistry
) -> None:
    place.load(archives.old_docker_archive([BASE, TOP], ["app:1"]))
    files = place.files()
    config = archives.config([BASE, TOP])
    registry.add_blob("a", config)
    layers = [descriptor(gzip.compress(layer), f"{LAYER}+gzip") for layer in (TOP, BASE)]
    for layer in (BASE, TOP):
        registry.add_blob("a", gzip.compress(layer))
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}
    registry.add_manifest("a", "1", document | {"config": descriptor(config, CONFIG)})

    with pytest.raises(InvalidArgument, match="expected diff id"):
        place.pull(f"{registry.host}/a:1")

    assert place.files() == files
