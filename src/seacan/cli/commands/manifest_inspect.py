"""`seacan manifest inspect`: a list that was begun here, an image of it, or what a registry has."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.manifest_lists import ManifestLists, whole
from seacan.cli.values import SWITCH
from seacan.client.client import decode_json
from seacan.client.images import split_reference
from seacan.errors import NotFound
from seacan.spec.image import (
    MEDIA_TYPE_DOCKER_LIST,
    MEDIA_TYPE_DOCKER_MANIFEST,
    MEDIA_TYPE_INDEX,
    MEDIA_TYPE_MANIFEST,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("verbose", "v", SWITCH, "Show each image's name, platform and manifest"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    import json

    entries = ManifestLists(session.config_path).find(arguments[0])
    show = _verbose if values.on("verbose") else _plain
    print(json.dumps(show(session, arguments, entries), indent="\t", ensure_ascii=False))
    return 0


def _plain(session: Session, arguments: list[str], entries: list[dict[str, Any]] | None) -> object:
    if len(arguments) > 1:
        return decode_json(_fetch(session, _entry(arguments, entries)["Source"]))
    if entries is None:
        return decode_json(_fetch(session, arguments[0]))
    descriptors = [_descriptor(entry) for entry in entries]
    is_dockers = {one["mediaType"] for one in descriptors} <= {MEDIA_TYPE_DOCKER_MANIFEST}
    media_type = MEDIA_TYPE_DOCKER_LIST if is_dockers else MEDIA_TYPE_INDEX
    return {"schemaVersion": 2, "mediaType": media_type, "manifests": descriptors}


def _verbose(
    session: Session, arguments: list[str], entries: list[dict[str, Any]] | None
) -> object:
    if len(arguments) > 1:
        entries = [_entry(arguments, entries)]
    if entries is not None:
        shown = [
            _described(entry["Name"], _fetch(session, entry["Source"]), entry["Platform"])
            for entry in entries
        ]
        return shown[0] if len(arguments) > 1 else shown
    return _verbose_of_registry(session, arguments[0])


def _verbose_of_registry(session: Session, name: str) -> object:
    data = _fetch(session, name)
    document = decode_json(data)
    if "manifests" not in document:
        headers = session.registry_headers(name)
        found = session.client.registries.inspect(name, headers=headers)
        return _described(whole(name), data, (found.get("Platforms") or [{}])[0])
    repository, _ = split_reference(whole(name))
    return [
        _described(
            f"{whole(name)}@{one['digest']}",
            _fetch(session, f"{repository}@{one['digest']}"),
            one.get("platform") or {},
        )
        for one in document["manifests"]
    ]


def _entry(arguments: list[str], entries: list[dict[str, Any]] | None) -> dict[str, Any]:
    name, image = arguments
    for entry in entries or ():
        if entry["Name"] == whole(image):
            return entry
    raise NotFound(f"No such manifest: {whole(image)} in {whole(name)}")


def _descriptor(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry["Descriptor"], "platform": entry["Platform"]}


def _fetch(session: Session, name: str) -> bytes:
    return session.client.registries.manifest(name, headers=session.registry_headers(name))


def _described(name: str, data: bytes, platform: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest, and what it is, as Docker's command shows it."""
    import base64
    import hashlib

    document = decode_json(data)
    media_type = document.get("mediaType") or MEDIA_TYPE_MANIFEST
    key = "SchemaV2Manifest" if media_type == MEDIA_TYPE_DOCKER_MANIFEST else "OCIManifest"
    return {
        "Ref": name,
        "Descriptor": {
            "mediaType": media_type,
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "size": len(data),
            "platform": platform,
        },
        "Raw": base64.b64encode(data).decode(),
        key: document,
    }
