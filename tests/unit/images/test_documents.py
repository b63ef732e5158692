import json
from collections.abc import Callable
from typing import Any

import pytest

from seacan.errors import InvalidArgument
from seacan.images import documents

DIGEST = "sha256:" + "0" * 64
CONFIG = {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [DIGEST]}}
DESCRIPTOR = {"mediaType": "application/x", "digest": DIGEST, "size": 1}
MANIFEST = {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}
INDEX = {"schemaVersion": 2, "manifests": [DESCRIPTOR]}
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_documents_are_read() -> None:
    config = documents.image_config(json.dumps(CONFIG | {"unknown": [1], "config": None}).encode())
    assert documents.diff_ids(config) == [DIGEST]
    assert documents.manifest(json.dumps(MANIFEST).encode())["layers"][0]["size"] == 1
    assert documents.index(json.dumps(INDEX).encode())["manifests"][0]["digest"] == DIGEST
    assert documents.archive_entries(b'[{"Config": "a", "RepoTags": null}]')[0]["Config"] == "a"


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (documents.image_config, CONFIG | {"os": "windows"}),
        (documents.image_config, {"os": "linux"}),
        (documents.image_config, {"rootfs": {"diff_ids": ["sha256:../../x"]}}),
        (documents.image_config, {"rootfs": {"diff_ids": ["sha512:" + "0" * 128]}}),
        (documents.image_config, {"rootfs": {"diff_ids": [1]}}),
        (documents.image_config, CONFIG | {"config": {"Env": "a=b"}}),
        (documents.image_config, []),
        (documents.manifest, MANIFEST | {"layers": [DESCRIPTOR | {"digest": "x"}]}),
        (documents.manifest, MANIFEST | {"layers": [DESCRIPTOR | {"size": -1}]}),
        (documents.manifest, {"config": DESCRIPTOR}),
        # CVE-2021-41190: one document that is a manifest to one reader and an index to another.
        (documents.manifest, MANIFEST | {"manifests": [DESCRIPTOR]}),
        (documents.manifest, MANIFEST | {"mediaType": OCI_INDEX}),
        (documents.index, INDEX | {"layers": [DESCRIPTOR]}),
        (documents.index, INDEX | {"mediaType": OCI_MANIFEST}),
        (documents.archive_entries, None),
        (documents.archive_entries, [{"Layers": []}]),
        (documents.archive_entries, [{"Config": "a", "Layers": [1]}]),
    ],
)
def test_documents_of_another_shape_are_refused(
    read: Callable[[bytes], object], document: Any
) -> None:
    with pytest.raises(InvalidArgument, match=r"invalid|cannot load windows image on linux"):
        read(json.dumps(document).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'{"rootfs": {}, "x": NaN}',
        b'{"rootfs": {}, "x": ' + b"[" * 1_500_000 + b"]" * 1_500_000 + b"}",
        b'{"rootfs": {}, "comment": "\xff"}',
        b'{"rootfs": {}, "comment": "' + b"x" * (4 << 20) + b'"}',
    ],
)
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument, match="invalid image config"):
        documents.image_config(data)
