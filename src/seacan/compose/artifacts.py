"""Applications in registries: an OCI artifact of compose files and files of variables.

    fetched(…)     its files into a directory of the cache, named by the manifest's digest
    published(…)   layers → manifest and blobs, pushed

The daemon speaks to the registry, as for images. What an artifact calls its files is a name alone,
never a path (CVE-2025-62725). Source: docker compose 2.40; image-spec 1.1, manifest.md.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from seacan.compose.model.sha256 import sha256_hex
from seacan.compose.names import VERSION
from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.json_text import dumps, loads
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from seacan.client.client import Client

    Headers = Callable[[str], Mapping[str, str]]

ARTIFACT_TYPE = "application/vnd.docker.compose.project"
FILE_TYPE = "application/vnd.docker.compose.file+yaml"
VARIABLES_TYPE = "application/vnd.docker.compose.envfile"
_OLD_CONFIG_TYPE = "application/vnd.docker.compose.config.empty.v1+json"
_CONFIG_TYPE = "application/vnd.oci.empty.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_PREFIX = "com.docker.compose."
_NOTHING = b"{}"
LIMIT_BYTES = 2 * 1024 * 1024  # of all files together: they travel as one document


@record
class Layer:
    """A file of an artifact. `is_extended`: a service of another file extends one of it."""

    name: str
    data: bytes
    media_type: str = FILE_TYPE
    is_extended: bool = False


def fetched(client: Client, headers: Headers, reference: str, cache: str) -> str:
    """Return the directory that has the files of an artifact. Raises SeacanError."""
    data, who = _manifest(client, reference, headers(reference)), headers(reference)
    repository = _repository(reference)
    if "manifests" in loads(data):
        data = _manifest(client, f"{repository}@{_of_application(loads(data), reference)}", who)
    directory = os.path.join(cache, sha256_hex(data))
    if not os.path.isdir(directory):
        layers = [
            _layer(described, client.registries.blob(
                f"{repository}@{described['digest']}", described["size"], headers=who
            ))
            for described in _described_files(loads(data), reference)
        ]  # fmt: skip
        _write(_files_of(layers, reference), directory)
    return directory


def _manifest(client: Client, name: str, who: Mapping[str, str]) -> bytes:
    try:
        return client.registries.manifest(name, headers=who)
    except NotFound as err:
        if "page not found" in str(err):
            raise Unsupported(
                f"oci://{name}: the daemon is not seacan's, and fetches none"
            ) from err
        raise


def _repository(reference: str) -> str:
    """Return a reference without its tag and digest."""
    from seacan.client.images import split_reference

    return split_reference(reference.partition("@")[0])[0]


def _of_application(index: Mapping[str, Any], reference: str) -> str:
    for described in index["manifests"]:
        if described.get("artifactType") == ARTIFACT_TYPE:
            return str(described["digest"])
    raise InvalidArgument(f"OCI index {reference} doesn't refer to compose artifacts")


def _described_files(manifest: Mapping[str, Any], reference: str) -> Sequence[Mapping[str, Any]]:
    """Return the layers that are files of an application, together no longer than LIMIT_BYTES."""
    _check_type(manifest, reference)
    layers = manifest["layers"]
    found = [one for one in layers if one["mediaType"] in (FILE_TYPE, VARIABLES_TYPE)]
    if sum(one["size"] for one in found) > LIMIT_BYTES:
        raise InvalidArgument(f"{reference}: its files are longer than {LIMIT_BYTES} bytes")
    return found


def _check_type(manifest: Mapping[str, Any], reference: str) -> None:
    kind = manifest.get("artifactType") or manifest["config"].get("mediaType")
    if kind not in (ARTIFACT_TYPE, _OLD_CONFIG_TYPE):
        raise InvalidArgument(f"{reference} is not a compose project OCI artifact, but {kind}")


def _layer(described: Mapping[str, Any], data: bytes) -> Layer:
    annotations = described.get("annotations") or {}
    is_file = described["mediaType"] == FILE_TYPE
    name = annotations.get(f"{_PREFIX}{'file' if is_file else 'envfile'}", "")
    is_extended = f"{_PREFIX}extends" in annotations
    return Layer(name, data, described["mediaType"], is_extended=is_extended)


def _files_of(layers: Sequence[Layer], reference: str) -> dict[str, bytes]:
    """Return files by name: all compose files that are not extended are documents of one."""
    files: dict[str, bytes] = {}
    documents = [one for one in layers if one.media_type == FILE_TYPE and not one.is_extended]
    if not documents:
        raise InvalidArgument(f"{reference}: an artifact without a compose file")
    files["compose.yaml"] = b"\n---\n".join(one.data for one in documents)
    for layer in layers:
        if layer not in documents:
            if layer.name in ("", ".", "..", *files) or not set(layer.name).isdisjoint("/\\\0"):
                raise InvalidArgument(f"{reference}: invalid OCI artifact: {layer.name!r}")
            files[layer.name] = layer.data
    return files


def _write(files: Mapping[str, bytes], directory: str) -> None:
    """Have `files` in `directory`, all or none of them."""
    above = os.path.dirname(directory)
    os.makedirs(above, mode=0o700, exist_ok=True)
    new = tempfile.mkdtemp(prefix=".new-", dir=above)
    try:
        for name, data in files.items():
            fd = os.open(os.path.join(new, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(fd, "wb") as file:
                file.write(data)
        os.rename(new, directory)
    except OSError:
        if not os.path.isdir(directory):  # else another run was faster
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def published(
    client: Client, headers: Headers, reference: str, layers: Sequence[Layer], *, oci: str, now: str
) -> str:
    """Push an artifact of `layers`; return its digest. `oci`: version 1.0 or 1.1 of the format.

    `now`: the time, as RFC 3339 has it. Raises InvalidArgument for too much; SeacanError.
    """
    blobs = [_NOTHING, *(layer.data for layer in layers)]
    if sum(map(len, blobs)) > LIMIT_BYTES:
        raise InvalidArgument(f"publish {reference}: longer than {LIMIT_BYTES} bytes")
    manifest = dumps(manifest_of(layers, oci=oci, now=now))
    try:
        return client.registries.push_artifact(
            reference, manifest, blobs, headers=headers(reference)
        )
    except NotFound as err:
        if "page not found" in str(err):
            raise Unsupported("publish: the daemon is not seacan's, and pushes none") from err
        raise


def manifest_of(layers: Sequence[Layer], *, oci: str, now: str) -> dict[str, Any]:
    """Return the manifest of an artifact. Raises InvalidArgument for a version there is not."""
    if oci not in ("1.0", "1.1"):
        raise InvalidArgument(f"unsupported OCI version: {oci}")
    is_new = oci == "1.1"
    config_type = _CONFIG_TYPE if is_new else _OLD_CONFIG_TYPE
    return {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        **({"artifactType": ARTIFACT_TYPE} if is_new else {}),
        "config": _described(config_type, _NOTHING),
        "layers": [_described_layer(layer) for layer in layers],
        "annotations": {"org.opencontainers.image.created": now},
    }


def _described(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256_hex(data)}", "size": len(data)}


def _described_layer(layer: Layer) -> dict[str, Any]:
    kind = "file" if layer.media_type == FILE_TYPE else "envfile"
    annotations = {f"{_PREFIX}version": VERSION, f"{_PREFIX}{kind}": layer.name}
    if layer.is_extended:
        annotations[f"{_PREFIX}extends"] = "true"
    return {**_described(layer.media_type, layer.data), "annotations": annotations}
