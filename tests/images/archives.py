"""Archives for tests, made member by member: layers, docker-save archives, OCI layouts."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterable, Sequence
from typing import Any

from seacan.images.layers import chain_ids

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

Layer = bytes
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def member(name: str, content: bytes | None = None, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry for tar(); fields are tarfile's: type, mode, linkname, uid, pax_headers…"""
    info = tarfile.TarInfo(name)
    info.size = len(content or b"")
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content or b""


def directory(name: str, mode: int = 0o755, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=mode, **fields)


def symlink(name: str, target: str, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target, **fields)


def hard_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.LNKTYPE, linkname=target)


def tar(
    members: Iterable[tuple[tarfile.TarInfo, bytes]], format: int = tarfile.PAX_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def members(archive: bytes) -> dict[str, bytes]:
    """Return the contents of an archive by their names, of directories none."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {
            member.name: (opened.extractfile(member) or io.BytesIO()).read()
            for member in opened.getmembers()
        }


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def decompressed(layer: Layer) -> bytes:
    if layer.startswith(b"\x1f\x8b"):
        return gzip.decompress(layer)
    return zstd.decompress(layer) if layer.startswith(b"\x28\xb5\x2f\xfd") else layer


def config(layers: Sequence[Layer], **fields: Any) -> bytes:
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(decompressed(la)) for la in layers]},
    }
    return json.dumps(document | fields).encode()


def top_chain_id(layers: Sequence[Layer]) -> str:
    return chain_ids([digest(decompressed(layer)) for layer in layers])[-1]


def old_docker_archive(
    layers: Sequence[Layer], tags: Sequence[str] = (), **config_fields: Any
) -> bytes:
    """Return an archive as docker save wrote it before 25: a directory for each layer."""
    document = config(layers, **config_fields)
    config_name = digest(document).removeprefix("sha256:") + ".json"
    names = [f"{i:064x}/layer.tar" for i in range(len(layers))]
    entry = {"Config": config_name, "RepoTags": list(tags), "Layers": names}
    return tar(
        [
            *[member(name, layer) for name, layer in zip(names, layers, strict=True)],
            member(config_name, document),
            member("manifest.json", json.dumps([entry]).encode()),
        ]
    )


def oci_members(
    layers: Sequence[Layer], annotations: dict[str, str] | None = None, **config_fields: Any
) -> list[tuple[str, bytes]]:
    """Return names and contents of an OCI layout with one image; index.json is the last."""
    document = config(layers, **config_fields)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": descriptor(document, "application/vnd.oci.image.config.v1+json"),
            "layers": [
                descriptor(layer, "application/vnd.oci.image.layer.v1.tar") for layer in layers
            ],
        }
    ).encode()
    found = descriptor(manifest, _MANIFEST)
    index = {"schemaVersion": 2, "manifests": [found | {"annotations": annotations or {}}]}
    return [
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        *[blob(data) for data in (*layers, document, manifest)],
        ("index.json", json.dumps(index).encode()),
    ]


def oci_archive(
    layers: Sequence[Layer], annotations: dict[str, str] | None = None, **config_fields: Any
) -> bytes:
    return files(oci_members(layers, annotations, **config_fields))


def of_platforms(
    name: str, platforms: Sequence[str], layers: Sequence[Layer], *, more: bool = False
) -> bytes:
    """Return an OCI archive with an index of images for these platforms under one name.

    With `more`, that names an image for Windows too, which is not there, and an attestation.
    """
    blobs: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []

    def add(fields: dict[str, Any], layers: Sequence[Layer], **config: Any) -> None:
        members = oci_members(layers, **config)
        blobs.update(members[1:-1])
        (entry,) = json.loads(members[-1][1])["manifests"]
        del entry["annotations"]
        entries.append(entry | fields)

    for platform in platforms:
        system, architecture = platform.split("/")
        fields = {"platform": {"os": system, "architecture": architecture}}
        add(fields, layers, os=system, architecture=architecture)
    if more:
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": entries[0]["digest"],
        }
        add({"annotations": annotations}, [b"{}"], os="unknown", architecture="unknown")
        windows = {"platform": {"os": "windows", "architecture": "amd64"}}
        entries.append(descriptor(b"not here", _MANIFEST) | windows)
    inner = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}).encode()
    annotations = {"io.containerd.image.name": name}
    manifests = [descriptor(inner, _INDEX) | {"annotations": annotations}]
    index = json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()
    layout = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    return files([layout, *blobs.items(), blob(inner), ("index.json", index)])


def files(contents: Iterable[tuple[str, bytes]]) -> bytes:
    return tar(member(name, content) for name, content in contents)


def blob(data: bytes) -> tuple[str, bytes]:
    return f"blobs/sha256/{digest(data).removeprefix('sha256:')}", data


def descriptor(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}
