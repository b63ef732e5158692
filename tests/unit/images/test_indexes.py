import json
from itertools import islice
from pathlib import Path

from tests.images import archives

from seacan.images import indexes
from seacan.images.blobs import Blobs


def test_indexes_that_name_one_another_many_times_are_gone_into_once(tmp_path: Path) -> None:
    """A registry's index of a few MB was read ten thousand times four, for whoever pulled it."""
    blobs = Blobs(tmp_path)
    blobs.open()
    described = archives.descriptor(b"image", "application/vnd.oci.image.manifest.v1+json")
    for _ in range(4):
        document = json.dumps({"schemaVersion": 2, "manifests": [described] * 30}).encode()
        described = archives.descriptor(document, "application/vnd.oci.image.index.v1+json")
        blobs.write(document)

    found = list(islice(indexes.walk(blobs, described["digest"]), 1000))

    assert len(found) == 4 * 30
    assert len({descriptor["digest"] for descriptor in found}) == 4
