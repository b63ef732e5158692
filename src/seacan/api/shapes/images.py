"""GET /images/{name}/json, /history, GET /images/json, DELETE /images/{name}, prune."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

from seacan.api.shapes.configs import image_config
from seacan.api.versions import Version
from seacan.engine.containers.container import NEVER
from seacan.engine.image_prune import PrunedImages
from seacan.images.history import Step
from seacan.images.image import Deleted, Image, ImageManifest, ImageManifests, Removed, Untagged


def inspect_image(image: Image, version: Version) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "Id": image.id,
        "RepoTags": _names(image.references),
        "RepoDigests": _names(image.digests),
        "Parent": image.parent,
        "Comment": image.config.get("comment") or "",
        "DockerVersion": image.config.get("docker_version") or "",
        "Author": image.config.get("author") or "",
        "Architecture": image.architecture,
        "Os": image.os,
        "Size": image.size_bytes,
        "GraphDriver": {"Name": "overlay2", "Data": None},
        "RootFS": {"Type": "layers", "Layers": image.diff_ids},
        "Metadata": {"LastTagTime": _time(image.tagged_at)},
        "Config": image_config(image.execution, with_container_fields=version < (1, 50)),
    }
    if created := image.created or (NEVER if version < (1, 44) else ""):
        shape["Created"] = created
    if image.variant:
        shape["Variant"] = image.variant
    if version < (1, 44):
        shape["VirtualSize"] = image.size_bytes
    if version < (1, 45):
        shape["ContainerConfig"] = image_config({}, with_container_fields=True)
    return shape


def list_image(
    image: Image, version: Version, *, containers: int, shared_bytes: int = -1
) -> dict[str, Any]:
    """Return an element of the list; `containers` use the image; -1: shared size not measured."""
    tags, digests = _listed_names(image, version)
    size_bytes = sum(one.size_bytes for one in image.of_all_platforms)
    shape: dict[str, Any] = {
        "Containers": containers if version >= (1, 51) else -1,
        "Created": int(image.created_s),
        "Id": image.id,
        "Labels": image.execution.get("Labels"),
        "ParentId": image.parent,
        "RepoDigests": digests,
        "RepoTags": tags,
        "SharedSize": shared_bytes,
        "Size": size_bytes,
    }
    if version < (1, 44):
        shape["VirtualSize"] = size_bytes
    return shape


def with_manifests(
    shape: dict[str, Any],
    found: ImageManifests,
    version: Version,
    users: Mapping[str, list[str]],
) -> dict[str, Any]:
    """Return the shape of an image with the manifests that its names lead to.

    `users`: the ids of the containers of each image.
    """
    more: dict[str, Any] = {"Manifests": [_manifest(one, users) for one in found.manifests]}
    if version >= (1, 48):
        more["Descriptor"] = found.target
    return {**shape, **more}


def _manifest(manifest: ImageManifest, users: Mapping[str, list[str]]) -> dict[str, Any]:
    platform, image = manifest.platform.to_wire(), manifest.image
    unpacked_bytes = image.size_bytes if image else 0
    summary = {
        "ID": manifest.descriptor["digest"],
        "Descriptor": {**manifest.descriptor, "platform": platform},
        "Available": manifest.content_bytes > 0,
        "Size": {
            "Content": manifest.content_bytes,
            "Total": manifest.content_bytes + unpacked_bytes,
        },
    }
    if manifest.attests is not None:
        return {**summary, "Kind": "attestation", "AttestationData": {"For": manifest.attests}}
    data = {
        "Platform": platform,
        "Containers": users.get(image.id, []) if image else [],
        "Size": {"Unpacked": unpacked_bytes},
    }
    return {**summary, "Kind": "image", "ImageData": data}


def history_step(step: Step) -> dict[str, Any]:
    return {
        "Comment": step.comment,
        "Created": step.created_s,
        "CreatedBy": step.created_by,
        "Id": step.id,
        "Size": step.size_bytes,
        "Tags": [*step.tags] or None,
    }


def shape_pruned(pruned: PrunedImages) -> dict[str, Any]:
    return {
        "ImagesDeleted": [removed_image(one) for one in pruned.removed] or None,
        "SpaceReclaimed": pruned.reclaimed_bytes,
    }


def _listed_names(image: Image, version: Version) -> tuple[list[str] | None, list[str] | None]:
    tags, digests = _names(image.references), _names(image.digests)
    if version >= (1, 43):
        return tags, digests
    if not tags and not digests:
        return ["<none>:<none>"], ["<none>@<none>"]
    return tags or None, digests or None


def removed_image(removed: Removed) -> dict[str, str]:
    match removed:
        case Untagged(reference):
            return {"Untagged": reference.familiar}
        case Deleted(digest):
            return {"Deleted": digest}
        case _:
            assert_never(removed)


def _names(references: Iterable[Any]) -> list[str]:
    return [reference.familiar for reference in references]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return NEVER
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
